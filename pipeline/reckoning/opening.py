"""How a table of a bill begins and ends: a line that names the separator, blank lines, the headings, and a last row of sums."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from pipeline.errors import BadBill

LONGEST_LINE = 1 << 20
MOST_BLANK = 100
_SEPARATOR = re.compile(r'\s*"?sep=(?P<sign>[,;|\t])"?\s*', re.IGNORECASE)
TOTALS = frozenset(
    {"total", "totals", "grand total", "sum", "sum total", "subtotal", "total usd", "summe", "gesamt", "gesamtsumme", "totale", "somme", "suma"}
)


def read_head(file: TextIO, known: Callable[[Sequence[str]], int]) -> tuple[str, list[str], int]:
    """Read up to the headings; return the separator, the headings, and how many lines that took.

    Spreadsheets write `sep=;` first; where nothing says it, the separator is the one that shows most headings that `known` counts. Raises BadBill
    for a file that holds nothing.
    """
    said = None
    for taken in range(1, MOST_BLANK + 1):
        line = file.readline(LONGEST_LINE)
        if not line:
            break
        if found := _SEPARATOR.fullmatch(line.strip("\r\n")):
            said = found["sign"]
        elif line.strip(" \t\r\n,;\ufeff"):
            sign = said or max(",;\t", key=lambda one: (known(next(csv.reader([line], delimiter=one), [])), line.count(one)))
            return sign, next(csv.reader([line], delimiter=sign), []), taken
    raise BadBill("This file is empty.", next="Export it again.")


def is_total(row: Sequence[str], moment: str) -> bool:
    """Tell whether a row is the sum of those above it: some cell says so, and it has no time of its own.

    >>> is_total(["Total", "", "", "0.42"], ""), is_total(["a-1", "total", "2026-10-02", "0.42"], "2026-10-02")
    (True, False)
    """
    said = {cell.strip().rstrip(":").casefold() for cell in row}
    return bool(said & TOTALS) and moment.strip().rstrip(":").casefold() in {"", *TOTALS}


def short_lines(file: TextIO) -> Iterator[str]:
    """Yield the lines of a file; raises BadBill for one of more than a million characters, before it is read to its end."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise BadBill("This file is no CSV: it has a line of more than a million characters.", next="Export it again.")
        yield line
