"""Nobody knows whether a request arrived: ask the provider's listing; send again only what is proven not to exist and is cheap."""

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


def look_up(desk: Desk, call: Call) -> Call:
    """Find out about a call in state `unknown`: adopt what was accepted, prepare another send, or leave it to a person."""
    provider = desk.providers[call.provider]
    if not provider.can_look_up:
        return _leave_to_a_person(desk, call)
    found = _listed(desk, call)
    if found is None or len(found) > 1:
        return _leave_to_a_person(desk, call)
    if len(found) == 1:
        return accept(desk, call, found[0].ticket)
    return _nothing_there(desk, call)


def _listed(desk: Desk, call: Call) -> tuple[Found, ...] | None:
    model = desk.catalogue.find(call.input["model"])
    settled = desk.settle_seconds(model.run_deadline_seconds)
    since = moment(call.sent_at or call.created_at)
    failures = 0
    while failures < PATIENCE:
        left = settled - seconds_since(call.sent_at or call.created_at)  # taken before asking: a slow answer may be an early one
        try:
            found = desk.providers[call.provider].find(call.endpoint, call.sent_input or {}, since)
        except (NotSent, Refused):
            failures += 1
            desk.sleep(LOOK_SECONDS)
            continue
        if found or left <= 0:
            return found
        desk.sleep(min(left + 0.01, max(LOOK_SECONDS, left / 20)))
    return None


def _nothing_there(desk: Desk, call: Call) -> Call:
    if call.hold_micro_usd >= desk.resend_below_micro_usd:
        return _leave_to_a_person(desk, call)
    if call.sends >= SENDS:
        return give_up(desk, call, ProviderUnreachable(f"The provider did not accept this in {SENDS} tries."))
    row = {"id": new_id("d"), "call_id": call.id, "choice": Choice.RESEND.value, "person": "the studio", "at": now()}
    with desk.database.writing() as tx:
        insert(tx, "decisions", {**row, "note": "the provider's listing proves that the request never arrived"})
        return calls.move(tx, call, CallState.HELD)


def _leave_to_a_person(desk: Desk, call: Call) -> Call:
    error = BeingLookedUp("It cannot be proven whether the provider accepted this request. Its money stays held.")
    error.next = f"Look at the provider's own history, then `decide {call.id} adopt`, `resend` or `write-off`."
    with desk.database.writing() as tx:
        return calls.note(tx, call, needs_decision=1, error=error.as_json())
