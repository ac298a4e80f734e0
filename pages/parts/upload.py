"""A provider's bill comes in as a CSV file: chosen, its time zone and its month named, and compared beside the screen."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from zoneinfo import available_timezones

import streamlit as st

from pages.parts import frame, tmpfiles
from pages.parts.billcheck import bill_check
from pages.parts.here import attempt, dismiss, notice
from pipeline.reckoning.moments import zone_of
from pipeline.records import now
from pipeline.studio.bills import BillFile
from pipeline.studio.costs import Period
from pipeline.studio.reconciling import month_of

OPEN = "bill-dialog"
HANDED = "bill-handed-over"  # when this browser's file began to be compared
CHOSEN = "bill-chosen"
FRESH = "bill-dialog-fresh"
ZONE = "bill-zone-kept"  # the screen library forgets what a closed dialog held
ENDINGS = ("csv", "tsv", "txt")
BEAT_SECONDS = 0.5
LARGEST_MB = 200
PIECE_BYTES = 1 << 20
SAID = "The times say it themselves"
TO_ITS_END = "The days of its lines, up to the last one"
MONTHS = 13
Compare = Callable[[BillFile, Path, Period], None]


def ask() -> None:
    """Open the dialog at the next drawing."""
    st.session_state[OPEN] = True
    st.session_state[FRESH] = True
    st.session_state.pop(HANDED, None)
    frame.anew()


def is_open() -> bool:
    """Tell whether the dialog is open."""
    return bool(st.session_state.get(OPEN))


def dialog(compare: Compare) -> None:
    """Show the dialog; `compare` begins to compare with a file."""
    st.dialog("Upload the provider's bill", width="small", on_dismiss=_close)(_body)(compare)


def _body(compare: Compare) -> None:
    if not is_open():
        st.rerun()
    st.markdown("One line a request, with the columns `request_id`, `endpoint_id`, `timestamp` and an amount. Other columns are ignored.")
    given = st.file_uploader(f"Drop the CSV file here, or choose it (up to {LARGEST_MB} MB)", max_upload_size=LARGEST_MB, key="bill-file")
    if st.session_state.pop(FRESH, False):
        st.session_state["bill-zone"] = st.session_state.get(ZONE, SAID)
    zone = st.selectbox("Time zone of its times", [SAID, "UTC", *sorted(available_timezones() - {"UTC"})], key="bill-zone")
    st.session_state[ZONE] = zone
    days = st.selectbox("It has every request of", [TO_ITS_END, *_months(datetime.now(UTC))], key="bill-days")
    _turn_to(given.file_id if given else "")
    if given is not None and (words := refusal(given.name)):
        st.error(words, icon=":material/error:")
    elif given is not None:
        st.button("Compare", type="primary", key="bill-yes", on_click=hand_over, args=(given, zone, days, compare))
        st.fragment(_follow, run_every=BEAT_SECONDS)()


def _turn_to(file_id: str) -> None:
    """Forget what was said of the file before when another one is chosen."""
    if st.session_state.get(CHOSEN, "") != file_id:
        st.session_state[CHOSEN] = file_id
        st.session_state.pop(HANDED, None)
        dismiss()


def refusal(name: str) -> str | None:
    """Say why a file cannot be a bill by its name; None where it can be.

    >>> refusal("Bill.CSV"), refusal("pic.png")
    (None, 'pic.png is no table of text. Export the bill as CSV, and choose that file.')
    """
    if name.lower().endswith(tuple(f".{ending}" for ending in ENDINGS)):
        return None
    return f"{name[:60]} is no table of text. Export the bill as CSV, and choose that file."


def _follow() -> None:
    """Say how the comparison of this file goes; once it is through, the dialog closes, and what failed can be mended in it."""
    handed_at, outcome = st.session_state.get(HANDED, ""), bill_check().outcome
    trouble = notice() or (outcome.trouble if handed_at and outcome.ended_at >= handed_at else "")
    if handed_at and outcome.began_at:
        st.info("Comparing the bill with the ledger, call by call. It goes on when this is closed.", icon=":material/progress_activity:")
    elif trouble:
        st.error(trouble, icon=":material/error:")
    elif handed_at:
        _close()
        st.rerun()


def _months(present: datetime) -> list[str]:
    """Return the last months as 2026-10, the newest first.

    >>> _months(datetime(2026, 1, 31))[:3]
    ['2026-01', '2025-12', '2025-11']
    """
    last = present.year * 12 + present.month - 1
    return [f"{at // 12}-{at % 12 + 1:02}" for at in range(last, last - MONTHS, -1)]


def hand_over(given: BinaryIO, zone: str, days: str, compare: Compare) -> None:
    """Begin to compare with what was uploaded; why that cannot be is said in the dialog, and nothing of it stays."""
    st.session_state.pop(HANDED, None)
    began_at = now()
    if attempt(lambda: _hand_over(given, zone, days, compare)):
        st.session_state[HANDED] = began_at


def _hand_over(given: BinaryIO, zone: str, days: str, compare: Compare) -> None:
    """Put what was uploaded on the disk, piece by piece: it is read long after the browser's copy may be gone."""
    with tmpfiles.begun(".csv") as path:
        given.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(given, file, PIECE_BYTES)
        bill = BillFile(path, name=given.name[:120], zone=None if zone == SAID else zone_of(zone))
        compare(bill, path, Period() if days == TO_ITS_END else month_of(days))


def _close() -> None:
    """Close the dialog; what it has said of a file need not stand on the page as well."""
    if st.session_state.pop(HANDED, None):
        bill_check().forget()
    st.session_state.pop(OPEN, None)
    st.session_state.pop("drawn", None)
