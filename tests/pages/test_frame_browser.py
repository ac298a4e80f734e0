"""The frame around every screen: light or dark by choice, and one notice when the studio is away."""

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.records import Person
from pipeline.settings import SHIPPED
from pipeline.studio import photos, portraits
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish
from tests.pages.running import RunningApp, running_app
from tests.pages.watching import Watched

pytestmark = pytest.mark.browser
SAMPLE = SHIPPED / "samples" / "astronaut.jpg"
COUNT_BOXES = """() => {
    const seen = { boxes: 0 }
    setInterval(() => (seen.boxes += document.querySelector('[data-testid="stDialog"]') ? 1 : 0), 250)
    return seen
}"""
DARK, LIGHT = "rgb(31, 31, 31)", "rgb(242, 242, 242)"


def choose(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile("light or dark")).click()
    page.get_by_role("button", name=name, exact=True).click()


def test_light_or_dark_is_found_chosen_once_and_holds_on_every_screen(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    shown = page.get_by_test_id("stApp")
    page.goto(f"{app.url}/cases")
    choose(page, "Dark")
    expect(shown).to_have_css("background-color", DARK)
    page.goto(f"{app.url}/library")
    expect(shown).to_have_css("background-color", DARK)
    page.get_by_role("button", name=re.compile("light or dark")).click()
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="As the system", exact=True).click()
    expect(shown).to_have_css("background-color", LIGHT)


def test_when_the_studio_is_away_one_line_says_so_and_no_box_covers_the_page(tmp_path: Path, browser: Browser) -> None:
    with running_app(tmp_path / "studio") as own:
        page = browser.new_page()
        page.goto(f"{own.url}/cases")
        expect(page.get_by_role("heading", level=1, name="Cases")).to_be_visible()
        opened = page.evaluate_handle(COUNT_BOXES)
        os.kill(own.process.pid, signal.SIGKILL)
        expect(page.get_by_text("The studio cannot be reached.")).to_be_visible(timeout=15_000)
        page.wait_for_timeout(6_000)  # the box of the screen library opened after four seconds
        assert opened.evaluate("seen => seen.boxes") <= 1
        expect(page.get_by_test_id("stDialog")).to_have_count(0)
        expect(page.get_by_role("heading", level=1, name="Cases")).to_be_visible()
        page.close()


def test_a_count_in_the_menu_follows_a_press_within_a_moment(app: RunningApp, watched: Watched) -> None:
    place, me = Place(app.settings), Person(name=app.settings.person)
    photos.open_case(place, "A-7", "u-7", me, name="Lim & Sofia")
    photos.put_photo(place, "A-7", "u-7", photos.take_in(SAMPLE.read_bytes(), SAMPLE.name), me)
    run = portraits.ask_avatar(place, "A-7", "u-7", AvatarWish(), me, run_id="r-count").run
    page = watched.page
    page.goto(app.url)
    home = page.get_by_test_id("stSidebarNavItems").get_by_role("link", name=re.compile("^Home"))
    expect(home).to_have_text(re.compile(r"Home · 1$"), timeout=60_000)
    page.locator(f"#do-{run.id}").get_by_role("button", name="Approve").click()
    expect(home).to_have_text(re.compile(r"Home$"), timeout=2_500)
