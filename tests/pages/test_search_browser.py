"""The search of every screen and the list of cases, used as people use them: by keyboard, by press, by link."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from pipeline.records import Person, Role
from pipeline.studio import people, photos
from pipeline.studio.place import Place
from tests.pages.running import RunningApp
from tests.pages.watching import Watched

pytestmark = pytest.mark.browser
ANSWER_SECONDS = 0.3


@pytest.fixture(scope="module")
def place(app: RunningApp) -> Place:
    """Two customers."""
    place, me = Place(app.settings), Person(name=app.settings.person)
    photos.open_case(place, "A-1042", "u-77", me, name="Łukasz & Zoë")
    photos.open_case(place, "A-1043", "u-78", Person(name="ben"), name="Sørensen")
    return place


@pytest.fixture
def page(app: RunningApp, place: Place, watched: Watched) -> Page:
    watched.page.goto(f"{app.url}/cases")
    expect(watched.page.get_by_role("heading", level=1, name="Cases")).to_be_visible()
    expect(watched.page.locator(".finds")).to_be_visible()
    return watched.page


def menu(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebarNavItems").get_by_role("link", name=re.compile(f"^{name}")).click()


def test_ctrl_k_finds_a_case_while_somebody_types_and_enter_opens_it(page: Page) -> None:
    page.get_by_role("button", name="New case").focus()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search the studio")
    expect(field).to_be_focused()
    page.keyboard.type("lukas")
    hit = page.get_by_role("option", name=re.compile("Łukasz & Zoë"))
    expect(hit).to_have_attribute("aria-selected", "true")
    began = time.monotonic()
    page.keyboard.type("z")
    expect(page.get_by_text("1 found")).to_be_visible()
    assert time.monotonic() - began < ANSWER_SECONDS + 0.5
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(page.get_by_role("button", name="New case")).to_be_focused()
    page.keyboard.press("Meta+k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/cases\?case=A-1042$"))
    expect(field).to_be_hidden()


def test_arrows_walk_through_what_was_found_and_nothing_found_is_said(page: Page) -> None:
    page.locator(".finds").click()
    page.keyboard.type("a-104")
    expect(page.locator(".hit")).to_have_count(2)
    first, second = page.locator(".hit").all()
    page.keyboard.press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.type("9999")
    expect(page.get_by_text("Nothing fits “a-1049999”")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Search the studio")).to_be_visible()


def test_a_screen_s_name_in_the_menu_leads_from_one_of_its_things_to_its_list(app: RunningApp, page: Page) -> None:
    page.get_by_role("link", name=re.compile("Sørensen")).click()
    expect(page).to_have_url(re.compile("case=A-1043"))
    menu(page, "Cases")
    expect(page).to_have_url(f"{app.url}/cases")
    expect(page.get_by_role("heading", level=1, name="Cases")).to_be_visible()


def test_a_view_is_narrowed_saved_linked_and_removed(app: RunningApp, page: Page) -> None:
    page.get_by_label("Status").select_option("no photo")
    expect(page).to_have_url(re.compile(r"state=no%20photo|state=no\+photo"))
    page.get_by_text("Mine", exact=True).click()
    expect(page).to_have_url(re.compile("mine=1"))
    expect(page.get_by_text("1 case", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save this view").click()
    page.get_by_role("dialog", name="Save this view").get_by_label("Name").fill("To photograph")
    page.keyboard.press("Enter")
    saved = page.get_by_role("link", name="To photograph")
    expect(saved).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="Show every case").click()
    expect(page.get_by_text("2 cases", exact=True)).to_be_visible()
    saved.click()
    expect(page.get_by_text("1 case", exact=True)).to_be_visible()
    page.get_by_role("button", name="Remove the view To photograph").click()
    expect(saved).to_be_hidden()


def test_why_a_button_cannot_be_pressed_stands_below_it_once(app: RunningApp, page: Page, place: Place) -> None:
    people.add(place, "Vera", "product", frozenset({Role.VIEW}), Person(name=app.settings.person))
    page.get_by_role("button", name=re.compile("who is working")).click()
    page.get_by_role("button", name=re.compile("Vera")).click()
    page.goto(f"{app.url}/")
    why = page.get_by_text("Your role does not allow making.", exact=True)
    expect(why).to_have_count(1)
    expect(why).to_be_visible()
    button = page.get_by_role("button", name=re.compile("sample portrait"))
    expect(button).to_be_disabled()
    expect(button).to_have_accessible_description("Your role does not allow making.")
