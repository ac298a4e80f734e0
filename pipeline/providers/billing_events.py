"""fal's own record of what it charged, page by page; a key needs the scope ADMIN to read it.

Docs: https://docs.fal.ai/platform-apis/v1/models/billing-events (the end is exclusive, at most 90 days at once and 10,000 lines a page). While
somebody else's requests come in, a line may move to the next page and be read twice: whoever compares has to notice that anyway.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from pipeline import errors
from pipeline.providers import addresses, failures
from pipeline.providers.port import Billed
from pipeline.providers.transport import Answer

LONGEST = timedelta(days=90)
PAGE_LINES = 10_000
MOST_PAGES = 1_000

Ask = Callable[[Mapping[str, str]], Answer]


def billed(ask: Ask, start: datetime, end: datetime) -> Iterator[Billed]:
    """Yield every line from `start` until before `end`; `ask` asks for one page. NotSent, KeyRefused, AccountRefused, ProviderError.

    A line that cannot be read ends it with ProviderError: a bill with lines left out would accuse us of charges we do not owe.
    """
    while start < end:
        until = min(start + LONGEST, end)
        yield from _window(ask, start, until)
        start = until


def _window(ask: Ask, start: datetime, end: datetime) -> Iterator[Billed]:
    query = {"start": _told(start), "end": _told(end), "limit": str(PAGE_LINES)}
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page = _page(ask, query)
        yield from map(_line, _rows(page))
        cursor = page.get("next_cursor")
        if not page.get("has_more"):
            return
        if not isinstance(cursor, str) or not cursor or cursor in seen:
            break
        seen.add(cursor)
        query["cursor"] = cursor
    raise _unreadable()


def _page(ask: Ask, query: Mapping[str, str]) -> Mapping[str, object]:
    answer = ask(query)
    if answer.status == 403:
        raise errors.AccountRefused(
            "The provider does not show its bill to our key.", next="Give FAL_KEY the scope ADMIN, or upload the provider's export as a CSV."
        )
    if answer.status != 200:
        raise failures.refused_ping(answer)
    return answer.document()


def _rows(page: Mapping[str, object]) -> list[Mapping[str, object]]:
    rows = page.get("billing_events")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise _unreadable()
    return rows


def _line(row: Mapping[str, object]) -> Billed:
    endpoint, nano_usd = row.get("endpoint_id"), _number(row.get("cost_estimate_nano_usd"))
    if not isinstance(endpoint, str) or nano_usd is None:
        raise _unreadable()
    return Billed(
        request_id=addresses.request_id_of(row) or "",
        endpoint=endpoint[:200],
        at=_moment(row.get("timestamp")),
        nano_usd=round(nano_usd),
        units=_number(row.get("output_units")),
        unit_price_usd=_number(row.get("unit_price")),
        discount_percent=_number(row.get("percent_discount")),
    )


def _moment(text: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise _unreadable() from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _number(value: object) -> Decimal | None:
    """Read a JSON number, or one written as text, as exactly as it was written.

    >>> _number(0.03), _number("30000000"), _number(True), _number("NaN")
    (Decimal('0.03'), Decimal('30000000'), None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**15 else None


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _unreadable() -> errors.ProviderError:
    return errors.ProviderError("The provider's bill cannot be read.", next="Try again, or upload its export as a CSV.")
