"""A whole bill against a whole period: what agrees, and every difference with its cause."""

from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass, replace

from pipeline.reckoning.causes import Difference, Terms, day_of, differences, names
from pipeline.reckoning.pairing import LookUp, Ours, pairs
from pipeline.reckoning.pile import Line


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a comparison came to: requests that agree, both sums, what copies of lines would add, and each difference.

    The bill minus ours is the sum of the differences (`unsettled_nano_usd`, copies left out) and of what is left below a micro-dollar of requests
    that were adjusted before (`rests_nano_usd`). `met` are the names asked for (`watched`) whose request was among what was compared.
    """

    matched: int
    billed_nano_usd: int
    ours_micro_usd: int
    copies_nano_usd: int
    rests_nano_usd: int
    differences: tuple[Difference, ...]
    met: frozenset[str] = frozenset()

    @property
    def unsettled_nano_usd(self) -> int:
        """The sum of the differences, copies left out."""
        return sum(one.nano_usd for one in self.differences) - self.copies_nano_usd


def compare(lines: Iterable[Line], ours: Iterable[Ours], look_up: LookUp, terms: Terms, watched: Set[str] = frozenset()) -> Comparison:
    """Compare lines and calls, both in the order of their request ids; lines outside the period only serve to be found by a call of it."""
    matched = billed = mine = copies = rests = 0
    found: list[Difference] = []
    met: set[str] = set()
    taken: set[str] = set()
    named: Counter[str] = Counter()
    for pair in pairs(lines, ours, look_up):
        if not (pair.lines and pair.ours) and not terms.since <= day_of(pair) <= terms.until:
            continue
        met.update(name for name in names(pair) if name in watched)
        known = bool(pair.ours and pair.ours.key)
        if pair.ours and known:
            taken.add(pair.ours.key)
        billed += pair.billed_nano_usd
        mine += pair.ours_micro_usd
        copies += sum(line.nano_usd * (line.copies - 1) for line in pair.lines)
        differing = list(differences(pair, terms))
        if pair.nano_usd and all(one.key.endswith("|copy") for one in differing):
            rests += pair.nano_usd
        matched += bool(pair.lines and pair.ours) and all(one.key.endswith("|copy") for one in differing)
        found += (one if known else _apart(one, taken, named) for one in differing)
    return Comparison(
        matched=matched,
        billed_nano_usd=billed,
        ours_micro_usd=mine,
        copies_nano_usd=copies,
        rests_nano_usd=rests,
        differences=tuple(found),
        met=frozenset(met),
    )


def _apart(one: Difference, taken: set[str], named: Counter[str]) -> Difference:
    """Give lines that are alike in everything names of their own, and none that an earlier one was booked by."""
    key = one.key
    while key in taken:
        named[one.key] += 1
        key = one.key if named[one.key] == 1 else f"{one.key} #{named[one.key]}"
    taken.add(key)
    return one if key == one.key else replace(one, key=key)
