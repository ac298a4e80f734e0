"""What a library can be narrowed down by and sorted by, and how that is written into an address."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from pipeline.media.likeness import Band
from pipeline.records import AssetKind

SHOWN: Final = (AssetKind.AVATAR, AssetKind.CLIP, AssetKind.PHOTO)
LONGEST_SEARCH: Final = 500
LONGEST_LIST: Final = 100
MOST_PAGES: Final = 1_000_000


class State(StrEnum):
    """What was said of an avatar, clip or photo, and whether the case uses it.

    To review is what nobody has decided on and what still fits its case's photo or avatar; not current is what no longer does.
    """

    TO_REVIEW = "to review"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "decision withdrawn"
    CURRENT = "current"
    NOT_CURRENT = "not current"


class Sort(StrEnum):
    """In which order; what has no likeness comes last either way."""

    NEWEST = "newest"
    OLDEST = "oldest"
    MOST_ALIKE = "most alike"
    LEAST_ALIKE = "least alike"
    DEAREST = "dearest"
    CHEAPEST = "cheapest"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Everything that must be true at once; of several values in one tuple one is enough, an empty one asks for nothing.

    What only sweeps show is left out, or with `from_sweeps` is all there is.
    Days are UTC and include their whole day. Likeness is a score from 0 to 1 (1 − distance of the face least alike), money micro-dollars.
    """

    kinds: tuple[AssetKind, ...] = ()
    states: tuple[State, ...] = ()
    styles: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    bands: tuple[Band, ...] = ()
    since: date | None = None
    until: date | None = None
    likeness_at_least: float | None = None
    likeness_at_most: float | None = None
    cost_at_least_micro_usd: int | None = None
    cost_at_most_micro_usd: int | None = None
    case_id: str = ""
    text: str = ""
    starred: bool = False
    removed: bool = False
    from_sweeps: bool = False

    @property
    def is_empty(self) -> bool:
        """True when it lets everything pass that was not removed."""
        return self == Filter()


def to_query(wanted: Filter, sort: Sort = Sort.NEWEST, page: int = 1) -> dict[str, str]:
    """Write a view as the parameters of an address; what is as usual is left out, several values are joined by commas."""
    written = {short: write(getattr(wanted, name)) for short, (name, write, _) in FIELDS.items()}
    written |= {"sort": "" if sort is Sort.NEWEST else sort.value, "page": str(page) if page > 1 else ""}
    return {short: text for short, text in written.items() if text}


def from_query(given: Mapping[str, Any]) -> tuple[Filter, Sort, int]:
    """Read what `to_query` wrote; whatever cannot be read is as usual, so any address shows something."""
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    wanted = Filter(**{name: read(texts[short]) for short, (name, _, read) in FIELDS.items() if short in texts})
    page = _whole(texts.get("page", "")) or 1
    return wanted, next((sort for sort in Sort if sort == texts.get("sort")), Sort.NEWEST), min(max(page, 1), MOST_PAGES)


def _joined(values: Sequence[str]) -> str:
    return ",".join(str(value).replace("%", "%25").replace(",", "%2C") for value in values)


def _parted(text: str) -> tuple[str, ...]:
    parts = [_clean(part.replace("%2C", ",").replace("%25", "%")) for part in text.split(",")]
    return tuple(dict.fromkeys(part for part in parts if part))[:LONGEST_LIST]


def _members(kind: type[StrEnum], allowed: Sequence[StrEnum] = ()) -> Callable[[str], tuple[Any, ...]]:
    known = {member.value: member for member in allowed or kind}
    return lambda text: tuple(known[part] for part in _parted(text) if part in known)


def _clean(text: str) -> str:
    """Cut spaces around a text and whatever in it is no character: half a surrogate pair cannot be looked for."""
    return text[:LONGEST_SEARCH].encode(errors="ignore").decode().replace("\0", "").strip()


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _share(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= 1 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def _yes(value: bool) -> str:
    return "1" if value else ""


# Name in an address: field of the filter, how it is written, how it is read.
FIELDS: Final[Mapping[str, tuple[str, Callable[[Any], str], Callable[[str], Any]]]] = {
    "kind": ("kinds", _joined, _members(AssetKind, SHOWN)),
    "state": ("states", _joined, _members(State)),
    "style": ("styles", _joined, _parted),
    "model": ("models", _joined, _parted),
    "person": ("people", _joined, _parted),
    "band": ("bands", _joined, _members(Band)),
    "since": ("since", _plain, _day),
    "until": ("until", _plain, _day),
    "alike_from": ("likeness_at_least", _plain, _share),
    "alike_to": ("likeness_at_most", _plain, _share),
    "cost_from": ("cost_at_least_micro_usd", _plain, _whole),
    "cost_to": ("cost_at_most_micro_usd", _plain, _whole),
    "case": ("case_id", str, _clean),
    "q": ("text", str, _clean),
    "starred": ("starred", _yes, lambda text: text == "1"),
    "removed": ("removed", _yes, lambda text: text == "1"),
    "sweeps": ("from_sweeps", _yes, lambda text: text == "1"),
}
