"""A sweep of a hundred cells, ten in flight, its grid open in a browser: how long until all is measured, and how soon each picture is seen."""

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from pipeline.records import Person, RunKind, moment
from pipeline.studio import sweep_runs, sweep_view, sweeps, testphotos
from pipeline.studio.place import Place
from pipeline.sweeps.plans import read_plan
from tests.benchmarks.figure import Figure
from tests.browser import FLAGS, ensure_browser
from tests.crash.harness import sample
from tests.pages.running import running_app

COUNT, FLIGHT, DELAY = 100, 10, 2.0
ME = Person(name="me")
# Of the grid in whatever element it lies: the cells that have a picture, which has loaded where it is near enough to be seen.
SHOWN = """() => {
  const all = (root) => [...root.querySelectorAll('*')].flatMap((node) => [node, ...(node.shadowRoot ? all(node.shadowRoot) : [])])
  window.table = window.table?.isConnected ? window.table : all(document).find((node) => node.matches('.grid-table'))
  const loaded = (picture) => !picture || (picture.complete && picture.naturalWidth > 0)
  const cells = [...(window.table?.querySelectorAll('.cell[data-pictured]') ?? [])]
  return cells.filter((cell) => loaded(cell.querySelector('img.picture'))).map((cell) => cell.dataset.id)
}"""


def measure() -> list[Figure]:
    """Buy, watch and compare with the ideal; a sweep leaves one place to support, so there are eleven."""
    path = ensure_browser()  # it may drive a browser itself, which two at a time cannot
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder), STUDIO_PROVIDER_SLOTS=f"{FLIGHT + 1}", STUDIO_SANDBOX_SPEED=f"{DELAY:g}", STUDIO_SANDBOX_PICTURES="ready") as app,
        sync_playwright() as playwright,
    ):
        place = Place(app.settings)
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        warm, timed = _planned(place, "s-warm", "1-10"), _planned(place, "s-timed", "101-200")
        _bought(place, warm)
        page.goto(f"{app.url}/compare?sweep={timed}")
        page.get_by_role("heading", level=1).wait_for()
        began = time.monotonic()
        seen = _watched(place, page, timed)
        _wait_for_the_end(place, timed)
        wall = time.monotonic() - began
        late = sorted(seen[run] - began - ended for run, ended in _ends(place, timed, began).items())
        browser.close()
    ideal = COUNT / FLIGHT * DELAY
    return [
        Figure(name="a sweep of 100 cells, 2 s each, ten in flight, watched ÷ ideal 20 s", value=wall / ideal, unit="×", limit=1.20),
        Figure(
            name="… a cell on the screen after its provider finished it, longest",
            value=late[-1],
            unit="s",
            limit=2.0,
            beside=f"median {late[len(late) // 2]:.2f} s",
        ),
    ]


def _planned(place: Place, sweep_id: str, seeds: str) -> str:
    source = testphotos.add(place, "sample", sample(), ME)
    plan = read_plan(RunKind.AVATAR, [("photo", source.id), ("seed", seeds)]).plan
    return sweeps.save(place, sweep_id, sweep_id, plan, ME, version=0).id


def _bought(place: Place, sweep_id: str) -> None:
    sweep_runs.start(place, sweep_id, ME, ceiling_micro_usd=50_000_000)
    while sweep_view.look(place, sweep_id).count("made") < len(sweep_view.look(place, sweep_id).cells):
        time.sleep(0.1)


def _watched(place: Place, page: Page, sweep_id: str) -> dict[str, float]:
    """Buy the sweep and return when each cell stood on the screen as made."""
    sweep_runs.start(place, sweep_id, ME, ceiling_micro_usd=50_000_000)
    seen: dict[str, float] = {}
    end = time.monotonic() + 90
    while len(seen) < COUNT:
        assert time.monotonic() < end, f"{len(seen)} of {COUNT} cells came to the screen"
        for run in page.evaluate(SHOWN):
            seen.setdefault(run, time.monotonic())
        page.wait_for_timeout(100)
    return seen


def _wait_for_the_end(place: Place, sweep_id: str) -> None:
    while sweep_view.look(place, sweep_id).live:
        time.sleep(0.05)


def _ends(place: Place, sweep_id: str, began: float) -> dict[str, float]:
    """Return by run how many seconds after the beginning its provider had finished it: as long after it was accepted as every request takes."""
    started = datetime.now(UTC).timestamp() - (time.monotonic() - began)
    with place.database.reading() as db:
        rows = db.execute("SELECT c.run_id, c.accepted_at FROM calls c JOIN runs r ON r.id = c.run_id WHERE r.sweep = ?", (sweep_id,)).fetchall()
    return {row["run_id"]: moment(row["accepted_at"]).timestamp() - started + DELAY for row in rows}
