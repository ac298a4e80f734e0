"""Which picture's comments the address asks for, and the address that opens them."""

import streamlit as st

from pages.parts import ways
from pages.parts.here import shared
from pipeline.errors import UnknownName
from pipeline.studio.comments.reading import talk_about
from pipeline.studio.comments.values import Talk

ASKED = "comments"


def asked() -> str:
    """Return the hash of the picture whose comments are open; empty where none are."""
    return st.query_params.get(ASKED, "")


def opened(scope: str) -> Talk | None:
    """Return what was said about the picture of this case that the address asks for; None where there is no such picture."""
    sha256 = asked()
    try:
        return shared(f"comments {scope!r} {sha256}", lambda there: talk_about(there, scope, sha256))
    except UnknownName:
        return None


def of_case(case_id: str, sha256: str) -> str:
    """Return the address that opens a picture's comments in its case."""
    return ways.to("cases", case=case_id, comments=sha256)


def of_library(scope: str, sha256: str) -> str:
    """Return the address that opens a picture's comments in the library, beside its details."""
    return ways.to("library", scope=scope, asset=sha256, comments=sha256)


def of_sweep(sweep_id: str, scope: str, sha256: str) -> str:
    """Return the address that opens a picture's comments in the sweep it belongs to."""
    return ways.to("compare", sweep=sweep_id, scope=scope, comments=sha256)
