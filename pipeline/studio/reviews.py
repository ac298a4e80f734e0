"""Judging what was made: approve, reject, withdraw. An approved avatar becomes the case's, with its display copy; a clip with its poster."""

from collections.abc import Callable

from pipeline import assets, cases
from pipeline.database import Connection
from pipeline.errors import BadParameter, UnknownName, WrongOwner
from pipeline.publishing import publications
from pipeline.publishing.items import judged
from pipeline.records import Asset, Case, Decision, Person, Role
from pipeline.studio import withdrawing
from pipeline.studio.people import check
from pipeline.studio.place import Place

LONGEST_REASON = 2000


def decide_on(place: Place, asset: Asset, owner: str, decision: Decision, by: Person, note: str = "") -> Case:
    """Record a decision about an asset of this owner's case, with its reason, and return the case as it is now.

    What guests see goes with its approval. Approving twice is approving once.
    Raises NotAllowed, WrongOwner, BadParameter for an overlong reason, and NotNow for what belongs to an
    older photo or avatar, was removed, or has no decision that could be withdrawn.
    """
    check_reviewer(by, note)
    with place.database.writing() as tx:
        case, hidden = decide_within(tx, asset, owner, decision, by, note)
    if hidden:
        withdrawing.clear_after(place, case.id)
    return case


def check_reviewer(by: Person, note: str) -> None:
    """Raise NotAllowed for who may not decide, BadParameter for an overlong reason."""
    check(by, Role.APPROVE)
    if len(note) > LONGEST_REASON:
        raise BadParameter(f"A reason has at most {LONGEST_REASON:,} characters.", next="Write it shorter.")


def decide_within(tx: Connection, asset: Asset, owner: str, decision: Decision, by: Person, note: str = "") -> tuple[Case, bool]:
    """Decide within a transaction that has begun; returned with whether something went out of guests' sight, whose objects are to be removed next."""
    about = judged(tx, asset)
    case = cases.decide(tx, cases.get(tx, asset.scope, owner), about, decision, by, note.strip())
    shown = [one.kind for one in publications.live(tx, case.id).values() if one.asset == about.sha256]
    if not shown or decision is Decision.APPROVED:
        return case, False
    return case, bool(withdrawing.end_with(tx, case, by, f"it was {decision.value}", shown))


def find_asset(place: Place, prefix: str, *, case_id: str | None = None) -> Asset:
    """Return the one asset whose hash starts so; where several cases hold the same bytes, the newest that waits for a decision.

    Raises UnknownName when none fits, or when different files do.
    """
    with place.database.reading() as db:
        found = [a for a in assets.find(db, prefix.lower()) if case_id in (None, a.scope) and a.removed_at is None]
        if not found:
            raise UnknownName(f"There is no asset whose hash starts with {prefix[:64]!r}.", next="`assets` lists them.")
        if len({asset.sha256 for asset in found}) > 1:
            raise UnknownName(f"Several assets start with {prefix[:64]!r}.", next="Give more digits of the hash.")
        waiting = [asset for asset in found if cases.decision_of(db, asset.scope, judged(db, asset).sha256) is None]
        return (waiting or found)[0]


def owner_of(place: Place, case_id: str) -> str:
    """Return the owner of a case, for staff who work from an asset or a run; raises WrongOwner when there is no such case."""
    return case_of(place, case_id).owner


def case_of(place: Place, case_id: str) -> Case:
    """Return a case by its id as it is kept or as it was pasted; raises WrongOwner when there is none."""
    with place.database.reading() as db:
        case = cases.look_up(db, case_id)
    if case is None:
        raise WrongOwner
    return case


def only_asset(place: Place, prefix: str, *, case_id: str | None = None, of: Callable[[Connection, Asset], bool] = lambda *_: True) -> Asset:
    """Return the one asset whose hash starts so, where a guess at the case would harm somebody; `of` says which of several are meant.

    Raises UnknownName when none fits, different files do, or several cases hold these bytes and none was named.
    """
    found = find_asset(place, prefix, case_id=case_id)
    with place.database.reading() as db:
        same = [one for one in assets.find(db, found.sha256) if case_id in (None, one.scope) and one.removed_at is None]
        meant = [one for one in same if of(db, one)] or same
    if len(meant) > 1:
        cases_ = ", ".join(sorted(one.scope[:60] for one in meant)[:5])
        raise UnknownName(f"Several cases hold this very file: {cases_}.", next="Say which one is meant with --case.")
    return meant[0]
