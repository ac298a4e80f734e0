"""What a sweep would cost, cell by cell, before anybody pays: what is owned is free, and what is asked for twice is bought once."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.buying.planning import owned_prints, price_of
from pipeline.catalog import Quote
from pipeline.database import Connection
from pipeline.records import Person
from pipeline.studio import room, strip, testphotos
from pipeline.studio.place import Place
from pipeline.studio.room import Room
from pipeline.studio.strip import today
from pipeline.studio.sweep_durations import expect
from pipeline.studio.testphotos import Source
from pipeline.sweeps.cells import Cell, Layout, lay_out
from pipeline.sweeps.plans import Axis, Plan, Problem
from pipeline.sweeps.remarks import Remark, remarks, to_pay

FEATURE = "sweep"
MOST_LAYOUTS = 8
NOBODY = Person(name="")
_layouts: dict[tuple[str, tuple[str, ...]], Layout] = {}
_lock = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Line:
    """So many pictures of one model at one price each: the quote says unit, quantity and size of one."""

    model: str
    count: int
    quote: Quote

    @property
    def micro_usd(self) -> int:
        """What they cost together."""
        return self.count * self.quote.micro_usd


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A plan with what it would cost now, in micro-dollars.

    `cells` are laid out, `asked` of them were asked for before, `owned` are free, `to_buy` are to be paid (each request once).
    `left_today_micro_usd` is what the studio may still spend today; `room` is what budgets say to it; `seconds` is the expected time and
    `seconds_from` says in words what that is known from.
    """

    plan: Plan
    layout: Layout
    sources: Mapping[str, Source]
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...]
    lines: tuple[Line, ...]
    cells: int
    asked: int
    owned: int
    to_buy: int
    micro_usd: int
    left_today_micro_usd: int
    room: Room
    seconds: float
    seconds_from: str

    @property
    def why_not(self) -> str | None:
        """Which budget forbids it and what to do about that; None when there is room."""
        return self.room.words


def price(place: Place, plan: Plan, by: Person | None = None, *, sweep_id: str = "") -> Priced:
    """Lay a plan out and price it without writing anything; of a sweep that was bought before, only what is new costs anything."""
    with place.database.reading() as db:
        return price_within(place, db, plan, by, sweep_id=sweep_id)


def price_within(place: Place, db: Connection, plan: Plan, by: Person | None, *, sweep_id: str) -> Priced:
    """Price within a read or a transaction that has begun."""
    sources = testphotos.find(db, plan.kind, plan.axes.get(Axis.PHOTO, ()))
    layout = _laid_out(place, plan, sources)
    asked = asked_for(db, sweep_id)
    fresh = [cell for cell in layout.cells if f"{sweep_id}-{cell.key}" not in asked]
    owned = owned_prints(db, {cell.print_ for cell in fresh})
    pay = to_pay(fresh, owned)
    total = sum(pay.values())
    money = strip.money_today(place, db)
    expected = expect(place, db, [cell.wanted.model for cell in {cell.print_: cell for cell in fresh}.values() if cell.print_ in pay])
    return Priced(
        plan=plan,
        layout=layout,
        sources=sources,
        problems=layout.problems,
        remarks=remarks(layout, owned | {cell.print_ for cell in layout.cells} - {cell.print_ for cell in fresh}) if fresh else (),
        lines=_lines(fresh, pay),
        cells=len(layout.cells),
        asked=len(layout.cells) - len(fresh),
        owned=len(fresh) - len(pay),
        to_buy=len(pay),
        micro_usd=total,
        left_today_micro_usd=max(money.cap_micro_usd - money.spent_micro_usd - money.held_micro_usd, 0),
        room=room.look(place, db, total, by or NOBODY, feature=FEATURE, sweep=sweep_id or None, requests=len(pay)),
        seconds=expected.seconds,
        seconds_from=expected.words,
    )


def _laid_out(place: Place, plan: Plan, sources: Mapping[str, Source]) -> Layout:
    """Lay a plan out once, however often it is looked at: the same plan on the same pictures has the same cells all day."""
    key = (json.dumps(plan.as_json()), (today(), *sorted(sources)))  # prices have days from which they hold
    with _lock:
        found = _layouts.get(key)
    if found is None:
        found = lay_out(plan, place.catalogue, place.styles, {name: source.asset for name, source in sources.items()})
        with _lock:
            _layouts[key] = found
            while len(_layouts) > MOST_LAYOUTS:
                _layouts.pop(next(iter(_layouts)))
    return found


def asked_for(db: Connection, sweep_id: str) -> frozenset[str]:
    """Return the runs of a sweep."""
    return frozenset(row["id"] for row in db.execute("SELECT id FROM runs WHERE sweep = ?", (sweep_id,))) if sweep_id else frozenset()


def _lines(cells: Iterable[Cell], pay: Mapping[str, int]) -> tuple[Line, ...]:
    seen: set[str] = set()
    counted: dict[tuple[str, int], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.print_ in pay and cell.print_ not in seen:
            seen.add(cell.print_)
            counted[cell.wanted.model.title, cell.micro_usd].append(cell)
    return tuple(Line(model=title, count=len(found), quote=price_of(found[0].wanted)) for (title, _), found in counted.items())
