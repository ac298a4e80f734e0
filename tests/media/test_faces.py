"""Faces found are real ones, each once, in pixels of the picture given."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from pipeline.errors import BrokenMedia
from pipeline.media.faces import Face, find_faces, overlap, without_overlaps
from tests.media.conftest import encoded

ROOT = Path(__file__).resolve().parents[2]


def test_the_face_of_the_sample_photo_is_found_where_it_is(portrait: Image.Image) -> None:
    (face,) = find_faces(encoded(portrait, "PNG"))
    assert overlap(face, Face(left_px=179, top_px=83, width_px=88, height_px=88, score=1)) > 0.9
    assert face.score > 1


@pytest.mark.parametrize("times", [2, 5])
def test_places_are_in_pixels_of_the_picture_itself(portrait: Image.Image, times: int) -> None:
    large = portrait.resize((512 * times, 512 * times))
    (face,) = find_faces(encoded(large, "JPEG", quality=95))
    assert overlap(face, Face(left_px=179 * times, top_px=83 * times, width_px=88 * times, height_px=88 * times, score=1)) > 0.8


def test_a_couple_is_found_left_to_right(couple: Image.Image) -> None:
    left, right = find_faces(encoded(couple, "PNG"))
    assert left.left_px < 600 < 1180 < right.left_px


def test_a_small_face_in_a_large_photo_is_found(portrait: Image.Image) -> None:
    scene = Image.new("RGB", (2400, 1600), (90, 110, 90))
    scene.paste(portrait, (1500, 700))
    (face,) = find_faces(encoded(scene, "JPEG", quality=95))
    assert 1500 < face.left_px < 1800


@pytest.mark.parametrize("turned", [False, True])
def test_people_at_both_ends_of_a_panorama_are_found(portrait: Image.Image, turned: bool) -> None:
    near = portrait.resize((600, 600))
    scene = Image.new("RGB", (600, 4096) if turned else (4096, 600), (120, 140, 160))
    scene.paste(near, (0, 0))
    scene.paste(near, (0, 3496) if turned else (3496, 0))
    first, second = sorted((face.top_px if turned else face.left_px) for face in find_faces(encoded(scene, "JPEG", quality=95)))
    assert first < 600 < 3496 < second


def test_no_face_is_seen_where_there_is_none() -> None:
    assert find_faces(encoded(Image.effect_noise((700, 700), 60).convert("RGB"), "PNG")) == ()
    assert find_faces(encoded(Image.linear_gradient("L").resize((700, 700)).convert("RGB"), "PNG")) == ()


def test_of_overlapping_boxes_only_the_surest_stays() -> None:
    sure = Face(left_px=100, top_px=100, width_px=100, height_px=100, score=2.0)
    near = Face(left_px=110, top_px=105, width_px=100, height_px=100, score=1.0)
    inside = Face(left_px=120, top_px=120, width_px=40, height_px=40, score=0.5)
    cheek = Face(left_px=185, top_px=100, width_px=100, height_px=100, score=0.4)
    assert without_overlaps([inside, cheek, near, sure]) == (sure, cheek)


def test_threads_get_the_answers_one_would(portrait: Image.Image) -> None:
    sizes = [(512, 512), (540, 512), (512, 540), (540, 540)]
    pictures = [portrait.resize(size) for size in sizes]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(find_faces, [encoded(picture, "PNG") for picture in pictures]))
    assert together == [find_faces(encoded(picture, "PNG", compress_level=1)) for picture in pictures]


def test_bytes_that_are_no_picture_are_broken_media() -> None:
    with pytest.raises(BrokenMedia):
        find_faces(b"<html>")


def test_importing_the_package_loads_no_model_and_no_detector() -> None:
    code = "import sys, pipeline.media.photos, pipeline.media.likeness, pipeline.media.clips; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "pipeline.media.clips" in done.stdout
    assert not {"dlib", "av", "cv2", "pillow_heif", "imageio_ffmpeg"} & set(done.stdout.replace("'", " ").replace(",", " ").split())
