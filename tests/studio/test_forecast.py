"""The forecast of a month on series whose answer is known."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline import ledger
from pipeline.ledger.limits import Measure
from pipeline.records import now
from pipeline.studio import forecast
from pipeline.studio.forecast import expect
from tests.ledger.conftest import booking
from tests.little_studio import LittleStudio

CENT = 10_000
TODAY = date(2026, 5, 11)  # a Monday; 20 days follow it, 6 of them in weekends


def series(days: int, amount, today: date = TODAY) -> dict[date, int]:
    past = [today - timedelta(days=number) for number in range(1, days + 1)]
    return {day: amount(day) for day in past}


def test_the_same_every_day_goes_on_the_same_without_a_band():
    found = expect(series(28, lambda _: 100 * CENT), TODAY)
    assert (found.used, found.expected, found.low, found.high) == (1000 * CENT, 3100 * CENT, 3100 * CENT, 3100 * CENT)


def test_weekends_are_expected_to_be_weekends():
    found = expect(series(28, lambda day: 0 if day.weekday() >= 5 else 100 * CENT), TODAY)
    assert (found.used, found.expected) == (600 * CENT, 2100 * CENT)


def test_a_day_that_has_passed_its_usual_sum_counts_as_it_is():
    by_day = {**series(28, lambda _: 100 * CENT), TODAY: 250 * CENT}
    assert expect(by_day, TODAY).expected == (1000 + 250 + 2000) * CENT


def test_days_before_the_first_ever_do_not_count_and_days_without_a_sum_are_zeros():
    by_day = {TODAY - timedelta(days=10): 100 * CENT}
    found = expect(by_day, TODAY)
    assert (found.days, found.expected) == (10, 100 * CENT + round(8 * 0 + 15 * 100 / 6 * 0 + _rest(by_day)))


def _rest(by_day: dict[date, int]) -> int:
    known = {day: by_day.get(day, 0) for day in series(10, lambda _: 0)}
    means = {weekend: [amount for day, amount in known.items() if (day.weekday() >= 5) is weekend] for weekend in (False, True)}
    ahead = [TODAY + timedelta(days=number) for number in range(21)]
    exact = sum(sum(means[day.weekday() >= 5]) / len(means[day.weekday() >= 5]) for day in ahead)
    return round(exact / CENT) * CENT


@pytest.mark.parametrize("days", range(5))
def test_fewer_than_five_full_days_make_no_forecast_and_it_says_so(days):
    found = expect({**series(days, lambda _: CENT), TODAY: CENT}, TODAY)
    assert found.expected is found.low is found.high is None
    assert found.words.startswith(f"No forecast yet: it needs 5 full days, and there {'is' if days == 1 else 'are'} {days}")


def test_the_band_holds_about_four_months_in_five():
    import random

    chance, inside, months = random.Random(7), 0, 400
    for _ in range(months):
        by_day = series(28, lambda _: round(chance.gauss(500, 120)) * CENT, TODAY)
        found = expect(by_day, TODAY)
        rest = sum(round(chance.gauss(500, 120)) * CENT for _ in range(21))
        inside += found.low <= found.used + rest <= found.high
    assert 0.72 <= inside / months <= 0.88


def test_what_is_spent_is_never_forecast_away():
    by_day = {**series(28, lambda day: 0 if day.day != 5 else 10**9), TODAY: 0}
    found = expect(by_day, TODAY)
    assert found.low >= found.used > 0


def test_the_last_day_of_a_month_and_of_a_year_end_it():
    for today in (date(2026, 12, 31), date(2026, 2, 28)):
        found = expect({**series(28, lambda _: CENT, today), today: 3 * CENT}, today)
        assert found.expected == found.used


def test_requests_are_forecast_as_requests():
    found = expect(series(28, lambda _: 3), TODAY, Measure.REQUESTS)
    assert (found.expected, found.words) == (93, "forecast for 2026-05: about 93 requests, 4 times in 5 between 93 requests and 93 requests")


def test_the_studio_s_own_days_are_what_is_carried_on(tmp_path: Path):
    studio = LittleStudio(tmp_path)
    with studio.place.database.writing() as tx:
        ledger.hold(tx, booking(), 30_000, ())
    found = forecast.of_month(studio.place)
    assert (found.month, found.used, found.days, found.expected) == (now()[:7], 30_000, 0, None)
    assert forecast.of_month(studio.place, "person", "anna", Measure.REQUESTS).used == 1
    assert found.document()["used_micro_usd"] == 30_000
