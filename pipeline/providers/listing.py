"""Finding our own request in fal's listing after a submit whose answer was lost.

fal has no idempotency key, so a request is ours when its whole input is: every attempt carries a fresh upload address and an
explicit seed where the model has one. The listing is sorted by end, and unfinished requests may be missing from it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from pipeline.providers import addresses
from pipeline.providers.port import Found, Ticket

_CLOCKS_APART = timedelta(minutes=2)
_PAGE = 100
_MOST_PAGES = 100

Page = Callable[[Mapping[str, str]], Mapping[str, object]]


def find(page: Page, endpoint: str, arguments: Mapping[str, object], since: datetime) -> tuple[Found, ...]:
    """Return the listed requests with exactly these arguments, sent from two minutes before `since` on, oldest first.

    `page` asks the listing for one page; two minutes allow for clocks that differ.
    """
    start = since.astimezone(UTC) - _CLOCKS_APART
    wanted = _canonical(arguments)
    rows = _rows(page, endpoint, start)
    ours = [
        found for row in rows if _canonical(row.get("json_input")) == wanted and (found := _found(row, endpoint)) and not _is_before(found, start)
    ]
    return tuple(sorted({found.request_id: found for found in ours}.values(), key=lambda found: found.sent_at))


def served(page: Page, ticket: Ticket) -> str | None:
    """Return the endpoint that the listing names for a request, None while it does not list it."""
    answer = page({"endpoint_id": ticket.endpoint, "request_id": ticket.request_id, "limit": "1"})
    items = answer.get("items")
    rows = [row for row in (items if isinstance(items, list) else []) if isinstance(row, Mapping) and row.get("request_id") == ticket.request_id]
    return _served(rows[0], ticket.endpoint) if rows else None


def _rows(page: Page, endpoint: str, start: datetime) -> Iterator[Mapping[str, object]]:
    query = {"endpoint_id": endpoint, "expand": "payloads", "limit": str(_PAGE)}
    query |= {"start": start.isoformat(), "end": (datetime.now(UTC) + _CLOCKS_APART).isoformat()}
    seen: set[str] = set()
    for _ in range(_MOST_PAGES):
        answer = page(query)
        items = answer.get("items")
        yield from (row for row in (items if isinstance(items, list) else []) if isinstance(row, Mapping))
        cursor = answer.get("next_cursor")
        if not answer.get("has_more") or not isinstance(cursor, str) or not cursor or cursor in seen:
            return
        seen.add(cursor)
        query["cursor"] = cursor


def _found(row: Mapping[str, object], endpoint: str) -> Found | None:
    request_id = addresses.request_id_of(row)
    if request_id is None:
        return None
    output, code = row.get("json_output"), row.get("status_code")
    return Found(
        request_id=request_id,
        endpoint=_served(row, endpoint),
        sent_at=str(row.get("sent_at") or ""),
        finished=bool(row.get("ended_at")),
        status_code=code if isinstance(code, int) else None,
        output=output if isinstance(output, Mapping) else None,
        ticket=addresses.ticket(endpoint, request_id),
    )


def _served(row: Mapping[str, object], asked: str) -> str:
    """Return the endpoint in a row: `endpoint_id` is the one asked for, `endpoint`, where there is one, the one that answered."""
    return next((name for name in (row.get("endpoint"), row.get("endpoint_id")) if isinstance(name, str) and addresses.is_endpoint(name)), asked)


def _is_before(found: Found, start: datetime) -> bool:
    try:
        sent_at = datetime.fromisoformat(found.sent_at)
    except ValueError:
        return False
    return (sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC)) < start


def _canonical(value: object) -> str:
    """Return JSON that is equal exactly when the inputs are, whatever the order of names.

    >>> _canonical({"b": 1, "a": True}) == _canonical({"a": True, "b": 1}), _canonical(True) == _canonical(1)
    (True, False)
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=True)
