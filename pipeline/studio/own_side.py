"""What our books say of paid requests, in the order of the provider's request ids: the side a bill is held against."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from typing import Any

from pipeline.database import Connection
from pipeline.reckoning.causes import Terms
from pipeline.reckoning.pairing import Ours
from pipeline.records import Basis, CallState

# Booked for a line of an earlier bill, before a call of ours turned out to be meant.
_BOOKED_BEFORE = """coalesce((SELECT sum(e.micro_usd) FROM differences d JOIN entries e ON e.id = d.entry_id
    WHERE d.provider = c.provider AND d.key = 'request ' || c.request_id), 0)"""
_BOOKED = f"""coalesce((SELECT sum(e.micro_usd) FROM entries e WHERE e.call_id = c.id AND e.kind = 'charge'), 0) AS charged,
    coalesce((SELECT sum(e.micro_usd) FROM entries e WHERE e.call_id = c.id AND e.kind = 'adjust'), 0) + {_BOOKED_BEFORE} AS adjusted,
    EXISTS (SELECT 1 FROM entries e WHERE e.call_id = c.id AND e.kind = 'adjust') AS was_adjusted"""  # noqa: S608
_CALLS = f"""SELECT coalesce(c.request_id, '') AS request_id, c.id, c.endpoint, w.for_day, c.state,
    coalesce(c.finished_at, c.sent_at, c.created_at) AS ended_at, c.unit_micro_usd, e.basis, e.quantity, {_BOOKED}
    FROM {{}} w JOIN calls c ON c.id = w.call_id LEFT JOIN entries e ON e.call_id = c.id AND e.kind = 'charge'"""  # noqa: S608
_OF_DAYS = "(SELECT call_id, for_day FROM costs WHERE for_day BETWEEN ? AND ? AND provider = ? AND id = call_id)"

_STRANGERS = """SELECT d.key, d.request_id, d.endpoint, min(d.day) AS day, coalesce(min(json_extract(d.lines, '$[0].at')), '') AS ended_at,
    sum(e.micro_usd) AS micro_usd FROM differences d JOIN entries e ON e.id = d.entry_id WHERE d.provider = ? AND d.call_id IS NULL"""
_STRANGERS_OF_DAYS = f"""{_STRANGERS} AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.provider = d.provider AND c.request_id = d.request_id)
    GROUP BY d.key HAVING sum(e.micro_usd) <> 0 AND (min(d.day) BETWEEN ? AND ?
    OR (d.request_id = '' AND min(d.day) BETWEEN date(?, '-1 day') AND date(?, '+1 day'))) ORDER BY 2"""  # noqa: S608


def requests(db: Connection, provider: str, terms: Terms) -> Iterator[Ours]:
    """Yield, by its request id, every request whose money was held in the days of a bill, and every line of these days booked without a call.

    Of lines that name no request the days beside them come too: another record of the same charge may say a moment on the other side of midnight.
    """
    calls = map(_ours, db.execute(f"{_CALLS.format(_OF_DAYS)} ORDER BY 1", (terms.since, terms.until, provider)))
    strangers = map(_stranger, db.execute(_STRANGERS_OF_DAYS, (provider, terms.since, terms.until, terms.since, terms.until)))
    return merge((one for one in calls if one.request_id or one.micro_usd), strangers, key=lambda one: one.request_id)


def look_up(db: Connection, provider: str, request_ids: Sequence[str]) -> Mapping[str, Ours]:
    """Find requests of other days by the provider's ids, and lines of earlier bills that were booked without a call."""
    places = ", ".join("?" * len(request_ids))
    named = f"(SELECT id AS call_id, coalesce((SELECT h.for_day FROM entries h WHERE h.call_id = k.id AND h.kind = 'hold'), \
substr(created_at, 1, 10)) AS for_day FROM calls k WHERE provider = ? AND request_id IN ({places}))"  # noqa: S608
    found = {row["request_id"]: _ours(row) for row in db.execute(_CALLS.format(named), (provider, *request_ids))}
    booked = f"{_STRANGERS} AND d.key IN ({places}) GROUP BY d.key"
    for row in db.execute(booked, (provider, *(f"request {request_id}" for request_id in request_ids))):
        found.setdefault(row["request_id"], _stranger(row))
    return found


def open_requests(db: Connection, since: str, until: str) -> int:
    """Count the requests of these days (UTC, both included) that have not ended."""
    query = "SELECT coalesce(sum(open), 0) FROM daily_costs WHERE for_day BETWEEN ? AND ?"
    return int(db.execute(query, (since, until)).fetchone()[0])


def booked_for(db: Connection, call_id: str) -> int:
    """Return what a call came to by now, in micro-dollars, as the bill is compared with it."""
    row = db.execute(f"SELECT {_BOOKED} FROM calls c WHERE c.id = ?", (call_id,)).fetchone()  # noqa: S608
    return int(row["charged"] + row["adjusted"]) if row else 0


def _ours(row: Any) -> Ours:
    return Ours(
        request_id=row["request_id"],
        call_id=row["id"],
        endpoint=row["endpoint"],
        day=row["for_day"],
        state=CallState(row["state"]),
        micro_usd=row["charged"] + row["adjusted"],
        ended_at=row["ended_at"],
        basis=Basis(row["basis"]) if row["basis"] else None,
        quantity=row["quantity"] or "",
        unit_micro_usd=row["unit_micro_usd"],
        adjusted=bool(row["was_adjusted"]),
    )


def _stranger(row: Any) -> Ours:
    return Ours(**dict(row), call_id="", state=None, adjusted=True)
