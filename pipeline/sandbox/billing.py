"""Billing events: what the platform says it charged, line by line, with the differences that were ordered.

A request gets its line when the bill is first read after it ended. An order counted in requests befalls the oldest line that it fits and no
other order changed, so it can be given after the work; one by rate befalls new lines only. The sandbox's own bill (bill.py) is never touched.
"""

import hashlib
import sqlite3
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.sandbox import answers
from pipeline.sandbox.bill import iso
from pipeline.sandbox.book import Book, State
from pipeline.sandbox.database import writing
from pipeline.sandbox.faults import ON_THE_BILL, Kind, take_inside
from pipeline.sandbox.platform import DAY_SECONDS, as_moment, as_number, listed
from pipeline.sandbox.prices import PRICES

MOST_LINES = 10_000
LATER_SECONDS = 60.0
NANO_OFF = 7
LINES = "source, request_id, endpoint, at, units, nano_usd"


class Billing:
    """The bill as the platform tells it."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def routes(self) -> list[Route]:
        """List the route of the bill."""
        return [Route("/v1/models/billing-events", self.events, methods=["GET"])]

    async def events(self, request: Request) -> Response:
        """List what was charged, newest first, page by page; the end is exclusive."""
        refused = answers.refusal(request)
        if refused is not None:
            return refused
        self._bring_up_to_date()
        limit = min(max(int(as_number(request.query_params.get("limit"), 50)), 1), MOST_LINES)
        where, values = _asked(request)
        query = f"select * from events where {where} order by at desc, seq desc limit :limit offset :offset"  # noqa: S608
        page = max(int(as_number(request.query_params.get("cursor"), 1)), 1)
        rows = self.book.db.execute(query, {**values, "limit": limit + 1, "offset": (page - 1) * limit}).fetchall()
        more = len(rows) > limit
        told = {"next_cursor": str(page + 1) if more else None, "has_more": more}
        return JSONResponse({"billing_events": [_event(row) for row in rows[:limit]], **told})

    def _bring_up_to_date(self) -> None:
        missing = "state = ? and not exists (select 1 from events e where e.source = requests.id)"
        new = self.book.db.execute(f"select * from requests where {missing} order by seq", (State.ENDED,)).fetchall()  # noqa: S608
        if not new and not _orders(self.book.db):
            return
        with writing(self.book.db) as db:
            for row in new:
                _list(db, row)
            for order in _orders(db):
                _befall_older(db, order)


def _list(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Give an ended request its line, hidden where nothing was charged, and let one order befall it."""
    nano_usd = row["micro_usd"] * 1000
    values = (row["id"], row["id"], row["endpoint"], row["ended_at"], row["units"], nano_usd, int(nano_usd == 0))
    seq = db.execute(f"insert into events ({LINES}, hidden) values (?, ?, ?, ?, ?, ?, ?)", values).lastrowid  # noqa: S608
    fits = [kind for kind in ON_THE_BILL if (kind is Kind.BILL_FAILED) == (nano_usd == 0)]
    fired = next((kind for kind in fits if take_inside(db, [kind], row["endpoint"])), None)
    if fired:
        _apply(db, fired, _line(db, int(seq or 0)))


def _befall_older(db: sqlite3.Connection, order: sqlite3.Row) -> None:
    """Let an order counted in requests befall lines that are on the bill already."""
    hidden = int(order["kind"] == Kind.BILL_FAILED)
    older = db.execute(
        "select * from events where fault = '' and hidden = ? and request_id = source and instr(endpoint, ?) order by seq limit ?",
        (hidden, order["endpoint"], order["remaining"]),
    ).fetchall()
    for line in older:
        _apply(db, Kind(order["kind"]), line)
    db.execute("update faults set remaining = remaining - ?, fired = fired + ? where id = ?", (len(older), len(older), order["id"]))


def _apply(db: sqlite3.Connection, kind: Kind, line: sqlite3.Row) -> None:
    _FAULTS[kind](db, line)
    db.execute("update events set fault = ? where seq = ?", (kind, line["seq"]))


def _extra(db: sqlite3.Connection, line: sqlite3.Row) -> None:
    stranger = str(uuid.UUID(hashlib.sha256(line["request_id"].encode()).hexdigest()[:32]))
    _copy(db, line, request_id=stranger)


def _missing(db: sqlite3.Connection, line: sqlite3.Row) -> None:
    db.execute("update events set hidden = 1 where seq = ?", (line["seq"],))


def _dearer(db: sqlite3.Connection, line: sqlite3.Row) -> None:
    db.execute("update events set nano_usd = nano_usd + nano_usd / 10 where seq = ?", (line["seq"],))


def _charged(db: sqlite3.Connection, line: sqlite3.Row) -> None:
    price = PRICES[line["endpoint"]].micro_usd * 1000
    db.execute("update events set nano_usd = ?, units = 1, hidden = 0 where seq = ?", (price, line["seq"]))


def _twice(db: sqlite3.Connection, line: sqlite3.Row) -> None:
    _copy(db, line)


def _again(db: sqlite3.Connection, line: sqlite3.Row) -> None:
    _copy(db, line, at=line["at"] + LATER_SECONDS)


def _rounded(db: sqlite3.Connection, line: sqlite3.Row) -> None:
    db.execute("update events set nano_usd = nano_usd + ? where seq = ?", (NANO_OFF, line["seq"]))


_FAULTS: Mapping[Kind, Callable[[sqlite3.Connection, sqlite3.Row], None]] = {
    Kind.BILL_EXTRA: _extra,
    Kind.BILL_MISSING: _missing,
    Kind.BILL_PRICE: _dearer,
    Kind.BILL_FAILED: _charged,
    Kind.BILL_TWICE: _twice,
    Kind.BILL_AGAIN: _again,
    Kind.BILL_ROUNDING: _rounded,
}


def _copy(db: sqlite3.Connection, line: sqlite3.Row, **changes: Any) -> None:
    values = {name: line[name] for name in LINES.split(", ")} | changes
    db.execute(f"insert into events ({LINES}, fault) values (?, ?, ?, ?, ?, ?, 'copy')", tuple(values.values()))  # noqa: S608


def _line(db: sqlite3.Connection, seq: int) -> sqlite3.Row:
    row: sqlite3.Row = db.execute("select * from events where seq = ?", (seq,)).fetchone()
    return row


def _orders(db: sqlite3.Connection) -> list[sqlite3.Row]:
    marks = ",".join("?" * len(ON_THE_BILL))
    where = f"kind in ({marks}) and rate is null and remaining > 0 and seen >= skip"
    return db.execute(f"select * from faults where {where} order by id", ON_THE_BILL).fetchall()  # noqa: S608


def _asked(request: Request) -> tuple[str, dict[str, Any]]:
    """Build the where clause out of fixed pieces; only bound values come from the caller."""
    asked = request.query_params
    values: dict[str, Any] = {"start": as_moment(asked.get("start"), time.time() - DAY_SECONDS), "end": as_moment(asked.get("end"), time.time())}
    clauses = ["hidden = 0", "at >= :start", "at < :end"]
    for column, name in (("endpoint", "endpoint_id"), ("request_id", "request_id")):
        names = {f"{column}{index}": text for index, text in enumerate(listed(request, name))}
        if names:
            clauses.append(f"{column} in ({', '.join(f':{key}' for key in names)})")
            values |= names
    return " and ".join(clauses), values


def _event(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "request_id": row["request_id"],
        "endpoint_id": row["endpoint"],
        "timestamp": iso(row["at"]),
        "output_units": row["units"],
        "unit_price": row["nano_usd"] / row["units"] / 1e9 if row["units"] else 0.0,
        "percent_discount": 0,
        "cost_estimate_nano_usd": row["nano_usd"],
    }
