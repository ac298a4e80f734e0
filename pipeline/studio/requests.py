"""What can be done with a run: wait for it, cancel it, retry it, decide about a request nobody can prove."""

import time
from collections.abc import Callable

from pipeline import cases, runs
from pipeline.buying import calls, decide, plan_again
from pipeline.errors import StudioError, UnknownName
from pipeline.providers.port import Ticket
from pipeline.records import CALL_OPEN, Call, CallState, Choice, Person, Run, RunState
from pipeline.studio.place import Place
from pipeline.studio.portraits import check_limits, request_of
from pipeline.workflows.wishes import SLOTS

POLL_SECONDS = 0.1


def find_run(place: Place, run_id: str) -> Run:
    """Return a run by its id or a unique beginning of it; raises UnknownName."""
    with place.database.reading() as db:
        rows = db.execute("SELECT id FROM runs WHERE id = ? OR id LIKE ? ESCAPE '\\' LIMIT 2", (run_id, _prefix(run_id))).fetchall()
        if len(rows) != 1:
            raise UnknownName(
                f"There is no run {run_id[:80]!r}." if not rows else f"Several runs start with {run_id[:80]!r}.", next="`runs` lists them."
            )
        return runs.get(db, rows[0]["id"])


def find_call(place: Place, call_id: str) -> Call:
    """Return a paid request by its id; raises UnknownName."""
    with place.database.reading() as db:
        return calls.get(db, call_id)


def wait_for(place: Place, run_id: str, *, on_change: Callable[[Run], None], meanwhile: Callable[[], None]) -> Run:
    """Wait until a run has ended and return it; `on_change` sees every change, `meanwhile` is called at every look."""
    last: Run | None = None
    while True:
        with place.database.reading() as db:
            run = runs.get(db, run_id)
        if run != last:
            on_change(run)
            last = run
        if run.ended:
            return run
        meanwhile()
        time.sleep(POLL_SECONDS)


def cancel(place: Place, run_id: str, owner: str) -> Run:
    """Ask a run of this owner's case to stop; raises WrongOwner, NotNow when it has ended."""
    with place.database.writing() as tx:
        run = runs.get(tx, run_id)
        cases.get(tx, run.case_id, owner)
        return runs.ask_cancel(tx, run_id)


def retry(place: Place, run_id: str, owner: str) -> Run:
    """Ask for another attempt of a failed or cancelled run; what was bought is kept, only what is missing is held and bought.

    Raises WrongOwner, NotNow, and for what is bought anew NotPremium, AttemptsUsed, TooManyRequests, BudgetReached.
    """
    with place.database.writing() as tx:
        run = runs.get(tx, run_id)
        case = cases.get(tx, run.case_id, owner)
        run = runs.again(tx, run_id)
        by = Person(name=run.person, team=run.team, channel=run.channel)
        plan_again(tx, run, request_of(place, tx, run), place.caps, before_holding=lambda: check_limits(place, tx, case, by))
        return run


def decide_call(place: Place, call_id: str, owner: str, choice: Choice, by: Person, *, note: str = "", ticket: Ticket | None = None) -> Call:
    """Decide about a call whose outcome cannot be proven, and let its run go on unless it is written off; raises WrongOwner, NotNow."""
    with place.database.writing() as tx:
        call = calls.get(tx, call_id)
        run = runs.get(tx, call.run_id)
        cases.get(tx, run.case_id, owner)
        decided = decide(tx, run, call, choice, by=by, note=note, wanted=request_of(place, tx, run), caps=place.caps, ticket=ticket)
        if choice is not Choice.WRITE_OFF and run.ended:
            runs.again(tx, run.id)
        return decided


def key_answer(place: Place, run_id: str) -> str:
    """Say what an idempotency key (a run's id) stands for now: `new`, `in flight`, `done`, `being looked up` or `ended without result`."""
    with place.database.reading() as db:
        try:
            run = runs.get(db, run_id)
        except UnknownName:
            return "new"
        states = {calls.filling(db, run.id, SLOTS[run.kind]).state}
    if CallState.UNKNOWN in states:
        return "being looked up"
    if not run.ended or states & (CALL_OPEN - {CallState.UNKNOWN}):
        return "in flight"
    return "done" if run.state is RunState.SUCCEEDED else "ended without result"


def failure_of(run: Run) -> StudioError | None:
    """Return why a run did not succeed, as an error that can be raised; None when it did."""
    if run.state is RunState.SUCCEEDED or run.error is None:
        return None
    return StudioError.from_json(run.error)


def _prefix(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
