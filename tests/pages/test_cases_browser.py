"""Cases in a real browser, served as support serves a customer."""

import itertools
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect

from pipeline.records import Decision, Person, Run
from pipeline.settings import SHIPPED
from pipeline.studio import home, photos, portraits, requests, reviews
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish
from tests.media.test_decoding import jpeg_with_many_scans, long_strip
from tests.pages.running import RunningApp
from tests.pages.watching import PATIENCE_MS, Watched, paid, requests_made

pytestmark = pytest.mark.browser
ANA = Person(name="Ana")
SAMPLE = SHIPPED / "samples" / "astronaut.jpg"
TWO_MINUTES = 120.0
LOOK_MS = 500
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
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
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
    expect(page.locator("[data-table]")).to_have_count(0)
    offered = page.get_by_role("link", name="Avatar ready to review").filter(has_text=name)
    offered.click(timeout=2 * PATIENCE_MS)
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
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


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda: b"", "Send a JPEG"),
        (lambda: b"<html>", "Send a JPEG"),
        (lambda: b"%PDF-1.7", "Send a JPEG"),
        (long_strip, "97656 × 512 pixels; at most 52 megapixels and 16,384 pixels on the long side are taken."),
        (jpeg_with_many_scans, "more than 200 times"),
    ],
    ids=["empty", "web page", "pdf", "long strip", "many scans"],
)
def test_a_file_that_is_no_photo_is_said_in_words(app: RunningApp, watched: Watched, broken: Callable[[], bytes], words: str) -> None:
    page = watched.page
    page.goto(f"{app.url}/cases")
    page.get_by_role("button", name="New case").click()
    page.get_by_label("Name", exact=True).last.fill(f"Broken {next(numbers)}")
    page.get_by_label("Owner id", exact=True).fill("u-1")
    page.get_by_role("button", name="Open the case").click()
    page.locator("input[type=file]").set_input_files({"name": "me.jpg", "mimeType": "image/jpeg", "buffer": broken()})
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(words)
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
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    slider = page.get_by_role("slider", name=re.compile("Before and after"))
    slider.fill("20")
    assert page.locator("[data-on] .slid").evaluate("pair => pair.style.getPropertyValue('--at')") == "20%"
    page.get_by_text("Side by side").click()
    page.locator("[data-on] .beside .zoomed").first.dblclick()
    for picture in page.locator("[data-on] .beside img").all():
        expect(picture).to_have_css("transform", "matrix(2, 0, 0, 2, 0, 0)")
    page.get_by_role("heading", level=1).click()
    press_approve(page)
    expect(page.locator("#the-avatar")).to_be_attached()


BY_WIDTH = {390: (390, 844), 1440: (1440, 900), 1920: (1920, 1080)}


def with_candidates(app: RunningApp, count: int) -> str:
    """Return a case with so many avatars that wait for a decision, made by the worker."""
    place, case = Place(app.settings), f"table-{next(numbers)}"
    photos.open_case(place, case, "u-77", ANA, name=f"Table {case}")
    photos.put_photo(place, case, "u-77", photos.take_in(SAMPLE.read_bytes(), "photo.jpg"), ANA)
    for number in range(1, count + 1):
        another(place, case, number)
    return case


def another(place: Place, case: str, number: int) -> Run:
    asked = portraits.ask_next_avatar(place, case, "u-77", AvatarWish(seed=number), ANA, number)
    return requests.wait_for(place, asked.run.id, on_change=lambda _: None, meanwhile=lambda: None)


def decided(app: RunningApp, case: str) -> dict[str, str]:
    """Return what was decided about the avatars of a case, by run."""
    with Place(app.settings).database.reading() as db:
        query = """SELECT r.id, p.decision FROM approvals p JOIN outputs o ON o.asset = p.asset JOIN runs r ON r.id = o.run_id
            WHERE p.case_id = ? AND r.case_id = p.case_id ORDER BY p.rowid"""
        return {row["id"]: row["decision"] for row in db.execute(query, (case,)).fetchall()}


def press_approve(page: Page) -> None:
    """Press A when the picture has been there for as long as it takes to look at it."""
    framed(page)
    page.wait_for_timeout(LOOK_MS)
    page.keyboard.press("a")


def framed(page: Page) -> str:
    frame = page.locator("[data-of]:has(> [data-waits]) > [data-frame][data-on]")
    for picture in frame.locator(".slid img").all():
        expect(picture).to_have_js_property("complete", True)
    return str(frame.get_attribute("data-frame"))


@pytest.mark.parametrize("size", BY_WIDTH.values(), ids=BY_WIDTH)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_case_is_judged_in_the_first_window(app: RunningApp, browser: Browser, judged: str, size: tuple[int, int], theme: str) -> None:
    watched = Watched(browser, viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
    page = watched.page
    page.goto(f"{app.url}/cases?case={judged}")
    framed(page)
    for part in (".slid", ".filmstrip", "button[data-key=a]"):
        box = page.locator(f"[data-of=avatar] {part}:visible").first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= min(size[1], 900), part
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0], part
    picture = page.locator("[data-on] .slid").bounding_box()
    assert picture is not None
    assert picture["width"] >= min(size[0] * 0.5, 400)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    watched.context.close()
    assert watched.troubles == []


@pytest.fixture(scope="module")
def judged(app: RunningApp) -> str:
    """A case with four avatars that nobody decides on."""
    return with_candidates(app, 4)


def test_arrows_walk_and_a_key_acts_on_the_framed_picture_alone_and_only_when_it_is_seen(app: RunningApp, watched: Watched) -> None:
    page, case = watched.page, with_candidates(app, 3)
    page.goto(f"{app.url}/cases?case={case}")
    newest = framed(page)
    page.keyboard.press("ArrowLeft")
    chosen = framed(page)
    assert chosen != newest
    page.keyboard.press("r")
    expect(page.locator(f"#reject-{chosen}")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#history").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 1e6)")
    expect(page.locator("[data-on] .slid")).not_to_be_in_viewport()
    page.keyboard.press("a")
    expect(page.locator("[data-of=avatar] .told")).to_contain_text("It was not in view. Look at it, then press A again.")
    expect(page.locator("[data-on] .slid")).to_be_in_viewport()
    assert decided(app, case) == {}
    page.keyboard.press("a")
    expect(page.locator("#the-avatar")).to_be_visible()
    assert decided(app, case) == {chosen: "approved"}


def test_a_key_never_acts_on_what_took_the_place_of_the_picture_that_was_looked_at(app: RunningApp, watched: Watched) -> None:
    page, case, place = watched.page, with_candidates(app, 2), Place(app.settings)
    page.goto(f"{app.url}/cases?case={case}")
    looked_at = framed(page)
    made = home.see(place, looked_at).made
    assert made is not None
    newer = another(place, case, 3)
    expect(page.locator(f"#pick-{newer.id}")).to_be_visible()
    assert framed(page) == looked_at
    reviews.decide_on(place, made, "u-77", Decision.REJECTED, ANA)
    expect(page.locator(f"#frame-{looked_at}")).to_have_count(0)
    other = framed(page)
    page.keyboard.press("a")
    expect(page.locator("[data-of=avatar] .told")).to_contain_text("Another picture stands here now.")
    assert decided(app, case) == {looked_at: "rejected"}
    page.keyboard.press("a")
    expect(page.locator("#the-avatar")).to_be_visible()
    assert decided(app, case) == {looked_at: "rejected", other: "approved"}


def test_the_next_step_leads_from_the_photo_to_the_publication(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    address = open_case(app, page)
    page.get_by_role("button", name="Next: generate an avatar · $0.03").click()
    page.get_by_role("button", name="Next: judge the avatar").click(timeout=2 * PATIENCE_MS)
    press_approve(page)
    page.get_by_role("button", name="Next: animate it · $0.35").click()
    page.get_by_role("button", name="Next: judge the clip").click(timeout=2 * PATIENCE_MS)
    expect(page.locator("[data-of=clip] [data-on] video")).to_be_in_viewport()
    press_approve(page)
    page.get_by_role("link", name="Next: publish").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Guests see the")).to_be_visible()
    page.goto(address)
    page.get_by_role("button", name="Next: the reply").click()
    expect(page.locator("#reply")).to_contain_text("stand-in of the sandbox")
    expect(page.locator("[data-copy=reply-text]")).to_have_count(0)
