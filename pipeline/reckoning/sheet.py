"""A provider's bill as a CSV file, read line by line: whatever its size, only a line at a time is in memory.

Columns are found by their names, in any order, others are ignored. A line that cannot be read is named by its number and left out; too many
of them, and the file is no bill.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from pipeline.errors import BadBill, BadParameter
from pipeline.providers.port import Billed
from pipeline.reckoning.figures import Mark, TwoWays, decimal_of
from pipeline.reckoning.moments import NoSuchHour, NoZone, moment_of
from pipeline.reckoning.opening import is_total, read_head, short_lines
from pipeline.wording import counted

NANO_USD = 10**9
MOST_BAD_LINES = 100
FEW_BAD_LINES = 10
MOST_PUT_OFF = 10_000
# What a column may be called, by what it says; names are compared in lower case with everything but letters and digits as `_`.
REQUEST = ("request_id", "requestid", "request")
ENDPOINT = ("endpoint_id", "endpoint", "model_id", "model", "app", "application")
MOMENT = ("timestamp", "time", "datetime", "date_time", "created_at", "billed_at", "date")
UNITS = ("output_units", "units", "quantity", "billable_units")
UNIT_PRICE = ("unit_price", "unit_price_usd", "price_per_unit")
DISCOUNT = ("percent_discount", "discount_percent", "discount")
CURRENCY = ("currency", "currency_code", "billing_currency")
US_DOLLARS = frozenset({"", "usd", "us$", "$"})
# What fits into the sums of a database (9.2 billion dollars), and still is more than any request or bill comes to.
LARGEST_NANO_USD = 10**6 * NANO_USD
MOST_NANO_USD = 10**9 * NANO_USD
INCOMPLETE = "So nothing is given back for what this bill does not name, and no month can be closed with it."
AHEAD = timedelta(days=1)  # clocks differ, and zones are named wrongly; more is no time of a charge
# Amounts from the most to the least exact, each with the nano-dollars that one of it is worth.
AMOUNTS: Mapping[str, int] = {
    **dict.fromkeys(("cost_estimate_nano_usd", "cost_nano_usd", "nano_usd", "amount_nano_usd"), 1),
    **dict.fromkeys(("cost_micro_usd", "micro_usd", "amount_micro_usd"), 1000),
    **dict.fromkeys(("cost_total", "cost_total_usd", "cost_usd", "amount_usd", "total_usd", "cost", "amount", "total", "charge"), NANO_USD),
}
WANTED = {"request id": REQUEST, "endpoint": ENDPOINT, "time": MOMENT, "amount": tuple(AMOUNTS)}


@dataclass(kw_only=True)
class Remarks:
    """What was noticed while a file was read: lines left out with the reason, hours that clocks showed twice, the finest amount in it."""

    bad: list[tuple[int, str]] = field(default_factory=list)
    lines: int = 0
    twice_shown: int = 0
    resolution_nano_usd: int = 10**7
    total: tuple[int, int] | None = None  # nano-dollars: what the file's own sum says, and what its lines come to

    def words(self) -> tuple[str, ...]:
        """Say what a reader should know."""
        left_out = tuple(f"Line {number} was left out: {why}." for number, why in self.bad[:FEW_BAD_LINES])
        more = len(self.bad) - len(left_out)
        also = (f"{more} more lines were left out.",) if more else ()
        so = (INCOMPLETE,) if self.bad else ()
        hours = (f"{self.twice_shown} lines fall into an hour that clocks showed twice; the earlier one was taken.",) if self.twice_shown else ()
        sums = (
            tuple(f"The file's own sum is {_dollars(said)}, its lines come to {_dollars(come)}." for said, come in (self.total,))
            if self.total
            else ()
        )
        return (*left_out, *also, *so, *hours, *sums)


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """Where in a row each thing stands; None where the file does not say it."""

    request: int
    endpoint: int
    moment: int
    amount: int
    worth_nano_usd: int
    units: int | None
    unit_price: int | None
    discount: int | None
    currency: int | None


class Sheet:
    """One file; `lines` may be read once, `remarks` is complete afterwards."""

    def __init__(self, path: Path, zone: ZoneInfo | None = None, *, present: datetime | None = None) -> None:
        """Look at nothing yet; `zone` is where times without an offset were written, `present` is now unless told otherwise."""
        self._path, self._zone = path, zone
        self._latest, self._nano_usd = (present or datetime.now(UTC)) + AHEAD, 0
        self._mark: Mark | None = None
        self._total, self._net_nano_usd = "", 0
        self._put_off: list[tuple[int, list[str]]] = []
        self.remarks = Remarks()

    def lines(self) -> Iterator[Billed]:
        """Yield every line that can be read; BadBill for a file that is no bill, BadParameter when its times need a zone."""
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._read(file)
        except UnicodeDecodeError:
            raise BadBill("This file is not UTF-8 text.", next="Save it as CSV in UTF-8.") from None
        except csv.Error as error:
            raise BadBill("This file is damaged, or no CSV.", next="Export it again.") from error
        except OSError as error:
            raise BadBill("There is no readable file by that name.", next="Check the path.") from error

    def _read(self, file: TextIO) -> Iterator[Billed]:
        delimiter, head, taken = read_head(file, lambda names: len(_found(names)))
        columns = _columns(head)
        reader = csv.reader(short_lines(file), delimiter=delimiter)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if is_total(row, _cell(row, columns.moment)):
                self._total = _cell(row, columns.amount)
                continue
            self.remarks.lines += 1
            yield from self._line(columns, reader.line_num + taken, row)
        yield from self._afterwards(columns)
        self._compare_total(columns)
        self._check()

    def _line(self, columns: _Columns, number: int, row: list[str], *, last: bool = False) -> Iterator[Billed]:
        try:
            yield self._billed(columns, row)
        except TwoWays:
            if last or len(self._put_off) >= MOST_PUT_OFF:
                raise BadBill(
                    f"Amounts such as the one in line {number} can be read in two ways: with thousands, or with three decimals.",
                    next="Export the amounts with a decimal point and without thousand separators.",
                ) from None
            self._put_off.append((number, row))
        except NoZone:
            raise BadParameter(
                f"The time in line {number} names no time zone.", next="Say in which zone the file was written, such as Europe/Berlin or UTC."
            ) from None
        except NoSuchHour:
            self._leave_out(number, "its time was jumped over by the clocks of that zone")
        except (ValueError, IndexError, OverflowError) as error:
            self._leave_out(number, str(error) if str(error) in _REASONS else "it cannot be read")

    def _afterwards(self, columns: _Columns) -> Iterator[Billed]:
        """Read the lines whose amounts only the rest of the file could settle."""
        for number, row in self._put_off:
            yield from self._line(columns, number, row, last=True)

    def _compare_total(self, columns: _Columns) -> None:
        """Remark it when the file's own last sum is not that of its lines, to the last digit that it has."""
        try:
            total = decimal_of(self._total, self._mark)[0]
        except ValueError:
            return  # there is no such row, or none that can be read
        step = Decimal(columns.worth_nano_usd).scaleb(int(total.as_tuple().exponent))
        if abs(total * columns.worth_nano_usd - self._net_nano_usd) > step / 2:
            self.remarks.total = (round(total * columns.worth_nano_usd), self._net_nano_usd)

    def _leave_out(self, number: int, why: str) -> None:
        self.remarks.bad.append((number, why))
        if len(self.remarks.bad) > MOST_BAD_LINES:
            raise self._too_many()

    def _check(self) -> None:
        bad, lines = len(self.remarks.bad), self.remarks.lines
        if bad and (bad == lines or (bad > FEW_BAD_LINES and bad * 10 > lines)):
            raise self._too_many()

    def _too_many(self) -> BadBill:
        number, why = self.remarks.bad[0]
        return BadBill(
            f"{len(self.remarks.bad)} of {counted(self.remarks.lines, 'line')} cannot be read; the first is line {number}: {why}.",
            next="Export the file again, or correct these lines.",
        )

    def _billed(self, columns: _Columns, row: Sequence[str]) -> Billed:
        endpoint, request = row[columns.endpoint].strip(), row[columns.request].strip()
        if not endpoint:
            raise ValueError(NO_ENDPOINT)
        if len(request) > 128 or len(endpoint) > 200 or not request.isprintable() or not endpoint.isprintable():
            raise ValueError(NO_NAME)
        if columns.currency is not None and row[columns.currency].strip().lower() not in US_DOLLARS:
            raise ValueError(NO_DOLLARS)
        return Billed(
            request_id=request,
            endpoint=endpoint,
            at=self._moment(row[columns.moment]),
            nano_usd=self._amount(row[columns.amount], columns.worth_nano_usd),
            units=self._figure(row, columns.units),
            unit_price_usd=self._figure(row, columns.unit_price),
            discount_percent=self._figure(row, columns.discount),
        )

    def _moment(self, text: str) -> datetime:
        try:
            moment, twice = moment_of(text, self._zone)
        except (NoZone, NoSuchHour):
            raise
        except (ValueError, OverflowError):
            raise ValueError(NO_TIME) from None
        if moment > self._latest:
            raise ValueError(TOO_LATE)
        self.remarks.twice_shown += twice
        return moment

    def _amount(self, text: str, worth_nano_usd: int) -> int:
        try:
            amount, proven = decimal_of(text, self._mark)
        except TwoWays:
            raise
        except ValueError:
            raise ValueError(NO_AMOUNT) from None
        nano_usd = self._within_reason(round(amount * worth_nano_usd))
        self._mark = self._mark or proven
        decimals = -min(int(amount.as_tuple().exponent), 0)
        finest = max(worth_nano_usd // 10 ** min(decimals, 18), 1)
        self.remarks.resolution_nano_usd = min(self.remarks.resolution_nano_usd, finest)
        return nano_usd

    def _within_reason(self, nano_usd: int) -> int:
        if abs(nano_usd) > LARGEST_NANO_USD:
            raise ValueError(TOO_MUCH)
        self._nano_usd, self._net_nano_usd = self._nano_usd + abs(nano_usd), self._net_nano_usd + nano_usd
        if self._nano_usd > MOST_NANO_USD:
            raise BadBill("The lines of this file come to more than a billion dollars.", next="Export it again.")
        return nano_usd

    def _figure(self, row: Sequence[str], column: int | None) -> Decimal | None:
        """Read what stands behind an amount; where it cannot be read, the amount still counts."""
        try:
            return None if column is None else decimal_of(row[column].removesuffix("%"), self._mark)[0]
        except (ValueError, IndexError):
            return None


NO_ENDPOINT, NO_NAME, NO_TIME, NO_AMOUNT = "it names no endpoint", "it names no request", "its time is no time", "its amount is no amount"
NO_DOLLARS, TOO_LATE, TOO_MUCH = "its amount is not in US dollars", "its time is in the future", "its amount is more than a request can cost"
_REASONS = frozenset({NO_ENDPOINT, NO_NAME, NO_TIME, NO_AMOUNT, NO_DOLLARS, TOO_LATE, TOO_MUCH})


def _dollars(nano_usd: int) -> str:
    return f"${Decimal(nano_usd) / NANO_USD:.9f}".rstrip("0").rstrip(".")


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _found(names: Sequence[str]) -> dict[str, str]:
    """Return what the columns say, with the name each was found by."""
    there = {_bare(name): name for name in names}
    return {what: there[name] for what, known in WANTED.items() for name in known[::-1] if name in there}


def _columns(names: Sequence[str]) -> _Columns:
    found = _found(names)
    missing = [what for what in WANTED if what not in found]
    if missing:
        shown = ", ".join(name.strip()[:30] for name in names[:20]) or "none"
        ways = "; ".join(f"{what} as {' or '.join(WANTED[what][:3])}" for what in missing)
        said = f"A column is missing: {', '.join(missing)}. The file has: {_plain(shown)}."
        raise BadBill(said, next=f"Name the columns in the first line: {ways}.")
    bare = [_bare(name) for name in names]
    at = {what: names.index(name) for what, name in found.items()}
    return _Columns(
        request=at["request id"],
        endpoint=at["endpoint"],
        moment=at["time"],
        amount=at["amount"],
        worth_nano_usd=AMOUNTS[bare[at["amount"]]],
        units=_place(bare, UNITS),
        unit_price=_place(bare, UNIT_PRICE),
        discount=_place(bare, DISCOUNT),
        currency=_place(bare, CURRENCY),
    )


def _place(bare: Sequence[str], known: Sequence[str]) -> int | None:
    return next((bare.index(name) for name in known if name in bare), None)


def _bare(name: str) -> str:
    """Bring a heading into one way of writing.

    >>> _bare(" Cost (USD)"), _bare("Endpoint ID")
    ('cost_usd', 'endpoint_id')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)
