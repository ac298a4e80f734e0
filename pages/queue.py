"""Queue: what runs and waits, what asks for somebody, and any one run in full."""

import streamlit as st

from pages.parts import line, onerun, queue_actions
from pages.parts.frame import watch

run_id = st.query_params.get("run", "")
if run_id:
    watch(f"run-{run_id}", onerun.look, onerun.draw, queue_actions.ACTIONS)
else:
    watch("queue", line.look, line.draw, queue_actions.ACTIONS)
