"""The switch for trouble: while purchases are paused nothing new is submitted, and what is already submitted goes on to its end."""

import json

from pipeline.database import Connection, insert, update
from pipeline.errors import BadParameter, NotNow
from pipeline.records import Person, Role, now
from pipeline.stages import Stage
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.turns import PURCHASES, Pause, line, pause_of, say

LONGEST_NOTE = 200


def pause(place: Place, by: Person, note: str = "") -> Pause:
    """Stop purchases: whatever waits to buy, or is asked for from now on, says who paused them and why, until somebody resumes.

    Raises NotAllowed, BadParameter for a reason over 200 characters, NotNow when somebody else paused them before; pausing again with another
    reason changes it.
    """
    check(by, Role.ADMIN)
    reason = " ".join(note.split())
    if len(reason) > LONGEST_NOTE:
        raise BadParameter(f"A reason has at most {LONGEST_NOTE} characters.", next="Say it shorter: it is shown at every run that waits.")
    with place.database.writing() as tx:
        known = pause_of(tx)
        if known and known.person != by.name:
            raise NotNow(f"{known.words}.", next="Resume them first if that is no longer so.")
        if known is None or known.note != reason:
            _turn(tx, True, by, reason)
        paused = pause_of(tx) or Pause(person=by.name, at=now(), note=reason)
        say(tx, {one.run_id: paused.words for one in line(tx)})
    return paused


def resume(place: Place, by: Person) -> None:
    """Let purchases go on, within a second and in fair turns; does nothing when they do. Raises NotAllowed."""
    check(by, Role.ADMIN)
    with place.database.writing() as tx:
        if pause_of(tx) is not None:
            _turn(tx, False, by, "")
            say(tx, {one.run_id: Stage.IN_LINE.value for one in line(tx)})


def state(db: Connection) -> Pause | None:
    """Return who paused purchases, when and why; None while they go on."""
    return pause_of(db)


def _turn(tx: Connection, on: bool, by: Person, note: str) -> None:
    kept = {"is_on": int(on), "person": by.name, "at": now(), "note": note}
    if not update(tx, "switches", {"name": PURCHASES}, kept):
        insert(tx, "switches", {"name": PURCHASES, **kept})
    action = "pause" if on else "resume"
    detail = json.dumps({"note": note} if on else {})
    insert(tx, "audit_log", {"at": kept["at"], "person": by.name, "action": action, "subject": PURCHASES, "detail": detail})
