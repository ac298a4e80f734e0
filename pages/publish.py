"""Publish: what was approved and waits, what guests see, and one case's guest preview, links, history and withdrawal."""

import streamlit as st

from pages.parts import publish_actions, showcase, window
from pages.parts.frame import watch
from pages.parts.here import me, shared
from pages.parts.markup import Html
from pipeline.errors import UnknownName
from pipeline.studio import shopwindow
from pipeline.studio.shopwindow import Showcase


def _look() -> Showcase | None:
    by = me()
    try:
        return shared(f"showcase {case_id} {by}", lambda there: shopwindow.look(there, case_id, by))
    except UnknownName:
        return None


def _draw(seen: Showcase | None) -> Html:
    return showcase.draw(seen) if seen else showcase.gone(case_id)


case_id = st.query_params.get("case", "")
if case_id:
    watch(f"publish-{case_id}", _look, _draw, publish_actions.ACTIONS)
else:
    watch("publish", window.look, window.draw, publish_actions.ACTIONS)
