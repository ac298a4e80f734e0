"""Every figure of a slice by day and name, read once: what a chart, a table and the figures above them are all made of, so that they agree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.studio.costs import SINGLE, Period, Slice, added
from pipeline.studio.place import Place
from pipeline.studio.spending import OTHERS, SUMS, Figures, Part, Point, start_of

CHARGED = SUMS.index("charged_micro_usd")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The sums (in the order of `SUMS`) of one name of a dimension on one day (UTC); None where requests have no name."""

    day: str
    name: str | None
    sums: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a period came to in micro-dollars, told twice at one moment: by the sums that screens are made of, and by the ledger's own lines,
    which are charges and adjusting entries.
    """

    lines: int
    lines_micro_usd: int
    sums_micro_usd: int

    @property
    def holds(self) -> bool:
        """Whether both say the same."""
        return self.lines_micro_usd == self.sums_micro_usd


def spread(place: Place, looked_at: Slice, by: str) -> tuple[Cell, ...]:
    """Return the figures of a slice by day and name; of customers and sweeps, which are many, all days at once. Raises BadParameter."""
    dimensions = (by,) if by in SINGLE else ("day", by)
    rows = added(place, looked_at, dimensions, SUMS)
    cells = (Cell(day=row.get("day", ""), name=row[by] or None, sums=tuple(row[name] for name in SUMS)) for row in rows)
    return tuple(cell for cell in cells if any(cell.sums))


def together(cells: Iterable[Cell]) -> Figures:
    """Add cells up."""
    return _sum([cell.sums for cell in cells])


def of_days(cells: Iterable[Cell], period: Period) -> tuple[Cell, ...]:
    """Return the cells of these days; those of all days at once are always among them."""
    since, until = period.since or "", period.until or "9999"
    return tuple(cell for cell in cells if not cell.day or since <= cell.day <= until)


def of_names(cells: Iterable[Cell]) -> tuple[Part, ...]:
    """Return the figures of each name over all days of the cells, the dearest first."""
    found: dict[str | None, list[tuple[int, ...]]] = {}
    for cell in cells:
        found.setdefault(cell.name, []).append(cell.sums)
    parts = [Part(name=name, figures=_sum(sums)) for name, sums in found.items()]
    return tuple(sorted(parts, key=lambda part: (-part.figures.charged_micro_usd, part.name is None, str(part.name))))


def points(cells: Iterable[Cell], named: Sequence[str | None], grain: str) -> tuple[Point, ...]:
    """Return what was spent over time by each of these names, and by all others as one; times without spending are left out.

    `grain` is day, week or month.
    """
    sums: dict[tuple[str, str | None], int] = {}
    for cell in cells:
        at = (start_of(cell.day, grain), cell.name if cell.name in named else OTHERS)
        sums[at] = sums.get(at, 0) + cell.sums[CHARGED]
    return tuple(Point(day=day, name=name, micro_usd=money) for (day, name), money in sums.items() if money)


def first_day(place: Place) -> str | None:
    """Return the first day (UTC) that anything was asked for; None in a studio where nothing ever was."""
    with place.database.reading() as db:
        found: str | None = db.execute("SELECT min(for_day) AS day FROM daily_costs").fetchone()["day"]
        return found


def proof(place: Place, period: Period) -> Proof:
    """Add a period up twice in one read: the sums by day, and the ledger's lines one by one."""
    lines = """SELECT count(*) AS lines, coalesce(sum(micro_usd), 0) AS lines_micro_usd FROM entries
        WHERE kind IN ('charge', 'adjust') AND for_day BETWEEN ? AND ?"""
    sums = "SELECT coalesce(sum(charged_micro_usd), 0) AS sums_micro_usd FROM daily_costs WHERE for_day BETWEEN ? AND ?"
    ends = (period.since or "", period.until or "9999")
    with place.database.reading() as db:
        db.execute("BEGIN")
        return Proof(**dict(db.execute(lines, ends).fetchone()), **dict(db.execute(sums, ends).fetchone()))


def customers(place: Place, case_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of these customers by the id of their case; those that are gone are left out."""
    wanted = tuple(case_ids)
    with place.database.reading() as db:
        rows = db.execute(f"SELECT id, name FROM cases WHERE id IN ({', '.join('?' * len(wanted))})", wanted).fetchall()  # noqa: S608
        return {row["id"]: row["name"] for row in rows}


def _sum(sums: Sequence[tuple[int, ...]]) -> Figures:
    return Figures(**dict(zip(SUMS, map(sum, zip(*sums, strict=True)), strict=True))) if sums else Figures()
