"""What is worth knowing of a plan before anybody pays: cells that would show the same, settings that do nothing, sizes, numbers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from pipeline.records import dollars
from pipeline.sweeps.cells import Cell, Layout, coarse
from pipeline.sweeps.plans import TITLES, Axis, Plan
from pipeline.wording import counted

USUAL_CELLS = 100


class Sort(StrEnum):
    """What a remark is about."""

    SAME_START = "same start"
    IGNORED = "ignored"
    SAME_WORDS = "same words"
    SIZE = "size"
    NO_FACE = "no face"
    UNUSUAL = "unusual"


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One sentence about a plan, how many cells it is about, what merging them saves in micro-dollars, and the merged plan if there is one."""

    sort: Sort
    words: str
    cells: int
    saves_micro_usd: int = 0
    merged: Plan | None = None


def remarks(layout: Layout, owned: Collection[str]) -> tuple[Remark, ...]:
    """Return the remarks on a laid-out plan, those that save money first; `owned` are the prints that cost nothing."""
    found = [*_same_starts(layout, owned), *_same_requests(layout, owned), *_sizes(layout), *_faceless(layout), *_unusual(layout, owned)]
    return tuple(sorted(found, key=lambda one: -one.saves_micro_usd))


def first_step(strength: float | str, steps: int) -> int:
    """Return how many denoising steps an image-to-image run takes: int(steps × strength), as in diffusers' `get_timesteps`.

    >>> first_step("0.6", 40), first_step("0.61", 40), first_step("0.625", 40)
    (24, 24, 25)
    """
    return int(steps * Decimal(str(strength)))


def to_pay(cells: Iterable[Cell], owned: Collection[str]) -> dict[str, int]:
    """Return what is to be bought, each request once: its print and its price in micro-dollars."""
    return {cell.print_: cell.micro_usd for cell in cells if cell.print_ not in owned}


def _same_starts(layout: Layout, owned: Collection[str]) -> Iterable[Remark]:
    groups: dict[tuple[str, int, int], dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for cell in layout.cells:
        given = cell.settings["parameters"]
        if Axis.STRENGTH in cell.values and "strength" in given and "steps" in given:
            same = (cell.wanted.model.title, given["steps"], first_step(cell.values[Axis.STRENGTH], given["steps"]))
            groups[same][cell.values[Axis.STRENGTH]].append(cell)
    order = list(layout.plan.axes.get(Axis.STRENGTH, ()))
    for (title, steps, step), by_strength in groups.items():
        strengths = sorted(by_strength, key=order.index)
        if len(strengths) < 2:
            continue
        spare = [cell for strength in strengths[1:] for cell in by_strength[strength]]
        words = f"Strengths {_and(strengths)} take the same {step} of {steps} steps on {title}, so they show the same picture."
        yield Remark(
            sort=Sort.SAME_START,
            words=words,
            cells=len(spare),
            saves_micro_usd=sum(to_pay(spare, owned).values()),
            merged=_without(layout.plan, spare, {Axis.STRENGTH, Axis.STEPS, Axis.MODEL}),
        )


def _same_requests(layout: Layout, owned: Collection[str]) -> Iterable[Remark]:
    """Find cells that ask for the very same: bought once in any case, so that merging them saves looks rather than money."""
    groups: dict[str, list[Cell]] = defaultdict(list)
    for cell in layout.cells:
        groups[cell.print_].append(cell)
    alike: dict[tuple[frozenset[Axis], str], list[list[Cell]]] = defaultdict(list)
    for group in groups.values():
        if len(group) > 1:
            differ = frozenset(axis for axis in group[0].values if len({cell.values[axis] for cell in group}) > 1)
            alike[differ, group[0].wanted.model.title].append(sorted(group, key=lambda cell: cell.at))
    for (differ, title), found in alike.items():
        spare = [cell for group in found for cell in group[1:]]
        ignored = differ <= found[0][0].ignored
        names = _and([TITLES[axis].lower() for axis in layout.plan.axes if axis in differ])
        kept = sum(cell.micro_usd for cell in spare if cell.print_ not in owned)
        why = f"{title} takes no notice of {names}" if ignored else f"Different {names}, but the prompt is the same"
        words = f"{why}: {counted(len(spare), 'cell')} would show what others show. Each picture is bought once, which saves {dollars(kept)}."
        merged = _without(layout.plan, spare, {*differ, Axis.MODEL})
        yield Remark(sort=Sort.IGNORED if ignored else Sort.SAME_WORDS, words=words, cells=len(spare), merged=merged)


def _sizes(layout: Layout) -> Iterable[Remark]:
    changed: dict[tuple[str, int, int], int] = defaultdict(int)
    for cell in layout.cells:
        own_size = {"aspect_ratio", "image_size"} & cell.wanted.model.fixed.keys()
        size = (cell.wanted.width_px, cell.wanted.height_px)
        if own_size and size != (1024, 1024):
            changed[cell.wanted.model.title, *size] += 1
    for (title, width_px, height_px), count in changed.items():
        words = f"{title} makes pictures of its own size; the photo's {width_px} × {height_px} px will change in {counted(count, 'cell')}."
        yield Remark(sort=Sort.SIZE, words=words, cells=count)


def _faceless(layout: Layout) -> Iterable[Remark]:
    faceless = {cell.values[Axis.PHOTO] for cell in layout.cells if cell.source.facts.get("faces") == 0}
    if faceless:
        count = sum(cell.values[Axis.PHOTO] in faceless for cell in layout.cells)
        photos = counted(len(faceless), "photo")
        yield Remark(sort=Sort.NO_FACE, words=f"No face was found in {photos}: likeness cannot be measured in {counted(count, 'cell')}.", cells=count)


def _unusual(layout: Layout, owned: Collection[str]) -> Iterable[Remark]:
    pay = to_pay(layout.cells, owned)
    if len(pay) <= USUAL_CELLS:
        return
    cross = _cross(layout.plan)
    values = {(axis, value) for axis, kept in cross.axes.items() for value in kept}
    later = [cell for cell in layout.cells if not all(one in values for one in cell.values.items())]
    words = f"{counted(len(pay), 'picture')} are more than the usual {USUAL_CELLS}. A coarse cross shows first where to look closer."
    yield Remark(
        sort=Sort.UNUSUAL, words=words, cells=len(later), saves_micro_usd=sum(to_pay(later, owned).values()), merged=cross if later else None
    )


def _cross(plan: Plan) -> Plan:
    """Keep the ends and the middle of every axis but the photos."""
    axes = {
        axis: values if axis is Axis.PHOTO else tuple(value for value, level in zip(values, coarse(len(values)), strict=True) if level == 0)
        for axis, values in plan.axes.items()
    }
    return replace(plan, axes=axes)


def _without(plan: Plan, spare: Iterable[Cell], axes: Collection[Axis]) -> Plan:
    """Leave combinations out: as values where one axis alone decides, else as skips."""
    deciding = [axis for axis in plan.axes if axis in axes and len(plan.axes[axis]) > 1]
    skips = {tuple((axis, cell.values[axis]) for axis in deciding) for cell in spare}
    if len(deciding) == 1:
        gone = {value for skip in skips for _, value in skip}
        return plan.with_values(deciding[0], [value for value in plan.axes[deciding[0]] if value not in gone])
    more: list[Mapping[Axis, str]] = [dict(skip) for skip in sorted(skips)]
    return replace(plan, skips=(*plan.skips, *(skip for skip in more if skip not in plan.skips)))


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
