"""One POST, and what its outcome means. Only what was surely not accepted is sent again, twice at most."""

import secrets
from dataclasses import asdict
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from pipeline import assets
from pipeline.buying import calls
from pipeline.buying.desk import Desk
from pipeline.buying.settling import give_up
from pipeline.database import insert
from pipeline.errors import NotSent, OutcomeUnknown, Refused
from pipeline.providers.port import Ticket
from pipeline.records import Call, CallState, now
from pipeline.turns import pause_of

SENDS = 3
BASE_SECONDS = 1.0
CEILING_SECONDS = 60.0
UPLOAD_TRIES = 5


def upload(desk: Desk, call: Call) -> str:
    """Copy the call's photo to the provider and return its address, fresh for every send: by it a lost request is told from all others."""
    with desk.database.reading() as db:
        asset = assets.get(db, call.case_id, call.input["photo"])
    data = assets.read(desk.store, asset)
    desk.points.reach("before-upload")
    url = _patiently(desk, UPLOAD_TRIES)(desk.providers[call.provider].upload, data, asset.media_type, f"{asset.sha256[:16]}.jpg")
    desk.points.reach("after-upload")
    return str(url)


def send(desk: Desk, call: Call, url: str) -> Call:
    """Write down the intent, POST exactly once, write down what came of it.

    If we die after the intent, the call is found `submitting` and looked up before anything is sent again. If we die after the ticket, the
    request is simply waited for. During a pause nothing is sent and the call stays held: the gate closes a moment after the pause begins.
    """
    arguments = {**call.input["arguments"], call.input["photo_field"]: url}
    with desk.database.writing() as tx:
        if pause_of(tx):
            desk.gate.close()
            return call
        insert(tx, "uploads", {"call_id": call.id, "provider": call.provider, "asset": call.input["photo"], "url": url, "at": now()})
        call = calls.move(tx, call, CallState.SUBMITTING, sent_input=arguments, sent_at=now(), sends=call.sends + 1)
    desk.points.reach("after-intent")
    try:
        ticket = desk.providers[call.provider].submit(call.endpoint, arguments, webhook_url=desk.webhook_url)
    except NotSent as error:
        return _not_sent(desk, call, error)
    except Refused as error:
        return give_up(desk, call, error)
    except OutcomeUnknown:
        with desk.database.writing() as tx:
            return calls.move(tx, call, CallState.UNKNOWN)
    desk.points.reach("after-post")
    return accept(desk, call, ticket)


def accept(desk: Desk, call: Call, ticket: Ticket) -> Call:
    """Write down that the provider has the request; from here on it is only waited for."""
    with desk.database.writing() as tx:
        call = calls.move(tx, call, CallState.SUBMITTED, ticket=asdict(ticket), request_id=ticket.request_id, accepted_at=now(), needs_decision=0)
    desk.points.reach("after-ticket")
    return call


def pause_seconds(sends: int, after_seconds: float | None) -> float:
    """Return how long to wait before a send is repeated: 1 s doubled each time with jitter, at least Retry-After, at most 60 s."""
    backoff: float = BASE_SECONDS * 2 ** (sends - 1) * (0.5 + secrets.randbelow(1000) / 1000)
    return min(max(backoff, after_seconds or 0.0), CEILING_SECONDS)


def _not_sent(desk: Desk, call: Call, error: NotSent) -> Call:
    if call.sends >= SENDS:
        return give_up(desk, call, error)
    with desk.database.writing() as tx:
        call = calls.move(tx, call, CallState.HELD)
    desk.sleep(pause_seconds(call.sends, error.after_seconds))
    return call


def _patiently(desk: Desk, tries: int) -> Any:
    def wait(state: RetryCallState) -> float:
        return pause_seconds(state.attempt_number, getattr(state.outcome.exception() if state.outcome else None, "after_seconds", None)) / 2

    return Retrying(stop=stop_after_attempt(tries), wait=wait, retry=retry_if_exception_type(NotSent), sleep=desk.sleep, reraise=True)
