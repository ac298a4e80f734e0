"""From a sum down to the single request: the dearest customers, the requests behind a figure, and one request with its ledger lines and picture."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from pipeline import assets, ledger
from pipeline.database import Connection, Row
from pipeline.errors import UnknownName
from pipeline.records import Asset, AssetKind
from pipeline.studio.costs import Slice, condition
from pipeline.studio.place import Place


class Order(StrEnum):
    """How requests are listed."""

    NEWEST = "newest"
    DEAREST = "dearest"
    SLOWEST = "slowest"


@dataclass(frozen=True, kw_only=True)
class Customer:
    """What one case came to: micro-dollars, requests, and pictures and clips of it that guests see now."""

    case_id: str
    name: str
    charged_micro_usd: int
    requests: int
    published: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the costs: a request, a result used again or an adjusting entry; `seconds` from sending to the end.

    `at` is when its money was held, the entry was booked or the result was asked for again (ISO 8601, UTC).
    """

    id: str
    for_day: str
    call_id: str | None
    run_id: str | None
    case_id: str | None
    sweep: str | None
    person: str
    team: str
    feature: str
    provider: str
    endpoint: str
    kind: str
    style: str
    unit: str
    outcome: str
    verdict: str
    published: bool
    seconds: float | None
    estimate_micro_usd: int
    held_micro_usd: int
    charged_micro_usd: int
    saved_micro_usd: int
    at: str | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some of the requests of a slice, how many there are in all, and what they came to together."""

    lines: tuple[Line, ...]
    count: int
    charged_micro_usd: int


@dataclass(frozen=True, kw_only=True)
class Single:
    """One request in full: exactly what was asked, the provider's name for it, every ledger line, and what it made (None where nothing is left)."""

    line: Line
    input: Mapping[str, Any]
    request_id: str | None
    served_endpoint: str | None
    error: Mapping[str, Any] | None
    entries: tuple[ledger.Entry, ...]
    made: Asset | None


COLUMNS = ", ".join(part.name for part in fields(Line) if part.name != "at")
AT = """CASE WHEN c.id LIKE 'entry-%' THEN (SELECT e.at FROM entries e WHERE e.id = CAST(substr(c.id, 7) AS INTEGER))
    WHEN c.outcome = 'reused' THEN (SELECT r.asked_at FROM runs r WHERE r.id = c.run_id)
    ELSE (SELECT e.at FROM entries e WHERE e.call_id = c.call_id AND e.kind = 'hold') END AS at"""
# Rows are added as their money is held, so their order of coming is that of time; an adjusting entry counts for an earlier day.
ORDERS = {Order.NEWEST: "rowid DESC", Order.DEAREST: "charged_micro_usd DESC, id DESC", Order.SLOWEST: "seconds DESC NULLS LAST, id DESC"}
SHOWN = (AssetKind.AVATAR, AssetKind.CLIP)


def dearest(place: Place, looked_at: Slice, most: int = 10) -> tuple[Customer, ...]:
    """Return the cases of a slice that cost most, the dearest first; raises BadParameter."""
    where, values = condition(place, looked_at)
    query = f"""SELECT s.*, coalesce(k.name, '') AS name FROM (SELECT case_id, sum(charged_micro_usd) AS charged_micro_usd,
            count(*) FILTER (WHERE outcome NOT IN ('reused', 'adjusted')) AS requests, sum(published) AS published
        FROM costs WHERE {where} AND +case_id IS NOT NULL GROUP BY +case_id HAVING sum(charged_micro_usd) > 0
        ORDER BY 2 DESC, case_id LIMIT ?) s LEFT JOIN cases k ON k.id = s.case_id"""  # noqa: S608
    with place.database.reading() as db:
        return tuple(Customer(**dict(row)) for row in db.execute(query, (*values, most)).fetchall())


def page(place: Place, looked_at: Slice, order: Order = Order.NEWEST, *, number: int = 1, size: int = 25) -> Page:
    """Return one page of the requests of a slice, counted from 1; raises BadParameter."""
    where, values = condition(place, looked_at)
    with place.database.reading() as db:
        db.execute("BEGIN")
        whole = db.execute(f"SELECT count(*) AS n, coalesce(sum(charged_micro_usd), 0) AS charged FROM costs WHERE {where}", values).fetchone()  # noqa: S608
        some = f"SELECT {COLUMNS} FROM costs WHERE {where} ORDER BY {ORDERS[order]} LIMIT ? OFFSET ?"  # noqa: S608
        query = f"SELECT c.*, {AT} FROM ({some}) c"  # noqa: S608
        rows = db.execute(query, (*values, size, (max(number, 1) - 1) * size)).fetchall()
    return Page(lines=tuple(_line(row) for row in rows), count=whole["n"], charged_micro_usd=whole["charged"])


def one(place: Place, cost_id: str) -> Single:
    """Return one request in full; raises UnknownName."""
    with place.database.reading() as db:
        row = db.execute(f"SELECT {COLUMNS}, {AT} FROM costs c WHERE id = ?", (cost_id,)).fetchone()  # noqa: S608
        if row is None:
            raise UnknownName("There is no request by that name.", next="Costs → Spending lists them.")
        line = _line(row)
        call = db.execute("SELECT * FROM calls WHERE id = ?", (line.call_id,)).fetchone()
        return Single(
            line=line,
            input=json.loads(call["input"]) if call else {},
            request_id=call["request_id"] if call else None,
            served_endpoint=call["served_endpoint"] if call else None,
            error=json.loads(call["error"]) if call and call["error"] else None,
            entries=_entries(db, line),
            made=_made(db, line),
        )


def _line(row: Row) -> Line:
    return Line(**{**dict(row), "published": bool(row["published"])})


def _entries(db: Connection, line: Line) -> tuple[ledger.Entry, ...]:
    rows = (
        db.execute("SELECT * FROM entries WHERE call_id = ?1 OR (?1 IS NULL AND 'entry-' || id = ?2) ORDER BY id", (line.call_id, line.id)).fetchall()
        if line.outcome != "reused"
        else []
    )
    return tuple(ledger.entry_of(dict(row)) for row in rows)


def _made(db: Connection, line: Line) -> Asset | None:
    own = assets.of_call(db, line.call_id) if line.call_id else []
    found = next((asset for asset in own if asset.kind in SHOWN and not asset.removed_at), None)
    if found or line.case_id is None:
        return found
    # Bytes that were made before belong to the request that made them first; what fills the run's place leads to them.
    row = db.execute("SELECT asset FROM outputs WHERE run_id = ? AND asset IS NOT NULL", (line.run_id,)).fetchone()
    return assets.get(db, line.case_id, row["asset"]) if row else None
