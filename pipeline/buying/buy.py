"""The driver: take a call from where it stands to where it ends. Whatever stopped it before, running it again buys nothing twice."""

from pipeline.buying import calls
from pipeline.buying.desk import Desk
from pipeline.buying.lookup import look_up
from pipeline.buying.sending import send, upload
from pipeline.buying.settling import drop, give_up
from pipeline.buying.waiting import Tell, collect, wait
from pipeline.errors import Cancelled, NotSent, Refused, StoreError
from pipeline.records import CALL_ENDED, Call, CallState


def buy(desk: Desk, call_id: str, *, priority: int, tell: Tell) -> Call:
    """Drive a call until it has ended or needs a person's decision, and return it; raises OutcomeUnknown when a finished result cannot be fetched."""
    with desk.driving(call_id):
        with desk.database.reading() as db:
            call = calls.get(db, call_id)
        if call.state is CallState.SUBMITTING:
            with desk.database.writing() as tx:
                call = calls.move(tx, call, CallState.UNKNOWN)
        while call.state not in CALL_ENDED and not call.needs_decision:
            call = _step(desk, call, priority, tell)
        return call


def _step(desk: Desk, call: Call, priority: int, tell: Tell) -> Call:
    if call.state is CallState.UNKNOWN:
        tell("Asking whether the request arrived", 0.1)
        return look_up(desk, call)
    if call.state is CallState.HELD:
        return _first_half(desk, call, priority, tell)
    return _second_half(desk, call, priority, tell)


def _first_half(desk: Desk, call: Call, priority: int, tell: Tell) -> Call:
    tell("Uploading the photo", 0.05)
    try:
        _check_cancelled(desk, call)
        url = upload(desk, call)
        with desk.gate.place(priority, lambda: tell("Waiting for a free place", 0.08)):
            _check_cancelled(desk, call)
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


def _second_half(desk: Desk, call: Call, priority: int, tell: Tell) -> Call:
    with desk.gate.place(priority, lambda: tell("Waiting for a free place", 0.08)):
        call, progress = wait(desk, call, tell)
    return collect(desk, call, progress) if progress else call


def _check_cancelled(desk: Desk, call: Call) -> None:
    with desk.database.reading() as db:
        if calls.cancel_wanted(db, call.id):
            raise Cancelled
