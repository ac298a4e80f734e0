"""A second bill for the same days: what it says otherwise is told, whatever was decided about the first one."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.reckoning.causes import Cause
from pipeline.studio import closing, differences
from tests.little_studio import ME, LittleStudio
from tests.studio.test_reconciling import billed, charged, held_against, paid


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
