"""What arrives from a provider is a whole picture or is refused; what screens show is small and plain."""

from io import BytesIO

import numpy
import pytest
from PIL import Image, ImageOps

from pipeline.errors import BrokenMedia
from pipeline.media.stills import StillFacts, check_still, display_copy
from tests.media.conftest import encoded


@pytest.mark.parametrize(("format_name", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_a_whole_picture_tells_its_facts(portrait: Image.Image, format_name: str, media_type: str) -> None:
    data = encoded(portrait.resize((1024, 768)), format_name)
    assert check_still(data) == StillFacts(media_type=media_type, width_px=1024, height_px=768, bytes=len(data))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"<html><body>503 Service Temporarily Unavailable</body></html>", "web page"),
        (b"<?xml version='1.0'?><Error/>", "not a picture"),
        (b"\0\0\0\x20ftypisom" + bytes(500), "video"),
        (encoded(Image.new("P", (64, 64)), "GIF"), "type"),
        (encoded(Image.new("RGB", (64, 64)), "PNG", save_all=True, append_images=[Image.new("RGB", (64, 64), "red")]), "animation"),
    ],
)
def test_wrong_bytes_are_broken_media_with_their_own_sentence(data: bytes, word: str) -> None:
    with pytest.raises(BrokenMedia, match=word):
        check_still(data)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_part_of_a_picture_is_broken_media(portrait: Image.Image, format_name: str, share: float) -> None:
    data = encoded(portrait, format_name)
    for use in (check_still, display_copy):
        with pytest.raises(BrokenMedia):
            use(data[: int(len(data) * share)])


@pytest.mark.parametrize("size", [(1024, 1024), (512, 512), (1365, 768), (300, 900)])
def test_the_display_copy_is_a_512_px_square_webp_without_metadata(portrait: Image.Image, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETMAKER"
    copy = display_copy(encoded(portrait.resize(size), "PNG", exif=exif))
    image = Image.open(BytesIO(copy))
    assert (image.format, image.size, image.mode) == ("WEBP", (512, 512), "RGB")
    assert "exif" not in image.info
    assert "icc_profile" not in image.info
    assert b"SECRET" not in copy


def test_the_display_copy_shows_the_same_picture(portrait: Image.Image) -> None:
    shown = Image.open(BytesIO(display_copy(encoded(portrait.resize((1024, 1024)), "PNG"))))
    difference = ImageOps.grayscale(Image.blend(shown, ImageOps.invert(portrait), 0.5)).getextrema()
    assert 100 < difference[0] < difference[1] < 155


def test_the_same_picture_gives_the_same_copy(portrait: Image.Image) -> None:
    data = encoded(portrait, "PNG")
    assert display_copy(data) == display_copy(data)


def with_noise(image: Image.Image) -> Image.Image:
    noise = numpy.random.default_rng(3).integers(0, 4, (*image.size[::-1], 3))
    return Image.fromarray((numpy.asarray(image) + noise).clip(0, 255).astype(numpy.uint8))


def marked(image: Image.Image) -> Image.Image:
    image.paste("white", (10, 10, 60, 25))
    return image


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "image",
    [
        pytest.param(Image.new("RGB", (1024, 1024)), id="black"),
        pytest.param(with_noise(Image.new("RGB", (1024, 1024))), id="black with noise"),
        pytest.param(marked(Image.new("RGB", (1024, 1024))), id="black with a small mark"),
        pytest.param(Image.new("RGB", (1024, 1024), (200, 60, 60)), id="red"),
    ],
)
def test_a_picture_of_one_colour_shows_nothing(image: Image.Image, format_name: str) -> None:
    assert check_still(encoded(image, format_name)).blank


def test_a_dark_picture_and_a_small_figure_on_white_show_something(portrait: Image.Image) -> None:
    dark = portrait.point(lambda value: value // 8)
    wide = Image.new("RGB", (1024, 1024), "white")
    wide.paste(portrait.resize((200, 200)), (400, 400))
    assert not any(check_still(encoded(image, "PNG")).blank for image in (portrait, dark, wide))
