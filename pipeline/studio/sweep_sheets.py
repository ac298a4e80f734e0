"""Any view of a sweep as a labelled contact sheet."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from pipeline import assets
from pipeline.errors import BadParameter, NotStored
from pipeline.records import dollars, now
from pipeline.studio import sweep_view
from pipeline.studio.place import Place
from pipeline.studio.sweep_view import Made, SeenCell, SweepView
from pipeline.studio.sweep_words import place_words
from pipeline.sweeps.plans import KINDS, TITLES, Axis, Plan
from pipeline.sweeps.sheet import CELL_PX, GAP_PX, MOST_PIXELS, Sheet, SheetCell, contact_sheet
from pipeline.sweeps.shorthand import ValueKind
from pipeline.wording import counted

MOST_CELLS = MOST_PIXELS // (CELL_PX + GAP_PX) ** 2
USUAL = {Axis.PHOTO: "rows", Axis.STYLE: "rows", Axis.PROMPT: "rows", Axis.SWAP: "rows", Axis.SEED: "cell", Axis.TAKE: "cell"}
WHERE = ("pages", "rows", "columns", "cell")
Axes = tuple[Axis, ...]
Values = Mapping[Axis, str]


@dataclass(frozen=True, kw_only=True)
class View:
    """Where each axis with several values lies, those on pages before the other rows; `fixed` holds the value of every other axis."""

    rows: Axes
    columns: Axes
    fixed: Values


def sheet_of(place: Place, sweep_id: str, *, rows: Axes = (), columns: Axes = (), cell: Axes = (), page: Mapping[Axis, str] | None = None) -> bytes:
    """Draw a view of a sweep as a PNG that holds the plan as its text "plan".

    Axes that are named nowhere lie where the grid has them at first: photo and style down, strength across, seeds in the cell; pictures of one
    cell stand side by side as columns of their own. Of the axes on pages one value each is shown, as `page` says, else all of them as more rows.
    Axes with one value are named below. Raises UnknownName, and BadParameter for a value that the plan has not or a sheet that would be too large.
    """
    seen = sweep_view.look(place, sweep_id)
    view = view_of(seen.sweep.plan, rows, columns, cell, page or {})
    return contact_sheet(labelled(place, seen, view), note=_note(seen, view))


def labelled(place: Place, seen: SweepView, view: View) -> Sheet:
    """Return a view with its labels, pictures and words; raises BadParameter when it has more cells than a sheet has room for."""
    down, across = (list(_combinations(seen.sweep.plan, axes)) for axes in (view.rows, view.columns))
    if len(down) * len(across) > MOST_CELLS:
        say = f"This view has {counted(len(down) * len(across), 'cell')}; a contact sheet has room for {MOST_CELLS:,}."
        raise BadParameter(say, next="Choose one page, or leave some values out of the plan.")
    known = {tuple(one.cell.values.values()): one for one in seen.cells}
    return Sheet(
        title=seen.sweep.name,
        column_labels=tuple(place_words(place, seen, column, whole=True) for column in across),
        row_labels=tuple(place_words(place, seen, row, whole=True) for row in down),
        cells=tuple(tuple(_cell(place, seen, known, {**view.fixed, **row, **column}) for column in across) for row in down),
        footer=" · ".join(filter(None, (place_words(place, seen, view.fixed, whole=True), now()[:10]))),
    )


def view_of(plan: Plan, rows: Axes = (), columns: Axes = (), cell: Axes = (), page: Values = MappingProxyType({})) -> View:
    """Say where each axis of a plan lies, as `sheet_of` describes; raises BadParameter for a page that the plan has not."""
    for axis, value in page.items():
        if value not in plan.axes.get(axis, ()):
            raise BadParameter(f"{TITLES[axis]} has no value {value[:60]!r} in this plan.", next="Open the view again.")
    free = [axis for axis, values in plan.axes.items() if len(values) > 1 and axis not in page]
    placed: dict[Axis, str] = {}
    for where, axes in (("rows", rows), ("columns", columns), ("cell", cell)):
        placed |= {axis: where for axis in axes if axis in free and axis not in placed}
    usual = _usual(plan, free)
    placed |= {axis: usual.get(axis, "pages") for axis in free if axis not in placed}
    given = [*rows, *columns, *cell, *free]
    lying = {where: tuple(sorted((axis for axis in free if placed[axis] == where), key=given.index)) for where in WHERE}
    fixed = {axis: page.get(axis, values[0]) for axis, values in plan.axes.items() if axis not in free}
    return View(rows=lying["pages"] + lying["rows"], columns=lying["columns"] + lying["cell"], fixed=fixed)


def _usual(plan: Plan, free: Sequence[Axis]) -> dict[Axis, str]:
    """Place axes as the grid does at first; what it turns like pages is missing."""
    placed = {axis: where for axis, where in USUAL.items() if axis in free}
    left = [axis for axis in free if axis not in placed]
    numeric = [axis for axis in left if KINDS[axis] in (ValueKind.NUMBER, ValueKind.WHOLE)]
    across = Axis.STRENGTH if Axis.STRENGTH in left else max(numeric or left, key=lambda axis: len(plan.axes[axis]), default=None)
    rows = [axis for axis, where in placed.items() if where == "rows"]
    if across is None and (len(rows) > 1 or len(rows) == len(placed)):
        across = rows[-1] if rows else None
    return placed | ({across: "columns"} if across else {})


def _combinations(plan: Plan, axes: Axes) -> Iterator[dict[Axis, str]]:
    return (dict(zip(axes, values, strict=True)) for values in product(*(plan.axes[axis] for axis in axes)))


def _cell(place: Place, seen: SweepView, known: Mapping[tuple[str, ...], SeenCell], values: Values) -> SheetCell:
    one = known.get(tuple(values[axis] for axis in seen.sweep.plan.axes))
    if one is None:
        return SheetCell(picture=None, words="left out" if seen.sweep.plan.skipped(values) else "cannot be made")
    if one.made is None:
        return SheetCell(picture=None, words=f"not bought · {dollars(one.cell.micro_usd)}")
    shown = one.made.shown or one.made.whole
    if shown is None:
        return SheetCell(picture=None, words=f"{one.made.state}: {one.made.words}" if one.made.state in ("failed", "refused") else one.made.state)
    try:
        return SheetCell(picture=assets.read(place.store, shown), words=_words(one.made), dimmed=bool(one.made.unfit or one.made.opinion.rejected))
    except NotStored:
        return SheetCell(picture=None, words="its file is damaged or gone")


def _words(made: Made) -> str:
    alike, stars = made.likeness, made.opinion.mean_stars
    likeness = [f"likeness {alike.score:.2f}" if alike.score is not None else "likeness not measurable"] if alike else []
    said = [*(["rejected"] if made.opinion.rejected else []), *(["not comparable"] if made.unfit else [])]
    return " · ".join([*likeness, "free" if made.reused else dollars(made.cost_micro_usd), *([f"★ {stars:.1f}"] if stars else []), *said])


def _note(seen: SweepView, view: View) -> str:
    lying = {"rows": view.rows, "columns": view.columns, "fixed": view.fixed}
    return json.dumps({"name": seen.sweep.name, "sweep": seen.sweep.id, **seen.sweep.plan.as_json(), "view": lying}, ensure_ascii=False)
