"""Backgrounds and whole scenes out of prompt words: gradients, light discs, clouds and hills."""

import hashlib
import re

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.sandbox import mark

Pixels = NDArray[np.uint8]
Colours = NDArray[np.float32]

# Sky, middle, ground and light of each mood, as red-green-blue.
OUTDOORS = "forest garden tree meadow park"
PALETTES: dict[str, tuple[str, str, str, str]] = {
    "sunset beach evening golden": ("#6b5b95", "#f29a76", "#ffd9a0", "#ffe9b8"),
    OUTDOORS: ("#86c1ea", "#cde8cf", "#7fb36a", "#fffdf0"),
    "ocean sea lake water": ("#7fb8e6", "#8fd3dc", "#2f7fa8", "#f4fbff"),
    "snow winter ice": ("#9db7dd", "#d6e4f5", "#f4f7fb", "#ffffff"),
    "night star moon": ("#141a3c", "#33336b", "#5a4a7d", "#fff2c2"),
    "castle palace fairy": ("#b69be0", "#f0b6cf", "#f7dcb8", "#fff4d6"),
    "city street rain": ("#4f6a8f", "#8c8fb0", "#caa68f", "#ffe0ad"),
    "": ("#f3b6a0", "#fbd7b0", "#e79c94", "#fff3d6"),
}


def generator(*parts: object) -> np.random.Generator:
    """Make a random generator that depends on these parts and nothing else."""
    return np.random.default_rng(list(hashlib.sha256("|".join(map(str, parts)).encode()).digest()))


def palette(prompt: str, random: np.random.Generator, *, usual: str = "") -> Colours:
    """Choose four colours (BGR, 0 to 1) by the prompt's words, else the `usual` ones, and let the seed shift their hue a little."""
    words = set(re.findall(r"[a-z]+", prompt.lower()))
    chosen = next((row for name, row in PALETTES.items() if words & set(name.split())), PALETTES[usual])
    colours = np.array([[int(text[at : at + 2], 16) / 255 for at in (5, 3, 1)] for text in chosen], np.float32)
    lab = cv2.cvtColor(colours[None], cv2.COLOR_BGR2LAB)
    lab[:, :, 1:] += random.normal(0, 3, 2).astype(np.float32)
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)[0], 0, 1), np.float32)


def gradient(colours: Colours, width: int, height: int, random: np.random.Generator) -> Colours:
    """Blend the first three colours from top to bottom, along a slightly bent and tilted horizon."""
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    where = np.clip(down + across * random.uniform(-0.25, 0.25) + 0.08 * np.sin(across * 5 + random.uniform(0, 6)), 0, 1)
    return np.stack([np.interp(where, (0.0, 0.55, 1.0), colours[:3, band]) for band in range(3)], axis=2).astype(np.float32)


def cloudiness(width: int, height: int, random: np.random.Generator, *, coarse: int = 4, layers: int = 5) -> NDArray[np.float32]:
    """Make smooth noise from 0 to 1: knots of ever finer grids, each layer half as strong as the one before."""
    total = np.zeros((height, width), np.float32)
    for layer in range(layers):
        knots = coarse * 2**layer
        grid = random.random((max(2, round(knots * height / max(width, height))), knots)).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**layer
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def light_discs(width: int, height: int, random: np.random.Generator, *, count: int) -> NDArray[np.float32]:
    """Draw soft discs of light, as out-of-focus lamps make them; 0 to 1."""
    plane = np.zeros((height, width), np.float32)
    short = min(width, height)
    for _ in range(count):
        disc = np.zeros_like(plane)
        radius = round(short * random.uniform(0.015, 0.06))
        centre = (round(random.uniform(0, width)), round(height * random.uniform(0, 0.8)))
        cv2.circle(disc, centre, radius, float(random.uniform(0.15, 0.5)), -1, cv2.LINE_AA)
        cv2.circle(disc, centre, radius, float(random.uniform(0.3, 0.6)), max(1, radius // 9), cv2.LINE_AA)
        plane = np.maximum(plane, disc)
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), short / 300))


def backdrop(prompt: str, random: np.random.Generator, width: int, height: int, *, drawn: bool) -> Colours:
    """Paint what lies behind the people: painted clouds for a drawn style, lights out of focus for the others (BGR, 0 to 1)."""
    colours = palette(prompt, random, usual=OUTDOORS if drawn else "")
    ground = gradient(colours, width, height, random)
    if drawn:
        down = np.linspace(1.2, -0.3, height, dtype=np.float32)[:, None]
        clouds = np.clip((cloudiness(width, height, random) - 0.48) * 5, 0, 1) * np.clip(down, 0, 1)
        return np.asarray(ground + (colours[3] - ground) * (0.8 * clouds)[:, :, None], np.float32)
    lights = light_discs(width, height, random, count=26)[:, :, None]
    return np.asarray(np.clip(1 - (1 - ground) * (1 - lights * colours[3] * 0.55), 0, 1), np.float32)


def paint(prompt: str, seed: int, width: int, height: int) -> Pixels:
    """Paint a whole scene for a prompt without a photo: sky, sun, clouds and three rows of hills, labelled."""
    random = generator("scene", prompt, seed)
    colours = palette(prompt, random, usual=OUTDOORS)
    image = backdrop(prompt, random, width, height, drawn=True)
    image = _sun(image, colours[3], random)
    for row in range(3):
        image = _hills(image, colours, row, random)
    grain = random.normal(0, 0.008, (height, width, 1)).astype(np.float32)
    return mark.stamp(as_bytes(image + grain), ())


def as_bytes(image: Colours) -> Pixels:
    """Turn colours from 0 to 1 into bytes."""
    return np.asarray(np.clip(image * 255 + 0.5, 0, 255), np.uint8)


def _sun(image: Colours, light: Colours, random: np.random.Generator) -> Colours:
    height, width = image.shape[:2]
    centre = (round(width * random.uniform(0.2, 0.8)), round(height * random.uniform(0.2, 0.42)))
    disc = np.zeros((height, width), np.float32)
    cv2.circle(disc, centre, round(min(width, height) * 0.07), 1.0, -1, cv2.LINE_AA)
    halo = cv2.GaussianBlur(disc, (0, 0), min(width, height) * 0.12) * 3
    cover = np.clip(disc + halo, 0, 1)[:, :, None] * 0.9
    return np.asarray(image + (light - image) * cover, np.float32)


def _hills(image: Colours, colours: Colours, row: int, random: np.random.Generator) -> Colours:
    height, width = image.shape[:2]
    across = np.linspace(0, 1, width, dtype=np.float32)
    ridge = np.full(width, 0.58 + 0.13 * row, np.float32)
    for wave in range(1, 5):
        ridge += random.uniform(0.01, 0.05) / wave * np.sin(across * random.uniform(3, 7) * wave + random.uniform(0, 6))
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    cover = np.clip((down - ridge[None, :]) * height / 2, 0, 1)[:, :, None]
    colour = np.asarray(colours[2]) * (0.92 - 0.24 * row) + np.asarray(colours[0]) * (0.12 + 0.03 * row)
    fade = np.clip(1 - (down - ridge[None, :]) * 1.2, 0.6, 1)[:, :, None]
    return np.asarray(image + (colour * fade - image) * cover, np.float32)
