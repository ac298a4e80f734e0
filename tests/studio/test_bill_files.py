"""Until when a file speaks for the provider: what it cannot say is never read as "this was not billed"."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import NotNow
from pipeline.reckoning.causes import Cause
from pipeline.records import Call
from pipeline.studio import closing, differences, reconciling
from pipeline.studio.bills import BillFile
from pipeline.studio.costs import Period
from pipeline.studio.reconciling import Reconciliation
from tests.little_studio import ME, LittleStudio
from tests.studio.test_reconciling import last_month, paid

HEAD = "request_id,endpoint_id,timestamp,cost_estimate_nano_usd"
DAY = Period(since="2026-10-01", until="2026-10-01")


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
