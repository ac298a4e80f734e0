"""What people wait for in a real browser, in a studio with ten thousand cases and fifty thousand files."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.records import Case
from pipeline.studio import casebook, portraits, switches
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish
from tests.benchmarks.bulk import fill
from tests.benchmarks.figure import Figure
from tests.benchmarks.idle import ticks
from tests.browser import FLAGS, ensure_browser
from tests.little_studio import ME
from tests.pages.running import RunningApp, free_port

CASES, FILES = 10_000, 50_000
WATCHERS, WATCHED_SECONDS = 10, 20.0
RIVAL = Path(__file__).with_name("rival_grid.py")
PATIENCE_MS = 60_000
# The element acknowledges a press in the same frame; two frames later it is on the screen.
PRESSED = """button => new Promise(done => {
    const begun = performance.now()
    button.click()
    const shown = button.getAttribute('aria-busy') === 'true'
    requestAnimationFrame(() => requestAnimationFrame(() => done(shown ? performance.now() - begun : 1e9)))
})"""
LOADED = """() => {
    const all = root => [...root.querySelectorAll('*')].flatMap(node => [node, ...(node.shadowRoot ? all(node.shadowRoot) : [])])
    const images = all(document).filter(node => node.nodeName === 'IMG')
    const inSight = images.filter(image => { const box = image.getBoundingClientRect(); return box.width && box.top < innerHeight && box.bottom > 0 })
    return inSight.length > MINIMUM && inSight.every(image => image.complete && image.naturalWidth)
}"""


def measure() -> list[Figure]:
    """Fill a studio, open it in a browser, and time what people do."""
    path = ensure_browser()  # it may drive a browser itself, which two at a time cannot
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        filled = fill(Path(folder), CASES, FILES)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        app = RunningApp(Path(folder), STUDIO_SANDBOX_SPEED="300", STUDIO_PERSON=ME.name)
        try:
            figures = [_cold_start(app, browser), *_pages(app.wait_until_healthy(), browser), _rival(browser, filled.place)]
            return [*figures, *_watching(app, browser, filled.place)]
        finally:
            app.stop()
            browser.close()


def _cold_start(app: RunningApp, browser: Browser) -> Figure:
    while not app.health():
        time.sleep(0.02)
    page, begun = browser.new_page(), time.monotonic()
    page.goto(app.url)
    page.get_by_role("heading", level=1).wait_for(timeout=PATIENCE_MS)
    seconds = time.monotonic() - begun
    page.close()
    return Figure(name="cold start: usable Home after the server answers", value=seconds, unit="s", limit=3)


def _pages(app: RunningApp, browser: Browser) -> list[Figure]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{app.url}/cases")
    page.locator(".tile").first.wait_for(timeout=PATIENCE_MS)
    case = statistics.median(_case(page, number) for number in range(7))
    library = statistics.median(_library(page) for _ in range(5))
    page.goto(f"{app.url}/cases")
    pressed = page.get_by_role("button", name="Search").evaluate(PRESSED.replace("button.click()", "button.focus(); button.click()"))
    page.close()
    return [
        Figure(name=f"case screen usable after a click, {CASES:,} cases", value=case, unit="s", limit=1, beside="median of 7"),
        Figure(
            name=f"library usable after a click, {FILES:,} files",
            value=library,
            unit="s",
            limit=1.5,
            beside="median of 5, every picture in sight loaded",
        ),
        Figure(name="a press is acknowledged on the screen", value=pressed / 1000, unit="s", limit=0.2),
        _refresh(app, browser),
    ]


def _case(page: Page, number: int) -> float:
    tile = page.locator(".tile").nth(number)
    tile.wait_for(timeout=PATIENCE_MS)
    begun = time.monotonic()
    tile.click()
    page.locator("#make").wait_for(timeout=PATIENCE_MS)
    page.wait_for_function(LOADED.replace("MINIMUM", "0"), timeout=PATIENCE_MS)
    seconds = time.monotonic() - begun
    page.get_by_role("link", name="Cases").last.click()
    return seconds


def _library(page: Page) -> float:
    page.get_by_role("link", name="Cases").first.click()
    page.locator(".search").wait_for(timeout=PATIENCE_MS)
    begun = time.monotonic()
    page.get_by_role("link", name="Library").click()
    page.locator("[data-tile]").first.wait_for(timeout=PATIENCE_MS)
    page.wait_for_function(LOADED.replace("MINIMUM", "7"), timeout=PATIENCE_MS)
    return time.monotonic() - begun


def _refresh(app: RunningApp, browser: Browser) -> Figure:
    """Count what a browser receives while nothing changes, per second, which is one refresh."""
    page, received = browser.new_page(), [0]
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.__setitem__(0, received[0] + len(frame))))
    page.goto(f"{app.url}/cases")
    page.locator(".tile").first.click()
    page.locator("#make").wait_for(timeout=PATIENCE_MS)
    page.wait_for_timeout(3000)
    received[0], seconds = 0, 10
    page.wait_for_timeout(seconds * 1000)
    page.close()
    return Figure(name="a refresh when nothing changed, received", value=received[0] / seconds / 1000, unit="kB", limit=5)


def _watching(app: RunningApp, browser: Browser, place: Place) -> list[Figure]:
    """Let ten browsers watch a case in which something runs; change its stage and see when they show it."""
    case = next(_open_cases(place))
    switches.pause(place, ME, "Note 0")
    number = casebook.look(place, case.id).avatars + 1
    portraits.ask_next_avatar(place, case.id, case.owner, AvatarWish(), ME, number)
    page = _watcher(browser, f"{app.url}/cases?case={quote(case.id)}")
    noticed = [_noticed(place, page, f"Note {number}") for number in range(1, 13)]
    switches.resume(place, ME)
    page.locator("#now").get_by_text("Painting").wait_for(timeout=PATIENCE_MS)
    others = [_watcher(browser, page.url) for _ in range(WATCHERS - 1)]
    time.sleep(2)
    before, begun = ticks(app.process.pid, children=False), time.monotonic()
    time.sleep(WATCHED_SECONDS)
    share = (ticks(app.process.pid, children=False) - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - begun)
    for one in (page, *others):
        one.close()
    return [
        Figure(name="a changed status is on the screen, longest of 12", value=max(noticed), unit="s", limit=1.5),
        Figure(name=f"{WATCHERS} browsers watch a run, share of a core", value=100 * share, unit="%", limit=10),
    ]


def _open_cases(place: Place) -> Iterator[Case]:
    """Find cases in which an avatar can be asked for."""
    with place.database.reading() as db:
        rows = db.execute("SELECT id FROM cases WHERE plan = 'premium' AND crop IS NOT NULL ORDER BY created_at DESC").fetchall()
    seen = (casebook.look(place, row["id"], ME) for row in rows)
    return (one.case for one in seen if one.avatar_offer.why is None)


def _watcher(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.goto(address)
    page.locator("#now [role=progressbar]").wait_for(timeout=PATIENCE_MS)
    return page


def _noticed(place: Place, page: Page, note: str) -> float:
    """Change why a run waits, and return after how many seconds the page says so."""
    switches.pause(place, ME, note)
    begun = time.monotonic()
    page.locator("#now").get_by_text(f": {note}").wait_for(timeout=PATIENCE_MS)
    return time.monotonic() - begun


def _rival(browser: Browser, place: Place) -> Figure:
    """Time the same number of the same pictures in a plain page of the same screen library, one image element each."""
    with place.database.reading() as db:
        rows = db.execute("SELECT key FROM assets WHERE kind = 'avatar-display' AND removed_at IS NULL ORDER BY created_at DESC LIMIT 60").fetchall()
    paths = [str(place.settings.folder / "objects" / row["key"]) for row in rows]
    with _plain_page(paths) as address:
        seconds = [_opened(browser, address) for _ in range(3)]
    return Figure(
        name="rival: a page of 60 st.image, usable after loading", value=statistics.median(seconds), unit="s", beside="one query, no filters"
    )


def _opened(browser: Browser, address: str) -> float:
    page, begun = browser.new_page(viewport={"width": 1280, "height": 900}), time.monotonic()
    page.goto(address)
    page.wait_for_function(LOADED.replace("MINIMUM", "7"), timeout=PATIENCE_MS)
    seconds = time.monotonic() - begun
    page.close()
    return seconds


@contextmanager
def _plain_page(paths: list[str]) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(RIVAL), "--server.port", str(port), "--server.headless", "true", "--", *paths]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        _wait(lambda: _answers(port))
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2):
            return True
    except OSError:
        return False


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not done() and time.monotonic() < end:
        time.sleep(0.1)
