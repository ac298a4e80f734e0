"""Costs: what was spent, on what and for whom; the budgets; whether the figures are right; and all of it to take away."""

import streamlit as st

from pages.parts import costbook, reckoning, spendpage, takeaway
from pages.parts.frame import watch

part = st.query_params.get("part", costbook.FIRST)
watch(f"costs-{part if costbook.knows(part) else 'nowhere'}", costbook.look, costbook.draw, costbook.ACTIONS)
if part == costbook.FIRST:
    spendpage.below()
if part == reckoning.PART:
    reckoning.below()
if part == takeaway.PART:
    takeaway.below()
