"""The figures an analyst looks at first: what was spent and on what, what came of it, what was wasted, and whether requests fail unusually."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from pipeline.records import RunKind
from pipeline.studio.costs import Slice, added
from pipeline.studio.place import Place
from pipeline.studio.sweep_prices import FEATURE
from pipeline.wording import counted

OTHERS = "everything else"
USUAL = 20  # requests before: with fewer nobody can say what is usual
ALARM = 3.0  # standard errors; a usual period is called unusual once in 700 times


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Sums over a slice: money in micro-dollars, the rest counts of requests, of results used again and of pictures and clips.

    `lost` money was charged for requests without a usable result. A result is `retired` when another took its place after it was approved.
    What a bill put right is lost, rejected or retired money as its request is.
    """

    charged_micro_usd: int = 0
    held_micro_usd: int = 0
    requests: int = 0
    paid: int = 0
    open: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    lost_micro_usd: int = 0
    reused: int = 0
    saved_micro_usd: int = 0
    approved: int = 0
    published: int = 0
    rejected: int = 0
    rejected_micro_usd: int = 0
    retired: int = 0
    retired_micro_usd: int = 0

    @property
    def waste_micro_usd(self) -> int:
        """Money for what nobody uses: lost, rejected and retired."""
        return self.lost_micro_usd + self.rejected_micro_usd + self.retired_micro_usd

    @property
    def waste_share(self) -> float | None:
        """Waste of all that was spent, 0 to 1."""
        return self.waste_micro_usd / self.charged_micro_usd if self.charged_micro_usd > 0 else None

    @property
    def success_rate(self) -> float | None:
        """Requests with a usable result of all that ended by themselves, 0 to 1; who cancels says nothing of the provider."""
        ended = self.succeeded + self.failed
        return self.succeeded / ended if ended else None

    @property
    def reuse_rate(self) -> float | None:
        """Results used again of all results, 0 to 1."""
        results = self.reused + self.succeeded
        return self.reused / results if results else None

    @property
    def per_success_micro_usd(self) -> int | None:
        """Everything spent, by usable results."""
        return _share(self.charged_micro_usd, self.succeeded)

    @property
    def per_approved_micro_usd(self) -> int | None:
        """Everything spent, by results that are approved now."""
        return _share(self.charged_micro_usd, self.approved)

    @property
    def per_published_micro_usd(self) -> int | None:
        """Everything spent, by avatars and clips that guests see now."""
        return _share(self.charged_micro_usd, self.published)


SUMS = tuple(part.name for part in fields(Figures))
SHARES = (
    "waste_micro_usd",
    "waste_share",
    "success_rate",
    "reuse_rate",
    "per_success_micro_usd",
    "per_approved_micro_usd",
    "per_published_micro_usd",
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """The figures of one name of a dimension; None where requests have none, such as a style for a clip."""

    name: str | None
    figures: Figures

    def document(self) -> dict[str, Any]:
        """Return the name and every figure."""
        return {"name": self.name, **document(self.figures)}


@dataclass(frozen=True, kw_only=True)
class Point:
    """What one name came to on one day, week (its Monday) or month (its first day), in micro-dollars."""

    day: str
    name: str | None
    micro_usd: int


def document(figures: Figures) -> dict[str, Any]:
    """Return every sum and every share made of them, by name."""
    return {**vars(figures), **{name: getattr(figures, name) for name in SHARES}}


@dataclass(frozen=True, kw_only=True)
class Portraits:
    """What portraits came to: `made_micro_usd` for customers' cases, `experiments_micro_usd` for sweeps, and how many guests see now.

    A portrait is an avatar with its clip, so there are as many as clips that guests see.
    """

    made_micro_usd: int
    experiments_micro_usd: int
    seen_by_guests: int

    @property
    def each_micro_usd(self) -> int | None:
        """Everything spent for customers, its rejected and failed attempts too, by portraits that guests see; None without one."""
        return _share(self.made_micro_usd, self.seen_by_guests)


def portraits(place: Place, looked_at: Slice) -> Portraits:
    """Add up what was spent for customers and for experiments in a slice; raises BadParameter."""
    rows = added(place, looked_at, ("feature", "kind"), ("charged_micro_usd", "published"))
    experiments = sum(row["charged_micro_usd"] for row in rows if row["feature"] == FEATURE)
    clips = sum(row["published"] for row in rows if row["kind"] == RunKind.CLIP)
    return Portraits(
        made_micro_usd=sum(row["charged_micro_usd"] for row in rows) - experiments, experiments_micro_usd=experiments, seen_by_guests=clips
    )


def figures(place: Place, looked_at: Slice) -> Figures:
    """Add up everything in a slice; raises BadParameter."""
    return Figures(**added(place, looked_at, (), SUMS)[0])


def parts(place: Place, looked_at: Slice, by: str) -> tuple[Part, ...]:
    """Return the figures of each name of a dimension, the dearest first; their sums are those of `figures`. Raises BadParameter."""
    rows = added(place, looked_at, (by,), SUMS)
    found = [Part(name=row[by] or None, figures=Figures(**{name: row[name] for name in SUMS})) for row in rows]
    return tuple(sorted((part for part in found if part.figures != Figures()), key=lambda part: (-part.figures.charged_micro_usd, str(part.name))))


def over_time(place: Place, looked_at: Slice, by: str, *, grain: str = "day", most: int = 7) -> tuple[Point, ...]:
    """Return what was spent over time by a dimension: the `most` dearest names by themselves, the rest as one.

    `grain` is day, week or month. Days without spending are left out. Raises BadParameter.
    """
    rows = added(place, looked_at, ("day", by), ("charged_micro_usd",)) if by != "day" else added(place, looked_at, ("day",), ("charged_micro_usd",))
    sums: dict[str | None, int] = {}
    for row in rows:
        sums[row[by] or None] = sums.get(row[by] or None, 0) + row["charged_micro_usd"]
    dearest = sorted(sums, key=lambda name: (-sums[name], str(name)))
    kept = set(dearest if by == "day" or len(dearest) <= most + 1 else dearest[:most])
    points: dict[tuple[str, str | None], int] = {}
    for row in rows:
        name = row[by] or None
        at = (start_of(row["day"], grain), name if name in kept else OTHERS)
        points[at] = points.get(at, 0) + row["charged_micro_usd"]
    return tuple(
        Point(day=day, name=name, micro_usd=money) for (day, name), money in sorted(points.items(), key=lambda at: (at[0][0], str(at[0][1]))) if money
    )


def start_of(day: str, grain: str) -> str:
    """Return the first day of the week or month that a day is in, or the day itself.

    >>> start_of("2026-05-20", "week"), start_of("2026-05-20", "month"), start_of("2026-05-20", "day")
    ('2026-05-18', '2026-05-01', '2026-05-20')
    """
    if grain == "month":
        return f"{day[:7]}-01"
    at = date.fromisoformat(day)
    return (at - timedelta(days=at.weekday())).isoformat() if grain == "week" else day


def unusual(now: Figures, before: Figures) -> str | None:
    """Say in words that requests fail more often than before, if chance hardly explains it; None while all is usual.

    Two-proportion z-test with a pooled share (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 2003, §3.1).
    """
    ended, earlier = now.succeeded + now.failed, before.succeeded + before.failed
    if ended < USUAL or earlier < USUAL:
        return None
    share, usual = now.failed / ended, before.failed / earlier
    pooled = (now.failed + before.failed) / (ended + earlier)
    error = math.sqrt(pooled * (1 - pooled) * (1 / ended + 1 / earlier))
    if error == 0 or (share - usual) / error < ALARM:
        return None
    return f"{share:.1%} of {counted(ended, 'request')} failed; {usual:.1%} of {earlier:,} before. Chance alone hardly explains that."


def names(place: Place, looked_at: Slice, by: str) -> Sequence[str]:
    """Return the names of a dimension that occur in a slice, the dearest first; raises BadParameter."""
    return [part.name for part in parts(place, looked_at, by) if part.name]


def _share(money: int, count: int) -> int | None:
    return round(money / count) if count else None
