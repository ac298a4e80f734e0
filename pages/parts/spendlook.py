"""What Spending shows: one reading by day and name, from which the chart, the table and the figures above them are added up."""

from collections.abc import Mapping
from dataclasses import dataclass

from pages.parts.spendask import Asked, before
from pages.parts.steady import steady
from pipeline.studio import spending, spread
from pipeline.studio.costs import SINGLE, Period, Slice
from pipeline.studio.place import Place
from pipeline.studio.spending import OTHERS, Figures, Part, Point, Portraits
from pipeline.studio.spread import Cell, Proof

NAMED = 6


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One view: the figures looked at, the parts they fall into (whichever of them is chosen) and the chart's points.

    What is compared are `over`, of the days that are over, and `earlier`, of as many days before, each with its parts. `named` are the names that
    have a colour of their own, `first` the first day there ever was; `portraits` tells customers' portraits and experiments apart; `booked` says
    that no request stands behind what has no name.
    """

    asked: Asked
    now: Figures
    over: Figures
    earlier: Figures | None
    parts: tuple[Part, ...]
    over_parts: Mapping[str | None, Figures]
    earlier_parts: Mapping[str | None, Figures]
    named: tuple[str | None, ...]
    points: tuple[Point, ...]
    proof: Proof
    first: str | None
    portraits: Portraits
    booked: bool = False


def look(asked: Asked) -> Seen:
    """Return what an address asks for."""
    cells, shown = _cells(asked, asked.period), _shown(asked)
    compared = before(asked)
    earlier, over = (_earlier(asked, compared), _over(asked, shown)) if compared else (None, ())
    everything = spread.of_names(cells)
    named = tuple(part.name for part in everything[: NAMED + 1 if len(everything) == NAMED + 1 else NAMED])
    return Seen(
        asked=asked,
        now=spread.together(_chosen(asked, shown)),
        over=spread.together(_chosen(asked, over)),
        earlier=None if earlier is None else spread.together(_chosen(asked, earlier)),
        parts=spread.of_names(shown),
        over_parts={part.name: part.figures for part in spread.of_names(over)},
        earlier_parts={part.name: part.figures for part in spread.of_names(earlier or ())},
        named=named,
        points=_points(asked, cells, named),
        proof=steady(("proof", asked.period), lambda there: spread.proof(there, asked.period)),
        first=steady("first day", spread.first_day),
        portraits=steady(("portraits", asked.key), lambda there: spending.portraits(there, asked.slice)),
        booked=any(_is_booked(part) for part in everything),
    )


def _cells(asked: Asked, period: Period) -> tuple[Cell, ...]:
    others = tuple(sorted(asked.others.items()))
    return steady((period, others, asked.by), lambda there: spread.spread(there, Slice(period=period, only=asked.others), asked.by))


def _shown(asked: Asked) -> tuple[Cell, ...]:
    """Return the cells of the days that were chosen; customers and sweeps have no days, so that those are read for themselves."""
    return _cells(asked, asked.days) if asked.by in SINGLE else spread.of_days(_cells(asked, asked.period), asked.days)


def _is_booked(part: Part) -> bool:
    one = part.figures
    return part.name is None and one.charged_micro_usd != 0 and not one.requests and not one.reused


def _over(asked: Asked, shown: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Return the cells of the days that count and are over."""
    if asked.over is None or not asked.has_today:
        return shown
    return _cells(asked, asked.over) if asked.by in SINGLE else spread.of_days(shown, asked.over)


def _earlier(asked: Asked, compared: Period) -> tuple[Cell, ...]:
    if asked.on is None or asked.by in SINGLE or asked.compared is None:
        return _cells(asked, compared)
    known = (*_cells(asked, asked.compared), *_cells(asked, asked.period))
    return spread.of_days(known, compared)


def _chosen(asked: Asked, cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    if asked.by not in asked.only:
        return cells
    return tuple(cell for cell in cells if cell.name == (asked.only[asked.by] or None))


def _points(asked: Asked, cells: tuple[Cell, ...], named: tuple[str | None, ...]) -> tuple[Point, ...]:
    if asked.by not in SINGLE:
        return spread.points(cells, named, asked.grain)
    name = ("points", asked.period, tuple(sorted(asked.others.items())), asked.by, named, asked.grain)
    return steady(name, lambda there: _many(there, asked, named))


def _many(there: Place, asked: Asked, named: tuple[str | None, ...]) -> tuple[Point, ...]:
    """Return the points of the dearest of many names, each read for itself; the rest is what all came to without them."""
    whole = spread.spread(there, Slice(period=asked.period, only=asked.others), "kind")
    found = list[Point]()
    for name in named:
        own = spread.spread(there, Slice(period=asked.period, only={**asked.others, asked.by: name or ""}), "kind")
        found += [Point(day=point.day, name=name, micro_usd=point.micro_usd) for point in spread.points(own, (), asked.grain)]
    rest = {point.day: point.micro_usd for point in spread.points(whole, (), asked.grain)}
    for point in found:
        rest[point.day] = rest.get(point.day, 0) - point.micro_usd
    return (*found, *(Point(day=day, name=OTHERS, micro_usd=money) for day, money in rest.items() if money))
