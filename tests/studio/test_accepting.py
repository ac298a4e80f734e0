"""What is accepted is what was shown: neither another bill nor another comparison can slip an amount under a decision."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import OutOfDate
from pipeline.providers.port import Billed
from pipeline.reckoning.causes import Cause
from pipeline.studio import differences
from tests.little_studio import ME, LittleStudio
from tests.studio.test_reconciling import billed, charged, held_against, paid


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path, customer=True)


def test_a_difference_that_another_bill_rewrote_is_not_accepted_as_it_was_shown(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call, 33_000_000))
    [shown] = differences.undecided(studio.place)
    held_against(studio, billed(call, 39_000_000))
    before = studio.dump()
    with pytest.raises(OutOfDate):
        differences.accept(studio.place, shown.rows[0].id, ME, mark=shown.rows[0].mark)
    with pytest.raises(OutOfDate):
        differences.accept_all(studio.place, ME, Cause.PRICE_MOVED, mark=shown.mark)
    assert studio.dump() == before
    [shown] = differences.undecided(studio.place)
    assert differences.accept_all(studio.place, ME, Cause.PRICE_MOVED, mark=shown.mark).micro_usd == 9_000
    assert differences.accept_all(studio.place, ME, Cause.PRICE_MOVED, mark=shown.mark).count == 0


def test_what_was_booked_is_out_of_date_under_the_mark_of_another_amount(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call, 33_000_000))
    [shown] = differences.undecided(studio.place)
    held_against(studio, billed(call, 39_000_000))
    [other] = differences.undecided(studio.place)
    differences.accept(studio.place, other.rows[0].id, ME, mark=other.rows[0].mark)
    with pytest.raises(OutOfDate):
        differences.accept(studio.place, shown.rows[0].id, ME, mark=shown.rows[0].mark)
    assert charged(studio) == 39_000


def test_only_what_one_comparison_found_is_accepted_where_that_is_asked(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    stranger = Billed(request_id="stranger", endpoint=call.endpoint, at=datetime.now(UTC), nano_usd=5_000_000)
    first = held_against(studio, billed(call, 33_000_000))
    second = held_against(studio, billed(call, 33_000_000), stranger)
    assert differences.accept_all(studio.place, ME, found_by=first.id).count == 0
    assert differences.accept_all(studio.place, ME, found_by=second.id).count == 2
