"""Costs to take away: the whole ledger or any slice of the costs as CSV or Parquet, a part at a time, so that a million lines need little memory."""

import contextlib
import csv
import errno
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol

from pipeline.database import Connection
from pipeline.errors import BadOutputFolder, BadParameter, DiskFull
from pipeline.records import dollars, now
from pipeline.spreadsheets import quote_formula
from pipeline.studio.costs import SINGLE, Slice, added, check, condition, model_names
from pipeline.studio.export_columns import ABOUT, ADDING_UP, CLOCK, SUM_NAMES, VIEWS, Column, Kind, Table, columns_of, described
from pipeline.studio.export_views import view
from pipeline.studio.place import Place
from pipeline.wording import counted

AT_ONCE = 20_000
SPENT = frozenset({"charge", "adjust"})
BY_DAY = ("for_day", "provider", "endpoint", "feature", "person", "team", "kind", "style")
Rows = Iterator[list[tuple[Any, ...]]]


class Format(StrEnum):
    """How a file is written."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to export; `by` says what COSTS are added up by and is left empty for the other tables."""

    table: Table
    format: Format = Format.CSV
    looked_at: Slice = field(default_factory=Slice)
    by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written: how many rows, and what they say was spent, in micro-dollars; None for a table that does not add that up."""

    rows: int
    charged_micro_usd: int | None

    @property
    def words(self) -> str:
        """The same in words."""
        rows = counted(self.rows, "row")
        return rows if self.charged_micro_usd is None else f"{rows}, {dollars(self.charged_micro_usd)} spent"


def export_to(place: Place, wish: Wish, path: Path, *, replace: bool = False) -> tuple[Exported, Path]:
    """Write a file, whole or not at all, and beside it one that explains its columns; return what is in it and the path of the explanation.

    Raises BadParameter for a slice that cannot be, BadOutputFolder when there is a file by that name already or none can be written, DiskFull.
    """
    beside = path.with_name(f"{path.name}.columns.md")
    if (path.exists() or beside.exists()) and not replace:
        raise BadOutputFolder("There is a file by that name already, or an explanation of one.", next="Choose another name, or add --replace.")
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        exported = write(place, wish, draft)
        draft.replace(path)
        beside.write_text(described(wish.table, wish.by), encoding="utf-8")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(next="Free some space, then export again.") from error
        raise BadOutputFolder("The file cannot be written there.") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return exported, beside


def write(place: Place, wish: Wish, path: Path) -> Exported:
    """Write the rows to a path, all as of one moment; raises BadParameter, OSError."""
    if wish.by and wish.table is not Table.COSTS:
        raise BadParameter(
            f"The {wish.table.value} is not added up by anything.", next="Export `costs` to add up.", screen="Export the costs to add up."
        )
    check(wish.by, wish.looked_at)
    columns = columns_of(wish.table, wish.by)
    with place.database.reading() as db, path.open("wb") as file:
        db.execute("BEGIN")
        writer: _Writer = _Parquet(file, wish, columns, place.settings.mode) if wish.format is Format.PARQUET else _Csv(file, columns)
        sums = _Sums(wish.table, columns)
        for rows in _rows(place, db, wish, columns):
            sums.add(rows)
            writer.add(rows)
        writer.end()
        file.flush()
        os.fsync(file.fileno())
    return Exported(rows=sums.rows, charged_micro_usd=sums.charged_micro_usd if wish.table in ADDING_UP else None)


def _rows(place: Place, db: Connection, wish: Wish, columns: Sequence[Column]) -> Rows:
    if wish.table is Table.COSTS:
        yield _grouped(place, wish, columns)
        return
    if wish.table in VIEWS:
        yield view(place, wish.table, wish.looked_at)
        return
    names = model_names(place)
    db.create_function("model_of", 1, lambda endpoint: names.get(endpoint, endpoint), deterministic=True)
    where, values = condition(place, wish.looked_at)
    found = db.cursor()
    found.row_factory = None
    found.execute(f"SELECT {', '.join(column.source for column in columns)} FROM {_source(wish, where)}", values)  # noqa: S608
    while rows := found.fetchmany(AT_ONCE):
        yield rows


def _source(wish: Wish, where: str) -> str:
    if wish.table is Table.REQUESTS:
        return f"costs WHERE {where} ORDER BY for_day, id"
    if wish.table is Table.LEDGER:
        narrowed = f"WHERE iif(kind = 'adjust', 'entry-' || id, call_id) IN (SELECT id FROM costs WHERE {where})"  # noqa: S608
        return f"entries {narrowed if wish.looked_at != Slice() else ''} ORDER BY id"
    if not SINGLE & wish.looked_at.only.keys():
        return f"daily_costs WHERE {where} ORDER BY for_day, endpoint"
    days = ", ".join(BY_DAY)
    sums = ", ".join(f"sum({name}) AS {name}" for name in (*SUM_NAMES, "micro_units"))
    return f"(SELECT {days}, {sums} FROM costs_counted WHERE {where} GROUP BY {days}) ORDER BY for_day, endpoint"  # noqa: S608


def _grouped(place: Place, wish: Wish, columns: Sequence[Column]) -> list[tuple[Any, ...]]:
    rows = added(place, wish.looked_at, wish.by, SUM_NAMES)
    rows.sort(key=lambda row: (-row["charged_micro_usd"], [str(row[name]) for name in wish.by]))
    return [tuple(_value(row, column.name) for column in columns) for row in rows]


def _value(row: dict[str, Any], name: str) -> Any:
    if name in row:
        return row[name]
    return f"{Decimal(row[name.removesuffix('usd') + 'micro_usd']).scaleb(-6):.6f}"


class _Sums:
    """Counts rows and adds up what they say was spent."""

    def __init__(self, table: Table, columns: Sequence[Column]) -> None:
        names = [column.name for column in columns]
        self.rows = self.charged_micro_usd = 0
        self._kind = names.index("kind") if table is Table.LEDGER else None
        self._money = names.index("micro_usd" if table is Table.LEDGER else "charged_micro_usd") if table in ADDING_UP else None

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        self.rows += len(rows)
        if self._money is None:
            return
        self.charged_micro_usd += sum(row[self._money] for row in rows if self._kind is None or row[self._kind] in SPENT)


class _Writer(Protocol):
    def add(self, rows: list[tuple[Any, ...]]) -> None: ...

    def end(self) -> None: ...


class _Csv:
    """Comma-separated lines in UTF-8 with the mark that has a spreadsheet read them as such."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=False)
        self._lines = csv.writer(self._text, lineterminator="\n")
        self._lines.writerow([column.name for column in columns])
        # A number is never a formula, and decimal numbers written as text begin with a digit or the minus of a number.
        self._written = [column.kind is Kind.TEXT and not column.is_decimal for column in columns]

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        self._lines.writerows([quote_formula(value) if text else value for value, text in zip(row, self._written, strict=True)] for row in rows)

    def end(self) -> None:
        self._text.flush()
        self._text.detach()


class _Parquet:
    """Row groups of columns with their types; the file itself says what each column means."""

    def __init__(self, file: IO[bytes], wish: Wish, columns: Sequence[Column], mode: str) -> None:
        import pyarrow  # type: ignore[import-untyped]
        from pyarrow import parquet

        self._arrow = pyarrow
        types = {Kind.TEXT: pyarrow.string(), Kind.WHOLE: pyarrow.int64(), Kind.NUMBER: pyarrow.float64(), Kind.TRUTH: pyarrow.int8()}
        fields = [pyarrow.field(one.name, types[one.kind], metadata={"unit": one.unit, "meaning": one.meaning}) for one in columns]
        about = {"about": ABOUT[wish.table], "clock": CLOCK, "columns": described(wish.table, wish.by), "mode": mode, "made_at": now()}
        self._schema = pyarrow.schema(fields, metadata=about)
        self._file = parquet.ParquetWriter(file, self._schema, compression="zstd")

    def add(self, rows: list[tuple[Any, ...]]) -> None:
        if not rows:
            return
        columns = [self._arrow.array(values, field.type) for values, field in zip(zip(*rows, strict=True), self._schema, strict=True)]
        self._file.write_batch(self._arrow.record_batch(columns, schema=self._schema))

    def end(self) -> None:
        self._file.close()
