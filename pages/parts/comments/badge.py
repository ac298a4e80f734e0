"""The way to a picture's comments, with how many are open."""

from collections.abc import Mapping

from pages.parts.here import shared
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pipeline.records import Asset
from pipeline.studio.comments.reading import open_comments, open_comments_in, open_comments_of
from pipeline.wording import counted

Counts = Mapping[tuple[str, str], int]


def dialog_id(sha256: str) -> str:
    """Return the id of the dialog of a picture's comments."""
    return f"talk-{sha256[:16]}"


def counts_of(pictures: tuple[Asset, ...]) -> Counts:
    """Return how many comments are open on each of these pictures, by case and hash."""
    named = [(one.scope, one.sha256) for one in pictures]
    return shared(f"open comments {named}", lambda there: open_comments(there, named))


def counts_in(scope: str) -> Counts:
    """Return how many comments are open on each picture of a case, by case and hash."""
    return shared(f"open comments in {scope!r}", lambda there: open_comments_in(there, scope))


def counts_of_cases(cases: tuple[str, ...]) -> Mapping[str, int]:
    """Return how many comments are open in each of these cases, by id."""
    return shared(f"open comments of cases {cases}", lambda there: open_comments_of(there, cases))


def way_in(open_: int, address: str, sha256: str) -> Html:
    """Draw the link that opens the comments of a picture."""
    count = tag("span", str(open_), class_="count") if open_ else None
    label = f"Comments: {open_} open" if open_ else "Comments"
    return tag(
        "a", icon("chat_bubble"), "Comments", count, href=address, data_go=True, data_leads=dialog_id(sha256), class_="linklike", aria_label=label
    )


def in_words(open_: int) -> str:
    """Say how many comments are open; nothing where none is.

    >>> in_words(1)
    '1 open comment'
    """
    return counted(open_, "open comment") if open_ else ""


def corner(open_: int) -> Html | None:
    """Draw the number of open comments on a tile; nothing where none is open."""
    if not open_:
        return None
    words = in_words(open_)
    return tag("span", icon("chat_bubble"), tag("span", str(open_)), class_="talked", role="img", aria_label=words, title=words)
