"""Amounts as people and spreadsheets write them: separators are read only where they can mean one thing."""

import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache

_PLAIN = re.compile(r"[0-9]+")
_POWER = re.compile(r"[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,3}")
_GROUPED = {",": re.compile(r"[1-9][0-9]{0,2}(,[0-9]{3})+"), ".": re.compile(r"[1-9][0-9]{0,2}(\.[0-9]{3})+")}
_SPACES = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(\D|$))")
_AROUND = re.compile(r"^(?:USD|US\$|\$)\s*|\s*(?:USD|US\$|\$)$")
_SIGN = re.compile(r"[+-] ?")
_LARGEST = Decimal(10) ** 15


class Mark(StrEnum):
    """The sign between whole and broken dollars."""

    POINT = "."
    COMMA = ","


class TwoWays(ValueError):
    """The text can be read in two ways, such as 1,234."""


@lru_cache(maxsize=4096)  # a bill says the same few prices over and over
def decimal_of(text: str, mark: Mark | None = None) -> tuple[Decimal, Mark | None]:
    """Read a number; return it with the decimal mark it proves. Raises TwoWays, and ValueError for what is no number.

    `mark` is what other numbers of the same file have proven; it settles what one alone leaves open and refuses what contradicts it.

    >>> decimal_of("1.234,56")
    (Decimal('1234.56'), <Mark.COMMA: ','>)
    >>> decimal_of("$ 0.030"), decimal_of("-1 234 567"), decimal_of("3e-05")
    ((Decimal('0.030'), <Mark.POINT: '.'>), (Decimal('-1234567'), None), (Decimal('0.00003'), None))
    >>> decimal_of("1,234", Mark.POINT)
    (Decimal('1234'), None)
    """
    sign, body = _bare(text)
    number, proven = _read(body, mark)
    if mark and proven and proven is not mark:
        raise ValueError("another decimal mark than the rest of the file")
    if not number.is_finite() or number >= _LARGEST:
        raise ValueError("no amount of money")
    return (-number if sign else number), proven


def _bare(text: str) -> tuple[bool, str]:
    """Take sign, currency and spaces between thousands away; brackets mean minus, as in accounts."""
    body = text.strip().replace("\u2212", "-")
    bracketed = body.startswith("(") and body.endswith(")")
    body = body[1:-1].strip() if bracketed else body
    first = _SIGN.match(body)
    body = _AROUND.sub("", body[len(first[0]) :] if first else body)
    second = _SIGN.match(body) if not first else None
    body = body[len(second[0]) :] if second else body
    negative = any(sign and sign[0].startswith("-") for sign in (first, second))
    return negative or bracketed, _SPACES.sub("", body.strip())


def _read(body: str, mark: Mark | None) -> tuple[Decimal, Mark | None]:
    signs = [sign for sign in body if sign in ",."]
    if not signs:
        if not (_PLAIN.fullmatch(body) or _POWER.fullmatch(body)):
            raise ValueError("no number")
        return _decimal(body), None
    if _POWER.fullmatch(body):
        return _decimal(body), Mark.POINT
    if len(set(signs)) == 2:
        return _both(body, Mark(signs[-1]))
    return _one_kind(body, signs, mark)


def _both(body: str, last: Mark) -> tuple[Decimal, Mark | None]:
    whole, _, broken = body.rpartition(last)
    other = "," if last is Mark.POINT else "."
    if not _GROUPED[other].fullmatch(whole) or not _PLAIN.fullmatch(broken):
        raise ValueError("no number")
    return _decimal(f"{whole.replace(other, '')}.{broken}"), last


def _one_kind(body: str, signs: list[str], mark: Mark | None) -> tuple[Decimal, Mark | None]:
    sign = Mark(signs[0])
    grouped = bool(_GROUPED[sign].fullmatch(body))
    if len(signs) > 1:
        if not grouped:
            raise ValueError("no number")
        return _decimal(body.replace(sign, "")), Mark.POINT if sign is Mark.COMMA else Mark.COMMA
    whole, _, broken = body.partition(sign)
    if grouped and mark is None:
        raise TwoWays
    if grouped and mark is not sign:
        return _decimal(whole + broken), None
    if not _PLAIN.fullmatch(broken) or (whole and not _PLAIN.fullmatch(whole)):
        raise ValueError("no number")
    return _decimal(f"{whole or 0}.{broken}"), sign


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("no number") from None
    return number if number.as_tuple().exponent == 0 or "e" not in text.lower() else Decimal(f"{number:f}")
