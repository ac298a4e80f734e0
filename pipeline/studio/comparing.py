"""The settings of a run in people's words, how those of two runs differ, and the wish that asks for them again."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

from pipeline.errors import UnknownName
from pipeline.records import Run, RunKind
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish, ClipWish

FREE = "free"
NONE = "—"
NAMES = {"strength": "Strength", "steps": "Steps", "guidance": "Guidance", "resolution": "Resolution"}


class Side(StrEnum):
    """Which of two prompts a piece of text stands in."""

    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of a run, in words."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One setting of two runs; a prompt that differs is also given in pieces, each in one of them or in both."""

    name: str
    left: str
    right: str
    pieces: tuple[tuple[Side, str], ...] = ()

    @property
    def same(self) -> bool:
        """True when both runs have it alike."""
        return self.left == self.right


def settings_of(place: Place, run: Run) -> tuple[Setting, ...]:
    """Return the settings of a run in the order in which people look at them."""
    return tuple(Setting(name=name, value=value) for name, value in _words(place, run).items())


def difference(place: Place, one: Run, other: Run) -> tuple[Difference, ...]:
    """Return the settings of two runs row by row; a dash stands where one of them has no such setting."""
    left, right = _words(place, one), _words(place, other)
    names = [name for name in dict.fromkeys(chain(left, right)) if name != "Prompt"]
    rows = [Difference(name=name, left=left.get(name, NONE), right=right.get(name, NONE)) for name in [*names, "Prompt"]]
    return (*rows[:-1], Difference(name="Prompt", left=rows[-1].left, right=rows[-1].right, pieces=_pieces(rows[-1].left, rows[-1].right)))


def wish_of(run: Run) -> AvatarWish | ClipWish:
    """Return the wish that asks for a run's settings again; for another result, leave out the seed or raise the take."""
    kept = run.settings
    style = {"style": kept["style"], "prompt": None} if kept["style"] != FREE else {"style": "pixar", "prompt": kept["prompt"]}
    common: dict[str, Any] = {"model": kept["model"], "seed": kept["seed"], **kept["parameters"]}
    if run.kind is RunKind.AVATAR:
        return AvatarWish(**style, **common)
    motion = {"motion": "gentle" if kept["style"] == FREE else kept["style"], "prompt": style["prompt"]}
    return ClipWish(**motion, **common, take=kept["take"], loop=kept["loop"], portrait=kept["portrait"])


def model_title(place: Place, run: Run) -> str:
    """Return the title of a run's model, or the name it had when it is no longer in the catalogue."""
    try:
        return place.catalogue.find(run.settings["model"]).title
    except UnknownName:
        return str(run.settings["model"])


def _words(place: Place, run: Run) -> dict[str, str]:
    kept = run.settings
    words = {"Model": model_title(place, run), "Motion" if run.kind is RunKind.CLIP else "Style": _style(place, kept["style"])}
    given = kept["parameters"]
    words |= {NAMES.get(name, name.capitalize()): _value(given[name]) for name in sorted(given, key=[*NAMES, *given].index)}
    words["Seed"] = "none" if kept["seed"] is None else str(kept["seed"])
    return {**words, **(_clip_words(kept) if run.kind is RunKind.CLIP else {}), "Prompt": kept["prompt"]}


def _clip_words(kept: Mapping[str, Any]) -> dict[str, str]:
    shape = "upright, 720 × 960 px" if kept["portrait"] else "square, 720 × 720 px"
    return {"Take": str(kept["take"]), "Loops": "yes" if kept["loop"] else "no", "Shape": shape}


def _style(place: Place, style_id: str) -> str:
    if style_id == FREE:
        return "own words"
    style = place.styles.get(style_id)
    if style is None:
        return style_id
    return style.title if style.version == 1 else f"{style.title}, version {style.version}"


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _pieces(left: str, right: str) -> tuple[tuple[Side, str], ...]:
    if left == right:
        return ()
    one, other = re.findall(r"\s*\S+", left), re.findall(r"\s*\S+", right)
    found: list[tuple[Side, str]] = []
    for mark, a, b, c, d in difflib.SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes():
        if mark == "equal":
            found.append((Side.BOTH, "".join(one[a:b])))
            continue
        found += [(side, "".join(words)) for side, words in ((Side.LEFT, one[a:b]), (Side.RIGHT, other[c:d])) if words]
    return tuple(found)
