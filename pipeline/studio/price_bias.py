"""Are the prices right? What was estimated for requests that succeeded, against what the same requests cost, model by model."""

from dataclasses import dataclass
from typing import Any

from pipeline.records import dollars
from pipeline.studio.costs import Slice, added
from pipeline.studio.place import Place

LARGE_PERCENT = 2.0
ENOUGH = 20  # with fewer requests a single odd one would raise the flag


@dataclass(frozen=True, kw_only=True)
class Bias:
    """How estimates of a model stood to what was settled, over so many requests that succeeded; money in micro-dollars."""

    model: str
    requests: int
    estimated_micro_usd: int
    settled_micro_usd: int

    @property
    def percent(self) -> float | None:
        """How much more was settled than estimated, in per cent (negative: less); None while nothing was estimated.

        100 · (settled - estimated) / estimated.
        """
        if not self.estimated_micro_usd:
            return None
        return 100 * (self.settled_micro_usd - self.estimated_micro_usd) / self.estimated_micro_usd

    @property
    def is_large(self) -> bool:
        """Whether prices have drifted: more than 2 % either way over at least 20 requests, or charged though estimated at nothing."""
        if self.requests < ENOUGH:
            return False
        return self.settled_micro_usd > 0 if self.percent is None else abs(self.percent) > LARGE_PERCENT

    @property
    def words(self) -> str:
        """The same in a sentence."""
        if self.is_large and self.percent is None:
            return f"Estimated at nothing, yet {dollars(self.settled_micro_usd)} was charged. Check the model's price."
        if not self.is_large or self.percent is None:
            return "Estimates agree with what was charged." if self.requests >= ENOUGH else f"Too few requests to tell ({self.requests} of {ENOUGH})."
        more = "more" if self.percent > 0 else "less"
        per = abs(self.settled_micro_usd - self.estimated_micro_usd) // self.requests
        return f"It costs {abs(self.percent):.1f} % {more} than estimated, about {dollars(per)} a request. Check the model's price."

    def document(self) -> dict[str, Any]:
        """Return every number by name, with `percent` and `flagged`."""
        sums = {"estimated_micro_usd": self.estimated_micro_usd, "settled_micro_usd": self.settled_micro_usd}
        return {"model": self.model, "requests": self.requests, **sums, "percent": self.percent, "flagged": self.is_large, "say": self.words}


def look(place: Place, looked_at: Slice) -> tuple[Bias, ...]:
    """Return the bias of every model with a request that succeeded in a slice, the largest first; raises BadParameter."""
    rows = added(place, looked_at, ("model",), ("succeeded", "estimated_micro_usd", "settled_micro_usd"))
    found = [
        Bias(
            model=str(row["model"]),
            requests=row["succeeded"],
            estimated_micro_usd=row["estimated_micro_usd"],
            settled_micro_usd=row["settled_micro_usd"],
        )
        for row in rows
        if row["succeeded"]
    ]
    return tuple(sorted(found, key=lambda bias: (not bias.is_large, -abs(bias.percent or 0), bias.model)))
