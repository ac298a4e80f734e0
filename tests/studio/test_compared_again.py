"""A second bill for the same days: what it says otherwise is told, whatever was decided about the first one."""

from pathlib import Path

import pytest

from pipeline.reckoning.causes import Cause
from pipeline.studio import differences
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
