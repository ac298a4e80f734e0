"""The Library in a real browser: judged by keyboard, looked into, filtered, many at once, removed; on a desk and on a phone."""

import itertools
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pipeline.records import Decision, Person, Run
from pipeline.settings import SHIPPED
from pipeline.studio import home, library, photos, portraits, requests, reviews
from pipeline.studio.filters import Filter
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.pages.running import RunningApp, running_app
from tests.pages.watching import OVERHANGS, Watched

pytestmark = pytest.mark.browser
ANA = Person(name="Ana")
SAMPLE = SHIPPED / "samples" / "astronaut.jpg"
PLAYS = """clip => new Promise(done => {
    const begun = clip.currentTime
    setTimeout(() => done(!clip.paused && clip.muted && clip.currentTime !== begun), 900)
})"""
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A studio whose sandbox is quick."""
    with running_app(tmp_path_factory.mktemp("app") / "studio") as started:
        yield started


class Customer:
    """A case with avatars that wait for a decision."""

    def __init__(self, app: RunningApp, avatars: int) -> None:
        self.place, self.case, self.owner = Place(app.settings), f"L-{next(numbers)}", "u-77"
        photos.open_case(self.place, self.case, self.owner, ANA, name=f"Couple {self.case}")
        photos.put_photo(self.place, self.case, self.owner, photos.take_in(SAMPLE.read_bytes(), "photo.jpg"), ANA)
        asked = [
            portraits.ask_avatar(self.place, self.case, self.owner, AvatarWish(seed=seed), ANA, run_id=f"r-{self.case}-{seed}").run
            for seed in range(avatars)
        ]
        self.avatars = [self._finished(run) for run in asked]

    def _finished(self, run: Run) -> Run:
        return requests.wait_for(self.place, run.id, on_change=lambda _: None, meanwhile=lambda: None)

    def approve(self, run: Run) -> None:
        made = home.see(self.place, run.id).made
        assert made is not None
        reviews.decide_on(self.place, made, self.owner, Decision.APPROVED, ANA)

    def clip(self) -> Run:
        self.approve(self.avatars[0])
        run_id = f"{self.avatars[0].id}-clip"
        return self._finished(
            portraits.ask_clip(self.place, self.case, self.owner, ClipWish(), ANA, run_id=run_id, parent_run=self.avatars[0].id).run
        )

    def decisions(self) -> list[str]:
        with self.place.database.reading() as db:
            rows = db.execute("SELECT decision FROM approvals WHERE scope = ? ORDER BY at", (self.case,))
            return [row["decision"] for row in rows]

    def left(self) -> int:
        return library.find(self.place, Filter(case_id=self.case)).total


def wall(app: RunningApp, page: Page, **query: str) -> list[Locator]:
    """Open the library and return its tiles."""
    page.goto(f"{app.url}/library?{urlencode(query)}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Library")
    page.locator("[data-tile]").first.wait_for()
    return page.locator("[data-tile]").all()


def ids(tiles: list[Locator]) -> list[str]:
    return [tile.get_attribute("id") or "" for tile in tiles]


def begin(page: Page) -> None:
    """Stand on the first tile."""
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("ArrowRight")


def until(holds: object, page: Page) -> None:
    for _ in range(100):
        if holds():  # type: ignore[operator]
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come about")


def test_five_tiles_are_judged_by_keyboard_as_fast_as_one_types(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 6)
    names = ids(wall(app, page, case=customer.case, kind="avatar", state="to review"))
    begin(page)
    for key in "arrar":
        page.keyboard.press(key)
    expect(page.locator(f"#{names[5]}")).to_be_focused()
    expect(page.locator("[data-tile]")).to_have_count(1)
    expect(page.locator(f"#{names[5]}")).to_be_focused()
    assert customer.decisions() == ["approved", "rejected", "rejected", "approved", "rejected"]
    page.keyboard.press("s")
    expect(page.locator(f"#{names[5]} .star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("r")
    expect(page.get_by_text("No file fits all of this")).to_be_visible()


def test_arrows_walk_in_both_directions_and_letters_mean_the_tile_one_stands_on(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 3)
    names = ids(wall(app, page, case=customer.case))
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("a")
    page.wait_for_timeout(500)
    assert customer.decisions() == []
    page.keyboard.press("ArrowRight")
    for key, at in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowRight", 3)):
        page.keyboard.press(key)
        expect(page.locator(f"#{names[at]}")).to_be_focused()
    page.keyboard.press("a")
    page.wait_for_timeout(500)
    assert customer.decisions() == [], "a photo cannot be approved, and no other tile was meant"
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_hidden()


def test_a_press_is_answered_at_once(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 1)
    wall(app, page, case=customer.case, kind="avatar")
    approve = page.locator("[data-tile]").get_by_role("button", name="Approve")
    assert approve.evaluate("button => { button.click(); return button.getAttribute('aria-busy') }") == "true"
    expect(page.locator("[data-tile]").get_by_text("Approved", exact=True)).to_be_visible()
    expect(page.locator("[data-tile] [aria-busy=true]")).to_have_count(0)


def test_the_full_screen_goes_from_tile_to_tile_and_judges(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 3)
    names = ids(wall(app, page, case=customer.case, kind="avatar"))
    begin(page)
    page.keyboard.press(" ")
    stage = page.get_by_role("dialog", name="Full screen")
    expect(stage.locator(".stage-frame img")).to_have_attribute("data-of", names[0])
    assert stage.locator(".stage-frame img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert stage.locator(".stage-frame img").get_attribute("src") == page.locator(f"#{names[0]}").get_attribute("data-large")
    assert stage.locator(".stage-frame img").evaluate("image => image.getBoundingClientRect().bottom <= innerHeight")
    page.keyboard.press("a")
    expect(stage.locator(".stage-frame img")).to_have_attribute("data-of", names[1])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    stage.get_by_role("button", name="Next").click()
    expect(stage.locator(".stage-frame img")).to_have_attribute("data-of", names[2])
    until(lambda: customer.decisions() == ["approved"], page)
    page.keyboard.press("Escape")
    expect(stage).to_be_hidden()
    expect(page.locator(f"#{names[2]}")).to_be_focused()


def test_clips_play_while_one_points_at_them_and_load_only_then(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 1)
    customer.clip()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url) if request.resource_type == "media" else None)
    [tile] = wall(app, page, case=customer.case, kind="clip")
    expect(tile.locator(".corner")).to_contain_text("Clip")
    assert loaded == []
    tile.hover()
    assert tile.locator("video").evaluate(PLAYS)
    page.get_by_role("heading", level=1).hover()
    assert tile.locator("video").evaluate("clip => clip.paused")
    begin(page)
    assert tile.locator("video").evaluate(PLAYS)
    page.keyboard.press(" ")
    assert page.locator(".stage-frame video").evaluate(PLAYS)


def test_filters_are_addresses_and_a_reload_shows_the_same(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 2)
    wall(app, page, case=customer.case)
    page.get_by_text("Avatars", exact=True).click()
    expect(page).to_have_url(re.compile(r"kind=avatar"))
    expect(page.locator("[data-tile]")).to_have_count(2)
    page.get_by_role("button", name="Filters").click()
    panel = page.get_by_role("dialog", name="Filters")
    panel.get_by_text("Pixar", exact=True).click()
    expect(page).to_have_url(re.compile(r"style=pixar"))
    panel.get_by_text("Current", exact=True).click()
    expect(page).to_have_url(re.compile(r"state=current"))
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("No file fits all of this")).to_be_visible()
    page.get_by_role("link", name="Take away: Current").click()
    expect(page.locator("[data-tile]")).to_have_count(2)
    page.get_by_role("searchbox").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No file fits all of this")).to_be_visible()
    address = page.url
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("nobody")
    expect(page.get_by_role("checkbox", name="Avatars")).to_be_checked()
    assert page.url == address
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(page.get_by_role("checkbox", name="Avatars")).not_to_be_checked()
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_details_open_beside_the_wall_and_from_a_case_and_give_the_focus_back(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 2)
    names = ids(wall(app, page, case=customer.case, kind="avatar"))
    begin(page)
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Details")
    expect(drawer.get_by_role("heading", name="Avatar")).to_be_focused()
    expect(drawer.get_by_role("slider")).to_be_visible()
    drawer.get_by_role("link", name="Next file").click()
    expect(page.locator(f"#{names[1]}")).to_have_class(re.compile("current"))
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="Reject this avatar")
    dialog.get_by_label("Too stylised").check()
    dialog.get_by_role("button", name="Reject", exact=True).click()
    expect(drawer.get_by_text("Rejected").first).to_be_visible()
    expect(drawer.get_by_text("Too stylised", exact=True).last).to_be_visible()
    with page.expect_download() as saved:
        drawer.get_by_role("link", name="Avatar", exact=True).first.click()
    assert saved.value.suggested_filename.startswith(f"Couple {customer.case} - avatar - ")
    drawer.get_by_role("link", name="Close").click()
    expect(drawer).to_have_count(0)
    expect(page.locator(f"#{names[1]}").or_(page.locator(f"#{names[0]}"))).to_have_count(2)
    page.goto(f"{app.url}/cases?case={customer.case}")
    page.get_by_role("link", name="Details").first.click()
    expect(page.get_by_role("complementary", name="Details").get_by_text(f"Couple {customer.case}")).to_be_visible()


def test_many_are_ticked_and_judged_at_once(app: RunningApp, watched: Watched) -> None:
    page, customer = watched.page, Customer(app, 3)
    wall(app, page, case=customer.case, kind="avatar")
    page.get_by_label("Select all on this page").check()
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.locator("[data-tile]").nth(1).get_by_role("checkbox").uncheck()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("form", name="What is selected").get_by_role("button", name="Reject", exact=True).click()
    dialog = page.get_by_role("dialog", name="Reject what is selected")
    dialog.get_by_label("Motion is odd").check()
    dialog.get_by_role("button", name="Reject them").click()
    expect(page.get_by_text("2 files rejected.")).to_be_visible()
    expect(page.get_by_text("2 selected")).to_be_hidden()
    assert page.locator(".pick :checked").count() == 0
    assert customer.decisions() == ["rejected", "rejected"]


def test_removing_shows_what_goes_and_only_then_removes_it(app: RunningApp, watched: Watched, browser: Browser) -> None:
    page, customer = watched.page, Customer(app, 1)
    customer.clip()
    before = customer.left()
    wall(app, page, case=customer.case, kind="avatar")
    begin(page)
    page.keyboard.press("Enter")
    remove = page.get_by_role("complementary", name="Details").get_by_role("button", name="Remove")
    remove.click()
    dialog = page.get_by_role("dialog", name="Remove this avatar?")
    for words in ("Avatar, 512 px", "Clip as delivered", "Poster"):
        expect(dialog.get_by_text(words, exact=True)).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert customer.left() == before
    remove.click()
    dialog.get_by_label("Reason").fill("The customer asked for it")
    page.wait_for_timeout(1500)
    dialog.get_by_role("button", name="Remove 5 files").click()
    expect(page.get_by_role("heading", name="This avatar was removed")).to_be_visible()
    assert customer.left() == 1
    other = Watched(browser)
    other.page.goto(page.url)
    expect(other.page.get_by_text("The customer asked for it")).to_be_visible()
    other.context.close()
    assert other.troubles == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [390, 1280, 1920])
def test_wall_and_details_fit_every_width(app: RunningApp, browser: Browser, theme: str, width_px: int) -> None:
    if not library.find(Place(app.settings), Filter()).total:
        Customer(app, 1)
    watched = Watched(browser, color_scheme=theme)
    page = watched.page
    page.set_viewport_size({"width": width_px, "height": 900})
    wall(app, page, q="couple", kind="avatar")
    assert page.evaluate(OVERHANGS) == []
    page.locator("[data-tile]").first.focus()
    page.keyboard.press("x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    assert page.evaluate(OVERHANGS) == []
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Details")
    drawer.get_by_text("The exact request").click()
    assert page.evaluate(OVERHANGS) == []
    if width_px < 720:
        drawer.get_by_role("link", name="Close").click()
        page.get_by_label("Kind and state").check()
        expect(page.get_by_text("Rejected", exact=True).first).to_be_visible()
        assert page.evaluate(OVERHANGS) == []
    watched.context.close()
    assert (watched.troubles, watched.outside) == ([], [])
