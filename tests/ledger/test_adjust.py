"""Adjusting entries add to what was charged, are chained like every line, and cannot touch a month that is closed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import ledger
from pipeline.database import Database
from pipeline.errors import CannotPrice, MonthClosed
from pipeline.ledger.closings import Closing, close, closings, month_sum
from pipeline.ledger.entries import Entry, adjust
from pipeline.ledger.reports import balance
from pipeline.records import Basis, EntryKind, now
from tests.examples import few
from tests.ledger.conftest import booking


def line(micro_usd: int = 5, *, for_day: str = "2026-10-10", person: str = "anna", call_id: str | None = None) -> Entry:
    whom = {"call_id": call_id, "run_id": None, "case_id": None, "person": person, "team": "studio", "feature": "portrait", "sweep": None}
    what = {"provider": "fal", "endpoint": "fal-ai/flux/dev", "unit": "request", "quantity": "0", "unit_micro_usd": 0, "price_id": "bill"}
    return Entry(at=now(), kind=EntryKind.ADJUST, basis=Basis.RECONCILED, micro_usd=micro_usd, for_day=for_day, **whom, **what)  # type: ignore[arg-type]


def closed(month: str) -> Closing:
    sums = {"ours_micro_usd": 0, "error_nano_usd": 0, "entries": 0, "last_entry": 0, "last_hash": ""}
    return Closing(month=month, at=now(), person="me", reason="", reconciliation_id="x", **sums)


@few
@given(
    st.lists(st.tuples(st.integers(-50_000, 50_000).filter(bool), st.sampled_from(["anna", "ben"]), st.sampled_from(["2026-09-30", "2026-10-01"])))
)
def test_whatever_is_adjusted_the_sums_are_those_of_the_lines(new_database: Callable[[], Database], moves: list[tuple[int, str, str]]) -> None:
    database = new_database()
    with database.writing() as tx:
        for micro_usd, person, day in moves:
            adjust(tx, line(micro_usd, person=person, for_day=day))
    with database.reading() as db:
        assert ledger.proof(db) == []
        assert ledger.totals(db).charged_micro_usd == sum(micro_usd for micro_usd, _, _ in moves)
        for name in ("anna", "ben"):
            assert balance(db, "person", name, "ever").charged_micro_usd == sum(micro_usd for micro_usd, person, _ in moves if person == name)
        assert month_sum(db, "2026-10").charged_micro_usd == sum(micro_usd for micro_usd, _, day in moves if day > "2026-10")


@pytest.mark.parametrize("changes", [{"micro_usd": 0}, {"kind": EntryKind.CHARGE}, {"basis": Basis.ESTIMATE}])
def test_only_an_amount_that_was_reconciled_is_an_adjusting_entry(database: Database, changes: dict[str, object]) -> None:
    with pytest.raises(CannotPrice), database.writing() as tx:
        adjust(tx, replace(line(), **changes))  # type: ignore[arg-type]


def test_no_line_of_any_kind_counts_for_a_closed_month(database: Database) -> None:
    with database.writing() as tx:
        close(tx, closed("2026-10"))
        close(tx, closed(now()[:7]))
    for day in ("2026-10-01", "2026-10-31"):
        with pytest.raises(MonthClosed), database.writing() as tx:
            adjust(tx, line(for_day=day))
    with pytest.raises(MonthClosed, match="is closed") as caught, database.writing() as tx:
        ledger.hold(tx, booking(), 30_000, [])
    assert "clock" in caught.value.next
    with database.writing() as tx:
        adjust(tx, line(for_day="2026-09-30"))
    with database.reading() as db:
        assert [one.month for one in closings(db)] == [now()[:7], "2026-10"]
        assert ledger.totals(db).charged_micro_usd == 5
