"""One run in full: where it stands, who did what when, what exactly was asked of whom, and every ledger line."""

import json
from collections.abc import Iterator
from typing import Any

import streamlit as st

from pages.parts import mishaps, pieces, ways
from pages.parts.here import me, shared
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, join, tag
from pages.parts.pieces import badge, icon
from pipeline.errors import UnknownName
from pipeline.ledger import Entry
from pipeline.records import Call, CallState, EntryKind, RunState, dollars, moment
from pipeline.stages import ordinal
from pipeline.studio import dossier
from pipeline.studio.dossier import Asked, Deed, Dossier

DEEDS = {
    "ask": "asked for it",
    "cancel": "asked it to stop",
    "retry": "had it tried again",
    "adopt": "said the request arrived",
    "resend": "had the request sent again",
    "write-off": "wrote the request off",
}
STATES = {
    CallState.PLANNED: ("schedule", "Planned", "quiet"),
    CallState.HELD: ("schedule", "Not sent yet", "quiet"),
    CallState.SUBMITTING: ("send", "Being sent", "quiet"),
    CallState.UNKNOWN: ("help", "Not known whether it arrived", "bad"),
    CallState.SUBMITTED: ("hourglass_top", "Waiting at the provider", "quiet"),
    CallState.RUNNING: ("progress_activity", "Being made", "quiet"),
    CallState.SUCCEEDED: ("check_circle", "Delivered", "good"),
    CallState.FAILED: ("error", "Failed", "bad"),
    CallState.CANCELLED: ("cancel", "Cancelled", "quiet"),
    CallState.WRITTEN_OFF: ("money_off", "Written off", "quiet"),
}
KINDS = {EntryKind.HOLD: "Held", EntryKind.RELEASE: "Given back", EntryKind.CHARGE: "Charged", EntryKind.ADJUST: "Corrected"}


def look() -> Dossier | None:
    """Return everything about the run that the address names; None when there is none."""
    run_id = st.query_params.get("run", "")
    try:
        return shared(f"run {run_id}", lambda there: dossier.in_full(there, run_id))
    except UnknownName:
        return None


def draw(seen: Dossier | None) -> Html:
    """Draw the run."""
    if seen is None:
        words = f"There is no run “{pieces.short(st.query_params.get('run', ''))}”, or it was asked for in another mode."
        return pieces.friendly("search_off", "This run is not here", words, tag("a", "Look at the queue", href=ways.to("queue"), data_go=True))
    return tag("div", _head(seen), _stands(seen), _happened(seen), *_requests(seen), _ledger(seen), class_="queue onerun stack")


def _head(seen: Dossier) -> Html:
    run, one = seen.seen.run, seen.seen
    back = tag("a", icon("arrow_back"), "Queue", href=ways.to("queue"), data_go=True, class_="back")
    attempt = f"attempt {run.attempt}" if run.attempt > 1 else None
    facts = " · ".join(filter(None, (run.id, attempt, pieces.settings_of(run), pieces.likeness(one), pieces.cost(one))))
    title = tag("div", tag("h1", f"{pieces.KINDS[run.kind]} of {pieces.short(one.case.name, 200)}", dir="auto"), tag("p", facts, class_="small"))
    return tag("header", back, tag("div", title, pieces.state_of(one), class_="title"), class_="case-head")


def _stands(seen: Dossier) -> Html:
    """Show where the run stands now, with what can be done about it."""
    if seen.undecided:
        rows = mishaps.question(seen.undecided, me())
    elif seen.failed:
        rows = mishaps.failed(seen.failed)
    else:
        top = tag("div", mishaps.named(seen.seen), _act(seen), class_="top")
        rows = tag("li", pieces.thumb(seen.seen), tag("div", top, *_now(seen), class_="about"), id=f"run-{seen.seen.run.id}")
    return tag("ul", rows, class_="rows card")


def _now(seen: Dossier) -> Iterator[Html | None]:
    if not seen.seen.run.ended:
        yield tag("p", f"{ordinal(seen.place)} in our own line", class_="small") if seen.place else None
        yield pieces.progress(seen.seen)
        yield mishaps.before(seen.seen)


def _act(seen: Dossier) -> Html:
    run, one = seen.seen.run, seen.seen
    if not run.ended:
        return tag("div", pieces.cancel(one), class_="acts")
    if run.state in (RunState.CANCELLED, RunState.PARTLY):
        return tag("div", pieces.retry(one), class_="acts")
    to = {"href": ways.to("library", scope=run.case_id, asset=one.made.sha256), "data_go": True} if one.made else {}
    file = tag("a", "Open the file", class_="linklike", **to) if to else None
    return tag("div", file, class_="acts")


def _happened(seen: Dossier) -> Html:
    rows = [_event(at, words) for at, words in sorted(_events(seen), key=lambda event: event[0])]
    title = tag("h2", "What happened", tag("span", "times in UTC", class_="small"))
    return tag("section", title, tag("ol", *rows, class_="card happened"), id="happened")


def _events(seen: Dossier) -> Iterator[tuple[str, Child]]:
    run = seen.seen.run
    yield from ((deed.at, _deed(deed)) for deed in seen.deeds)
    for asked in seen.requests:
        call, what = asked.call, "The request" if len(seen.requests) == 1 else f"Request {asked.call.try_number}"
        yield from _moments(call, what)
    if run.ended_at:
        yield run.ended_at, f"Ended: {run.stage.lower()}"


def _moments(call: Call, what: str) -> Iterator[tuple[str, Child]]:
    times = f", for the {ordinal(call.sends)} time" if call.sends > 1 else ""
    if call.sent_at:
        yield call.sent_at, f"{what} went out to {call.provider}{times}"
    if call.accepted_at:
        yield call.accepted_at, f"{call.provider} took it as {call.request_id}"
    if call.finished_at:
        yield call.finished_at, f"{call.provider} was done with it"


def _deed(deed: Deed) -> Child:
    why = f": {deed.note}" if deed.note else ""
    return [tag("b", pieces.short(deed.person, 60), dir="auto"), f" {DEEDS[deed.action]}{why}"]


def _event(at: str, words: Child) -> Html:
    return tag("li", _time(at), tag("span", words))


def _time(at: str) -> Html:
    when = moment(at)
    return tag("time", f"{when.day} {when:%b %H:%M:%S}", datetime=at, title=f"{at[:19].replace('T', ' ')} UTC")


def _requests(seen: Dossier) -> list[Html]:
    many = len(seen.requests) > 1
    return [_request(asked, f"Request {number}" if many else "Request") for number, asked in enumerate(seen.requests, 1)]


def _request(asked: Asked, title: str) -> Html:
    call = asked.call
    rows = [join(tag("dt", name), tag("dd", value)) for name, value in _facts(asked) if value]
    whose = tag("a", "another run asked for it", href=ways.to("queue", run=asked.asked_by), data_go=True, class_="small") if asked.asked_by else None
    sent = tag("details", tag("summary", "Exactly what is asked" if call.sent_at is None else "Exactly what was sent"), _body(asked))
    head = tag("div", tag("h2", title), badge(*STATES[call.state]), whose, class_="title")
    return tag("section", head, tag("div", tag("dl", *rows), sent, class_="card request"), id=f"call-{call.id}")


def _facts(asked: Asked) -> Iterator[tuple[str, Child]]:
    call, request, error = asked.call, asked.request, asked.call.error or {}
    yield "Provider and model", f"{call.provider}, {request.model}"
    yield "Endpoint", tag("code", call.endpoint)
    yield "Served by", tag("code", call.served_endpoint) if call.served_endpoint and call.served_endpoint != call.endpoint else None
    yield "Request id", tag("code", call.request_id) if call.request_id else "none yet"
    yield "Price", f"{call.quantity} {call.unit} × {dollars(call.unit_micro_usd)} = {dollars(call.hold_micro_usd)}"
    yield "Sent", _times(call.sends) if call.sends else "not yet"
    yield "Status asked for", _times(call.status_requests) if call.status_requests else None
    yield "Looked up in the provider’s list", _times(int(error["asked"])) if error.get("asked") else None
    yield "Seed", str(request.seed) if request.seed is not None else None
    yield "What went wrong", str(error["say"]) if error.get("say") else None


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _body(asked: Asked) -> Html:
    rows: list[tuple[Child, Child]] = [(name, _value(value)) for name, value in asked.request.input.items()]
    return listing("What was sent", ("Field", "Value"), rows)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _ledger(seen: Dossier) -> Html:
    lines = [entry for asked in seen.requests if asked.asked_by is None for entry in asked.request.entries]
    one = seen.seen
    if not lines:
        return tag("section", tag("h2", "Ledger"), tag("p", "This run has no line of its own: nothing was held for it.", class_="nothing"))
    sums = tag("p", f"{dollars(one.charged_micro_usd)} charged, {dollars(one.held_micro_usd)} held.", class_="small")
    table = listing("Ledger lines", ("When", "What", "Amount", "Rests on", "Price"), (_line(entry) for entry in lines), numbers={2})
    return tag("section", tag("h2", "Ledger", tag("span", str(len(lines)), class_="count")), table, sums, id="ledger")


def _line(entry: Entry) -> tuple[Child, ...]:
    flag = f", {entry.flag}" if entry.flag else ""
    return _time(entry.at), KINDS[entry.kind] + flag, dollars(entry.micro_usd), entry.basis.value, tag("code", entry.price_id)
