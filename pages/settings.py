"""Settings: is every part well, what does work cost, where files live, who may do what, and which version this is."""

import streamlit as st

from pages.parts import workshop
from pages.parts.frame import watch

watch("settings", workshop.look, workshop.draw, workshop.ACTIONS)


@st.fragment(run_every=1.0)
def _wake() -> None:
    # A page is drawn anew when the database changes; what an errand found changes nothing there.
    if workshop.has_news():
        st.session_state.pop("drawn", None)


_wake()
