"""The app as `make run` starts it, used as people use it."""

import os
import re
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pipeline.sandbox.bill import bill
from pipeline.studio.place import Place
from tests.pages.running import RunningApp, running_app
from tests.pages.watching import OVERHANGS, PATIENCE_MS, Watched, paid, requests_made

pytestmark = pytest.mark.browser
LOOPS = """clip => new Promise(done => {
    const begun = clip.currentTime
    setTimeout(() => done(clip.muted && clip.loop && clip.currentTime !== begun), 700)
})"""
AVATAR = re.compile(r"^Make (a sample portrait|another · \$0\.03)")


def called_about(app: RunningApp) -> set[str]:
    """Return the requests whose end the provider called about."""
    with Place(app.settings).database.reading() as db:
        return {row["request_id"] for row in db.execute("SELECT request_id FROM webhook_inbox")}


def is_running(pid: int) -> bool:
    """Tell whether a process lives; one that has ended and waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_drawn(page: Page, selector: str) -> bool:
    """Tell whether a picture has really been decoded."""
    return bool(page.locator(selector).evaluate("image => image.decode().then(() => image.naturalWidth > 0)"))


def press_to_buy(page: Page) -> None:
    """Press whatever makes an avatar now: the first one, or another one."""
    page.get_by_role("button", name=AVATAR).click()


def test_a_fresh_server_shows_the_shell_whatever_address_comes_first(app: RunningApp, browser: Browser) -> None:
    for path in ("/nowhere", "/?x", "/home", "/"):
        watched = Watched(browser)
        watched.page.goto(app.url + path)
        expect(watched.page.get_by_text("SANDBOX", exact=True)).to_be_visible()
        expect(watched.page.get_by_role("button", name=AVATAR)).to_be_visible()
        assert "shell" not in watched.page.inner_text("body")
        watched.context.close()


def test_a_double_click_buys_once_and_so_do_two_tabs(app: RunningApp, watched: Watched, browser: Browser) -> None:
    before, other = requests_made(app), Watched(browser)
    for page in (watched.page, other.page):
        page.goto(app.url)
        page.get_by_role("button", name=AVATAR).wait_for()
    watched.page.get_by_role("button", name=AVATAR).dblclick()
    other.page.get_by_role("button", name=AVATAR).evaluate("button => { button.click(); button.removeAttribute('aria-busy'); button.click() }")
    for page in (watched.page, other.page):
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
    other.context.close()
    assert requests_made(app) == before + 1
    assert paid(app) == ((before + 1) * 30_000, 0, (before + 1) * 30_000)


def test_reload_and_the_death_of_the_worker_lose_nothing(app: RunningApp, watched: Watched) -> None:
    before, page = requests_made(app), watched.page
    page.goto(app.url)
    press_to_buy(page)
    expect(page.get_by_role("progressbar").first).to_be_attached()
    page.reload()
    expect(page.get_by_role("progressbar").first).to_be_attached()
    worker = app.pid_of("worker")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    expect(page.get_by_role("button", name="Approve")).to_be_visible(timeout=2 * PATIENCE_MS)
    assert requests_made(app) == before + 1


def test_the_buttons_lead_to_a_portrait_that_costs_what_the_sandbox_billed(app: RunningApp, watched: Watched, browser: Browser) -> None:
    page = watched.page
    page.goto(app.url)
    press_to_buy(page)
    expect(page.get_by_role("progressbar").first).to_be_attached()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    assert is_drawn(page, "#the-avatar")
    assert page.locator("#the-avatar").get_attribute("alt") == "Avatar of Sample portrait"
    expect(page.locator("[aria-live=polite]").first).to_have_text("Avatar · Pixar of Sample portrait: Ready to review")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Animate").click()
    expect(page.locator("#the-clip")).to_be_visible()
    assert page.locator("#the-clip").evaluate(LOOPS)
    still = Watched(browser, reduced_motion="reduce")
    still.page.goto(app.url)
    assert still.page.locator("#the-clip").evaluate("clip => clip.paused && clip.controls")
    still.context.close()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Your first living portrait is ready")).to_be_visible()
    charged, held, billed = paid(app)
    assert (charged, held) == (billed, 0)
    assert called_about(app) == {line.request_id for line in bill(app.settings.folder / "emulator").requests}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [390, 1280, 1920])
def test_every_width_and_theme_fits_and_uses_our_own_letters(app: RunningApp, browser: Browser, theme: str, width_px: int) -> None:
    watched = Watched(browser, color_scheme=theme)
    watched.page.set_viewport_size({"width": width_px, "height": 900})
    watched.page.goto(app.url)
    expect(watched.page.get_by_role("heading", level=1)).to_be_visible()
    assert watched.page.evaluate(OVERHANGS) == []
    lightness = watched.page.locator(".stApp").evaluate("app => Number(getComputedStyle(app).backgroundColor.match(/[0-9]+/)[0])")
    assert lightness == {"light": 0xF2, "dark": 0x1F}[theme]
    watched.page.wait_for_function("() => [...document.fonts].some(face => face.family === 'Inter' && face.status === 'loaded')")
    watched.context.close()
    assert (watched.troubles, watched.outside) == ([], [])


def test_a_killed_app_leaves_no_children_and_a_new_one_finds_the_work(app: RunningApp, browser: Browser) -> None:
    before, watched = requests_made(app), Watched(browser)
    watched.page.goto(app.url)
    watched.page.get_by_role("button", name=re.compile(r"· \$0\.03")).click()
    expect(watched.page.get_by_role("progressbar").first).to_be_attached()
    children = [app.pid_of("worker"), app.pid_of("sandbox")]
    app.process.kill()
    app.process.wait()
    watched.context.close()
    until = time.monotonic() + 15
    while any(pid is not None and is_running(pid) for pid in children):
        assert time.monotonic() < until, "the children outlived the app"
        time.sleep(0.05)
    with running_app(app.settings.data, STUDIO_SANDBOX_SPEED="1") as again:
        fresh = Watched(browser)
        fresh.page.goto(again.url)
        expect(fresh.page.get_by_role("button", name="Approve").first).to_be_visible()
        expect(fresh.page.get_by_role("progressbar")).to_have_count(0)
        fresh.context.close()
        assert requests_made(again) == before + 1
        charged, held, billed = paid(again)
        assert (charged, held) == (billed, 0)
