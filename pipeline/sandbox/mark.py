"""The SANDBOX label: on every still and every frame, never over a face."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.sandbox.subject import Box

Pixels = NDArray[np.uint8]
TEXT = "SANDBOX"
SHARE = 0.25
MARGIN = 0.025
INK, PAPER = (255, 255, 255), (23, 20, 31)
# Where the label may lie, best first: shares of the free width and height.
PLACES = ((0.5, 1.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0), (0.5, 0.0))


class Label(NamedTuple):
    """A drawn label: its colours times its cover, what it leaves of the picture below, and where it goes."""

    ink: Pixels
    rest: NDArray[np.float32]
    left_px: int
    top_px: int

    def onto(self, pixels: Pixels) -> None:
        """Draw the label into a picture, in place."""
        height, width = self.ink.shape[:2]
        under = pixels[self.top_px : self.top_px + height, self.left_px : self.left_px + width]
        under[:] = cv2.add(cv2.multiply(under, self.rest, dtype=cv2.CV_8U), self.ink)


def label_for(width_px: int, height_px: int, faces: Sequence[Box], *, share: float = SHARE, cover: float = 0.82) -> Label:
    """Draw a label for a picture of this size, `share` of its short side wide, where no face is."""
    image = _draw(max(48, round(min(width_px, height_px) * share)), cover)
    high, wide = image.shape[:2]
    left, top = _place(width_px, height_px, wide, high, faces)
    alpha = image[:, :, 3:].astype(np.float32) / 255
    ink = np.round(image[:, :, :3] * alpha).astype(np.uint8)
    return Label(ink, np.repeat(1 - alpha, 3, axis=2), left, top)


def stamp(pixels: Pixels, faces: Sequence[Box]) -> Pixels:
    """Return a copy of a picture with the label on it."""
    marked = pixels.copy()
    label_for(pixels.shape[1], pixels.shape[0], faces).onto(marked)
    return marked


def _place(width: int, height: int, wide: int, high: int, faces: Sequence[Box]) -> tuple[int, int]:
    gap = round(min(width, height) * MARGIN)
    spots = [(round(gap + x * (width - wide - 2 * gap)), round(gap + y * (height - high - 2 * gap))) for x, y in PLACES]
    return min(spots, key=lambda spot: sum(_shared(spot, wide, high, face, width, height) for face in faces))


def _shared(spot: tuple[int, int], wide: int, high: int, face: Box, width: int, height: int) -> float:
    """Area the label would share with a face and the hair around it."""
    left, right = (face.left - 0.15 * face.width) * width, (face.left + 1.15 * face.width) * width
    top, bottom = (face.top - 0.4 * face.height) * height, (face.top + 1.15 * face.height) * height
    across = min(spot[0] + wide, right) - max(spot[0], left)
    down = min(spot[1] + high, bottom) - max(spot[1], top)
    return max(0.0, across) * max(0.0, down)


@lru_cache(maxsize=32)
def _draw(wide: int, cover: float) -> Pixels:
    """Draw the label `wide` pixels wide as BGRA, at three times its size first so that its edges are smooth."""
    big_wide, big_high = wide * 3, round(wide * 3 * 0.25)
    image = Image.new("RGBA", (big_wide, big_high), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, big_wide - 1, big_high - 1), radius=big_high // 2, fill=(*PAPER, round(255 * cover)))
    font = ImageFont.load_default(size=big_high * 0.52)
    widths = [pen.textlength(letter, font=font) for letter in TEXT]
    space = (big_wide * 0.80 - sum(widths)) / (len(TEXT) - 1)
    across = big_wide * 0.10
    for letter, width in zip(TEXT, widths, strict=True):
        pen.text(
            (across, big_high / 2), letter, font=font, fill=(*INK, 255), anchor="lm", stroke_width=max(1, big_high // 60), stroke_fill=(*INK, 255)
        )
        across += width + space
    small = image.resize((wide, max(1, round(wide * 0.25))), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(small)[:, :, [2, 1, 0, 3]])
