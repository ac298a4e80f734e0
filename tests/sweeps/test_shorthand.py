"""What people write for an axis is read as they mean it, or named with the reason; a wrong value never takes the right ones with it."""

import time
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sweeps.shorthand import MOST_VALUES, ValueKind, parse
from tests.examples import few

NUMBER, WHOLE, NAME, WORDS = ValueKind.NUMBER, ValueKind.WHOLE, ValueKind.NAME, ValueKind.WORDS
HUNDREDTHS = "0.5 0.55 0.6 0.65 0.7"

READ = [
    # values one by one
    (NUMBER, "0.5", "0.5"),
    (NUMBER, "0.5, 0.6", "0.5 0.6"),
    (NUMBER, "0.5,0.6,0.7", "0.5 0.6 0.7"),
    (NUMBER, "0.5\n0.6\n0.7", "0.5 0.6 0.7"),
    (NUMBER, "0.5\r\n0.6\r\n", "0.5 0.6"),
    (NUMBER, "0.5\r0.6", "0.5 0.6"),
    (NUMBER, "0.5\u20280.6", "0.5 0.6"),
    (NUMBER, "0.5\t0.6\t0.7", "0.5 0.6 0.7"),
    (NUMBER, "0.5\t0.6\r\n0.7\t0.8\r\n", "0.5 0.6 0.7 0.8"),
    (NUMBER, "\t0.5 ,\t0.6  ", "0.5 0.6"),
    (NUMBER, "0.5, 0.6,", "0.5 0.6"),
    (NUMBER, ",, 0.5,, 0.6 ,,", "0.5 0.6"),
    (NUMBER, "0.5, 0.50, .5, 0.500", "0.5"),
    (NUMBER, "0.7, 0.5, 0.7, 0.6", "0.7 0.5 0.6"),
    (NUMBER, "7.50", "7.5"),
    (NUMBER, "7.0", "7"),
    (NUMBER, "40", "40"),
    (NUMBER, "100", "100"),
    (NUMBER, ".25", "0.25"),
    (NUMBER, "0", "0"),
    (NUMBER, "-0", "0"),
    (NUMBER, "0.0", "0"),
    (NUMBER, "0e99999", "0"),
    (NUMBER, "-1.5, -2", "-1.5 -2"),
    (NUMBER, "1e2, 2.5E-3, 1e+1", "100 0.0025 10"),
    (NUMBER, "0.123456789012", "0.123456789012"),
    (NUMBER, "\"0.5\", '0.6', “0.7”", "0.5 0.6 0.7"),
    (NUMBER, "`0.5`", "0.5"),
    (NUMBER, "", ""),
    (NUMBER, " \r\n , \t", ""),
    # as pasted from elsewhere
    (NUMBER, "０．５，０．６", "0.5 0.6"),
    (NUMBER, "0.5、0.6", "0.5 0.6"),
    (NUMBER, "0.5، 0.6", "0.5 0.6"),
    (NUMBER, "\ufeff0.5,\u200b0.6", "0.5 0.6"),
    (NUMBER, "0.5,\u00a00.6", "0.5 0.6"),
    (NUMBER, "\u30000.5", "0.5"),
    (NUMBER, "−1, –2, —3, ‐4, ‑5, －6, ﹣7", "-1 -2 -3 -4 -5 -6 -7"),
    (NUMBER, "0.5–0.7 (+0.05)", HUNDREDTHS),
    (NUMBER, "0.5…0.7 +0.05", HUNDREDTHS),
    (NUMBER, "0.5‥0.7 ＋0.05", HUNDREDTHS),
    (NUMBER, "０．５．．０．７　（＋０．０５）", HUNDREDTHS),
    (NUMBER, "０－１［５］", "0 0.25 0.5 0.75 1"),
    (NUMBER, "−3–−1", "-3 -2 -1"),
    # ranges with a step
    (NUMBER, "0.5..0.7 +0.05", HUNDREDTHS),
    (NUMBER, "0.5..0.7 (+0.05)", HUNDREDTHS),
    (NUMBER, "0.5..0.7+0.05", HUNDREDTHS),
    (NUMBER, "0.5 .. 0.7 + 0.05", HUNDREDTHS),
    (NUMBER, "0.5..0.7(0.05)", HUNDREDTHS),
    (NUMBER, "0.5-0.7 (+0.05)", HUNDREDTHS),
    (NUMBER, "0.5 - 0.7 ( + 0.05 )", HUNDREDTHS),
    (NUMBER, "0.5-0.7 +0.05", HUNDREDTHS),
    (NUMBER, "\t0.5..0.7\t+0.05", HUNDREDTHS),
    (NUMBER, "'0.5..0.7 +0.05'", HUNDREDTHS),
    (NUMBER, "0.5..0.73 +0.1", "0.5 0.6 0.7"),
    (NUMBER, "0.1..0.3 +0.1", "0.1 0.2 0.3"),
    (NUMBER, "0.7..0.5 -0.1", "0.7 0.6 0.5"),
    (NUMBER, "0.7..0.5 (-0.1)", "0.7 0.6 0.5"),
    (NUMBER, "0.7-0.5 (-0.1)", "0.7 0.6 0.5"),
    (NUMBER, "5-1 (-2)", "5 3 1"),
    (NUMBER, "-1..1 +0.5", "-1 -0.5 0 0.5 1"),
    (NUMBER, "-0.2 - -0.1 (+0.05)", "-0.2 -0.15 -0.1"),
    (NUMBER, "1e-5-3e-5 (+1e-5)", "0.00001 0.00002 0.00003"),
    (NUMBER, "0.5..0.5 +0.1", "0.5"),
    # ranges with a count
    (NUMBER, "0-1 [5]", "0 0.25 0.5 0.75 1"),
    (NUMBER, "0..1[5]", "0 0.25 0.5 0.75 1"),
    (NUMBER, "0 - 1 [ 2 ]", "0 1"),
    (NUMBER, "1-0 [3]", "1 0.5 0"),
    (NUMBER, "-1..1 [3]", "-1 0 1"),
    (NUMBER, "0-1 [4]", "0 0.333333 0.666667 1"),
    (NUMBER, "0-0.00001 [3]", "0 0.000005 0.00001"),
    (NUMBER, "3-3 [4]", "3"),
    # ranges by whole steps
    (NUMBER, "1-5", "1 2 3 4 5"),
    (NUMBER, "1..5", "1 2 3 4 5"),
    (NUMBER, "1 - 5", "1 2 3 4 5"),
    (NUMBER, "5-1", "5 4 3 2 1"),
    (NUMBER, "-1-2", "-1 0 1 2"),
    (NUMBER, "-1--3", "-1 -2 -3"),
    (NUMBER, "4-4", "4"),
    (WHOLE, "1-5", "1 2 3 4 5"),
    (WHOLE, "1-5 (+2)", "1 3 5"),
    (WHOLE, "1-6 (+2)", "1 3 5"),
    (WHOLE, "1-10 [4]", "1 4 7 10"),
    (WHOLE, "7, 7.0, 8", "7 8"),
    (WHOLE, "2147483647", "2147483647"),
    (WHOLE, "1e3", "1000"),
    # filled by the step of the two before
    (NUMBER, "1, 2, .., 10", "1 2 3 4 5 6 7 8 9 10"),
    (NUMBER, "1, 2, ..., 5", "1 2 3 4 5"),
    (NUMBER, "1, 2, …, 5", "1 2 3 4 5"),
    (NUMBER, "0.5, 0.6, .., 0.9", "0.5 0.6 0.7 0.8 0.9"),
    (NUMBER, "10, 8, .., 2", "10 8 6 4 2"),
    (NUMBER, "1\n3\n..\n9", "1 3 5 7 9"),
    (NUMBER, "-1, -0.5, .., 1", "-1 -0.5 0 0.5 1"),
    (NUMBER, "20, 1, 2, .., 4, 30", "20 1 2 3 4 30"),
    (NUMBER, "1-2, .., 5", "1 2 3 4 5"),
    (WHOLE, "2, 4, .., 8", "2 4 6 8"),
    # mixes
    (NUMBER, "0.3, 0.5..0.7 +0.1, 0-1 [3]", "0.3 0.5 0.6 0.7 0 1"),
    (NUMBER, "1-3\n2..6 +2\n9, 10, .., 12", "1 2 3 4 6 9 10 11 12"),
    # names and prompts
    (NAME, "pixar, ghibli", ["pixar", "ghibli"]),
    (NAME, "pixar\r\nghibli\r\n", ["pixar", "ghibli"]),
    (NAME, "“pixar”, 'ghibli' ,, pixar", ["pixar", "ghibli"]),
    (NAME, "pixar@2, flux-dev, Ana & Ben", ["pixar@2", "flux-dev", "Ana & Ben"]),
    (NAME, "娜，本", ["娜", "本"]),
    (NAME, "1-5", ["1-5"]),
    (WORDS, "soft light, big eyes\r\nhard light, small eyes", ["soft light, big eyes", "hard light, small eyes"]),
    (WORDS, "a fox || a bear, asleep||", ["a fox", "a bear, asleep"]),
    (WORDS, '"a fox"\n«a bear»\n„a hare“', ["a fox", "a bear", "a hare"]),
    (WORDS, "\"'a fox'\"", ["a fox"]),
    (WORDS, '"Hello" on a sign reading "Bye"', ['"Hello" on a sign reading "Bye"']),
    (WORDS, "a fox\n\n  a fox  \n", ["a fox"]),
    (WORDS, "0.5..0.7 +0.05", ["0.5..0.7 +0.05"]),
    (WORDS, "the 👩‍👩‍👧 family | the dog", ["the 👩‍👩‍👧 family | the dog"]),
]

LEFT_OUT = [
    # (kind, written, kept, the piece that is named, words of the reason)
    (NUMBER, "nan", "", "nan", "not a number"),
    (NUMBER, "0.5, Infinity, 0.6", "0.5 0.6", "Infinity", "not a number"),
    (NUMBER, "0.5, -inf", "0.5", "-inf", "not a number"),
    (NUMBER, "0.5, strong, 0.7", "0.5 0.7", "strong", "“strong” is not a number"),
    (NUMBER, "0.5, 1/2", "0.5", "1/2", "not a number"),
    (NUMBER, "½, 1", "1", "½", "not a number"),
    (NUMBER, "5², 1", "1", "5²", "not a number"),
    (NUMBER, "50%", "", "50%", "not a number"),
    (NUMBER, "1.", "", "1.", "not a number"),
    (NUMBER, "1-", "", "1-", "not a number"),
    (NUMBER, "- 5", "", "- 5", "not a number"),
    (NUMBER, "0x10, 1_000", "", "1_000", "not a number"),
    (NUMBER, "0.7..0.5-0.1", "", "0.7..0.5-0.1", "not a number"),
    (NUMBER, "2024-01-02", "", "2024-01-02", "not a number"),
    (NUMBER, "<b>1</b>", "", "<b>1</b>", "not a number"),
    (NUMBER, '0.5, ""', "0.5", '""', "not a number"),
    (NUMBER, "007, 7", "7", "007", "leading zeros"),
    (NUMBER, "1,000", "1", "000", "commas between thousands"),
    (NUMBER, "0.5 0.6", "", "0.5 0.6", "commas between values"),
    (NUMBER, "0.5; 0.6", "", "0.5; 0.6", "commas between values"),
    (NUMBER, "0.5..0.7, +0.05", "", "+0.05", "behind its range"),
    (NUMBER, "0-1, [5]", "0 1", "[5]", "behind its range"),
    (NUMBER, "1...3", "", "1...3", "two dots"),
    (NUMBER, ".5...7 +0.1", "", ".5...7 +0.1", "two dots"),
    (NUMBER, "0.5..0.7", "", "0.5..0.7", "0.5..0.7 (+0.05) or 0.5..0.7 [5]"),
    (NUMBER, "1-2.5, 4", "4", "1-2.5", "Say the step or how many"),
    (NUMBER, "1-5 (+0)", "", "1-5 (+0)", "step of 0"),
    (NUMBER, "5-1 (+2)", "", "5-1 (+2)", "write (-2)"),
    (NUMBER, "0.5..0.7 -0.05", "", "0.5..0.7 -0.05", "lead away from 0.7; write (+0.05)"),
    (NUMBER, "0-1 [1]", "", "0-1 [1]", "at least 2"),
    (NUMBER, "0-1 [0]", "", "0-1 [0]", "at least 2"),
    (NUMBER, "0-1 [-3]", "", "0-1 [-3]", "not a number"),
    (NUMBER, "1, 2, ..", "1 2", "..", "two values before"),
    (NUMBER, ".., 3", "3", "..", "two values before"),
    (NUMBER, "1, .., 3", "1 3", "..", "two values before"),
    (NUMBER, "1, bad, 2, .., 4", "1 2 4", "..", "two values before"),
    (NUMBER, "1, 3, .., 10", "1 3 10", "..", "Steps of +2 from 3 do not arrive at 10"),
    (NUMBER, "1, 2, .., -5", "1 2 -5", "..", "do not arrive"),
    (NUMBER, "1, 1, .., 5", "1 5", "..", "do not arrive"),
    (NUMBER, "0..100000", "", "0..100000", "100,001 values"),
    (NUMBER, "7, 0..1 +0.00001", "7", "0..1 +0.00001", "100,001 values"),
    (NUMBER, "0-1 [99999]", "", "0-1 [99999]", "99,999 values"),
    (NUMBER, "0-1 [" + "9" * 30 + "]", "", "0-1 [" + "9" * 30 + "]", "values"),
    (NUMBER, "1, 2, .., 99999", "1 2 99999", "..", "values"),
    (NUMBER, "1-100000000000000 (+0.000000000001)", "", "1-100000000000000 (+0.000000000001)", "values"),
    (NUMBER, "1e999999999, 2", "2", "1e999999999", "15 digits"),
    (NUMBER, "1e99999999999999999999999", "", "1e99999999999999999999999", "15 digits"),
    (NUMBER, "1e-999999999999999999999", "", "1e-999999999999999999999", "12 behind it"),
    (NUMBER, "0-1e999999999", "", "0-1e999999999", "15 digits"),
    (NUMBER, "1000000000000000", "", "1000000000000000", "15 digits"),
    (NUMBER, "0.1234567890123", "", "0.1234567890123", "12 behind it"),
    (WHOLE, "1, 2.5, 3", "1 3", "2.5", "2.5 is not a whole number"),
    (WHOLE, "1-10 [3]", "", "1-10 [3]", "5.5 is not a whole number"),
    (WHOLE, "1-3 (+0.5)", "", "1-3 (+0.5)", "1.5 is not a whole number"),
    (WHOLE, "0.5..2.5 +1", "", "0.5..2.5 +1", "0.5 is not a whole number"),
    (WHOLE, "seven", "", "seven", "not a number"),
    (NAME, 'pixar, ""', ["pixar"], '""', "nothing between the quotes"),
    (WORDS, "a fox\n“ ”", ["a fox"], "“ ”", "nothing between the quotes"),
]


def _values(expected: str | list[str]) -> tuple[str, ...]:
    return tuple(expected.split() if isinstance(expected, str) else expected)


@pytest.mark.parametrize(("kind", "text", "expected"), READ)
def test_what_is_written_is_read_as_it_is_meant(kind, text, expected):
    parsed = parse(text, kind)
    assert (parsed.values, parsed.bad) == (_values(expected), ())


@pytest.mark.parametrize(("kind", "text", "kept", "named", "why"), LEFT_OUT)
def test_what_cannot_be_read_is_named_with_the_reason_and_the_rest_is_kept(kind, text, kept, named, why):
    parsed = parse(text, kind)
    assert parsed.values == _values(kept)
    reason = next(bad.why for bad in parsed.bad if bad.text == named)
    assert why in reason
    assert reason.endswith((".", "]."))


def test_the_tables_hold_a_hundred_written_and_fifty_rejected_forms():
    assert len(READ) > 100
    assert len(LEFT_OUT) > 50


def test_a_long_piece_is_named_by_its_beginning():
    (bad,) = parse("9" * 100_000, NUMBER).bad
    assert (len(bad.text), bad.text[-1]) == (80, "…")
    assert "100,000 characters" in bad.why


def test_an_axis_never_grows_past_its_limit_by_several_ranges():
    parsed = parse(f"1-{MOST_VALUES}, 20001-20002, 3", NUMBER)
    assert len(parsed.values) == MOST_VALUES
    assert "10,002 values together" in parsed.bad[0].why


def test_a_value_that_is_there_already_never_makes_an_axis_too_long():
    assert parse(f"1-{MOST_VALUES}, 3", NUMBER).bad == ()


@pytest.mark.parametrize("part", ["1-9", "(", "1 ", "0.5,", "'", "\u200b ", "1\t", "1e9", "„“", "..,", "1,2,..,"])
@pytest.mark.parametrize("kind", ValueKind)
def test_a_long_paste_is_answered_at_once(part, kind):
    start = time.perf_counter()
    parse(part * (200_000 // len(part)), kind)
    assert time.perf_counter() - start < 30


anything = st.one_of(st.text(), st.text(alphabet="0123456789.,-+()[] …–−\n\t\"'|eE"))
numbers = st.decimals(min_value=-1000, max_value=1000, places=3)


@few
@given(text=anything, kind=st.sampled_from(ValueKind))
def test_nothing_that_is_written_raises_and_nothing_is_lost_without_a_word(text, kind):
    parsed = parse(text, kind)
    assert len(set(parsed.values)) == len(parsed.values)
    assert all(bad.text and bad.why.endswith(".") for bad in parsed.bad)


@few
@given(text=anything, kind=st.sampled_from(ValueKind))
def test_values_that_were_read_are_read_again_as_themselves(text, kind):
    values = parse(text, kind).values
    assert parse(("\n" if kind is WORDS else ", ").join(values), kind).values == values
    assert parse("\n".join(values), kind).bad == ()


@few
@given(values=st.lists(numbers, unique=True))
def test_values_stay_in_the_order_they_were_written(values):
    parsed = parse(", ".join(str(value) for value in values), NUMBER)
    assert [Decimal(value) for value in parsed.values] == values


@few
@given(first=numbers, step=st.decimals(min_value="0.001", max_value=50, places=3), more=st.integers(0, 200), down=st.booleans())
def test_a_stepped_range_holds_exactly_the_numbers_on_its_way(first, step, more, down):
    signed = -step if down else step
    parsed = parse(f"{first}..{first + signed * more} ({signed:+})", NUMBER)
    assert [Decimal(value) for value in parsed.values] == [first + signed * index for index in range(more + 1)]


@few
@given(first=numbers, last=numbers, count=st.integers(2, 300))
def test_a_counted_range_is_evenly_spaced_and_holds_both_ends(first, last, count):
    values = [Decimal(value) for value in parse(f"{first}..{last} [{count}]", NUMBER).values]
    assert (values[0], values[-1]) == (first, last)
    assert len(values) == (count if first != last else 1)
    gaps = [after - before for before, after in pairwise(values)]
    assert not gaps or max(gaps) - min(gaps) <= max(abs(gap) for gap in gaps) / 100


@few
@given(first=st.integers(-500, 500), last=st.integers(-500, 500))
def test_whole_numbers_between_two_ends_count_up_or_down(first, last):
    way = 1 if first <= last else -1
    assert parse(f"{first}-{last}", WHOLE).values == tuple(str(value) for value in range(first, last + way, way))


@pytest.mark.parametrize(
    ("text", "kept", "asked"),
    [
        ("7,5", "", "7.5, or 7, 5"),
        ("0,55", "", "0.55, or 0, 55"),
        ("7,5, 8,5, 9", "9", "7.5, or 7, 5"),
        ("6, 7,5", "6", "7.5, or 7, 5"),
    ],
)
def test_a_comma_that_may_be_a_decimal_point_is_asked_back_and_never_doubles_what_is_bought(text, kept, asked):
    parsed = parse(text, NUMBER)
    assert parsed.values == _values(kept)
    assert parsed.bad[0].why.endswith(f"Write {asked}.")


@pytest.mark.parametrize(
    ("kind", "text", "kept"), [(NUMBER, "7, 5", "7 5"), (NUMBER, "7,5,3", "7 5 3"), (NUMBER, "0.5,1", "0.5 1"), (WHOLE, "7,5", "7 5")]
)
def test_a_comma_that_separates_beyond_doubt_separates(kind, text, kept):
    parsed = parse(text, kind)
    assert (parsed.values, parsed.bad) == (_values(kept), ())
