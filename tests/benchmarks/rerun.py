"""A grid of four hundred cells in a real studio: what one press costs until the screen is up to date again, and what a quiet second does."""

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, Response, sync_playwright

from pipeline.records import RunKind
from pipeline.studio import sweep_runs, sweeps, testphotos
from pipeline.sweeps.plans import read_plan
from tests.benchmarks.figure import Figure
from tests.browser import FLAGS, ensure_browser
from tests.crash.harness import sample
from tests.little_studio import ME, LittleStudio
from tests.pages.running import running_app

SEEDS, STRENGTHS, PRESSES, QUIET_SECONDS = "1-40", "0.5..0.68 +0.02", 9, 6
PATIENCE_MS = 60_000


class Received:
    """Counts what the browser gets: the messages of the page and the answers of the grid's feed."""

    def __init__(self, page: Page) -> None:
        self.bytes, self.answers, self.reruns = 0, 0, 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._framed))
        page.on("response", self._answered)

    def _framed(self, frame: bytes | str) -> None:
        self.bytes += len(frame)
        self.reruns += b"shell.py" in (frame if isinstance(frame, bytes) else frame.encode())

    def _answered(self, response: Response) -> None:
        if "/grid/" in response.url:
            self.bytes += len(response.body())
            self.answers += 1


def measure() -> list[Figure]:
    """Fill a sweep by hand, open it, give stars to cells, then do nothing."""
    path = ensure_browser()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        _fill(LittleStudio(Path(folder)))
        with running_app(Path(folder), STUDIO_PERSON=ME.name) as app:
            page = playwright.chromium.launch(executable_path=path, args=list(FLAGS)).new_page(viewport={"width": 1440, "height": 900})
            received = Received(page)
            page.goto(f"{app.url}/compare?sweep=s400")
            page.locator(".cell[data-state=made]").nth(300).wait_for(state="attached", timeout=PATIENCE_MS)
            page.wait_for_timeout(3000)
            presses = [_press(page, received, number) for number in range(PRESSES)]
            page.wait_for_timeout(2000)
            received.bytes = received.reruns = 0
            page.wait_for_timeout(QUIET_SECONDS * 1000)
            quiet = received.bytes / received.reruns / 1000
    seconds, kilobytes = (statistics.median(one[part] for one in presses) for part in (0, 1))
    longest = max(one[0] for one in presses)
    return [
        Figure(
            name="grid of 400 in the studio: a press until all is up to date", value=seconds, unit="s", limit=0.2, beside=f"longest {longest:.2f}"
        ),
        Figure(name="… a rerun in which nothing changes, received", value=quiet, unit="kB", limit=5, beside=f"a press: {kilobytes:.0f} kB in all"),
    ]


def _fill(studio: LittleStudio) -> None:
    source = testphotos.add(studio.place, "sample", sample(), ME)
    plan = read_plan(RunKind.AVATAR, [("photo", source.id), ("seed", SEEDS), ("strength", STRENGTHS)]).plan
    sweeps.save(studio.place, "s400", "Four hundred", plan, ME, version=0)
    sweep_runs.start(studio.place, "s400", ME, ceiling_micro_usd=50_000_000, large=True)
    for row in studio.rows("SELECT id FROM runs WHERE sweep = 's400'"):
        studio.succeed(studio.run(row["id"]))


def _press(page: Page, received: Received, number: int) -> tuple[float, float]:
    """Give stars to a cell, and wait until the feed has told it and the page is quiet; return seconds and kB."""
    page.wait_for_timeout(1500)
    page.locator(".cell[data-state=made]").nth(number).focus()
    received.bytes, before = 0, received.answers
    begun = time.monotonic()
    page.keyboard.press(str(1 + number % 5))
    while received.answers == before:
        page.wait_for_timeout(5)
        assert time.monotonic() - begun < 10, "no answer came"
    seconds = time.monotonic() - begun
    page.wait_for_timeout(700)
    return seconds, received.bytes / 1000
