"""Until when a file speaks for the provider: what it cannot say is never read as "this was not billed"."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import BadParameter, NotNow
from pipeline.reckoning.causes import Cause
from pipeline.records import Call
from pipeline.studio import closing, differences, reconciling
from pipeline.studio.bills import LIVE_LAG, BillFile
from pipeline.studio.costs import Period
from pipeline.studio.reconciling import Reconciliation
from tests.little_studio import ME, LittleStudio
from tests.studio.test_reconciling import last_month, paid

HEAD = "request_id,endpoint_id,timestamp,cost_estimate_nano_usd"


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "data", customer=True)


def row(call: Call, amount: str = "30000000", *, at: str = "") -> str:
    return f"{call.request_id},{call.endpoint},{at or call.finished_at},{amount}"


def file_of(folder: Path, *rows: str) -> BillFile:
    path = folder / "bill.csv"
    path.write_text("\n".join([HEAD, *rows]))
    return BillFile(path)


def held_against(studio: LittleStudio, *rows: str, period: Period = Period()) -> Reconciliation:
    return reconciling.reconcile(studio.place, file_of(studio.place.settings.folder, *rows), ME, period)


def found(told: Reconciliation) -> Sequence[tuple[Cause, int | None]]:
    return [(one.cause, one.proposed_micro_usd) for one in told.undecided]


def test_a_request_whose_line_could_not_be_read_is_no_credit(studio: LittleStudio) -> None:
    first, second = paid(studio, 2)
    told = held_against(studio, row(first), row(second, "0.0.3"), period=Period(until=datetime.now(UTC).date().isoformat()))
    assert found(told) == [(Cause.UNEXPLAINED, None)]
    assert "could not be read" in told.undecided[0].why
    assert "Line 3" in told.bill.remarks[0]
    assert differences.accept_all(studio.place, ME).count == 0


def test_a_month_is_not_closed_on_a_bill_with_lines_that_could_not_be_read(studio: LittleStudio) -> None:
    month, _ = last_month(studio)
    calls = [f"{one['request_id']},{one['endpoint']},{one['finished_at']},30000000" for one in studio.rows("SELECT * FROM calls")]
    held_against(studio, *calls, "rubbish", period=reconciling.month_of(month))
    with pytest.raises(NotNow, match="not compared"):
        closing.close_month(studio.place, month, ME)
    held_against(studio, *calls, period=reconciling.month_of(month))
    assert closing.close_month(studio.place, month, ME).error_nano_usd == 0


def test_a_file_without_named_days_speaks_up_to_its_last_line_less_what_a_charge_may_take(studio: LittleStudio) -> None:
    first, second = paid(studio, 2)
    told = held_against(studio, row(first))
    assert found(told) == [(Cause.STILL_OPEN, None)]
    assert told.bill.terms.complete_until == (datetime.fromisoformat(str(first.finished_at)) - LIVE_LAG).isoformat(timespec="microseconds")
    late = datetime.fromisoformat(str(second.finished_at)) + LIVE_LAG + timedelta(seconds=1)
    assert found(held_against(studio, row(first), row(first, "0", at=late.isoformat()))) == [(Cause.NOT_BILLED, -30_000)]


def test_a_file_for_today_is_complete_until_it_was_read_less_what_a_charge_may_take(studio: LittleStudio) -> None:
    paid(studio, 1)
    today = datetime.now(UTC).date().isoformat()
    assert found(held_against(studio, period=Period(since=today, until=today))) == [(Cause.STILL_OPEN, None)]


def test_a_file_for_a_named_month_that_is_over_covers_all_of_it(studio: LittleStudio) -> None:
    month, calls = last_month(studio)
    at = studio.rows("SELECT finished_at FROM calls ORDER BY id")[0]["finished_at"]
    told = held_against(studio, row(calls[0], at=at), period=reconciling.month_of(month))
    assert found(told) == [(Cause.NOT_BILLED, -30_000)]
    differences.accept_all(studio.place, ME)
    assert closing.close_month(studio.place, month, ME).ours_micro_usd == 30_000
    assert told.bill.terms.complete_until[:10] > told.bill.terms.until


def test_a_file_whose_lines_span_longer_than_a_bill_asks_for_its_days(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    old = row(call, at="2010-01-01T00:00:00Z").replace(str(call.request_id), "old")
    with pytest.raises(BadParameter, match="1,100 days"):
        held_against(studio, old, row(call))
    assert studio.rows("SELECT * FROM bills") == []
    told = held_against(studio, old, row(call), period=Period(since=datetime.now(UTC).date().isoformat()))
    assert (told.comparison.matched, told.undecided) == (1, ())


@pytest.mark.parametrize("until", ["2062-01-01", "9999-12-31"])
def test_days_beyond_reach_are_refused(studio: LittleStudio, until: str) -> None:
    [call] = paid(studio, 1)
    with pytest.raises(BadParameter):
        held_against(studio, row(call), period=Period(until=until))


def test_a_line_of_the_far_future_makes_no_month(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    for at in ("2062-01-05T00:00:00Z", "9999-12-31T23:59:59Z"):
        told = held_against(studio, row(call), row(call, at=at).replace(str(call.request_id), "stranger"))
        assert (told.comparison.matched, told.undecided) == (1, ())
        assert "future" in told.bill.remarks[0]
