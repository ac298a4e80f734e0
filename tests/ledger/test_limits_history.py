"""A studio of before limits on requests becomes one with them: its requests are counted, its budgets go on."""

import contextlib
import sqlite3
from pathlib import Path

from sqlite_utils import Database as SqliteUtils

from pipeline import ledger
from pipeline.database import Database, insert
from pipeline.ledger.entries import GENESIS, Entry, line_hash
from pipeline.ledger.limits import standing
from pipeline.records import Basis, EntryKind, now
from pipeline.schema import studio
from tests.ledger.conftest import booking


def old_file(folder: Path) -> None:
    """Make a studio.db of before that step: three requests, of which one was released and one charged, and a budget."""
    at, previous = now(), GENESIS
    moves = [("r1", "hold", 30_000), ("r2", "hold", 30_000), ("r3", "hold", 40_000), ("r2", "release", -30_000), ("r3", "release", -40_000)]
    with contextlib.closing(sqlite3.connect(folder / "studio.db", isolation_level=None)) as old:
        old.row_factory = sqlite3.Row
        studio.apply(SqliteUtils(old), stop_before="m014_limits")
        for name, kind, amount in [*moves, ("r3", "charge", 35_000)]:
            facts = {"at": at, "for_day": at[:10], "kind": EntryKind(kind), "basis": Basis.ESTIMATE, "micro_usd": amount}
            line = Entry(**vars(booking(f"{name}.avatar.1")), **facts)
            own = line_hash(previous, line)
            insert(old, "entries", {**vars(line), "previous_hash": previous, "hash": own})
            previous = own
        budget = {"id": "b1", "scope_kind": "case", "scope": "case-1", "period": "month", "cap_micro_usd": 70_000, "hard": 1}
        insert(old, "budgets", {**budget, "set_by": "boss", "set_at": at})


def test_requests_of_before_are_counted_and_budgets_of_before_go_on(tmp_path: Path) -> None:
    old_file(tmp_path)
    database = Database(tmp_path, "sandbox")
    with database.reading() as db:
        assert ledger.proof(db) == []
        counted = {row["requests"] for row in db.execute("SELECT requests FROM balances")}
        (limit,) = standing(db, person="anna", feature="portrait", case_id="case-1")
    database.close()
    assert counted == {2}
    assert (limit.budget_id, limit.cap, limit.used, limit.hard) == ("b1", 70_000, 65_000, True)
