"""A sweep from its quote to its results, for callers that wait: the command line and notebooks. Worker and sandbox are brought up as needed."""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.database import Connection
from pipeline.errors import StudioError, WorkerAbsent
from pipeline.processes.bring_up import Watch, ensure_running
from pipeline.processes.sweep_quotes import Quoted, refusal
from pipeline.records import RUN_ENDED, Person, Role
from pipeline.studio import looks, requests, sweep_runs, sweep_view, sweeps, switches, testphotos
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.sweeps.plans import KINDS, Axis
from pipeline.sweeps.shorthand import ValueKind

LOOK_SECONDS = 0.2
FAILED = ("failed", "refused", "cancelled")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How far a sweep is: cells that ended, all cells, about how many seconds are left (None while nobody can say), and the pause they wait for."""

    ended: int
    cells: int
    seconds_left: float | None
    paused: str | None

    @property
    def words(self) -> str:
        """How far it is, for people."""
        counted = f"{self.ended} of {self.cells}"
        if self.paused:
            return f"{counted} · {self.paused}"
        if self.ended == self.cells or self.seconds_left is None:
            return counted
        return f"{counted} · about {max(math.ceil(self.seconds_left), 1)} s left"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a sweep came to: a row a cell in the order of the plan, how many failed, and what was charged for the cells asked for now."""

    rows: tuple[Mapping[str, Any], ...]
    failed: int
    cost_micro_usd: int
    failure: StudioError | None


def buy(place: Place, quoted: Quoted, by: Person, *, ceiling_micro_usd: int, keep_rest: bool = False, large: bool = False) -> None:
    """Keep the photos and the plan and buy what is new of it, at no more than the price that was quoted; whatever refuses it leaves nothing behind.

    Raises NotAllowed, BadParameter, BudgetReached, NotNow as `refusal` and `sweep_runs.start` say.
    """
    check(by, Role.MAKE)
    if refused := refusal(quoted, ceiling_micro_usd=ceiling_micro_usd, keep_rest=keep_rest, large=large):
        raise refused
    sweeps.save(place, quoted.sweep_id, quoted.name, quoted.plan, by, version=quoted.version)
    for key, intake in quoted.photos.items():
        testphotos.add(place, quoted.priced.sources[key].name, intake, by)
    if set(quoted.runs) - quoted.asked:
        told = quoted.priced.micro_usd
        sweep_runs.start(place, quoted.sweep_id, by, ceiling_micro_usd=ceiling_micro_usd, told_micro_usd=told, large=large)
        ensure_running(place.settings, "sandbox", "worker")


def wait(place: Place, quoted: Quoted, *, on_change: Callable[[Standing], None]) -> None:
    """Wait until every cell has ended, bringing up worker and sandbox when they are missing; raises WorkerAbsent when none comes."""
    watch, pace = Watch(place.settings), _Pace(quoted.priced.seconds)
    while True:
        standing = _standing(place, quoted, pace)
        on_change(standing)
        if standing.ended == standing.cells:
            return
        _look(watch)
        time.sleep(LOOK_SECONDS)


def outcome(place: Place, quoted: Quoted) -> Outcome:
    """Return what became of every cell of the plan."""
    view = sweep_view.look(place, quoted.sweep_id)
    seen = sorted(view.cells, key=lambda one: one.cell.at)
    names = _distinct({key: source.name for key, source in view.priced.sources.items()})
    made = {one.made.run_id: one.made for one in seen if one.made}
    first = {one.made.run_id: one for one in reversed(seen) if one.made}
    bad = [run for run, one in made.items() if one.state in FAILED]
    return Outcome(
        rows=tuple(_row(place, one, names, first=one.made is not None and first[one.made.run_id] is one) for one in seen),
        failed=view.count(*FAILED),
        cost_micro_usd=sum(one.cost_micro_usd for run, one in made.items() if run not in quoted.asked),
        failure=requests.failure_of(requests.find_run(place, bad[0])) if bad else None,
    )


def _look(watch: Watch) -> None:
    try:
        watch.look()
    except WorkerAbsent as absent:
        absent.charged = None
        raise


def _standing(place: Place, quoted: Quoted, pace: "_Pace") -> Standing:
    cells = Counter(quoted.runs)
    with place.database.reading() as db:
        ended = sum(cells[run] for run in _ended(db, list(cells)))
        pause = switches.state(db)
    left = quoted.priced.cells - ended
    return Standing(ended=ended, cells=quoted.priced.cells, seconds_left=pace.left(ended, left), paused=pause.words if pause and left else None)


class _Pace:
    """How long what is left will take: first as was expected, then as cells end. Many are under way at once, so the first to end starts the clock."""

    def __init__(self, expected_seconds: float) -> None:
        self.expected_seconds, self.begun = expected_seconds, time.monotonic()
        self.before: int | None = None
        self.first: tuple[float, int] | None = None

    def left(self, ended: int, left: int) -> float | None:
        elapsed = time.monotonic() - self.begun
        self.before = ended if self.before is None else self.before
        if self.first is None:
            self.first = (elapsed, ended) if ended > self.before else None
            return max(self.expected_seconds - elapsed, 0.0) or None
        since, counted = self.first
        return (elapsed - since) / (ended - counted) * left if ended > counted else None


def _ended(db: Connection, run_ids: Sequence[str]) -> list[str]:
    query = "SELECT r.id, r.state FROM json_each(?) cell CROSS JOIN runs r ON r.id = cell.value"
    return [row["id"] for row in db.execute(query, (json.dumps(run_ids),)) if row["state"] in RUN_ENDED]


def _row(place: Place, seen: sweep_view.SeenCell, names: Mapping[str, str], *, first: bool) -> dict[str, Any]:
    """Return a cell as one flat line; what a picture cost stands at the first of the cells that show it."""
    cell, made = seen.cell, seen.made
    row: dict[str, Any] = {axis.value: _value(axis, value, names) for axis, value in cell.values.items()}
    row |= {"state": made.state if made else "planned", "likeness": None, "band": None, "cost_micro_usd": 0, "price_micro_usd": cell.micro_usd}
    row |= {"seconds": None, "model": cell.wanted.model.name, "served": None, "run": None, "path": None, "why": None}
    if made is None:
        return row
    alike = made.likeness
    row |= {"likeness": alike.score if alike else None, "band": alike.band if alike else None, "cost_micro_usd": made.cost_micro_usd if first else 0}
    row |= {
        "seconds": made.seconds,
        "served": made.served_endpoint,
        "run": made.run_id,
        "path": looks.path_of(place, made.whole) if made.whole else None,
    }
    return row | {"why": made.words if made.state in FAILED else made.unfit}


def _value(axis: Axis, text: str, names: Mapping[str, str]) -> Any:
    if axis is Axis.PHOTO:
        return names.get(text, text)
    return {ValueKind.NUMBER: float, ValueKind.WHOLE: int}.get(KINDS[axis], str)(text)


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    often = Counter(names.values())
    return {key: name if often[name] == 1 else f"{name} ({key.rpartition('/')[2][:6]})" for key, name in names.items()}
