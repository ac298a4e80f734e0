"""Where a provider's record of its charges comes from, and how it is kept: the provider itself, or a file that somebody exported."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pipeline.database import Connection, insert, update
from pipeline.errors import BadBill, BadParameter
from pipeline.providers.port import Billed, Provider
from pipeline.reckoning.causes import Terms
from pipeline.reckoning.pile import Line, Pile, iso
from pipeline.reckoning.sheet import Sheet
from pipeline.records import Person, new_id, now
from pipeline.studio.costs import Period
from pipeline.studio.place import Place

# A request is billed when it ends, which may be the day after its money was held.
MARGIN = timedelta(days=1)
LONGEST = timedelta(days=1100)
LIVE_LAG = timedelta(minutes=15)  # fal's documentation: an event "appears within minutes"
KEPT_AT_ONCE = 10_000
PIECE_BYTES = 1 << 20


class Source(Protocol):
    """A provider's record; `lines` may be read once."""

    provider: str
    kind: str
    name: str

    def lines(self, start: datetime | None, end: datetime | None) -> Iterator[Billed]:
        """Yield its lines, at least those from `start` until before `end`; BadBill, ProviderError."""
        ...

    def sha256(self, pile: Pile) -> str:
        """Return what tells this record from another."""
        ...

    def complete_until(self, end: datetime, began: datetime) -> datetime | None:
        """Return until when nothing can be missing, of what ends with `end` and was read from `began` on; None where anything can be."""
        ...

    def resolution_nano_usd(self) -> int:
        """Return the finest amount it can say."""
        ...

    def remarks(self) -> tuple[str, ...]:
        """Say what was noticed on reading."""
        ...


class AskedProvider:
    """The provider's own answer, now."""

    kind, name = "provider", "asked directly"

    def __init__(self, provider: Provider, *, lag: timedelta = LIVE_LAG) -> None:
        """Ask this provider; `lag` is how long a charge may take until it is listed."""
        self._provider, self._lag = provider, lag
        self.provider = provider.name

    def lines(self, start: datetime | None, end: datetime | None) -> Iterator[Billed]:
        """Yield what the provider lists."""
        present = datetime.now(UTC)
        return self._provider.billed(start or present - timedelta(days=90), min(end or present, present + MARGIN))

    def sha256(self, pile: Pile) -> str:
        """Return the hash of its lines in order."""
        return pile.sha256()

    def complete_until(self, end: datetime, began: datetime) -> datetime:
        """Return when it was asked, less the time a charge may take."""
        return min(end + MARGIN, began - self._lag)

    def resolution_nano_usd(self) -> int:
        """A nano-dollar."""
        return 1

    def remarks(self) -> tuple[str, ...]:
        """Nothing: a line that cannot be read is an error there."""
        return ()


class BillFile:
    """A CSV file that somebody exported at a provider."""

    kind = "file"

    def __init__(self, path: Path, *, name: str = "", zone: ZoneInfo | None = None, provider: str = "fal") -> None:
        """Read this file; `zone` is where its times were written, if they say none themselves."""
        self._path, self._sheet = path, Sheet(path, zone)
        self.name, self.provider = name or path.name, provider
        self._end_is_named, self._last = False, datetime.min.replace(tzinfo=UTC)

    def lines(self, start: datetime | None, end: datetime | None) -> Iterator[Billed]:  # noqa: ARG002
        """Yield every line that can be read."""
        self._end_is_named = end is not None
        for line in self._sheet.lines():
            self._last = max(self._last, line.at)
            yield line

    def sha256(self, pile: Pile) -> str:  # noqa: ARG002
        """Return the hash of the file's bytes."""
        digest = hashlib.sha256()
        try:
            with self._path.open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    digest.update(piece)
        except OSError as error:
            raise BadBill("There is no readable file by that name.", next="Check the path.") from error
        return digest.hexdigest()

    def complete_until(self, end: datetime, began: datetime) -> datetime | None:
        """Return the end of the days it was named for, else its last line: nobody knows when it was exported. None where a line could not be read.

        Of what was read or written last, the time a charge may take is not complete.
        """
        if self._sheet.remarks.bad:
            return None
        return min(end, (began if self._end_is_named else self._last) - LIVE_LAG)

    def resolution_nano_usd(self) -> int:
        """Return the finest amount that stands in it."""
        return self._sheet.remarks.resolution_nano_usd

    def remarks(self) -> tuple[str, ...]:
        """Say which lines were left out."""
        return self._sheet.remarks.words()


@dataclass(frozen=True, kw_only=True)
class Bill:
    """A record that was read: what it covers, how much it says, and what tells it from another."""

    provider: str
    source: str
    name: str
    sha256: str
    terms: Terms
    lines: int
    nano_usd: int
    remarks: tuple[str, ...]
    read_at: str

    def document(self) -> dict[str, Any]:
        """Return it as a document."""
        facts = {"source": self.source, "name": self.name, "sha256": self.sha256, "lines": self.lines, "nano_usd": self.nano_usd}
        return {**facts, "read_at": self.read_at, "complete_until": self.terms.complete_until, "remarks": list(self.remarks)}


def read(source: Source, pile: Pile, period: Period, first_open: str) -> Bill:
    """Put a record on the pile and say what it covers: the period asked for, else the days of a file, else all days that are not closed.

    Raises BadBill for a file with nothing to compare, BadParameter for days that cannot be asked for, ProviderError.
    """
    began = datetime.now(UTC)
    asked = source.kind == "provider"
    since = period.since or (first_open if asked else None)
    until = period.until or (began.date().isoformat() if asked else None)
    start, end = _moments(since, until, began)
    pile.add(line for line in source.lines(start, end + MARGIN if end else None) if _within(line, start, end))
    days = pile.days()
    if not (since and until) and days is None:
        raise BadBill("This file has no lines, so nobody can say which days it covers.", next="Name the days it is for.")
    since, until = since or (days or ("",))[0], until or (days or ("",))[-1]
    _moments(since, until, began)
    complete_until = source.complete_until(_end(until), began)
    terms = Terms(
        since=since,
        until=until,
        complete_until=iso(complete_until) if complete_until else "",
        resolution_nano_usd=source.resolution_nano_usd(),
    )
    return Bill(
        provider=source.provider,
        source=source.kind,
        name=source.name,
        sha256=source.sha256(pile),
        terms=terms,
        lines=pile.count(),
        nano_usd=pile.nano_usd(),
        remarks=source.remarks(),
        read_at=now(),
    )


def keep(place: Place, bill: Bill, pile: Pile, by: Person) -> str:
    """Store a bill with its lines and return its id; the same bill for the same days is stored once, an earlier answer gives way to this one."""
    with place.database.writing() as tx:
        known = _known(tx, bill)
        if known:
            update(tx, "bills", {"id": known}, {"read_at": bill.read_at, "complete_until": bill.terms.complete_until})
            return known
        bill_id = new_id("bill-")
        insert(tx, "bills", {"id": bill_id, **_row(bill), "read_by": by.name})
    lines = pile.lines()
    number = 0
    while batch := list(islice(lines, KEPT_AT_ONCE)):
        with place.database.writing() as tx:
            _keep_lines(tx, bill_id, batch, number)
        number += len(batch)
    with place.database.writing() as tx:
        update(tx, "bills", {"id": bill_id}, {"whole": 1})
        _let_go(tx, bill_id, bill)
    return bill_id


def _keep_lines(tx: Connection, bill_id: str, lines: list[Line], number: int) -> None:
    names = ("request_id", "endpoint", "at", "nano_usd", "units", "unit_price_usd", "discount_percent", "copies")
    rows = [(bill_id, number + at, *(getattr(line, name) for name in names)) for at, line in enumerate(lines)]
    tx.executemany(f"INSERT INTO bill_lines (bill_id, n, {', '.join(names)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608


def _known(tx: Connection, bill: Bill) -> str | None:
    same = """provider = ? AND sha256 = ? AND since = ? AND until = ? AND whole = 1
        AND (lines = 0 OR EXISTS (SELECT 1 FROM bill_lines WHERE bill_id = bills.id))"""
    row = tx.execute(f"SELECT id FROM bills WHERE {same}", (bill.provider, bill.sha256, bill.terms.since, bill.terms.until)).fetchone()  # noqa: S608
    return str(row["id"]) if row else None


def _let_go(tx: Connection, bill_id: str, bill: Bill) -> None:
    """Drop the lines of what this bill says anew: earlier answers for the same days, and what a crash left half-read."""
    older = """SELECT id FROM bills WHERE provider = ? AND id <> ? AND (whole = 0 OR (source = 'provider' AND ? = 'provider'
        AND since >= ? AND until <= ?))"""
    tx.execute(
        f"DELETE FROM bill_lines WHERE bill_id IN ({older})",  # noqa: S608
        (bill.provider, bill_id, bill.source, bill.terms.since, bill.terms.until),
    )


def _row(bill: Bill) -> dict[str, Any]:
    facts = {name: value for name, value in asdict(bill).items() if name not in ("terms", "remarks")}
    return {**facts, **asdict(bill.terms), "remarks": json.dumps(bill.remarks, ensure_ascii=False)}


def _within(line: Billed, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or line.at >= start) and (end is None or line.at < end + MARGIN)


def _moments(since: str | None, until: str | None, present: datetime) -> tuple[datetime | None, datetime | None]:
    """Return when the days begin and end; raises BadParameter for more of them than a bill has, or out of reach."""
    near = until is None or _start(until) <= present + LONGEST
    start, end = (_start(since) if since else None), (_end(until) if until and near else None)
    if not near or (start and end and not timedelta(0) < end - start <= LONGEST):
        raise BadParameter(f"A bill covers 1 to {LONGEST.days:,} days.", next="Name the first day and a later last one, both as 2026-10-31.")
    return start, end


def _start(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


def _end(day: str) -> datetime:
    return _start(day) + timedelta(days=1)
