"""Settings, part by part: each has an address of its own, and only the part that is looked at is read and drawn."""

from collections.abc import Callable, Mapping

import streamlit as st

from pages.parts import checkup, inventory, pieces, storeroom, team, ways
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon

FIRST = "health"
# name in the address, title, symbol, how it is drawn
PARTS: tuple[tuple[str, str, str, Callable[[], Html]], ...] = (
    (FIRST, "Health", "monitor_heart", checkup.draw),
    ("models", "Models and prices", "sell", inventory.models),
    ("styles", "Prompt styles", "format_paint", inventory.styles),
    ("files", "Files", "hard_drive", storeroom.draw),
    ("values", "Settings", "tune", inventory.values),
    ("people", "People", "group", team.draw),
    ("version", "Version", "info", inventory.version),
)
ACTIONS: Mapping[str, Callable[[Mapping[str, str]], object]] = {**checkup.ACTIONS, **storeroom.ACTIONS, **team.ACTIONS}


def look() -> str:
    """Return the part that the address names."""
    return st.query_params.get("part", FIRST)


def draw(part: str) -> Html:
    """Draw the way to every part, and the part itself."""
    found = next((draw for name, _, _, draw in PARTS if name == part), None)
    inside = found() if found else _nowhere(part)
    head = tag("header", tag("h1", "Settings"))
    return tag(
        "div", head, tag("div", _ways(part), tag("div", inside, class_="stack", id=f"part-{part}"), class_="workshop"), class_="stack page-settings"
    )


def _ways(part: str) -> Html:
    links = [
        tag("a", icon(symbol), tag("span", title), href=ways.to("settings", part=name), data_go=True, aria_current="page" if name == part else None)
        for name, title, symbol, _ in PARTS
    ]
    return tag("nav", *links, class_="parts-of", aria_label="Parts of the settings")


def _nowhere(part: str) -> Html:
    words = f"There is no part called “{pieces.short(part, 40)}”."
    back = tag("a", "Look at the health of every part", href=ways.to("settings"), data_go=True)
    return pieces.friendly("explore_off", "Nothing here", words, back)


def has_news() -> bool:
    """Tell whether an errand has begun or ended since this was last asked in this session."""
    seen = (checkup.errand().outcome, storeroom.errand().outcome)
    before = st.session_state.get("errands", seen)
    st.session_state["errands"] = seen
    return bool(seen != before)
