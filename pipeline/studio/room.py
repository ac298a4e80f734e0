"""Whether a wish fits in every budget, said before anybody presses: which one would be passed, what is left of it, who may extend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.database import Connection
from pipeline.ledger.budgets import refusal, remedy
from pipeline.ledger.limits import STEPS, Limit, Measure, standing
from pipeline.records import Person, Role
from pipeline.studio import people
from pipeline.studio.place import Place

MOST_NAMES = 3


@dataclass(frozen=True, kw_only=True)
class Room:
    """What budgets say to a wish: `why` it cannot be paid for now (None when it can) with what to do about it, and what soft ones remark."""

    why: str | None
    remedy: str
    warnings: tuple[str, ...]

    @property
    def words(self) -> str | None:
        """Say why not and what to do, in one line; None when it can be paid for."""
        return f"{self.why} {self.remedy}" if self.why else None


FREE = Room(why=None, remedy="", warnings=())


def look(
    place: Place,
    db: Connection,
    micro_usd: int,
    by: Person,
    *,
    feature: str,
    case_id: str | None = None,
    sweep: str | None = None,
    person: str = "",
    requests: int = 1,
) -> Room:
    """Look whether so many requests at so much in all would fit now; what costs nothing and asks nobody always does.

    `by` would press; the money counts as `person`'s if that is somebody else, as at a retry of what a colleague asked for.
    """
    if not micro_usd and not requests:
        return FREE
    limits = standing(db, place.caps, person=person or by.name, feature=feature, case_id=case_id, sweep=sweep)
    asked = [(one, requests if one.measure is Measure.REQUESTS else micro_usd) for one in limits]
    warnings = tuple(_warning(one, more) for one, more in asked if not one.hard and _is_news(one, more))
    stops = next((pair for pair in asked if pair[0].hard and not pair[0].fits(pair[1])), None)
    if stops is None:
        return Room(why=None, remedy="", warnings=warnings)
    return Room(why=refusal(*stops), remedy=_remedy(place, stops[0], by), warnings=warnings)


def look_now(place: Place, micro_usd: int, by: Person, **about: Any) -> Room:
    """Look in a read of its own; `about` as in `look`."""
    with place.database.reading() as db:
        return look(place, db, micro_usd, by, **about)


def _is_news(limit: Limit, more: int) -> bool:
    """Tell whether so much more reaches a step that was not reached before; past the end every request is worth a word."""
    return limit.reached(more) > limit.reached() or limit.reached(more) == STEPS[0]


def _warning(limit: Limit, more: int) -> str:
    used = limit.measure.said(limit.used + more)
    return f"With this, {limit.reached(more)} % of {limit.name} is reached ({used} used). It only warns."


def _remedy(place: Place, limit: Limit, by: Person) -> str:
    names = [person.name for person in people.everyone(place) if Role.MONEY in person.roles]
    if by.name in names:
        return remedy(limit, "You")
    return remedy(limit, _joined(names[:MOST_NAMES])) if names else remedy(limit)


def _joined(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
