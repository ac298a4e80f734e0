"""What a sweep is to compare: axes with their values, and combinations that are left out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from typing import Any

from pipeline.errors import BadParameter
from pipeline.records import RunKind
from pipeline.sweeps.shorthand import BadValue, ValueKind, parse


class Axis(StrEnum):
    """What may differ from cell to cell; in this order the axes are laid out."""

    PHOTO = "photo"
    STYLE = "style"
    PROMPT = "prompt"
    MOTION = "motion"
    SWAP = "swap"
    MODEL = "model"
    RESOLUTION = "resolution"
    STRENGTH = "strength"
    GUIDANCE = "guidance"
    STEPS = "steps"
    SEED = "seed"
    TAKE = "take"


TITLES = {axis: axis.value.capitalize() for axis in Axis} | {Axis.SWAP: "Words", Axis.STYLE: "Style", Axis.PHOTO: "Photo"}
KINDS: Mapping[Axis, ValueKind] = {
    Axis.PHOTO: ValueKind.NAME,
    Axis.STYLE: ValueKind.NAME,
    Axis.PROMPT: ValueKind.WORDS,
    Axis.MOTION: ValueKind.NAME,
    Axis.SWAP: ValueKind.WORDS,
    Axis.MODEL: ValueKind.NAME,
    Axis.RESOLUTION: ValueKind.NAME,
    Axis.STRENGTH: ValueKind.NUMBER,
    Axis.GUIDANCE: ValueKind.NUMBER,
    Axis.STEPS: ValueKind.WHOLE,
    Axis.SEED: ValueKind.WHOLE,
    Axis.TAKE: ValueKind.WHOLE,
}
ONLY = {
    RunKind.AVATAR: frozenset(Axis) - {Axis.MOTION, Axis.RESOLUTION, Axis.TAKE},
    RunKind.CLIP: frozenset(Axis) - {Axis.STYLE, Axis.STRENGTH},
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The axes in their order, each with at least one value as text, and the combinations to leave out.

    A photo's value is `scope/sha256` of a crop or of an avatar; a skip names a value on some axes and leaves out every cell that has them all.
    """

    kind: RunKind = RunKind.AVATAR
    axes: Mapping[Axis, tuple[str, ...]] = field(default_factory=dict)
    skips: tuple[Mapping[Axis, str], ...] = ()

    @property
    def size(self) -> int:
        """How many combinations there are before any is left out."""
        return prod(len(values) for values in self.axes.values()) if self.axes.get(Axis.PHOTO) else 0

    def skipped(self, values: Mapping[Axis, str]) -> bool:
        """Tell whether this combination is left out."""
        return any(all(values.get(axis) == value for axis, value in skip.items()) for skip in self.skips)

    def with_values(self, axis: Axis, values: Sequence[str]) -> "Plan":
        """Return the plan with other values on an axis; no values take the axis away."""
        axes = {name: tuple(values) if name is axis else self.axes.get(name, ()) for name in Axis}
        return Plan(kind=self.kind, axes={name: kept for name, kept in axes.items() if kept}, skips=self.skips)

    def as_json(self) -> dict[str, Any]:
        """Return the plan as it is kept."""
        return {
            "kind": self.kind.value,
            "axes": {axis.value: list(values) for axis, values in self.axes.items()},
            "skips": [{axis.value: value for axis, value in skip.items()} for skip in self.skips],
        }


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something in a plan that cannot be: on which axis (None for the plan as a whole), the words as written, and why."""

    axis: Axis | None
    text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A plan as far as it could be read, and what could not."""

    plan: Plan
    problems: tuple[Problem, ...]


def plan_hash(plan: Plan) -> str:
    """Return what names a plan by its content: 16 hex digits, the same for the same axes, values and combinations left out."""
    return hashlib.sha256(json.dumps(plan.as_json()).encode()).hexdigest()[:16]


def plan_from_json(kept: Mapping[str, Any]) -> Plan:
    """Read what `as_json` wrote."""
    axes = {Axis(name): tuple(values) for name, values in kept["axes"].items()}
    skips = tuple({Axis(name): str(value) for name, value in skip.items()} for skip in kept["skips"])
    return Plan(kind=RunKind(kept["kind"]), axes={axis: axes[axis] for axis in Axis if axes.get(axis)}, skips=skips)


def read_plan(kind: RunKind, written: Sequence[tuple[str, str]], skips: str = "") -> Draft:
    """Read a plan from names of axes and the shorthand of their values; whatever cannot be read is named, the rest is kept.

    An axis that stands twice keeps its first values and is named. `skips` holds a combination a line, such as `strength=0.7 style=ghibli@1`.
    """
    axes: dict[Axis, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for name, text in written:
        axis = _axis(kind, name, problems) if text.strip() else None
        if axis is None:
            continue
        if axis in axes:
            problems.append(Problem(axis=axis, text=text[:80], why=f"{TITLES[axis]} stands twice; the first one counts."))
            continue
        parsed = parse(text, KINDS[axis])
        problems.extend(_problem(axis, bad) for bad in parsed.bad)
        if parsed.values:
            axes[axis] = parsed.values
    left_out = _skips(skips, axes, problems)
    return Draft(plan=Plan(kind=kind, axes={axis: axes[axis] for axis in Axis if axis in axes}, skips=left_out), problems=tuple(problems))


def _axis(kind: RunKind, name: str, problems: list[Problem]) -> Axis | None:
    try:
        axis = Axis(name.strip().lower().rstrip("s") if name.strip().lower() not in set(Axis) else name.strip().lower())
    except ValueError:
        known = ", ".join(axis.value for axis in Axis if axis in ONLY[kind])
        problems.append(Problem(axis=None, text=name[:80], why=f"There is no axis of this name; there are: {known}."))
        return None
    if axis not in ONLY[kind]:
        problems.append(Problem(axis=axis, text=name[:80], why=f"A sweep of {kind.value}s has no {TITLES[axis].lower()}."))
        return None
    return axis


def _problem(axis: Axis, bad: BadValue) -> Problem:
    return Problem(axis=axis, text=bad.text, why=bad.why)


def _skips(text: str, axes: Mapping[Axis, tuple[str, ...]], problems: list[Problem]) -> tuple[Mapping[Axis, str], ...]:
    found: list[Mapping[Axis, str]] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        try:
            found.append(_skip(line, axes))
        except BadParameter as error:
            problems.append(Problem(axis=None, text=line[:80], why=error.say))
    return tuple(found)


def _skip(line: str, axes: Mapping[Axis, tuple[str, ...]]) -> Mapping[Axis, str]:
    skip: dict[Axis, str] = {}
    for part in line.split():
        name, equals, value = part.partition("=")
        axis = next((axis for axis in axes if axis.value == name.lower()), None)
        if not equals or axis is None:
            raise BadParameter("A combination to skip is written as `strength=0.7 style=ghibli@1`, with axes of this plan.")
        skip[axis] = _value_meant(axis, value, axes[axis])
    return skip


def _value_meant(axis: Axis, written: str, values: Sequence[str]) -> str:
    """Return the value of an axis that somebody wrote, a style also without its version where the plan has one version of it."""
    value = next(iter(parse(written, KINDS[axis]).values), written)
    if value in values:
        return value
    versions = [one for one in values if one.partition("@")[0] == value]
    if len(versions) > 1:
        raise BadParameter(f"{TITLES[axis]} has several versions of {written[:40]!r}: {', '.join(versions)}. Write which one is meant.")
    if not versions:
        raise BadParameter(f"{TITLES[axis]} has no value {written[:40]!r} in this plan.")
    return versions[0]
