"""A sweep as it is written down in a plan file or given from Python: its name, where it starts from, and each axis by its own name."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from pipeline.errors import BadParameter
from pipeline.records import RunKind
from pipeline.sweeps.plans import KINDS, ONLY, Axis, Problem
from pipeline.sweeps.shorthand import ValueKind

SOURCES = {RunKind.AVATAR: "photos", RunKind.CLIP: "avatars"}
SKIPS = ("skip", "skips")
SHOWN_LETTERS = 80


@dataclass(frozen=True, kw_only=True)
class Order:
    """What somebody wrote: `sources` are photo files or, for clips, the runs that made the avatars; `written` is the shorthand of each axis."""

    name: str
    kind: RunKind
    sources: tuple[str, ...]
    written: tuple[tuple[str, str], ...]
    skips: tuple[str, ...]
    problems: tuple[Problem, ...]


def read_order(given: Mapping[str, Any], *, name: str = "") -> Order:
    """Read an order; `name` is for one that has none of its own. What stands on an axis and is no value is named, and the rest is kept.

    Raises BadParameter for what is no part of an order (named with the nearest that is), and for one that starts from nothing.
    """
    kind = _kind(given.get("kind", RunKind.AVATAR.value))
    problems: list[Problem] = []
    written: list[tuple[str, str]] = []
    for key, value in given.items():
        axis = _axis(key, kind)
        if axis is not None:
            written.append((axis.value, _shorthand(axis, value, problems)))
    return Order(
        name=_name(given.get("name", name)),
        kind=kind,
        sources=_sources(given, kind),
        written=tuple(written),
        skips=tuple(line for key in SKIPS for line in _lines(key, given.get(key, ()))),
        problems=tuple(problems),
    )


def _kind(value: Any) -> RunKind:
    if value not in tuple(RunKind):
        raise BadParameter(f"A sweep makes avatars or clips, not {_shown(value)}.", next='Write kind = "avatar" or kind = "clip".')
    return RunKind(value)


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise BadParameter(f"The name of a sweep is text, not {_shown(value)}.", next="Put it between quotes.")
    return " ".join(value.split())


def _axis(key: str, kind: RunKind) -> Axis | None:
    """Return the axis that a key names, None for the keys that are no axes; raises BadParameter for what is neither."""
    plain = key.strip().lower()
    if plain in {"name", "kind", *SOURCES.values(), *(one.rstrip("s") for one in SOURCES.values()), *SKIPS}:
        return None
    axes = {spelling: axis for axis in Axis if axis in ONLY[kind] and axis is not Axis.PHOTO for spelling in (axis.value, f"{axis.value}s")}
    if plain in axes:
        return axes[plain]
    if plain.rstrip("s") in set(Axis):
        raise BadParameter(f"A sweep of {kind.value}s has no {plain.rstrip('s')}.", next="Leave it out.")
    near = difflib.get_close_matches(plain, [*axes, "name", "kind", SOURCES[kind], "skip"], n=1)
    known = ", ".join(axis.value for axis in Axis if axis.value in axes)
    raise BadParameter(
        f"There is no axis {_shown(key)}." if not near else f"There is no axis {_shown(key)}; the nearest is {near[0]!r}.",
        next=f"The axes are: {known}.",
    )


def _sources(given: Mapping[str, Any], kind: RunKind) -> tuple[str, ...]:
    wanted = SOURCES[kind]
    if foreign := [word for other, word in SOURCES.items() if other is not kind and {word, word.rstrip("s")} & given.keys()]:
        raise BadParameter(f"A sweep of {kind.value}s starts from {wanted}, not from {foreign[0]}.", next=f"Write {wanted} = […].")
    found = [*_lines(wanted, given.get(wanted, ())), *_lines(wanted, given.get(wanted.rstrip("s"), ()))]
    if not found:
        what = "the path of at least one photo" if kind is RunKind.AVATAR else "the run of at least one avatar"
        raise BadParameter(f"A sweep of {kind.value}s needs {what}.", next=f"Write {wanted} = […].")
    return tuple(dict.fromkeys(found))


def _lines(key: str, value: Any) -> tuple[str, ...]:
    lines = (value,) if isinstance(value, str) else value
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        raise BadParameter(f"What stands after {key} must be a list of texts.", next=f'Write {key} = ["…", "…"].')
    return tuple(line.strip() for line in lines if line.strip())


def _shorthand(axis: Axis, value: Any, problems: list[Problem]) -> str:
    """Return the values of an axis as its shorthand: text is shorthand already, the items of a list stand beside each other."""
    several = list(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping) else None
    texts = [_text(axis, one, problems) for one in ([value] if several is None else several)]
    if several is not None and KINDS[axis] is ValueKind.WORDS:
        texts = [" ".join(text.split()) for text in texts]
    text = ("\n" if KINDS[axis] is ValueKind.WORDS else ", ").join(filter(str.strip, texts))
    if not text and not any(problem.axis is axis for problem in problems):
        problems.append(Problem(axis=axis, text="", why="There is no value here."))
    return text


def _text(axis: Axis, value: Any, problems: list[Problem]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Real) and not isinstance(value, bool):
        return str(value) if isinstance(value, Integral) else format(float(value), ".12g")
    problems.append(Problem(axis=axis, text=str(value)[:SHOWN_LETTERS], why="This is neither text nor a number."))
    return ""


def _shown(value: object) -> str:
    return repr(str(value)[:SHOWN_LETTERS])


def in_words(problems: Iterable[Problem]) -> str:
    """Say the first of these problems in a sentence, and how many more there are."""
    first, *more = problems
    where = f"{first.axis.value} {first.text!r}: " if first.axis and first.text else f"{first.axis.value}: " if first.axis else ""
    rest = "" if not more else " One more value cannot be used." if len(more) == 1 else f" {len(more)} more values cannot be used."
    return f"{where}{first.why}{rest}"
