"""Whose screen this is, which place it looks at, and what it last had to say."""

from collections.abc import Callable

import streamlit as st

from pipeline import doctor
from pipeline.errors import StudioError
from pipeline.records import Person
from pipeline.routes.here import here
from pipeline.studio.place import Place

TEAM = "local"


def place() -> Place:
    """Return the place this process serves; opened once, every use of it is a short connection."""
    return here()


def me() -> Person:
    """Return the person in front of the screen: the local one of STUDIO_PERSON."""
    return Person(name=place().settings.person, team=TEAM)


def attempt(action: Callable[[], object]) -> None:
    """Do something a person asked for; what goes wrong becomes one sentence with the next step on their screen."""
    st.session_state.pop("notice", None)
    try:
        action()
    except StudioError as error:
        st.session_state["notice"] = f"{error.say} {error.next}"


def examine() -> None:
    """Check every part thoroughly and keep what was found for this screen."""
    st.session_state["findings"] = doctor.examine(place().settings)


def findings() -> list[doctor.Finding]:
    """Return what the last thorough check of this screen found, nothing before the first."""
    return list(st.session_state.get("findings", []))


def notice() -> str:
    """Return what went wrong last, empty when nothing did."""
    return str(st.session_state.get("notice", ""))


def dismiss() -> None:
    """Take the notice away."""
    st.session_state.pop("notice", None)
