"""The hero as a guest loads it, with nothing in the cache: when its poster is painted, when its clip plays, how much script that takes."""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from pipeline.guest.hero import script
from tests.benchmarks.figure import Figure
from tests.browser import FLAGS, ensure_browser
from tests.guest import pictures
from tests.guest.server import GuestServer, host, serving

VISITS, PATIENCE_MS = 7, 30_000
# Milliseconds from the navigation on; the clip plays when a frame of it is shown and its fade has ended.
NOTES = """() => {
  window.notes = {}
  new PerformanceObserver(list => list.getEntries().forEach(one => {
    if (one.element && one.element.tagName === 'IMG' && one.url.endsWith('poster.webp')) notes.poster = one.renderTime
  })).observe({ type: 'largest-contentful-paint', buffered: true })
  addEventListener('transitionend', event => {
    if (event.target.tagName === 'VIDEO' && event.target.currentTime > 0) notes.clip = performance.now()
  })
}"""


def measure() -> list[Figure]:
    """Visit a page with the pasted snippet in a fresh browser profile, several times."""
    path = ensure_browser()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures.draw(folder)
        with serving(folder) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
            visits = [_visit(browser, server) for _ in range(VISITS)]
            browser.close()
    return [
        _seconds("guest's hero: poster painted", [poster for poster, _ in visits], limit=0.3),
        _seconds("… clip plays, fade-in ended", [clip for _, clip in visits], limit=1.0),
        Figure(name="… script that plays it", value=len(script()), unit="bytes", limit=6000),
    ]


def _visit(browser: Browser, server: GuestServer) -> tuple[float, float]:
    """Return after how many milliseconds the poster was painted and the clip played."""
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.add_init_script(f"({NOTES})()")
    page.goto(server.put("bench", host(pictures.HERO)))
    page.wait_for_function("() => notes.poster && notes.clip", timeout=PATIENCE_MS)
    noted = page.evaluate("() => notes")
    page.context.close()
    return noted["poster"], noted["clip"]


def _seconds(name: str, milliseconds: list[float], *, limit: float) -> Figure:
    beside = f"median of {VISITS}, longest {max(milliseconds) / 1000:.2f} s"
    return Figure(name=name, value=statistics.median(milliseconds) / 1000, unit="s", limit=limit, beside=beside)
