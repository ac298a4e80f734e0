"""The platform's own questions: which requests were made, what models cost; and letting go of a request's data."""

import json
import math
import re
import time
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.sandbox import answers
from pipeline.sandbox.bill import iso
from pipeline.sandbox.book import Book, Entry, State
from pipeline.sandbox.prices import PRICES
from pipeline.sandbox.shelf import HOST, Shelf

DAY_SECONDS = 86_400.0
LONGEST_DAYS = 90
ENDINGS = {"success": "status_code < 400", "error": "status_code >= 500", "user_error": "status_code between 400 and 499"}
LINK = re.compile(rf'{re.escape(HOST)}/files/[^"\s]+')


class Platform:
    """Listing and prices; unlike fal's, the listing is complete at once and shows unfinished requests too."""

    def __init__(self, book: Book, shelf: Shelf) -> None:
        self.book, self.shelf = book, shelf

    def routes(self) -> list[Route]:
        """List the routes of the platform's host."""
        return [
            Route("/v1/models/requests/by-endpoint", self.requests, methods=["GET"]),
            Route("/v1/models/requests/{entry_id}/payloads", self.forget, methods=["DELETE"]),
            Route("/v1/models/pricing", self.pricing, methods=["GET"]),
        ]

    async def requests(self, request: Request) -> Response:
        """List requests, newest first, page by page."""
        refused = answers.refusal(request)
        if refused is not None:
            return refused
        rows, page = self._rows(request)
        payloads = "payloads" in request.query_params.getlist("expand")
        return JSONResponse({"items": [_item(row, payloads=payloads) for row in rows], **page})

    async def forget(self, request: Request) -> Response:
        """Remove the files that an ended request made, then its input and answer; what was uploaded for it and its bill stay."""
        refused = answers.refusal(request)
        if refused is not None:
            return refused
        entry = self.book.find(request.path_params["entry_id"])
        if entry is None or entry.forgotten:
            return answers.no_request()
        if entry.state is not State.ENDED:
            return answers.request_error(400, "Request is still in progress")
        links = _made(entry)
        for kept in filter(None, map(self.shelf.find, links)):
            self.shelf.remove(kept)
        self.book.forget(entry.id)
        return JSONResponse({"cdn_delete_results": [{"link": link, "exception": None} for link in links]})

    async def pricing(self, request: Request) -> Response:
        """Name the unit price of each endpoint asked for, else of all."""
        refused = answers.refusal(request)
        if refused is not None:
            return refused
        wanted = listed(request, "endpoint_id") or list(PRICES)
        prices = [
            {"endpoint_id": name, "unit_price": PRICES[name].micro_usd / 1e6, "unit": PRICES[name].unit, "currency": "USD"}
            for name in wanted
            if name in PRICES
        ]
        return JSONResponse({"prices": prices, "next_cursor": None, "has_more": False})

    def _rows(self, request: Request) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Read one page of requests."""
        asked = request.query_params
        limit = min(max(int(as_number(asked.get("limit"), 50)), 1), 100)
        where, values = _filters(request)
        values |= {"cursor": as_number(asked.get("cursor"), 1e18), "limit": limit + 1}
        query = f"select * from requests where {where} and seq < :cursor order by seq desc limit :limit"  # noqa: S608
        rows = [dict(row) for row in self.book.db.execute(query, values)]
        more = len(rows) > limit
        return rows[:limit], {"next_cursor": str(rows[limit - 1]["seq"]) if more else None, "has_more": more}


def _made(entry: Entry) -> list[str]:
    """List the addresses in an answer, without those that were sent with the request: a refusal repeats what it refuses."""
    return [link for link in dict.fromkeys(LINK.findall(entry.answer or "")) if link not in entry.body]


def _filters(request: Request) -> tuple[str, dict[str, Any]]:
    """Build the where clause out of fixed pieces; only bound values come from the caller."""
    asked = request.query_params
    window = LONGEST_DAYS * DAY_SECONDS if "request_id" in asked else DAY_SECONDS
    values: dict[str, Any] = {
        "start": as_moment(asked.get("start"), time.time() - window),
        "end": as_moment(asked.get("end"), time.time() + DAY_SECONDS),
    }
    clauses = ["accepted_at between :start and :end"]
    for column, name in (("endpoint", "endpoint_id"), ("id", "request_id")):
        names = {f"{column}{index}": text for index, text in enumerate(listed(request, name))}
        if names:
            clauses.append(f"{column} in ({', '.join(f':{key}' for key in names)})")
            values |= names
    clauses.append(ENDINGS.get(asked.get("status", ""), "1 = 1"))
    return " and ".join(clauses), values


def listed(request: Request, name: str) -> list[str]:
    """Return the values of a parameter that may be repeated or hold several, comma-separated."""
    return [part for text in request.query_params.getlist(name) for part in text.split(",") if part]


def as_number(text: str | None, default: float) -> float:
    """Read a number, or take the default where there is none."""
    try:
        number = float(text) if text else default
    except ValueError:
        return default
    return number if math.isfinite(number) else default


def as_moment(text: str | None, default: float) -> float:
    """Read a moment as Unix seconds, or take the default where there is none; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return default
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _item(row: dict[str, Any], *, payloads: bool) -> dict[str, Any]:
    duration = row["ended_at"] - row["started_at"] if row["ended_at"] and row["started_at"] else None
    item = {
        "request_id": row["id"],
        "endpoint_id": row["endpoint"],
        "endpoint": row["served"],
        "sent_at": iso(row["accepted_at"]),
        "started_at": iso(row["started_at"]) if row["started_at"] else None,
        "ended_at": iso(row["ended_at"]) if row["ended_at"] else None,
        "status_code": row["status_code"],
        "duration": duration,
    }
    if not payloads:
        return item
    body = json.loads(row["body"])
    answer = json.loads(row["answer"] or "null")
    kept = bool(row["store_io"])
    return {**item, "json_input": body if kept else None, "json_output": answer if kept and not body.get("sync_mode") else None}
