"""The Compare grid with four hundred cells in a real browser, beside the same pictures as plain image elements of the screen library."""

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.benchmarks.browsing import LOADED, PATIENCE_MS, _opened, _plain_page
from tests.benchmarks.encoding import _resident as resident_bytes
from tests.benchmarks.figure import Figure
from tests.browser import FLAGS, ensure_browser
from tests.pages.grid_harness import GridServer, axis, cells_of, serving

CELLS, PICTURE_PX = 400, 256
STRENGTHS = ("0.50", "0.55", "0.60", "0.65", "0.70")
ROOT = "document.querySelector('#host').shadowRoot"
IN_SIGHT = LOADED.replace("MINIMUM", "20")
# Milliseconds from choosing another axis until the frame that shows it has been painted.
RELAID = f"""([name, axis]) => new Promise(done => {{
    const select = {ROOT}.querySelector(`[data-name="${{name}}"]`)
    const begun = performance.now()
    select.value = axis
    select.dispatchEvent(new Event('change', {{ bubbles: true }}))
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)))
}})"""
# Frames a second while the grid scrolls from its top to its end, a little at every frame.
SCROLLED = f"""() => new Promise(done => {{
    const box = {ROOT}.querySelector('.grid-scroller')
    const end = box.scrollHeight - box.clientHeight
    const begun = performance.now()
    let [frames, at] = [0, 0]
    const next = () => {{
        frames += 1
        box.scrollTop = at
        at += 24
        if (at < end) requestAnimationFrame(next)
        else done(frames / ((performance.now() - begun) / 1000))
    }}
    requestAnimationFrame(next)
}})"""
ORDERS = (("columns-0", "seed"), ("columns-0", "photo"), ("rows-0", "strength"), ("cell-0", "style"), ("columns-0", "seed"), ("rows-0", "photo"))


def measure() -> list[Figure]:
    """Open the grid as its own page is served, lay it anew, scroll it, and open the rival in the same browser."""
    axes = [
        axis("photo", *(f"Photo {number}" for number in range(1, 11)), pictures=True),
        axis("style", "Pixar", "Ghibli"),
        axis("strength", *STRENGTHS),
        axis("seed", "1", "2", "3", "4"),
    ]
    path = ensure_browser()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        cells = cells_of(folder, axes, size_px=PICTURE_PX)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            with serving(folder, cells, axes) as server:
                figures = [_first(browser, server), *_looked_at(browser, server)]
            return [*figures, _rival(browser, [str(folder / f"cell{number}.webp") for number in range(CELLS)])]
        finally:
            browser.close()


def _first(browser: Browser, server: GridServer) -> Figure:
    seconds = [_opened_grid(browser, server) for _ in range(5)]
    beside = f"median of 5, longest {max(seconds):.2f} s"
    return Figure(name=f"grid of {CELLS}: first screenful of pictures", value=statistics.median(seconds), unit="s", limit=0.8, beside=beside)


def _opened_grid(browser: Browser, server: GridServer) -> float:
    page, begun = _page(browser), time.monotonic()
    page.goto(server.url)
    page.wait_for_function(IN_SIGHT, timeout=PATIENCE_MS)
    seconds = time.monotonic() - begun
    page.context.close()
    return seconds


def _page(browser: Browser) -> Page:
    return browser.new_context(viewport={"width": 1280, "height": 900}).new_page()


def _looked_at(browser: Browser, server: GridServer) -> list[Figure]:
    page = _page(browser)
    server.asked.clear()
    page.goto(server.url)
    page.wait_for_function(IN_SIGHT, timeout=PATIENCE_MS)
    page.wait_for_load_state("networkidle")
    seen, feeds = len(server.pictures()), len(server.feeds)
    fresh = max(page.evaluate(RELAID, list(order)) for order in ORDERS)
    frames = page.evaluate(SCROLLED)
    page.wait_for_load_state("networkidle")
    loaded = len(server.pictures())
    relaid = [page.evaluate(RELAID, list(order)) for order in ORDERS]
    assert (len(server.feeds), len(server.pictures())) == (feeds, loaded), "laying the grid anew asked the server"
    again = page.evaluate(SCROLLED)
    figures = [
        Figure(name="… pictures loaded before anything is scrolled", value=seen, unit="of 400", limit=200),
        Figure(name="… laid anew in another order, longest of 6", value=max(*relaid, fresh) / 1000, unit="s", limit=0.15, beside=_median(relaid)),
        Figure(name="… frames while it scrolls, pictures coming in", value=frames, unit="a second", limit=50, at_least=True),
        Figure(name="… frames while it scrolls, all pictures there", value=again, unit="a second", limit=50, at_least=True),
        _memory(browser, page, loaded),
    ]
    page.context.close()
    return figures


def _median(milliseconds: list[float]) -> str:
    return f"median {statistics.median(milliseconds) / 1000:.3f} s; no request to the server"


def _memory(browser: Browser, page: Page, loaded: int) -> Figure:
    """Weigh the page after all of the grid was looked at: the process that draws it, program code shared with others counted by shares."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    heap = next(one["value"] for one in session.send("Performance.getMetrics")["metrics"] if one["name"] == "JSHeapUsedSize")
    drawing = max(_renderers(browser.new_browser_cdp_session()), key=resident_bytes)
    beside = f"{loaded} pictures of {PICTURE_PX} px; with all of Chromium {resident_bytes(drawing) / 1e6:.0f} MB, script {heap / 1e6:.0f} MB"
    return Figure(name="… memory after scrolling all of it", value=_share_bytes(drawing) / 1e6, unit="MB", limit=400, beside=beside)


def _share_bytes(pid: int) -> int:
    """Return the proportional share of memory of a process, as the kernel counts it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _renderers(session: CDPSession) -> list[int]:
    return [int(one["id"]) for one in session.send("SystemInfo.getProcessInfo")["processInfo"] if one["type"] == "renderer"]


def _rival(browser: Browser, pictures: list[str]) -> Figure:
    with _plain_page(pictures) as address:
        seconds = statistics.median(_opened(browser, address) for _ in range(3))
    return Figure(name=f"rival: {CELLS} st.image in columns, first screenful", value=seconds, unit="s", beside="no heads, no order to choose")
