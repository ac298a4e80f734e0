"""Orders for what reaches others: written at once, begun after ten seconds by the worker, or at "Now". One that was undone never begins."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pipeline import assets, cases
from pipeline.errors import NotNow, StoreError, StudioError
from pipeline.publishing import publications
from pipeline.publishing.items import judged
from pipeline.records import AssetKind, Decision, Person
from pipeline.studio import people, publishing, reviews, withdrawing
from pipeline.studio.place import Place
from pipeline.studio.undo import actions
from pipeline.studio.undo.actions import UNDO_SECONDS, Action, ActionKind, End

NOTHING_SHOWN: Final = "Nothing of this is published."


def order_publication(place: Place, scope: str, sha256: str, owner: str, by: Person, *, press: str, after_seconds: int = UNDO_SECONDS) -> Action:
    """Order that an approved avatar or clip is published; raises at once what `publishing.plan` raises, so nothing hopeless waits."""
    publishing.plan(place, scope, sha256, owner, by)
    with place.database.writing() as tx:
        about = judged(tx, assets.get(tx, scope, sha256))
        return actions.add_order(tx, ActionKind.PUBLISH, press, by, {}, case_id=scope, asset=about.sha256, after_seconds=after_seconds)


def order_withdrawal(
    place: Place,
    case_id: str,
    owner: str,
    by: Person,
    reason: str = "",
    *,
    kinds: Collection[AssetKind] = (),
    press: str,
    after_seconds: int = UNDO_SECONDS,
) -> Action:
    """Order that what guests of a case see is unpublished, all of it or these kinds; raises at once what `withdrawing.withdraw` raises."""
    withdrawing.check_withdrawal(by, reason)
    with place.database.writing() as tx:
        case = cases.get(tx, case_id, owner)
        shown = [one for kind, one in publications.live(tx, case.id).items() if not kinds or kind in kinds]
        if not shown:
            raise NotNow(NOTHING_SHOWN, next="There is nothing to withdraw.")
        detail = {"reason": reason.strip(), "kinds": sorted(kind.value for kind in kinds)}
        return actions.add_order(tx, ActionKind.UNPUBLISH, press, by, detail, case_id=case.id, asset=shown[0].asset, after_seconds=after_seconds)


def begin(place: Place, action: Action) -> None:
    """Begin an order now, in one transaction with what it changes; one that was undone or has begun raises NotNow.

    What the order cannot do any more is written down as its end. Raises that error too, StoreError while the store cannot be reached.
    """
    by = people.find(place, action.person) or Person(name=action.person)
    try:
        BEGIN[action.kind](place, action, by)
    except StudioError as error:
        _write_down(place, action, error)
        raise


def begin_due(place: Place) -> int:
    """Begin every order whose moment has come, eight at a time, and return how many those were; for the worker."""
    with place.database.reading() as db:
        found = actions.due(db)
    if found:
        with place.together.gathering(publishing.AT_ONCE), ThreadPoolExecutor(publishing.HANDS) as pool:
            list(pool.map(lambda one: _try(place, one), found))
    return len(found)


def waiting(place: Place, case_id: str) -> Sequence[Action]:
    """Return the orders of a case that have not begun yet."""
    with place.database.reading() as db:
        return actions.waiting(db, case_id)


def _try(place: Place, action: Action) -> None:
    try:
        begin(place, action)
    except StudioError:
        return  # it is written down at the order, or the order waits for the store


def _write_down(place: Place, action: Action, error: StudioError) -> None:
    with place.database.writing() as tx:
        now = actions.get(tx, action.id)
        # A store that cannot be reached is tried again while the order waits; a publication that has begun is brought to its end by the worker.
        if now.outcome is End.BEGUN or (now.outcome is None and not isinstance(error, StoreError)):
            actions.add_error(tx, now, error)


def _publish(place: Place, action: Action, by: Person) -> None:
    owner = reviews.owner_of(place, action.case_id)
    publishing.publish(place, action.case_id, action.asset, owner, by, within=lambda tx: actions.end(tx, action, End.BEGUN, by))


def _unpublish(place: Place, action: Action, by: Person) -> None:
    owner, kinds = reviews.owner_of(place, action.case_id), [AssetKind(kind) for kind in action.detail["kinds"]]
    withdrawing.withdraw(
        place, action.case_id, owner, by, action.detail["reason"], kinds=kinds, within=lambda tx: actions.end(tx, action, End.BEGUN, by)
    )


def _hide(place: Place, action: Action, by: Person) -> None:
    note = action.detail["note"]
    reviews.check_reviewer(by, note)
    owner = reviews.owner_of(place, action.case_id)
    with place.database.writing() as tx:
        actions.end(tx, action, End.BEGUN, by)
        asset = assets.get(tx, action.case_id, action.asset)
        _, hidden = reviews.decide_within(tx, asset, owner, Decision(action.detail["decision"]), by, note)
    if hidden:
        withdrawing.clear_after(place, action.case_id)


BEGIN: Final[Mapping[ActionKind, Callable[[Place, Action, Person], None]]] = {
    ActionKind.PUBLISH: _publish,
    ActionKind.UNPUBLISH: _unpublish,
    ActionKind.HIDE: _hide,
}
