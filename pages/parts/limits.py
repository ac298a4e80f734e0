"""Budgets on one page: each with what is used and held of it, what the month will come to, and the forms that set, extend and end it."""

from collections.abc import Mapping
from dataclasses import dataclass

from pages.parts import forms, limit_forms, pieces, ways
from pages.parts.here import shared
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, join, tag
from pages.parts.pieces import badge, barred, icon
from pipeline.ledger.limits import STEPS, Limit
from pipeline.records import Role
from pipeline.studio import budget_history, budgets, forecast
from pipeline.studio.budget_history import Change
from pipeline.studio.budgets import A_PERIOD, Budget
from pipeline.studio.forecast import Forecast
from pipeline.studio.place import Place
from pipeline.wording import counted

HISTORY = 100
LEAD = (
    "A budget that stops is checked in the very moment in which money is held, so nothing is bought beyond it. One that warns stops nothing. "
    "People are told at 50, 80 and 100 %. Days and months are those of UTC."
)
ACTIONS = limit_forms.ACTIONS


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Every budget that holds, what this month will come to for whom they stand, and what was done to budgets."""

    budgets: tuple[Budget, ...]
    month: Forecast
    months: Mapping[str, Forecast]
    history: tuple[Change, ...]


def look() -> Seen:
    """Return what there is to see."""
    return shared("limits", _look)


def _look(there: Place) -> Seen:
    found = budgets.budgets(there)
    monthly = [one.limit for one in found if one.limit.period == "month" and one.limit.whose]
    months = {one.budget_id: forecast.of_limit(there, one) for one in monthly}
    history = budget_history.history(there, most=HISTORY)
    return Seen(budgets=found, month=forecast.of_month(there), months=months, history=history)


def draw(seen: Seen) -> Html:
    """Draw the month, every budget, and the history."""
    off = barred(Role.MONEY, "changing budgets")
    new = forms.opener("New budget", "budget-new", symbol="add", look="primary", off=off)
    head = tag("div", tag("h2", "Budgets"), new, class_="head-of")
    cards = tag("ul", *(_card(one, seen.months.get(one.limit.budget_id), off) for one in seen.budgets), class_="limits")
    lead = tag("p", LEAD, class_="lead")
    asked_back = limit_forms.asked_back() if off is None else None
    return join(asked_back, tag("section", head, lead, _month(seen.month), cards), _history(seen.history), limit_forms.new() if off is None else None)


def warning() -> Html | None:
    """Say in one line which budget is used most, where one is half used or more, and lead to all of them."""
    found = budgets.pressing(shared("limits-pressing", budgets.budgets))
    if not found:
        return None
    first, more = found[0], len(found) - 1
    said = f"{first.limit.reached()} % reached: {first.rule}" + (f", and {counted(more, 'more budget')}" if more else "")
    link = tag("a", said, href=ways.to("costs", part="budgets"), data_go=True)
    return tag("p", icon("error" if first.limit.over or first.limit.reached() == STEPS[0] else "data_usage"), link, class_="small budget-line")


def _month(one: Forecast) -> Html:
    words = one.words[:1].upper() + one.words[1:]
    return tag("p", icon("trending_up"), tag("span", f"{words}." if one.expected is not None else words), class_="outlook")


def _card(one: Budget, month: Forecast | None, off: str | None) -> Html:
    limit = one.limit
    kind = badge("block", "stops", "ask") if limit.hard else badge("notifications", "warns")
    title = tag(
        "h3", tag("span", _capital(one.whom), dir="auto"), tag("span", f"{limit.measure.said(limit.cap)} {A_PERIOD[limit.period]}", class_="cap")
    )
    body = (_bar(limit, month), tag("p", *_standing(limit)), _more(one, month))
    return tag(
        "li", tag("div", title, kind, class_="head-of"), *body, _buttons(one, off), class_="card limit", id=f"budget-{limit.budget_id or 'settings'}"
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _bar(limit: Limit, month: Forecast | None) -> Html:
    high = month.high if month and month.high else 0
    whole = max(limit.allowed, limit.used, high, 1)

    def at(amount: float) -> str:
        return f"{100 * amount / whole:.2f}%"

    spent = tag("i", class_="spent", style=f"width:{at(limit.used - limit.held)}")
    held = tag("i", class_="held", style=f"left:{at(limit.used - limit.held)};width:{at(limit.held)}")
    marks = [tag("b", class_="mark", style=f"left:{at(limit.allowed * step / 100)}", data_step=str(step)) for step in STEPS if limit.allowed]
    ahead = _ahead(month, at(month.low or 0), at(high - (month.low or 0))) if month and month.high else None
    look = "over" if limit.over or limit.reached() == STEPS[0] else "near" if limit.reached() == STEPS[1] else ""
    label = f"{limit.measure.said(limit.used)} of {limit.measure.said(limit.allowed)} used"
    how = {"role": "meter", "aria_label": label, "aria_valuemin": 0, "aria_valuemax": limit.allowed, "aria_valuenow": min(limit.used, limit.allowed)}
    return tag("div", ahead, spent, held, *marks, class_=f"limit-bar {look}", **how)


def _ahead(month: Forecast, left: str, width: str) -> Html:
    return tag("i", class_="ahead", style=f"left:{left};width:{width}", title=month.words)


def _standing(limit: Limit) -> tuple[Child, ...]:
    said = limit.measure.said
    held = f", {said(limit.held)} of it only held" if limit.held else ""
    by = f" by {limit.whose}, who used most" if limit.scope == "*" and limit.used else ""
    used = tag("span", tag("b", said(limit.used)), f" used{by}{held}", dir="auto")
    if limit.over:
        after = "Nothing more can be bought" if limit.hard else "It only warns"
        return used, badge("error", f"already {said(limit.over)} over. {after}.", "bad")
    reached = badge("warning", f"{limit.reached()} % is reached", "bad" if limit.reached() == STEPS[0] else "ask") if limit.reached() else None
    return used, tag("span", f" · {said(limit.left)} left"), reached


def _more(one: Budget, month: Forecast | None) -> Html:
    limit = one.limit
    extended = f"{limit.measure.said(limit.extended)} more are allowed today." if limit.extended else ""
    who = f"Set by {one.set_by}{f', {pieces.ago(one.set_at)}' if one.set_at else ''}"
    why = f"{who}: {one.reason}" if one.reason else f"{who}."
    lines = (extended, f"{one.note}." if one.note else "", f"{_capital(month.words).rstrip('.')}." if month else "", why)
    return tag("div", *(tag("p", line, class_="small", dir="auto") for line in lines if line))


def _buttons(one: Budget, off: str | None) -> Html | None:
    limit = one.limit
    if not limit.budget_id:
        return None
    key = limit.budget_id
    can_extend = limit.hard and limit.period != "ever"
    more = forms.opener("Extend for today", f"extend-{key}", symbol="more_time", off=off) if can_extend else None
    change = forms.opener("Change", f"change-{key}", symbol="edit", off=off)
    stop = forms.opener("End", f"end-{key}", symbol="close", look="quiet", off=off)
    dialogs = limit_forms.dialogs(one) if off is None else None
    return join(forms.buttons(more, change, stop), dialogs)


def _history(found: tuple[Change, ...]) -> Html:
    if not found:
        return tag("section", tag("h2", "What was changed"), tag("p", "No budget was ever set here.", class_="small"))
    rows = [(tag("span", one.at[:16].replace("T", " "), class_="when"), one.words, one.person, one.reason or "–") for one in found]
    lead = tag("p", f"The last {HISTORY} changes, newest first. Nothing here can be edited.", class_="small")
    return tag("section", tag("h2", "What was changed"), lead, listing("What was changed", ("When (UTC)", "What", "Who", "Why"), rows))
