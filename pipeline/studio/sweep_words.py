"""What people call the values of a sweep, one by one and as a whole setting."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from pipeline.errors import StudioError, UnknownName
from pipeline.prompts.styles import find_style
from pipeline.studio.place import Place
from pipeline.studio.sweep_view import SeenCell, SweepView
from pipeline.sweeps.plans import TITLES, Axis, Plan
from pipeline.sweeps.wording import brief, letter

OF_ONE_PICTURE = frozenset({Axis.PHOTO, Axis.SEED, Axis.TAKE})
LONGEST_QUOTE = 60


def value_words(place: Place, seen: SweepView, axis: Axis, value: str, *, whole: bool = False) -> str:
    """Return the words of a value that stand by themselves, such as `Pixar` or `strength 0.55`; what is gone keeps the name it had.

    Of long prompts it is what tells them apart, unless the `whole` is wanted.
    """
    if axis is Axis.PHOTO:
        return _photo(seen, value)
    if axis in (Axis.STYLE, Axis.MOTION):
        return style_words(place, value, "avatar" if axis is Axis.STYLE else "motion")
    if axis is Axis.MODEL:
        return model_words(place, value)
    among = seen.sweep.plan.axes.get(axis, ())
    if axis is Axis.PROMPT and len(among) > 1 and value in among and not whole:
        return f"{letter(among.index(value))} “{brief(among, among.index(value))}”"
    if axis in (Axis.PROMPT, Axis.SWAP):
        return f"“{value if whole else _part(value, seen.sweep.plan.axes[axis])}”"
    return value if axis is Axis.RESOLUTION else f"{TITLES[axis].lower()} {value}"


def place_words(place: Place, seen: SweepView, values: Mapping[Axis, str], *, whole: bool = False) -> str:
    """Return the words of several values, such as `Pixar · strength 0.55`; empty for none."""
    words = " · ".join(value_words(place, seen, axis, value, whole=whole) for axis, value in values.items())
    return words[:1].upper() + words[1:]


def setting_words(place: Place, seen: SweepView, cells: Iterable[SeenCell]) -> str:
    """Return what cells of one setting have in common and others of the sweep have not: no photo, seed or take, nothing their model ignores."""
    alike = [one.cell for one in cells]
    telling = _telling(seen.sweep.plan) or [axis for axis in seen.sweep.plan.axes if axis not in OF_ONE_PICTURE]
    shared = [axis for axis in telling if axis not in alike[0].ignored and len({cell.values[axis] for cell in alike}) == 1]
    return place_words(place, seen, {axis: alike[0].values[axis] for axis in shared}) or alike[0].wanted.model.title


def _telling(plan: Plan) -> list[Axis]:
    return [axis for axis, values in plan.axes.items() if len(values) > 1 and axis not in OF_ONE_PICTURE]


def _photo(seen: SweepView, value: str) -> str:
    """Return a photo's name; of several that are called alike, with six digits that tell them apart."""
    known = seen.priced.sources
    if value not in known:
        return "removed photo"
    name = known[value].name
    alike = sum(other.name == name for other in known.values())
    return name if alike == 1 else f"{name} ({value.rpartition('/')[2][:6]})"


def _part(text: str, among: Sequence[str]) -> str:
    """Return a long text from where it first differs from the others, cut at 60 letters."""
    if len(text) <= LONGEST_QUOTE:
        return text
    alike = sum(1 for _ in takewhile(lambda words: len(set(words)) == 1, zip(*(one.split() for one in among), strict=False)))
    rest = " ".join(text.split()[alike:]) if len(among) > 1 else ""
    start, rest = ("…", rest) if alike and rest else ("", text)
    return start + (rest if len(rest) <= LONGEST_QUOTE else f"{rest[: LONGEST_QUOTE - 1]}…")


def style_words(place: Place, value: str, purpose: str) -> str:
    """Return a style's or a motion's title, with its version where one was named."""
    try:
        found = find_style(place.styles, value, purpose)
    except StudioError:
        return value
    return f"{found.title}, version {found.version}" if "@" in value else found.title


def model_words(place: Place, value: str) -> str:
    """Return a model's title; its name where the catalogue has it no more."""
    try:
        return place.catalogue.find(value).title
    except UnknownName:
        return value
