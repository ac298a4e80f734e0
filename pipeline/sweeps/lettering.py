"""Words on a picture: every letter from the first font that has it, lines as long as fit, nothing cut off."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from math import ceil
from unicodedata import bidirectional, category

from PIL import ImageDraw, ImageFont

from pipeline.settings import ROOT

SHIPPED_FONTS = tuple(
    ROOT / "pages" / "static" / f"inter-{part}-wght-normal.woff2" for part in ("latin", "latin-ext", "cyrillic", "greek", "vietnamese")
)
# Looked for by name among the fonts of the machine, for letters that the shipped ones lack (Hebrew, Arabic, Chinese, symbols).
MACHINE_FONTS = ("DejaVuSans.ttf", "segoeui.ttf", "Arial Unicode.ttf", "NotoSansCJK-Regular.ttc", "msgothic.ttc", "seguiemj.ttf")
LINE_HEIGHT = 1.35
BASELINE = 0.74
NO_LETTER = "\uffff"
PROBE_PX = 16

Font = ImageFont.FreeTypeFont


class Lettering:
    """One size and weight of type; `weight` from 100 to 900, `size_px` the height of the type."""

    def __init__(self, *, size_px: int, weight: int = 400) -> None:
        self.size_px, self.weight = size_px, weight
        self.line_px = round(size_px * LINE_HEIGHT)

    def lines(self, text: str, width_px: int) -> list[str]:
        """Break text into lines no wider than this: at its own line ends, else between words, else inside a word that is too long."""
        clean = _clean(text)
        only = _only_font(clean)
        return [line for written in clean.splitlines() for line in self._wrapped(written.split(), width_px, only)]

    def widest_px(self, lines: Sequence[str]) -> int:
        """Return how wide the widest of the lines of one text is."""
        only = _only_font("".join(lines))
        return max((ceil(self._long_px(line, only)) for line in lines), default=0)

    def draw(self, canvas: ImageDraw.ImageDraw, place_px: tuple[int, int], lines: Sequence[str], *, fill: str, centred_in_px: int = 0) -> None:
        """Draw the lines of one text from their top left corner, or each in the middle of a width."""
        (left, top), only = place_px, _only_font("".join(lines))
        for number, line in enumerate(lines):
            indent = max(0.0, (centred_in_px - self._long_px(line, only)) // 2)
            baseline = top + number * self.line_px + round(self.line_px * BASELINE)
            for font, run in _runs(line, self.size_px, self.weight, only):
                canvas.text((left + indent, baseline), run, font=font, fill=fill, anchor="ls")
                indent += font.getlength(run)

    def _wrapped(self, words: Sequence[str], width_px: int, only: int | None) -> Iterator[str]:
        line, used, space = "", 0.0, self._long_px(" ", only)
        for word in words:
            *full, rest = self._broken(word, width_px, only)
            needed = self._long_px(rest, only)
            if line and not full and used + space + needed <= width_px:
                line, used = f"{line} {rest}", used + space + needed
                continue
            yield from (each for each in (line, *full) if each)
            line, used = rest, needed
        yield line

    def _broken(self, word: str, width_px: int, only: int | None) -> list[str]:
        """Cut a word into the longest pieces that fit, at least one letter each."""
        if self._long_px(word, only) <= width_px:
            return [word]
        pieces = [""]
        for letter in word:
            if not pieces[-1] or _joins(letter) or self._long_px(pieces[-1] + letter, only) <= width_px:
                pieces[-1] += letter
            else:
                pieces.append(letter)
        return pieces

    def _long_px(self, text: str, only: int | None) -> float:
        return _length_px(text, self.size_px, self.weight, only)


@lru_cache(maxsize=5_000)
def _length_px(text: str, size_px: int, weight: int, only: int | None) -> float:
    return sum(font.getlength(run) for font, run in _runs(text, size_px, weight, only))


def _runs(text: str, size_px: int, weight: int, only: int | None) -> list[tuple[Font, str]]:
    runs = _cut(text) if only is None else [(only, text)]
    return [(_font(number, size_px, weight), run) for number, run in runs]


def _only_font(text: str) -> int | None:
    """Choose one font for a text with right-to-left words, which keep their order only in one; None when every letter may choose its own."""
    if not any(bidirectional(letter) in ("R", "AL") for letter in text):
        return None
    drawn = {letter for letter in text if _has(_font_with(letter), letter)}
    return next((number for number in range(len(_families())) if all(_has(number, letter) for letter in drawn)), None)


def _cut(text: str) -> list[tuple[int, str]]:
    """Cut a line where its font changes; spaces, accents and joiners stay with the letter before them."""
    numbers: list[int] = []
    for letter in text:
        follows = bool(numbers) and (letter.isspace() or _joins(letter))
        numbers.append(numbers[-1] if follows else _font_with(letter))
    pairs = groupby(zip(numbers, text, strict=True), key=lambda pair: pair[0])
    return [(number, "".join(letter for _, letter in group)) for number, group in pairs]


def _joins(letter: str) -> bool:
    return category(letter) in ("Mn", "Mc", "Me", "Cf")


def _clean(text: str) -> str:
    """Make line ends one kind and everything that is no text a space."""
    lines = "\n".join(text.strip().splitlines())
    return "".join(letter if letter == "\n" or category(letter) not in ("Cc", "Cs") else " " for letter in lines)


@lru_cache(maxsize=1)
def _families() -> tuple[Font, ...]:
    """Open what there is, in the order it is asked; Pillow's own font stands in where no shipped one can be read."""
    shipped = [font for path in SHIPPED_FONTS if (font := _opened(str(path)))]
    own = [] if shipped else [font for font in (ImageFont.load_default(PROBE_PX),) if isinstance(font, Font)]
    return (*shipped, *own, *(font for name in MACHINE_FONTS if (font := _opened(name))))


def _opened(name: str) -> Font | None:
    try:
        return ImageFont.truetype(name, PROBE_PX)
    except OSError:
        return None


@lru_cache(maxsize=64)
def _font(number: int, size_px: int, weight: int) -> Font:
    font = _families()[number].font_variant(size=size_px)
    with suppress(OSError, NotImplementedError):
        font.set_variation_by_axes([weight])
    return font


def _font_with(letter: str) -> int:
    return next((number for number in range(len(_families())) if _has(number, letter)), 0)


@lru_cache(maxsize=20_000)
def _has(number: int, letter: str) -> bool:
    """Tell whether the font draws this letter as anything but its sign for a missing one."""
    if letter.isspace() or _joins(letter):
        return True
    return _shape(number, letter) != _shape(number, NO_LETTER)


def _shape(number: int, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = _families()[number].getmask(letter)
    return mask.size, bytes(mask)
