"""When to look next at a request: few looks while it cannot be done yet, close ones when it should be, at most forty in all."""

from collections.abc import Sequence
from dataclasses import dataclass

LOOKS = 40
CLOSEST_SECONDS = 0.1
FIRST_SECONDS = 0.5
NEAR = 0.03


@dataclass(frozen=True, kw_only=True)
class Usual:
    """How long a model usually takes, in seconds: hardly ever under `low`, mostly under `high`."""

    low: float
    high: float


def learn(seen: Sequence[tuple[float, float]]) -> Usual | None:
    """Learn from the newest requests of a model: for each, when it was last seen unfinished and when its end was noticed, in seconds.

    The first figure is what counts for `low`: learning from the moment of notice alone would make every notice a little later than the one
    before. None when there are fewer than three.

    >>> learn([(2.0, 2.1), (1.9, 2.05), (2.1, 2.2)])
    Usual(low=1.743, high=2.2)
    """
    if len(seen) < 3:
        return None
    lows, highs = sorted(low for low, _ in seen), sorted(high for _, high in seen)
    return Usual(low=round(max(lows[len(lows) // 10] * 0.97 - 0.1, 0.0), 3), high=highs[-1 - len(highs) // 10])


def next_look(elapsed: float, looks: int, usual: Usual | None, expected_seconds: float, deadline_seconds: float) -> float:
    """Return how long to wait before the next look, in seconds.

    Before the earliest likely end there are up to three looks, for the stage and the place in the queue; around it a look every 3 % of the
    time passed (so that the end is noticed within 3 %) but not closer than 0.1 s; later so that the remaining looks last until the deadline.
    A model that was never met is taken to need half to twice what the catalogue expects, and looked at every 6 %; before, since it may be far
    quicker, after 0.5 s and then at three times the time passed.
    """
    low = usual.low if usual else expected_seconds / 2
    if elapsed < low:
        return min(low - elapsed, max(low / 3, 4 * CLOSEST_SECONDS) if usual else max(2 * elapsed, FIRST_SECONDS))
    near = NEAR if usual else 2 * NEAR
    return max(elapsed * near, CLOSEST_SECONDS, _spread(elapsed, looks, deadline_seconds))


def _spread(elapsed: float, looks: int, deadline_seconds: float) -> float:
    left = LOOKS - looks
    if left <= 1:
        return max(deadline_seconds - elapsed, CLOSEST_SECONDS)
    if elapsed <= 0:
        return 0.0
    if looks < LOOKS * 0.8:
        return 0.0
    ratio: float = max(deadline_seconds / elapsed, 1.0) ** (1 / (left - 1))
    return elapsed * (ratio - 1)
