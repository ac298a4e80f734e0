"""What the ledger says: its lines, its totals, and whether sums and chain hold."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.database import Connection
from pipeline.ledger.entries import GENESIS, Entry, entry_of, line_hash


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Money set aside now and money spent, in micro-dollars."""

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


def proof(db: Connection) -> list[str]:
    """Return what does not add up, in words; an empty list proves the chain unbroken and every balance equal to its rows."""
    return [*_broken_links(db), *_wrong_balances(db)]


def _broken_links(db: Connection) -> Iterator[str]:
    previous = GENESIS
    for row in db.execute("SELECT * FROM entries ORDER BY id"):
        if row["previous_hash"] != previous or row["hash"] != line_hash(previous, entry_of(row)):
            yield f"Ledger line {row['id']} does not follow from the line before it."
            return
        previous = row["hash"]


def _wrong_balances(db: Connection) -> Iterator[str]:
    scopes = {"studio": "'all'", "person": "person", "feature": "feature", "case": "case_id", "sweep": "sweep"}
    periods = {"day": "for_day", "month": "substr(for_day, 1, 7)", "ever": "'ever'"}
    sums = " UNION ALL ".join(
        f"""SELECT '{kind}', {scope}, {period}, coalesce(sum(micro_usd) FILTER (WHERE kind IN ('hold', 'release')), 0),
        coalesce(sum(micro_usd) FILTER (WHERE kind IN ('charge', 'adjust')), 0) FROM entries WHERE {scope} IS NOT NULL GROUP BY 2, 3"""  # noqa: S608
        for kind, scope in scopes.items()
        for period in periods.values()
    )
    kept = "SELECT scope_kind, scope, period, held_micro_usd, charged_micro_usd FROM balances"
    query = f"SELECT * FROM ({kept} EXCEPT SELECT * FROM ({sums})) UNION SELECT * FROM (SELECT * FROM ({sums}) EXCEPT {kept})"  # noqa: S608
    for kind, scope, period in sorted({(row["scope_kind"], row["scope"], row["period"]) for row in db.execute(query)}):
        yield f"The running balance of {kind} {scope} ({period}) differs from the sum of its ledger lines."
