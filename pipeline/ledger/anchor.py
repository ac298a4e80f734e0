"""An anchor: how far the ledger had come at one moment, short enough to be written down elsewhere.

Whoever could rewrite the whole file could rewrite every line with its hash and every sum that is kept beside them; all of it would agree with
itself. It would not agree with an anchor that was noted before and lies where that person cannot write.
"""

import re
from dataclasses import dataclass

from pipeline.database import Connection
from pipeline.errors import BadParameter
from pipeline.wording import counted

GENESIS = "0" * 64
_WRITTEN = re.compile(r"(\d{1,15}):(-?\d{1,18}):(-?\d{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """So many ledger lines, what they add up to in micro-dollars (charged with adjustments; held), and the hash of the last."""

    lines: int
    charged_micro_usd: int
    held_micro_usd: int
    last_hash: str

    def __str__(self) -> str:
        """Write it as `lines:charged:held:hash`."""
        return f"{self.lines}:{self.charged_micro_usd}:{self.held_micro_usd}:{self.last_hash}"


def read_anchor(text: str) -> Anchor:
    """Read an anchor as it is printed; raises BadParameter.

    >>> read_anchor("0:0:0:" + "0" * 64).lines
    0
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise BadParameter("This is no anchor of a ledger.", next="Copy it whole, as `backup`, `close-month` or `doctor` printed it.")
    lines, charged, held, last_hash = found.groups()
    return Anchor(lines=int(lines), charged_micro_usd=int(charged), held_micro_usd=int(held), last_hash=last_hash)


def take_anchor(db: Connection, lines: int | None = None) -> Anchor:
    """Return the anchor of the first so many lines, of all when none are named, added up line by line and not from sums that are kept."""
    row = db.execute(
        """SELECT count(*) AS lines, coalesce(sum(micro_usd) FILTER (WHERE kind IN ('charge', 'adjust')), 0) AS charged,
            coalesce(sum(micro_usd) FILTER (WHERE kind IN ('hold', 'release')), 0) AS held, max(id) AS last
        FROM (SELECT id, kind, micro_usd FROM entries ORDER BY id LIMIT ?)""",
        (-1 if lines is None else lines,),
    ).fetchone()
    last = db.execute("SELECT hash FROM entries WHERE id = ?", (row["last"],)).fetchone()
    return Anchor(lines=row["lines"], charged_micro_usd=row["charged"], held_micro_usd=row["held"], last_hash=last["hash"] if last else GENESIS)


def check_anchor(db: Connection, anchor: Anchor) -> list[str]:
    """Return in words what of the ledger is not as it was when the anchor was noted; an empty list when all of it is."""
    now = take_anchor(db, anchor.lines)
    if now.lines < anchor.lines:
        return [f"The ledger has {counted(now.lines, 'line')}; {anchor.lines:,} were there when the anchor was noted."]
    wrong = []
    if now.last_hash != anchor.last_hash:
        wrong.append(f"Ledger line {anchor.lines:,} is another than when the anchor was noted.")
    if (now.charged_micro_usd, now.held_micro_usd) != (anchor.charged_micro_usd, anchor.held_micro_usd):
        wrong.append(f"The first {anchor.lines:,} ledger lines add up to other sums than when the anchor was noted.")
    return wrong
