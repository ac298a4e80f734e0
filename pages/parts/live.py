"""The one element a screen keeps up to date. Python writes its HTML, the browser changes only what differs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts.markup import Html

BESIDE = Path(__file__).parent
Pressed = Callable[[Mapping[str, str]], None]

_ELEMENT = st.components.v2.component(
    "studio_live",
    html="<div class='live'></div>\n<div class='spoken' role='status' aria-live='polite'></div>",
    css=(BESIDE / "live.css").read_text(encoding="utf-8"),
    js=(BESIDE / "live.js").read_text(encoding="utf-8"),
)


def live(key: str, html: Html, *, spoken: str = "", pressed: Pressed | None = None) -> None:
    """Draw `html`, let screen readers hear `spoken` when it changes, and call `pressed` with the data of a button that was pressed."""
    heard = f"{key}-heard"

    def on_press() -> None:
        st.session_state[heard] = st.session_state.get(heard, 0) + 1
        data: Any = st.session_state[key].pressed
        if pressed is not None and isinstance(data, Mapping):
            pressed({str(name): str(value) for name, value in data.items()})

    _ELEMENT(key=key, data={"html": str(html), "spoken": spoken, "heard": st.session_state.get(heard, 0)}, on_pressed_change=on_press)
