"""Blind votes over pairs become a ranking with intervals; a winner is named only when the votes bear it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import ceil
from random import Random

import numpy as np

from pipeline.errors import BadParameter
from pipeline.sweeps.strengths import RIDGE, Fit, Numbers, can_lose, chances, fit, groups

Z_95 = 1.96
# Looking after every few votes makes one false winner in four at 1.96; at 2.7 it stays near one in twenty.
Z_WINNER = 2.7
# Nobody is called best on fewer decided votes than these: eight in a row for one happen by chance once in 256, about as seldom as 2.7 is passed.
FEWEST_VOTES = 8


class Verdict(StrEnum):
    """What a person says of a pair."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both bad"


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One person's verdict on two items as they stood side by side; raises BadParameter when both are the same."""

    left: str
    right: str
    person: str
    verdict: Verdict

    def __post_init__(self) -> None:
        if self.left == self.right:
            raise BadParameter("A pair needs two different pictures.")

    @property
    def preferred(self) -> str:
        """The item that was preferred, or the verdict itself when none was; the same for either order of the sides."""
        return {Verdict.LEFT: f"item {self.left}", Verdict.RIGHT: f"item {self.right}"}.get(self.verdict, self.verdict.value)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One item's strength (log odds, all add up to zero), its standard error and 95 % interval, and what was said of it."""

    item: str
    strength: float
    error: float
    low: float
    high: float
    wins: int
    losses: int
    ties: int
    both_bad: int


@dataclass(frozen=True, kw_only=True)
class Lead:
    """How far the first is ahead of the second: difference of strengths, its 95 % interval and z; `high` is None where nothing limits it."""

    difference: float
    low: float
    high: float | None
    z: float


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Standings from best to worst, the winner if there is one, the lead of the first, and in words what can be said.

    `enough` tells whether anything may be called best: all items are connected, and the first has at least FEWEST_VOTES decided votes.
    """

    standings: tuple[Standing, ...]
    winner: str | None
    lead: Lead | None
    words: str
    enough: bool = False


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How many verdicts of two persons on the same pair there are, how many are the same, and the share (None without any)."""

    pairs: int
    agreed: int
    share: float | None
    between: Mapping[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What an item costs and how strong it is; `efficient` when nothing that costs no more is better."""

    item: str
    cost_micro_usd: int
    strength: float
    efficient: bool


def rank(votes: Iterable[Vote]) -> Ranking:
    """Rank by Bradley–Terry strength; a tie is half a win for each, "both bad" is counted and moves nobody.

    A winner is named when all items are connected by pairs and z of the first's lead over the second, by the variance of their
    difference, is above 2.7 (so that its 95 % interval lies well above 0). Where the first never lost, nothing limits its lead; the lead
    is then judged as if it had lost one more vote to the second. Items with "both bad" only stand last, with the ridge's own width:
    nothing is known of them.
    """
    cast = list(votes)
    wins, names = _counted(cast, sorted({name for vote in cast if vote.verdict is not Verdict.BOTH_BAD for name in (vote.left, vote.right)}))
    if not names:
        words = "Too few votes: nobody preferred one to another yet." if cast else "Too few votes: there are none yet."
        return Ranking(standings=_standings(cast, names, None), winner=None, lead=None, words=words)
    found = fit(wins)
    standings, parts = _standings(cast, names, found), len(groups(wins))
    if parts > 1:
        words = f"Too few votes: they form {parts} groups that no pair connects, so the groups cannot be compared."
        return Ranking(standings=standings, winner=None, lead=None, words=words)
    lead = _lead(wins, found, *(names.index(standing.item) for standing in standings[:2]))
    decided = standings[0].wins + standings[0].losses
    if decided < FEWEST_VOTES:
        words = f"Too few votes: {decided} of at least {FEWEST_VOTES} on the first, as {FEWEST_VOTES} in a row happen by chance once in 256."
        return Ranking(standings=standings, winner=None, lead=lead, words=words)
    winner = standings[0].item if lead.z > Z_WINNER else None
    return Ranking(standings=standings, winner=winner, lead=lead, words=_words(lead, decided), enough=True)


def agreement(votes: Iterable[Vote]) -> Agreement:
    """Compare, for every two persons, each verdict of one with each of the other on the same pair, whichever side the items stood on.

    `between` holds (pairs, agreed) by the two persons' names in order.
    """
    on_pair: dict[frozenset[str], list[Vote]] = defaultdict(list)
    for vote in votes:
        on_pair[frozenset((vote.left, vote.right))].append(vote)
    met: Counter[tuple[str, str]] = Counter()
    same: Counter[tuple[str, str]] = Counter()
    for first, second in (two for cast in on_pair.values() for two in combinations(cast, 2) if two[0].person != two[1].person):
        persons = (min(first.person, second.person), max(first.person, second.person))
        met[persons] += 1
        same[persons] += first.preferred == second.preferred
    pairs, agreed = met.total(), same.total()
    between = {persons: (met[persons], same[persons]) for persons in sorted(met)}
    return Agreement(pairs=pairs, agreed=agreed, share=agreed / pairs if pairs else None, between=between)


def quality_per_dollar(strengths: Mapping[str, float], cost_micro_usd: Mapping[str, int]) -> tuple[Worth, ...]:
    """Return the items that have both a strength and a cost, cheapest first, and tell which lie on the efficient line."""
    known = sorted((cost_micro_usd[item], -strengths[item], item) for item in strengths.keys() & cost_micro_usd.keys())
    best: tuple[float, int] | None = None
    points = []
    for cost, negative, item in known:
        efficient = best is None or -negative > best[0] or (-negative, cost) == best
        best = (-negative, cost) if efficient else best
        points.append(Worth(item=item, cost_micro_usd=cost, strength=-negative, efficient=efficient))
    return tuple(points)


def next_pair(items: Sequence[str], votes: Iterable[Vote], person: str, random: Random) -> tuple[str, str] | None:
    """Choose the pair this person has not judged whose outcome is least known, (left, right) by chance; None when all are judged.

    Least known: p (1 − p) times the variance of the difference, which is what one more vote can tell; equals are drawn by lot.
    """
    cast = list(votes)
    judged = {frozenset((vote.left, vote.right)) for vote in cast if vote.person == person}
    left = [pair for pair in combinations(dict.fromkeys(items), 2) if frozenset(pair) not in judged]
    if not left:
        return None
    wins, names = _counted(cast, sorted({*items, *(name for vote in cast for name in (vote.left, vote.right))}))
    found, place = fit(wins), {name: index for index, name in enumerate(names)}
    chance = chances(found.strengths)
    unknown = chance * (1 - chance) * found.variance_of_difference()
    worth = [float(unknown[place[first], place[second]]) for first, second in left]
    enough = max(worth) * (1 - 1e-9)
    first, second = random.choice([pair for pair, each in zip(left, worth, strict=True) if each >= enough])
    return (first, second) if random.random() < 0.5 else (second, first)


def _counted(votes: Sequence[Vote], names: list[str]) -> tuple[Numbers, list[str]]:
    wins, place = np.zeros((len(names), len(names))), {name: index for index, name in enumerate(names)}
    shares = {Verdict.LEFT: (1.0, 0.0), Verdict.RIGHT: (0.0, 1.0), Verdict.TIE: (0.5, 0.5)}
    for vote in votes:
        if vote.verdict in shares:
            left, right = place[vote.left], place[vote.right]
            wins[left, right] += shares[vote.verdict][0]
            wins[right, left] += shares[vote.verdict][1]
    return wins, names


def _standings(votes: Sequence[Vote], names: Sequence[str], found: Fit | None) -> tuple[Standing, ...]:
    said = _said(votes)
    strengths = {} if found is None else dict(zip(names, map(float, found.strengths), strict=True))
    errors = {} if found is None else dict(zip(names, map(float, np.sqrt(np.diag(found.covariance))), strict=True))
    standings = [_standing(item, strengths.get(item, 0.0), errors.get(item, RIDGE**-0.5), said[item]) for item in said]
    return tuple(sorted(standings, key=lambda each: (each.item not in strengths, -round(each.strength, 9), each.item)))


def _standing(item: str, strength: float, error: float, said: Mapping[str, int]) -> Standing:
    width = Z_95 * error
    counts = {name: said.get(name, 0) for name in ("wins", "losses", "ties", "both_bad")}
    return Standing(item=item, strength=strength, error=error, low=strength - width, high=strength + width, **counts)


def _said(votes: Sequence[Vote]) -> dict[str, Counter[str]]:
    meaning = {
        Verdict.LEFT: ("wins", "losses"),
        Verdict.RIGHT: ("losses", "wins"),
        Verdict.TIE: ("ties", "ties"),
        Verdict.BOTH_BAD: ("both_bad", "both_bad"),
    }
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for vote in votes:
        for item, word in zip((vote.left, vote.right), meaning[vote.verdict], strict=True):
            said[item][word] += 1
    return said


def _lead(wins: Numbers, found: Fit, first: int, second: int) -> Lead:
    limited = can_lose(wins, first, second)
    if not limited:
        wins = wins.copy()
        wins[second, first] += 1
        found = fit(wins)
    difference = float(found.strengths[first] - found.strengths[second])
    error = float(np.sqrt(found.variance_of_difference()[first, second]))
    high = difference + Z_95 * error if limited else None
    return Lead(difference=difference, low=difference - Z_95 * error, high=high, z=difference / error)


def _words(lead: Lead, decided: int) -> str:
    times = f"{lead.z:.2f} times its uncertainty"
    if lead.z <= 0:
        return "Too few votes: one more could turn the first and the second around."
    if lead.z <= Z_WINNER:
        more = ceil(decided * ((Z_WINNER / lead.z) ** 2 - 1))
        ahead = f"about {more:,} more on the first if it goes on like this"
        return f"Too few votes: the lead of the first over the second is {times}, and a winner needs more than {Z_WINNER} times: {ahead}."
    if lead.high is None:
        return f"The first wins: it never lost, and its lead over the second is {times} even if it had lost one more vote."
    return f"The first wins: its lead over the second is {times}."
