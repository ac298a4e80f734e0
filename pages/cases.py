"""Cases: find a customer, then serve them on one page, from the photo to the link."""

import streamlit as st

from pages.parts import case_actions, casefile, caselist, intake
from pages.parts.frame import watch
from pages.parts.here import me, place
from pages.parts.markup import Html
from pipeline.errors import UnknownName
from pipeline.studio import casebook
from pipeline.studio.casebook import CaseView


def _look() -> CaseView | None:
    try:
        return casebook.look(place(), case_id, me())
    except UnknownName:
        return None


def _draw(seen: CaseView | None) -> Html:
    return casefile.draw(seen) if seen else casefile.gone(case_id)


case_id = st.query_params.get("case", "")
if case_id:
    watch(f"case-{case_id}", _look, _draw, case_actions.ACTIONS)
    opened = _look() if intake.is_open(case_id) else None
    if opened is not None:
        intake.dialog(opened.case, casefile.goes_with_the_photo(opened))
else:
    watch("cases", caselist.look, caselist.draw, caselist.ACTIONS)
