"""Amounts are read where they can mean one thing only, however people and spreadsheets write them; times never without their zone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadParameter
from pipeline.reckoning.figures import Mark, TwoWays, decimal_of
from pipeline.reckoning.moments import NoSuchHour, NoZone, moment_of, zone_of
from tests.examples import few

BERLIN = ZoneInfo("Europe/Berlin")
AMOUNTS = st.decimals(min_value=-999_999_999, max_value=999_999_999, places=4, allow_nan=False)


@few
@given(AMOUNTS, st.sampled_from([",", ".", " ", "\u00a0", "'", ""]), st.sampled_from(Mark), st.sampled_from(["", "$", "$ ", "USD "]))
def test_what_is_written_in_any_way_is_read_as_what_it_was(amount: Decimal, between: str, mark: Mark, currency: str) -> None:
    if between == mark:
        return
    whole, _, broken = f"{abs(amount):,.4f}".partition(".")
    text = f"{'-' if amount < 0 else ''}{currency}{whole.replace(',', between)}{mark}{broken}"
    assert decimal_of(text) == (amount, mark)
    assert decimal_of(text, mark) == (amount, mark)
    with pytest.raises(ValueError, match="mark"):
        decimal_of(text, Mark.COMMA if mark is Mark.POINT else Mark.POINT)


@pytest.mark.parametrize("text", ["1,234", "1.234", "999.999", "12,345"])
def test_what_can_be_read_in_two_ways_is_read_in_none_until_the_file_settles_it(text: str) -> None:
    with pytest.raises(TwoWays):
        decimal_of(text)
    sign = Mark("," if "," in text else ".")
    other = Mark.POINT if sign is Mark.COMMA else Mark.COMMA
    assert decimal_of(text, sign)[0] == Decimal(text.replace(",", "."))
    assert decimal_of(text, other)[0] == Decimal(text.replace(sign, ""))


@pytest.mark.parametrize(
    ("text", "amount"), [("(4.50)", "-4.5"), ("−3", "-3"), ("1.20 USD", "1.2"), ("3e-05", "0.00003"), (".5", "0.5"), ("0.030", "0.03")]
)
def test_the_ways_of_accounts_and_spreadsheets(text: str, amount: str) -> None:
    assert decimal_of(text)[0] == Decimal(amount)


@pytest.mark.parametrize("text", ["", " ", "abc", "--3", "1,23,4", "12,34.5", "1.2.3", "nan", "inf", "1e999", "0x10", "٣", "1_000", "=1+1", "1,,2"])
def test_what_is_no_number_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|money"):
        decimal_of(text)


@few
@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_a_time_with_an_offset_is_the_same_moment_in_every_zone(naive: datetime, quarters: int) -> None:
    moment = naive.replace(tzinfo=UTC)
    offset = timedelta(minutes=15 * quarters)
    minutes = abs(quarters) * 15
    written = (moment + offset).replace(tzinfo=None).isoformat(timespec="microseconds")
    sign = "-" if quarters < 0 else "+"
    for text in (f"{written}{sign}{minutes // 60:02}:{minutes % 60:02}", f"{written.replace('T', ' ')}{sign}{minutes // 60:02}{minutes % 60:02}"):
        assert moment_of(text, None) == (moment, False)
        assert moment_of(text, BERLIN) == (moment, False)


@pytest.mark.parametrize("text", ["2026-10-31T14:00:00Z", "2026-10-31 14:00:00 UTC", "2026-10-31 14:00+00", "1793455200", "1793455200000"])
def test_the_ways_to_say_utc(text: str) -> None:
    assert moment_of(text, BERLIN)[0] == datetime(2026, 10, 31, 14, tzinfo=UTC)


def test_a_time_without_a_zone_is_asked_for_and_never_guessed() -> None:
    with pytest.raises(NoZone):
        moment_of("2026-10-31 14:00", None)
    assert moment_of("2026-10-31 14:00", BERLIN) == (datetime(2026, 10, 31, 13, tzinfo=UTC), False)


def test_an_hour_shown_twice_is_said_and_one_jumped_over_refused() -> None:
    assert moment_of("2026-10-25 02:30", BERLIN) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True)
    with pytest.raises(NoSuchHour):
        moment_of("2026-03-29 02:30", BERLIN)


@pytest.mark.parametrize("text", ["", "31.10.2026 14:00", "10/31/2026", "2026-10-31", "2026-13-01 00:00", "2026-10-31 25:00Z", "soon", "12345"])
def test_what_is_no_time_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".*") as caught:
        moment_of(text, BERLIN)
    assert not isinstance(caught.value, NoZone | NoSuchHour)


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", "/etc/localtime", "Europe"])
def test_a_zone_there_is_none_of_is_refused(name: str) -> None:
    with pytest.raises(BadParameter):
        zone_of(name)
