"""A look at the ledger that is cheap enough for every second: what was added up before is remembered, only new lines are proven.

The thorough proof of every line is `proving.proof`; this one notices at once when the running sum and the lines part, or a new line does not
follow from the one before. What was changed in lines proven before is left to the thorough one.
"""

from dataclasses import dataclass

from pipeline.database import Connection
from pipeline.ledger.entries import GENESIS, entry_of, line_hash
from pipeline.ledger.reports import Totals, balance


@dataclass(frozen=True, kw_only=True)
class Proven:
    """How far the ledger was added up: the last line's id and hash, how many lines there were, and their sums in micro-dollars."""

    last_id: int = 0
    last_hash: str = GENESIS
    lines: int = 0
    held_micro_usd: int = 0
    charged_micro_usd: int = 0


def extend(db: Connection, known: Proven) -> Proven | None:
    """Add the lines up that came since, within a read that has begun; None when something does not agree.

    The chain is followed from the line that was last before. From the very beginning it is only summed: half a second's work at most.
    """
    if known.last_id and not (_still_there(db, known) and _follow(db, known)):
        return None
    new = db.execute(
        """SELECT count(*) AS lines, coalesce(max(id), ?) AS last_id,
            coalesce(sum(micro_usd) FILTER (WHERE kind IN ('hold', 'release')), 0) AS held,
            coalesce(sum(micro_usd) FILTER (WHERE kind IN ('charge', 'adjust')), 0) AS charged FROM entries WHERE id > ?""",
        (known.last_id, known.last_id),
    ).fetchone()
    last = db.execute("SELECT hash FROM entries WHERE id = ?", (new["last_id"],)).fetchone()
    proven = Proven(
        last_id=new["last_id"],
        last_hash=last["hash"] if last else known.last_hash,
        lines=known.lines + new["lines"],
        held_micro_usd=known.held_micro_usd + new["held"],
        charged_micro_usd=known.charged_micro_usd + new["charged"],
    )
    sums = Totals(held_micro_usd=proven.held_micro_usd, charged_micro_usd=proven.charged_micro_usd)
    return proven if balance(db, "studio", "all", "ever") == sums else None


def _still_there(db: Connection, known: Proven) -> bool:
    row = db.execute("SELECT hash FROM entries WHERE id = ?", (known.last_id,)).fetchone()
    return row is not None and row["hash"] == known.last_hash


def _follow(db: Connection, known: Proven) -> bool:
    previous = known.last_hash
    for row in db.execute("SELECT * FROM entries WHERE id > ? ORDER BY id", (known.last_id,)):
        if row["previous_hash"] != previous or row["hash"] != line_hash(previous, entry_of(row)):
            return False
        previous = row["hash"]
    return True
