"""A request whose outcome cannot be proven: a person adopts it, sends it again or writes it off. The decision is recorded with its reason."""

import sqlite3
from collections.abc import Iterable
from dataclasses import asdict

from pipeline import runs
from pipeline.buying import calls
from pipeline.buying.planning import Wanted, plan_again
from pipeline.buying.settling import write_off
from pipeline.database import Connection, insert
from pipeline.errors import NotNow, OutcomeUnknown
from pipeline.ledger import Cap
from pipeline.providers.port import Ticket
from pipeline.records import Call, CallState, Choice, Person, Run, new_id, now


def decide(
    tx: Connection, run: Run, call: Call, choice: Choice, *, by: Person, note: str, wanted: Wanted, caps: Iterable[Cap], ticket: Ticket | None
) -> Call:
    """Carry out a decision about a call that needs one and return the call the run goes on with.

    Adopt waits for the request named by `ticket` (or the one it already has); resend writes the old call off and holds anew; write-off only
    ends it. Raises NotNow when the call does not wait for a decision, BudgetReached when a resend does not fit a cap.
    """
    if call.state is not CallState.UNKNOWN or not call.needs_decision:
        raise NotNow(
            f"This call does not wait for a decision; it is {call.state.value}.", next="Look at its run with `show`.", screen="Look at its run."
        )
    row = {"id": new_id("d"), "call_id": call.id, "choice": choice.value, "person": by.name, "at": now(), "note": note}
    insert(tx, "decisions", row)
    if choice is Choice.ADOPT:
        return _adopt(tx, call, ticket)
    written = write_off(tx, call)
    if choice is Choice.WRITE_OFF:
        runs.explain(tx, call.id, _given_up(by))
        return written
    return plan_again(tx, run, wanted, caps, before_holding=lambda: None, force=True)


def _given_up(by: Person) -> OutcomeUnknown:
    said = f"Nobody knows whether the provider took this request, and {by.name} gave it up; it counts as charged until the bill says otherwise."
    return OutcomeUnknown(said, next="Retry to buy it anew.", charged=True)


def _adopt(tx: Connection, call: Call, ticket: Ticket | None) -> Call:
    known = ticket or (Ticket(**call.ticket) if call.ticket else None)
    if known is None:
        raise NotNow(
            "Nothing is known of this request that could be adopted.",
            next="Name the provider's request id: `decide CALL adopt --request ID`.",
            screen="Name the provider's request id.",
        )
    changes = {"ticket": asdict(known), "request_id": known.request_id, "accepted_at": now(), "needs_decision": 0, "error": None}
    try:
        return calls.move(tx, call, CallState.SUBMITTED, **changes)
    except sqlite3.IntegrityError as error:
        raise NotNow("This request belongs to another call already.", next="Look for the right one in the provider's own history.") from error
