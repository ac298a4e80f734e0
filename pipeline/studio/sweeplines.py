"""A sweep as one line among what runs, waits, failed and was done: its cells are nobody's attempts, so no list shows them one by one."""

import json
from dataclasses import dataclass

from pipeline import assets
from pipeline.database import Connection
from pipeline.errors import UnknownName
from pipeline.ledger.reports import balance
from pipeline.records import Asset, RunKind

LIVE = "r.state IN ('asked', 'queued', 'working')"
# Of a cell whose request nobody can prove, only a person knows what became of it: it is listed by itself.
FAILED = "r.state = 'failed' AND coalesce(c.needs_decision, 0) = 0"
CELLS = "runs r LEFT JOIN outputs o ON o.run_id = r.id LEFT JOIN calls c ON c.id = o.call_id"


@dataclass(frozen=True, kw_only=True)
class SweepLine:
    """A sweep with how many cells it has, and how many of them have ended, were made, failed, or are being worked on now.

    `words` is what the cell that is furthest on says, empty once all have ended; `trouble` what the newest failure says, empty without one.
    `source` is a picture it started from, `ended_at` when its last cell ended so far.
    """

    id: str
    name: str
    kind: RunKind
    person: str
    source: Asset
    cells: int
    ended: int
    made: int
    failed: int
    working: int
    words: str
    trouble: str
    stopping: bool
    asked_at: str
    ended_at: str | None
    held_micro_usd: int
    charged_micro_usd: int

    @property
    def is_live(self) -> bool:
        """True while some cell has not ended."""
        return self.ended < self.cells


def line(db: Connection, sweep_id: str) -> SweepLine:
    """Return a sweep as one line; raises UnknownName for one without cells."""
    row = db.execute(COUNTED, (sweep_id,)).fetchone()
    if not row["cells"]:
        raise UnknownName(f"There is no sweep {sweep_id[:80]!r} with cells.", next="The page Compare lists them.")
    first = db.execute("SELECT kind, case_id, person, source FROM runs WHERE sweep = ? ORDER BY asked_at LIMIT 1", (sweep_id,)).fetchone()
    money = balance(db, "sweep", sweep_id, "ever")
    return SweepLine(
        id=sweep_id,
        name=name_of(db, sweep_id),
        kind=RunKind(first["kind"]),
        person=first["person"],
        source=assets.get(db, first["case_id"], first["source"]),
        words=_words(db, sweep_id),
        trouble=_trouble(db, sweep_id) if row["failed"] else "",
        stopping=bool(row["live"]) and row["live"] == row["stopping"],
        held_micro_usd=money.held_micro_usd,
        charged_micro_usd=money.charged_micro_usd,
        **{name: row[name] for name in ("cells", "ended", "made", "failed", "working", "asked_at", "ended_at")},
    )


def name_of(db: Connection, sweep_id: str) -> str:
    """Return what people call a sweep; its id where its plan is gone."""
    row = db.execute("SELECT name FROM sweeps WHERE id = ?", (sweep_id,)).fetchone()
    return str(row["name"]) if row else sweep_id


def live(db: Connection, person: str | None = None) -> dict[str, bool]:
    """Return by id the sweeps with cells that have not ended, who asked first first, and whether any of these is being worked on.

    Of one person if named.
    """
    rows = db.execute(
        f"""SELECT r.sweep AS id, max(r.state = 'working' AND c.state IS NOT 'held') AS works FROM {CELLS}
        WHERE {LIVE} AND r.sweep IS NOT NULL AND (? IS NULL OR r.person = ?) GROUP BY r.sweep ORDER BY min(r.asked_at)""",  # noqa: S608
        (person, person),
    )
    return {row["id"]: bool(row["works"]) for row in rows}


def failed_since(db: Connection, moment: str, person: str | None = None) -> list[str]:
    """Return the sweeps with cells that failed since a moment and were not mended by a retry, the newest failure first."""
    rows = db.execute(
        f"""SELECT r.sweep AS id FROM {CELLS} WHERE {FAILED} AND r.ended_at >= ? AND r.sweep IS NOT NULL AND (? IS NULL OR r.person = ?)
        GROUP BY r.sweep ORDER BY max(r.ended_at) DESC""",  # noqa: S608
        (moment, person, person),
    )
    return [row["id"] for row in rows]


def done_since(db: Connection, moment: str, person: str | None = None) -> list[str]:
    """Return the sweeps of which no cell is live and some succeeded or were cancelled since a moment, the newest end first."""
    rows = db.execute(
        """SELECT sweep AS id FROM runs WHERE state IN ('succeeded', 'partly', 'cancelled') AND ended_at >= ? AND sweep IS NOT NULL
            AND (? IS NULL OR person = ?) GROUP BY sweep ORDER BY max(ended_at) DESC""",
        (moment, person, person),
    )
    going = live(db)
    return [row["id"] for row in rows if row["id"] not in going]


COUNTED = f"""SELECT count(*) AS cells, count(*) FILTER (WHERE NOT {LIVE}) AS ended, count(*) FILTER (WHERE {LIVE}) AS live,
    count(*) FILTER (WHERE r.state IN ('succeeded', 'partly')) AS made, count(*) FILTER (WHERE {FAILED}) AS failed,
    count(*) FILTER (WHERE r.state = 'working' AND c.state IS NOT 'held') AS working,
    count(*) FILTER (WHERE {LIVE} AND r.cancel_asked_at IS NOT NULL) AS stopping,
    min(r.asked_at) AS asked_at, max(r.ended_at) AS ended_at FROM {CELLS} WHERE r.sweep = ? AND r.id NOT GLOB '*-replay-[0-9][0-9]*'"""  # noqa: S608


def _words(db: Connection, sweep_id: str) -> str:
    furthest = f"SELECT r.stage FROM runs r WHERE r.sweep = ? AND {LIVE} ORDER BY r.started_at IS NULL, r.progress DESC, r.turn LIMIT 1"  # noqa: S608
    row = db.execute(furthest, (sweep_id,)).fetchone()
    return str(row["stage"]) if row else ""


def _trouble(db: Connection, sweep_id: str) -> str:
    newest = f"SELECT r.error FROM {CELLS} WHERE r.sweep = ? AND {FAILED} ORDER BY r.ended_at DESC LIMIT 1"  # noqa: S608
    error = db.execute(newest, (sweep_id,)).fetchone()["error"]
    return str(json.loads(error)["say"]) if error else ""
