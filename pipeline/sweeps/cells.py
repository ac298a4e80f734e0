"""From a plan to its cells: every combination with exactly what it would ask of a model, in the order in which they are bought."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.buying.planning import Wanted, fingerprint, price_of
from pipeline.catalog import Catalogue, Job, Model
from pipeline.errors import BadParameter, StudioError
from pipeline.prompts import Style, avatar_prompt, motion_prompt
from pipeline.records import Asset, RunKind
from pipeline.sweeps.plans import ONLY, TITLES, Axis, Plan, Problem
from pipeline.wording import counted
from pipeline.workflows.wishes import AvatarWish, ClipWish, resolve_avatar, resolve_clip, wanted

MOST_CELLS = 20_000
USUAL_SEED = "1"
SETTINGS = (Axis.STRENGTH, Axis.STEPS, Axis.GUIDANCE, Axis.RESOLUTION)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination: its place on every axis, what it asks for on which picture, and which axes its model takes no notice of.

    Cells with the same `print_` ask for the very same and are bought once.
    """

    key: str
    at: tuple[int, ...]
    values: Mapping[Axis, str]
    source: Asset
    settings: Mapping[str, Any]
    wanted: Wanted
    print_: str
    micro_usd: int
    ignored: frozenset[Axis]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A plan with all its cells, a coarse cross of them first, and what could not be laid out."""

    plan: Plan
    cells: tuple[Cell, ...]
    problems: tuple[Problem, ...]


def lay_out(plan: Plan, catalogue: Catalogue, styles: Mapping[str, Style], photos: Mapping[str, Asset]) -> Layout:
    """Return every cell of a plan; `photos` holds the picture of each photo value, and what has none is named as gone.

    A plan without photos, or with more than MOST_CELLS combinations, has no cells, and says why.
    """
    if why := _impossible(plan):
        return Layout(plan=plan, cells=(), problems=(Problem(axis=None, text="", why=why),))
    problems: dict[tuple[Axis | None, str], Problem] = {}
    cells: list[Cell] = []
    maker = _Maker(plan, catalogue, styles)
    for at, values in _combinations(plan):
        source = photos.get(values[Axis.PHOTO])
        try:
            if source is None:
                raise BadParameter("This photo is gone.", next="Choose another one.")
            cells.append(maker.cell(at, values, source))
        except StudioError as error:
            axis = Axis.PHOTO if source is None else _blamed(plan, error)
            text = values.get(axis, "") if axis else ""
            problems.setdefault((axis, error.say), Problem(axis=axis, text=text[:80], why=error.say))
    return Layout(plan=plan, cells=tuple(cells), problems=tuple(problems.values()))


def _impossible(plan: Plan) -> str | None:
    if not plan.axes.get(Axis.PHOTO):
        return "A sweep needs at least one photo." if plan.kind is RunKind.AVATAR else "A sweep of clips needs at least one avatar."
    if plan.size > MOST_CELLS:
        return f"This would be {counted(plan.size, 'cell')}; a sweep has at most {MOST_CELLS:,}. Leave out values, or make several sweeps."
    return None


def coarse(count: int) -> list[int]:
    """Return for each of so many places how coarse a look at the axis has it: ends and middle first, then what lies between.

    >>> coarse(5)
    [0, 1, 0, 1, 0]
    """
    levels = [0 if place in (0, count - 1) else -1 for place in range(count)]
    level, gaps = 0, [(0, count - 1)] if count > 1 else []
    while gaps:
        halves = []
        for low, high in gaps:
            middle = (low + high) // 2
            if levels[middle] < 0:
                levels[middle] = level
                halves += [(low, middle), (middle, high)]
        gaps, level = halves, level + 1
    return levels


class _Maker:
    """Makes cells, resolving what many of them share once."""

    def __init__(self, plan: Plan, catalogue: Catalogue, styles: Mapping[str, Style]) -> None:
        self.plan, self.catalogue, self.styles = plan, catalogue, styles
        self.resolved: dict[tuple[tuple[Axis, str], ...], tuple[Mapping[str, Any], frozenset[Axis]] | StudioError] = {}

    def cell(self, at: tuple[int, ...], values: Mapping[Axis, str], source: Asset) -> Cell:
        settings, ignored = self._settings(values)
        want = wanted(self.catalogue, self.plan.kind, settings, source)
        print_ = fingerprint(want, source.scope)
        key = hashlib.sha256(json.dumps([source.scope, source.sha256, dict(settings)], sort_keys=True).encode()).hexdigest()[:16]
        return Cell(
            key=key,
            at=at,
            values=values,
            source=source,
            settings=settings,
            wanted=want,
            print_=print_,
            micro_usd=price_of(want).micro_usd,
            ignored=ignored,
        )

    def _settings(self, values: Mapping[Axis, str]) -> tuple[Mapping[str, Any], frozenset[Axis]]:
        named = tuple((axis, value) for axis, value in values.items() if axis is not Axis.PHOTO)
        if named not in self.resolved:
            try:
                self.resolved[named] = resolve(self.plan, values, self.catalogue, self.styles)
            except StudioError as error:
                self.resolved[named] = error
        found = self.resolved[named]
        if isinstance(found, StudioError):
            raise found
        return found


def resolve(plan: Plan, values: Mapping[Axis, str], catalogue: Catalogue, styles: Mapping[str, Style]) -> tuple[Mapping[str, Any], frozenset[Axis]]:
    """Return the settings of a combination as a run keeps them, and the axes its model takes no notice of; raises what a wish is refused for."""
    clip = plan.kind is RunKind.CLIP
    model = catalogue.for_job(values.get(Axis.MODEL) or (ClipWish.model if clip else AvatarWish.model), Job.CLIP if clip else Job.AVATAR)
    ignored = frozenset(axis for axis in values if _takes_no_notice(model, axis))
    given = {axis.value: _number(values[axis]) for axis in SETTINGS if axis in values and axis not in ignored}
    prompt = _prompt(plan, values, styles, clip)
    seed = int(values.get(Axis.SEED, USUAL_SEED)) if model.takes_seed else None
    if clip:
        motion = values.get(Axis.MOTION) or ClipWish.motion
        take = int(values.get(Axis.TAKE, "1")) if not model.takes_seed else 1
        wish = ClipWish(model=model.name, motion=motion, prompt=prompt, seed=seed, take=take, **given)
        return resolve_clip(catalogue, styles, wish).settings, ignored
    style = values.get(Axis.STYLE) or AvatarWish.style
    return resolve_avatar(catalogue, styles, AvatarWish(model=model.name, style=style, prompt=prompt, seed=seed, **given)).settings, ignored


def _combinations(plan: Plan) -> Iterator[tuple[tuple[int, ...], Mapping[Axis, str]]]:
    """Yield every combination that is not left out: the ends and the middle of every axis first."""
    axes = list(plan.axes.items())
    levels = [coarse(len(values)) for _, values in axes]
    places = itertools.product(*(range(len(values)) for _, values in axes))

    def late(at: tuple[int, ...]) -> tuple[int, int]:
        found = [levels[number][place] for number, place in enumerate(at)]
        return max(found, default=0), sum(found)

    for at in sorted(places, key=late):
        values = {axis: options[place] for (axis, options), place in zip(axes, at, strict=True)}
        if not plan.skipped(values):
            yield at, values


def _takes_no_notice(model: Model, axis: Axis) -> bool:
    if axis is Axis.SEED:
        return not model.takes_seed
    if axis is Axis.TAKE:
        return model.takes_seed
    return axis in SETTINGS and axis.value not in model.parameters


def _prompt(plan: Plan, values: Mapping[Axis, str], styles: Mapping[str, Style], clip: bool) -> str | None:
    """Return the words to send where they are not just a style's or a motion's: written out, or with one expression in place of another."""
    own = values.get(Axis.PROMPT)
    if Axis.SWAP not in values:
        return own
    named = values.get(Axis.MOTION) or ClipWish.motion if clip else values.get(Axis.STYLE) or AvatarWish.style
    text = own or (motion_prompt(styles, named) if clip else avatar_prompt(styles, named)).text
    sought = plan.axes[Axis.SWAP][0]
    if sought not in text:
        raise BadParameter(
            f"The prompt does not hold the words {sought[:60]!r}, so nothing can be put in their place.", next="The first of the words is sought."
        )
    return text if values[Axis.SWAP] == sought else text.replace(sought, values[Axis.SWAP])


def _number(text: str) -> Any:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def _blamed(plan: Plan, error: StudioError) -> Axis | None:
    """Return the axis that an error speaks of, by its name in the sentence."""
    words = error.say.lower()
    named: Sequence[Axis] = [axis for axis in plan.axes if axis in ONLY[plan.kind] and TITLES[axis].lower() in words]
    return named[0] if named else None
