"""What goes on beside the spending, in short: the three budgets that are used most, and what is stored and its cost a month."""

from pages.parts import storeroom, ways
from pages.parts.here import shared
from pages.parts.markup import Html, tag
from pages.parts.steady import steady
from pipeline.ledger.limits import Limit
from pipeline.records import dollars
from pipeline.studio import budgets, keeping
from pipeline.studio.budgets import Budget
from pipeline.wording import counted

SHOWN = 3


def draw() -> Html:
    """Draw the budgets that are used most, where there are any, and what is stored."""
    found = sorted(shared("spend-budgets", budgets.budgets), key=lambda one: -_share(one.limit))[:SHOWN]
    every = tag("a", "All budgets", href=ways.to("costs", part="budgets"), data_go=True)
    head = tag("div", tag("h2", "Budgets"), every, class_="history-head")
    listed = tag("ul", *(_budget(one) for one in found), class_="card in-short") if found else None
    return tag("div", tag("section", head if found else None, listed, _storage(), id="budgets-in-short"), class_="costs workshop")


def _storage() -> Html:
    cost = steady("storage", keeping.storage_cost)
    files, size = cost.private.files + cost.public.files, storeroom.size(cost.private.bytes + cost.public.bytes)
    money = f"{dollars(cost.micro_usd_a_month)} a month" if cost.micro_usd_a_month else "which costs nothing in a folder of yours"
    way = tag("a", "What is stored where", href=ways.to("settings", part="files"), data_go=True)
    return tag("p", f"Storage: {counted(files, 'file')}, {size}, {money}. ", way, class_="small", id="storage")


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
