"""Requests only a person can settle, in plain words: what happened, what is known, and what each choice costs."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.buying import price_of
from pipeline.database import Connection
from pipeline.errors import StudioError
from pipeline.records import Call, Choice, dollars, moment
from pipeline.studio.place import Place
from pipeline.studio.portraits import request_of
from pipeline.studio.requests import outdated
from pipeline.studio.seen import Question, Seen

LOST = "The connection to {provider} broke while the request was on its way"


@dataclass(frozen=True, kw_only=True)
class Option:
    """One way out: what it means, the micro-dollars it takes beyond those held already, and why it cannot be chosen, if so.

    `needs_request_id` when the provider's own id of the request has to be named.
    """

    choice: Choice
    title: str
    say: str
    more_micro_usd: int
    why_not: str | None = None
    needs_request_id: bool = False


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """A question with all that is needed to answer it."""

    question: Question
    happened: str
    known: tuple[str, ...]
    options: tuple[Option, ...]


def explain(place: Place, db: Connection, question: Question) -> Undecided:
    """Put a question into words."""
    call = question.call
    return Undecided(
        question=question, happened=happened(call), known=tuple(_known(call)), options=(_adopt(call), _resend(place, db, question), _write_off(call))
    )


def happened(call: Call) -> str:
    """Say what happened to a request of which nobody knows what became of it."""
    error = call.error or {}
    lost = LOST.format(provider=call.provider)
    if call.request_id is not None:
        return f"{call.provider} took the request and has not finished it within the longest time it should ever need. It may still come."
    if (error.get("found") or 0) > 1:
        return f"{lost}, and {error['found']} requests there look like it: which one is ours cannot be told."
    if error.get("found") == 0:
        return f"{lost}, and {call.provider}'s list does not show it. It costs too much to be sent again unasked."
    if error.get("asked"):
        return f"{lost}, and {call.provider} did not answer when asked about it."
    return f"{lost}, and {call.provider} has no list in which it could be looked up."


def _known(call: Call) -> Iterator[str]:
    error = call.error or {}
    if call.sent_at:
        yield f"Sent {_times(call.sends)}, last on {_at(call.sent_at)}."
    if call.request_id is not None:
        yield f"Accepted as {call.request_id}; looked at {_times(call.status_requests)} since."
    elif error.get("asked"):
        found = {None: "without an answer", 0: "nothing found"}.get(error.get("found"), f"{error.get('found')} found")
        yield f"Looked up {_times(error['asked'])}, {found}."
    yield f"{dollars(call.hold_micro_usd)} is held for it."


def _adopt(call: Call) -> Option:
    price = dollars(call.hold_micro_usd)
    if call.request_id is not None:
        return Option(choice=Choice.ADOPT, title="Wait on", say=f"Wait for the result. It costs the {price} that is held.", more_micro_usd=0)
    say = f"Find it in {call.provider}'s own history and name its request id; its result is fetched. It costs the {price} that is held."
    return Option(choice=Choice.ADOPT, title="It arrived", say=say, more_micro_usd=0, needs_request_id=True)


def _resend(place: Place, db: Connection, question: Question) -> Option:
    price, why_not = _price(place, db, question.seen)
    lost, new = dollars(question.call.hold_micro_usd), dollars(price)
    say = f"Ask anew for {new}. The lost request counts as spent, {lost}, until the bill says otherwise."
    return Option(choice=Choice.RESEND, title="Send again", say=say, more_micro_usd=price, why_not=why_not)


def _price(place: Place, db: Connection, seen: Seen) -> tuple[int, str | None]:
    if what := outdated(seen.case, seen.run):
        return 0, f"The {what} was replaced meanwhile, so this is not bought again."
    try:
        return price_of(request_of(place, db, seen.run)).micro_usd, None
    except StudioError as error:
        return 0, error.say


def _write_off(call: Call) -> Option:
    say = f"Give it up. {dollars(call.hold_micro_usd)} counts as spent until the bill says otherwise; it is no attempt of the case."
    return Option(choice=Choice.WRITE_OFF, title="Write off", say=say, more_micro_usd=0)


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _at(text: str) -> str:
    at = moment(text)
    return f"{at.day} {at:%B, %H:%M:%S} UTC"
