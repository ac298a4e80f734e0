"""What staff read while a run is on its way: the only place that knows these words."""

from enum import StrEnum


class Stage(StrEnum):
    """The stages of a run, in the order in which it passes them."""

    ASKED = "Waiting for the worker"
    UPLOADING = "Uploading the photo"
    IN_LINE = "Waiting for a free place"
    SENDING = "Sending the request"
    LOOKING_UP = "Asking whether the request arrived"
    PAINTING = "Painting"
    FILMING = "Filming"
    FETCHING = "Fetching the result"
    MEASURING = "Measuring the likeness"
    ENCODING = "Encoding"
    FETCHING_AGAIN = "Fetching the result again in a moment"
    TRYING_AGAIN = "Trying again in a moment"
    CANCELLING = "Cancelling"
    SUCCEEDED = "Ready to review"
    PARTLY = "Partly done"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


def in_line(place: int) -> str:
    """Say which place a run has in our own line, counted from 1.

    >>> in_line(3)
    'Waiting for a free place, 3rd in line'
    """
    return f"{Stage.IN_LINE}, {ordinal(place)} in line"


def at_provider(provider: str, place: int) -> str:
    """Say which place a request has in the provider's line, counted from 1.

    >>> at_provider("fal", 1)
    'Waiting at fal, 1st in line'
    """
    return f"Waiting at {provider}, {ordinal(place)} in line"


def paused(person: str, note: str) -> str:
    """Say who paused purchases, and why if a reason was given.

    >>> paused("Ana", "wrong prices"), paused("Ana", "")
    ('Purchases are paused by Ana: wrong prices', 'Purchases are paused by Ana')
    """
    return f"Purchases are paused by {person}{f': {note}' if note else ''}"


def ordinal(number: int) -> str:
    """Write a place as people say it.

    >>> [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '102nd', '111th']
    """
    ending = "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
