"""Comments in a real browser: a place marked by mouse or keyboard, and a link at which a colleague answers."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.records import STUDIO_SCOPE, Person, RunKind
from pipeline.settings import SHIPPED
from pipeline.studio import photos, portraits, requests, sweep_runs, sweeps, testphotos
from pipeline.studio.comments.reading import talk_about
from pipeline.studio.comments.saying import comment_on
from pipeline.studio.comments.values import Mark, Talk
from pipeline.studio.place import Place
from pipeline.sweeps.plans import read_plan
from pipeline.workflows.wishes import AvatarWish
from tests.pages.running import RunningApp, running_app
from tests.pages.watching import OVERHANGS, Watched

pytestmark = pytest.mark.browser
ANA = Person(name="Ana")
CASE, OWNER, SWEEP = "C-1", "u-77", "s-1"
SAMPLE = SHIPPED / "samples" / "astronaut.jpg"


class Pictures:
    """An avatar of a case, and one of a sweep."""

    def __init__(self, app: RunningApp) -> None:
        self.app, self.place = app, Place(app.settings)
        photos.open_case(self.place, CASE, OWNER, ANA, name="Lim & Sofia")
        taken = photos.take_in(SAMPLE.read_bytes(), "photo.jpg")
        photos.put_photo(self.place, CASE, OWNER, taken, ANA)
        self.avatar = self._made(portraits.ask_avatar(self.place, CASE, OWNER, AvatarWish(seed=1), ANA, run_id="r-1").run.id)
        source = testphotos.add(self.place, "Astronaut", taken, ANA).id
        plan = read_plan(RunKind.AVATAR, [("photo", source), ("strength", "0.5")]).plan
        sweeps.save(self.place, SWEEP, "Trial", plan, ANA, version=0)
        sweep_runs.start(self.place, SWEEP, ANA, ceiling_micro_usd=1_000_000)
        with self.place.database.reading() as db:
            [run] = db.execute("SELECT id FROM runs WHERE sweep = ?", (SWEEP,)).fetchall()
        self.cell = self._made(run["id"])

    def _made(self, run_id: str) -> str:
        requests.wait_for(self.place, run_id, on_change=lambda _: None, meanwhile=lambda: None)
        with self.place.database.reading() as db:
            return str(db.execute("SELECT asset FROM outputs WHERE run_id = ?", (run_id,)).fetchone()["asset"])

    def said(self, scope: str, sha256: str) -> Talk:
        return talk_about(self.place, scope, sha256)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pictures]:
    """A studio whose sandbox is quick, with two pictures."""
    with running_app(tmp_path_factory.mktemp("app") / "studio") as started:
        yield Pictures(started)


def opened(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("dialog", name="Comments")).to_be_visible()


def send(page: Page, words: str) -> None:
    page.keyboard.type(words)
    page.get_by_role("dialog", name="Comments").get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".thread", has_text=words)).to_be_visible()


def test_a_press_on_the_picture_marks_a_place_and_a_colleague_answers_at_the_copied_link(
    pictures: Pictures, watched: Watched, browser: Browser
) -> None:
    page = watched.page
    watched.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{pictures.app.url}/cases?case={CASE}")
    page.locator(".framed[data-on] a[data-leads]").click()
    box = page.locator(".marked").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    send(page, "The left eye is too dark")
    [thread] = pictures.said(CASE, pictures.avatar).threads
    assert thread.comment.mark is not None
    assert (thread.comment.mark.x, thread.comment.mark.y) == pytest.approx((0.25, 0.5), abs=0.01)
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("[data-copy-address][data-done]")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    colleague = Watched(browser)
    opened(colleague.page, link)
    expect(colleague.page.locator(".dot")).to_have_text("1")
    colleague.page.get_by_text("Answer", exact=True).first.click()
    colleague.page.get_by_label("Answer to comment 1").fill("I make it again")
    colleague.page.get_by_role("button", name="Answer").click()
    expect(page.locator(".answers")).to_contain_text("I make it again")
    page.get_by_role("button", name="Settle: comment 1").click()
    expect(colleague.page.get_by_text("1 settled or withdrawn")).to_be_visible()
    assert colleague.troubles == []
    colleague.context.close()


def test_a_drag_marks_a_rectangle_and_a_refusal_is_said_in_the_dialog_with_the_words_kept(pictures: Pictures, watched: Watched) -> None:
    page = watched.page
    opened(page, f"{pictures.app.url}/library?scope={CASE}&asset={pictures.avatar}&comments={pictures.avatar}")
    box = page.locator(".marked").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.6 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.9 * box["height"], steps=4)
    page.mouse.up()
    page.locator(".talk .history-head .small").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("a")
    page.get_by_label("Comment", exact=True).fill("   ")
    page.get_by_role("dialog", name="Comments").get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".talk-notice")).to_contain_text("The comment is empty")
    page.get_by_label("Comment", exact=True).fill("")
    page.get_by_label("Comment", exact=True).focus()
    send(page, "Six fingers")
    mark = pictures.said(CASE, pictures.avatar).threads[-1].comment.mark
    assert mark is not None
    assert (mark.x, mark.y, mark.width, mark.height) == pytest.approx((0.5, 0.6, 0.2, 0.3), abs=0.01)
    with pictures.place.database.reading() as db:
        assert db.execute("SELECT 1 FROM approvals").fetchall() == [], "a key decided about what lies behind the comments"
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(f"asset={pictures.avatar}$"))


def test_in_a_sweep_a_place_is_marked_with_the_keyboard_alone_and_the_cell_is_there_again_afterwards(pictures: Pictures, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{pictures.app.url}/compare?sweep={SWEEP}")
    page.locator(".cell[data-pictured]").click()
    way = page.locator(".full-panel a[data-leads]")
    way.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Comments")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Mark a place").focus()
    page.keyboard.press("Enter")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    send(page, "The ear is lost")
    [thread] = pictures.said(STUDIO_SCOPE, pictures.cell).threads
    assert thread.comment.mark == Mark(x=0.48, y=0.49, width=0.01, height=0.01)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".full-panel")).to_be_visible()
    expect(way).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".full-panel")).to_be_hidden()
    expect(page.locator(".cell .talks")).to_have_text(re.compile("1$"))


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light"), (1920, "dark")])
def test_picture_and_comments_fit_the_window(pictures: Pictures, browser: Browser, width: int, scheme: str) -> None:
    comment_on(pictures.place, CASE, pictures.avatar, "x" * 300, ANA, mark=Mark(x=0.99, y=0.01))
    page = Watched(browser, viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened(page.page, f"{pictures.app.url}/cases?case={CASE}&comments={pictures.avatar}")
    expect(page.page.locator(".marked img")).to_be_in_viewport(ratio=0.99)
    assert page.page.evaluate(OVERHANGS) == []
    assert page.troubles == []
    page.context.close()
