"""What the buttons and forms of the Queue do. Each names what it is about, so pressing it twice is the same wish."""

from collections.abc import Callable, Mapping

import streamlit as st

from pages.parts import pieces, ways
from pages.parts.actions import BOARD
from pages.parts.here import me, place
from pages.parts.numbers import read_whole
from pages.parts.told import What
from pipeline.errors import NotNow, UnknownName
from pipeline.records import dollars
from pipeline.studio import home, queue, switches
from pipeline.studio.queue import Retried

MOST_AT_ONCE = 200


def _whose(what: What) -> None:
    ways.go(ways.to("queue", show=st.query_params.get("show", ""), who=what["who"]))


def _pause(what: What) -> None:
    switches.pause(place(), me(), what["note"])


def _retry_all(what: What) -> None:
    runs = [run for run in what["runs"].split(",") if run][:MOST_AT_ONCE]
    now = queue.price_of_retrying(place(), runs).total_micro_usd
    told = read_whole(what["price"], 0)
    if now > told:
        raise NotNow(f"Retrying these would now cost {dollars(now)} instead of {dollars(told)}.", next="Look at the list again.")
    st.session_state["retried"] = [_told(one) for one in queue.retry_all_failed(place(), me(), runs)]


def _told(one: Retried) -> tuple[str, str, str]:
    """Say of which run this was, and why it is not being tried again, if so."""
    why = one.why_not.on_screen if one.why_not else ""
    try:
        seen = home.see(place(), one.run_id)
    except UnknownName:
        return one.run_id, pieces.short(one.run_id), why
    return one.run_id, f"{pieces.short(seen.case.name, 60)} · {pieces.what(seen.run)}", why


ACTIONS: Mapping[str, Callable[[What], object]] = {
    "cancel": BOARD["cancel"],
    "cancel-sweep": BOARD["cancel-sweep"],
    "retry": BOARD["retry"],
    "retry-all": _retry_all,
    "retried-read": lambda _: st.session_state.pop("retried", None),
    "settle": BOARD["settle"],
    "pause": _pause,
    "resume": lambda _: switches.resume(place(), me()),
    "whose": _whose,
}
