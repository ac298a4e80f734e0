"""Compare in a real browser, as a product manager works: plan, buy, look while it fills, judge blind, make the winner the preset."""

import itertools
import os
import re
import signal
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Locator, Page, expect

from pipeline.records import RunKind
from pipeline.settings import SHIPPED
from pipeline.studio import presets, sweep_view, sweeps
from pipeline.studio.place import Place
from tests.pages.running import RunningApp
from tests.pages.test_cases_browser import open_case
from tests.pages.watching import Watched, paid, requests_made

pytestmark = pytest.mark.browser
MADE, CELLS = ".cell[data-state=made]", ".cell[data-id]"
FIVE_MINUTES, WORK_MS = 300.0, 120_000
numbers = itertools.count(1)


def plan(app: RunningApp, page: Page, **axes: str) -> str:
    """Plan a sweep on the sample photo as one does; return its id."""
    name = f"Question {next(numbers)}"
    page.goto(f"{app.url}/compare")
    page.get_by_role("button", name="New sweep").click()
    page.get_by_label("What do you want to find out?").fill(name)
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    sample = page.get_by_role("button", name="Add the sample photo")
    if sample.count():
        sample.click()
    expect(page.locator(CELLS).first).to_be_visible()
    for axis, values in axes.items():
        page.locator(f"input[name={axis}]").fill(values)
    form = page.locator("form[data-do=plan]")
    before = form.get_attribute("data-version") or ""
    page.get_by_role("button", name="Save the plan").click()
    expect(form).not_to_have_attribute("data-version", before)
    return page.url.partition("sweep=")[2].partition("#")[0].partition("&")[0]


def buy_button(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile(r"^Make \d+ pictures? · \$"))


def price_on(button: Locator) -> int:
    """Return the price that a button says, in micro-dollars."""
    return int(Decimal((button.text_content() or "").rpartition("$")[2]) * 1_000_000)


def view(app: RunningApp, sweep: str) -> sweep_view.SweepView:
    return sweep_view.look(Place(app.settings), sweep)


def test_from_the_plan_to_the_preset_that_cases_uses_at_the_price_that_was_shown(app: RunningApp, watched: Watched) -> None:
    page, begun, before = watched.page, time.monotonic(), paid(app)
    sweep = plan(app, page, strength="0.5..0.7 +0.1", seed="1-2")
    expect(buy_button(page)).to_have_text("brushMake 12 pictures · $0.36")
    shown = price_on(buy_button(page))
    buy_button(page).click()
    expect(page.locator(MADE).first).to_be_visible(timeout=WORK_MS)
    page.get_by_label("Rows", exact=True).select_option("strength")  # while it fills
    expect(page.locator(MADE)).to_have_count(12, timeout=WORK_MS)
    charged, held, billed = paid(app)
    assert (charged - before[0], held, billed - before[2]) == (shown, 0, shown)

    cells = page.locator(MADE)
    cells.nth(0).focus()
    page.keyboard.press("5")
    page.keyboard.press("x")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    expect(page.get_by_role("dialog", name="Pair view")).to_be_visible()
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Judge blind").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which is better?")
    expect(page.locator(".blind figcaption").first).to_have_text("Left")
    page.get_by_role("button", name="Left is better").click()
    expect(page.locator(".blind figcaption").first).to_contain_text("likeness")
    page.get_by_role("button", name="Next pair").click()
    expect(page.get_by_role("button", name="Left is better")).to_be_visible()
    page.go_back()
    page.goto(f"{app.url}/compare?sweep={sweep}")
    best = page.locator(".ranking tbody tr").first
    expect(best).to_contain_text("won")
    best.get_by_role("button", name="Make this the preset").click()
    expect(best).to_contain_text("preset for support")
    place = Place(app.settings)
    _until(lambda: presets.current(place, RunKind.AVATAR) is not None)
    kept = presets.current(place, RunKind.AVATAR)
    assert kept is not None
    assert (kept.sweep, kept.person) == (sweep, place.settings.person)
    open_case(app, page)
    page.get_by_text("Fine-tune").first.click()
    expect(page.locator("input[name=strength]").first).to_have_value(re.compile(f"^{float(kept.settings['strength'])}"))
    assert time.monotonic() - begun < FIVE_MINUTES


def test_a_worker_killed_in_mid_sweep_costs_nothing_twice(app: RunningApp, watched: Watched) -> None:
    page, before = watched.page, requests_made(app)
    sweep = plan(app, page, strength="0.5, 0.6", seed="11-13")
    buy_button(page).click()
    expect(page.locator(MADE).first).to_be_visible(timeout=WORK_MS)
    worker = app.pid_of("worker")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    expect(page.locator(MADE)).to_have_count(12, timeout=WORK_MS)
    assert requests_made(app) - before == 12
    assert view(app, sweep).count("made") == 12


def test_a_ceiling_below_the_price_is_refused_in_words_and_buys_nothing(app: RunningApp, watched: Watched) -> None:
    page, before = watched.page, requests_made(app)
    plan(app, page, strength="0.55", seed="21-22")
    page.get_by_label("Ceiling of this sweep, in dollars").fill("0.01")
    expect(page.locator(".at-field")).to_have_text("Below what it comes to: $0.12 in all.")
    buy_button(page).click()
    page.wait_for_timeout(1500)
    assert requests_made(app) == before


def test_a_bad_value_is_named_and_the_rest_is_kept(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    sweep = plan(app, page, strength="0.5, 1.4, soft", seed="1")
    expect(page.get_by_role("alert").filter(has_text="soft")).to_be_visible()
    kept = sweeps.find(Place(app.settings), sweep).plan.as_json()["axes"]
    assert kept["strength"] == ["0.5"]


def test_warnings_are_merged_by_a_press_that_says_what_it_saves(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    plan(app, page, strength="0.6, 0.61", seed="31")
    expect(buy_button(page)).to_contain_text("Make 4 pictures · $0.12")
    page.get_by_role("button", name="Merge them and save $0.06").click()
    expect(buy_button(page)).to_contain_text("Make 2 pictures · $0.06")


def test_a_link_opens_the_same_view_in_a_fresh_browser(app: RunningApp, watched: Watched, browser: Browser) -> None:
    page, other = watched.page, Watched(browser)
    plan(app, page, strength="0.5, 0.6", seed="1-2")
    page.get_by_label("Rows", exact=True).select_option("strength")
    page.get_by_label("Columns", exact=True).select_option("style")
    expect(page.get_by_role("columnheader", name="Ghibli")).to_be_visible()
    page.wait_for_function("() => location.hash.startsWith('#rows=strength&columns=style')")
    link = page.evaluate("location.href")
    other.page.goto(link)
    expect(other.page.get_by_role("rowheader", name=re.compile("0.5")).first).to_be_visible()
    expect(other.page.get_by_role("columnheader", name="Ghibli")).to_be_visible()
    assert other.troubles == []
    other.context.close()


def test_the_table_the_sheet_and_everything_can_be_taken_away(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    plan(app, page, strength="0.5, 0.6", seed="41")
    buy_button(page).click()
    expect(page.locator(MADE)).to_have_count(4, timeout=WORK_MS)
    for words, beginning in (("Contact sheet", b"\x89PNG"), ("CSV", b"\xef\xbb\xbf"), ("Everything (zip)", b"PK")):
        with page.expect_download() as taken:
            page.get_by_role("link", name=words).click()
        assert taken.value.path().read_bytes().startswith(beginning), words


def test_a_point_of_either_chart_shows_its_cell(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    plan(app, page, strength="0.5, 0.6", seed="51")
    buy_button(page).click()
    expect(page.locator(MADE)).to_have_count(4, timeout=WORK_MS)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    for chart in page.locator(".js-plotly-plot").all():
        point = chart.locator("path.point").last
        point.scroll_into_view_if_needed()
        point.click(force=True)
        expect(page.get_by_role("dialog", name=re.compile(r"strength 0\.6", re.IGNORECASE))).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_dialogs_take_the_focus_and_give_it_back(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{app.url}/compare")
    page.get_by_role("button", name="New sweep").click()
    expect(page.get_by_label("What do you want to find out?")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="New sweep")).to_be_focused()
    plan(app, page, strength="0.5")
    rename = page.get_by_role("button", name="Rename", exact=True).first
    rename.press("Enter")
    expect(page.get_by_role("dialog", name="Rename").get_by_label("Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(rename).to_be_focused()
    opener = page.get_by_role("button", name="Add a test photo")
    opener.press("Enter")
    dialog = page.get_by_role("dialog").filter(has_text="Only photos of people who agreed to it.")
    expect(dialog).to_be_visible()
    page.wait_for_function("() => document.activeElement.closest('[role=dialog]')")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_test_photo_has_the_name_that_was_typed_last_and_is_part_of_the_plan(app: RunningApp, watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    plan(app, page, strength="0.5")
    page.get_by_role("button", name="Add a test photo").click()
    with Image.open(SHIPPED / "samples" / "astronaut.jpg") as sample:
        ImageOps.mirror(sample).save(tmp_path / "two.png")
    page.locator("input[type=file]").set_input_files(tmp_path / "two.png")
    page.get_by_label("Who is on it?").fill("Bride and groom")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator(".photo-pick", has_text="Bride and groom").locator("input")).to_be_checked()
    expect(page.get_by_role("rowheader", name=re.compile("Bride and groom")).first).to_be_visible()


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)
