"""When to look next at a request: few looks while it cannot be done yet, close ones when it should be, at most forty in all."""

from collections.abc import Sequence
from dataclasses import dataclass

LOOKS = 40
CLOSEST_SECONDS = 0.1
NEAR = 0.03


@dataclass(frozen=True, kw_only=True)
class Usual:
    """How long a model usually takes, in seconds: hardly ever under `low`, mostly under `high`."""

    low: float
    high: float


def learn(durations: Sequence[float]) -> Usual | None:
    """Learn from the newest durations of a model; None when there are fewer than three.

    >>> learn([2.0, 2.1, 2.05, 2.2])
    Usual(low=1.84, high=2.2)
    """
    if len(durations) < 3:
        return None
    ordered = sorted(durations)
    low = ordered[len(ordered) // 10]
    return Usual(low=round(max(low * 0.97 - 0.1, 0.0), 3), high=ordered[-1 - len(ordered) // 10])


def next_look(elapsed: float, looks: int, usual: Usual | None, expected_seconds: float, deadline_seconds: float) -> float:
    """Return how long to wait before the next look, in seconds.

    Before the usual time there are up to three looks, for the stage and the place in the queue; around it a look every 3 % of the time
    passed (so that the end is noticed within 3 %) but not closer than 0.1 s; later so that the remaining looks last until the deadline.
    """
    if usual is not None and elapsed < usual.low:
        return min(usual.low - elapsed, max(usual.low / 3, 4 * CLOSEST_SECONDS))
    gap = max(elapsed * NEAR, CLOSEST_SECONDS)
    if usual is None:
        gap = max(gap, min(0.25, expected_seconds / LOOKS) if looks < LOOKS // 4 else elapsed * 2 * NEAR)
    return max(gap, _spread(elapsed, looks, deadline_seconds))


def _spread(elapsed: float, looks: int, deadline_seconds: float) -> float:
    left = LOOKS - looks
    if left <= 1:
        return max(deadline_seconds - elapsed, CLOSEST_SECONDS)
    if elapsed <= 0:
        return 0.0
    if looks < LOOKS * 0.6:
        return 0.0
    ratio: float = max(deadline_seconds / elapsed, 1.0) ** (1 / (left - 1))
    return elapsed * (ratio - 1)
