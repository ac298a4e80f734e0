"""Cases: find a customer, then serve them on one page, from the photo to the link."""

import streamlit as st

from pages.parts import case_actions, casefile, caselist, intake
from pages.parts.frame import watch
from pages.parts.here import me, shared
from pages.parts.markup import Html
from pipeline.errors import UnknownName
from pipeline.studio import casebook
from pipeline.studio.casebook import CaseView


def _look() -> CaseView | None:
    by = me()
    try:
        return shared(f"case {case_id} {by}", lambda there: casebook.look(there, case_id, by))
    except UnknownName:
        return None


def _drawn() -> Html:
    """Draw the case once for all who look at it in the same way."""
    seen, asked = _look(), sorted(st.query_params.to_dict().items())
    return shared(f"drawn case {asked} {me()}", lambda _: casefile.draw(seen)) if seen else casefile.gone(case_id)


case_id = st.query_params.get("case", "")
if case_id:
    watch(f"case-{case_id}", _drawn, lambda html: html, case_actions.ACTIONS)
    opened = _look() if intake.is_open(case_id) else None
    if opened is not None:
        intake.dialog(opened.case, casefile.goes_with_the_photo(opened))
else:
    watch("cases", caselist.look, caselist.draw, caselist.ACTIONS)
