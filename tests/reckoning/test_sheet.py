"""A bill as a file: columns by their names, bad lines by their numbers, any size in little memory."""

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import BadBill, BadParameter
from pipeline.providers.port import Billed
from pipeline.reckoning.pile import pile
from pipeline.reckoning.sheet import MOST_BAD_LINES, Sheet

HEAD = "request_id,endpoint_id,timestamp,cost_estimate_nano_usd"
ROW = "a-1,fal-ai/flux/dev,2026-10-02T08:00:00Z,30000000"
LINE = Billed(request_id="a-1", endpoint="fal-ai/flux/dev", at=datetime(2026, 10, 2, 8, tzinfo=UTC), nano_usd=30_000_000)
PRESENT = datetime(2026, 11, 2, tzinfo=UTC)
Write = Callable[..., Sheet]


@pytest.fixture
def sheet(tmp_path: Path) -> Write:
    def write(text: str | bytes, zone: str | None = None) -> Sheet:
        path = tmp_path / "bill.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Sheet(path, ZoneInfo(zone) if zone else None, present=PRESENT)

    return write


def test_columns_are_found_by_name_in_any_order_and_others_are_ignored(sheet: Write) -> None:
    text = "Colour,Cost (USD),Request ID,Output Units,Timestamp,Unit Price,Endpoint ID\nred,0.03,a-1,1,2026-10-02T08:00:00Z,0.03,fal-ai/flux/dev\n"
    [line] = sheet(text).lines()
    assert line == Billed(**{**vars(LINE), "units": Decimal(1), "unit_price_usd": Decimal("0.03")})


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_marks_and_ends_of_lines(sheet: Write, sign: str, mark: bytes, end: str) -> None:
    text = end.join((HEAD, ROW, "", ROW.replace("a-1", '"a-2"'))).replace(",", sign)
    assert [line.request_id for line in sheet(mark + text.encode()).lines()] == ["a-1", "a-2"]


@pytest.mark.parametrize(
    ("column", "amount", "resolution"),
    [("cost_total", "0.03", 10**7), ("micro_usd", "30000", 1000), ("cost_nano_usd", "30000000", 1), ("cost", "0.030000", 1000)],
)
def test_amounts_in_dollars_micro_and_nano_dollars_by_their_heading(sheet: Write, column: str, amount: str, resolution: int) -> None:
    read = sheet(f"request_id,endpoint,timestamp,{column}\na-1,fal-ai/flux/dev,2026-10-02T08:00:00Z,{amount}")
    assert list(read.lines()) == [LINE]
    assert read.remarks.resolution_nano_usd == resolution


def test_the_most_exact_of_several_amounts_counts(sheet: Write) -> None:
    [line] = sheet(f"{HEAD},cost_total\n{ROW},0.04").lines()
    assert line == LINE


def test_an_amount_that_can_be_read_in_two_ways_is_settled_by_the_rest_of_the_file(sheet: Write) -> None:
    rows = [f"a-{at};fal-ai/flux/dev;2026-10-02T08:00:00Z;{amount}" for at, amount in enumerate(["1.234", "0,03", "2.000"])]
    text = "\n".join(["request_id;endpoint;timestamp;cost", *rows])
    assert {line.request_id: line.nano_usd for line in sheet(text).lines()} == {"a-0": 1234 * 10**9, "a-1": 30_000_000, "a-2": 2000 * 10**9}
    with pytest.raises(BadBill) as caught:
        list(sheet(text.replace("0,03", "3")).lines())
    assert "line 2" in caught.value.say


def test_a_time_without_a_zone_is_asked_for(sheet: Write) -> None:
    text = f"{HEAD}\n{ROW.replace('T08:00:00Z', ' 10:00:00')}"
    with pytest.raises(BadParameter) as caught:
        list(sheet(text).lines())
    assert "line 2" in caught.value.say
    assert list(sheet(text, "Europe/Berlin").lines()) == [LINE]


def test_hours_shown_twice_are_remarked(sheet: Write) -> None:
    read = sheet(f"{HEAD}\n{ROW.replace('2026-10-02T08:00:00Z', '2026-10-25 02:30:00')}", "Europe/Berlin")
    assert len(list(read.lines())) == 1
    assert "shown twice" in read.remarks.words()[0] or "showed twice" in read.remarks.words()[0]


def test_wrong_columns_are_refused_naming_what_is_missing_and_what_was_found(sheet: Write) -> None:
    with pytest.raises(BadBill) as caught:
        list(sheet("day,model,quantity,total\n2026-10-01,x,3,4").lines())
    assert "request id, time" in caught.value.say
    assert "day, model, quantity, total" in caught.value.say
    assert "timestamp" in caught.value.next


@pytest.mark.parametrize(
    "bad",
    [
        "a-2,fal-ai/x,2026-10-02T08:00:00Z,much",
        "a-2,,2026-10-02T08:00:00Z,3",
        "a-2,fal-ai/x,yesterday,3",
        "a-2,fal-ai/x",
        "x" * 200 + ",a,2026-10-02T08:00:00Z,3",
    ],
)
def test_a_bad_line_is_named_by_its_number_and_stops_nothing_but_itself(sheet: Write, bad: str) -> None:
    read = sheet(f"{HEAD}\n{ROW}\n{bad}\n{ROW.replace('a-1', 'a-3')}")
    assert [line.request_id for line in read.lines()] == ["a-1", "a-3"]
    words, so = read.remarks.words()
    assert words.startswith("Line 3 was left out")
    assert "no month can be closed" in so
    assert "much" not in words


@pytest.mark.parametrize("currency", ["EUR", "gbp", "usd cents"])
def test_a_line_in_another_currency_is_left_out(sheet: Write, currency: str) -> None:
    rows = [f"{ROW},USD", f"{ROW.replace('a-1', 'a-2')},{currency}", f"{ROW.replace('a-1', 'a-3')}, usd "]
    read = sheet("\n".join([f"{HEAD},Currency", *rows]))
    assert [line.request_id for line in read.lines()] == ["a-1", "a-3"]
    assert read.remarks.words()[0] == "Line 3 was left out: its amount is not in US dollars."
    with pytest.raises(BadBill, match="not in US dollars"):
        list(sheet(f"{HEAD},Currency\n{ROW},{currency}").lines())


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "2062-01-05T00:00:00Z", "2026-11-03T00:00:01Z", "9999999999999"])
def test_a_line_of_the_future_is_left_out(sheet: Write, moment: str) -> None:
    read = sheet(f"{HEAD}\n{ROW}\n{ROW.replace('2026-10-02T08:00:00Z', moment)}\n{ROW.replace('2026-10-02T08:00:00Z', '2026-11-02T23:00:00Z')}")
    assert len(list(read.lines())) == 2
    assert read.remarks.words()[0].startswith("Line 3 was left out: its time is ")


@pytest.mark.parametrize("amount", ["99999999999", "-99999999999", "1000000.01"])
def test_an_amount_that_no_request_costs_is_left_out(sheet: Write, amount: str) -> None:
    read = sheet(f"request_id,endpoint,timestamp,cost\na-1,x,2026-10-02T08:00:00Z,1000000\na-2,x,2026-10-02T08:00:00Z,{amount}")
    assert [line.request_id for line in read.lines()] == ["a-1"]
    assert "more than a request can cost" in read.remarks.words()[0]


def test_lines_that_come_to_more_than_can_be_added_up_are_no_bill(sheet: Write) -> None:
    rows = [f"a-{at},x,2026-10-02T08:00:00Z,1000000" for at in range(1001)]
    with pytest.raises(BadBill, match="a billion dollars"):
        list(sheet("\n".join(["request_id,endpoint,timestamp,cost", *rows])).lines())


def test_too_many_bad_lines_are_no_bill(sheet: Write) -> None:
    bad = ROW.replace("30000000", "much")
    with pytest.raises(BadBill) as caught:
        list(sheet("\n".join([HEAD, *[ROW] * 100_000, *[bad] * (MOST_BAD_LINES + 1)])).lines())
    assert "line 100002" in caught.value.say
    for text in (f"{HEAD}\n{bad}", "\n".join([HEAD, *[ROW] * 50, *[bad] * 11])):
        with pytest.raises(BadBill):
            list(sheet(text).lines())


@pytest.mark.parametrize(
    "text",
    [b"", b"\n\n", b"\x00\x01\x02", HEAD.encode("utf-16"), b"\xff\xfe\xfa", b"PK\x03\x04rubbish", b"<html><body>no</body></html>", b"x" * (3 << 20)],
    ids=["empty", "blank", "zeros", "utf-16", "no text", "zip", "html", "one endless line"],
)
def test_what_is_no_csv_is_said_in_one_sentence(sheet: Write, text: bytes) -> None:
    with pytest.raises(BadBill):
        list(sheet(text).lines())


def test_an_endless_cell_in_a_good_file_is_no_csv(sheet: Write) -> None:
    with pytest.raises(BadBill):
        list(sheet(f'{HEAD}\n{ROW}\n"' + "y" * (2 << 20)).lines())


def test_a_file_without_lines_or_without_itself(sheet: Write, tmp_path: Path) -> None:
    assert list(sheet(HEAD).lines()) == []
    with pytest.raises(BadBill):
        list(Sheet(tmp_path / "none.csv").lines())


def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write(HEAD + "\n")
        for at in range(60_000):
            file.write(f"request-{at:012},fal-ai/flux/dev/image-to-image,2026-10-02T08:00:00.{at % 10**6:06}Z,30000000\n")
    with pile() as lines:
        lines.add(Sheet(path, present=PRESENT).lines())
        tracemalloc.start()
        with pile() as again:
            again.add(Sheet(path, present=PRESENT).lines())
            _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert lines.count() == 60_000
    assert most < 8_000_000


@pytest.mark.parametrize(
    ("first", "sign"), [("sep=;\n", ";"), ("SEP=,\r\n", ","), ('"sep=;"\n', ";"), ("\n\n", ","), (" \n;;;\nsep=;\n\n", ";"), ("\ufeffsep=;\n", ";")]
)
def test_a_line_that_names_the_separator_and_blank_ones_before_the_headings_are_passed_over(sheet: Write, first: str, sign: str) -> None:
    read = sheet(first + f"{HEAD}\n{ROW}\nno-time,x,never,1\n".replace(",", sign))
    assert list(read.lines()) == [LINE]
    lines = first.count("\n") + 3
    assert read.remarks.words()[0] == f"Line {lines} was left out: its time is no time."


@pytest.mark.parametrize("row", ["Total,,,60000000", ",,Total:,60000000", "Summe,,,60000000", "GRAND TOTAL,,,60000000", "sum,,sum,60000000"])
def test_a_last_row_of_sums_is_no_line_and_is_held_against_them(sheet: Write, row: str) -> None:
    good = sheet(f"{HEAD}\n{ROW}\n{ROW.replace('a-1', 'a-2')}\n{row}\n")
    assert [line.request_id for line in good.lines()] == ["a-1", "a-2"]
    assert (good.remarks.lines, good.remarks.words()) == (2, ())
    off = sheet(f"{HEAD}\n{ROW}\n{row}\n")
    assert list(off.lines()) == [LINE]
    assert off.remarks.words() == ("The file's own sum is $0.06, its lines come to $0.03.",)


def test_a_rounded_sum_agrees_with_its_lines(sheet: Write) -> None:
    read = sheet("request_id,endpoint,timestamp,cost\na-1,x,2026-10-02T08:00:00Z,0.0333\na-2,x,2026-10-02T08:00:00Z,0.0333\nTotal,,,0.07\n")
    assert len(list(read.lines())) == 2
    assert read.remarks.words() == ()


def test_a_request_that_is_called_total_is_a_line(sheet: Write) -> None:
    assert len(list(sheet(f"{HEAD}\ntotal,x,2026-10-02T08:00:00Z,30000000\n").lines())) == 1
