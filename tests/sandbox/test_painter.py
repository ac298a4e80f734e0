"""Stills: deterministic, stronger with the strength, faces whole, and labelled where no face is."""

from functools import lru_cache

import cv2
import numpy as np
import pytest

from pipeline.media.faces import find_faces
from pipeline.sandbox import mark, painter, scene
from pipeline.sandbox.subject import Box, Picture, mask_of
from tests.sandbox.conftest import PHOTO

STYLES = {"pixar": "a Pixar-style portrait", "ghibli": "a hand-drawn Ghibli portrait in a garden", "painted": "an oil portrait at sunset"}


@lru_cache
def photo(side_px: int = 512) -> Picture:
    return Picture(cv2.resize(cv2.imread(str(PHOTO)), (side_px, side_px)))


@lru_cache
def couple() -> Picture:
    """Two people side by side: the sample photo and its mirror image, cut close."""
    one = photo(640).pixels[40:600, 100:420]
    return Picture(np.hstack([one, one[:, ::-1]]))


def change(painted: np.ndarray, before: np.ndarray) -> float:
    return float(np.abs(painted.astype(np.float32) - before.astype(np.float32)).mean())


@pytest.mark.parametrize("prompt", STYLES.values(), ids=STYLES)
def test_the_same_input_gives_the_same_bytes_and_another_seed_others(prompt: str) -> None:
    first, again, other = (painter.redraw(photo(), prompt, 0.6, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert change(other, first) > 1


def test_styles_and_words_of_the_prompt_are_seen() -> None:
    pixar, ghibli = (painter.redraw(photo(), STYLES[style], 0.7, 1) for style in ("pixar", "ghibli"))
    assert change(pixar, ghibli) > 8
    sea, snow = (painter.redraw(photo(), f"a Pixar-style portrait, {word}", 0.7, 1) for word in ("ocean", "snow"))
    assert change(sea, snow) > 4


@pytest.mark.parametrize("prompt", STYLES.values(), ids=STYLES)
def test_more_strength_changes_more(prompt: str) -> None:
    changes = [change(painter.redraw(photo(), prompt, strength, 3), photo().pixels) for strength in (0.01, 0.15, 0.35, 0.55, 0.75)]
    assert changes == sorted(changes)
    assert changes[0] < 4
    assert changes[1] < changes[-1] / 2.5


@pytest.mark.parametrize("prompt", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("strength", [0.55, 0.85])
def test_both_faces_of_a_couple_stay_whole(prompt: str, strength: float) -> None:
    painted = painter.redraw(couple(), prompt, strength, 5)
    assert len(couple().faces) == 2
    found = find_faces(cv2.imencode(".png", painted)[1].tobytes())
    assert len(found) == 2
    height, width = painted.shape[:2]
    for before, after in zip(couple().faces, found, strict=True):
        assert abs(before.centre[0] - (after.left_px + after.width_px / 2) / width) < 0.03
        assert abs(before.centre[1] - (after.top_px + after.height_px / 2) / height) < 0.03


def test_every_face_belongs_to_the_people_in_the_mask() -> None:
    mask = mask_of(couple().pixels, couple().faces)
    height, width = mask.shape
    for face in couple().faces:
        inside = mask[
            int(face.top * height) : int((face.top + face.height) * height),
            int((face.left + 0.1 * face.width) * width) : int((face.left + 0.9 * face.width) * width),
        ]
        assert inside.min() > 0.8
    assert mask[: height // 20, width // 2].max() < 0.5


def test_without_a_face_the_middle_is_kept() -> None:
    mask = mask_of(photo().pixels, ())
    assert mask[60:450, 236:276].min() > 0.9


@pytest.mark.parametrize("size", [(512, 512), (768, 512), (333, 601), (1600, 1000)])
def test_the_picture_keeps_the_size_of_the_photo(size: tuple[int, int]) -> None:
    painted = painter.redraw(photo().resized(*size), "a Pixar-style portrait", 0.5, 1)
    assert painted.shape == (size[1], size[0], 3)


def test_the_label_lies_on_no_face() -> None:
    everywhere = [Box(x, y, 0.28, 0.28) for x in (0.0, 0.36, 0.72) for y in (0.7,)]
    label = mark.label_for(600, 600, everywhere)
    assert label.top_px < 300
    free = mark.label_for(600, 600, ())
    assert free.top_px > 500
    assert free.ink.shape[1] >= 150


def test_the_label_is_in_the_picture_at_any_strength() -> None:
    for strength in (0.01, 0.6, 1.0):
        painted = painter.redraw(photo(), "a portrait", strength, 1)
        label = mark.label_for(512, 512, photo().faces)
        height, width = label.ink.shape[:2]
        here = painted[label.top_px : label.top_px + height, label.left_px : label.left_px + width].astype(int)
        drawn = label.rest.max(axis=2) < 0.25
        assert np.abs(here - label.ink.astype(int))[drawn].max() <= 64


def test_a_scene_depends_on_prompt_and_seed_only() -> None:
    assert np.array_equal(scene.paint("a forest", 1, 320, 200), scene.paint("a forest", 1, 320, 200))
    assert scene.paint("a forest", 1, 320, 200).shape == (200, 320, 3)
    assert change(scene.paint("a forest", 1, 320, 200), scene.paint("a forest", 2, 320, 200)) > 1
    assert change(scene.paint("a forest", 1, 320, 200), scene.paint("a night sky", 1, 320, 200)) > 20
