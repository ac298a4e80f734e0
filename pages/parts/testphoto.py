"""A test photo comes in: dropped or chosen, looked at, named, and kept for every comparison."""

import streamlit as st

from pages.parts import frame
from pages.parts.here import attempt, me, notice, place
from pages.parts.intake import LARGEST_MB, faces_found, looked_at, offer_turn
from pipeline.errors import StudioError
from pipeline.studio import sweeps, testphotos
from pipeline.studio.photos import Intake
from pipeline.studio.testphotos import Source
from pipeline.sweeps.plans import Axis

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
    given = st.file_uploader("Drop the photo here, or choose it", max_upload_size=LARGEST_MB, key="test-photo-file")
    if given is None:
        return
    taken = looked_at(given.getvalue(), given.name)
    if isinstance(taken, StudioError):
        st.error(taken.on_screen, icon=":material/error:")
        return
    st.image(taken.crop.data, caption=f"As the model will see it: {faces_found(taken.faces)}", width=280)
    offer_turn(given.getvalue(), taken)
    field = f"test-photo-name-{given.file_id}"
    st.text_input("Who is on it?", value=given.name.rpartition(".")[0][:40], max_chars=testphotos.LONGEST_NAME, key=field)
    st.button("Keep it", type="primary", on_click=_keep, args=(field, taken))
    if notice():
        st.error(notice(), icon=":material/error:")


def _keep(field: str, taken: Intake) -> None:
    """Keep the photo under what stands in the field now: at this drawing nobody had typed it yet."""
    if attempt(lambda: _choose(testphotos.add(place(), str(st.session_state[field]), taken, me()))):
        _close()


def _choose(source: Source) -> None:
    """Take the photo into the plan of the sweep that it was added for."""
    sweep = sweeps.find(place(), st.query_params.get("sweep", ""))
    photos = dict.fromkeys((*sweep.plan.axes.get(Axis.PHOTO, ()), source.id))
    sweeps.save(place(), sweep.id, sweep.name, sweep.plan.with_values(Axis.PHOTO, list(photos)), me(), version=sweep.version)


def _close() -> None:
    st.session_state.pop(OPEN, None)
    st.session_state.pop("drawn", None)
