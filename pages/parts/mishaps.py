"""What asks for somebody: runs that failed, with the way to mend them one by one or all at once, and requests only a person can settle."""

import streamlit as st

from pages.parts import forms, pieces, purse, sweepline, ways
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import button, icon
from pipeline.errors import without_commands
from pipeline.records import Person, Role, dollars
from pipeline.studio.people import ROLE_WORDS
from pipeline.studio.queue import Failed, QueueView, RetryPrice
from pipeline.studio.seen import Seen
from pipeline.studio.undecided import Option, Undecided

LONGEST_NOTE = 300


def named(seen: Seen) -> Html:
    """Say what case or sweep a run is for, what it makes and who asked."""
    run = seen.run
    asked = tag("a", pieces.short(run.person, 40), href=ways.to("queue", show=st.query_params.get("show"), who=run.person), data_go=True, dir="auto")
    return tag("p", sweepline.whose(seen), tag("span", f"{pieces.what(run)} · ", asked), class_="named")


def more(seen: Seen) -> Html | None:
    """Lead to everything about a run, unless that is on the screen."""
    if st.query_params.get("run") == seen.run.id:
        return None
    label = f"Details of {pieces.what(seen.run)} of {pieces.short(seen.case.name)}"
    return tag("a", "Details", href=ways.to("queue", run=seen.run.id), data_go=True, aria_label=label, class_="linklike")


def _top(seen: Seen) -> Html:
    return tag("div", named(seen), tag("div", more(seen), class_="acts"), class_="top")


def before(seen: Seen) -> Html | None:
    """Say what went wrong the last time, while a run is tried again."""
    error = seen.run.error
    return tag("p", icon("history"), tag("span", f"Last time: {error['say']}"), class_="small before") if error else None


def failed(one: Failed) -> Html:
    """Draw a failure: what went wrong, whose fault, charged or not, what to try."""
    seen = one.seen
    when = pieces.ago(seen.run.ended_at or seen.run.asked_at)
    facts = " · ".join((pieces.FAULTS[one.fault], _charged(one), when))
    body = (
        tag("p", one.say, class_="what-failed"),
        tag("p", facts, class_="small"),
        tag("p", one.why_not or without_commands(one.next), class_="small"),
    )
    about = tag("div", _top(seen), *body, tag("div", None if one.why_not else pieces.retry(seen), class_="buttons"), class_="about")
    return tag("li", pieces.thumb(seen), about, id=f"run-{seen.run.id}")


def _charged(one: Failed) -> str:
    if one.seen.charged_micro_usd:
        return f"charged {dollars(one.seen.charged_micro_usd)}"
    return {None: "not known yet whether it was charged", True: "charged", False: "not charged"}[one.charged]


def _price(micro_usd: int) -> str:
    return dollars(micro_usd) if micro_usd else "free"


def retry_all(view: QueueView, price: RetryPrice, own: Person) -> Html | None:
    """Draw the button that retries every failure shown but those of sweeps, with the dialog that says what is bought and what is not."""
    single = [one for one in view.failed if isinstance(one, Failed)]
    going = [one for one in single if one.seen.run.id in price.prices]
    if len(single) < 2 or not going:
        return None
    every = "all failed" if len(single) == view.sizes.failed else f"these {len(single)}"
    total, off = _price(price.total_micro_usd), None if Role.MAKE in own.roles else "Your role does not allow making."
    opens = forms.opener(f"Retry {every} · {total}", "retry-all", symbol="refresh", off=off)
    if off:
        return opens
    lead = tag("p", "What was bought already is not bought again. It stops by itself where a budget is used up.", class_="small")
    listed = tag("ul", *(_to_retry(one, price) for one in single), class_="to-retry")
    room = purse.room_for_many(price.total_micro_usd, sum(1 for bought in price.prices.values() if bought))
    sure = forms.buttons(forms.purchase(f"Retry {len(going)} · {total}", symbol="refresh"), pieces.budget_says(room))
    about = {"data_runs": ",".join(one.seen.run.id for one in going), "data_price": str(price.total_micro_usd)}
    asked = tag("form", listed, sure, data_do="retry-all", id="retry-all-form", **about)
    return tag("div", opens, forms.dialog("retry-all", f"Retry {every}", lead, asked))


def _to_retry(one: Failed, price: RetryPrice) -> Html:
    seen, run_id = one.seen, one.seen.run.id
    words = tag("span", tag("b", pieces.short(seen.case.name, 60), dir="auto"), tag("span", pieces.what(seen.run), class_="small"))
    if run_id in price.prices:
        bought = _price(price.prices[run_id])
        return tag("li", pieces.thumb(seen), words, tag("b", bought), id=f"again-{run_id}")
    why = tag("span", f"Left out. {price.refused[run_id].say}", class_="small")
    return tag("li", pieces.thumb(seen), words, why, id=f"again-{run_id}")


def outcome() -> Html | None:
    """Tell what became of every run of the last retry of many, until it is closed."""
    told: list[tuple[str, str, str]] = st.session_state.get("retried", [])
    if not told:
        return None
    well = sum(not why for _, _, why in told)
    title = f"{well} of {len(told)} are being tried again" if well < len(told) else f"All {well} are being tried again"
    head = tag("div", tag("h2", title), button("Close", "retried-read", symbol="close", look="quiet"), class_="history-head")
    rows = [_told(run_id, words, why) for run_id, words, why in told]
    return tag("section", head, tag("ul", *rows, class_="told"), class_="card", role="status", id="retried")


def _told(run_id: str, words: str, why: str) -> Html:
    link = tag("a", words, href=ways.to("queue", run=run_id), data_go=True, dir="auto")
    state = pieces.badge("error", why, "bad") if why else pieces.badge("check_circle", "Being tried again", "good")
    return tag("li", link, state)


def question(one: Undecided, own: Person) -> Html:
    """Draw a request nobody can prove: what happened, what is known, and every way out with its price."""
    seen, call = one.question.seen, one.question.call
    known = tag("ul", *(tag("li", fact) for fact in one.known), class_="small known")
    settles = _settles(one) if Role.MONEY in own.roles else _who_may()
    about = tag("div", _top(seen), tag("p", one.happened, class_="what-failed"), known, settles, class_="about")
    return tag("li", pieces.thumb(seen), about, class_="question", id=f"ask-{call.id}")


def _settles(one: Undecided) -> Html:
    call = one.question.call
    note = forms.field("Why, for the record", "note", maxlength=LONGEST_NOTE, autocomplete="off")
    return forms.form("settle", f"settle-{call.id}", note, *(_option(option, one) for option in one.options), call=call.id)


def _option(option: Option, about: Undecided) -> Html:
    if option.why_not:
        return tag("div", tag("p", f"{option.title}: {option.why_not}", class_="small"), class_="option")
    room = purse.room_to_retry(about.question.seen.run, option.more_micro_usd)
    asked = forms.field("The provider’s request id", "request", maxlength=128, autocomplete="off", spellcheck="false")
    press = forms.purchase(_named(option, about), look="plain", off=room.words, data_choice=option.choice.value)
    return tag(
        "div", tag("p", option.say, class_="small"), pieces.budget_says(room), asked if option.needs_request_id else None, press, class_="option"
    )


def short_ways(one: Undecided, own: Person) -> tuple[Html | None, ...]:
    """Draw the ways out of a lost request that need no words, with their prices, for whoever may settle it; for others who may."""
    more = tag("a", "More ways", href=ways.to("queue", run=one.question.seen.run.id), data_go=True, class_="linklike")
    if Role.MONEY not in own.roles:
        return (_who_may(),)
    given = [option for option in one.options if not option.needs_request_id]
    says = [tag("p", option.why_not or option.say, class_="small") for option in given]
    presses = [_press(option, one) for option in given if not option.why_not]
    return (*says, tag("div", *presses, more, class_="buttons"))


def _press(option: Option, about: Undecided) -> Html:
    room = purse.room_to_retry(about.question.seen.run, option.more_micro_usd)
    what = {"call": about.question.call.id, "choice": option.choice.value}
    return join(button(_named(option, about), "settle", off=room.words, **what), pieces.budget_says(room))


def _named(option: Option, about: Undecided) -> str:
    """Name a way out with its price: what it takes beyond the money that is held, else that."""
    price = f"{dollars(option.more_micro_usd)} more" if option.more_micro_usd else dollars(about.question.call.hold_micro_usd)
    return f"{option.title} · {price}"


_MAY = f"Only who may {ROLE_WORDS[Role.MONEY]} can decide this."


def _who_may() -> Html:
    return tag("p", icon("lock"), tag("span", _MAY), class_="why")
