"""Extra attempts for a case: given by somebody allowed to, with a reason, and kept."""

from dataclasses import dataclass

from pipeline import cases
from pipeline.database import Connection, insert
from pipeline.errors import BadParameter
from pipeline.records import Person, Role, new_id, now, seconds_since
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.wording import counted

MOST_ATTEMPTS = 20
LONGEST_REASON = 1000
SAME_CLICK_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Grant:
    """So many attempts more for a case: who gave them, when and why."""

    id: str
    case_id: str
    attempts: int
    person: str
    at: str
    reason: str


def grant(place: Place, case_id: str, owner: str, attempts: int, reason: str, by: Person) -> Grant:
    """Allow a case 1 to 20 attempts more; the same words by the same person within half a minute are one grant.

    Raises NotAllowed, WrongOwner, BadParameter for another number or a reason that is missing or over 1,000 characters.
    """
    check(by, Role.ADMIN)
    reason = reason.strip()
    if not 1 <= attempts <= MOST_ATTEMPTS:
        raise BadParameter(f"{counted(attempts, 'attempt')} cannot be granted at once.", next=f"Grant 1 to {MOST_ATTEMPTS}.")
    if not reason or len(reason) > LONGEST_REASON:
        raise BadParameter("Extra attempts need a reason.", next=f"Say why in 1 to {LONGEST_REASON:,} characters.")
    with place.database.writing() as tx:
        case = cases.get(tx, case_id, owner)
        newest = next(iter(of_case(tx, case.id)), None)
        if newest and (newest.attempts, newest.person, newest.reason) == (attempts, by.name, reason) and _just_now(newest):
            return newest
        given = Grant(id=new_id("g"), case_id=case.id, attempts=attempts, person=by.name, at=now(), reason=reason)
        insert(tx, "grants", {name: getattr(given, name) for name in Grant.__dataclass_fields__})
        cases.note(tx, case, "grant", by, attempts=attempts, reason=reason)
    return given


def of_case(db: Connection, case_id: str) -> tuple[Grant, ...]:
    """Return what was granted to a case, newest first."""
    rows = db.execute("SELECT * FROM grants WHERE case_id = ? ORDER BY at DESC, rowid DESC", (case_id,))
    return tuple(Grant(**dict(row)) for row in rows)


def _just_now(given: Grant) -> bool:
    return seconds_since(given.at) < SAME_CLICK_SECONDS
