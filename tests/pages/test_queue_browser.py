"""The Queue in a real browser, with one place at the provider, so that people have to wait for each other."""

import os
import re
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pipeline.records import Person, Run, RunState, new_id
from pipeline.sandbox import faults
from pipeline.studio import photos, portraits, requests
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish
from tests.pages.running import RunningApp, free_port, running_app
from tests.pages.watching import OVERHANGS, PATIENCE_MS, Watched, paid, requests_made
from tests.running import sample

pytestmark = pytest.mark.browser
ANA, BEN = Person(name="Ana"), Person(name="Ben")
CASE, OWNER = "queue-1", "u-77"
NAME = "Lim & Sofia’s <wedding>"
ONE_PLACE = {"STUDIO_PROVIDER_SLOTS": "1", "STUDIO_SANDBOX_SPEED": "1", "STUDIO_RESEND_BELOW_USD": "0.01", "STUDIO_ATTEMPTS": "1000"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A studio with one place at the provider, and a customer in it."""
    port = free_port()
    folder = tmp_path_factory.mktemp("queue") / "studio"
    with running_app(folder, port=port, STUDIO_PUBLIC_URL=f"http://127.0.0.1:{port}", **ONE_PLACE) as started:
        place = Place(started.settings)
        photos.open_case(place, CASE, OWNER, ANA, name=NAME)
        photos.put_photo(place, CASE, OWNER, sample(), ANA)
        yield started
        place.database.close()


@pytest.fixture(autouse=True)
def _calm(app: RunningApp) -> Iterator[None]:
    """Nothing is left running or broken for the next test."""
    yield
    faults.clear(app.settings.folder / "emulator")
    place = Place(app.settings)
    with place.database.reading() as db:
        live = [row["id"] for row in db.execute("SELECT id FROM runs WHERE state IN ('asked', 'queued', 'working')")]
    for run_id in live:
        ended(app, run_id)


def ask(app: RunningApp, by: Person = ANA) -> Run:
    place = Place(app.settings)
    run_id = new_id("r")
    return portraits.ask_avatar(place, CASE, OWNER, AvatarWish(seed=int(run_id[-7:], 16)), by, run_id=run_id).run


def break_next(app: RunningApp, kind: str, count: int = 1) -> None:
    """Order the sandbox to misbehave."""
    faults.add(app.settings.folder / "emulator", faults.Fault(kind=kind, count=count))


def ended(app: RunningApp, run_id: str) -> Run:
    return requests.wait_for(Place(app.settings), run_id, on_change=lambda _: None, meanwhile=lambda: None)


def queue(app: RunningApp, page: Page, address: str = "/queue") -> None:
    page.goto(app.url + address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def rows(page: Page, section: str) -> Locator:
    return page.locator(f"#{section} li[id^=run-]")


def ids(page: Page, section: str) -> list[str]:
    return [str(row.get_attribute("id")).removeprefix("run-") for row in rows(page, section).all()]


def test_two_people_take_turns_one_run_is_cancelled_and_a_pause_holds_the_rest(app: RunningApp, watched: Watched) -> None:
    page, before = watched.page, requests_made(app)
    ours = [ask(app).id for _ in range(5)]
    theirs = [ask(app, BEN).id for _ in range(5)]
    queue(app, page)
    expect(rows(page, "running")).to_have_count(1)
    expect(page.get_by_role("progressbar", name=re.compile("Avatar")).first).to_have_attribute("aria-valuenow", re.compile("^[0-9]+$"))
    waiting = [run for run in ids(page, "waiting") if run not in (ours[0], theirs[0])][:4]
    assert waiting == [run for pair in zip(ours[1:], theirs[1:], strict=True) for run in pair if run in waiting][:4]
    page.locator(f"#run-{theirs[3]}").get_by_role("button", name="Cancel").click()
    expect(page.locator(f"#done #run-{theirs[3]}")).to_contain_text("Cancelled")

    page.get_by_role("button", name="Pause new purchases").click()
    page.get_by_label("Why?").fill("bills look wrong")
    page.get_by_role("dialog").get_by_role("button", name="Pause new purchases").click()
    expect(page.get_by_role("heading", name="Purchases are paused")).to_be_visible()
    expect(page.get_by_text("“bills look wrong”")).to_be_visible()
    expect(rows(page, "running")).to_have_count(0)
    held_back, made = ids(page, "waiting"), requests_made(app)
    assert len(held_back) >= 3
    page.reload()
    expect(page.get_by_role("heading", name="Purchases are paused")).to_be_visible()
    expect(rows(page, "waiting").first).to_contain_text("Keeps its place")
    time.sleep(1.5)
    assert (ids(page, "waiting"), requests_made(app)) == (held_back, made)

    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("heading", name="Purchases are paused")).to_have_count(0)
    expect(rows(page, "waiting")).to_have_count(0, timeout=2 * PATIENCE_MS)
    assert [ended(app, run).state for run in (*ours, *theirs)] == [RunState.SUCCEEDED] * 8 + [RunState.CANCELLED, RunState.SUCCEEDED]
    assert requests_made(app) == before + 9
    charged, held, billed = paid(app)
    assert (charged, held) == (billed, 0)


def test_a_failed_run_says_what_to_try_and_is_mended_by_one_retry_however_often_it_is_pressed(app: RunningApp, watched: Watched) -> None:
    page, made = watched.page, requests_made(app)
    queue(app, page)
    break_next(app, "result_500")
    run = ask(app)
    row = page.locator(f"#failed #run-{run.id}")
    expect(row).to_contain_text("The provider failed while making this.")
    expect(row).to_contain_text("The provider’s fault · not charged")
    expect(page.locator("#heard")).to_contain_text("1 failed")
    row.get_by_role("button", name="Retry · $0.03").dblclick()
    expect(page.locator(f"#run-{run.id}")).to_contain_text("Last time: The provider failed while making this.")
    expect(page.locator(f"#done #run-{run.id}")).to_be_visible()
    expect(rows(page, "failed")).to_have_count(0)
    assert (ended(app, run.id).attempt, requests_made(app)) == (2, made + 2)


def test_all_failures_are_retried_at_once_after_a_look_at_what_that_buys(app: RunningApp, watched: Watched) -> None:
    page = watched.page
    break_next(app, "result_500", count=2)
    failed = [ask(app).id for _ in range(2)]
    queue(app, page, "/queue?show=failed")
    page.get_by_role("button", name="Retry all failed · $0.06").click()
    dialog = page.get_by_role("dialog", name="Retry all failed")
    for run in failed:
        expect(dialog.locator(f"#again-{run}")).to_contain_text("$0.03")
    dialog.get_by_role("button", name="Retry 2 · $0.06").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#retried")).to_contain_text("All 2 are being tried again")
    assert [ended(app, run).state for run in failed] == [RunState.SUCCEEDED] * 2
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#retried")).to_have_count(0)
    expect(page.get_by_text("Nothing failed in the last seven days.")).to_be_visible()


def test_a_request_that_was_lost_is_settled_by_one_press(app: RunningApp, watched: Watched) -> None:
    page, made = watched.page, requests_made(app)
    break_next(app, "drop_before")
    run = ask(app)
    queue(app, page, "/queue?show=undecided")
    card = page.locator("#undecided li.question")
    expect(card).to_contain_text("The connection to fal broke while the request was on its way")
    card.get_by_label("The provider’s request id").fill("no id")
    card.get_by_role("button", name="It arrived").click()
    expect(page.get_by_role("alert").filter(has_text="This is not a request id.")).to_be_visible()
    expect(card.get_by_label("The provider’s request id")).to_have_value("no id")
    card.get_by_role("button", name="Send again · $0.03 more").dblclick()
    expect(page.get_by_text("No lost request needs a decision.")).to_be_visible()
    assert ended(app, run.id).state is RunState.SUCCEEDED
    assert requests_made(app) == made + 1


def test_a_worker_that_dies_is_said_and_the_run_goes_on_when_it_is_back(app: RunningApp, watched: Watched) -> None:
    page, made = watched.page, requests_made(app)
    queue(app, page)
    run = ask(app)
    expect(page.locator(f"#running #run-{run.id}")).to_be_visible()
    away = page.locator(".well li", has_text="Worker").filter(has_text="Not running. It starts again by itself")
    until = time.monotonic() + 30
    while not away.is_visible():
        assert time.monotonic() < until, "the page never said that the worker is gone"
        if worker := app.pid_of("worker"):
            os.kill(worker, signal.SIGKILL)
        page.wait_for_timeout(100)
    expect(page.locator(".well li", has_text="Worker").filter(has_text="running")).to_be_visible(timeout=2 * PATIENCE_MS)
    expect(page.locator(f"#done #run-{run.id}")).to_be_visible(timeout=2 * PATIENCE_MS)
    assert (ended(app, run.id).state, requests_made(app)) == (RunState.SUCCEEDED, made + 1)


def test_a_link_brings_back_the_section_and_the_person_it_was_copied_from(app: RunningApp, watched: Watched, browser: Browser) -> None:
    page = watched.page
    ended(app, ask(app).id)
    theirs = ended(app, ask(app, BEN).id).id
    queue(app, page)
    page.get_by_role("link", name="Done today").click()
    expect(page.get_by_role("link", name="Done today")).to_have_attribute("aria-current", "page")
    page.get_by_label("Whose").select_option("Ben")
    expect(page.get_by_label("Whose")).to_have_value("Ben")
    page.wait_for_url("**/queue?show=done&who=Ben")
    other = Watched(browser)
    other.page.goto(page.url)
    expect(other.page.locator(f"#done #run-{theirs}")).to_be_visible()
    assert {row.locator(".named a").last.inner_text() for row in rows(other.page, "done").all()} == {"Ben"}
    other.page.locator(f"#run-{theirs}").get_by_role("link", name="Details").click()
    expect(other.page.get_by_role("heading", level=1)).to_have_text(f"Avatar of {NAME}")
    expect(other.page.locator("#happened")).to_contain_text("Ben asked for it")
    other.page.get_by_text("Exactly what was sent").click()
    expect(other.page.get_by_role("table", name="What was sent")).to_contain_text("guidance_scale")
    assert other.page.url.endswith(f"/queue?run={theirs}")
    other.context.close()
    assert (other.troubles, other.outside) == ([], [])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [390, 1280, 1920])
def test_every_width_and_theme_fits(app: RunningApp, browser: Browser, theme: str, width_px: int) -> None:
    break_next(app, "result_500")
    failed = ended(app, ask(app).id).id
    watched = Watched(browser, color_scheme=theme)
    watched.page.set_viewport_size({"width": width_px, "height": 900})
    for address in ("/queue", "/queue?show=failed", f"/queue?run={failed}", "/queue?run=nothing"):
        queue(app, watched.page, address)
        assert watched.page.evaluate(OVERHANGS) == []
    watched.context.close()
    assert (watched.troubles, watched.outside) == ([], [])
