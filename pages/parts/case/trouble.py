"""What went wrong in a case, said on top of it: requests whose outcome nobody knows, and failures with whose fault they were and what they cost."""

from pages.parts import mishaps, pieces
from pages.parts.here import me
from pages.parts.markup import Html, tag
from pipeline.errors import Fault
from pipeline.records import RunKind, dollars
from pipeline.studio.casebook import CaseView
from pipeline.studio.requests import failure_of
from pipeline.studio.seen import Seen
from pipeline.studio.undecided import Undecided


def section(seen: CaseView) -> Html | None:
    """Draw the troubles; nothing while there are none."""
    rows = [*(_lost(one) for one in seen.questions), *(_failed(one) for one in seen.failed)]
    return tag("section", tag("ul", *rows, class_="rows card"), id="trouble", class_="troubles", aria_label="What went wrong") if rows else None


def _lost(one: Undecided) -> Html:
    run, call = one.question.seen.run, one.question.call
    title = tag("p", pieces.state_of(one.question.seen), tag("span", f"{pieces.what(run)} · {run.person}, {pieces.ago(run.asked_at)}"))
    held = tag("span", f"{dollars(call.hold_micro_usd)} is held for it.", class_="facts")
    words = tag("p", tag("span", one.happened), held, class_="failure")
    about = tag("div", title, words, *mishaps.short_ways(one, me()), class_="about")
    return tag("li", pieces.thumb(one.question.seen), about, id=f"ask-{call.id}")


def _failed(one: Seen) -> Html:
    title = tag("p", tag("b", f"{pieces.what(one.run)} failed"), tag("span", f"{one.run.person}, {pieces.ago(one.run.ended_at or one.run.asked_at)}"))
    acts = tag("div", pieces.retry(one), _other_photo(one), class_="acts")
    return tag("li", pieces.thumb(one), tag("div", title, pieces.failure(one), class_="about"), acts, id=f"failed-{one.run.id}")


def _other_photo(one: Seen) -> Html | None:
    """Lead to another photo where the photo is what was wrong."""
    error = failure_of(one.run)
    wrong = error is not None and error.fault is Fault.YOURS and one.run.kind is RunKind.AVATAR
    return pieces.button("Replace the photo", "photo", symbol="swap_horiz") if wrong else None
