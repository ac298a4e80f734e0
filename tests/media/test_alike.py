"""Two pictures are the same to the eye when only saving tells them apart, and not when anything in them moved."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import BrokenMedia
from pipeline.media.alike import MOST_BLOCK, MOST_MEAN, apart
from pipeline.sandbox import painter
from pipeline.sandbox.subject import Picture
from pipeline.settings import SHIPPED

SIDE_PX = 512


def _saved(image: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def painted() -> dict[tuple[float, int], Image.Image]:
    """Pictures of one photo by strength and seed."""
    with Image.open(SHIPPED / "samples" / "astronaut.jpg") as photo:
        square = photo.convert("RGB").crop((0, 0, min(photo.size), min(photo.size))).resize((SIDE_PX, SIDE_PX))
    source = Picture(cv2.cvtColor(np.asarray(square), cv2.COLOR_RGB2BGR))
    wanted = [(0.6, 1), (0.6, 2), (0.65, 1)]
    drawn = {one: painter.redraw(source, "a pixar portrait", *one) for one in wanted}
    return {one: Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)) for one, pixels in drawn.items()}


def test_a_picture_is_not_apart_from_itself(painted):
    data = _saved(painted[0.6, 1])
    found = apart(data, data)
    assert (found.mean, found.block, found.to_the_eye) == (0.0, 0.0, True)


@pytest.mark.parametrize("quality", [75, 85, 95])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_what_was_saved_again_is_the_same_to_the_eye(painted, kind, quality):
    found = apart(_saved(painted[0.6, 1]), _saved(painted[0.6, 1], kind, quality=quality))
    assert 0 < found.mean < MOST_MEAN
    assert found.block < MOST_BLOCK
    assert found.to_the_eye


def test_half_the_size_is_the_same_to_the_eye(painted):
    half = painted[0.6, 1].resize((SIDE_PX // 2, SIDE_PX // 2), Image.Resampling.LANCZOS)
    assert apart(_saved(painted[0.6, 1]), _saved(half, "JPEG", quality=85)).to_the_eye


@pytest.mark.parametrize("other", [(0.6, 2), (0.65, 1)])
def test_another_seed_and_a_little_more_strength_are_seen(painted, other):
    found = apart(_saved(painted[0.6, 1]), _saved(painted[other]))
    assert found.mean > 1.5 * MOST_MEAN
    assert found.block > 2 * MOST_BLOCK
    assert not found.to_the_eye


def test_a_small_place_that_changed_is_seen_though_the_mean_hides_it(painted):
    pixels = np.asarray(painted[0.6, 1]).copy()
    pixels[160:192, 230:262] //= 2
    found = apart(_saved(painted[0.6, 1]), _saved(Image.fromarray(pixels)))
    assert found.mean < MOST_MEAN / 2
    assert not found.to_the_eye


def test_the_order_does_not_matter(painted):
    one, other = _saved(painted[0.6, 1]), _saved(painted[0.6, 2])
    assert apart(one, other) == apart(other, one)


def test_pictures_of_another_shape_cannot_be_compared_and_a_pixel_more_is_no_other_shape(painted):
    picture = painted[0.6, 1]
    assert apart(_saved(picture), _saved(picture.crop((0, 0, SIDE_PX, 400)))) is None
    assert apart(_saved(picture), _saved(picture.resize((SIDE_PX + 1, SIDE_PX)), "JPEG", quality=95)).to_the_eye


def test_what_is_no_picture_is_refused(painted):
    with pytest.raises(BrokenMedia):
        apart(_saved(painted[0.6, 1]), b"<html>")


@pytest.mark.parametrize(("size", "mean", "block"), [((256, 256), 10.0, 10.0), ((300, 20), 10.0, 10.0), ((1, 400), 10.0, 10.0)])
def test_the_measure_is_the_mean_absolute_difference_of_0_to_255(size, mean, block):
    one, other = (_saved(Image.new("RGB", size, (level, level, level))) for level in (100, 110))
    found = apart(one, other)
    assert (found.mean, found.block) == (pytest.approx(mean), pytest.approx(block))
