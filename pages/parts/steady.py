"""Looks that take long in a large studio: read again when the records change, but never so often that the studio does nothing else."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from pages.parts.here import place, version
from pipeline.studio.place import Place

T = TypeVar("T")
MOST = 24
SHARE = 20  # a look that takes a second is repeated after twenty at the earliest


@dataclass(frozen=True, kw_only=True)
class _Kept:
    version: int
    again_at: float
    seen: Any


_kept: "OrderedDict[Hashable, _Kept]" = OrderedDict()
_turns: dict[Hashable, threading.Lock] = {}


def steady(name: Hashable, look: Callable[[Place], T]) -> T:
    """Return what there is to see: read anew after a change, at most a twentieth of the time; many screens that ask at once are one reading."""
    key = (str(place().settings.folder), name)
    with _turns.setdefault(key, threading.Lock()):
        known = _kept.get(key)
        if known is None or (known.version != version() and time.monotonic() >= known.again_at):
            known = _kept[key] = _read(look)
            _forget_oldest()
        seen: T = known.seen
        return seen


def forget() -> None:
    """Read everything anew: somebody has just changed what there is to see, and looks at it."""
    _kept.clear()


def _read(look: Callable[[Place], Any]) -> _Kept:
    at, began = version(), time.monotonic()
    seen = look(place())
    ended = time.monotonic()
    return _Kept(version=at, again_at=ended + SHARE * (ended - began), seen=seen)


def _forget_oldest() -> None:
    while len(_kept) > MOST:
        oldest, _ = _kept.popitem(last=False)
        _turns.pop(oldest, None)
