"""The text of a comment in the form in which it is kept."""

import unicodedata
from typing import Final

from pipeline.errors import BadParameter
from pipeline.identifiers import BIDI

LONGEST_TEXT: Final = 1000
LINE_ENDS: Final = str.maketrans({"\u2028": "\n", "\u2029": "\n"})


def clean_text(text: str) -> str:
    """Return a comment's text as it is kept: NFC, line ends as one sign, blanks around it gone.

    Raises BadParameter for control characters, for marks that turn the direction of what follows, for nothing, or for more than 1,000 characters.

    >>> clean_text(" eyes too dark\\r\\nsee the left one ")
    'eyes too dark\\nsee the left one'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(LINE_ENDS)
    kept = unicodedata.normalize("NFC", lines).strip()
    if BIDI.search(kept):
        raise BadParameter(
            "The comment holds a mark that turns the direction of the text, so it would not say what it seems to say.", next="Type it anew."
        )
    if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" for letter in kept):
        raise BadParameter("The comment holds control characters.", next="Type it anew.")
    if all(letter.isspace() or unicodedata.category(letter) == "Cf" for letter in kept):
        raise BadParameter("The comment is empty.", next="Write what you mean.")
    if len(kept) > LONGEST_TEXT:
        raise BadParameter(f"A comment has at most {LONGEST_TEXT:,} characters.", next="Write it shorter, or in two comments.")
    return kept
