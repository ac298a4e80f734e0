"""A customer's invitation: its photo, its avatar, its clip, and how many attempts are left. Every change names invitation and owner."""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pipeline.assets import get as get_asset
from pipeline.database import Connection, insert
from pipeline.errors import AttemptsUsed, BadParameter, NotNow, NotPremium, UnknownName, WrongOwner
from pipeline.folding import fold
from pipeline.identifiers import canonical_id, look_of, tidy_id
from pipeline.records import Asset, AssetKind, Case, Decision, Person, Plan, RunKind, new_id, now
from pipeline.runs import get as get_run

IN_FLIGHT = "('planned', 'held', 'submitting', 'unknown', 'submitted', 'running')"


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Successful generations of a case: allowed, used, and held by work in flight."""

    allowed: int
    used: int
    in_flight: int

    @property
    def left(self) -> int:
        """How many more may be started now."""
        return max(self.allowed - self.used - self.in_flight, 0)


def create(tx: Connection, *, case_id: str, owner: str, name: str, plan: Plan, by: Person) -> Case:
    """Add a case under its canonical ids; raises BadParameter for an id or owner that has none, NotNow when the id exists."""
    case_id, owner = canonical_id(case_id, "case id"), canonical_id(owner, "owner id")
    try:
        row = {"id": case_id, "owner": owner, "name": name[:5000], "plan": plan.value, "created_by": by.name, "created_at": now()}
        insert(tx, "cases", {**row, "folded": fold(case_id, owner, row["name"])})
    except sqlite3.IntegrityError as error:
        raise NotNow("A case with this id exists already.") from error
    return get(tx, case_id, owner)


def get(db: Connection, case_id: str, owner: str) -> Case:
    """Return a case of this owner; raises WrongOwner alike for a case that is missing and for one of somebody else.

    Both ids are taken as they are kept, else in their canonical form, as they are pasted with blanks and invisible marks.
    """
    case = look_up(db, case_id)
    if case is None or case.owner not in (owner, tidy_id(owner)):
        raise WrongOwner
    return case


def look_up(db: Connection, case_id: str) -> Case | None:
    """Return a case by its id as it is kept, else by the id's canonical form; None when there is none."""
    row = db.execute("SELECT * FROM cases WHERE id IN (?, ?) ORDER BY id = ? DESC LIMIT 1", (case_id, tidy_id(case_id), case_id)).fetchone()
    return _case(row) if row else None


def look_alikes(db: Connection, case_id: str) -> list[Case]:
    """Return the other cases whose ids look like this one at a glance."""
    look = look_of(case_id)
    alike = [row["id"] for row in db.execute("SELECT id FROM cases WHERE id <> ?", (case_id,)) if look_of(row["id"]) == look]
    return [_case(db.execute("SELECT * FROM cases WHERE id = ?", (one,)).fetchone()) for one in alike]


def put_photo(tx: Connection, case: Case, *, photo: str, crop: str, replace: bool, by: Person) -> Case:
    """Give a case its photo; replacing another one must be said and retires avatar and clip; raises WrongOwner, NotNow."""
    current = get(tx, case.id, case.owner)
    check_photo(current, photo, replace=replace)
    if current.photo == photo:
        return current
    tx.execute(
        "UPDATE cases SET photo = ?, crop = ?, photo_version = photo_version + 1, avatar = NULL, clip = NULL WHERE id = ? AND owner = ?",
        (photo, crop, case.id, case.owner),
    )
    note(tx, current, "photo", by, photo=photo, instead_of=current.photo)
    return get(tx, case.id, case.owner)


def forget_name(tx: Connection, case: Case) -> None:
    """Call a case by its id from now on, in lists and in searches."""
    tx.execute("UPDATE cases SET name = id, folded = ? WHERE id = ?", (fold(case.id, case.owner), case.id))


def note(tx: Connection, case: Case, action: str, by: Person, **detail: Any) -> None:
    """Write into the audit log who did what to a case, under its id."""
    text = json.dumps({"owner": case.owner, **detail})
    insert(tx, "audit_log", {"at": now(), "person": by.name, "action": action, "subject": case.id, "detail": text})


def check_photo(case: Case, photo: str, *, replace: bool) -> None:
    """Raise NotNow if the case has another photo than this one (by hash) and replacing it was not said."""
    if case.photo not in (None, photo) and not replace:
        raise NotNow(
            "This case already has another photo; replacing it retires its avatar and clip.", next="Say explicitly that the photo is to be replaced."
        )


def check_premium(case: Case) -> None:
    """Raise NotPremium for a free-tier case."""
    if case.plan is not Plan.PREMIUM:
        raise NotPremium


def attempts(db: Connection, case_id: str, allowed: int) -> Attempts:
    """Count a case's attempts: successes that count, and whatever is in flight or unknown; sweep cells never count."""
    row = db.execute(
        f"""SELECT count(*) FILTER (WHERE c.state = 'succeeded' AND c.counts = 1) AS used, count(*) FILTER (WHERE c.state IN {IN_FLIGHT}) AS in_flight
        FROM calls c JOIN runs r ON r.id = c.run_id WHERE c.case_id = ? AND r.sweep IS NULL""",  # noqa: S608
        (case_id,),
    ).fetchone()
    granted = db.execute("SELECT coalesce(sum(attempts), 0) AS more FROM grants WHERE case_id = ?", (case_id,)).fetchone()["more"]
    return Attempts(allowed=allowed + granted, used=row["used"], in_flight=row["in_flight"])


def take_place(tx: Connection, case_id: str, allowed: int) -> None:
    """Raise AttemptsUsed unless one more generation may start; the caller's call, inserted in this transaction, then holds the place."""
    standing = attempts(tx, case_id, allowed)
    if standing.left < 1:
        raise AttemptsUsed(
            f"This case has no attempts left: {standing.used} made and {standing.in_flight} in flight of {standing.allowed}. Failures are free.",
        )


def decide(tx: Connection, case: Case, asset: Asset, decision: Decision, by: Person, reason: str = "") -> Case:
    """Record a decision about a finished avatar or clip and make an approved one current; the same decision again changes nothing.

    An avatar that is approved retires the clip of the one before; what is withdrawn waits for a decision again. Nothing is ever deleted.
    Raises WrongOwner when the case is not this owner's or the asset not this case's, NotNow when it was made from a photo or avatar that is
    no longer current, was removed, is a mere cell of a sweep, or has no decision that could be withdrawn.
    """
    current = get(tx, case.id, case.owner)
    if asset.scope != case.id:
        raise WrongOwner
    if decision is Decision.UNDONE:
        raise BadParameter("A decision is undone by taking it back, not by another one.")
    if asset.kind not in (AssetKind.AVATAR, AssetKind.CLIP) or asset.run_id is None:
        raise NotNow("Only a finished avatar or clip can be decided on.")
    if of_sweeps_only(tx, asset):
        raise NotNow("This is a cell of a sweep, no attempt of the case.", next="Make it with these settings in the case: what is owned is free.")
    if _changes_nothing(tx, current, asset, decision, reason):
        return current
    if decision is Decision.APPROVED:
        if get_asset(tx, asset.scope, asset.sha256).removed_at is not None:
            raise NotNow("This was removed, so it cannot be approved.", next="Make a new one.")
        _make_current(tx, current, asset)
    elif decision is Decision.WITHDRAWN or asset.sha256 in (current.avatar, current.clip):
        _retire(tx, current, asset)
    add_decision(tx, asset, decision, by, reason)
    return get(tx, case.id, case.owner)


def add_decision(tx: Connection, asset: Asset, decision: Decision, by: Person, reason: str = "", *, again: str | None = None) -> None:
    """Add the row of a decision alone; what is current in the case stays as it is. `again` names the decision (see `decision_id`) that it repeats."""
    row_id = new_id("d") if again is None else f"{again}~{new_id('d')}"
    row = {"id": row_id, "scope": asset.scope, "asset": asset.sha256, "case_id": asset.scope, "purpose": asset.kind.value}
    insert(tx, "approvals", {**row, "decision": decision.value, "person": by.name, "at": now(), "note": reason})


def decision_id(row: sqlite3.Row | None) -> str:
    """Return which decision a row of `newest_decision` stands for: the one it repeats after an undo, else itself; empty where none stands.

    >>> decision_id(None), decision_id({"id": "d1"}), decision_id({"id": "d1~d7"})
    ('', 'd1', 'd1')
    """
    return str(row["id"]).partition("~")[0] if row else ""


def put_back(tx: Connection, case: Case, avatar: str | None, clip: str | None) -> bool:
    """Make avatar and clip (by hash) of a case what they were; false when it is no longer as `case` says, and then nothing changes."""
    done = tx.execute(
        "UPDATE cases SET avatar = ?, clip = ? WHERE id = ? AND owner = ? AND photo_version = ? AND avatar IS ? AND clip IS ?",
        (avatar, clip, case.id, case.owner, case.photo_version, case.avatar, case.clip),
    )
    return done.rowcount == 1


def let_go(tx: Connection, case: Case, gone: Collection[str]) -> None:
    """Make a case forget what is gone (by hash): without its photo it has nothing, without its avatar no clip."""
    if case.photo in gone:
        sets = "photo = NULL, crop = NULL, photo_version = photo_version + 1, avatar = NULL, clip = NULL"
    elif case.avatar in gone:
        sets = "avatar = NULL, clip = NULL"
    elif case.clip in gone:
        sets = "clip = NULL"
    else:
        return
    tx.execute(f"UPDATE cases SET {sets} WHERE id = ? AND owner = ?", (case.id, case.owner))  # noqa: S608


def of_sweeps_only(db: Connection, asset: Asset) -> bool:
    """Tell whether only sweeps show this file: no attempt of its case led to it or used it again."""
    row = db.execute(
        """SELECT count(*) AS shown, count(*) FILTER (WHERE r.sweep IS NULL) AS tried FROM outputs o JOIN runs r ON r.id = o.run_id
        WHERE o.asset = ? AND r.case_id = ?""",
        (asset.sha256, asset.scope),
    ).fetchone()
    return bool(row["shown"]) and not row["tried"]


def decision_of(db: Connection, scope: str, sha256: str) -> Decision | None:
    """Return the newest decision about an asset; None while it waits for one, also after the first one was undone."""
    return decision_in(newest_decision(db, scope, sha256))


def decision_in(row: sqlite3.Row | None) -> Decision | None:
    """Return the decision that a row of `newest_decision` says, None when it says that none stands."""
    return Decision(row["decision"]) if row and row["decision"] != Decision.UNDONE else None


def newest_decision(db: Connection, scope: str, sha256: str) -> sqlite3.Row | None:
    """Return `id, decision, note` of the newest row about an asset; None while there is none."""
    rows = db.execute("SELECT id, decision, note FROM approvals WHERE scope = ? AND asset = ? ORDER BY at DESC, rowid DESC LIMIT 1", (scope, sha256))
    row: sqlite3.Row | None = rows.fetchone()
    return row


def _changes_nothing(tx: Connection, case: Case, asset: Asset, decision: Decision, reason: str) -> bool:
    last = newest_decision(tx, asset.scope, asset.sha256)
    if last is None or decision_in(last) is None:
        if decision is Decision.WITHDRAWN:
            raise NotNow("There is no decision about this that could be withdrawn.", next="Approve or reject it.")
        return False
    again = last["decision"] == decision and reason in ("", last["note"])
    return again and (decision is not Decision.APPROVED or asset.sha256 in (case.avatar, case.clip))


def _make_current(tx: Connection, case: Case, asset: Asset) -> None:
    run = get_run(tx, _maker(tx, asset))
    if asset.kind is AssetKind.AVATAR:
        done = tx.execute(
            "UPDATE cases SET clip = CASE WHEN avatar IS ? THEN clip ELSE NULL END, avatar = ?"
            " WHERE id = ? AND owner = ? AND photo_version = ? AND crop = ?",
            (asset.sha256, asset.sha256, case.id, case.owner, run.photo_version, run.source),
        )
    else:
        done = tx.execute(
            "UPDATE cases SET clip = ? WHERE id = ? AND owner = ? AND photo_version = ? AND avatar = ?",
            (asset.sha256, case.id, case.owner, run.photo_version, run.source),
        )
    if done.rowcount == 0:
        older = "photo" if asset.kind is AssetKind.AVATAR or run.kind is RunKind.AVATAR else "photo or avatar"
        raise NotNow(f"This was made from a {older} that is no longer current, so it stays as history.", next="Make a new one.")


def _retire(tx: Connection, case: Case, asset: Asset) -> None:
    if asset.sha256 == case.avatar:
        tx.execute("UPDATE cases SET avatar = NULL, clip = NULL WHERE id = ? AND owner = ?", (case.id, case.owner))
    elif asset.sha256 == case.clip:
        tx.execute("UPDATE cases SET clip = NULL WHERE id = ? AND owner = ?", (case.id, case.owner))


def _maker(tx: Connection, asset: Asset) -> str:
    row = tx.execute(
        """SELECT o.run_id FROM outputs o JOIN runs r ON r.id = o.run_id WHERE o.asset = ? AND r.case_id = ? AND r.sweep IS NULL
        ORDER BY r.photo_version DESC, r.asked_at DESC LIMIT 1""",
        (asset.sha256, asset.scope),
    ).fetchone()
    if row is None:
        raise UnknownName("No run made this file.")
    return str(row["run_id"])


def _case(row: sqlite3.Row) -> Case:
    values = {name: row[name] for name in Case.__dataclass_fields__}
    return Case(**{**values, "plan": Plan(row["plan"])})
