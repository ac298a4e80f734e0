"""The beat that keeps a screen up to date, with the strip on top of every page."""

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import streamlit as st

from pages.parts import strip, toasts, ways
from pages.parts.here import attempt, dismiss, health, notice, version
from pages.parts.live import forget, live
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import button, icon
from pages.parts.told import What
from pipeline.errors import StudioError

T = TypeVar("T")
Action = Callable[[What], object]
BEAT_SECONDS = 1.0
STALE_SECONDS = 15.0
# Drawing the menu again runs the whole page; a press that comes in between would begin it anew and take the focus away.
REST_SECONDS = 4.0


def watch(name: str, look: Callable[[], T], draw: Callable[[T], Html], actions: Mapping[str, Action]) -> None:
    """Draw the strip and a page, and draw them again within a second of every change anybody makes.

    A page is drawn anew when the database or the health of a part changed, or after fifteen seconds; what did not change is not sent.
    """
    forget("strip")
    forget(f"page-{name}")
    forget("toasts")
    st.session_state.pop("drawn", None)
    st.session_state["screen"] = name

    def beat() -> None:
        ways.follow()
        try:
            seen = strip.look()
            page = _page(name, look, draw)
        except StudioError as error:
            st.error(error.on_screen, icon=":material/error:")
            return
        live("strip", strip.drawn(seen), spoken=strip.spoken(seen), pressed=lambda what: do(strip.ACTIONS, what))
        live(f"page-{name}", page, pressed=lambda what: do(actions, what))
        live("toasts", toasts.draw(), spoken=toasts.spoken(), pressed=lambda what: do(toasts.ACTIONS, what))
        if (_rests() and ways.asks_changed(strip.asks(seen))) or st.session_state.pop("anew", False):
            st.rerun()

    st.fragment(beat, run_every=BEAT_SECONDS)()


def _rests() -> bool:
    """Tell whether nobody has pressed anything on this screen for a while."""
    return time.monotonic() - float(st.session_state.get("pressed_at", -REST_SECONDS)) >= REST_SECONDS


def anew() -> None:
    """Run the whole page again after this drawing: a dialog is to open, or something outside the drawn page changed."""
    st.session_state["anew"] = True


def _page(name: str, look: Callable[[], T], draw: Callable[[T], Html]) -> Html:
    """Return the page as it is now; drawn again only when something may have changed."""
    now = (version(), *(part.ok for part in health()))
    drawn: tuple[str, tuple[int, ...], float, Html] | None = st.session_state.get("drawn")
    if drawn and drawn[:2] == (name, now) and time.monotonic() - drawn[2] < STALE_SECONDS:
        return drawn[3]
    html = join(_notice(), draw(look()))
    st.session_state["drawn"] = (name, now, time.monotonic(), html)
    return html


def _notice() -> Html | None:
    words = notice()
    close = button("Close", "dismiss", symbol="close", look="quiet")
    return tag("div", icon("error"), tag("span", words), close, class_="notice", role="alert", id="notice") if words else None


def do(actions: Mapping[str, Action], what: What) -> None:
    """Do what a button, a link or a form says; its screen is drawn anew."""
    st.session_state.pop("drawn", None)
    st.session_state["pressed_at"] = time.monotonic()
    common: Mapping[str, Action] = {"go": lambda given: ways.go(given.get("href", "")), "dismiss": lambda _: dismiss()}
    action = {**common, **actions}.get(what.get("do", ""))
    if action is not None:
        attempt(lambda: action(_Given({name: _whole(words) for name, words in what.items()})))


def _whole(words: str) -> str:
    """Leave out what is no character: half a surrogate pair can be neither stored nor shown, and a NUL ends a text in many places."""
    return words.encode(errors="ignore").decode().replace("\0", "")


class _Given(dict[str, str]):
    """What a button told; a browser is free to leave words out."""

    def __missing__(self, key: str) -> str:
        return ""
