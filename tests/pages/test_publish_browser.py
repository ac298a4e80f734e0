"""Publish in a real browser: approve, publish, look as a guest, copy the link, withdraw, and the link is dead with a receipt to show."""

import itertools
import re
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from pipeline.records import Decision, Person
from pipeline.studio import photos, portraits, requests, reviews
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.crash.harness import sample
from tests.pages.running import RunningApp
from tests.pages.watching import PATIENCE_MS, Watched

pytestmark = pytest.mark.browser
ANA = Person(name="Ana")
A_MINUTE = 60.0
numbers = itertools.count(1)


def clip_of(app: RunningApp, *, approved: bool = True) -> str:
    """Make a case with an approved avatar and a clip, approved or waiting, and return its id."""
    place, case = Place(app.settings), f"guests-{next(numbers)}"
    photos.open_case(place, case, "zoe", ANA, name=f"Wedding {case}")
    photos.put_photo(place, case, "zoe", sample(), ANA)
    for ask in (
        lambda: portraits.ask_avatar(place, case, "zoe", AvatarWish(seed=7), ANA, run_id=f"r-{case}-a"),
        lambda: portraits.ask_clip(place, case, "zoe", ClipWish(), ANA, run_id=f"r-{case}-c"),
    ):
        run = requests.wait_for(place, ask().run.id, on_change=lambda _: None, meanwhile=lambda: None)
        if approved or run.id.endswith("-a"):
            asset = place.database and next(one for one in _made(place, run.id))
            reviews.decide_on(place, asset, "zoe", Decision.APPROVED, ANA)
    return case


def _made(place: Place, run_id: str):  # type: ignore[no-untyped-def]
    from pipeline import assets, runs

    with place.database.reading() as db:
        row = db.execute("SELECT asset FROM outputs WHERE run_id = ?", (run_id,)).fetchone()
        return [assets.get(db, runs.get(db, run_id).case_id, row["asset"])]


def status_of(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def preview(page: Page):  # type: ignore[no-untyped-def]
    return page.frame_locator("#guest-frame")


def plays(page: Page) -> bool:
    return bool(preview(page).locator("video").evaluate("film => !film.paused && film.currentTime > 0"))


def test_from_approval_to_a_dead_link_with_a_receipt_in_under_a_minute(app: RunningApp, watched: Watched) -> None:
    page, case = watched.page, clip_of(app, approved=False)
    begun = time.monotonic()
    page.goto(f"{app.url}/cases?case={case}")
    page.get_by_role("button", name="Approve").first.click(timeout=2 * PATIENCE_MS)
    page.locator("#the-clip").wait_for()
    page.get_by_role("link", name="Publish").last.click()
    expect(page.get_by_text("Not published yet")).to_be_visible()
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Begin now").click()
    expect(page.get_by_text("Guests see the avatar and the clip")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the link of the clip").click()
    address = page.evaluate("() => navigator.clipboard.readText()")
    assert re.fullmatch(rf"{re.escape(app.url)}/p/animations/{case}/[0-9a-f]{{64}}\.mp4", address)
    assert status_of(address) == 200
    expect(preview(page).locator("video")).to_be_attached(timeout=PATIENCE_MS)
    page.wait_for_timeout(500)
    _until(lambda: plays(page))

    page.get_by_role("button", name="Unpublish", exact=True).first.click()
    page.get_by_label("Reason").fill("The couple asked")
    page.get_by_role("dialog").get_by_role("button", name="Unpublish", exact=True).click()
    page.get_by_role("button", name="Begin now").click()
    expect(page.get_by_text("Guests see nothing of this: unpublished by")).to_be_visible()
    expect(page.locator("#history")).to_contain_text("The couple asked")
    page.locator("#history summary", has_text="Receipt").first.click()
    receipt = page.locator("#history pre", has_text=address)
    expect(receipt).to_contain_text("Reason: The couple asked")
    expect(receipt).to_contain_text("Outcome: removed")
    expect(receipt).to_contain_text(f"SHA-256: {address.rpartition('/')[2].removesuffix('.mp4')}")
    assert status_of(address) == 404
    assert time.monotonic() - begun < A_MINUTE


def test_the_switches_show_what_guests_in_trouble_get(app: RunningApp, watched: Watched) -> None:
    page, case = watched.page, clip_of(app)
    page.goto(f"{app.url}/publish?case={case}")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Begin now").click()
    expect(page.get_by_text("Guests see the avatar and the clip")).to_be_visible()
    page.get_by_role("button", name="3G").click()
    expect(page.locator(".verdict-line")).to_contain_text("on a 3G connection no clip is loaded")
    expect(preview(page).locator("img").first).to_be_visible()
    expect(preview(page).locator("video:visible")).to_have_count(0)
    page.get_by_role("button", name="Fast").click()
    expect(page.locator(".verdict-line")).to_contain_text("The clip plays")
    page.get_by_role("button", name="Autoplay refused").click()
    expect(preview(page).get_by_role("button", name="Play")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Wide").click()
    expect(page.locator(".device.wide")).to_be_visible()
    assert "refused=1" in page.url


def test_several_are_published_by_one_press(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    for _ in range(2):
        clip_of(app)
    page.goto(f"{app.url}/publish")
    page.get_by_role("button", name=re.compile("^Publish these")).click()
    expect(page.get_by_role("button", name=re.compile("^Publish these"))).to_have_count(0, timeout=PATIENCE_MS)


def _until(holds, seconds: float = 10.0) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def test_everything_of_a_customer_is_taken_down_with_a_receipt(app: RunningApp, watched: Watched) -> None:
    page, case = watched.page, clip_of(app)
    page.goto(f"{app.url}/publish?case={case}")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Begin now").click()
    expect(page.get_by_text("Guests see the avatar and the clip")).to_be_visible()
    address = page.locator("#link-clip").get_attribute("href")
    page.get_by_role("link", name="Take down this invitation").click()
    expect(page.locator(".going-group:not(.stays)")).to_contain_text(f"#{case}")
    expect(page.locator(".going-group:not(.stays) img")).to_have_count(3)
    page.get_by_text("Every copy,").click()
    expect(page.get_by_role("region", name="Copies")).to_contain_text("public store")
    page.get_by_label("Reason").fill("The couple asked")
    page.get_by_role("button", name=re.compile("^Take down [0-9]+ copies")).click()
    receipt = page.locator("#receipt-text")
    expect(receipt).to_contain_text("Reason: The couple asked", timeout=PATIENCE_MS)
    expect(receipt).to_contain_text("Removed (")
    assert status_of(str(address)) == 404
    page.goto(f"{app.url}/cases?case={case}")
    expect(page.get_by_text("Facing the camera, good light, faces large")).to_be_visible()
