"""Screens without a browser: the main script run as a visit to an address, and what it drew."""

import json

import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.parts import toasts
from pipeline.settings import ROOT


def visit(screen: str = "home", **query: str) -> AppTest:
    """Run the main script as a first visit to a screen with these words in its address."""
    app = AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=20)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    return app if screen == "home" else app.switch_page(str(ROOT / "pages" / f"{screen}.py")).run()


def drawn(app: AppTest) -> str:
    """Return the HTML of every live element."""
    assert not app.exception
    return " ".join(json.loads(element.proto.json)["html"] or "" for element in app.get("bidi_component"))


def now() -> None:
    """Press "Now" on the newest toast."""
    toasts.ACTIONS["begin-now"]({"press": st.session_state[toasts.KEPT][-1].id})
