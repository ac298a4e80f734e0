"""Whose screen this is, which place it looks at, and what it last had to say."""

from collections.abc import Callable

import streamlit as st

from pipeline import doctor
from pipeline.errors import StudioError
from pipeline.records import Person, now
from pipeline.routes.here import here
from pipeline.studio import home
from pipeline.studio.home import Home
from pipeline.studio.place import Place

TEAM = "local"


def place() -> Place:
    """Return the place this process serves; opened once, every use of it is a short connection."""
    return here()


def look() -> Home:
    """Return what there is to see now; screens that look within half a second see the same, unless somebody here did something."""
    return _looked(str(place().settings.folder))


@st.cache_resource(ttl=0.5, show_spinner=False)
def _looked(folder: str) -> Home:  # noqa: ARG001 - what tells one place from another
    return home.look(place())


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
    finally:
        _looked.clear()


def examine() -> None:
    """Check every part thoroughly and keep what was found for this screen."""
    st.session_state["findings"] = (now(), doctor.examine(place().settings))


def findings() -> tuple[str, list[doctor.Finding]]:
    """Return when this screen last checked every part, and what was found; nothing before the first time."""
    kept: tuple[str, list[doctor.Finding]] = st.session_state.get("findings", ("", []))
    return kept


def notice() -> str:
    """Return what went wrong last, empty when nothing did."""
    return str(st.session_state.get("notice", ""))


def dismiss() -> None:
    """Take the notice away."""
    st.session_state.pop("notice", None)
