"""Queue: what runs and waits, what asks for somebody, and any one run in full."""

import streamlit as st

from pages.parts import line, onerun, pausing, queue_actions
from pages.parts.frame import watch

run_id = st.query_params.get("run", "")
if run_id:
    watch(f"run-{run_id}", onerun.look, onerun.draw, queue_actions.ACTIONS)
else:
    watch("queue", line.look, line.draw, queue_actions.ACTIONS)

    @st.fragment(run_every=5.0)
    def _wake() -> None:
        # A page is drawn anew when the database changes; a worker that dies changes nothing there.
        if pausing.has_news():
            st.session_state.pop("drawn", None)

    _wake()
