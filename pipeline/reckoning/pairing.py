"""Which line of a bill belongs to which call: by the request's id, and only where that is missing by endpoint, amount and time."""

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby, islice
from typing import TypeVar

from pipeline.reckoning.pile import Line
from pipeline.records import Basis, CallState

MINUTES_APART = 15
ONE_MOMENT_SECONDS = 1  # a record may say whole seconds only
LOOKED_UP_AT_ONCE = 500

_Thing = TypeVar("_Thing")


@dataclass(frozen=True, kw_only=True)
class Ours:
    """What our ledger says of one request: what it was charged so far (adjusting entries included) and for which day it counts.

    `call_id` is empty for a line of an earlier bill that was booked without a call, and `key` is what it was called then; `ended_at` is when the
    provider should have billed it.
    """

    request_id: str
    call_id: str
    endpoint: str
    day: str
    state: CallState | None
    micro_usd: int
    ended_at: str
    basis: Basis | None = None
    quantity: str = ""
    unit_micro_usd: int = 0
    adjusted: bool = False
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The lines of one request and what is ours of it; either may be missing, never both."""

    lines: tuple[Line, ...] = ()
    ours: Ours | None = None

    @property
    def billed_nano_usd(self) -> int:
        """What the bill says of this request, copies of a line not counted."""
        return sum(line.nano_usd for line in self.lines)

    @property
    def ours_micro_usd(self) -> int:
        """What we charged for it."""
        return self.ours.micro_usd if self.ours else 0

    @property
    def nano_usd(self) -> int:
        """By how much the bill is above ours."""
        return self.billed_nano_usd - self.ours_micro_usd * 1000


LookUp = Callable[[Sequence[str]], Mapping[str, Ours]]


def pairs(lines: Iterable[Line], ours: Iterable[Ours], look_up: LookUp) -> Iterator[Pair]:
    """Yield everything once, paired where it belongs together; both come in the order of their request ids, those without one first.

    `look_up` finds requests by id that are ours, but not in the period. A line without an id is first one that was booked before, if there is one of
    its endpoint and amount within fifteen minutes. What else has no id is paired only with the single thing that has the same endpoint and amount
    within these minutes, and only when that has no other either.
    """
    lone_lines: list[Line] = []
    lone_ours: list[Ours] = []
    for pair in _side_by_side(lines, ours):
        if pair.lines and pair.ours:
            yield pair
        elif pair.ours:
            lone_ours.append(pair.ours)
        else:
            lone_lines += pair.lines
    strangers, nameless = [line for line in lone_lines if line.request_id], [line for line in lone_lines if not line.request_id]
    again = list(_booked_before(nameless, lone_ours))
    yield from (Pair(lines=(nameless[at],), ours=lone_ours[mine]) for at, mine in again)
    nameless, lone_ours = _without(nameless, {at for at, _ in again}), _without(lone_ours, {mine for _, mine in again})
    left: list[Line] = []
    for batch in _by_request(strangers):
        known = look_up([lines[0].request_id for lines in batch])
        yield from (Pair(lines=lines, ours=known[lines[0].request_id]) for lines in batch if lines[0].request_id in known)
        left += (line for lines in batch if lines[0].request_id not in known for line in lines)
    yield from _without_ids([*nameless, *left], lone_ours)


def _side_by_side(lines: Iterable[Line], ours: Iterable[Ours]) -> Iterator[Pair]:
    """Walk both in step, as they are in the same order; what has no id stands alone."""
    billed = ((request_id, tuple(group)) for request_id, group in groupby(lines, key=lambda line: line.request_id))
    waiting = iter(ours)
    mine = next(waiting, None)
    for request_id, group in billed:
        while mine and (mine.request_id < request_id or not mine.request_id):
            yield Pair(ours=mine)
            mine = next(waiting, None)
        if request_id and mine and mine.request_id == request_id:
            yield Pair(lines=group, ours=mine)
            mine = next(waiting, None)
        elif request_id:
            yield Pair(lines=group)
        else:
            yield from (Pair(lines=(line,)) for line in group)
    if mine:
        yield Pair(ours=mine)
    yield from (Pair(ours=one) for one in waiting)


def _by_request(lines: Sequence[Line]) -> Iterator[list[tuple[Line, ...]]]:
    groups = (tuple(group) for _, group in groupby(lines, key=lambda line: line.request_id))
    while batch := list(islice(groups, LOOKED_UP_AT_ONCE)):
        yield batch


def _booked_before(lines: Sequence[Line], ours: Sequence[Ours]) -> Iterator[tuple[int, int]]:
    """Yield the places of a line without an id and of what was booked for it; whichever of several it is, it is the same money."""
    slots: dict[tuple[str, int], _Slot] = defaultdict(_Slot)
    for at, mine in enumerate(ours):
        if mine.key and not mine.request_id:
            slots[mine.endpoint, mine.micro_usd].ours.append((_seconds(mine.ended_at), at))
    for at, line in enumerate(lines if slots else ()):
        slots[line.endpoint, round(Decimal(line.nano_usd) / 1000)].lines.append((_seconds(line.at), at))
    for slot in slots.values():
        yield from slot.in_step(ONE_MOMENT_SECONDS)
        yield from slot.in_step(MINUTES_APART * 60)


def _without(things: Sequence[_Thing], taken: Set[int]) -> list[_Thing]:
    return [one for at, one in enumerate(things) if at not in taken]


def _without_ids(lines: Sequence[Line], ours: Sequence[Ours]) -> Iterator[Pair]:
    """Pair what is alone on both sides; whatever could be two things stays apart."""
    slots = _slots(lines, ours)
    taken_lines, taken_ours = set(), set()
    for slot in slots.values():
        for at, mine in slot.only_pairs(lines, ours):
            yield Pair(lines=(lines[at],), ours=ours[mine])
            taken_lines.add(at)
            taken_ours.add(mine)
    left = _without(lines, taken_lines)
    yield from (Pair(lines=(line,)) for line in left if not line.request_id)
    yield from (Pair(lines=group) for batch in _by_request([line for line in left if line.request_id]) for group in batch)
    yield from (Pair(ours=mine) for mine in _without(ours, taken_ours))


@dataclass(kw_only=True)
class _Slot:
    """Lines and calls of one endpoint and amount, each as (seconds, place); those without an id also by themselves."""

    lines: list[tuple[float, int]] = field(default_factory=list)
    ours: list[tuple[float, int]] = field(default_factory=list)

    def only_pairs(self, lines: Sequence[Line], ours: Sequence[Ours]) -> Iterator[tuple[int, int]]:
        """Yield the places of a line and a call that have nobody but each other: two ids that differ are two requests."""
        billed, mine = sorted(self.lines), sorted(self.ours)
        nameless_lines = [one for one in billed if not lines[one[1]].request_id]
        nameless_ours = [one for one in mine if not ours[one[1]].request_id]
        for line in billed:
            fits = _only(nameless_ours if lines[line[1]].request_id else mine, line[0])
            if fits and _only(nameless_lines if ours[fits[1]].request_id else billed, fits[0]) == line:
                yield line[1], fits[1]

    def in_step(self, apart_seconds: float) -> Iterator[tuple[int, int]]:
        """Take out as many pairs as there can be of what is so near, the earliest with the earliest, and yield their places."""
        billed, mine = deque(sorted(self.lines)), deque(sorted(self.ours))
        self.lines, self.ours = [], []
        while billed and mine:
            off = billed[0][0] - mine[0][0]
            if abs(off) <= apart_seconds:
                yield billed.popleft()[1], mine.popleft()[1]
            elif off < 0:
                self.lines.append(billed.popleft())
            else:
                self.ours.append(mine.popleft())
        self.lines += billed
        self.ours += mine


def _only(others: Sequence[tuple[float, int]], seconds: float) -> tuple[float, int] | None:
    """Return the single one within the minutes; None where there is none, or more."""
    first = bisect_left(others, seconds - MINUTES_APART * 60, key=lambda one: one[0])
    last = bisect_right(others, seconds + MINUTES_APART * 60, key=lambda one: one[0])
    return others[first] if last - first == 1 else None


def _slots(lines: Sequence[Line], ours: Sequence[Ours]) -> dict[tuple[str, int], _Slot]:
    """Sort by endpoint and amount what could belong together: on one side or the other the id is missing."""
    slots: dict[tuple[str, int], _Slot] = defaultdict(_Slot)
    single = {request_id for request_id, group in groupby(lines, key=lambda line: line.request_id) if len(list(group)) == 1}
    for at, line in enumerate(lines):
        if line.nano_usd and (not line.request_id or line.request_id in single):
            slots[line.endpoint, line.nano_usd].lines.append((_seconds(line.at), at))
    for at, mine in enumerate(ours):
        if mine.micro_usd:
            slots[mine.endpoint, mine.micro_usd * 1000].ours.append((_seconds(mine.ended_at), at))
    return {
        key: slot
        for key, slot in slots.items()
        if any(not lines[at].request_id for _, at in slot.lines) or any(not ours[at].request_id for _, at in slot.ours)
    }


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
