"""Where the bars of the chart stand, and a sketch of them that is on the screen before the chart itself can be.

The library that draws charts takes a browser most of a second to begin. The sketch lies where the chart will be, and the chart covers it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pages.parts.markup import Html, tag
from pages.parts.spendask import Asked
from pages.parts.spendlook import Seen
from pipeline.records import now
from pipeline.studio.spending import OTHERS, Point, start_of

# Okabe and Ito's colours, which colour-blind readers tell apart, without the two that vanish on white or on black.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
GREY = "#8a8a8a"
DIM = 0.3
APART_DAYS = {"day": 1, "week": 7, "month": 30}
FILLED = 0.85  # of the room between two bars
AIR = 1.06
HIGH = 1000


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: its point, its place among the names, how strongly it is drawn, and where it begins and ends in micro-dollars."""

    point: Point
    at: int
    opacity: float
    low: int
    high: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every bar of a chart, name by name, and its ends: the first and the last day a bar stands at, and micro-dollars."""

    bars: tuple[Bar, ...]
    first: str
    last: str
    low: float
    high: float


def colour(at: int) -> str:
    """Return the colour of the name at this place; the dearest comes first."""
    return COLOURS[at] if at < len(COLOURS) else GREY


def plan(seen: Seen) -> Plan:
    """Say where each bar stands: on what is dearer, what was given back below the line."""
    asked = seen.asked
    bars = tuple(_bars(seen))
    first, last = asked.period.since or seen.first or now()[:10], asked.period.until or now()[:10]
    return Plan(
        bars=bars,
        first=start_of(first, asked.grain),
        last=start_of(last, asked.grain),
        low=min((bar.low for bar in bars), default=0) * AIR,
        high=max((bar.high for bar in bars), default=0) * AIR or 1_000_000.0,
    )


def _bars(seen: Seen) -> Iterator[Bar]:
    ups, downs = dict[str, int](), dict[str, int]()
    for at, name in enumerate((*seen.named, OTHERS)):
        for point in sorted((one for one in seen.points if one.name == name), key=lambda one: one.day):
            side = ups if point.micro_usd >= 0 else downs
            begins = side.get(point.day, 0)
            side[point.day] = ends = begins + point.micro_usd
            place = len(COLOURS) if name == OTHERS else at
            yield Bar(point=point, at=place, opacity=_opacity(seen.asked, point), low=min(begins, ends), high=max(begins, ends))


def _opacity(asked: Asked, point: Point) -> float:
    """Return how strongly a bar is drawn: what was not chosen steps back."""
    other_name = asked.by in asked.only and asked.only[asked.by] != (point.name or "")
    return DIM if other_name or (asked.on is not None and asked.on != point.day) else 1.0


def draw(seen: Seen) -> Html:
    """Draw the sketch; those who do not see it hear the table."""
    planned, apart = plan(seen), APART_DAYS[seen.asked.grain]
    days = (date.fromisoformat(planned.last) - date.fromisoformat(planned.first)).days + apart
    paths: dict[tuple[int, float], list[str]] = {}
    for bar in planned.bars:
        begins = (date.fromisoformat(bar.point.day) - date.fromisoformat(planned.first)).days + apart * (1 - FILLED) / 2
        paths.setdefault((bar.at, bar.opacity), []).append(_path(bar, begins, apart * FILLED, planned))
    shapes = [tag("path", d="".join(parts), fill=colour(at), opacity=opacity) for (at, opacity), parts in paths.items()]
    return tag("svg", *shapes, viewBox=f"0 0 {days} {HIGH}", preserveAspectRatio="none", class_="sketch", aria_hidden="true")


def _path(bar: Bar, begins: float, wide: float, planned: Plan) -> str:
    scale = HIGH / (planned.high - planned.low)
    top, bottom = (planned.high - bar.high) * scale, (planned.high - bar.low) * scale
    return f"M{begins:.2f} {top:.1f}h{wide:.2f}V{bottom:.1f}h-{wide:.2f}z"
