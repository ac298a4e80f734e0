"""The budgets in short, beside the spending: the three that are used most, with the way to all of them."""

from pages.parts import ways
from pages.parts.here import shared
from pages.parts.markup import Html, tag
from pipeline.ledger.limits import Limit
from pipeline.studio import budgets
from pipeline.studio.budgets import Budget

SHOWN = 3


def draw() -> Html | None:
    """Draw the budgets that are used most; nothing where there is none."""
    found = sorted(shared("spend-budgets", budgets.budgets), key=lambda one: -_share(one.limit))[:SHOWN]
    if not found:
        return None
    every = tag("a", "All budgets", href=ways.to("costs", part="budgets"), data_go=True)
    head = tag("div", tag("h2", "Budgets"), every, class_="history-head")
    listed = tag("ul", *(_budget(one) for one in found), class_="card in-short")
    return tag("div", tag("section", head, listed, id="budgets-in-short"), class_="costs workshop")


def _budget(one: Budget) -> Html:
    limit = one.limit
    done = min(round(_share(limit) * 100), 100)
    rule = one.rule[:1].upper() + one.rule[1:]
    bar = tag(
        "div",
        tag("i", style=f"--done:{done}%"),
        class_="bar over" if limit.over else "bar",
        role="meter",
        aria_label=rule,
        aria_valuemin=0,
        aria_valuemax=100,
        aria_valuenow=done,
    )
    used = f"{limit.measure.said(limit.used)} used of {limit.measure.said(limit.allowed)}"
    return tag("li", tag("span", rule, dir="auto"), bar, tag("span", used, class_="small"))


def _share(limit: Limit) -> float:
    return limit.used / limit.allowed if limit.allowed else float(limit.used > 0)
