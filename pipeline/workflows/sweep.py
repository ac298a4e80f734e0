"""Sweeps from Python: axes in, a pandas frame out.

    from pipeline.workflows import sweep

    frame = sweep.run(photos=["data/samples/astronaut.jpg"], style=["pixar", "ghibli"], strength="0.5..0.7 +0.05", seed="1-2", ceiling_usd=3.00)

Axes have the names and the shorthand of a plan file (`python -m pipeline sweep --help`). What is bought shows in Compare as well.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.processes.sweep_quotes import Quoted, ceiling_of, quote, refusal
from pipeline.processes.sweeping import Outcome, Standing, buy, outcome, wait
from pipeline.records import Person
from pipeline.settings import ROOT, load
from pipeline.studio.place import Place
from pipeline.sweeps.orders import SOURCES, read_order

if TYPE_CHECKING:
    import pandas

DOLLAR = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Price:
    """What a sweep would cost: `owned` of its cells are free; `problems` are named in words, and the first is why `run` would refuse it as it is."""

    sweep: str
    cells: int
    owned: int
    usd: float
    seconds: float
    warnings: tuple[str, ...]
    problems: tuple[str, ...]


def price(
    *,
    photos: Iterable[str | Path] | str | Path = (),
    avatars: Iterable[str] | str = (),
    kind: str = "avatar",
    name: str = "",
    skip: Iterable[str] | str = (),
    **axes: Any,
) -> Price:
    """Say what a sweep would cost; nothing is bought, kept or started. Raises what `run` raises for photos and axes that cannot be read."""
    settings = load()
    quoted = _quote(Place(settings), Person(name=settings.person), photos, avatars, kind, name, skip, axes)
    refused = refusal(quoted, ceiling_micro_usd=None, keep_rest=True)
    return Price(
        sweep=quoted.name,
        cells=quoted.priced.cells,
        owned=quoted.owned,
        usd=quoted.priced.micro_usd / DOLLAR,
        seconds=quoted.priced.seconds,
        warnings=tuple(remark.words for remark in quoted.priced.remarks),
        problems=(*((refused.say,) if refused else ()), *(f"{one.text}: {one.why}" for one in quoted.problems)),
    )


def run(
    *,
    ceiling_usd: float,
    photos: Iterable[str | Path] | str | Path = (),
    avatars: Iterable[str] | str = (),
    kind: str = "avatar",
    name: str = "",
    skip: Iterable[str] | str = (),
    keep_rest: bool = False,
    large: bool = False,
    **axes: Any,
) -> "pandas.DataFrame":
    """Buy a sweep at no more than so many dollars, wait for it and return a row a cell.

    Columns: every axis, state, likeness, band, cost_usd, price_usd, seconds, model, served, run, picture (its path), why. The same name, or
    without a name the same call, is the same sweep: what it has is not bought again. `frame.attrs` holds `sweep` (its id), `price_usd` (what
    was shown before) and `cost_usd` (what this call came to). Photos are looked for in the working folder and in the studio's own.

    Raises PhotoUnreadable, PhotoTooSmall, PhotoTooLarge, UnknownName, BadParameter (a bad value, unless `keep_rest`; over a hundred pictures,
    unless `large`), BudgetReached above the ceiling or a cap, NotAllowed, NotNow, WorkerAbsent; nothing is bought then.
    """
    settings, ceiling = load(), ceiling_of(ceiling_usd)
    place, me = Place(settings), Person(name=settings.person)
    quoted = _quote(place, me, photos, avatars, kind, name, skip, axes)
    buy(place, quoted, me, ceiling_micro_usd=ceiling, keep_rest=keep_rest, large=large)
    wait(place, quoted, on_change=_tell)
    return _frame(quoted, outcome(place, quoted))


def _quote(
    place: Place,
    me: Person,
    photos: Iterable[str | Path] | str | Path,
    avatars: Iterable[str] | str,
    kind: str,
    name: str,
    skip: Iterable[str] | str,
    axes: dict[str, Any],
) -> Quoted:
    given = {word: named for word, found in zip(SOURCES.values(), (photos, avatars), strict=True) if (named := _texts(found))}
    order = read_order({**given, "kind": kind, "name": name, "skip": _texts(skip), **axes})
    return quote(place, order, me, folders=(Path.cwd(), ROOT))


def _texts(given: Iterable[str | Path] | str | Path) -> list[str]:
    return [str(given)] if isinstance(given, str | Path) else [str(one) for one in given]


def _tell(standing: Standing) -> None:
    sys.stderr.write(f"\r{standing.words.ljust(60)}" + ("\n" if standing.ended == standing.cells else ""))
    sys.stderr.flush()


def _frame(quoted: Quoted, came_to: Outcome) -> "pandas.DataFrame":
    import pandas

    frame = pandas.DataFrame([dict(row) for row in came_to.rows]).rename(columns={"path": "picture"})
    for money in ("cost", "price"):
        frame[f"{money}_micro_usd"] = frame[f"{money}_micro_usd"] / DOLLAR
    frame = frame.rename(columns={"cost_micro_usd": "cost_usd", "price_micro_usd": "price_usd"})
    frame.attrs |= {"sweep": quoted.sweep_id, "price_usd": quoted.priced.micro_usd / DOLLAR, "cost_usd": came_to.cost_micro_usd / DOLLAR}
    return frame
