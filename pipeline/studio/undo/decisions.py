"""Approve, reject, withdraw an approval: with what stood before, so that it can stand again."""

from pipeline import assets, cases
from pipeline.database import Connection
from pipeline.errors import NotNow
from pipeline.publishing import publications
from pipeline.publishing.items import judged
from pipeline.records import Asset, Case, Decision, Person
from pipeline.studio import reviews
from pipeline.studio.place import Place
from pipeline.studio.undo import actions
from pipeline.studio.undo.actions import Action, ActionKind

MEANWHILE = "Look at it as it is now."


def decide(place: Place, asset: Asset, owner: str, decision: Decision, by: Person, note: str = "", *, press: str) -> Action | None:
    """Decide as `reviews.decide_on` does and return the action, None when it was decided so already.

    What would take something out of guests' sight is only ordered, and begins after ten seconds. Raises what `reviews.decide_on` raises.
    """
    reviews.check_reviewer(by, note)
    with place.database.writing() as tx:
        about = judged(tx, asset)
        case = cases.get(tx, asset.scope, owner)
        if decision is not Decision.APPROVED and is_shown(tx, about):
            detail = {"decision": decision.value, "note": note.strip()}
            return actions.add_order(tx, ActionKind.HIDE, press, by, detail, case_id=case.id, asset=about.sha256)
        return _decide_at_once(tx, case, about, decision, by, note, press)


def undo(tx: Connection, action: Action, by: Person) -> None:
    """Let the decision that stood before stand again, by a new row, with what was current in the case then.

    Raises NotNow when anything else happened to it meanwhile; then nothing changes.
    """
    asset, now = assets.get(tx, action.case_id, action.asset), _case(tx, action.case_id)
    before, after = action.detail["before"], action.detail["after"]
    newest = cases.newest_decision(tx, asset.scope, asset.sha256)
    if cases.decision_id(newest) != action.detail["approval"]:
        raise NotNow("Something else was decided about it meanwhile.", next=MEANWHILE)
    if asset.removed_at is not None:
        raise NotNow("It was removed meanwhile.", next=MEANWHILE)
    if action.detail["decision"] == Decision.APPROVED:
        _check_unseen(tx, asset)
    if before["current"] != after["current"]:
        _put_back(tx, now, action)
    cases.add_decision(tx, asset, Decision(before["decision"] or Decision.UNDONE), by, before["note"], again=before["approval"])
    cases.note(tx, now, "undo", by, undoes=action.id, asset=asset.sha256)


def is_shown(db: Connection, about: Asset) -> bool:
    """Tell whether guests see an avatar or clip, or are about to: it is being published or that was ordered."""
    if any(one.asset == about.sha256 for one in publications.live(db, about.scope).values()):
        return True
    return any(one.asset == about.sha256 and one.state is publications.State.PUBLISHING for one in publications.unfinished(db, about.scope))


def _decide_at_once(tx: Connection, case: Case, about: Asset, decision: Decision, by: Person, note: str, press: str) -> Action | None:
    last = cases.newest_decision(tx, about.scope, about.sha256)
    after, _ = reviews.decide_within(tx, about, case.owner, decision, by, note)
    added = cases.newest_decision(tx, about.scope, about.sha256)
    if added is None or (last is not None and added["id"] == last["id"]):
        return None
    stood = cases.decision_in(last)
    before = {"approval": cases.decision_id(last), "decision": stood.value if stood else None, "note": last["note"] if last and stood else ""}
    before |= {"current": [case.avatar, case.clip]}
    detail = {"approval": added["id"], "decision": decision.value, "before": before, "after": {"current": [after.avatar, after.clip]}}
    return actions.add(tx, ActionKind.DECIDE, press, by, {**detail, "photo_version": case.photo_version}, case_id=case.id, asset=about.sha256)


def _case(tx: Connection, case_id: str) -> Case:
    case = cases.look_up(tx, case_id)
    if case is None:
        raise NotNow("The case is gone.")
    return case


def _check_unseen(tx: Connection, asset: Asset) -> None:
    if is_shown(tx, asset):
        raise NotNow("Guests see it by now.", next="Unpublish it first.")
    if any(one.kind is ActionKind.PUBLISH and one.asset == asset.sha256 for one in actions.waiting(tx, asset.scope)):
        raise NotNow("It is about to be published.", next="Undo that first.")


def _put_back(tx: Connection, case: Case, action: Action) -> None:
    before, after = action.detail["before"]["current"], action.detail["after"]["current"]
    if [case.avatar, case.clip] != after or case.photo_version != action.detail["photo_version"]:
        raise NotNow("Something else has become current in this case meanwhile.", next=MEANWHILE)
    for sha256 in {*before} - {*after, action.asset, None}:
        if assets.get(tx, case.id, sha256).removed_at is not None or cases.decision_of(tx, case.id, sha256) is not Decision.APPROVED:
            raise NotNow("What stood before was rejected or removed meanwhile.", next=MEANWHILE)
    cases.put_back(tx, case, *before)
