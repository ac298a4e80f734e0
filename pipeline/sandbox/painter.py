"""Stills: a photo redrawn in a style, the more so the higher the strength; the same input gives the same bytes."""

import re
from enum import StrEnum
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sandbox import mark, scene
from pipeline.sandbox.subject import Picture, mask_of

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

WORKING_SIDE_PX = 1024
# Above 0.016 of the picture's size, moved knots made faces gaunt.
SHIFT = 0.016
# Where eyes lie in a face box, measured on frontal portraits.
EYES, EYE_LINE = (0.29, 0.71), 0.24
TONE = 100 / 9
INK = np.array([0.13, 0.19, 0.30], np.float32)
WARM = np.array([-0.05, 0.0, 0.05], np.float32)
RIM = np.array([0.55, 0.78, 1.0], np.float32)


class Look(StrEnum):
    """The styles the painter knows."""

    PIXAR = "pixar"
    GHIBLI = "ghibli"
    PAINTED = "painted"


WORDS = {
    Look.PIXAR: {"pixar", "disney", "animated", "animation", "cgi", "3d"},
    Look.GHIBLI: {"ghibli", "anime", "watercolor", "watercolour", "drawn", "miyazaki"},
}


def look_of(prompt: str) -> Look:
    """Choose the style by the prompt's words.

    >>> look_of("a Pixar-style portrait").value, look_of("hand-drawn, soft").value, look_of("oil on canvas").value
    ('pixar', 'ghibli', 'painted')
    """
    words = set(re.findall(r"[a-z0-9]+", prompt.lower()))
    found = [look for look, names in WORDS.items() if words & names]
    return min(found, key=lambda look: min(prompt.lower().find(name) for name in WORDS[look] & words)) if found else Look.PAINTED


def redraw(photo: Picture, prompt: str, strength: float, seed: int) -> Pixels:
    """Redraw a photo in the style its prompt names, at the photo's own size, labelled; BGR."""
    work = photo.at_most(WORKING_SIDE_PX)
    look = look_of(prompt)
    random = scene.generator(look, prompt, seed)
    grid = _grid(work, strength, random)
    moved = _through(work.pixels, grid)
    mask = _through(mask_of(work.pixels, work.faces), grid)[:, :, None]
    drawn = _PAINTERS[look](moved, strength)
    image = _behind(drawn, mask, prompt, strength, random, drawn_look=look is Look.GHIBLI)
    image = _finish(image, mask, look, strength, random)
    amount = _step(strength, 0.0, 0.75)
    blended = work.pixels.astype(np.float32) / 255 * (1 - amount) + image * amount
    full = Picture(scene.as_bytes(blended), work.faces).resized(photo.width_px, photo.height_px)
    return mark.stamp(full.pixels, photo.faces)


def _step(value: float, low: float, high: float) -> float:
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return share * share * (3 - 2 * share)


def _grid(work: Picture, strength: float, random: np.random.Generator) -> tuple[Plane, Plane]:
    """Say where each pixel comes from: smooth random knots and slightly larger eyes, both with the square of the strength."""
    height, width = work.pixels.shape[:2]
    reach = SHIFT * max(height, width) * strength**2
    knots = random.uniform(-reach, reach, (2, 5, 5)).astype(np.float32)
    shift = [cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC) for plane in knots]
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = across + shift[0], down + shift[1]
    for face in work.faces:
        for side in EYES:
            x, y = (face.left + face.width * side) * width, (face.top + face.height * EYE_LINE) * height
            _magnify(across, down, x, y, face.width * width * 0.24, strength)
    return across, down


def _through(plane: Any, grid: tuple[Plane, Plane]) -> Any:
    """Look at a picture or a mask through a grid."""
    return cv2.remap(plane, *grid, cv2.INTER_CUBIC if plane.dtype == np.uint8 else cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _magnify(across: Plane, down: Plane, x: float, y: float, radius: float, strength: float) -> None:
    """Bend a sampling grid in place so that what lies around (x, y) looks larger."""
    away_x, away_y = across - x, down - y
    inside = np.clip(1 - (away_x**2 + away_y**2) / max(radius, 1.0) ** 2, 0, 1) ** 2
    pull = 0.24 * strength**2 * inside
    across -= away_x * pull
    down -= away_y * pull


def _rendered(pixels: Pixels, strength: float) -> Plane:
    """Smooth surfaces as a rendered film has them: soft shapes, clear eyes, rich colour."""
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    for _ in range(1 + round(4 * strength)):
        small = cv2.bilateralFilter(small, 9, 34, 6)
    smooth = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return _graded(pixels, smooth, Grade(detail=0.75 - 0.2 * strength, contrast=1.08, colour=1.2, warmth=4.0, lift=6.0))


def _inked(pixels: Pixels, strength: float) -> Plane:
    """Flat, soft tones and brown ink lines, as on a painted cel."""
    flat = kuwahara(cv2.bilateralFilter(pixels, 7, 40, 5), _brush(pixels, 3 + 4 * strength))
    image = _graded(pixels, flat, Grade(detail=0.55 - 0.2 * strength, contrast=0.95, colour=1.2, warmth=3.0, lift=10.0))
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB)
    level = lab[:, :, 0] / TONE
    lab[:, :, 0] = lab[:, :, 0] * 0.45 + (np.floor(level) + _soft(level - np.floor(level))) * TONE * 0.55
    image = cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)
    lines = (ink_lines(pixels) * min(0.75, strength))[:, :, None]
    return np.asarray(image * (1 - lines) + INK * lines, np.float32)


def _oiled(pixels: Pixels, strength: float) -> Plane:
    """Thick strokes with a trace of canvas."""
    flat = kuwahara(pixels, _brush(pixels, 4 + 4 * strength))
    image = _graded(pixels, flat, Grade(detail=0.6 - 0.2 * strength, contrast=1.08, colour=1.35, warmth=4.0, lift=2.0))
    grain = scene.cloudiness(pixels.shape[1], pixels.shape[0], scene.generator("canvas"), coarse=128, layers=2)[:, :, None]
    return np.asarray(image * (0.94 + 0.12 * grain), np.float32)


_PAINTERS = {Look.PIXAR: _rendered, Look.GHIBLI: _inked, Look.PAINTED: _oiled}


class Grade(NamedTuple):
    """How a flattened picture is graded: share of the photo's middle detail, contrast, colour, warmth and lift of the shadows."""

    detail: float
    contrast: float
    colour: float
    warmth: float
    lift: float


def _graded(pixels: Pixels, flat: Pixels, grade: Grade) -> Plane:
    """Give a flattened picture back some middle detail, so that eyes and mouths survive, then grade it without burning highlights out."""
    lab = cv2.cvtColor(flat.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    light = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)[:, :, 0]
    size = max(pixels.shape[:2])
    middle = cv2.GaussianBlur(light, (0, 0), size / 500) - cv2.GaussianBlur(light, (0, 0), size / 70)
    level = (lab[:, :, 0] - 50) * grade.contrast + 50 + grade.detail * np.clip(middle, -18, 9)
    level += grade.lift * np.clip(1 - level / 70, 0, 1)
    level = 100 * np.clip(level / 100, 0, 1) ** 0.94
    lab[:, :, 0] = np.where(level > 80, 80 + (level - 80) * 0.75, level)
    lab[:, :, 1:] = lab[:, :, 1:] * grade.colour + grade.warmth * (np.clip(lab[:, :, 0] / 60, 0, 1) ** 2)[:, :, None] * (1.0, 0.8)
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), 0, 1), np.float32)


def _brush(pixels: Pixels, radius: float) -> int:
    """Bring a brush meant for the largest working size to this picture's."""
    return max(1, round(radius * float(max(pixels.shape[:2])) / WORKING_SIDE_PX))


def kuwahara(pixels: Pixels, radius: int) -> Pixels:
    """Replace each pixel by the mean of the calmest of four squares around it: flat patches, kept edges."""
    height, width = pixels.shape[:2]
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.float32)
    size = (radius + 1, radius + 1)
    best, spread = np.zeros_like(pixels), np.full((height, width), np.inf, np.float32)
    for anchor in ((0, 0), (radius, 0), (0, radius), (radius, radius)):
        mean = cv2.blur(grey, size, anchor=anchor)
        variance = cv2.blur(grey * grey, size, anchor=anchor) - mean * mean
        calmer = variance < spread
        spread[calmer] = variance[calmer]
        cv2.copyTo(cv2.blur(pixels, size, anchor=anchor), calmer.astype(np.uint8), best)
    return best


def ink_lines(pixels: Pixels) -> Plane:
    """Find where a pen would draw: a difference of two blurs of the calmed picture, without specks; 0 to 1."""
    calm = pixels
    for _ in range(2):
        calm = cv2.bilateralFilter(calm, 7, 45, 5)
    grey = cv2.cvtColor(calm, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    size = max(pixels.shape[:2])
    valley = cv2.GaussianBlur(grey, (0, 0), size / 330) - cv2.GaussianBlur(grey, (0, 0), size / 640)
    lines = np.clip((valley - 0.010) * 38, 0, 1)
    whole = cv2.GaussianBlur(lines, (0, 0), size / 160)
    return np.asarray(cv2.GaussianBlur(lines * np.clip(whole * 9 - 0.35, 0, 1), (0, 0), 0.7), np.float32)


def _behind(image: Plane, mask: Plane, prompt: str, strength: float, random: np.random.Generator, *, drawn_look: bool) -> Plane:
    """Wash what lies behind the people towards a backdrop out of the prompt, keeping some of the room's own light."""
    height, width = image.shape[:2]
    backdrop = scene.backdrop(prompt, random, width, height, drawn=drawn_look)
    room = cv2.GaussianBlur(image, (0, 0), max(1.0, max(height, width) * 0.03 * strength))
    light = cv2.cvtColor(room, cv2.COLOR_BGR2GRAY)[:, :, None]
    wash = backdrop * (0.90 + 0.16 * light)
    cover = _step(strength, 0.15, 0.7) * 0.93
    behind = room * (1 - cover) + wash * cover
    return np.asarray(image * mask + behind * (1 - mask), np.float32)


def _finish(image: Plane, mask: Plane, look: Look, strength: float, random: np.random.Generator) -> Plane:
    """Warm light from one side, a bright rim on the people, a glow on what is bright, dimmer corners."""
    height, width = image.shape[:2]
    from_left = 1.0 if random.random() < 0.5 else -1.0
    across = np.linspace(-from_left, from_left, width, dtype=np.float32)[None, :, None]
    image = image * (1 + WARM * strength * np.clip(0.3 - across, -1, 1))
    if look is not Look.GHIBLI:
        slope = cv2.Sobel(cv2.GaussianBlur(mask, (0, 0), width / 170), cv2.CV_32F, 1, 0)
        rim = np.clip(slope * from_left * -14, 0, 1)[:, :, None] * mask
        image = image + rim * RIM * (0.3 * strength) * (1 - image)
    glow = cv2.GaussianBlur(cv2.resize(image, (width // 4, height // 4), interpolation=cv2.INTER_AREA), (0, 0), width / 130)
    glow = np.clip(cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1) * (0.22 * strength)
    image = 1 - (1 - np.clip(image, 0, 1)) * (1 - glow * np.clip(image, 0, 1))
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    return np.asarray(np.clip(image * (1 - 0.16 * strength * np.clip(across**2 + down**2 - 0.6, 0, 1)), 0, 1), np.float32)


def _soft(share: Plane) -> Plane:
    """Turn a ramp into a soft step."""
    sharp = np.clip((share - 0.3) / 0.4, 0, 1)
    return np.asarray(sharp * sharp * (3 - 2 * sharp), np.float32)
