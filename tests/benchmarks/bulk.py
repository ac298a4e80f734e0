"""A studio as it stands after a year: thousands of cases, written through the same record functions as a real one and checked afterwards.

    python -m tests.benchmarks.bulk FOLDER [CASES] [FILES]

FOLDER becomes a STUDIO_DATA. Money, hash chain, balances, states and current pictures come about as they do in use, one story after
another along the year; only the waiting and the provider are left out. Nothing is left running, so a worker finds nothing to do.
"""

import random
import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby
from pathlib import Path
from unittest.mock import patch

from pipeline import records
from pipeline.database import Connection
from pipeline.ledger import proof, totals
from pipeline.records import Person, dollars
from pipeline.settings import load
from pipeline.studio import people
from pipeline.studio.place import Place, objects_folder
from tests.benchmarks.bulk_hand import Hand
from tests.benchmarks.bulk_media import QuickStore, render
from tests.benchmarks.bulk_stories import PEOPLE, Step, What, invent

MOTIFS, FILMS, STEPS_AT_ONCE, SEED = 60, 6, 500, 20260501
CHECKED = ("cases", "runs", "calls", "outputs", "entries", "assets", "likeness", "approvals", "stars", "audit_log")


@dataclass(frozen=True, kw_only=True)
class Filled:
    """The studio that was written, how many rows each table has, and how long it took."""

    place: Place
    rows: dict[str, int]
    charged_micro_usd: int
    seconds: float


class Clock:
    """Stands where `datetime` stands in `pipeline.records`, so that every record function writes the moment of the story."""

    fromisoformat = staticmethod(datetime.fromisoformat)

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self, _: tzinfo) -> datetime:
        return self.at

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def fill(data_folder: Path, cases: int = 10_000, assets: int = 50_000, motifs: int = MOTIFS) -> Filled:
    """Write so many cases and about so many files into a new data folder, prove that everything adds up, and return what there is.

    The files show `motifs` different pictures.

    Raises FileExistsError when the folder holds a studio already, AssertionError when a check fails.
    """
    began = time.monotonic()
    settings = load({"STUDIO_DATA": str(data_folder)})
    if (settings.folder / "studio.db").exists():
        raise FileExistsError(f"{settings.folder} holds a studio already.")
    place = Place(settings)
    for person in PEOPLE:
        people.add(place, person.name, person.team, person.roles, Person(name="me"))
    steps = invent(cases, assets, datetime.now(UTC), random.Random(SEED))
    with tempfile.TemporaryDirectory() as folder:
        pictures = render(motifs, min(motifs, FILMS), Path(folder))
    clock = Clock()
    with patch.object(records, "datetime", clock):
        _write(place, Hand(place, QuickStore(objects_folder(settings)), pictures, clock, random.Random(SEED)), clock, steps)
    return check(place, time.monotonic() - began)


def check(place: Place, seconds: float = 0.0) -> Filled:
    """Prove the studio sound: ledger chain and balances, keys between tables, every file where its row says; raises AssertionError."""
    with place.database.reading() as db:
        wrong = [*proof(db), *(str(tuple(row)) for row in db.execute("PRAGMA foreign_key_check")), *_loose_ends(place, db)]
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert not wrong, wrong[:20]
        rows = {table: int(db.execute(f"SELECT count(*) AS n FROM {table}").fetchone()["n"]) for table in CHECKED}
        return Filled(place=place, rows=rows, charged_micro_usd=totals(db).charged_micro_usd, seconds=seconds)


def _write(place: Place, hand: Hand, clock: Clock, steps: list[Step]) -> None:
    """Carry the steps out, hundreds in one transaction; a removal is the studio's own verb with a transaction of its own."""
    for alone, group in groupby(enumerate(steps), lambda one: one[0] if one[1].what is What.REMOVE else -1 - one[0] // STEPS_AT_ONCE):
        with nullcontext() if alone >= 0 else place.database.writing(relaxed=True) as tx:
            for _, step in group:
                clock.at = step.at
                hand.do(tx, step) if tx else hand.remove(step)


def _loose_ends(place: Place, db: Connection) -> list[str]:
    """Return what no foreign key watches: files without rows' bytes, current pictures that are gone, calls whose money is still out."""
    queries = {
        "an output without its file": "SELECT o.run_id FROM outputs o JOIN runs r ON r.id = o.run_id WHERE o.asset IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM assets a WHERE a.scope = r.case_id AND a.sha256 = o.asset)",
        "a current file that is removed": "SELECT c.id FROM cases c JOIN assets a ON a.scope = c.id"
        " AND a.sha256 IN (c.photo, c.crop, c.avatar, c.clip) WHERE a.removed_at IS NOT NULL",
        "an ended call with held money": "SELECT c.id FROM calls c JOIN entries e ON e.call_id = c.id AND e.kind IN ('hold', 'release')"
        " WHERE c.state IN ('succeeded', 'failed', 'cancelled') GROUP BY c.id HAVING sum(e.micro_usd) <> 0",
        "a file without a case": "SELECT sha256 FROM assets WHERE scope NOT IN (SELECT id FROM cases)",
    }
    found = [f"{what}: {row[0]}" for what, query in queries.items() for row in db.execute(query)]
    kept = {row["key"]: row["bytes"] for row in db.execute("SELECT key, bytes FROM assets WHERE removed_at IS NULL")}
    root = objects_folder(place.settings)
    return found + [f"a file that is not there: {key}" for key, size in kept.items() if (root / key).stat().st_size != size]


def main() -> int:
    """Fill the folder named on the command line and say what there is."""
    if len(sys.argv) < 2 or not all(argument.isdigit() for argument in sys.argv[2:4]):
        print("usage: python -m tests.benchmarks.bulk FOLDER [CASES] [FILES]", file=sys.stderr)
        return 2
    filled = fill(Path(sys.argv[1]), *(int(number) for number in sys.argv[2:4]))
    print(", ".join(f"{count:,} {table}" for table, count in filled.rows.items()))
    print(f"{dollars(filled.charged_micro_usd)} charged; written and checked in {filled.seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
