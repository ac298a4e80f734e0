"""Whole numbers that browsers send: read within bounds, since one of five thousand digits is nobody's page, price or version."""

from typing import overload

LONGEST = 15  # digits; every number of the studio, micro-dollars included, is far shorter, and SQLite holds 18


@overload
def read_whole(text: str, otherwise: int) -> int: ...
@overload
def read_whole(text: str, otherwise: None = None) -> int | None: ...
def read_whole(text: str, otherwise: int | None = None) -> int | None:
    """Return the number that a text of 1 to 15 decimal digits says, `otherwise` for any other text.

    >>> read_whole("42", 1), read_whole("", 1), read_whole("-3", 1), read_whole("9" * 5_000, 1)
    (42, 1, 1, 1)
    """
    return int(text) if text.isdecimal() and len(text) <= LONGEST else otherwise
