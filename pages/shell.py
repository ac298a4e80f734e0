"""The main script: the studio's name and look, who is here, and the way to every screen."""

from pathlib import Path

import streamlit as st

from pages.parts import ways

HERE = Path(__file__).resolve().parent

st.set_page_config(page_title="Living Portrait Studio", page_icon=str(HERE / "static" / "icon.svg"), layout="wide")
st.html(HERE / "parts" / "shell.css")

st.navigation(ways.menu(st.session_state.get("asks", {}))).run()
