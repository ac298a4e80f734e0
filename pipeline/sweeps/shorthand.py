"""The values of an axis as people write them, turned into canonical text; what cannot be read is named, and the rest is kept.

Numbers: `0.5, 0.6` · `0.5..0.7 +0.05` · `0.5-0.7 (+0.05)` · `0-1 [5]` (five, ends included) · `1-5` · `5-1 (-2)` · `1, 2, .., 10`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from enum import StrEnum

from pipeline.wording import counted

MOST_VALUES = 10_000
MOST_DIGITS_BEFORE_POINT = 15
MOST_DIGITS_AFTER_POINT = 12
LONGEST_ITEM = 120
SHOWN_LETTERS = 80
EXACT_DIGITS = 60

UNSIGNED = r"(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
NUMBER = re.compile(f"-?{UNSIGNED}")
RANGE = re.compile(
    rf"(?P<first>-?{UNSIGNED})(?:\s*\.\.\s*|-\s*|\s+-\s+)(?P<last>-?{UNSIGNED})"
    rf"(?:\s*\[\s*(?P<count>[0-9]+)\s*\]|\s*\(\s*(?P<step>[+-]?\s*{UNSIGNED})\s*\)|(?P<tail>\s*\+\s*{UNSIGNED}|\s+-\s*{UNSIGNED}))?"
)
# Two whole numbers with a comma and no blank between them, and no third: 7,5 is 7.5 where people write decimals so.
TWO_OR_ONE = re.compile(r"(?<![\w.)\]])(?<![0-9],)[0-9]+,(?!000)[0-9]+(?![\w.(\[]|,\S)")
COMMAS = re.compile("[,،，、﹐﹑]")
BARS = re.compile(r"\|\|")
FILL = frozenset({"..", "..."})
QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "‚": "‘", "«": "»", "‹": "›", "「": "」", "＂": "＂"}
UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
EDGES = UNSEEN + "".join(filter(str.isspace, map(chr, range(0x3001))))
# Full-width forms, the dashes that word processors make of a minus, and their ellipsis; none of them changes what was meant.
PLAIN: dict[int, str | None] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **{ord(dash): "-" for dash in "‐‑‒–—―⁃−﹘﹣－➖"},
    **{ord(mark): None for mark in UNSEEN},
    ord("…"): "..",
    ord("‥"): "..",
    ord("⋯"): "..",
}


class ValueKind(StrEnum):
    """What the values of an axis are."""

    NUMBER = "number"
    WHOLE = "whole"
    NAME = "name"
    WORDS = "words"


@dataclass(frozen=True, kw_only=True)
class BadValue:
    """Something written that is no value: its words as they stand (the first 80 characters), and why it was left out."""

    text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """The values as canonical text, each once, in the order written, and what was left out."""

    values: tuple[str, ...]
    bad: tuple[BadValue, ...]


class _Unfit(Exception):
    """Why a piece of the text is no value, as a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, kw_only=True)
class _Series:
    """Evenly spaced numbers that are counted before any is made; `places` rounds those that do not come out."""

    first: Decimal
    step: Decimal = Decimal(0)
    count: int = 1
    places: int = MOST_DIGITS_AFTER_POINT


def parse(text: str, kind: ValueKind) -> Parsed:
    """Read the values of an axis from what a person wrote or pasted.

    Numbers stand between commas or on lines of their own, and so do names; prompts stand on lines or between `||`, and their commas are
    words. Quotes around a value are taken off. Nothing is raised: what cannot be read is in `bad`, and so is a range that would make the
    axis longer than 10,000 values, without being built.

    >>> parse("0.5..0.7 +0.1, 1/2, 0.50", ValueKind.NUMBER)
    Parsed(values=('0.5', '0.6', '0.7'), bad=(BadValue(text='1/2', why='“1/2” is not a number.'),))
    >>> parse("7,5", ValueKind.NUMBER).bad[0].why
    'This is either 7.5 or 7 and 5. Write 7.5, or 7, 5.'
    """
    if kind in (ValueKind.NUMBER, ValueKind.WHOLE):
        with localcontext(prec=EXACT_DIGITS):
            if kind is ValueKind.WHOLE:
                return _numbers(list(_pieces_of_numbers(text)), whole=True)
            unclear = tuple(BadValue(text=said, why=_either(said)) for said in TWO_OR_ONE.findall(text))
            read = _numbers(list(_pieces_of_numbers(TWO_OR_ONE.sub("", text))), whole=False)
            return Parsed(values=read.values, bad=(*unclear, *read.bad))
    return _texts(_pieces(text, COMMAS if kind is ValueKind.NAME else BARS))


def _pieces(text: str, separators: re.Pattern[str]) -> Iterator[str]:
    parts = (part.strip(EDGES) for line in text.splitlines() for part in separators.split(line))
    return (part for part in parts if part)


def _texts(pieces: Iterator[str]) -> Parsed:
    values, bad = [], []
    for piece in pieces:
        if value := _unquoted(piece):
            values.append(value)
        else:
            bad.append(BadValue(text=_shown(piece), why="There is nothing between the quotes."))
    return Parsed(values=tuple(dict.fromkeys(values)), bad=tuple(bad))


def _unquoted(text: str) -> str:
    """Take off quotes around the whole; quotes that open and close again inside belong to the words."""
    while len(text) > 1 and QUOTES.get(text[0]) == text[-1] and not {text[0], text[-1]} & set(text[1:-1]):
        text = text[1:-1].strip(EDGES)
    return text


def _pieces_of_numbers(text: str) -> Iterator[str]:
    """Split at commas and lines, and at tabs where a row of plain numbers was pasted from a table."""
    for piece in _pieces(text, COMMAS):
        cells = [cell for cell in piece.split("\t") if cell.strip()]
        yield from cells if all(NUMBER.fullmatch(_plain(cell)) for cell in cells) else [piece]


def _plain(piece: str) -> str:
    return _unquoted(piece.strip()).translate(PLAIN).strip()


def _numbers(pieces: Sequence[str], *, whole: bool) -> Parsed:
    values: dict[str, None] = {}
    bad: list[BadValue] = []
    before: list[Decimal] = []
    for index, piece in enumerate(pieces):
        try:
            series = _fill(before, pieces[index + 1 : index + 2], whole) if _plain(piece) in FILL else _series(piece, whole)
            numbers = _made(series)
            _check_size(written := dict.fromkeys(map(_canonical, numbers)), values)
        except _Unfit as unfit:
            bad.append(BadValue(text=_shown(piece), why=unfit.why))
            before = []
        else:
            values.update(written)
            before = (before + numbers)[-2:]
    return Parsed(values=tuple(values), bad=tuple(bad))


def _series(piece: str, whole: bool) -> _Series:
    plain = _plain(piece)
    if len(plain) > LONGEST_ITEM:
        raise _Unfit(f"This is too long for a number or a range: {len(plain):,} characters.")
    if NUMBER.fullmatch(plain):
        series = _Series(first=_number(plain))
    elif (found := RANGE.fullmatch(plain)) and "..." not in plain:
        series = _range(found)
    else:
        raise _Unfit(_why_no_number(plain, piece))
    if whole:
        _check_whole(series)
    return series


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.replace(" ", "").replace("\t", ""))
    except InvalidOperation:
        raise _Unfit(_out_of_reach(text)) from None
    if not number:
        return Decimal(0)
    if not -MOST_DIGITS_AFTER_POINT <= number.adjusted() < MOST_DIGITS_BEFORE_POINT:
        raise _Unfit(_out_of_reach(text))
    number = number.normalize()
    if int(number.as_tuple().exponent) < -MOST_DIGITS_AFTER_POINT:
        raise _Unfit(_out_of_reach(text))
    return number


def _range(found: re.Match[str]) -> _Series:
    first, last = _number(found["first"]), _number(found["last"])
    if found["count"]:
        return _even(first, last, int(found["count"]))
    written = found["step"] or found["tail"]
    if written:
        return _stepped(first, last, _number("".join(written.split()).removeprefix("+")))
    if first % 1 or last % 1:
        raise _Unfit(f"Say the step or how many: {first:f}..{last:f} (+0.05) or {first:f}..{last:f} [5].")
    return _stepped(first, last, Decimal(1 if first <= last else -1))


def _stepped(first: Decimal, last: Decimal, step: Decimal) -> _Series:
    """Go from the first number by the step, no further than the last."""
    if not step:
        raise _Unfit("A step of 0 never gets on.")
    if (last - first) * step < 0:
        raise _Unfit(f"Steps of {step:+f} lead away from {last:f}; write ({-step:+f}).")
    return _Series(first=first, step=step, count=int((last - first) // step) + 1)


def _even(first: Decimal, last: Decimal, count: int) -> _Series:
    """Spread so many numbers evenly, both ends included; those that do not come out keep four digits of the distance, six at least."""
    if count < 2:
        raise _Unfit("Both ends are included, so a count is at least 2.")
    step = (last - first) / (count - 1)
    fine = max(6, 4 - step.adjusted()) if step else 0
    places = max(fine, *(-int(end.as_tuple().exponent) for end in (first, last)))
    return _Series(first=first, step=step, count=count, places=places)


def _fill(before: Sequence[Decimal], after: Sequence[str], whole: bool) -> _Series:
    """Go on by the step of the two numbers before, up to the one behind, which has to be met."""
    if len(before) < 2 or not after or _plain(after[0]) in FILL:
        raise _Unfit("Write two values before the dots and the last one behind them, as in 1, 2, .., 10.")
    target, step = _series(after[0], whole).first, before[-1] - before[-2]
    way = target - before[-1]
    if not step or way % step or way / step < 1:
        raise _Unfit(f"Steps of {step.normalize():+f} from {before[-1].normalize():f} do not arrive at {target:f}.")
    return _Series(first=before[-1], step=step, count=int(way / step))


def _check_whole(series: _Series) -> None:
    odd = next((number for number in (series.first, series.first + series.step) if number % 1), None)
    if odd is not None:
        raise _Unfit(f"{_canonical(round(odd, 6))} is not a whole number.")


def _made(series: _Series) -> list[Decimal]:
    if series.count > MOST_VALUES:
        raise _Unfit(f"That would be {counted(series.count, 'value')}; an axis takes at most {MOST_VALUES:,}.")
    return [round(series.first + series.step * index, series.places) for index in range(series.count)]


def _check_size(more: Mapping[str, None], values: Mapping[str, None]) -> None:
    together = len(values) + sum(value not in values for value in more)
    if together > MOST_VALUES:
        raise _Unfit(f"That would make {counted(together, 'value')} together; an axis takes at most {MOST_VALUES:,}.")


def _why_no_number(plain: str, piece: str) -> str:
    if "..." in plain:
        return "Write a range with two dots, as in 0.5..0.7 +0.05."
    if plain[:1] in ("+", "(", "["):
        return "A step or a count belongs behind its range, as in 0.5..0.7 +0.05 or 0-1 [5]."
    if re.fullmatch(r"-?0[0-9]+(\.[0-9]+)?", plain):
        return "Leave out leading zeros, and commas between thousands."
    if all(NUMBER.fullmatch(part) for part in re.split(r"[\s;|]+", plain)):
        return "Put commas between values."
    return f"“{_shown(piece)}” is not a number."


def _either(said: str) -> str:
    return f"This is either {said.replace(',', '.')} or {said.replace(',', ' and ')}. Write {said.replace(',', '.')}, or {said.replace(',', ', ')}."


def _out_of_reach(text: str) -> str:
    return f"{_shown(text)} has more than {MOST_DIGITS_BEFORE_POINT} digits before the point or {MOST_DIGITS_AFTER_POINT} behind it."


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_LETTERS else f"{text[: SHOWN_LETTERS - 1]}…"


def _canonical(number: Decimal) -> str:
    return f"{number.normalize() + 0:f}"
