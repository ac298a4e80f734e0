"""Names and ids as they are looked for: whatever their capitals, accents, apostrophes and letters that keyboards lack."""

import re
import unicodedata
from collections.abc import Iterable

LONGEST_SEARCH = 500  # letters; more than anybody types
_HALVES = re.compile("[\\ud800-\\udfff]")  # of a letter; no text that is kept has one
_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})


def fold(*texts: str) -> str:
    """Return texts as one, a line each, in the form in which they are compared with what somebody looks for.

    >>> fold("Zoë O’Brien", "Łukasz Weiß")
    "zoe o'brien\\nlukasz weiss"
    """
    # Apostrophes first: the acute accent on its own would come apart into a blank and a mark.
    apart = unicodedata.normalize("NFKD", "\n".join(texts).casefold().translate(_PLAIN_LETTERS))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words that are looked for, as `fold` writes them."""
    whole = _HALVES.sub("\ufffd", text[:LONGEST_SEARCH]).replace("\0", " ")
    return tuple(fold(word) for word in whole.split())


def fits(words: Iterable[str], *texts: str) -> bool:
    """Tell whether each of the words, as `words_of` gives them, is in one of the texts."""
    text = fold(*texts)
    return all(word in text for word in words)
