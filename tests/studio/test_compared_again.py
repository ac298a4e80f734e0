"""A second bill for the same days: what it says otherwise is told, whatever was decided about the first one."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import NotNow
from pipeline.ledger.closings import Closing, close
from pipeline.providers.port import Billed
from pipeline.reckoning.causes import Cause
from pipeline.studio import closing, differences, reconciling
from pipeline.studio.costs import Period
from tests.little_studio import ME, LittleStudio
from tests.studio.test_reconciling import PRICE, TODAY, GivenBill, billed, charged, held_against, last_month, of_month, paid


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path, customer=True)


def test_a_second_rise_by_the_same_amount_is_told_and_booked(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call, 33_000_000))
    differences.accept_all(studio.place, ME)
    told = held_against(studio, billed(call, 36_000_000))
    assert [(one.cause, one.nano_usd) for one in told.undecided] == [(Cause.PRICE_MOVED, 3_000_000)]
    differences.accept_all(studio.place, ME)
    assert charged(studio) == 36_000


def test_a_booked_stranger_that_leaves_the_bill_can_be_given_back_and_may_return(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    stranger = replace(billed(call), request_id="stranger")
    held_against(studio, billed(call), stranger)
    differences.accept_all(studio.place, ME)
    [gone] = held_against(studio, billed(call)).undecided
    assert (gone.cause, gone.key, gone.proposed_micro_usd, gone.ours_micro_usd) == (Cause.NOT_BILLED, "request stranger", -30_000, 30_000)
    differences.accept_all(studio.place, ME)
    assert charged(studio) == 30_000
    assert held_against(studio, billed(call)).undecided == ()
    [back] = held_against(studio, billed(call), stranger).undecided
    assert back.proposed_micro_usd == 30_000
    differences.accept_all(studio.place, ME)
    assert charged(studio) == 60_000


def test_a_charge_without_a_request_is_booked_once_whichever_record_names_it(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    nameless = replace(billed(call), request_id="", nano_usd=99_000_000)
    held_against(studio, billed(call), nameless, nameless)
    assert differences.accept_all(studio.place, ME).count == 2
    for other in (replace(nameless, at=nameless.at.replace(microsecond=0)), replace(nameless, at=nameless.at + timedelta(minutes=14))):
        told = held_against(studio, billed(call), other, nameless)
        assert (told.undecided, told.comparison.matched) == ((), 3)
    assert charged(studio) == 30_000 + 2 * 99_000


def test_of_charges_alike_without_a_request_the_one_that_leaves_is_given_back_once(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    nameless = replace(billed(call), request_id="", nano_usd=99_000_000)
    for count in (2, 1, 3, 0, 2):
        held_against(studio, billed(call), *[nameless] * count)
        differences.accept_all(studio.place, ME)
        assert charged(studio) == 30_000 + count * 99_000
        assert held_against(studio, billed(call), *[nameless] * count).undecided == ()


def error(studio: LittleStudio) -> int:
    """What the present month would be off by, in nano-dollars."""
    return closing.months(studio.place)[0].error_nano_usd


def test_a_months_error_counts_a_request_once_however_often_the_bill_changes(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call, 33_000_000))
    [waiting] = differences.undecided(studio.place)
    differences.leave(studio.place, waiting.rows[0].id, "claimed back", ME)
    assert error(studio) == 3_000_000
    held_against(studio, billed(call, 36_000_000))
    assert error(studio) == 6_000_000
    differences.accept_all(studio.place, ME)
    assert (error(studio), charged(studio)) == (0, 36_000)
    held_against(studio, billed(call, 36_000_007))
    held_against(studio, billed(call, 36_002_000))
    assert error(studio) == 2_000


class WholeBill(GivenBill):
    """A bill that is complete to the end of its days."""

    def complete_until(self, end: datetime, began: datetime) -> datetime:
        return end


def test_what_the_bill_of_the_next_day_settles_waits_no_more(studio: LittleStudio) -> None:
    first, second = paid(studio, 2)
    tomorrow = (date.fromisoformat(TODAY) + timedelta(days=1)).isoformat()
    reconciling.reconcile(studio.place, WholeBill([billed(second, 33_000_000)]), ME, Period(since=TODAY, until=TODAY))
    assert {(one.cause, one.count) for one in differences.undecided(studio.place)} == {(Cause.NOT_BILLED, 1), (Cause.PRICE_MOVED, 1)}
    lines = [replace(billed(call), at=datetime.fromisoformat(f"{tomorrow}T00:00:30+00:00")) for call in (first, second)]
    told = reconciling.reconcile(studio.place, WholeBill(lines), ME, Period(since=tomorrow, until=tomorrow))
    assert (told.undecided, told.comparison.matched) == ((), 2)
    [kept] = differences.undecided(studio.place)
    assert (kept.cause, kept.rows[0].call_id) == (Cause.PRICE_MOVED, second.id), "a bill of other days has not all lines of a request"
    assert error(studio) == 3_000_000


def test_a_month_waits_for_what_a_later_bill_may_still_name(studio: LittleStudio) -> None:
    month, _ = last_month(studio)
    later = datetime.now(UTC) + timedelta(days=40)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET finished_at = ? WHERE id = (SELECT max(id) FROM calls)", (later.isoformat(),))
    of_month(studio, month, PRICE)
    with pytest.raises(NotNow, match=r"1 of its requests is expected on a later bill: .* leave it with a note") as caught:
        closing.close_month(studio.place, month, ME)
    assert not closing.months(studio.place)[0].closable
    [waiting] = differences.undecided(studio.place)
    assert waiting.cause is Cause.STILL_OPEN
    differences.leave(studio.place, waiting.rows[0].id, "they forgot it", ME)
    assert closing.close_month(studio.place, month, ME).error_nano_usd == -PRICE
    assert month in caught.value.next


def test_a_stranger_that_was_booked_meanwhile_is_not_booked_again(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call), replace(billed(call), request_id="stranger"))
    differences.accept_all(studio.place, ME)
    held_against(studio, billed(call), replace(billed(call), request_id="stranger", nano_usd=40_000_000))
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE differences SET ours_micro_usd = 0 WHERE state = 'open'")
    assert differences.accept_all(studio.place, ME).changed == 1
    assert charged(studio) == 60_000


def test_without_days_a_comparison_begins_with_the_earliest_month_that_is_open(studio: LittleStudio) -> None:
    month, _ = last_month(studio)
    assert reconciling.first_open_day(studio.place) == f"{month}-01"
    of_month(studio, month, PRICE, PRICE)
    closing.close_month(studio.place, month, ME)
    assert reconciling.first_open_day(studio.place) == TODAY


def test_a_later_month_that_was_closed_first_hides_no_earlier_one(studio: LittleStudio) -> None:
    month, _ = last_month(studio)
    with studio.place.database.writing() as tx:
        close(tx, replace(NOTHING, month=TODAY[:7]))
    assert reconciling.first_open_day(studio.place) == f"{month}-01"


NOTHING = Closing(
    month="2020-01",
    at="2020-02-01T00:00:00.000000+00:00",
    person="me",
    reason="",
    reconciliation_id="x",
    ours_micro_usd=0,
    error_nano_usd=0,
    entries=0,
    last_entry=0,
    last_hash="",
)


@pytest.mark.parametrize(
    ("ours", "error_nano_usd", "percent"), [(30_000, -30_000_000, -100), (0, 30_000_000, 100), (0, 0, 0), (60_000, -30_000_000, -100)]
)
def test_an_error_is_a_share_of_the_bill_or_of_ours_where_nothing_was_billed(ours: int, error_nano_usd: int, percent: float) -> None:
    assert replace(NOTHING, ours_micro_usd=ours, error_nano_usd=error_nano_usd).error_percent == pytest.approx(percent)


def test_whether_a_month_changed_since_is_asked_of_its_newest_lines_only(studio: LittleStudio) -> None:
    with studio.place.database.reading() as db:
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {closing.CHANGED_SINCE}", (*["2026-10-01"] * 31, 1))]
    assert any("for_day=? AND rowid>?" in step for step in plan)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_bills_follow_one_another_accepting_brings_the_ledger_to_the_last(studio: LittleStudio, seed: int) -> None:
    dice, lines = random.Random(seed), [billed(call) for call in paid(studio, 2)]
    strangers = [replace(lines[0], request_id=name) for name in ("s", "t")]
    nameless = [replace(lines[0], request_id="", nano_usd=nano_usd) for nano_usd in (99_000_000, 99_000_000, 98_000_000)]
    for _ in range(5):
        named = [replace(line, nano_usd=dice.choice((30, 33, 36)) * 10**6) for line in (*lines, *strangers)]
        bill = [line for line in (*named, *nameless) if dice.random() < 0.7]
        held_against(studio, *bill)
        differences.accept_all(studio.place, ME)
        assert charged(studio) == sum(line.nano_usd for line in bill) // 1000
        assert (held_against(studio, *bill).undecided, error(studio)) == ((), 0)


def test_a_charge_without_a_request_is_booked_once_on_either_side_of_midnight(studio: LittleStudio) -> None:
    midnight = datetime.fromisoformat(f"{TODAY}T00:00:00+00:00")
    yesterday = (midnight - timedelta(days=1)).date().isoformat()
    nameless = Billed(request_id="", endpoint="fal-ai/flux/dev", at=midnight - timedelta(minutes=2), nano_usd=PRICE)
    held_against(studio, nameless, period=Period(since=yesterday, until=yesterday))
    differences.accept_all(studio.place, ME)
    told = held_against(studio, replace(nameless, at=midnight + timedelta(minutes=2)), period=Period(since=TODAY, until=TODAY))
    assert (told.undecided, told.comparison.matched) == ((), 1)
    assert held_against(studio, period=Period(since=TODAY, until=TODAY)).undecided == ()
    assert charged(studio) == 30_000
