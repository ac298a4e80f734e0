"""Every screen, in both themes and on a phone, has nothing that axe-core calls serious or critical."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline import runs
from pipeline.buying import calls
from pipeline.errors import BeingLookedUp
from pipeline.ledger import Cap
from pipeline.records import CallState, Decision, Person, Run, RunKind, RunState, now
from pipeline.sandbox import faults
from pipeline.settings import SHIPPED
from pipeline.studio import budgets, people, photos, portraits, publishing, requests, reviews, seen, sweep_runs, sweeps, switches, testphotos
from pipeline.studio.comments.saying import comment_on, settle
from pipeline.studio.comments.values import Mark
from pipeline.studio.place import Place
from pipeline.sweeps.plans import read_plan
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.pages.running import RunningApp
from tests.pages.scanner import contrast_on_stripes, prepare, serious, serious_in_dialogs

pytestmark = pytest.mark.browser
ANA = Person(name="Ana")
PATIENCE_MS = 30_000
# A name for the test, and the address; the studio that they look at is made in `day`, braces name what has no name before.
SCREENS = {
    "home": "/",
    "cases": "/cases",
    "cases, none found": "/cases?q=nobody",
    "a case without a photo": "/cases?case=empty",
    "a case with a photo": "/cases?case=photo",
    "a case with a candidate": "/cases?case=candidate",
    "a case with an avatar": "/cases?case=avatar",
    "a case with a clip": "/cases?case=clip",
    "a case that failed": "/cases?case=failed",
    "a case that needs a decision": "/cases?case=lost",
    "a case that waits": "/cases?case=waiting",
    "a case with two attempts compared": "/cases?case=clip&compare=r-clip,r-clip-clip",
    "comments on an avatar": "/cases?case=candidate&comments={avatar}",
    "comments on a clip": "/cases?case=clip&comments={clip}",
    "comments on nothing": "/cases?case=clip&comments=nothing",
    "a case of the free tier": "/cases?case=free",
    "a case that is not there": "/cases?case=nothing",
    "compare": "/compare",
    "a sweep": "/compare?sweep=s1",
    "a sweep, a cell in full": "/compare?sweep=s1#open={cell}",
    "a sweep judged blind": "/compare?sweep=s1&judge=1",
    "a sweep that is not there": "/compare?sweep=nothing",
    "library": "/library",
    "library, none found": "/library?q=nobody",
    "library, a clip in detail": "/library?scope=clip&asset={clip}",
    "library, an avatar in detail": "/library?scope=candidate&asset={avatar}",
    "library, a file that is not there": "/library?scope=clip&asset=nothing",
    "publish": "/publish",
    "publish, published": "/publish?show=shown",
    "publish, none found": "/publish?q=nobody",
    "publish, a case that guests see": "/publish?case=clip",
    "publish, a case that waits": "/publish?case=avatar&net=3g",
    "publish, a case with nothing": "/publish?case=empty",
    "publish, a case that is not there": "/publish?case=nothing",
    "queue": "/queue",
    "queue, one section": "/queue?show=failed",
    "costs": "/costs",
    "costs, narrowed to a style": "/costs?by=style&style=pixar%401",
    "costs, customers": "/costs?by=case&closer=customers",
    "costs, likeness and approval": "/costs?closer=worth",
    "costs, a request": "/costs?request={call}",
    "costs, a request that is not there": "/costs?request=nothing",
    "a run that failed": "/queue?run=r-failed",
    "a run that made a clip": "/queue?run=r-clip-clip",
    "a run that is not there": "/queue?run=nothing",
    "costs, budgets": "/costs?part=budgets",
    **{f"settings, {part}": f"/settings?part={part}" for part in ("health", "models", "styles", "files", "values", "people", "version", "nowhere")},
}
# One of each kind of screen, scanned at every change; all of them by `make test-long`.
USUAL = {
    "home",
    "cases",
    "a case with a candidate",
    "a case with a clip",
    "a case that needs a decision",
    "comments on an avatar",
    "a sweep",
    "a sweep judged blind",
    "library",
}
USUAL |= {"library, an avatar in detail", "publish, a case that guests see", "queue", "costs", "costs, budgets", "settings, people"}
SCANNED = [pytest.param(name, marks=() if name in USUAL else pytest.mark.long) for name in SCREENS]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page that does not move, so that no colour is measured half way; shared, because loading everything anew takes a second."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


@pytest.fixture(scope="module")
def day(app: RunningApp) -> Place:
    """The studio on a working day: a case in every state, somebody else at work, purchases paused."""
    place = Place(app.settings)
    photos.open_case(place, "empty", "owner", ANA, name="No photo yet")
    photos.open_case(place, "free", "owner", ANA, name="Free tier", plan=photos.Plan.FREE)
    opened(place, "photo")
    talk_of(place, made(place, asked(place, "candidate")))
    for name in ("avatar", "clip"):
        approve(place, made(place, asked(place, name)))
    made(place, portraits.ask_clip(place, "clip", "owner", ClipWish(), ANA, run_id="r-clip-clip").run)
    publishing.publish_case(place, "clip", "owner", ANA)
    compare(place)
    faults.add(place.settings.folder / "emulator", faults.Fault(kind="result_422", endpoint="flux", count=1, rate=None, seconds=None, skip=0))
    made(place, asked(place, "failed"))
    people.add(place, "Ben", "product", frozenset({*Person(name="").roles} - {people.Role.ADMIN}), ANA)
    for amount, hard in ((30_000_000, True), (100_000, False)):
        budgets.set_cap(place, Cap(scope_kind="studio", scope="all", period="month", micro_usd=amount), ANA, hard=hard, reason="the scan")
    switches.pause(place, ANA, "the scan")
    asked(place, "waiting")
    lose(place, asked(place, "lost"))
    return place


def compare(place: Place) -> None:
    """Buy a sweep of two cells on a test photo."""
    source = testphotos.add(place, "Maya", photos.take_in((SHIPPED / "samples" / "astronaut.jpg").read_bytes(), "photo.jpg"), ANA)
    plan = read_plan(RunKind.AVATAR, [("photo", source.id), ("strength", "0.5, 0.6, 0.61")]).plan
    sweeps.save(place, "s1", "Spring presets", plan, ANA, version=0)
    sweep_runs.start(place, "s1", ANA, ceiling_micro_usd=1_000_000)
    with place.database.reading() as db:
        asked = runs.live(db)
    for run in asked:
        made(place, run)


def talk_of(place: Place, run: Run) -> None:
    """Comment on what a run made: a place and a rectangle, one answered, one settled."""
    found = seen.see(place, run.id).made
    assert found is not None
    first = comment_on(place, found.scope, found.sha256, "The left eye is too dark", ANA, mark=Mark(x=0.4, y=0.3))
    comment_on(place, found.scope, found.sha256, "I make it again", ANA, answers_to=first.id)
    second = comment_on(place, found.scope, found.sha256, "Six fingers", ANA, mark=Mark(x=0.5, y=0.6, width=0.2, height=0.2))
    settle(place, second.id, ANA)


def opened(place: Place, case: str) -> None:
    photos.open_case(place, case, "owner", ANA, name=f"Case {case}")
    photos.put_photo(place, case, "owner", photos.take_in((SHIPPED / "samples" / "astronaut.jpg").read_bytes(), "photo.jpg"), ANA)


def asked(place: Place, case: str) -> Run:
    opened(place, case)
    return portraits.ask_avatar(place, case, "owner", AvatarWish(seed=7), ANA, run_id=f"r-{case}").run


def made(place: Place, run: Run) -> Run:
    return requests.wait_for(place, run.id, on_change=lambda _: None, meanwhile=lambda: None)


def lose(place: Place, run: Run) -> None:
    """Let a request get lost on its way, so that somebody has to decide."""
    with place.database.writing() as tx:
        call = calls.filling(tx, run.id, run.kind.value)
        calls.move(tx, calls.move(tx, call, CallState.SUBMITTING, sent_at=now(), sends=1), CallState.UNKNOWN, needs_decision=1)
        runs.finish(tx, run.id, RunState.FAILED, BeingLookedUp())


def named(place: Place, address: str) -> str:
    """Return an address in which every brace is filled with what the day made."""
    kept = {"clip": ("clip", "clip"), "avatar": ("candidate", "avatar")}
    with place.database.reading() as db:
        rows = {name: db.execute("SELECT sha256 FROM assets WHERE scope = ? AND kind = ?", which).fetchone() for name, which in kept.items()}
        cell = db.execute("SELECT id FROM runs WHERE sweep = 's1' ORDER BY id LIMIT 1").fetchone()["id"]
        call = db.execute("SELECT id FROM costs WHERE run_id = 'r-candidate'").fetchone()["id"]
    return address.format(cell=cell, call=call, **{name: row["sha256"] for name, row in rows.items()})


def approve(place: Place, run: Run) -> None:
    found = seen.see(place, run.id)
    assert found.made is not None
    reviews.decide_on(place, found.made, found.case.owner, Decision.APPROVED, ANA)


def show(page: Page, address: str) -> None:
    """Go to an address with a light theme on a usual screen."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto(address)
    prepare(page)


def scanned(page: Page, address: str) -> list[str]:
    """Return what is serious on a screen and in its dialogs: in the light, in the dark (which changes colours only), on a phone."""
    show(page, address)
    found = [f"light: {words}" for words in lasting(page, lambda: serious(page) + serious_in_dialogs(page)[1])]
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => getComputedStyle(document.querySelector('.stApp')).backgroundColor === 'rgb(31, 31, 31)'")
    contrast = lasting(page, lambda: serious(page, "color-contrast") + serious_in_dialogs(page, "color-contrast")[1])
    found += [f"dark: {words}" for words in contrast]
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    prepare(page)
    return found + [f"phone: {words}" for words in lasting(page, lambda: serious(page))]


def lasting(page: Page, look: Callable[[], list[str]]) -> list[str]:
    """Return what is found at two looks: while a theme changes or a drawing arrives, half of the old may stand on half of the new."""
    found = look()
    if found:
        page.wait_for_timeout(1500)
        found = look()
    return found


def test_a_fresh_install_has_nothing_serious(app: RunningApp, page: Page) -> None:
    show(page, app.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Make your first living portrait")
    assert scanned(page, app.url) == []


@pytest.mark.parametrize("screen", SCANNED)
def test_no_screen_has_anything_serious(app: RunningApp, day: Place, page: Page, screen: str) -> None:
    assert scanned(page, app.url + named(day, SCREENS[screen])) == []


def test_the_scan_sees_what_is_wrong_inside_our_elements_and_dialogs(app: RunningApp, day: Place, page: Page) -> None:
    """Without this, a scan that never looks into the shadow roots would pass everything above."""
    show(page, app.url + "/settings?part=people")
    page.locator(".workshop h2").first.evaluate("title => (title.style.color = '#aaa')")
    page.locator(".workshop .listing").evaluate("table => table.append(document.createElement('button'))")
    assert {words.split(":")[0] for words in serious(page)} == {"serious color-contrast", "critical button-name"}
    page.locator(".dialog input[name=team]").first.evaluate("field => field.parentNode.replaceWith(field)")
    opened, said = serious_in_dialogs(page)
    assert len(opened) >= 2
    assert [words for words in said if "critical label" in words]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_on_the_striped_strip_can_be_read(app: RunningApp, day: Place, page: Page, theme: str) -> None:
    show(page, app.url)
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    ratios = contrast_on_stripes(page)
    assert len(ratios) >= 10
    assert min(ratios) >= 4.5
