"""The toast in a real browser: undone by key and by press, above a large picture, on the next screen, and gone when its time is over."""

import itertools
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from pipeline.studio.place import Place
from tests.pages.running import RunningApp, running_app
from tests.pages.test_library_browser import Customer
from tests.pages.watching import OVERHANGS, Watched

pytestmark = pytest.mark.browser
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A studio whose sandbox is quick."""
    with running_app(tmp_path_factory.mktemp("app") / "studio") as started:
        yield started


def library(page: Page, app: RunningApp, customer: Customer) -> None:
    page.goto(f"{app.url}/library?case={customer.case}&kind=avatar")
    expect(page.locator("[data-tile]")).to_have_count(len(customer.avatars))


def decisions(customer: Customer) -> list[str]:
    with customer.place.database.reading() as db:
        rows = db.execute("SELECT decision FROM approvals WHERE case_id = ? ORDER BY rowid", (customer.case,)).fetchall()
    return [row["decision"] for row in rows]


def test_a_rejection_by_key_is_undone_by_control_z_while_the_picture_is_large(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 2)
    library(page, app, customer)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator(".stage:popover-open")).to_be_visible()
    page.keyboard.press("r")
    toast = page.locator(".toast", has_text=customer.case)
    expect(toast).to_contain_text("Rejected")
    expect(toast.locator("img")).to_be_visible()
    expect(toast.locator(".left")).to_have_text(re.compile(r"^\d+ s$"))
    box = toast.bounding_box()
    assert box is not None
    assert page.evaluate("([x, y]) => { let at = document.elementFromPoint(x, y); while (at.shadowRoot) at = at.shadowRoot.elementFromPoint(x, y);"
                         " return Boolean(at.closest('.toast')) }", [box["x"] + 30, box["y"] + 20])  # fmt: skip
    page.keyboard.press("Control+z")
    expect(toast).to_contain_text("Undone: Rejected")
    assert decisions(customer) == ["rejected", "undone"]


def test_a_toast_follows_to_the_next_screen_is_reached_by_keyboard_and_heard(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 1)
    library(page, app, customer)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("a")
    expect(page.locator(".toast", has_text=customer.case)).to_contain_text("Approved")
    expect(page.locator(".spoken", has_text="Approved, Avatar of")).to_have_count(1)
    page.get_by_role("link", name=re.compile("^Queue")).click()
    expect(page.locator(".queue, #queue, h1").first).to_be_visible()
    undo = page.locator(".toast", has_text=customer.case).get_by_role("button", name="Undo")
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text=customer.case)).to_contain_text("Undone: Approved")
    assert decisions(customer) == ["approved", "undone"]


def test_what_is_published_begins_by_itself_after_ten_seconds_though_the_tab_was_closed(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 1)
    customer.approve(customer.avatars[0])
    page.goto(f"{app.url}/publish?case={customer.case}")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".toast", has_text=customer.case)).to_contain_text("Nothing has changed for guests yet.")
    page.close()
    _until_published(app, customer)


def _until_published(app: RunningApp, customer: Customer) -> None:
    import time

    end = time.monotonic() + 20
    place = Place(app.settings)
    while time.monotonic() < end:
        with place.database.reading() as db:
            row = db.execute(
                "SELECT p.verified_at, a.begins_at FROM publications p JOIN actions a ON a.case_id = p.case_id WHERE p.case_id = ?", (customer.case,)
            ).fetchone()
        if row and row["verified_at"]:
            assert row["verified_at"] >= row["begins_at"]
            return
        time.sleep(0.2)
    raise AssertionError("it was not published")


@pytest.mark.parametrize("width", [390, 1440])
def test_toasts_fit_the_screen(app: RunningApp, watched: Watched, width: int) -> None:
    page, customer = watched.page, Customer(app, 2)
    page.set_viewport_size({"width": width, "height": 844})
    library(page, app, customer)
    page.locator("[data-tile]").first.focus()
    page.keyboard.press("a")
    page.keyboard.press("r")
    expect(page.locator(".toast", has_text=customer.case)).to_have_count(2)
    assert page.evaluate(OVERHANGS) == []
