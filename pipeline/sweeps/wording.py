"""Prompts held beside each other: which words tell one from the others, and in how many places it was changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from string import ascii_uppercase

LONGEST_BRIEF = 90


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some words of a prompt, and whether they differ from any of the others."""

    words: str
    differs: bool


def letter(number: int) -> str:
    """Return what the variant of this place is called: A for 0, after Z its number.

    >>> letter(0), letter(25), letter(26)
    ('A', 'Z', '27')
    """
    return ascii_uppercase[number] if number < len(ascii_uppercase) else str(number + 1)


def differences(texts: Sequence[str]) -> tuple[tuple[Part, ...], ...]:
    """Return each text as parts, told word by word whether they stand like this in all the others.

    >>> [[(part.words, part.differs) for part in one] for one in differences(["a calm day", "a wild day"])]
    [[('a', False), ('calm', True), ('day', False)], [('a', False), ('wild', True), ('day', False)]]
    """
    every = [text.split() for text in texts]
    return tuple(_parts(words, _flags(words, [other for at, other in enumerate(every) if at != number])) for number, words in enumerate(every))


def brief(texts: Sequence[str], number: int) -> str:
    """Return what tells one text from the others, in few words; what it lacks where it only lacks something.

    >>> brief(["soft light, calm", "soft golden light, calm"], 0), brief(["soft light, calm", "soft golden light, calm"], 1)
    ('without “golden”', '… golden …')
    """
    parts = differences(texts)[number]
    if any(part.differs for part in parts):
        return _short(" ".join(_shown(parts)))
    lacking = [words for other in texts if other != texts[number] for words in _added(texts[number].split(), other.split())]
    return _short(f"without “{lacking[0]}”" if lacking else texts[number])


def changed_places(one: str, other: str) -> int:
    """Return in how many places two texts differ: words side by side that changed are one place.

    >>> changed_places("a calm day at sea", "a wild day at home"), changed_places("a day", "a day")
    (2, 0)
    """
    return sum(tag != "equal" for tag, *_ in _compared(one.split(), other.split()))


def _compared(one: Sequence[str], other: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, one, other, autojunk=False).get_opcodes()


def _flags(words: Sequence[str], others: Sequence[Sequence[str]]) -> list[bool]:
    flags = [False] * len(words)
    for other in others:
        for tag, first, last, _, _ in _compared(words, other):
            if tag != "equal":
                flags[first:last] = [True] * (last - first)
    return flags


def _parts(words: Sequence[str], flags: Sequence[bool]) -> tuple[Part, ...]:
    grouped = groupby(zip(words, flags, strict=True), key=lambda pair: pair[1])
    return tuple(Part(words=" ".join(word for word, _ in pairs), differs=differs) for differs, pairs in grouped)


def _shown(parts: Sequence[Part]) -> list[str]:
    return [part.words if part.differs else "…" for part in parts]


def _added(one: Sequence[str], other: Sequence[str]) -> list[str]:
    return [" ".join(other[low:high]) for tag, _, _, low, high in _compared(one, other) if tag != "equal" and high > low]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_BRIEF else f"{text[: LONGEST_BRIEF - 1]}…"
