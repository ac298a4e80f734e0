"""Taking a publication back: out of sight at once, then out of the store, with a receipt."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import assets, cases
from pipeline.database import Connection
from pipeline.errors import BadParameter, NotNow
from pipeline.publishing import publications
from pipeline.publishing.items import judged
from pipeline.publishing.publications import Publication, State
from pipeline.publishing.turns import turn
from pipeline.records import Asset, AssetKind, Case, Person, Role
from pipeline.studio import publish_cleanup
from pipeline.studio.people import check
from pipeline.studio.place import Place

ACTION = "unpublish"
LONGEST_REASON = 2000
GONE = "removed"
STUCK = "out of sight; what the store or the CDN still holds of it is cleared as soon as they let go"


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of one publication that was withdrawn, in words that can be shown to the customer."""

    publication: Publication
    outcome: str

    def document(self) -> Mapping[str, Any]:
        """Return it as `case, kind, key, url, sha256, withdrawn_at, by, reason, outcome, cdn`."""
        one = self.publication
        named = {"case": one.case_id, "kind": one.kind.value, "key": one.key, "url": one.url, "sha256": one.sha256}
        return {**named, "withdrawn_at": one.ended_at, "by": one.ended_by, "reason": one.reason, "outcome": self.outcome, "cdn": one.cleared}


def withdraw(
    place: Place,
    case_id: str,
    owner: str,
    by: Person,
    reason: str = "",
    *,
    kinds: Collection[AssetKind] = (),
    within: Callable[[Connection], None] = lambda _: None,
) -> tuple[Receipt, ...]:
    """Withdraw what guests of a case see, all of it or these kinds, and return a receipt for each file.

    With an avatar goes the clip that shows it, with a clip its poster. Raises NotAllowed, WrongOwner, BadParameter for an overlong reason,
    NotNow when nothing of it is published. `within` is done in the same transaction, so that what it raises keeps it from happening.
    """
    check_withdrawal(by, reason)
    with turn(place.settings.folder, case_id):
        with place.database.writing() as tx:
            within(tx)
            case = cases.get(tx, case_id, owner)
            going = end_with(tx, case, by, reason.strip(), kinds)
            if not going:
                raise NotNow("Nothing of this is published.", next="There is nothing to withdraw.")
        publish_cleanup.clear(place, case_id)
        return receipts(place, going)


def check_withdrawal(by: Person, reason: str) -> None:
    """Raise NotAllowed for who may not withdraw, BadParameter for an overlong reason."""
    check(by, Role.PUBLISH)
    if len(reason) > LONGEST_REASON:
        raise BadParameter(f"A reason has at most {LONGEST_REASON:,} characters.", next="Write it shorter.")


def withdraw_asset(place: Place, scope: str, sha256: str, owner: str, by: Person, reason: str = "") -> tuple[Receipt, ...]:
    """Withdraw what is published of an avatar or clip, named by it or by its published bytes; raises as `withdraw`, UnknownName."""
    check(by, Role.PUBLISH)
    return withdraw(place, scope, owner, by, reason, kinds=[_shown_of(place, scope, sha256, owner)])


def plan(place: Place, scope: str, sha256: str, owner: str, by: Person) -> tuple[Publication, ...]:
    """Return what withdrawing an avatar or clip would take out of guests' sight; raises as `withdraw_asset`."""
    check(by, Role.PUBLISH)
    kinds = _with_dependents([_shown_of(place, scope, sha256, owner)])
    with place.database.reading() as db:
        return tuple(one for kind, one in publications.live(db, scope).items() if kind in kinds)


def is_shown(db: Connection, asset: Asset) -> bool:
    """Tell whether guests see an avatar or clip now, named by itself or by its published bytes, within a read that has begun."""
    about = judged(db, asset)
    return any(one.asset == about.sha256 for one in publications.live(db, asset.scope).values())


def _shown_of(place: Place, scope: str, sha256: str, owner: str) -> AssetKind:
    with place.database.reading() as db:
        cases.get(db, scope, owner)
        about = judged(db, assets.get(db, scope, sha256))
        live = publications.live(db, scope)
    if about.kind not in live or live[about.kind].asset != about.sha256:
        raise NotNow("This is not published.", next="There is nothing to withdraw.")
    return about.kind


def end(tx: Connection, case: Case, by: Person, reason: str, kinds: Collection[AssetKind] = ()) -> tuple[Publication, ...]:
    """Take what guests of a case see out of their sight, all of it or these kinds, within a change that makes it wrong; its objects go next."""
    going = tuple(one for kind, one in publications.live(tx, case.id).items() if not kinds or kind in kinds)
    for one in going:
        publications.end(tx, one, State.WITHDRAWN, by, reason)
    if going:
        cases.note(tx, case, ACTION, by, reason=reason, files=[{"kind": one.kind.value, "sha256": one.sha256} for one in going])
    return going


def end_with(tx: Connection, case: Case, by: Person, reason: str, kinds: Collection[AssetKind]) -> tuple[Publication, ...]:
    """Take these kinds out of sight with what shows them: with an avatar the clip, with a clip its poster; all of it where none is named."""
    return end(tx, case, by, reason, _with_dependents(kinds))


def receipts(place: Place, ended: Collection[Publication]) -> tuple[Receipt, ...]:
    """Return what became of publications that were withdrawn."""
    with place.database.reading() as db:
        now = [publications.get(db, one.id) for one in ended]
    return tuple(Receipt(publication=one, outcome=GONE if one.removed_at else STUCK) for one in now)


def clear_after(place: Place, case_id: str) -> None:
    """Remove the objects of what was withdrawn by another change; what the store does not let go of now, the worker removes later."""
    with turn(place.settings.folder, case_id):
        publish_cleanup.clear(place, case_id)


def _with_dependents(kinds: Collection[AssetKind]) -> Collection[AssetKind]:
    more = {AssetKind.AVATAR: (AssetKind.AVATAR, AssetKind.CLIP, AssetKind.POSTER), AssetKind.CLIP: (AssetKind.CLIP, AssetKind.POSTER)}
    return {also for kind in kinds for also in more.get(kind, (kind,))}
