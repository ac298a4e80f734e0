"""Taking down for good: one file with all that was made of it, a case, or everything of a customer. Every copy is named first, then goes.

Rows say at once that it is gone, so nobody sees or makes it any more; then each copy goes and its line on the receipt says what became of it.
What a crash or a refusing store cuts short goes on at the next call of `resume`.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from pipeline import cases, runs
from pipeline.assets import EVERYTHING
from pipeline.database import Connection, insert
from pipeline.errors import BadParameter, NotNow
from pipeline.publishing import publications
from pipeline.publishing.publications import State
from pipeline.records import STUDIO_SCOPE, Case, Person, Role, new_id, now
from pipeline.studio import withdrawing
from pipeline.studio.comments.forgetting import forget_words
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.takedown_copies import PHOTOS, Copy, Outcome, Reach, Scope, Subject, Where, reach
from pipeline.studio.takedown_receipt import Receipt, receipt
from pipeline.studio.takedown_strays import strays
from pipeline.studio.takedown_work import carry_out

LONGEST_REASON: Final = 2000
ACTION: Final = "take down"
TAKEN_DOWN: Final = "it was taken down"


@dataclass(frozen=True, kw_only=True)
class TakeDownPlan:
    """Every copy that a take-down would name, before anything goes; `earlier` is the take-down of the same that was done before."""

    subject: Subject
    copies: tuple[Copy, ...]
    earlier: str | None = None

    @property
    def going(self) -> tuple[Copy, ...]:
        """The copies that would be removed, without those that are kept or cannot be removed."""
        return tuple(one for one in self.copies if one.outcome is Outcome.WAITING)

    @property
    def mark(self) -> str:
        """The value to hand to `take_down`, so that nothing goes that was not shown."""
        told = sorted(f"{one.where} {one.address} {one.sha256} {one.outcome}" for one in self.copies)
        return hashlib.sha256("\n".join([self.subject.scope, self.subject.owner, self.subject.name, *told]).encode()).hexdigest()[:32]

    def document(self) -> dict[str, Any]:
        """Return it as `scope, subject, owner, mark, copies`."""
        said = [{**one.document(), "outcome": "would be removed"} if one in self.going else one.document() for one in self.copies]
        named = {"scope": self.subject.scope.value, "subject": self.subject.name, "owner": self.subject.owner}
        return {**named, "mark": self.mark, "earlier": self.earlier, "copies": said}


def plan(place: Place, subject: Subject) -> TakeDownPlan:
    """Name every copy that would go, be kept or could not be removed; nothing is changed.

    Raises WrongOwner, UnknownName, BadParameter for the studio's own case as a whole, StoreError when a store cannot be looked through.
    """
    return _look(place, subject)[1]


def take_down(place: Place, subject: Subject, by: Person, reason: str = "", *, expected: str) -> Receipt:
    """Take down what was shown under the mark `expected` and return the receipt; once more is the same take-down, brought to its end.

    Raises NotAllowed without the roles `publish` and `approve`, WrongOwner, UnknownName, BadParameter for an overlong reason, NotNow when
    something has changed since it was shown, StoreError when a store cannot be looked through. A store that refuses later changes nothing:
    the receipt says what waits.
    """
    check(by, Role.PUBLISH)
    check(by, Role.APPROVE)
    if len(reason) > LONGEST_REASON:
        raise BadParameter(f"A reason has at most {LONGEST_REASON:,} characters.", next="Write it shorter.")
    found, shown = _look(place, subject)
    if shown.earlier is not None and not _is_new(place, shown):
        carry_out(place, shown.earlier)
        return receipt(place, shown.earlier)
    if shown.mark != expected:
        raise NotNow("What would be taken down has changed since it was shown.", next="Look again, then decide.")
    with place.database.writing() as tx:
        if (again := reach(place, tx, subject)).copies != found.copies:
            raise NotNow("What would be taken down has changed just now.", next="Look again, then decide.")
        takedown = _write_down(tx, shown, again, by, reason.strip())
    place.points.reach("take-down-written")
    carry_out(place, takedown)
    return receipt(place, takedown)


def resume(place: Place) -> int:
    """Bring on every take-down that has not ended, and return how many those were; for the worker."""
    with place.database.reading() as db:
        open_ = [row["id"] for row in db.execute("SELECT id FROM takedowns WHERE ended_at IS NULL ORDER BY asked_at").fetchall()]
    for takedown in open_:
        carry_out(place, takedown)
    return len(open_)


def _look(place: Place, subject: Subject) -> tuple[Reach, TakeDownPlan]:
    with place.database.reading() as db:
        db.execute("BEGIN")
        found = reach(place, db, subject)
        row = db.execute(
            "SELECT id FROM takedowns WHERE scope = ? AND subject = ? ORDER BY asked_at DESC LIMIT 1", (subject.scope.value, subject.name)
        ).fetchone()
    copies = (*found.copies, *strays(place, subject, found))
    return found, TakeDownPlan(subject=subject, copies=copies, earlier=row["id"] if row else None)


def _is_new(place: Place, shown: TakeDownPlan) -> bool:
    """Tell whether anything would go that the earlier take-down does not name itself, or that came back after it."""
    with place.database.reading() as db:
        rows = db.execute("SELECT place, address, outcome FROM takedown_copies WHERE takedown = ?", (shown.earlier,)).fetchall()
    named = {(row["place"], row["address"]) for row in rows if row["outcome"] != Outcome.REMOVED or row["place"] == Where.CDN}
    return any((one.where.value, one.address) not in named for one in shown.going)


def _write_down(tx: Connection, shown: TakeDownPlan, found: Reach, by: Person, reason: str) -> str:
    """Everything that makes it gone for everybody, in one transaction with the list of copies that are still to go."""
    takedown, at, subject = new_id("t"), now(), shown.subject
    named = {"scope": subject.scope.value, "subject": subject.name, "person": by.name, "reason": reason}
    insert(tx, "takedowns", {"id": takedown, **named, "asked_at": at})
    for number, one in enumerate(shown.copies, 1):
        insert(tx, "takedown_copies", one.row(takedown, number, at))
    _forget(tx, found, subject, takedown, at)
    forget_words(tx, found.files)
    if subject.scope is not Scope.ASSET:
        _forget_names(tx, found)
    for case in found.cases:
        _end_publications(tx, case, found, by)
        cases.let_go(tx, case, found.hashes(case.id))
        cases.note(tx, case, ACTION, by, takedown=takedown, reason=reason, files=sorted(found.hashes(case.id)))
    for run in found.runs:
        if run.cancel_asked_at is None:
            runs.ask_cancel(tx, run.id)
    return takedown


def _forget(tx: Connection, found: Reach, subject: Subject, takedown: str, at: str) -> None:
    """Remove the files' rows from sight, and never keep their bytes again; a photo does not become a test photo either, unless it is one."""
    held = {row["sha256"] for row in tx.execute("SELECT sha256 FROM assets WHERE scope = ? AND removed_at IS NULL", (STUDIO_SCOPE,))}
    gone = {(one.scope, one.sha256) for one in found.files}
    gone |= {(STUDIO_SCOPE, one.sha256) for one in found.files if one.kind in PHOTOS and one.sha256 not in held}
    if subject.scope is not Scope.ASSET:
        gone |= {(case.id, EVERYTHING) for case in found.cases}
    hashes = json.dumps([[one.scope, one.sha256] for one in found.files])
    tx.execute(
        """UPDATE assets SET removed_at = ? WHERE removed_at IS NULL
        AND (scope, sha256) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))""",
        (at, hashes),
    )
    rows = [(scope, sha256, takedown, at) for scope, sha256 in sorted(gone)]
    tx.executemany("INSERT OR IGNORE INTO gone(scope, sha256, takedown, at) VALUES (?, ?, ?, ?)", rows)


def _forget_names(tx: Connection, found: Reach) -> None:
    """No list, search or filter names the customer any more: a case is called by its id, a file by what it is. The ledger has ids only."""
    for case in found.cases:
        cases.forget_name(tx, case)
        tx.execute("UPDATE assets SET facts = json_remove(facts, '$.name') WHERE scope = ? AND json_extract(facts, '$.name') IS NOT NULL", (case.id,))


def _end_publications(tx: Connection, case: Case, found: Reach, by: Person) -> None:
    mine = found.hashes(case.id)
    if kinds := [kind for kind, one in publications.live(tx, case.id).items() if {one.asset, one.sha256} & mine]:
        withdrawing.end_with(tx, case, by, TAKEN_DOWN, kinds)
    for one in publications.unfinished(tx, case.id):
        if one.state is State.PUBLISHING and {one.asset, one.sha256} & mine:
            publications.end(tx, one, State.WITHDRAWN, by, TAKEN_DOWN)
