"""Whose screen this is, which place it looks at, and what it last had to say."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote

import streamlit as st

from pipeline import doctor
from pipeline.errors import StudioError
from pipeline.processes.health import Part
from pipeline.processes.health import examine as examine_lightly
from pipeline.records import Person, now
from pipeline.routes.here import here
from pipeline.studio import people
from pipeline.studio.place import Place

T = TypeVar("T")
COOKIE = "studio_person"


def place() -> Place:
    """Return the place this process serves; opened once, every use of it is a short connection."""
    return here()


def shared(name: str, look: Callable[[Place], T]) -> T:
    """Return what there is to see now; all screens that look at the same see the same until the database changes, for at most fifteen seconds.

    What somebody does on a screen is seen there at once, what others do within half a second.
    """
    seen: T = kept(lambda: _looked(str(place().settings.folder), name, version(), look))
    return seen


def kept(read: Callable[[], T]) -> T:
    """Read what is kept for a while; what expires between the screen library's looking and its taking is told as KeyError, and read anew."""
    try:
        return read()
    except KeyError:
        return read()


def version() -> int:
    """Return a number that differs whenever something changed; it is half a second old at most."""
    return kept(lambda: _version(str(place().settings.folder)))


def health() -> list[Part]:
    """Return how every part is; two seconds old at most."""
    return kept(lambda: _health(str(place().settings.folder)))


@st.cache_resource(ttl=2.0, show_spinner=False)
def _health(folder: str) -> list[Part]:  # noqa: ARG001 - what tells one place from another
    return examine_lightly(place())


@st.cache_resource(ttl=0.5, show_spinner=False)
def _version(folder: str) -> int:  # noqa: ARG001 - what tells one place from another
    return place().database.version()


@st.cache_resource(ttl=15.0, max_entries=300, show_spinner=False)
def _looked(folder: str, name: str, version: int, _look: Callable[[Place], Any]) -> Any:  # noqa: ARG001 - what tells one look from another
    return _look(place())


def choose(name: str) -> None:
    """Be this person from now on; the browser keeps the choice in a cookie of its own."""
    st.session_state["person"] = name


def me() -> Person:
    """Return the person in front of the screen: whom this browser has chosen, else the one of STUDIO_PERSON."""
    chosen = str(st.session_state.get("person") or unquote(st.context.cookies.get(COOKIE, "")))
    known = everyone()
    return next((person for person in known if person.name == chosen), known[0])


def everyone() -> list[Person]:
    """Return the people one can choose."""
    return shared("people", people.everyone)


def attempt(action: Callable[[], object]) -> bool:
    """Do something a person asked for and tell whether it went well; what goes wrong becomes one sentence with the next step on their screen."""
    st.session_state.pop("notice", None)
    try:
        action()
    except StudioError as error:
        st.session_state["notice"] = error.on_screen
        return False
    except Exception:  # a defect of ours: the terminal gets its details, the person one sentence
        logging.getLogger(__name__).exception("A press on a screen failed.")
        st.session_state["notice"] = f"{StudioError.say} {StudioError.next}"
        return False
    finally:
        _version.clear()
    return True


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
