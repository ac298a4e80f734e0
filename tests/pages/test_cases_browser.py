"""Cases in a real browser, served as support serves a customer."""

import itertools
import os
import re
import signal
import time
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect

from pipeline.settings import SHIPPED
from tests.pages.running import RunningApp
from tests.pages.watching import PATIENCE_MS, Watched, paid, requests_made

pytestmark = pytest.mark.browser
SAMPLE = SHIPPED / "samples" / "astronaut.jpg"
TWO_MINUTES = 120.0
numbers = itertools.count(1)


def open_case(app: RunningApp, page: Page, *, photo: Path = SAMPLE) -> str:
    """Open a case with a photo as one does, and return its address."""
    name = f"Couple {next(numbers)}"
    page.goto(f"{app.url}/cases")
    page.get_by_role("button", name="New case").click()
    page.get_by_label("Name", exact=True).last.fill(name)
    page.get_by_label("Owner id", exact=True).fill("u-77")
    page.get_by_role("button", name="Open the case").click()
    page.locator("input[type=file]").set_input_files(photo)
    page.get_by_role("button", name="Use this photo").click()
    expect(page.get_by_role("button", name="Generate avatar")).to_be_enabled()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    return page.url


def generate(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Generate")).click()


def approve(page: Page) -> None:
    page.get_by_role("button", name="Approve").first.click(timeout=2 * PATIENCE_MS)


def other_photo(folder: Path) -> Path:
    with Image.open(SAMPLE) as photo:
        ImageOps.mirror(photo).save(folder / "mirrored.jpg", quality=92)
    return folder / "mirrored.jpg"


def test_from_a_photo_to_an_approved_clip_in_two_minutes(app: RunningApp, watched: Watched) -> None:
    page, begun = watched.page, time.monotonic()
    open_case(app, page)
    generate(page)
    expect(page.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", re.compile("[0-9]+"))
    approve(page)
    expect(page.locator("#the-avatar")).to_be_visible()
    page.get_by_role("button", name="Animate · $0.35").click()
    approve(page)
    expect(page.locator("#the-clip")).to_be_visible()
    expect(page.locator("#reply-text")).to_contain_text("ready")
    assert time.monotonic() - begun < TWO_MINUTES
    charged, held, billed = paid(app)
    assert (charged, held) == (billed, 0)


def test_a_double_click_two_tabs_and_a_form_sent_again_are_one_avatar(app: RunningApp, watched: Watched, browser: Browser) -> None:
    address, other, before = open_case(app, watched.page), Watched(browser), requests_made(app)
    other.page.goto(address)
    twice = "button => { button.click(); button.removeAttribute('aria-busy'); button.click() }"
    for page in (watched.page, other.page):
        expect(page.get_by_role("button", name="Generate avatar")).to_be_enabled()
    watched.page.get_by_role("button", name="Generate avatar").dblclick()
    other.page.get_by_role("button", name="Generate avatar").evaluate(twice)
    for page in (watched.page, other.page):
        expect(page.get_by_role("heading", name="Judge")).to_be_visible()
    other.context.close()
    assert requests_made(app) == before + 1


def test_reload_another_page_and_a_dead_worker_in_the_middle_lose_nothing(app: RunningApp, watched: Watched) -> None:
    page, before = watched.page, requests_made(app)
    address = open_case(app, page)
    name = page.get_by_role("heading", level=1).inner_text()
    generate(page)
    expect(page.get_by_role("progressbar").first).to_be_attached()
    page.reload()
    expect(page.get_by_role("progressbar").first).to_be_attached()
    worker = app.pid_of("worker")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    page.get_by_role("link", name="Settings", exact=True).click()
    expect(page.get_by_role("heading", name="Judge")).to_have_count(0)
    offered = page.get_by_role("link", name="Avatar ready to review").filter(has_text=name)
    offered.click(timeout=2 * PATIENCE_MS)
    expect(page.get_by_role("heading", name="Judge")).to_be_visible()
    assert page.url == address
    assert requests_made(app) == before + 1


def test_a_new_photo_names_what_it_takes_away_and_takes_it_away(app: RunningApp, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    open_case(app, page)
    generate(page)
    approve(page)
    page.locator("#the-avatar").wait_for()
    page.get_by_role("button", name="Replace").click()
    dialog = page.get_by_role("dialog", name="Replace the photo")
    dialog.locator("input[type=file]").set_input_files(other_photo(tmp_path))
    expect(dialog.get_by_text("the approved avatar")).to_be_visible()
    dialog.get_by_role("button", name="Replace the photo").click()
    expect(page.locator("#the-avatar")).to_have_count(0)
    expect(page.get_by_text("Made from a photo that was replaced").or_(page.get_by_text("Approved, and replaced since"))).to_be_visible()


@pytest.mark.parametrize("broken", [b"", b"<html>", b"%PDF-1.7"])
def test_a_file_that_is_no_photo_is_said_in_words(app: RunningApp, watched: Watched, broken: bytes) -> None:
    page = watched.page
    page.goto(f"{app.url}/cases")
    page.get_by_role("button", name="New case").click()
    page.get_by_label("Name", exact=True).last.fill(f"Broken {len(broken)}")
    page.get_by_label("Owner id", exact=True).fill("u-1")
    page.get_by_role("button", name="Open the case").click()
    page.locator("input[type=file]").set_input_files({"name": "me.jpg", "mimeType": "image/jpeg", "buffer": broken})
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Send a JPEG")
    expect(page.get_by_role("button", name="Use this photo")).to_have_count(0)


def test_a_photo_of_any_name_is_taken_and_one_on_its_side_is_offered_turned(app: RunningApp, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    with Image.open(SAMPLE) as photo:
        photo.convert("RGB").transpose(Image.Transpose.ROTATE_90).save(tmp_path / "portrait", "JPEG")
    page.goto(f"{app.url}/cases")
    page.get_by_role("button", name="New case").click()
    page.get_by_label("Name", exact=True).last.fill("On its side")
    page.get_by_label("Owner id", exact=True).fill("u-side")
    page.get_by_role("button", name="Open the case").click()
    chooser = page.locator("input[type=file]")
    expect(chooser).not_to_have_attribute("accept", re.compile("."))
    chooser.set_input_files(tmp_path / "portrait")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It seems to lie on its left side: turned, a face is found.")).to_be_visible()
    dialog.get_by_role("button", name="Turn it to the right").click()
    expect(dialog.get_by_text("As the model will see it: one face")).to_be_visible()
    expect(dialog.get_by_role("button", name="Turn it back")).to_be_visible()
    dialog.get_by_role("button", name="Use this photo").click()
    expect(page.get_by_role("button", name="Generate avatar")).to_be_enabled()


def test_what_was_typed_survives_a_reload_and_a_lost_connection_is_said(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{app.url}/cases")
    page.get_by_role("button", name="New case").click()
    page.get_by_label("Name", exact=True).last.fill("Typed for a minute")
    watched.context.set_offline(True)
    expect(page.get_by_text("The studio cannot be reached")).to_be_visible()
    watched.context.set_offline(False)
    expect(page.get_by_text("The studio cannot be reached")).to_be_hidden()
    page.reload()
    page.get_by_role("button", name="New case").click()
    expect(page.get_by_label("Name", exact=True).last).to_have_value("Typed for a minute")
    watched.troubles.clear()


def test_keys_judge_and_the_slider_compares(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    open_case(app, page)
    generate(page)
    expect(page.get_by_role("heading", name="Judge")).to_be_visible()
    slider = page.get_by_role("slider", name=re.compile("Before and after"))
    slider.fill("20")
    assert page.locator(".slid").evaluate("pair => pair.style.getPropertyValue('--at')") == "20%"
    page.get_by_text("Side by side").click()
    page.locator(".beside .zoomed").first.dblclick()
    for picture in page.locator(".beside img").all():
        expect(picture).to_have_css("transform", "matrix(2, 0, 0, 2, 0, 0)")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("a")
    expect(page.locator("#the-avatar")).to_be_visible()
