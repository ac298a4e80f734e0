"""The way to every screen: its address, its name in the menu, and how a link in a drawn page gets there."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import streamlit as st

PAGES = Path(__file__).resolve().parents[1]
Section = dict[str, list[st.Page]]
# Words of an address that the screen library keeps for itself, and refuses to be told.
NOT_OURS = ("embed", "embed_options")

# address, section of the menu, title, symbol
SCREENS: tuple[tuple[str, str, str, str], ...] = (
    ("home", "", "Home", "home"),
    ("cases", "Make", "Cases", "folder_shared"),
    ("compare", "Make", "Compare", "grid_view"),
    ("library", "Check", "Library", "photo_library"),
    ("publish", "Check", "Publish", "public"),
    ("queue", "Run", "Queue", "format_list_numbered"),
    ("costs", "Run", "Costs", "payments"),
    ("settings", "Studio", "Settings", "settings"),
)


def menu(asks: Mapping[str, int]) -> Section:
    """Return the screens by section; `asks` says by address how many things there ask for somebody."""
    sections: Section = {}
    for name, section, title, symbol in SCREENS:
        count = f" · {asks[name]}" if asks.get(name) else ""
        page = st.Page(
            PAGES / f"{name}.py", title=title + count, icon=f":material/{symbol}:", url_path="" if name == "home" else name, default=name == "home"
        )
        sections.setdefault(section, []).append(page)
        st.session_state.setdefault("ways", {})[name] = page
    return sections


def to(screen: str, **query: str | int | None) -> str:
    """Return the address of a screen that shows just this.

    >>> to("cases", case="A 1"), to("home")
    ('/cases?case=A%201', '/')
    """
    given = urlencode({name: value for name, value in query.items() if value not in (None, "")}, quote_via=quote)
    return f"/{'' if screen == 'home' else screen}{'?' if given else ''}{given}"


def go(address: str) -> None:
    """Remember where a pressed link leads; the next drawing goes there."""
    st.session_state["go"] = address


def follow() -> None:
    """Go where a pressed link leads."""
    address = st.session_state.pop("go", None)
    if address is None:
        return
    try:
        parts = urlsplit(str(address))
    except ValueError:
        return  # no address at all
    page = st.session_state.get("ways", {}).get(parts.path.strip("/") or "home")
    if page is not None and not parts.netloc:
        st.switch_page(page, query_params={name: value for name, value in parse_qsl(parts.query) if name.lower() not in NOT_OURS})


def asks_changed(asks: Mapping[str, int]) -> bool:
    """Tell whether the counts in the menu are out of date, and remember the new ones."""
    before = st.session_state.get("asks")
    st.session_state["asks"] = dict(asks)
    return before != dict(asks)
