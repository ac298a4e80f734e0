"""A provider's bill comes in as a CSV file: chosen, its time zone named, and compared beside the screen."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from zoneinfo import available_timezones

import streamlit as st

from pages.parts import frame
from pages.parts.here import attempt, notice, place
from pipeline.reckoning.moments import zone_of
from pipeline.studio.bills import BillFile

OPEN = "bill-dialog"
LARGEST_MB = 200
PIECE_BYTES = 1 << 20
SAID = "The times say it themselves"


def ask() -> None:
    """Open the dialog at the next drawing."""
    st.session_state[OPEN] = True
    frame.anew()


def is_open() -> bool:
    """Tell whether the dialog is open."""
    return bool(st.session_state.get(OPEN))


def dialog(compare: Callable[[BillFile, Path], None]) -> None:
    """Show the dialog; `compare` begins to compare with a file."""
    st.dialog("Upload the provider's bill", width="small", on_dismiss=_close)(_body)(compare)


def _body(compare: Callable[[BillFile, Path], None]) -> None:
    if not is_open():
        st.rerun()
    st.markdown("One line a request, with the columns `request_id`, `endpoint_id`, `timestamp` and an amount. Other columns are ignored.")
    given = st.file_uploader("Drop the CSV file here, or choose it", type=["csv", "tsv", "txt"], max_upload_size=LARGEST_MB, key="bill-file")
    zone = st.selectbox("Time zone of its times", [SAID, "UTC", *sorted(available_timezones() - {"UTC"})], key="bill-zone")
    if given is not None:
        st.button("Compare", type="primary", key="bill-yes", on_click=_compare, args=(given, zone, compare))
    if notice():
        st.error(notice(), icon=":material/error:")


def _compare(given: "st.runtime.uploaded_file_manager.UploadedFile", zone: str, compare: Callable[[BillFile, Path], None]) -> None:
    if attempt(lambda: compare(*_kept(given, zone))):
        _close()


def _kept(given: "st.runtime.uploaded_file_manager.UploadedFile", zone: str) -> tuple[BillFile, Path]:
    """Put what was uploaded on the disk, piece by piece: it is read long after the browser's copy may be gone."""
    with tempfile.NamedTemporaryFile(dir=place().settings.folder, prefix="bill-", suffix=".csv", delete=False) as file:
        while piece := given.read(PIECE_BYTES):
            file.write(piece)
    path = Path(file.name)
    return BillFile(path, name=given.name[:120], zone=None if zone == SAID else zone_of(zone)), path


def _close() -> None:
    st.session_state.pop(OPEN, None)
    st.session_state.pop("drawn", None)
