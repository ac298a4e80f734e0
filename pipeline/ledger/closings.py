"""Closed months: the sum of their lines, the last of them, and the proof that nothing changed since."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.database import Connection, insert

SUMS = """count(*) AS entries, coalesce(sum(micro_usd) FILTER (WHERE kind IN ('charge', 'adjust')), 0) AS charged,
    coalesce(sum(micro_usd) FILTER (WHERE kind IN ('hold', 'release')), 0) AS held FROM entries"""
OF_MONTH = f"SELECT {SUMS} WHERE for_day BETWEEN ? AND ?"
BY_MONTH = f"SELECT substr(for_day, 1, 7) AS month, {SUMS} WHERE substr(for_day, 1, 7) IN (SELECT month FROM closings) GROUP BY 1"  # noqa: S608

NOTED_OTHERWISE = """SELECT 1 FROM audit_log WHERE action = 'close month' AND subject = ?
    AND iif(json_valid(detail), (detail ->> 'error_nano_usd', detail ->> 'reason') IS NOT (?, ?), 1)"""


@dataclass(frozen=True, kw_only=True)
class Closing:
    """A closed month (YYYY-MM): what its lines came to, how far the bill was above that (its error), and where the ledger ended.

    `error_nano_usd` is the bill minus ours, as far as no adjusting entry put it right.
    """

    month: str
    at: str
    person: str
    reason: str
    reconciliation_id: str
    ours_micro_usd: int
    error_nano_usd: int
    entries: int
    last_entry: int
    last_hash: str

    @property
    def billed_nano_usd(self) -> int:
        """What the bill came to."""
        return self.ours_micro_usd * 1000 + self.error_nano_usd

    @property
    def error_percent(self) -> float:
        """The error in per cent of the bill, or of ours where nothing was billed; 0 for a month without any money."""
        return 100 * self.error_nano_usd / (abs(self.billed_nano_usd) or abs(self.ours_micro_usd) * 1000 or 1)


@dataclass(frozen=True, kw_only=True)
class MonthSum:
    """The lines that count for a month: how many, and what they come to in micro-dollars."""

    entries: int
    charged_micro_usd: int
    held_micro_usd: int


def month_sum(db: Connection, month: str) -> MonthSum:
    """Add up the lines that count for a month (YYYY-MM)."""
    row = db.execute(OF_MONTH, (f"{month}-01", f"{month}-31")).fetchone()
    return MonthSum(entries=row["entries"], charged_micro_usd=row["charged"], held_micro_usd=row["held"])


def close(tx: Connection, closing: Closing) -> None:
    """Close a month; from now on no line can count for it."""
    insert(tx, "closings", vars(closing))


def closings(db: Connection) -> tuple[Closing, ...]:
    """Return every closed month, the newest first."""
    names = ", ".join(Closing.__dataclass_fields__)
    return tuple(Closing(**dict(row)) for row in db.execute(f"SELECT {names} FROM closings ORDER BY month DESC"))  # noqa: S608


def changed(db: Connection) -> Iterator[str]:
    """Yield, in words, every closed month that is not any more what it was when it was closed."""
    closed = closings(db)
    found = {row["month"]: (row["entries"], row["charged"], row["held"]) for row in db.execute(BY_MONTH)} if closed else {}
    for closing in closed:
        if found.get(closing.month, (0, 0, 0)) != (closing.entries, closing.ours_micro_usd, 0):
            yield f"The closed month {closing.month} does not come to what it was closed with."
        last = db.execute("SELECT hash FROM entries WHERE id = ?", (closing.last_entry,)).fetchone()
        if closing.last_entry and (last is None or last["hash"] != closing.last_hash):
            yield f"The ledger line that the closed month {closing.month} ended with has changed."
        if db.execute(NOTED_OTHERWISE, (closing.month, closing.error_nano_usd, closing.reason)).fetchone():
            yield f"The closed month {closing.month} does not state the error and the reason that were noted when it was closed."
