"""The elements a screen keeps up to date. Python writes their HTML, the browser changes only what differs."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from pages.parts.bundle import MARK
from pages.parts.markup import Html

Pressed = Callable[[Mapping[str, str]], None]


# Streamlit sends an element's script and style along with every drawing of it, so both are only named here, in few words.
_ELEMENT = st.components.v2.component(
    "studio_live",
    html=f"<link rel='stylesheet' href='/ui/{MARK}.css'>\n<div class='live'></div><div class='spoken' role='status' aria-live='polite'></div>",
    js=f"""const script = import(location.origin + '/ui/{MARK}.js')
export default (e) => {{
 let end, ended
 const css = e.parentElement.querySelector('link')
 const dressed = css.sheet || new Promise((done) => (css.onload = css.onerror = done))
 Promise.all([script, dressed]).then(([whole]) => ended || (end = whole.default(e)))
 return () => {{ ended = 1; end?.() }}
}}
""",
)


def live(key: str, html: Html, *, spoken: str = "", pressed: Pressed | None = None) -> None:
    """Draw `html`, let screen readers hear `spoken` when it changes, and call `pressed` with the data of a button or form that was used.

    What the browser has already is not sent again within one run of the page; a browser that lost it asks for it. A wish is told again until
    it was heard: every look at the session state is a place where the next beat may break off what a press began.
    """
    sent, heard = f"{key}-sent", st.session_state.setdefault(f"{key}-heard", {"wish": None})

    def on_press() -> None:
        told: Any = st.session_state.get(key)  # gone where a wish is heard once more after its page was left
        data = told.pressed if told is not None else None
        if not isinstance(data, Mapping) or data.get("wish") == heard["wish"]:
            return
        if data.get("do") == "resend":
            forget(key)
        elif pressed is not None:
            pressed({str(name): str(value) for name, value in data.items() if name != "wish"})
        heard["wish"] = data.get("wish")

    mark = hashlib.sha256(html.encode()).hexdigest()[:16]
    known = st.session_state.get(sent) == mark
    st.session_state[sent] = mark
    shown = {"key": key, "mark": mark, "html": None if known else str(html), "spoken": spoken, "heard": heard["wish"]}
    _ELEMENT(key=key, data=shown, on_pressed_change=on_press)


def forget(key: str) -> None:
    """Send everything at the next drawing: a page that begins has nothing yet."""
    st.session_state.pop(f"{key}-sent", None)
