"""Compare: plan a priced sweep, watch it fill, judge it, and make the winner what support uses."""

import streamlit as st

from pages.parts import compare_actions, sweepchart, sweepfeed, sweepjudge, sweeplist, sweeppage, testphoto
from pages.parts.frame import watch
from pages.parts.here import me, shared
from pages.parts.markup import Html
from pipeline.errors import UnknownName
from pipeline.studio.sweep_view import SweepView


def _look() -> SweepView | None:
    try:
        return sweepfeed.look(sweep_id)
    except UnknownName:
        return None


def _drawn() -> Html:
    """Draw the sweep once for all who look at it in the same way; a blind judgement is everybody's own."""
    if st.query_params.get("judge"):
        seen = _look()
        return sweepjudge.draw(seen) if seen else sweeppage.gone(sweep_id)
    asked = sorted(st.query_params.to_dict().items())
    known = (me(), asked, sweepchart.opened(sweep_id))
    return shared(f"drawn sweep {known}", lambda _: sweeppage.draw(found) if (found := _look()) else sweeppage.gone(sweep_id))


# The grid of a sweep is as wide as the screen; other pages keep a width at which words are read well.
WIDE = """<style>
[data-testid='stMainBlockContainer'] { max-width: none; padding-inline: 1rem; }
@media (min-width: 769px) { [data-testid='stMainBlockContainer'] { padding-top: 3.75rem; } }
</style>"""

sweep_id = st.query_params.get("sweep", "")
if sweep_id and not st.query_params.get("judge"):
    st.html(WIDE)
if sweep_id:
    watch(f"sweep-{sweep_id}", _drawn, lambda html: html, compare_actions.ACTIONS)
    sweeppage.charts(sweep_id, _look)
else:
    watch("compare", sweeplist.look, sweeplist.draw, compare_actions.ACTIONS)
if testphoto.is_open():
    testphoto.dialog()
