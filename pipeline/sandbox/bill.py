"""The emulator's bill: one line for every request it ever accepted."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pipeline.sandbox.database import FILE, opened


class BillLine(NamedTuple):
    """One accepted request; zero micro-dollars while unfinished, failed or cancelled in the queue."""

    request_id: str
    endpoint: str
    micro_usd: int
    accepted_at: str


class Bill(NamedTuple):
    """Every accepted request in the order of acceptance, and their sum."""

    requests: tuple[BillLine, ...]
    total_micro_usd: int


def bill(folder: Path) -> Bill:
    """Read the bill straight from disk, whether the emulator runs or not; a folder without one gives an empty bill."""
    if not (folder / FILE).exists():
        return Bill((), 0)
    with opened(folder) as db:
        rows = db.execute("select id, endpoint, micro_usd, accepted_at from requests order by seq").fetchall()
    lines = tuple(BillLine(row["id"], row["endpoint"], row["micro_usd"], iso(row["accepted_at"])) for row in rows)
    return Bill(lines, sum(line.micro_usd for line in lines))


def iso(epoch_seconds: float) -> str:
    """Write a moment as ISO 8601 in UTC.

    >>> iso(0)
    '1970-01-01T00:00:00.000000+00:00'
    """
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="microseconds")
