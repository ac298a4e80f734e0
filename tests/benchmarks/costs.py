"""The Costs screen in studios of ten thousand, a hundred thousand and a million requests: first chart, a filter, and what it takes of memory."""

import os
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.costs_filled import fill
from tests.benchmarks.figure import Figure
from tests.browser import FLAGS, ensure_browser
from tests.pages.running import RunningApp, running_app

SIZES = {10_000: 1.5, 100_000: 1.5, 1_000_000: 3.0}  # requests, and the most seconds until the first chart
MILLION = 1_000_000
ROUNDS, CLICKS = 5, 4
PATIENCE_MS = 60_000
KEPT = Path(tempfile.gettempdir()) / "studio-bench-costs"
# Looks at every frame, as the eye does; a question from outside waits while the browser is busy, and would be told too late.
WATCH = """
    window.every = root => [...root.querySelectorAll('*')].flatMap(node => [node, ...(node.shadowRoot ? every(node.shadowRoot) : [])])
    window.seen = selector => every(document).some(node => node.matches(selector))
    window.moments = {}
    window.waits = {sketch: () => seen('.sketch path'), chart: () => document.querySelector('.js-plotly-plot .bars path') !== null}
    const look = () => {
        for (const [name, is] of Object.entries(window.waits)) if (!(name in window.moments) && is()) window.moments[name] = performance.now()
        requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
"""
CLICK = """name => {
    const links = every(document).filter(node => node.matches('.legend a'))
    const dimmed = () => [...document.querySelectorAll('.js-plotly-plot .bars path')].some(bar => bar.style.opacity === '0.3')
    window.moments = {begun: performance.now()}
    window.waits = {
        figures: () => seen('#narrowed .chip'),
        chart: dimmed,
        table: () => seen('.breakdown [aria-current]'),
        rows: () => seen(`#in-all[data-only]`),
    }
    links[name].click()
}"""


def measure() -> list[Figure]:
    """Fill the studios and open each in a browser; the large one is kept, as filling it takes minutes."""
    path = ensure_browser()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        figures = [figure for size in SIZES for figure in _of(size, Path(folder) if size < MILLION else KEPT, browser)]
        browser.close()
    return figures


def _of(size: int, folder: Path, browser: Browser) -> list[Figure]:
    data = folder / str(size)
    fill(data, size)
    with running_app(data, STUDIO_PERSON="Person 01") as app:
        idle = _settle(app, browser)
        figures = [*_opened(app, browser, size, ""), *_opened(app, browser, size, "?period=all")]
        if size == MILLION:
            figures += [*_narrowed(app, browser, ""), *_narrowed(app, browser, "?period=all")]
        more = (_memory(app) - idle) / 1e6
        return [*figures, Figure(name=f"Costs of {size:,} requests: memory above idle", value=more, unit="MB", limit=300)]


def _settle(app: RunningApp, browser: Browser) -> int:
    """Open another screen, so that what every screen loads is loaded; return the server's memory in bytes."""
    page = browser.new_page()
    page.goto(f"{app.url}/settings?part=version")
    page.locator(".workshop").wait_for(timeout=PATIENCE_MS)
    page.close()
    return _memory(app)


def _memory(app: RunningApp) -> int:
    return int(Path(f"/proc/{app.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _opened(app: RunningApp, browser: Browser, size: int, query: str) -> list[Figure]:
    """Open the screen in a browser that was here before, each time in a new tab."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.add_init_script(WATCH)
    seconds = [_open(context.new_page(), f"{app.url}/costs{query}") for _ in range(ROUNDS)]
    context.close()
    sketch, chart = (statistics.median(one[name] for one in seconds) for name in ("sketch", "chart"))
    which = f"Costs of {size:,} requests{', all time' if query else ''}"
    beside = f"the first {seconds[0]['sketch']:.2f}; to be pressed after {chart:.2f}"
    return [Figure(name=f"{which}: first chart", value=sketch, unit="s", limit=SIZES[size], beside=beside)]


def _open(page: Page, address: str) -> dict[str, float]:
    page.goto(address)
    told = _told(page)
    page.close()
    return told


def _told(page: Page) -> dict[str, float]:
    page.wait_for_function("Object.keys(window.waits).every(name => name in window.moments)", timeout=PATIENCE_MS)
    moments: dict[str, float] = page.evaluate("window.moments")
    begun = moments.pop("begun", 0.0)
    return {name: (at - begun) / 1000 for name, at in moments.items()}


def _narrowed(app: RunningApp, browser: Browser, query: str) -> list[Figure]:
    """Press names in the legend, one after the other, until figures, chart, table and requests all show only that name."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.add_init_script(WATCH)
    page.goto(f"{app.url}/costs{query}")
    _told(page)
    page.wait_for_timeout(1500)
    seconds = []
    for number in range(CLICKS):
        page.evaluate(CLICK, number)
        seconds.append(_told(page))
        page.wait_for_timeout(1500)
        page.locator("#narrowed .chip").click()
        page.locator("#narrowed").wait_for(state="detached", timeout=PATIENCE_MS)
        page.wait_for_timeout(1500)
    page.close()
    each = {name: statistics.median(one[name] for one in seconds) for name in seconds[0]}
    beside = ", ".join(f"{name} {value:.2f}" for name, value in each.items())
    which = f"Costs of {MILLION:,} requests{', all time' if query else ''}: a click on a name"
    return [Figure(name=which, value=max(each.values()), unit="s", limit=0.7, beside=beside)]
