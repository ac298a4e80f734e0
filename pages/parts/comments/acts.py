"""What the buttons and forms of comments do. Each names what it is about, so pressing it twice is the same wish."""

import hashlib
from collections.abc import Callable, Mapping

import streamlit as st

from pages.parts import ways
from pages.parts.comments.address import ASKED
from pages.parts.here import me, place
from pages.parts.told import What
from pipeline.errors import OutOfDate
from pipeline.studio.comments import saying
from pipeline.studio.comments.values import Mark, mark_of


def _comment(what: What) -> None:
    said = (what["scope"], what["asset"], me().name, what["number"], what["answers"], what["text"])
    press = hashlib.sha256("\0".join(said).encode()).hexdigest()[:20]
    saying.comment_on(
        place(),
        what["scope"],
        what["asset"],
        what["text"],
        me(),
        mark=_mark(what["mark"]),
        answers_to=what["answers"] or None,
        comment_id=f"c-{press}",
    )


def _mark(words: str) -> Mark | None:
    """Read the place that the browser noted: two or four numbers between commas, nothing without a mark."""
    if not words:
        return None
    try:
        return mark_of(tuple(float(word) for word in words.split(",")))
    except ValueError as error:
        raise OutOfDate from error


def _close(_: What) -> None:
    """Leave the comments, and stay at what the address shows besides."""
    rest = {name: words for name, words in st.query_params.to_dict().items() if name != ASKED}
    if ASKED in st.query_params:
        screen = "compare" if "sweep" in rest else "library" if st.session_state.get("screen") == "library" else "cases"
        ways.go(ways.to(screen, **rest))


ACTIONS: Mapping[str, Callable[[What], object]] = {
    "comment": _comment,
    "comment-settle": lambda what: saying.settle(place(), what["comment"], me()),
    "comment-reopen": lambda what: saying.reopen(place(), what["comment"], me()),
    "comment-withdraw": lambda what: saying.withdraw_comment(place(), what["comment"], me()),
    "comments-close": _close,
}
