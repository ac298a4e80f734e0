"""The bill as the platform tells it: what was charged, page by page, with each difference that was ordered and no other."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.providers.fal import FalProvider
from pipeline.providers.port import Billed
from pipeline.sandbox import faults
from pipeline.sandbox.bill import bill
from pipeline.sandbox.faults import Fault
from tests.sandbox.conftest import Sandbox

PRICE_NANO_USD = 30_000_000
DAY = timedelta(days=1)


def listed(sandbox: Sandbox) -> list[Billed]:
    """Read the bill as the studio does."""
    with FalProvider("k:s", emulator=lambda: f"http://127.0.0.1:{sandbox.port}") as fal:
        return list(fal.billed(datetime.now(UTC) - DAY, datetime.now(UTC) + DAY))


def made(sandbox: Sandbox, count: int = 1, *, failing: bool = False) -> list[str]:
    if failing:
        faults.add(sandbox.folder, Fault(kind="result_500", count=count))
    ids = [sandbox.accepted() for _ in range(count)]
    for request_id in ids:
        sandbox.ended(request_id)
    return ids


def of(lines: list[Billed], request_id: str) -> list[int]:
    return [line.nano_usd for line in lines if line.request_id == request_id]


def test_what_ended_well_is_on_the_bill_once_and_what_failed_is_not(sandbox: Sandbox) -> None:
    good, failed = made(sandbox, 2), made(sandbox, failing=True)
    lines = listed(sandbox)
    assert [of(lines, request_id) for request_id in (*good, *failed)] == [[PRICE_NANO_USD], [PRICE_NANO_USD], []]
    line = next(line for line in lines if line.request_id == good[0])
    assert (line.units, line.unit_price_usd, line.discount_percent) == (1, Decimal("0.03"), 0)
    assert abs(line.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert listed(sandbox) == lines


@pytest.mark.parametrize(
    ("kind", "amounts"),
    [
        ("bill_missing", []),
        ("bill_price", [33_000_000]),
        ("bill_twice", [PRICE_NANO_USD, PRICE_NANO_USD]),
        ("bill_again", [PRICE_NANO_USD, PRICE_NANO_USD]),
        ("bill_rounding", [PRICE_NANO_USD + 7]),
    ],
)
@pytest.mark.parametrize("late", [False, True], ids=["ordered before", "ordered when it was on the bill"])
def test_an_order_changes_one_line_of_what_is_told_and_nothing_of_the_bill_itself(new_sandbox, kind: str, amounts: list[int], late: bool) -> None:
    sandbox = new_sandbox().start()
    first, second = made(sandbox, 2)
    if late:
        assert [of(listed(sandbox), request_id) for request_id in (first, second)] == [[PRICE_NANO_USD], [PRICE_NANO_USD]]
    faults.add(sandbox.folder, Fault(kind=kind))
    for _ in range(2):
        lines = listed(sandbox)
        assert (of(lines, first), of(lines, second)) == (amounts, [PRICE_NANO_USD])
    assert bill(sandbox.folder).total_micro_usd == 60_000
    if kind == "bill_twice":
        assert lines[-1] == lines[-2]


def test_a_line_nobody_asked_for_and_a_failure_that_is_charged(new_sandbox) -> None:
    sandbox = new_sandbox().start()
    [good], [failed] = made(sandbox), made(sandbox, failing=True)
    for kind in ("bill_extra", "bill_failed"):
        faults.add(sandbox.folder, Fault(kind=kind))
    lines = listed(sandbox)
    assert (of(lines, good), of(lines, failed)) == ([PRICE_NANO_USD], [PRICE_NANO_USD])
    [stranger] = [line for line in lines if line.request_id not in (good, failed)]
    assert stranger.nano_usd == PRICE_NANO_USD
    assert {order.remaining for order in faults.listing(sandbox.folder) if order.kind.startswith("bill")} == {0}


def test_orders_given_together_befall_one_line_each(new_sandbox) -> None:
    sandbox = new_sandbox().start()
    for kind in ("bill_price", "bill_rounding", "bill_missing"):
        faults.add(sandbox.folder, Fault(kind=kind))
    ids = made(sandbox, 4)
    lines = listed(sandbox)
    assert sorted(sum(of(lines, request_id)) for request_id in ids) == [0, PRICE_NANO_USD, PRICE_NANO_USD + 7, 33_000_000]


def test_pages_of_any_size_hold_every_line_once(sandbox: Sandbox) -> None:
    ids = made(sandbox, 5)
    found: list[str] = []
    cursor = None
    while True:
        page = sandbox.get("https://api.fal.ai/v1/models/billing-events", limit=2, **({"cursor": cursor} if cursor else {})).json()
        found += [line["request_id"] for line in page["billing_events"]]
        cursor = page["next_cursor"]
        assert page["has_more"] == (cursor is not None)
        if cursor is None:
            break
    assert len(found) == len(set(found)) >= 5
    assert set(ids) <= set(found)


def test_a_folder_made_before_there_were_billing_events_gets_them(new_sandbox, tmp_path: Path) -> None:
    from pipeline.sandbox.database import opened

    sandbox = new_sandbox()
    with opened(sandbox.folder) as db:
        db.execute("drop table events")
    sandbox.start()
    [request_id] = made(sandbox)
    assert of(listed(sandbox), request_id) == [PRICE_NANO_USD]
