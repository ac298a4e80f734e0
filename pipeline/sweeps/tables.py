"""The cells of a sweep as a table to take away (CSV), safe to open in a spreadsheet, and such a table read back as a plan."""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, pairwise, product
from math import prod
from typing import Any

from pipeline.records import RunKind
from pipeline.spreadsheets import quote_formula, unquote_formula
from pipeline.sweeps.cells import MOST_CELLS
from pipeline.sweeps.plans import KINDS, ONLY, TITLES, Axis, Draft, Plan, Problem
from pipeline.sweeps.shorthand import ValueKind, parse
from pipeline.wording import counted

MOST_SKIPS = 200
MOST_PROBLEMS = 50
WIDEST_SKIP = 3
SHOWN_LETTERS = 80
COMMA_DECIMAL = re.compile(r"[+-]?\d+,\d+")
DELIMITERS = (",", ";", "\t")

Row = dict[Axis, str]


def write_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows that have the same names as CSV (RFC 4180): numbers with all their digits, and no text that a spreadsheet would calculate."""
    out = io.StringIO()
    writer = csv.writer(out)
    if rows:
        writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def plan_from_csv(text: str, kind: RunKind) -> Draft:
    """Read a table back as a plan: every column named as an axis, with its values in the order in which the table has them.

    Combinations that the table has not are left out of the plan. Nothing is raised: what cannot be read is named and the rest is kept, and
    where more than 200 combinations would have to be left out one by one the plan has them all, which is named too.
    """
    problems: list[Problem] = []
    rows = _rows(text, kind, problems)
    names = [axis for axis in Axis if any(axis in row for row in rows)]
    whole = [row for row in rows if _complete(row, names, problems)]
    plan = Plan(kind=kind, axes={axis: _values(whole, names[: number + 1]) for number, axis in enumerate(names)} if whole else {})
    skips = _skips(plan, {tuple(row[axis] for axis in names) for row in whole}, problems) if whole else ()
    if not whole and not problems:
        problems.append(Problem(axis=None, text="", why="The table has no row with values."))
    return Draft(plan=Plan(kind=kind, axes=plan.axes, skips=skips), problems=tuple(problems[:MOST_PROBLEMS]))


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if not isinstance(value, str):
        return "" if value is None else str(value)
    return str(quote_formula(value))


def _text(cell: str) -> str:
    return unquote_formula(cell).strip()


def _rows(text: str, kind: RunKind, problems: list[Problem]) -> list[Row]:
    """Read the values on the axes row by row, as written here or saved again by a spreadsheet; a row with a value that is none is left out."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        head, *lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, line))] or [[]]
    except csv.Error:
        problems.append(Problem(axis=None, text=first[:SHOWN_LETTERS], why="This is not a table of values between commas."))
        return []
    if len(lines) > MOST_CELLS:
        problems.append(Problem(axis=None, text="", why=f"The table has {counted(len(lines), 'row')}; a sweep has at most {MOST_CELLS:,} cells."))
        return []
    columns = _columns(head, kind, problems)
    rows = ({axis: _text(line[at]) for at, axis in columns.items() if at < len(line) and _text(line[at])} for line in lines)
    return [read for row in rows if row and (read := _read(row, delimiter != ",", problems))]


def _columns(head: Sequence[str], kind: RunKind, problems: list[Problem]) -> dict[int, Axis]:
    found: dict[int, Axis] = {}
    for at, name in enumerate(_text(cell).lower() for cell in head):
        axis = Axis(name) if name in set(Axis) else None
        if axis is not None and axis not in ONLY[kind]:
            problems.append(Problem(axis=axis, text=name, why=f"A sweep of {kind.value}s has no {TITLES[axis].lower()}."))
        elif axis is not None and axis in found.values():
            problems.append(Problem(axis=axis, text=name, why=f"{TITLES[axis]} stands twice; the first column counts."))
        elif axis is not None:
            found[at] = axis
    if not found:
        known = ", ".join(axis.value for axis in Axis if axis in ONLY[kind])
        problems.append(Problem(axis=None, text=", ".join(head)[:SHOWN_LETTERS], why=f"No column is named as an axis; there are: {known}."))
    return found


def _read(row: Row, comma_decimals: bool, problems: list[Problem]) -> Row | None:
    read: Row = {}
    for axis, text in row.items():
        if KINDS[axis] in (ValueKind.NAME, ValueKind.WORDS):
            read[axis] = text
            continue
        parsed = parse(text.replace(",", ".") if comma_decimals and COMMA_DECIMAL.fullmatch(text) else text, KINDS[axis])
        if len(parsed.values) != 1 or parsed.bad:
            why = parsed.bad[0].why if parsed.bad else "A cell of the table holds one value."
            _name(problems, Problem(axis=axis, text=text[:SHOWN_LETTERS], why=why))
            return None
        read[axis] = parsed.values[0]
    return read


def _complete(row: Row, names: Sequence[Axis], problems: list[Problem]) -> bool:
    missing = next((axis for axis in names if axis not in row), None)
    if missing is not None:
        _name(problems, Problem(axis=missing, text="", why=f"Rows without {TITLES[missing].lower()} are left out, as others have one."))
    return missing is None


def _name(problems: list[Problem], problem: Problem) -> None:
    if problem not in problems:
        problems.append(problem)


def _values(rows: Sequence[Row], names: Sequence[Axis]) -> tuple[str, ...]:
    """Return the values of the last of these axes in the order of the table.

    Where combinations are left out, a value may appear late and yet stand early; rows that are alike on the axes before show it.
    """
    axis = names[-1]
    appearing = dict.fromkeys(row[axis] for row in rows)
    alike: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    for row in rows:
        alike[tuple(row[name] for name in names[:-1])][row[axis]] = None
    order = TopologicalSorter(dict.fromkeys(appearing, ()))
    for values in alike.values():
        for before, after in pairwise(values):
            order.add(after, before)
    try:
        return tuple(order.static_order())
    except CycleError:  # somebody sorted the table by something else
        return tuple(appearing)


def _skips(plan: Plan, present: set[tuple[str, ...]], problems: list[Problem]) -> tuple[Mapping[Axis, str], ...]:
    """Return what leaves exactly these combinations: each skip as wide as it can be."""
    size = prod(map(len, plan.axes.values()))
    skips = list(_widest(plan, present, size)) if size <= MOST_CELLS else []
    if size > MOST_CELLS or len(skips) > MOST_SKIPS:
        why = f"The table has {len(present):,} of {size:,} combinations; more than {MOST_SKIPS} would have to be left out one by one."
        problems.append(Problem(axis=None, text="", why=f"{why} The plan has them all."))
        return ()
    return tuple(skips)


def _widest(plan: Plan, present: set[tuple[str, ...]], size: int) -> Iterator[Mapping[Axis, str]]:
    names = list(plan.axes)
    left = [combination for combination in product(*plan.axes.values()) if combination not in present]
    several = [at for at, name in enumerate(names) if len(plan.axes[name]) > 1]
    missing = list(left)
    for wide in [*range(1, min(WIDEST_SKIP, len(several)) + 1), len(several)]:
        for among in combinations(several, wide):
            counted = Counter(tuple(one[at] for at in among) for one in missing)
            whole = size // prod(len(plan.axes[names[at]]) for at in among)
            covered = {values for values, times in counted.items() if times == whole}
            used = dict.fromkeys(values for one in left if (values := tuple(one[at] for at in among)) in covered)
            left = [one for one in left if tuple(one[at] for at in among) not in covered]
            yield from ({names[at]: value for at, value in zip(among, values, strict=True)} for values in used)
