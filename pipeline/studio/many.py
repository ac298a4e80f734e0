"""One decision about many avatars and clips: each stands or falls by itself, and what was not done says why."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import assets
from pipeline.errors import StudioError
from pipeline.records import Decision, Person, Role
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.reviews import decide_on, owner_of


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of one of them: `why` and `next` are empty when the decision stands."""

    scope: str
    sha256: str
    why: str = ""
    next: str = ""

    @property
    def ok(self) -> bool:
        """True when the decision stands."""
        return not self.why


def decide_many(place: Place, chosen: Sequence[tuple[str, str]], decision: Decision, by: Person, note: str = "") -> tuple[Done, ...]:
    """Decide on each (scope, sha256) in its own transaction and return what became of each, in order; raises NotAllowed only.

    Of several avatars of one case, the last that is approved is the current one.
    """
    check(by, Role.APPROVE)
    return tuple(_decide(place, scope, sha256, decision, by, note) for scope, sha256 in dict.fromkeys(chosen))


def _decide(place: Place, scope: str, sha256: str, decision: Decision, by: Person, note: str) -> Done:
    try:
        with place.database.reading() as db:
            asset = assets.get(db, scope, sha256)
        decide_on(place, asset, owner_of(place, scope), decision, by, note)
    except StudioError as error:
        return Done(scope=scope, sha256=sha256, why=error.say, next=error.next)
    return Done(scope=scope, sha256=sha256)
