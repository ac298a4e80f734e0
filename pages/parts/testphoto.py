"""A test photo comes in: dropped or chosen, looked at, named, and kept for every comparison."""

import streamlit as st

from pages.parts import frame
from pages.parts.here import attempt, me, notice, place
from pages.parts.intake import LARGEST_MB, faces_found, looked_at
from pipeline.errors import StudioError
from pipeline.media.photos import PHOTO_ENDINGS
from pipeline.studio import testphotos
from pipeline.studio.photos import Intake

OPEN = "test-photo-dialog"


def ask() -> None:
    """Open the dialog at the next drawing."""
    st.session_state[OPEN] = True
    frame.anew()


def is_open() -> bool:
    """Tell whether the dialog is open."""
    return bool(st.session_state.get(OPEN))


def dialog() -> None:
    """Show the dialog."""
    st.dialog("Add a test photo", width="small", on_dismiss=_close)(_body)()


def _body() -> None:
    if not is_open():
        st.rerun()
    st.markdown("Only photos of people who agreed to it. Every comparison may use them.")
    endings = [ending.strip(".") for ending in PHOTO_ENDINGS]
    given = st.file_uploader("Drop the photo here, or choose it", type=endings, max_upload_size=LARGEST_MB, key="test-photo-file")
    if given is None:
        return
    taken = looked_at(given.getvalue(), given.name)
    if isinstance(taken, StudioError):
        st.error(f"{taken.say} {taken.next}", icon=":material/error:")
        return
    st.image(taken.crop.data, caption=f"As the model will see it: {faces_found(taken.faces)}", width=280)
    name = st.text_input("Who is on it?", value=given.name.rpartition(".")[0][:40], max_chars=testphotos.LONGEST_NAME)
    st.button("Keep it", type="primary", on_click=_keep, args=(name, taken))
    if notice():
        st.error(notice(), icon=":material/error:")


def _keep(name: str, taken: Intake) -> None:
    if attempt(lambda: testphotos.add(place(), name, taken, me())):
        _close()


def _close() -> None:
    st.session_state.pop(OPEN, None)
    st.session_state.pop("drawn", None)
