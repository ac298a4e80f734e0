"""Ids of cases, owners and people as they are kept: one form for what looks the same, and a warning for what only seems to be."""

import re
import unicodedata

from pipeline.errors import BadParameter

LONGEST_ID = 200
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
BLANKS = re.compile(r"[^\S\n\r\t\v\f]+")  # a line break within an id is no blank: it was pasted with something else
# Letters that most typefaces draw like Latin ones, from Unicode's confusables (UTS 39): Cyrillic and Greek, and digits read for letters.
LOOK_ALIKE = str.maketrans("авсԁеһіјӏкмнорԛѕтѵԝхуүзαικνορτυχγ01|", "abcdehijlkmhopqstvwxyy3aiknoptuxyoll")


def canonical_id(text: str, name: str = "id") -> str:
    """Return an id in the one form in which it is kept: NFC, without invisible marks, outer white space gone, inner white space one blank.

    Raises BadParameter, naming it by `name`, for letters that turn the direction of what follows, control characters, nothing, or more than
    200 letters.

    >>> canonical_id(" A\u200b-1042\\u00a0")
    'A-1042'
    """
    if BIDI.search(text):
        raise BadParameter(
            f"The {name} holds a mark that turns the direction of the text, so it would not be what it looks like.", next="Type it anew."
        )
    # Marks go first: one between a letter and its accent would keep the two from being composed.
    visible = unicodedata.normalize("NFC", "".join(letter for letter in text if unicodedata.category(letter) != "Cf"))
    kept = BLANKS.sub(" ", visible.strip())
    if not kept or len(kept) > LONGEST_ID or not kept.isprintable():
        raise BadParameter(f"The {name} must have 1 to {LONGEST_ID} printable characters.")
    return kept


def tidy_id(text: str) -> str:
    """Return the canonical form of an id that is looked for, or the text itself where it has none: then there is nothing by that id."""
    try:
        return canonical_id(text)
    except BadParameter:
        return text


def look_of(text: str) -> str:
    """Return what an id looks like at a glance: ids with the same look are easily taken for one another.

    >>> look_of("A-1O42") == look_of("\u0410\u20101042")
    True
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)).casefold()
    return "".join(letter for letter in plain.translate(LOOK_ALIKE) if letter.isalnum())
