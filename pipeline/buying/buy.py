"""The driver: take a call from where it stands to where it ends. Whatever stopped it before, running it again buys nothing twice."""

import time
from collections.abc import Callable

from pipeline import turns
from pipeline.buying import calls
from pipeline.buying.desk import Desk
from pipeline.buying.lookup import look_up
from pipeline.buying.sending import send, upload
from pipeline.buying.settling import drop, give_up
from pipeline.buying.waiting import Tell, collect, wait
from pipeline.errors import Cancelled, NotSent, Refused, StoreError
from pipeline.records import CALL_ENDED, Call, CallState
from pipeline.stages import Stage
from pipeline.turns import Turn


def buy(desk: Desk, call_id: str, *, turn: Turn, tell: Tell, check: Callable[[], None] = lambda: None) -> Call:
    """Drive a call until it has ended or needs a person's decision, and return it.

    `tell(words, progress)` hears every change of stage; `check` may end, by raising, the wait for somebody else who drives the same call.
    Raises OutcomeUnknown when a finished result cannot be fetched.
    """
    with desk.driving(call_id, check):
        with desk.database.reading() as db:
            call = calls.get(db, call_id)
        if call.state is CallState.SUBMITTING:
            with desk.database.writing() as tx:
                call = calls.move(tx, call, CallState.UNKNOWN)
        while call.state not in CALL_ENDED and not call.needs_decision:
            call = _step(desk, call, turn, tell)
        return call


def _step(desk: Desk, call: Call, turn: Turn, tell: Tell) -> Call:
    if call.state is CallState.UNKNOWN:
        tell(Stage.LOOKING_UP, 0.1)
        return look_up(desk, call)
    if call.state is CallState.HELD:
        return _first_half(desk, call, turn, tell)
    return _second_half(desk, call, tell)


def _first_half(desk: Desk, call: Call, turn: Turn, tell: Tell) -> Call:
    try:
        _check_cancelled(desk, call)
        if desk.gate.lets_in(turn):  # who must wait uploads meanwhile, and says that it waits
            tell(Stage.UPLOADING, 0.05)
        url, uploaded_at = upload(desk, call), time.time()
        with desk.gate.place(turn, call.id, when_full=lambda: tell(_waits(desk, call), 0.08), check=lambda: _check_cancelled(desk, call)):
            _check_cancelled(desk, call)
            if time.time() - uploaded_at > desk.upload_fresh_seconds:  # after a long pause the provider may have let its copy go
                url = upload(desk, call)
            call = send(desk, call, url)
            if call.state is not CallState.SUBMITTED:
                return call
            call, progress = wait(desk, call, tell)
    except Cancelled:
        return drop(desk, call)
    except (NotSent, Refused, StoreError) as error:
        if call.state is not CallState.HELD:
            raise
        return give_up(desk, call, error)
    return collect(desk, call, progress) if progress else call


def _second_half(desk: Desk, call: Call, tell: Tell) -> Call:
    with desk.gate.taken():
        call, progress = wait(desk, call, tell)
    return collect(desk, call, progress) if progress else call


def _waits(desk: Desk, call: Call) -> str:
    with desk.database.reading() as db:
        return turns.words_in_line(db, call.run_id)


def _check_cancelled(desk: Desk, call: Call) -> None:
    with desk.database.reading() as db:
        if calls.cancel_wanted(db, call.id):
            raise Cancelled
