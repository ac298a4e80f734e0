"""What the buttons of Home do. Each names what it is about, so pressing it twice is the same wish."""

from collections.abc import Callable, Mapping

from pages.parts.here import attempt, dismiss, examine, me, place
from pipeline.records import Choice, Decision
from pipeline.studio import home, requests, reviews, samples

What = Mapping[str, str]


def pressed(what: What) -> None:
    """Do what a button says."""
    action = ACTIONS.get(what["do"])
    if action is not None:
        attempt(lambda: action(what))


def _sample(what: What) -> None:
    samples.ask_sample(place(), int(what["number"]), me())


def _again(what: What) -> None:
    steps = home.look(place()).first_steps
    if steps is not None:
        samples.ask_again(place(), steps.case, int(what["number"]), me())


def _animate(what: What) -> None:
    steps = home.look(place()).first_steps
    if steps is not None:
        samples.ask_to_animate(place(), steps.case, what["run"], int(what["number"]), me())


def _decide(what: What) -> None:
    seen = home.see(place(), what["run"])
    if seen.made is not None and seen.decision is None:
        reviews.decide_on(place(), seen.made, seen.case.owner, Decision(what["decision"]), me())


def _cancel(what: What) -> None:
    seen = home.see(place(), what["run"])
    if not seen.run.ended:
        requests.cancel(place(), seen.run.id, seen.case.owner)


def _retry(what: What) -> None:
    seen = home.see(place(), what["run"])
    if seen.run.ended:
        requests.retry(place(), seen.run.id, seen.case.owner)


def _settle(what: What) -> None:
    call = requests.find_call(place(), what["call"])
    requests.decide_call(place(), call.id, reviews.owner_of(place(), call.case_id), Choice(what["choice"]), me())


ACTIONS: Mapping[str, Callable[[What], None]] = {
    "sample": _sample,
    "again": _again,
    "animate": _animate,
    "decide": _decide,
    "cancel": _cancel,
    "retry": _retry,
    "settle": _settle,
    "check": lambda _: examine(),
    "dismiss": lambda _: dismiss(),
}
