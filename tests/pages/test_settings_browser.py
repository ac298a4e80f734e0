"""Settings used as people use it: found in the menu, checked by a press, people changed in a dialog."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.parts.checkup import TITLES
from pipeline.records import Person, Role
from pipeline.studio import people
from pipeline.studio.place import Place
from tests.pages.running import RunningApp
from tests.pages.test_browser import OVERHANGS, Watched

pytestmark = pytest.mark.browser
PARTS = ("Health", "Models", "Styles", "Files", "Values", "People", "Version")


@pytest.fixture
def page(app: RunningApp, browser: Browser) -> Iterator[Page]:
    """Settings, reached through the menu; nothing may go wrong in it."""
    watched = Watched(browser)
    watched.page.goto(app.url)
    watched.page.get_by_role("link", name="Settings").click()
    expect(watched.page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    yield watched.page
    watched.context.close()
    assert (watched.troubles, watched.outside) == ([], [])


def test_every_part_is_reached_by_its_link_and_reload_shows_it_again(page: Page) -> None:
    for part in PARTS:
        page.get_by_role("link", name=part, exact=True).click()
        expect(page.locator(".tabs [aria-current=page]")).to_have_text(re.compile(f"{part}$"))
    assert page.url.endswith("/settings?part=version")
    assert page.locator(".workshop").count() == 1


def test_a_press_checks_every_part_and_says_that_it_works(page: Page) -> None:
    page.get_by_role("button", name="Check every part").dblclick()
    expect(page.get_by_text(f"All {len(TITLES)} parts are well")).to_be_visible()
    expect(page.get_by_role("heading", name="Every part, checked just now")).to_be_visible()
    expect(page.get_by_role("button", name="Check every part")).to_be_enabled()


def test_files_are_counted_without_a_press(page: Page) -> None:
    page.get_by_role("link", name="Files", exact=True).click()
    expect(page.get_by_role("rowheader", name="Database")).to_be_visible()
    expect(page.get_by_text(re.compile("^in [0-9,]+ files"))).to_be_visible()


def test_a_colleague_is_changed_in_a_dialog_by_keyboard(app: RunningApp, page: Page) -> None:
    place = Place(app.settings)
    people.add(place, "Ben", "product", frozenset({Role.MAKE}), Person(name=app.settings.person))
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_role("button", name="Change Ben").press("Enter")
    dialog = page.get_by_role("dialog", name="Change Ben")
    dialog.get_by_label("Team").fill("support")
    dialog.get_by_label("Approve, reject and remove").check()
    dialog.get_by_label("Team").press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row", name=re.compile("Ben.*support"))).to_be_visible()
    assert people.find(place, "Ben") == Person(name="Ben", team="support", roles=frozenset({Role.VIEW, Role.MAKE, Role.APPROVE}))


@pytest.mark.parametrize("width_px", [390, 1280, 1920])
def test_every_part_fits_every_width(page: Page, width_px: int) -> None:
    links = {part: page.get_by_role("link", name=part, exact=True) for part in PARTS}
    page.set_viewport_size({"width": width_px, "height": 900})
    for part, link in links.items():
        link.click()
        expect(page.locator(".tabs [aria-current=page]")).to_have_text(re.compile(f"{part}$"))
        assert page.evaluate(OVERHANGS) == []
