"""The lines of a bill in the order of their requests: on disk in a file that vanishes, so that a bill of any size fits."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.providers.port import Billed

AT_ONCE = 5_000
_TABLE = """CREATE TABLE lines (request_id TEXT, endpoint TEXT, at TEXT, nano_usd INTEGER, units TEXT, unit_price_usd TEXT, discount_percent TEXT,
    alike TEXT, copies INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (request_id, endpoint, at, nano_usd, units, unit_price_usd, discount_percent, alike))
    WITHOUT ROWID"""
_FIELDS = "request_id, endpoint, at, nano_usd, units, unit_price_usd, discount_percent"
_IN_ORDER = f"SELECT {_FIELDS}, copies FROM lines ORDER BY {_FIELDS}, alike"  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of a bill, as often as it stands there word for word; `at` is ISO 8601 in UTC."""

    request_id: str
    endpoint: str
    at: str
    nano_usd: int
    units: str | None = None
    unit_price_usd: str | None = None
    discount_percent: str | None = None
    copies: int = 1

    @property
    def day(self) -> str:
        """The UTC day it stands for."""
        return self.at[:10]


class Pile:
    """Lines from anywhere, kept in order; the same line of the same request is kept once, with the number of its copies."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Use a database that holds nothing else."""
        self._db = db
        db.execute(_TABLE)
        self._number = 0

    def add(self, lines: Iterable[Billed]) -> None:
        """Put lines on the pile."""
        upsert = f"INSERT INTO lines ({_FIELDS}, alike) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET copies = copies + 1"  # noqa: S608
        rows = map(self._row, lines)
        while batch := list(islice(rows, AT_ONCE)):
            self._db.executemany(upsert, batch)
        self._db.commit()

    def lines(self) -> Iterator[Line]:
        """Yield every line in the order of the requests' ids, those without one first."""
        for request_id, endpoint, at, nano_usd, units, price, discount, copies in self._db.execute(_IN_ORDER):
            yield Line(
                request_id=request_id,
                endpoint=endpoint,
                at=at,
                nano_usd=nano_usd,
                units=units or None,
                unit_price_usd=price or None,
                discount_percent=discount or None,
                copies=copies,
            )

    def sha256(self) -> str:
        """Return the SHA-256 of all lines in order: the same bill has the same, in whatever order it was read."""
        digest = hashlib.sha256()
        for row in self._db.execute(_IN_ORDER):
            digest.update(repr(tuple(row)).encode())
        return digest.hexdigest()

    def days(self) -> tuple[str, str] | None:
        """Return the first and the last UTC day there is a line of; None without any line."""
        first, last = self._db.execute("SELECT min(at), max(at) FROM lines").fetchone()
        return (first[:10], last[:10]) if first else None

    def count(self) -> int:
        """Return how many lines were put on it, copies too."""
        return int(self._db.execute("SELECT coalesce(sum(copies), 0) FROM lines").fetchone()[0])

    def nano_usd(self) -> int:
        """Return what its lines come to, copies not counted."""
        return int(self._db.execute("SELECT coalesce(sum(nano_usd), 0) FROM lines").fetchone()[0])

    def _row(self, line: Billed) -> tuple[Any, ...]:
        """Lines without a request may be alike and yet two: each is kept by its number."""
        self._number += 1
        alike = "" if line.request_id else f"{self._number:012}"
        figures = (_text(line.units), _text(line.unit_price_usd), _text(line.discount_percent))
        return (line.request_id, line.endpoint, iso(line.at), line.nano_usd, *figures, alike)


@contextmanager
def pile() -> Iterator[Pile]:
    """Lend an empty pile on disk; it is gone afterwards."""
    with TemporaryDirectory(prefix="bill-") as folder, closing(sqlite3.connect(Path(folder) / "lines.db")) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        yield Pile(db)


def iso(moment: datetime) -> str:
    """Write a moment as ISO 8601 UTC text with microseconds, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _text(number: Decimal | None) -> str:
    """Write a number in one way only, so that equal lines are equal; empty where there is none."""
    return "" if number is None else f"{number.normalize():f}"
