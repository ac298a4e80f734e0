"""Bradley–Terry strengths from counted wins: what is preferred to what how often, on one scale, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

RIDGE = 1e-3
MOST_STEPS = 100
MOST_HALVINGS = 30
SMALLEST_STEP = 1e-10


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Strengths that add up to zero (in log odds) and their n × n covariance."""

    strengths: Numbers
    covariance: Numbers

    def variance_of_difference(self) -> Numbers:
        """Return for every two items the variance of the difference of their strengths, n × n."""
        own = np.diag(self.covariance)
        return own[:, None] + own[None, :] - 2 * self.covariance


def fit(wins: Numbers) -> Fit:
    """Find the strengths under which the counted wins are most likely; `wins[i, j]` is how often i was preferred to j, a tie half each.

    The chance that i is preferred to j is 1 / (1 + e^(θj − θi)). Newton's method with a ridge of 0.001 on the strengths, so that items
    which never lost stay finite; steps are halved while they make it worse. Covariance: C H⁻¹ C with C = I − 1/n.
    """
    strengths = np.zeros(len(wins))
    for _ in range(MOST_STEPS):
        slope, curve = _slope_and_curve(wins, strengths)
        step: Numbers = np.asarray(np.linalg.solve(curve, slope), dtype=np.float64)
        step *= _share_to_take(wins, strengths, step)
        strengths = strengths + step
        if np.abs(step).max(initial=0.0) < SMALLEST_STEP:
            break
    strengths = strengths - strengths.mean()
    centre = np.eye(len(wins)) - 1 / len(wins)
    _, curve = _slope_and_curve(wins, strengths)
    return Fit(strengths=strengths, covariance=centre @ np.linalg.inv(curve) @ centre)


def chances(strengths: Numbers) -> Numbers:
    """Return for every two items the chance that the first is preferred, n × n."""
    distance = strengths[:, None] - strengths[None, :]
    return np.asarray(0.5 + 0.5 * np.tanh(distance / 2))


def groups(wins: Numbers) -> list[set[int]]:
    """Return the items in groups that pairs connect; strengths of different groups cannot be compared."""
    left, found = set(range(len(wins))), []
    while left:
        group = _reached(wins + wins.T, min(left))
        found.append(group)
        left -= group
    return found


def can_lose(wins: Numbers, item: int, other: int) -> bool:
    """Tell whether `item` lost to `other` or to one that did, and so on: only then the data say how far ahead it is at most."""
    return other in _reached(wins.T, item)


def _slope_and_curve(wins: Numbers, strengths: Numbers) -> tuple[Numbers, Numbers]:
    counts, chance = wins + wins.T, chances(strengths)
    slope = (wins - counts * chance).sum(axis=1) - RIDGE * strengths
    weight = counts * chance * (1 - chance)
    return slope, np.diag(weight.sum(axis=1) + RIDGE) - weight


def _share_to_take(wins: Numbers, strengths: Numbers, step: Numbers) -> float:
    before, shares = _aim(wins, strengths), (0.5**halvings for halvings in range(MOST_HALVINGS))
    return next((share for share in shares if _aim(wins, strengths + share * step) >= before), 0.0)


def _aim(wins: Numbers, strengths: Numbers) -> float:
    """The log likelihood less the ridge, which the steps make as large as it gets."""
    distance = strengths[:, None] - strengths[None, :]
    return -float((wins * np.logaddexp(0, -distance)).sum()) - RIDGE / 2 * float(strengths @ strengths)


def _reached(ways: Numbers, start: int) -> set[int]:
    """Walk from `start` along every way above zero."""
    seen, edge = {start}, [start]
    while edge:
        for found in map(int, np.flatnonzero(ways[edge.pop()] > 0)):
            if found not in seen:
                seen.add(found)
                edge.append(found)
    return seen
