"""Costs, part by part: each has an address of its own, and only the part that is looked at is read and drawn."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from pages.parts import limits, pieces, reckoning, spendpage, takeaway, ways
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon

FIRST = "spending"
# name in the address, title, symbol, what is read for it, how that is drawn
PARTS: tuple[tuple[str, str, str, Callable[[], Any], Callable[[Any], Html]], ...] = (
    (FIRST, "Spending", "bar_chart", spendpage.look, spendpage.draw),
    (reckoning.PART, "Is it right?", "fact_check", reckoning.look, reckoning.draw),
    ("budgets", "Budgets", "savings", limits.look, limits.draw),
    (takeaway.PART, "Take away", "download", takeaway.look, takeaway.draw),
)
ACTIONS: Mapping[str, Callable[[Mapping[str, str]], object]] = {**spendpage.ACTIONS, **reckoning.ACTIONS, **limits.ACTIONS, **takeaway.ACTIONS}


def knows(part: str) -> bool:
    """Tell whether there is a part by this name."""
    return any(name == part for name, *_ in PARTS)


def look() -> tuple[str, Any]:
    """Return the part that the address names, and what is read for it."""
    part = st.query_params.get("part", FIRST)
    return part, next((look() for name, _, _, look, _ in PARTS if name == part), None)


def draw(seen: tuple[str, Any]) -> Html:
    """Draw the way to every part, and the part itself."""
    part, read = seen
    found = next((draw for name, *_, draw in PARTS if name == part), None)
    inside = found(read) if found else _nowhere(part)
    return tag("div", tag("h1", "Costs"), _ways(part), tag("div", inside, class_="stack", id="part"), class_="costs workshop stack")


def _ways(part: str) -> Html:
    links = [
        tag("a", icon(symbol), tag("span", title), href=_to(name), data_go=True, aria_current="page" if name == part else None)
        for name, title, symbol, *_ in PARTS
    ]
    return tag("nav", *links, class_="tabs", aria_label="Parts of the costs")


def _to(part: str) -> str:
    return ways.to("costs", part=None if part == FIRST else part)


def _nowhere(part: str) -> Html:
    words = f"There is no part called “{pieces.short(part, 40)}”."
    return pieces.friendly("explore_off", "Nothing here", words, tag("a", "Look at the spending", href=ways.to("costs"), data_go=True))
