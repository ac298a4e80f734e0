"""What people press when they judge a sweep: stars, a rejection with its reason, a vote on a blind pair."""

import streamlit as st

from pages.parts.here import me, place
from pages.parts.told import What
from pipeline.errors import OutOfDate
from pipeline.studio import judging, pairs
from pipeline.sweeps.ranking import Verdict

PAIR, SHOWN = "judge-pair", "judge-shown"


def rate(run_id: str, stars: int) -> None:
    """Give a cell so many stars; none takes them away."""
    judging.rate(place(), run_id, me(), stars=stars)


def vote(sweep_id: str, what: What) -> None:
    """Keep a verdict on the pair that is on this screen, and show what it was."""
    pair: pairs.Pair | None = st.session_state.get(PAIR)
    if pair is None or (pair.left, pair.right) != (what["left"], what["right"]) or what["verdict"] not in set(Verdict):
        raise OutOfDate
    pairs.vote(place(), sweep_id, pair.left, pair.right, Verdict(what["verdict"]), me())
    st.session_state[SHOWN] = what["verdict"]


def go_on() -> None:
    """Show the next pair."""
    st.session_state.pop(PAIR, None)
    st.session_state.pop(SHOWN, None)


def undo(sweep_id: str) -> None:
    """Take the newest vote back and show its pair again."""
    st.session_state[PAIR] = pairs.take_back(place(), sweep_id, me())
    st.session_state.pop(SHOWN, None)
