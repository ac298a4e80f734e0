"""Settings, part by part: each has an address of its own, and only the part that is looked at is read and drawn."""

from collections.abc import Callable, Mapping

import streamlit as st

from pages.parts import checkup, inventory, pieces, presetcard, storeroom, strays, team, ways
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import icon

FIRST = "health"
# name in the address, title, symbol, how it is drawn
PARTS: tuple[tuple[str, str, str, Callable[[], Html]], ...] = (
    (FIRST, "Health", "monitor_heart", checkup.draw),
    ("models", "Models", "sell", inventory.models),
    ("styles", "Styles", "format_paint", inventory.styles),
    ("presets", "Presets", "tune", presetcard.draw),
    ("files", "Files", "hard_drive", lambda: join(storeroom.draw(), strays.draw())),
    ("values", "Values", "settings", inventory.values),
    ("people", "People", "group", team.draw),
    ("version", "Version", "info", inventory.version),
)
ACTIONS: Mapping[str, Callable[[Mapping[str, str]], object]] = {
    **checkup.ACTIONS,
    **storeroom.ACTIONS,
    **strays.ACTIONS,
    **presetcard.ACTIONS,
    **team.ACTIONS,
}


def look() -> str:
    """Return the part that the address names."""
    return st.query_params.get("part", FIRST)


def draw(part: str) -> Html:
    """Draw the way to every part, and the part itself."""
    st.session_state["errands"] = _errands()
    found = next((draw for name, _, _, draw in PARTS if name == part), None)
    inside = found() if found else _nowhere(part)
    return tag("div", tag("h1", "Settings"), _ways(part), tag("div", inside, class_="stack", id="part"), class_="workshop stack")


def _ways(part: str) -> Html:
    links = [
        tag("a", icon(symbol), tag("span", title), href=ways.to("settings", part=name), data_go=True, aria_current="page" if name == part else None)
        for name, title, symbol, _ in PARTS
    ]
    return tag("nav", *links, class_="tabs", aria_label="Parts of the settings")


def _nowhere(part: str) -> Html:
    words = f"There is no part called “{pieces.short(part, 40)}”."
    back = tag("a", "Look at the health of every part", href=ways.to("settings"), data_go=True)
    return pieces.friendly("explore_off", "Nothing here", words, back)


def has_news() -> bool:
    """Tell whether an errand has begun or ended since this session's page was drawn."""
    return bool(st.session_state.get("errands", _errands()) != _errands())


def _errands() -> list[tuple[str, str]]:
    outcomes = (checkup.errand().outcome, storeroom.errand().outcome, strays.errand().outcome)
    return [(outcome.began_at, outcome.ended_at) for outcome in outcomes]
