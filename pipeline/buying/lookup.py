"""Nobody knows whether a request arrived: ask the provider's listing; send again only what is proven not to exist and is cheap."""

from dataclasses import dataclass

from pipeline.buying import calls
from pipeline.buying.desk import Desk
from pipeline.buying.sending import SENDS, accept
from pipeline.buying.settling import give_up
from pipeline.database import insert
from pipeline.errors import BeingLookedUp, NotSent, ProviderUnreachable, Refused
from pipeline.providers.port import Found
from pipeline.records import Call, CallState, Choice, moment, new_id, now, seconds_since

LOOK_SECONDS = 2.0
PATIENCE = 30


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What the provider's listing told: the requests that look like ours, None where it gave no proof, and how often it was asked."""

    found: tuple[Found, ...] | None
    asked: int


def look_up(desk: Desk, call: Call) -> Call:
    """Find out about a call in state `unknown`: adopt what was accepted, prepare another send, or leave it to a person."""
    listed = _listed(desk, call) if desk.providers[call.provider].can_look_up else Listed(found=None, asked=0)
    if listed.found is None or len(listed.found) > 1:
        return _leave_to_a_person(desk, call, listed)
    if len(listed.found) == 1:
        return accept(desk, call, listed.found[0].ticket)
    return _nothing_there(desk, call, listed)


def _listed(desk: Desk, call: Call) -> Listed:
    model = desk.catalogue.find(call.input["model"])
    settled = desk.settle_seconds(model.run_deadline_seconds)
    since = moment(call.sent_at or call.created_at)
    asked = failures = 0
    while failures < PATIENCE:
        left = settled - seconds_since(call.sent_at or call.created_at)  # taken before asking: a slow answer may be an early one
        asked += 1
        try:
            found = desk.providers[call.provider].find(call.endpoint, call.sent_input or {}, since)
        except (NotSent, Refused):
            failures += 1
            desk.sleep(LOOK_SECONDS)
            continue
        if found or left <= 0:
            return Listed(found=found, asked=asked)
        desk.sleep(min(left + 0.01, max(LOOK_SECONDS, left / 20)))
    return Listed(found=None, asked=asked)


def _nothing_there(desk: Desk, call: Call, listed: Listed) -> Call:
    if call.hold_micro_usd >= desk.resend_below_micro_usd:
        return _leave_to_a_person(desk, call, listed)
    if call.sends >= SENDS:
        return give_up(desk, call, ProviderUnreachable(f"The provider did not accept this in {SENDS} tries."))
    row = {"id": new_id("d"), "call_id": call.id, "choice": Choice.RESEND.value, "person": "the studio", "at": now()}
    with desk.database.writing() as tx:
        insert(tx, "decisions", {**row, "note": "the provider's listing proves that the request never arrived"})
        return calls.move(tx, call, CallState.HELD)


def _leave_to_a_person(desk: Desk, call: Call, listed: Listed) -> Call:
    error = BeingLookedUp("It cannot be proven whether the provider accepted this request. Its money stays held.")
    error.next = f"Look at the provider's own history, then `decide {call.id} adopt`, `resend` or `write-off`."
    known = {"asked": listed.asked, "found": None if listed.found is None else len(listed.found)}
    with desk.database.writing() as tx:
        return calls.note(tx, call, needs_decision=1, error={**error.as_json(), **known})
