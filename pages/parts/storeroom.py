"""Where files live and how much they take; counted beside the screens, because 100,000 files take half a second."""

from collections.abc import Callable, Mapping

import streamlit as st

from pages.parts.errand import Errand
from pages.parts.here import place
from pages.parts.listing import listing
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import ago, badge, button, icon
from pipeline.records import seconds_since
from pipeline.studio import space
from pipeline.studio.place import Place
from pipeline.studio.space import Footprint, Share
from pipeline.wording import counted

STALE_SECONDS = 600.0
UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def draw() -> Html:
    """Draw the folder at once, and what its files take as soon as it is known."""
    outcome = errand().outcome
    if not outcome.began_at and (not outcome.ended_at or seconds_since(outcome.ended_at) > STALE_SECONDS):
        errand().begin()
        outcome = errand().outcome
    measure = button("Measure again", "measure", symbol="refresh", off="Being measured" if outcome.began_at else None)
    counted = f"Measured {ago(outcome.ended_at)}" if outcome.ended_at else "Counting every file"
    going_on = tag("p", icon("progress_activity"), tag("span", "Counting every file"), class_="said turning", role="status", id="said-under-way")
    trouble = badge("error", outcome.trouble, "bad") if outcome.trouble else None
    said = (
        going_on if outcome.began_at and outcome.found is None else tag("p", tag("span", counted, class_="small"), trouble, role="status", id="said")
    )
    return join(
        tag("section", tag("div", tag("h2", "Where files live"), measure, class_="head-of"), _folder(outcome.found), said),
        tag("section", _shares(outcome.found)) if outcome.found else None,
    )


def _folder(found: Footprint | None) -> Html:
    there = place().settings
    words = tag("p", tag("span", f"The {there.mode} mode keeps everything in "), tag("code", str(there.folder)), ". STUDIO_DATA moves it.")
    if found is None:
        return words
    whole = sum(share.bytes or 0 for share in found.shares)
    files = sum(share.files or 0 for share in found.shares)
    figures = tag(
        "p", tag("b", size(whole), class_="figure"), tag("span", f"in {counted(files, 'file')} · {size(found.free_bytes)} free"), class_="money"
    )
    return join(figures, words)


def _shares(found: Footprint) -> Html:
    rows = [(tag("b", share.title), tag("code", share.where), *_amounts(share), share.meaning) for share in found.shares]
    return listing("What takes how much", ("What", "Where", "Files", "Size", "What it is for"), rows, numbers={2, 3})


def _amounts(share: Share) -> tuple[str, str]:
    if share.files is None or share.bytes is None:
        return "–", "kept elsewhere"
    return f"{share.files:,}", size(share.bytes)


def size(number: int) -> str:
    """Write a number of bytes for people.

    >>> size(0), size(999), size(12_345), size(4_200_000_000)
    ('0 bytes', '999 bytes', '12.3 kB', '4.2 GB')
    """
    for unit, name in UNITS:
        if number >= unit:
            return f"{number / unit:.1f} {name}"
    return f"{number} bytes"


def errand() -> Errand[Footprint]:
    """Return the count of this place's files; every screen shares it."""
    return _errand(str(place().settings.folder), place())


@st.cache_resource(show_spinner=False, max_entries=20)
def _errand(folder: str, _there: Place) -> Errand[Footprint]:  # noqa: ARG001 - what tells one place from another
    return Errand(lambda: space.measure(_there))


ACTIONS: Mapping[str, Callable[[Mapping[str, str]], object]] = {"measure": lambda _: errand().begin()}
