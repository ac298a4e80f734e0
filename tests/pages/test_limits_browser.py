"""Budgets used as people use them: one is set, met, extended, changed and ended, and the button it stands in the way of says so."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.running import RunningApp
from tests.pages.test_browser import OVERHANGS, Watched

pytestmark = pytest.mark.browser


@pytest.fixture
def page(app: RunningApp, browser: Browser) -> Iterator[Page]:
    """Costs, reached through the menu, and its budgets; nothing may go wrong in it."""
    watched = Watched(browser)
    watched.page.goto(app.url)
    watched.page.get_by_role("link", name="Costs").click()
    watched.page.get_by_role("link", name="Budgets", exact=True).click()
    expect(watched.page.get_by_role("heading", name="Budgets", exact=True)).to_be_visible()
    yield watched.page
    watched.context.close()
    assert (watched.troubles, watched.outside) == ([], [])


def test_a_budget_is_set_met_extended_changed_and_ended(app: RunningApp, page: Page) -> None:
    page.get_by_role("button", name="New budget").click()
    dialog = page.get_by_role("dialog", name="New budget")
    dialog.locator("[name=whose]").select_option("person:*")
    dialog.locator("[name=amount]").fill("0.02")
    dialog.locator("[name=period]").select_option("day")
    dialog.locator("[name=reason]").fill("a quiet day")
    dialog.locator("[name=reason]").press("Enter")
    card = page.locator(".limit", has_text="Every person")
    expect(card).to_contain_text("$0.02 a day")
    expect(page.get_by_role("table", name="What was changed")).to_contain_text("a quiet day")

    page.get_by_role("link", name="Home").click()
    expect(page.get_by_text("is left of the day cap of $0.02 for the person")).to_be_visible()
    expect(page.get_by_role("button", name="Make a sample portrait")).to_be_disabled()

    page.goto(f"{app.url}/costs?part=budgets")
    card.get_by_role("button", name="Extend for today").press("Enter")
    more = page.get_by_role("dialog", name="Extend for today")
    more.get_by_label("How much more").fill("5")
    more.get_by_label("Why").fill("a fair")
    more.get_by_role("button", name="Extend for today").click()
    expect(card).to_contain_text("$5.00 more are allowed today.")
    expect(more).to_be_hidden()
    card.get_by_role("button", name="Extend for today").click()
    expect(more.get_by_label("How much more")).to_have_value("")
    expect(more.get_by_label("Why")).to_have_value("")
    page.keyboard.press("Escape")

    card.get_by_role("button", name="Change").click()
    other = page.get_by_role("dialog", name="Change this budget")
    expect(other.get_by_label("New limit")).to_have_value("0.02")
    other.get_by_label("New limit").fill("3")
    other.get_by_role("button", name="Change").click()
    expect(card).to_contain_text("$3.00 a day")

    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("button", name="Make a sample portrait")).to_be_enabled()
    page.goto(f"{app.url}/costs?part=budgets")
    card.get_by_role("button", name="End", exact=True).click()
    page.get_by_role("dialog", name="End this budget").get_by_role("button", name="End this budget").click()
    expect(card).to_have_count(0)


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_hangs_over_the_edge(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.get_by_role("heading", name="What was changed")).to_be_visible()
    assert page.evaluate(OVERHANGS) == []
