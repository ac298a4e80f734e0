"""What budgets say to a wish that whoever is here could press for; everybody who asks the same in a moment is told the same."""

from pages.parts.here import me, shared
from pipeline.records import Person, Run
from pipeline.studio import retrying, room
from pipeline.studio.place import Place
from pipeline.studio.portraits import FEATURE
from pipeline.studio.room import FREE, Room


def room_for(micro_usd: int, case_id: str | None = None) -> Room:
    """Return whether one more avatar or clip at this price would fit now."""
    return _look(me(), micro_usd, FEATURE, case_id, None, "", 1)


def room_to_retry(run: Run, micro_usd: int) -> Room:
    """Return whether a retry of this run would fit now; what costs nothing asks nobody."""
    return _look(me(), micro_usd, run.feature, run.case_id, run.sweep, run.person, 1) if micro_usd else FREE


def no_retry(run: Run) -> str | None:
    """Say why a retry of this run by whoever is here would be refused now, budgets left out; None when it would go on."""
    by = me()

    def ask(there: Place) -> str | None:
        with there.database.reading() as db:
            why = retrying.refusal(there, db, run, by)
        return why.on_screen if why else None

    return shared(f"no retry {(run.id, by.name, sorted(by.roles))}", ask)


def room_for_many(micro_usd: int, requests: int, feature: str = FEATURE, sweep: str | None = None) -> Room:
    """Return whether so many requests at so much in all would fit now."""
    return _look(me(), micro_usd, feature, None, sweep, "", requests) if micro_usd else FREE


def _look(by: Person, micro_usd: int, feature: str, case_id: str | None, sweep: str | None, person: str, requests: int) -> Room:
    def ask(there: Place) -> Room:
        return room.look_now(there, micro_usd, by, feature=feature, case_id=case_id, sweep=sweep, person=person, requests=requests)

    return shared(f"room {(by.name, sorted(by.roles), micro_usd, feature, case_id, sweep, person, requests)}", ask)
