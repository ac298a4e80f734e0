"""The strip on top of every page, and the beat that keeps a page up to date."""

from collections.abc import Callable

import streamlit as st

from pages.parts import pieces
from pages.parts.here import look, me, place
from pages.parts.live import Pressed, live
from pages.parts.markup import Html, join, tag
from pipeline.errors import StudioError
from pipeline.records import dollars
from pipeline.studio.home import Home

BUSY_SECONDS = 1.0
IDLE_SECONDS = 4.0
ICON = "/app/static/icon.svg"


def watch(draw: Callable[[Home], Html], pressed: Pressed) -> None:
    """Draw the strip and the page as one element, and again every second while something runs, seldom while nothing does."""
    busy = _is_busy()

    def beat() -> None:
        try:
            seen = look()
        except StudioError as error:
            st.error(f"{error.say} {error.next}", icon=":material/error:")
            return
        live("page", join(strip(seen), draw(seen)), spoken=spoken(seen), pressed=pressed)
        if bool(seen.running) != busy:
            st.rerun()

    st.fragment(beat, run_every=BUSY_SECONDS if busy else IDLE_SECONDS)()


def _is_busy() -> bool:
    try:
        return bool(look().running)
    except StudioError:
        return True


def strip(seen: Home) -> Html:
    """Show the mode, what runs, today's money against the cap, and who is here."""
    sandbox = place().settings.is_sandbox
    mode = tag("strong", "SANDBOX") if sandbox else tag("strong", "LIVE")
    words = " · nothing here costs money" if sandbox else " · real money"
    today = seen.today
    money = f"{dollars(today.spent_micro_usd + today.held_micro_usd)} of {dollars(today.cap_micro_usd)} today"
    return tag(
        "div",
        tag("span", tag("img", src=ICON, alt="", width=20, height=20), tag("span", "Living Portrait Studio", class_="words"), class_="brand"),
        tag("span", mode, tag("span", words, class_="words"), class_="mode"),
        tag("span", _running(seen), tag("span", money), tag("span", pieces.icon("person"), me().name, class_="who"), class_="right"),
        class_=f"strip {'sandbox' if sandbox else 'paid'}",
        role="banner",
    )


def _running(seen: Home) -> Html | None:
    if not seen.running:
        return tag("span", "nothing running", class_="words")
    rows = [tag("li", tag("b", run.case.name), pieces.progress(run), id=f"menu-{run.run.id}") for run in seen.running[:8]]
    opens = tag("button", f"{len(seen.running)} running", pieces.icon("expand_more"), type="button", popovertarget="running", class_="quiet")
    return join(opens, tag("ul", *rows, id="running", popover="auto", aria_label="Running now"))


def spoken(seen: Home) -> str:
    """Say in words what runs and what has just ended, for screen readers."""
    if seen.running:
        return ". ".join(f"{pieces.what(one.run)} of {one.case.name}: {one.run.stage}" for one in seen.running[:3])
    if seen.newest:
        last = seen.newest[0]
        return f"{pieces.what(last.run)} of {last.case.name}: {last.run.stage}"
    return ""
