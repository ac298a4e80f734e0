"""What can be done with a run: wait for it, cancel it, retry it, decide about a request nobody can prove."""

import time
from collections.abc import Callable

from pipeline import cases, runs
from pipeline.buying import calls, decide, plan_again
from pipeline.database import Connection, update
from pipeline.errors import BadParameter, NotAllowed, NotNow, StudioError, UnknownName
from pipeline.providers.port import Ticket
from pipeline.records import CALL_OPEN, Call, CallState, Case, Channel, Choice, Person, Role, Run, RunKind, RunState
from pipeline.studio import sweep_runs
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.portraits import check_limits, request_of
from pipeline.workflows.wishes import SLOTS

POLL_SECONDS = 0.1


def find_run(place: Place, run_id: str) -> Run:
    """Return a run by its id or a unique beginning of it; raises UnknownName."""
    with place.database.reading() as db:
        query = "SELECT id FROM runs WHERE id = ? OR (? AND id LIKE ? ESCAPE '\\') ORDER BY id <> ? LIMIT 2"
        rows = db.execute(query, (run_id, bool(run_id), _prefix(run_id), run_id)).fetchall()
        if len(rows) != 1 and not (rows and rows[0]["id"] == run_id):
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


def cancel(place: Place, run_id: str, owner: str, by: Person) -> Run:
    """Ask a run of this owner's case to stop; raises NotAllowed, WrongOwner, NotNow when it has ended."""
    check(by, Role.MAKE)
    with place.database.writing() as tx:
        run = runs.get(tx, run_id)
        case = cases.get(tx, run.case_id, owner)
        cases.note(tx, case, "cancel", by, run=run.id)
        return runs.ask_cancel(tx, run_id)


def retry(place: Place, run_id: str, owner: str, by: Person) -> Run:
    """Ask for another attempt of a failed or cancelled run; what was bought is kept, only what is missing is held and bought.

    The run stays that of whoever asked first; the limits are those of whoever retries. Raises NotAllowed, WrongOwner, NotNow, and for what
    is bought anew NotNow when photo or avatar were replaced meanwhile, NotPremium, AttemptsUsed, TooManyRequests, BudgetReached. A cell of a
    sweep is tried again under the sweep's ceiling and is no attempt of the case.
    """
    check(by, Role.MAKE)
    with place.database.reading() as db:
        run = runs.get(db, run_id)
        cases.get(db, run.case_id, owner)
    if run.sweep is not None:
        return sweep_runs.retry(place, run.id, by)
    with place.database.writing() as tx:
        run = runs.get(tx, run_id)
        case = cases.get(tx, run.case_id, owner)
        if by.channel is Channel.OUTSIDE and by.name != run.person:
            raise NotAllowed("Callers from outside can retry only what they asked for themselves.")
        run = runs.again(tx, run_id)
        cases.note(tx, case, "retry", by, run=run.id, attempt=run.attempt)

        def before_holding() -> None:
            _check_source(case, run)
            check_limits(place, tx, case, by)

        plan_again(tx, run, request_of(place, tx, run), place.caps, before_holding=before_holding)
        return run


def decide_call(place: Place, call_id: str, owner: str, choice: Choice, by: Person, *, note: str = "", ticket: Ticket | None = None) -> Call:
    """Decide about a call whose outcome cannot be proven; unless it is written off, every run that waits for it goes on.

    Raises NotAllowed, WrongOwner, BudgetReached, and NotNow when the call waits for no decision, or is to be sent again for a photo or avatar
    that was replaced meanwhile.
    """
    check(by, Role.MONEY)
    with place.database.writing() as tx:
        call = calls.get(tx, call_id)
        run = runs.get(tx, call.run_id)
        case = cases.get(tx, run.case_id, owner)
        if choice is Choice.RESEND:
            _check_source(case, run)
        decided = decide(tx, run, call, choice, by=by, note=note, wanted=request_of(place, tx, run), caps=place.caps, ticket=ticket)
        if choice is not Choice.WRITE_OFF:
            _go_on(tx, run, call, decided)
        return decided


def ticket_named(call: Call, request_id: str) -> Ticket:
    """Return the ticket of the request that a person found in the provider's own history; raises BadParameter for what cannot be its id, NotNow."""
    if call.provider != "fal":
        raise NotNow(f"Requests at {call.provider} cannot be adopted by id.", next="Send it again, or write it off.")
    from pipeline.providers.addresses import request_id_of, ticket

    if request_id_of({"request_id": request_id}) is None:
        raise BadParameter("This is not a request id.", next=f"Copy it from {call.provider}'s own history: letters, digits and dashes.")
    return ticket(call.endpoint, request_id)


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


def outdated(case: Case, run: Run) -> str | None:
    """Say what a run was made for that the case no longer has, its photo or its avatar; None while both are current, and for cells of sweeps."""
    if run.sweep is not None:
        return None
    if run.photo_version != case.photo_version:
        return "photo"
    return "avatar" if run.kind is RunKind.CLIP and run.source != case.avatar else None


def _check_source(case: Case, run: Run) -> None:
    """Raise NotNow when a run would pay for a picture of a photo, or a clip of an avatar, that the case no longer has."""
    if what := outdated(case, run):
        raise NotNow(f"The {what} was replaced meanwhile, so this is not bought again.", next=f"Ask for a new one from the present {what}.")


def _go_on(tx: Connection, run: Run, call: Call, decided: Call) -> None:
    """Let the call's own run go on, and every other that failed because it waited for the same call."""
    waiting = tx.execute("SELECT run_id FROM outputs WHERE call_id IN (?, ?)", (call.id, decided.id)).fetchall()
    for other in (runs.get(tx, row["run_id"]) for row in waiting):
        update(tx, "outputs", {"run_id": other.id, "slot": call.slot}, {"call_id": decided.id})
        if other.state is RunState.FAILED or (other.id == run.id and other.ended):
            runs.again(tx, other.id)


def _prefix(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
