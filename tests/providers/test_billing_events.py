"""fal's own record of what it charged: asked for page by page and window by window; whatever is not a whole bill is no bill."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline import errors
from pipeline.providers.fal import FalProvider
from pipeline.providers.port import Billed
from tests.providers.little_server import Asked, LittleServer, Reply

START = datetime(2026, 10, 1, tzinfo=UTC)
LINE = {
    "request_id": "a-1",
    "endpoint_id": "fal-ai/flux/dev",
    "timestamp": "2026-10-02T10:00:00+02:00",
    "output_units": 1.5,
    "unit_price": 0.03,
    "percent_discount": 10,
    "cost_estimate_nano_usd": 40_500_000,
    "auth_method": "SECRET",
}


def page(*lines: object, cursor: str | None = None) -> Reply:
    return Reply(body={"billing_events": list(lines), "next_cursor": cursor, "has_more": cursor is not None})


def asked(request: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


def read(fal: FalProvider, days: int = 31) -> list[Billed]:
    return list(fal.billed(START, START + timedelta(days=days)))


def test_a_line_is_read_as_it_was_written(fal: FalProvider, server: LittleServer) -> None:
    server.script = lambda _: page(LINE)
    [line] = read(fal)
    assert line == Billed(
        request_id="a-1",
        endpoint="fal-ai/flux/dev",
        at=datetime(2026, 10, 2, 8, tzinfo=UTC),
        nano_usd=40_500_000,
        units=Decimal("1.5"),
        unit_price_usd=Decimal("0.03"),
        discount_percent=Decimal(10),
    )
    [request] = server.asked
    assert (request.method, request.host, request.headers["Authorization"]) == ("GET", "api.fal.ai", "Key k:s")
    assert asked(request) == {"start": "2026-10-01T00:00:00Z", "end": "2026-11-01T00:00:00Z", "limit": "10000"}


def test_pages_are_followed_to_the_last(fal: FalProvider, server: LittleServer) -> None:
    pages = {"": page(LINE, cursor="Mg=="), "Mg==": page({**LINE, "request_id": "a-2"}, cursor="Mw=="), "Mw==": page()}
    server.script = lambda request: pages[asked(request).get("cursor", "")]
    assert [line.request_id for line in read(fal)] == ["a-1", "a-2"]


def test_more_than_ninety_days_are_asked_for_in_windows_without_gap_or_overlap(fal: FalProvider, server: LittleServer) -> None:
    server.script = lambda _: page()
    assert read(fal, days=200) == []
    windows = [(asked(request)["start"], asked(request)["end"]) for request in server.asked]
    assert [start for start, _ in windows[1:]] == [end for _, end in windows[:-1]]
    assert (windows[0][0], windows[-1][1], len(windows)) == ("2026-10-01T00:00:00Z", "2027-04-19T00:00:00Z", 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"cost_estimate_nano_usd": None},
        {"cost_estimate_nano_usd": "SECRET"},
        {"cost_estimate_nano_usd": True},
        {"timestamp": "SECRET"},
        {"timestamp": None},
        {"endpoint_id": 7},
    ],
)
def test_a_line_that_cannot_be_read_spoils_the_bill(fal: FalProvider, server: LittleServer, changes: dict[str, object]) -> None:
    server.script = lambda _: page(LINE, {**LINE, **changes})
    with pytest.raises(errors.ProviderError) as caught:
        read(fal)
    assert "SECRET" not in f"{caught.value.say} {caught.value}"


@pytest.mark.parametrize(
    "reply",
    [Reply(body={}), Reply(body=b"<html>"), Reply(body={"billing_events": [7]}), Reply(status=500), Reply(drop=True), page(LINE, cursor="x")],
    ids=lambda reply: json.dumps(str(reply.body))[:20],
)
def test_half_a_bill_is_none(fal: FalProvider, server: LittleServer, reply: Reply) -> None:
    server.script = lambda _: reply
    with pytest.raises(errors.ProviderError):
        read(fal)


def test_a_key_that_may_not_read_it_is_told_what_it_lacks(fal: FalProvider, server: LittleServer) -> None:
    server.always(status=403, body={"error": {"type": "authorization_error", "message": "SECRET"}})
    with pytest.raises(errors.AccountRefused) as caught:
        read(fal)
    assert "ADMIN" in caught.value.next
