"""The forms that set, change, extend and end a budget, and what they do."""

import re
from collections.abc import Iterator
from decimal import Decimal

import streamlit as st

from pages.parts import forms, pieces
from pages.parts.here import me, place, shared
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import button, icon
from pages.parts.told import What
from pipeline.errors import BadParameter, OutOfDate
from pipeline.ledger import Cap
from pipeline.ledger.limits import Measure, every_limit
from pipeline.records import Role
from pipeline.studio import budgets
from pipeline.studio.budgets import LONGEST_REASON, Budget
from pipeline.studio.people import check

GROUPS = {"person": "People", "feature": "Features", "case": "Cases, the newest first", "sweep": "Sweeps, the newest first"}
PERIODS = {"day": "a day", "month": "a month", "ever": "in all"}
MEASURES = {Measure.MONEY.value: "dollars", Measure.REQUESTS.value: "paid requests"}
LONGEST_AMOUNT = 20
ASKED_BACK = "budget-asked-back"
THOUSANDS, PLAIN = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?"), re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)


def new() -> Html:
    """Draw the dialog that sets a budget."""
    whose = tag("label", "For", tag("select", *_whose(), name="whose"))
    amount = _amount_field("Limit", "")
    measure, period = forms.select("In", "measure", MEASURES, Measure.MONEY.value), forms.select("Per", "period", PERIODS, "month")
    soft = forms.tick("Only warn, stop nothing", "soft")
    fields = (whose, tag("div", amount, measure, period, class_="row"), soft, _reason(required=False))
    lead = tag("p", "It takes the place of the budget for the same, if there is one. Zero stops everything it covers.", class_="small")
    form = tag("form", lead, *fields, forms.buttons(forms.submit("Set this budget")), data_do="budget-set")
    return forms.dialog("budget-new", "New budget", form)


def _whose() -> Iterator[Html]:
    """Draw everybody and everything that a budget can be for; nothing is typed, so none is made for a name that nobody has."""
    yield tag("option", "The studio", value="studio:all", selected=True)
    for kind, many in GROUPS.items():
        known = shared(f"budget scopes {kind}", lambda there, kind=kind: budgets.names_of(there, kind))
        each = tag("option", f"Every {kind}, each on its own", value=f"{kind}:*")
        named = (tag("option", pieces.short(words, 70), value=f"{kind}:{name}") for name, words in known.items())
        yield tag("optgroup", each, *named, label=many)


def dialogs(one: Budget) -> Html:
    """Draw the dialogs of one budget: more for today, another limit, its end."""
    limit, key = one.limit, one.limit.budget_id
    what = f"{one.rule}."
    about = {"data_kind": limit.scope_kind, "data_name": limit.scope, "data_measure": limit.measure.value, "data_period": limit.period}
    about |= {"data_soft": "" if limit.hard else "yes", "data_budget": key}
    unit = MEASURES[limit.measure.value]
    said = tag("p", what[:1].upper() + what[1:], class_="small", dir="auto")
    emptied = f"extend-{key}-{limit.extended}"  # fields of another name are new ones: what was typed goes with what it did
    typed = tag("div", _amount_field(f"How much more today, in {unit}", ""), _reason(required=True), class_="stack tight", id=emptied)
    more = (typed, forms.buttons(forms.submit("Extend for today")))
    note = tag("p", "It holds until midnight UTC, adds to what was extended before, and cannot be changed afterwards.", class_="small")
    used = tag("p", f"{limit.measure.said(limit.used)} used so far. A limit that leaves nothing is asked back before it is stored.", class_="small")
    other = (
        used if limit.hard else None,
        _amount_field(f"New limit, in {unit}", _written(one)),
        _reason(required=False),
        forms.buttons(forms.submit("Change")),
    )
    gone = (_reason(required=False), forms.buttons(forms.cancel(f"end-{key}"), forms.submit("End this budget", look="danger")))
    return join(
        forms.dialog(f"extend-{key}", "Extend for today", tag("form", said, note, *more, data_do="budget-extend", **about)),
        forms.dialog(f"change-{key}", "Change this budget", tag("form", said, *other, data_do="budget-set", **about)),
        forms.dialog(f"end-{key}", "End this budget", tag("form", said, *gone, data_do="budget-end", **about)),
    )


def amount_of(text: str, measure: Measure) -> int:
    """Read an amount as people type it, in dollars or requests; return micro-dollars or requests. Raises BadParameter.

    >>> amount_of("$1,200", Measure.MONEY), amount_of("3,50", Measure.MONEY), amount_of("1,200", Measure.REQUESTS)
    (1200000000, 3500000, 1200)
    """
    written = text.strip().lstrip("$").strip()[:LONGEST_AMOUNT]
    plain = written.replace(",", "") if THOUSANDS.fullmatch(written) else written.replace(",", ".")
    amount = Decimal(plain) if PLAIN.fullmatch(plain) else Decimal("NaN")
    parts = 1_000_000 if measure is Measure.MONEY else 1
    if not amount.is_finite() or amount * parts != int(amount * parts):
        example = "an amount in dollars, such as 200 or 3.50" if measure is Measure.MONEY else "a whole number of requests, such as 40"
        raise BadParameter(f"The limit must be {example}.", next="Correct it and press again.")
    return int(amount * parts)


def _amount_field(words: str, value: str) -> Html:
    return forms.field(words, "amount", value=value, inputmode="decimal", required=True, autocomplete="off", maxlength=LONGEST_AMOUNT)


def _reason(*, required: bool) -> Html:
    words = "Why" if required else "Why, for the history"
    return forms.field(words, "reason", required=required, autocomplete="off", maxlength=LONGEST_REASON)


def _written(one: Budget) -> str:
    cap = one.limit.cap
    return str(cap) if one.limit.measure is Measure.REQUESTS else f"{Decimal(cap) / 1_000_000:f}"


def _cap(what: What) -> Cap:
    if what["measure"] not in set(Measure):
        raise OutOfDate
    measure = Measure(what["measure"])
    amount = amount_of(what["amount"], measure)
    kind, _, name = what["whose"].partition(":") if what["whose"] else (what["kind"], "", what["name"])
    about = {"scope_kind": kind, "scope": "all" if kind == "studio" else name.strip(), "period": what["period"]}
    return Cap(**about, micro_usd=amount) if measure is Measure.MONEY else Cap(**about, requests=amount)


def asked_back() -> Html | None:
    """Draw the question whether a budget that is used up already is meant: it would stop all buying it covers at once."""
    waiting: tuple[What, str] | None = st.session_state.get(ASKED_BACK)
    if waiting is None:
        return None
    what, words = waiting
    sure = button("Set it all the same", "budget-set", look="primary", **{**_told(what), "sure": "yes"})
    leave = button("Leave it", "budget-left", look="plain")
    return tag("div", icon("warning"), tag("span", words, dir="auto"), forms.buttons(sure, leave), class_="notice", role="alert", id="asked-back")


def _told(what: What) -> dict[str, str]:
    return {name: what[name] for name in ("whose", "kind", "name", "amount", "measure", "period", "soft", "reason")}


def _passed(cap: Cap) -> tuple[str, str] | None:
    """Return what is used of a budget, and by whom, if nothing would be left of it from the beginning; None where something would."""
    with place().database.reading() as db:
        found = every_limit(db, (cap,))
    same = [one for one in found if (one.scope_kind, one.scope, one.period, one.measure) == (cap.scope_kind, cap.scope, cap.period, cap.measure)]
    used = next(one for one in same if not one.budget_id and one.cap == cap.amount)
    extended = max(one.extended for one in same)
    return None if used.used < cap.amount + extended else (used.measure.said(used.used), used.whose if cap.scope == "*" and used.used else "")


def _set(what: What) -> None:
    check(me(), Role.MONEY)
    cap, hard = _cap(what), not what["soft"]
    st.session_state.pop(ASKED_BACK, None)
    passed = _passed(cap) if hard and not what["sure"] else None
    if passed is None:
        budgets.set_cap(place(), cap, me(), hard=hard, reason=what["reason"])
    else:
        st.session_state[ASKED_BACK] = (what, _question(cap, *passed))


def _question(cap: Cap, used: str, by: str) -> str:
    limit = f"{cap.measure.said(cap.amount)} {budgets.A_PERIOD.get(cap.period, cap.period)} for {budgets.whom(cap.scope_kind, cap.scope)}"
    return f"{limit} would stop all buying it covers at once: {used} used already{f' by {by}' if by else ''}. Nothing is stored yet."


def _left(_: What) -> None:
    st.session_state.pop(ASKED_BACK, None)


def _extend(what: What) -> None:
    budgets.extend(place(), _cap(what), me(), what["reason"])


def _end(what: What) -> None:
    budgets.end(place(), what["budget"], me(), what["reason"])


ACTIONS = {"budget-set": _set, "budget-left": _left, "budget-extend": _extend, "budget-end": _end}
