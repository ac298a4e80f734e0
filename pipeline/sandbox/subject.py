"""Where the people are in a photo: their faces, and a soft mask of everything that belongs to them."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.media.faces import faces_in

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

SEARCH_SIDE_PX = 1024
CUT_SIDE_PX = 160
FEATHER_SIDE_PX = 384
# Light, medium and dark skin in OpenCV's Lab.
SKIN_TONES = (np.array([190, 143, 147]), np.array([140, 147, 152]), np.array([85, 142, 145]))


class Box(NamedTuple):
    """A face, brow to chin, as shares of the picture's width and height."""

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the face."""
        return self.left + self.width / 2, self.top + self.height / 2


class Picture:
    """A photo in BGR with the faces in it; sizes in pixels."""

    def __init__(self, pixels: Pixels, faces: tuple[Box, ...] | None = None) -> None:
        self.pixels, self._faces = pixels, faces

    @property
    def width_px(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height_px(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    @cached_property
    def faces(self) -> tuple[Box, ...]:
        """Every face, found once."""
        return _faces_of(self.pixels) if self._faces is None else self._faces

    def at_most(self, side_px: int) -> "Picture":
        """Return the picture with its long side brought down to `side_px`, if it is longer."""
        scale = side_px / max(self.width_px, self.height_px)
        return self if scale >= 1 else self.resized(round(self.width_px * scale), round(self.height_px * scale))

    def resized(self, width_px: int, height_px: int) -> "Picture":
        """Return the picture stretched to a size; faces keep their shares."""
        shrinking = width_px * height_px < self.width_px * self.height_px
        method = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
        return Picture(cv2.resize(self.pixels, (max(1, width_px), max(1, height_px)), interpolation=method), self.faces)

    def fitted(self, width_px: int, height_px: int) -> "Picture":
        """Return the picture cut to the ratio of a size, around its faces, then brought to that size."""
        ratio = width_px / height_px
        width = min(self.width_px, round(self.height_px * ratio))
        height = min(self.height_px, round(self.width_px / ratio))
        if (width, height) == (self.width_px, self.height_px):
            return self.resized(width_px, height_px)
        across, down = self._middle()
        left = round(min(max(across * self.width_px - width / 2, 0), self.width_px - width))
        top = round(min(max(down * self.height_px - height / 2, 0), self.height_px - height))
        return Picture(self.pixels[top : top + height, left : left + width]).resized(width_px, height_px)

    def _middle(self) -> tuple[float, float]:
        if not self.faces:
            return 0.5, 0.45
        centres = [face.centre for face in self.faces]
        return float(np.mean([x for x, _ in centres])), float(np.mean([y for _, y in centres]))


def _faces_of(pixels: Pixels) -> tuple[Box, ...]:
    height, width = pixels.shape[:2]
    scale = min(1.0, SEARCH_SIDE_PX / max(height, width))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    found = faces_in(Image.fromarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB)))
    high, wide = small.shape[:2]
    return tuple(Box(face.left_px / wide, face.top_px / high, face.width_px / wide, face.height_px / high) for face in found)


def mask_of(pixels: Pixels, faces: Sequence[Box]) -> Plane:
    """Return how much each pixel belongs to the people, 0 to 1; faces and what hangs below them are certain.

    The detector misses faces in profile, so patches of skin as large as a face count as one; without any, a tall centre ellipse does.
    """
    height, width = pixels.shape[:2]
    small = _long_side(pixels, CUT_SIDE_PX)
    heads = [*faces, *_missed(small, faces)]
    cut = _grab_cut(small, heads)
    guide = cv2.cvtColor(_long_side(pixels, FEATHER_SIDE_PX), cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    rough = cv2.resize(cut, guide.shape[::-1], interpolation=cv2.INTER_LINEAR)
    soft = np.clip((_follow(guide, rough, 6, 2e-4) - 0.2) / 0.7, 0, 1)
    kept = np.maximum(_ellipses(guide.shape, heads, 0.62, 0.8, 0.08), _ellipses(guide.shape, faces, 0.62, 0.8, 0.08))
    certain = cv2.GaussianBlur(kept, (0, 0), FEATHER_SIDE_PX / 60)
    return np.asarray(cv2.resize(np.maximum(soft, certain), (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1), np.float32)


def _missed(small: Pixels, faces: Sequence[Box]) -> list[Box]:
    """Guess faces the detector missed: compact patches of skin colour in the upper two thirds, about as large as the faces it found."""
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    skin = cv2.morphologyEx(_skin(lab, faces), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    skin[_ellipses(skin.shape, faces, 0.75, 1.0, 0.0) > 0 if faces else np.zeros(skin.shape, bool)] = 0
    usual = float(np.mean([face.width for face in faces])) if faces else 0.22
    count, _, facts, _ = cv2.connectedComponentsWithStats(skin)
    high, wide = skin.shape
    found = []
    for left, top, width, height, area in facts[1:count].tolist():
        share, compact = width / wide / usual, area / (width * height)
        if 0.45 < share < 1.8 and 0.5 < height / width < 2.2 and compact > 0.45 and (top + height / 2) / high < 0.66:
            found.append(Box(left / wide, top / high, width / wide, min(height, width * 1.2) / high))
    return found


def _skin(lab: Plane, faces: Sequence[Box]) -> Pixels:
    """Mark what has the colour of the faces that were found, else of skin in general."""
    high, wide = lab.shape[:2]
    boxes = [np.s_[int(f.top * high) : int((f.top + f.height) * high), int(f.left * wide) : int((f.left + f.width) * wide)] for f in faces]
    samples = [np.median(lab[box].reshape(-1, 3), axis=0) for box in boxes if lab[box].size]
    near = np.zeros((high, wide), bool)
    for tone in samples or SKIN_TONES:
        away = lab - tone
        near |= ((away[:, :, 1] / 8) ** 2 + (away[:, :, 2] / 9) ** 2 + (away[:, :, 0] / 55) ** 2) < 1
    return near.astype(np.uint8)


def _long_side(pixels: Pixels, side_px: int) -> Pixels:
    scale = side_px / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _grab_cut(small: Pixels, faces: Sequence[Box]) -> Plane:
    seeds = np.full(small.shape[:2], cv2.GC_BGD if faces else cv2.GC_PR_BGD, np.uint8)
    seeds[_bodies(seeds.shape, faces, 2.4, 1.15, 1.7) > 0] = cv2.GC_PR_BGD
    seeds[_ellipses(seeds.shape, faces, 1.2, 1.35, 0.15) > 0] = cv2.GC_PR_BGD
    seeds[_bodies(seeds.shape, faces, 1.7, 0.7, 1.15) > 0] = cv2.GC_PR_FGD
    seeds[_ellipses(seeds.shape, faces, 0.8, 1.05, 0.15) > 0] = cv2.GC_PR_FGD
    seeds[_bodies(seeds.shape, faces, 1.15, 0.25, 1.15) > 0] = cv2.GC_FGD
    seeds[_ellipses(seeds.shape, faces, 0.55, 0.7, 0.0) > 0] = cv2.GC_FGD
    # The generator belongs to the thread, so a fixed seed makes the same cut whatever runs beside it.
    cv2.setRNGSeed(7)
    try:
        cv2.grabCut(small, seeds, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    except cv2.error:
        return _ellipses(seeds.shape, faces, 0.95, 1.2, 0.12)
    inside = np.isin(seeds, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    return _largest(np.asarray(cv2.morphologyEx(inside, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.uint8))


def _largest(inside: NDArray[np.uint8]) -> Plane:
    """Drop islands smaller than a fiftieth of the picture and fill holes as small."""
    for wanted in (1, 0):
        count, labels, facts, _ = cv2.connectedComponentsWithStats((inside == wanted).astype(np.uint8))
        for index in range(1, count):
            if facts[index, cv2.CC_STAT_AREA] < inside.size / 50:
                inside[labels == index] = 1 - wanted
    return inside.astype(np.float32)


def _ellipses(shape: tuple[int, ...], faces: Sequence[Box], across: float, down: float, up: float) -> Plane:
    """Draw an ellipse over every face, `across` and `down` face sizes in radius, moved up by a share of its height."""
    plane = np.zeros(shape[:2], np.float32)
    height, width = plane.shape
    if not faces:
        cv2.ellipse(plane, (width // 2, round(height * 0.5)), (round(width * 0.34), round(height * 0.46)), 0, 0, 360, 1.0, -1)
    for face in faces:
        x, y = face.centre
        centre = (round(x * width), round((y - up * face.height) * height))
        cv2.ellipse(plane, centre, (max(1, round(face.width * across * width)), max(1, round(face.height * down * height))), 0, 0, 360, 1.0, -1)
    return plane


def _bodies(shape: tuple[int, ...], faces: Sequence[Box], reach: float, neck: float, flare: float) -> Plane:
    """Draw a body under every face, half as wide as `neck` at the chin, `reach` at the shoulders, `flare` times that below; in face widths."""
    plane = np.zeros(shape[:2], np.float32)
    height, width = plane.shape
    for face in faces:
        x, chin = face.centre[0] * width, (face.top + 0.95 * face.height) * height
        side, drop = face.width * width, face.height * height
        right = [(x + neck * side, chin), (x + reach * side, chin + 0.75 * drop), (x + reach * flare * side, height)]
        left = [(2 * x - across, down) for across, down in reversed(right)]
        cv2.fillPoly(plane, [np.array(right + left, np.int32)], 1.0)
    return plane


def _follow(guide: Plane, plane: Plane, radius: int, tolerance: float) -> Plane:
    """Let the edges of a plane follow those of a guide (a guided filter)."""
    size = (2 * radius + 1, 2 * radius + 1)
    mean_g, mean_p = cv2.blur(guide, size), cv2.blur(plane, size)
    slope = (cv2.blur(guide * plane, size) - mean_g * mean_p) / (cv2.blur(guide * guide, size) - mean_g * mean_g + tolerance)
    return np.asarray(cv2.blur(slope, size) * guide + cv2.blur(mean_p - slope * mean_g, size), np.float32)
