"""Stills: a photo redrawn in a style, the more so the higher the strength; the same input gives the same bytes."""

import re
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sandbox import mark, scene
from pipeline.sandbox.subject import Box, Picture, mask_of

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

WORKING_SIDE_PX = 1024
# Above 0.016 of the picture's size, moved knots made faces gaunt.
SHIFT = 0.016
# Where eyes lie in a face box, measured on frontal portraits.
EYES, EYE_LINE = (0.29, 0.71), 0.24


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
    pull = 0.16 * strength**2 * inside
    across -= away_x * pull
    down -= away_y * pull


def _rendered(pixels: Pixels, strength: float) -> Plane:
    """Smooth surfaces as a rendered film has them: soft shapes, clear eyes, rich colour."""
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    for _ in range(1 + round(3 * strength)):
        small = cv2.bilateralFilter(small, 9, 28, 7)
    smooth = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return _with_detail(pixels, smooth, 0.62 - 0.25 * strength, contrast=1.06, saturation=1.22, lift=4.0)


def _inked(pixels: Pixels, strength: float) -> Plane:
    """Flat, soft tones and brown ink lines, as on a painted cel."""
    flat = kuwahara(pixels, 2 + round(3 * strength))
    image = _with_detail(pixels, flat, 0.45 - 0.2 * strength, contrast=0.95, saturation=1.12, lift=9.0)
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB)
    steps = 100 / 9
    level = lab[:, :, 0] / steps
    fraction = level - np.floor(level)
    lab[:, :, 0] = lab[:, :, 0] * 0.35 + (np.floor(level) + _soft(fraction)) * steps * 0.65
    image = cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)
    lines = (ink_lines(pixels) * min(1.0, strength * 1.2))[:, :, None]
    return np.asarray(image * (1 - lines) + np.array([0.16, 0.20, 0.31], np.float32) * lines, np.float32)


def _oiled(pixels: Pixels, strength: float) -> Plane:
    """Thick strokes with a trace of canvas."""
    flat = kuwahara(pixels, 3 + round(4 * strength))
    image = _with_detail(pixels, flat, 0.4 - 0.2 * strength, contrast=1.1, saturation=1.25, lift=0.0)
    grain = scene.cloudiness(pixels.shape[1], pixels.shape[0], scene.generator("canvas"), coarse=64, layers=2)[:, :, None]
    return np.asarray(image * (0.96 + 0.08 * grain), np.float32)


_PAINTERS = {Look.PIXAR: _rendered, Look.GHIBLI: _inked, Look.PAINTED: _oiled}


def _with_detail(pixels: Pixels, flat: Pixels, share: float, *, contrast: float, saturation: float, lift: float) -> Plane:
    """Give a flattened picture back a share of the photo's middle detail, so that eyes and mouths survive, then grade it."""
    lab = cv2.cvtColor(flat.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    light = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)[:, :, 0]
    size = max(pixels.shape[:2])
    middle = cv2.GaussianBlur(light, (0, 0), size / 700) - cv2.GaussianBlur(light, (0, 0), size / 60)
    lab[:, :, 0] = np.clip((lab[:, :, 0] - 50) * contrast + 50 + lift + share * middle, 0, 100)
    lab[:, :, 1:] *= saturation
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), 0, 1), np.float32)


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
    """Find where a pen would draw: a difference of two blurs, made crisp; 0 to 1."""
    grey = cv2.cvtColor(cv2.bilateralFilter(pixels, 5, 40, 5), cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    size = max(pixels.shape[:2])
    edge = cv2.GaussianBlur(grey, (0, 0), size / 800) - 0.985 * cv2.GaussianBlur(grey, (0, 0), size / 420)
    return np.asarray(np.clip((0.004 - edge) * 30, 0, 1), np.float32)


def _behind(image: Plane, mask: Plane, prompt: str, strength: float, random: np.random.Generator, *, drawn_look: bool) -> Plane:
    """Wash what lies behind the people towards a backdrop out of the prompt, keeping some of the room's own light."""
    height, width = image.shape[:2]
    backdrop = scene.backdrop(prompt, random, width, height, drawn=drawn_look)
    room = cv2.GaussianBlur(image, (0, 0), max(1.0, max(height, width) * 0.02 * strength))
    light = cv2.cvtColor(room, cv2.COLOR_BGR2GRAY)[:, :, None]
    wash = backdrop * (0.72 + 0.42 * light)
    cover = _step(strength, 0.2, 0.85) * 0.86
    behind = room * (1 - cover) + wash * cover
    return np.asarray(image * mask + behind * (1 - mask), np.float32)


def _finish(image: Plane, mask: Plane, look: Look, strength: float, random: np.random.Generator) -> Plane:
    """Warm light from one side, a bright rim on the people, a glow on what is bright, dimmer corners."""
    height, width = image.shape[:2]
    from_left = 1.0 if random.random() < 0.5 else -1.0
    across = np.linspace(-from_left, from_left, width, dtype=np.float32)[None, :, None]
    warm = 1 + np.array([-0.05, 0.0, 0.05], np.float32) * strength * np.clip(-across + 0.3, -1, 1)
    image = image * warm
    if look is not Look.GHIBLI:
        slope = cv2.Sobel(cv2.GaussianBlur(mask, (0, 0), width / 170), cv2.CV_32F, 1, 0)
        rim = np.clip(slope * from_left * -14, 0, 1)[:, :, None] * mask
        image = image + rim * np.array([0.55, 0.78, 1.0], np.float32) * 0.30 * strength
    bright = np.clip(image - 0.62, 0, 1)
    glow = cv2.GaussianBlur(cv2.resize(bright, (width // 4, height // 4), interpolation=cv2.INTER_AREA), (0, 0), width / 160)
    image = image + cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR) * (0.55 * strength)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    return np.asarray(np.clip(image * (1 - 0.10 * strength * np.clip(across**2 + down**2 - 0.7, 0, 1)), 0, 1), np.float32)


def _soft(share: Plane) -> Plane:
    """Turn a ramp into a soft step."""
    sharp = np.clip((share - 0.3) / 0.4, 0, 1)
    return np.asarray(sharp * sharp * (3 - 2 * sharp), np.float32)
