"""Is it right? used as an analyst uses it: the provider asked, a difference accepted, another left, a bill uploaded."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pipeline.records import Person
from pipeline.sandbox import faults
from pipeline.sandbox.faults import Fault
from pipeline.studio import photos, portraits, requests
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish
from tests.pages.running import RunningApp, running_app
from tests.pages.watching import OVERHANGS, Watched
from tests.running import sample

pytestmark = pytest.mark.browser
HEAD = "request_id,endpoint_id,timestamp,cost_estimate_nano_usd"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A studio with three paid avatars, of which the bill has one dearer and one not at all."""
    folder = tmp_path_factory.mktemp("app") / "studio"
    with running_app(folder, STUDIO_SANDBOX_SPEED="0.05", STUDIO_SANDBOX_PICTURES="ready") as started:
        place, me = Place(started.settings), Person(name=started.settings.person)
        photos.open_case(place, "A-1", "u-1", me)
        photos.put_photo(place, "A-1", "u-1", sample(512), me)
        for seed in range(3):
            run = portraits.ask_avatar(place, "A-1", "u-1", AvatarWish(seed=seed), me, run_id=f"r-{seed}").run
            requests.wait_for(place, run.id, on_change=lambda _: None, meanwhile=lambda: None)
        for kind in ("bill_price", "bill_missing"):
            faults.add(started.settings.folder / "emulator", Fault(kind=kind))
        yield started


@pytest.fixture
def page(app: RunningApp, watched: Watched) -> Page:
    watched.page.goto(f"{app.url}/costs?part=right")
    expect(watched.page.get_by_text("The ledger holds together")).to_be_visible()
    return watched.page


def test_the_provider_is_asked_and_every_difference_decided_on_the_screen(app: RunningApp, page: Page) -> None:
    page.get_by_role("button", name="Ask the provider").dblclick()
    expect(page.get_by_text("2 differences wait for you")).to_be_visible()
    for width_px in (390, 820, 1440):
        page.set_viewport_size({"width": width_px, "height": 900})
        page.wait_for_function(f"() => ({OVERHANGS})().length === 0")  # the menu folds a moment after the window is narrow
    page.get_by_role("button", name="Accept 1 · book $0.003").dblclick()
    expect(page.get_by_text("1 difference waits for you")).to_be_visible()
    page.get_by_role("button", name="Leave", exact=True).click()
    dialog = page.get_by_role("dialog", name="Leave this difference")
    dialog.get_by_label("Why is it left?").fill("fal looks into it")
    dialog.get_by_role("button", name="Leave it").click()
    expect(page.get_by_text("Every difference is decided on")).to_be_visible()
    expect(page.get_by_role("table", name="Decided last").get_by_text("fal looks into it")).to_be_visible()
    with Place(app.settings).database.reading() as db:
        assert [row["micro_usd"] for row in db.execute("SELECT micro_usd FROM entries WHERE kind = 'adjust'")] == [3_000]
    expect(page.get_by_role("row", name=re.compile("not over before"))).to_be_visible()


def test_a_bill_is_uploaded_with_its_zone_and_a_wrong_one_is_said_where_it_can_be_mended(app: RunningApp, page: Page, tmp_path: Path) -> None:
    picture, wrong, right = tmp_path / "pic.png", tmp_path / "wrong.csv", tmp_path / "october.csv"
    picture.write_bytes(b"\x89PNG")
    wrong.write_text("day,total\n2026-10-01,3")
    with Place(app.settings).database.reading() as db:
        rows = [f"{row['request_id']},{row['endpoint']},{row['finished_at'][:19]},30000000" for row in db.execute("SELECT * FROM calls")]
    right.write_text("\n".join([HEAD, *rows]))
    page.get_by_role("button", name="Upload its bill").click()
    dialog, file = page.get_by_role("dialog"), page.locator("input[type=file]")
    file.set_input_files(picture)
    expect(dialog.get_by_text("pic.png is no table of text")).to_be_visible()
    for path, said in ((wrong, "A column is missing"), (right, "names no time zone")):
        file.set_input_files(path)
        expect(dialog.get_by_role("alert")).to_be_hidden()
        dialog.get_by_role("button", name="Compare", exact=True).click()
        expect(dialog.get_by_text(re.compile(said))).to_be_visible()
    dialog.get_by_label("Time zone of its times").click()
    page.get_by_role("option", name="UTC", exact=True).click()
    dialog.get_by_role("button", name="Compare", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text(re.compile("october.csv"))).to_be_visible()
    expect(page.get_by_text("names no time zone")).to_be_hidden()
    page.get_by_role("button", name="Upload its bill").click()
    expect(dialog.get_by_label("Time zone of its times")).to_have_value("UTC")
    assert list(app.settings.folder.glob("tmp-screens/*")) == []
