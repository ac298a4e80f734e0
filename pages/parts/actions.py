"""What the buttons of Home do. Each names what it is about, so pressing it twice is the same wish."""

from collections.abc import Callable, Mapping

from pages.parts import toasts
from pages.parts.here import examine, me, place
from pages.parts.mishaps import LONGEST_NOTE
from pages.parts.told import What, number_of
from pipeline.errors import BadParameter, OutOfDate
from pipeline.records import Choice, Decision
from pipeline.studio import home, portraits, presets, requests, reviews, samples, sweep_runs

OPEN = (None, Decision.WITHDRAWN)


def _sample(what: What) -> None:
    samples.ask_sample(place(), number_of(what), me())


def _again(what: What) -> None:
    steps = home.look(place()).first_steps
    if steps is not None:
        samples.ask_again(place(), steps.case, number_of(what), me())


def _animate(what: What) -> None:
    seen = home.see(place(), what["run"])
    if seen.made is not None:
        portraits.ask_next_clip(place(), seen.case.id, seen.case.owner, seen.made.sha256, presets.clip_wish(place()), me(), number_of(what))


def _decide(what: What) -> None:
    seen = home.see(place(), what["run"])
    if seen.made is not None and seen.decision in OPEN and what["decision"] in (Decision.APPROVED, Decision.REJECTED):
        toasts.decide(seen.made, Decision(what["decision"]))


def _cancel(what: What) -> None:
    seen = home.see(place(), what["run"])
    if not seen.run.ended:
        requests.cancel(place(), seen.run.id, seen.case.owner, me())


def _retry(what: What) -> None:
    seen = home.see(place(), what["run"])
    if seen.run.ended:
        requests.retry(place(), seen.run.id, seen.case.owner, me())


def _settle(what: What) -> None:
    call = requests.find_call(place(), what["call"])
    if what["choice"] not in set(Choice):
        raise OutOfDate
    if not call.needs_decision:
        return
    choice, note = Choice(what["choice"]), " ".join(what["note"].split())
    if len(note) > LONGEST_NOTE:
        raise BadParameter(f"A reason has at most {LONGEST_NOTE} characters.", next="Say it shorter.")
    named = choice is Choice.ADOPT and call.request_id is None
    ticket = requests.ticket_named(call, what["request"].strip()) if named else None
    requests.decide_call(place(), call.id, reviews.owner_of(place(), call.case_id), choice, me(), note=note, ticket=ticket)


def _cancel_sweep(what: What) -> None:
    sweep_runs.cancel(place(), what["sweep"], me())


BOARD: Mapping[str, Callable[[What], object]] = {"cancel": _cancel, "cancel-sweep": _cancel_sweep, "retry": _retry, "settle": _settle}
ACTIONS: Mapping[str, Callable[[What], object]] = {
    **BOARD,
    "sample": _sample,
    "again": _again,
    "animate": _animate,
    "decide": _decide,
    "check": lambda _: examine(),
}
