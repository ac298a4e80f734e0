"""What the ledger says: its lines and its totals."""

from dataclasses import dataclass

from pipeline.database import Connection
from pipeline.ledger.entries import Entry, entry_of


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Money held now and money spent, in micro-dollars."""

    held_micro_usd: int
    charged_micro_usd: int


def entries(db: Connection, *, run_id: str | None = None) -> list[Entry]:
    """Return the lines, oldest first; of one run if named."""
    where, values = ("WHERE run_id = ?", (run_id,)) if run_id else ("", ())
    return [entry_of(row) for row in db.execute(f"SELECT * FROM entries {where} ORDER BY id", values)]  # noqa: S608


def totals(db: Connection, *, run_id: str | None = None) -> Totals:
    """Add the lines up; of one run if named."""
    where, values = ("WHERE run_id = ?", (run_id,)) if run_id else ("", ())
    sums = """SELECT coalesce(sum(micro_usd) FILTER (WHERE kind IN ('hold', 'release')), 0) AS held,
        coalesce(sum(micro_usd) FILTER (WHERE kind IN ('charge', 'adjust')), 0) AS charged FROM entries"""
    row = db.execute(f"{sums} {where}", values).fetchone()
    return Totals(held_micro_usd=row["held"], charged_micro_usd=row["charged"])


def charged_for(db: Connection, call_id: str) -> int:
    """Return what a call was charged, in micro-dollars."""
    row = db.execute("SELECT coalesce(sum(micro_usd), 0) AS paid FROM entries WHERE call_id = ? AND kind IN ('charge', 'adjust')", (call_id,))
    return int(row.fetchone()["paid"])


def balance(db: Connection, scope_kind: str, scope: str, period: str) -> Totals:
    """Return the running sum of a scope and period, as the caps see it."""
    row = db.execute("SELECT * FROM balances WHERE scope_kind = ? AND scope = ? AND period = ?", (scope_kind, scope, period)).fetchone()
    return (
        Totals(held_micro_usd=row["held_micro_usd"], charged_micro_usd=row["charged_micro_usd"])
        if row
        else Totals(held_micro_usd=0, charged_micro_usd=0)
    )
