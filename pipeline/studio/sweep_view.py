"""A sweep as the grid shows it: every cell of the plan with its picture, likeness, cost, stars and what made it."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipeline import assets
from pipeline.database import Connection
from pipeline.records import Asset, RunKind, RunState
from pipeline.studio import sweeps
from pipeline.studio.comments.reading import open_within
from pipeline.studio.place import Place
from pipeline.studio.sweep_prices import Priced, price_within
from pipeline.studio.sweeps import Sweep
from pipeline.sweeps.cells import Cell
from pipeline.sweeps.plans import Plan, Problem

REFUSED = frozenset({"InputRefused", "Flagged", "NothingShown", "BadPrompt"})
STATES = {
    RunState.ASKED: "waiting",
    RunState.QUEUED: "waiting",
    RunState.WORKING: "working",
    RunState.SUCCEEDED: "made",
    RunState.PARTLY: "failed",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
}
# A picture can be seen while its likeness is being measured.
SEEN = frozenset({"working", "made"})
ROWS = """SELECT r.id, r.state, r.stage, r.progress, r.kind, r.case_id, r.source, r.error, r.started_at, r.ended_at, r.settings,
    o.asset, o.reused, o.unfit, c.id AS call_id, c.endpoint, c.served_endpoint, c.sends, c.state AS call_state, c.needs_decision,
    (SELECT coalesce(sum(e.micro_usd), 0) FROM entries e WHERE e.run_id = r.id AND e.kind IN ('charge', 'adjust')) AS cost,
    (julianday(c.finished_at) - julianday(c.accepted_at)) * 86400 AS seconds
FROM runs r LEFT JOIN outputs o ON o.run_id = r.id LEFT JOIN calls c ON c.id = o.call_id WHERE r.sweep = ?"""

BOUGHT = (
    "SELECT id, settings, case_id || '/' || source AS photo FROM runs WHERE sweep = ? AND id NOT GLOB '*-replay-[0-9][0-9]*' ORDER BY asked_at, id"
)
MAIN = "SELECT a.* FROM json_each(?) made CROSS JOIN assets a ON a.scope = made.value ->> 0 AND a.sha256 = made.value ->> 1"
BESIDE = """SELECT a.* FROM json_each(?) called CROSS JOIN assets a ON a.call_id = called.value
    WHERE a.kind IN ('avatar-display', 'poster') ORDER BY a.created_at"""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How alike the least alike face is: 1 − distance cut to 0…1, with its band; None and the reason where nothing can be measured."""

    score: float | None
    band: str
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What people said of a cell: stars and rejections by person, the newest of each."""

    stars: Mapping[str, int]
    rejected: Mapping[str, str]

    @property
    def mean_stars(self) -> float | None:
        """The mean of all stars given."""
        given = [stars for stars in self.stars.values() if stars]
        return sum(given) / len(given) if given else None


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a cell's run has come to: `shown` is the small picture or the poster, `whole` the full size or the clip. Money in micro-dollars.

    `open_comments` is how many comments on it are neither settled nor withdrawn.
    """

    run_id: str
    state: str
    words: str
    progress: float
    shown: Asset | None
    whole: Asset | None
    likeness: Likeness | None
    cost_micro_usd: int
    reused: bool
    unfit: str | None
    seconds: float | None
    sends: int
    endpoint: str
    served_endpoint: str | None
    opinion: Opinion
    open_comments: int = 0


@dataclass(frozen=True, kw_only=True)
class SeenCell:
    """A cell of the plan and what became of it; None while nobody asked for it."""

    cell: Cell
    made: Made | None


@dataclass(frozen=True, kw_only=True)
class Unplanned:
    """A run that was bought while the plan had its cell and that the plan has no more: its photo's value, its settings, what became of it."""

    photo: str
    settings: Mapping[str, Any]
    made: Made


@dataclass(frozen=True, kw_only=True)
class SweepView:
    """A sweep of one moment: its plan priced as it stands, its cells in the order they are bought, and what it has cost and holds.

    `unplanned` is what was bought and is no cell of the plan any more, the oldest first.
    """

    sweep: Sweep
    priced: Priced
    cells: tuple[SeenCell, ...]
    unplanned: tuple[Unplanned, ...]
    charged_micro_usd: int
    held_micro_usd: int

    def count(self, *states: str) -> int:
        """Count the cells in these states."""
        return sum(one.made is not None and one.made.state in states for one in self.cells)

    @property
    def live(self) -> int:
        """How many cells are on their way."""
        return self.count("waiting", "working")

    @property
    def live_unplanned(self) -> int:
        """How many of those that the plan has no more are on their way."""
        return sum(one.made.state in ("waiting", "working") for one in self.unplanned)


def look(place: Place, sweep_id: str, plan: Plan | None = None, problems: tuple[Problem, ...] = ()) -> SweepView:
    """Return a sweep with everything that belongs to it, of one moment; raises UnknownName.

    With a `plan` it is shown as if that were its own, and `problems` stand before those of laying it out: so a draft is looked at.
    """
    with place.database.reading() as db:
        db.execute("BEGIN")
        sweep = sweeps.get(db, sweep_id)
        sweep = sweep if plan is None else replace(sweep, plan=plan)
        priced = price_within(place, db, sweep.plan, None, sweep_id=sweep_id)
        made = made_of(db, sweep_id)
        bought = db.execute(BOUGHT, (sweep_id,)).fetchall()
        money = db.execute(
            "SELECT held_micro_usd, charged_micro_usd FROM balances WHERE scope_kind = 'sweep' AND scope = ? AND period = 'ever'", (sweep_id,)
        ).fetchone()
    priced = replace(priced, problems=(*problems, *priced.problems))
    cells = tuple(SeenCell(cell=cell, made=made.get(f"{sweep_id}-{cell.key}")) for cell in priced.layout.cells)
    planned = {f"{sweep_id}-{cell.key}" for cell in priced.layout.cells}
    spare = [row for row in bought if row["id"] not in planned]
    unplanned = tuple(Unplanned(photo=row["photo"], settings=json.loads(row["settings"]), made=made[row["id"]]) for row in spare)
    held, charged = (money["held_micro_usd"], money["charged_micro_usd"]) if money else (0, 0)
    return SweepView(sweep=sweep, priced=priced, cells=cells, unplanned=unplanned, charged_micro_usd=charged, held_micro_usd=held)


def made_of(db: Connection, sweep_id: str) -> dict[str, Made]:
    """Return what became of every run of a sweep, by run."""
    rows = db.execute(ROWS, (sweep_id,)).fetchall()
    files = _files(db, rows)
    alike = _likeness(db, rows)
    said = _opinions(db, sweep_id)
    talked = open_within(db, ((row["case_id"], row["asset"]) for row in rows if row["asset"]))
    made = {row["id"]: _made(row, files.get((row["case_id"], row["asset"]), {}), alike.get((row["case_id"], row["asset"])), said) for row in rows}
    return {row["id"]: replace(made[row["id"]], open_comments=talked.get((row["case_id"], row["asset"]), 0)) for row in rows}


def _made(row: sqlite3.Row, files: Mapping[str, Asset], likeness: Likeness | None, said: Mapping[str, Opinion]) -> Made:
    clip = row["kind"] == RunKind.CLIP.value
    whole = files.get("clip" if clip else "avatar")
    shown = files.get("poster") if clip else files.get("avatar-display", whole)
    state, words = _state(row, whole)
    return Made(
        run_id=row["id"],
        state=state,
        words=words,
        progress=row["progress"],
        shown=shown if state in SEEN else None,
        whole=whole if state in SEEN else None,
        likeness=likeness if not clip else None,
        cost_micro_usd=row["cost"],
        reused=bool(row["reused"]),
        unfit=row["unfit"],
        seconds=row["seconds"],
        sends=row["sends"] or 0,
        endpoint=row["endpoint"] or "",
        served_endpoint=row["served_endpoint"],
        opinion=said.get(row["id"], Opinion(stars={}, rejected={})),
    )


def _state(row: sqlite3.Row, whole: Asset | None) -> tuple[str, str]:
    state = STATES[RunState(row["state"])]
    if state == "made" and (whole is None or whole.removed_at is not None):
        return "removed", "Removed"
    if state == "failed" and row["needs_decision"]:
        return "undecided", "Needs a decision"
    if state == "failed":
        error = json.loads(row["error"]) if row["error"] else {}
        return ("refused" if error.get("error") in REFUSED else "failed"), str(error.get("say") or row["stage"])
    return state, str(row["stage"])


def _files(db: Connection, rows: list[sqlite3.Row]) -> Mapping[tuple[str, str], Mapping[str, Asset]]:
    """Return by scope and hash what a run made, with its small copy or its poster: the same bytes in a scope are one file, whoever paid."""
    made = json.dumps(sorted({(row["case_id"], row["asset"]) for row in rows if row["asset"]}))
    main = {(asset.scope, asset.sha256): asset for asset in assets.read_rows(db.execute(MAIN, (made,)))}
    found: dict[tuple[str, str], dict[str, Asset]] = {named: {asset.kind.value: asset} for named, asset in main.items()}
    calls = {asset.call_id: named for named, asset in main.items()}
    for beside in assets.read_rows(db.execute(BESIDE, (json.dumps(sorted(call for call in calls if call)),))):
        found[calls[beside.call_id]][beside.kind.value] = beside
    return found


def _likeness(db: Connection, rows: list[sqlite3.Row]) -> Mapping[tuple[str, str], Likeness]:
    made = json.dumps([[row["case_id"], row["asset"]] for row in rows if row["asset"] and row["kind"] == RunKind.AVATAR.value])
    query = """SELECT l.scope, l.asset, l.distance, l.band, l.reason FROM json_each(?) made
        CROSS JOIN likeness l ON l.scope = made.value ->> 0 AND l.asset = made.value ->> 1 ORDER BY l.face"""
    faces: dict[tuple[str, str], list[sqlite3.Row]] = defaultdict(list)
    for face in db.execute(query, (made,)):
        faces[face["scope"], face["asset"]].append(face)
    return {named: _least(found) for named, found in faces.items()}


def _least(faces: list[sqlite3.Row]) -> Likeness:
    measured = [face for face in faces if face["distance"] is not None]
    if not measured:
        return Likeness(score=None, band="not measurable", reason=faces[0]["reason"])
    worst = max(measured, key=lambda face: face["distance"])
    missing = f"{len(faces) - len(measured)} of {len(faces)} faces not measurable" if len(measured) < len(faces) else None
    return Likeness(score=round(min(max(1 - worst["distance"], 0.0), 1.0), 4), band=worst["band"], reason=missing)


def _opinions(db: Connection, sweep_id: str) -> Mapping[str, Opinion]:
    newest: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in db.execute("SELECT run_id, person, stars, rejected FROM ratings WHERE sweep = ? ORDER BY id", (sweep_id,)):
        newest[row["run_id"]][row["person"]] = row
    return {
        run: Opinion(
            stars={person: row["stars"] for person, row in by.items() if row["stars"]},
            rejected={person: row["rejected"] for person, row in by.items() if row["rejected"]},
        )
        for run, by in newest.items()
    }
