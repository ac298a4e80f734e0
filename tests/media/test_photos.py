"""What a customer may send, what becomes of it, and the one sentence everything else gets."""

import json
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageOps

from pipeline.errors import BadPhoto, PhotoTooLarge, PhotoTooSmall, PhotoUnreadable
from pipeline.media import advice
from pipeline.media.faces import Face, find_faces
from pipeline.media.models import five_points
from pipeline.media.photos import MAX_BYTES, Photo, advise, read_photo, square_crop
from pipeline.studio.photos import take_in
from tests.media.conftest import encoded

ROOT = Path(__file__).resolve().parents[2]
ORIENTATION = 0x0112
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"/>'
HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"


def corners(width: int = 800, height: int = 600) -> Image.Image:
    """Red, green, blue and white quarters, so that every turn and mirror can be told."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill=(220, 20, 20))
    draw.rectangle((width // 2, 0, width, height // 2 - 1), fill=(20, 200, 20))
    draw.rectangle((0, height // 2, width // 2 - 1, height), fill=(20, 20, 220))
    return image


def heic(image: Image.Image, **options: object) -> bytes:
    out = BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=95, **options)
    return out.getvalue()


def opened(photo: Photo) -> Image.Image:
    image = Image.open(BytesIO(photo.data))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    assert image.size == (photo.width_px, photo.height_px)
    return image


def colour_at(photo: Photo, across: float, down: float) -> tuple[int, ...]:
    return opened(photo).getpixel((int(photo.width_px * across), int(photo.height_px * down)))


def assert_close(seen: tuple[int, ...], meant: tuple[int, ...], by: int = 6) -> None:
    assert max(abs(a - b) for a, b in zip(seen, meant, strict=True)) <= by, (seen, meant)


def assert_upright(photo: Photo) -> None:
    assert (photo.width_px, photo.height_px) == (800, 600)
    for place, meant in {
        (0.25, 0.25): (220, 20, 20),
        (0.75, 0.25): (20, 200, 20),
        (0.25, 0.75): (20, 20, 220),
        (0.75, 0.75): (255, 255, 255),
    }.items():
        assert_close(colour_at(photo, *place), meant, 12)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(corners(), "JPEG", quality=95), id="jpeg"),
        pytest.param(encoded(corners(), "JPEG", progressive=True, quality=95), id="progressive-jpeg"),
        pytest.param(encoded(corners(), "PNG"), id="png"),
        pytest.param(encoded(corners(), "WEBP", quality=95), id="webp"),
        pytest.param(encoded(corners(), "WEBP", lossless=True), id="lossless-webp"),
        pytest.param(encoded(corners(), "GIF"), id="still-gif"),
        pytest.param(encoded(corners(), "MPO", quality=95), id="mpo"),
        pytest.param(heic(corners()), id="heic"),
        pytest.param(encoded(corners(), "JPEG", quality=95) + b"motion photo trailer" * 50, id="jpeg-with-trailer"),
    ],
)
def test_every_promised_format_arrives_as_the_same_picture(data: bytes) -> None:
    photo = read_photo(data, "photo")
    assert photo.media_type == "image/jpeg"
    assert_upright(photo)


def test_the_same_file_always_gives_the_same_bytes() -> None:
    data = encoded(corners(), "PNG")
    assert read_photo(data, "a.png") == read_photo(data, "b.png")


@pytest.mark.parametrize(
    "name", ['it\'s "mine".jpg', "$(reboot).jpg", "a b;c|d.jpg", "фото 写真.jpg", "../../etc/passwd", "", ".", "x" * 5000, "\x00.jpg"]
)
def test_a_name_is_only_a_name(name: str) -> None:
    assert_upright(read_photo(encoded(corners(), "JPEG", quality=95), name))


TURNED = {
    1: lambda image: image,
    2: ImageOps.mirror,
    3: lambda image: image.rotate(180),
    4: ImageOps.flip,
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_a_turned_photo_comes_out_upright(orientation: int, format_name: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert_upright(read_photo(encoded(TURNED[orientation](corners()), format_name, exif=exif, quality=95), "p"))


def test_an_unknown_orientation_is_left_alone() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 99
    assert_upright(read_photo(encoded(corners(), "JPEG", exif=exif, quality=95), "p"))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_refuse_a_good_photo() -> None:
    assert_upright(read_photo(encoded(corners(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff\x00\x09", quality=95), "p"))


def test_a_heic_with_a_rotation_box_is_turned_once() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = heic(TURNED[6](corners()), exif=exif.tobytes())
    assert b"irot" in data
    assert_upright(read_photo(data, "p.heic"))


def test_a_heic_turned_only_by_exif_is_turned_too() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x0131] = "camera"
    raw = heic(TURNED[6](corners()), exif=exif.tobytes())
    without_box = raw.replace(b"\x00\x00\x00\x09irot\x03", b"\x00\x00\x00\x09free\x03")
    assert without_box != raw
    assert_upright(read_photo(without_box, "p.heic"))


def with_everything(format_name: str) -> bytes:
    """A picture that carries a place, a serial number, a comment, XMP and a profile."""
    exif = Image.Exif()
    exif[0x010F] = "SECRETMAKER"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    more = {"JPEG": {"comment": b"SECRETCOMMENT", "dpi": (300, 300)}, "PNG": {}, "WEBP": {"xmp": b"<x>SECRETXMP</x>"}}[format_name]
    return encoded(corners(), format_name, exif=exif, icc_profile=profile, **more)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
def test_place_camera_comment_and_profile_are_gone(format_name: str) -> None:
    before = with_everything(format_name)
    assert 0x8825 in Image.open(BytesIO(before)).getexif()
    photo = read_photo(before, "p")
    for made in (photo, square_crop(photo, ())):
        image = opened(made)
        assert dict(image.getexif()) == {}
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert b"SECRET" not in made.data
        assert b"ICC_PROFILE" not in made.data


def test_a_heic_loses_its_place_too() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETMAKER"
    photo = read_photo(heic(corners(), exif=exif.tobytes()), "p.heic")
    assert b"SECRET" not in photo.data
    assert dict(opened(photo).getexif()) == {}


def p3_profile() -> bytes:
    """Display P3, assembled by hand: its three primaries adapted to D50 and the sRGB curve."""

    def s15(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(s15, values))

    curve = b"para\0\0\0\0\0\x03\0\0" + b"".join(map(s15, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
    text = b"Display P3"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" + bytes(78),
        b"wtpt": xyz((0.9642, 1.0, 0.8249)),
        b"rXYZ": xyz((0.5151, 0.2412, -0.0011)),
        b"gXYZ": xyz((0.2920, 0.6922, 0.0419)),
        b"bXYZ": xyz((0.1571, 0.0666, 0.7841)),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
        b"cprt": b"text\0\0\0\0none\0",
    }
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value
    head = bytearray(128)
    head[8:12], head[12:24], head[36:40] = b"\x02\x40\0\0", b"mntrRGB XYZ ", b"acsp"
    head[68:80] = s15(0.9642) + s15(1.0) + s15(0.8249)
    head[0:4] = struct.pack(">I", 128 + len(table) + len(body))
    return bytes(head) + table + body


@pytest.mark.parametrize(
    "make",
    [
        lambda image, icc: encoded(image, "PNG", icc_profile=icc),
        lambda image, icc: encoded(image, "JPEG", quality=98, subsampling=0, icc_profile=icc),
    ],
)
def test_wide_gamut_colours_become_srgb(make: object) -> None:
    photo = read_photo(make(Image.new("RGB", (600, 600), (201, 60, 40)), p3_profile()), "p")
    assert_close(colour_at(photo, 0.5, 0.5), (219, 41, 24), 3)
    assert photo.note is not None
    assert "sRGB" in photo.note


@pytest.mark.parametrize("profile", [b"rubbish", p3_profile()[:300], ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_a_damaged_or_unfitting_profile_is_ignored(profile: bytes) -> None:
    photo = read_photo(encoded(Image.new("RGB", (600, 600), (201, 60, 40)), "PNG", icc_profile=profile), "p")
    assert_close(colour_at(photo, 0.5, 0.5), (201, 60, 40), 3)


def half_clear() -> Image.Image:
    image = Image.new("RGBA", (600, 600), (200, 0, 0, 255))
    image.paste((0, 0, 0, 0), (300, 0, 600, 600))
    return image


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(half_clear(), "PNG"), id="rgba-png"),
        pytest.param(encoded(half_clear(), "WEBP", lossless=True), id="rgba-webp"),
        pytest.param(encoded(half_clear().quantize(16), "PNG"), id="palette-with-alpha"),
        pytest.param(encoded(half_clear().quantize(16), "GIF", transparency=half_clear().quantize(16).getpixel((599, 0))), id="clear-gif"),
    ],
)
def test_transparency_is_laid_on_white(data: bytes) -> None:
    photo = read_photo(data, "p")
    assert_close(colour_at(photo, 0.25, 0.5), (200, 0, 0))
    assert_close(colour_at(photo, 0.75, 0.5), (255, 255, 255))


def test_a_transparent_key_colour_is_laid_on_white() -> None:
    image = Image.new("RGB", (600, 600), (10, 90, 200))
    image.paste((255, 0, 255), (300, 0, 600, 600))
    photo = read_photo(encoded(image, "PNG", transparency=(255, 0, 255)), "p")
    assert_close(colour_at(photo, 0.25, 0.5), (10, 90, 200))
    assert_close(colour_at(photo, 0.75, 0.5), (255, 255, 255))


def sixteen_bit(value: int) -> Image.Image:
    return Image.fromarray(numpy.full((600, 600), value, dtype=numpy.uint16))


@pytest.mark.parametrize(
    ("data", "meant"),
    [
        pytest.param(encoded(Image.new("L", (600, 600), 77), "PNG"), 77, id="greyscale"),
        pytest.param(encoded(Image.new("L", (600, 600), 77), "JPEG", quality=98), 77, id="greyscale-jpeg"),
        pytest.param(encoded(Image.new("LA", (600, 600), (77, 255)), "PNG"), 77, id="grey-alpha"),
        pytest.param(encoded(sixteen_bit(77 * 257), "PNG"), 77, id="sixteen-bit"),
        pytest.param(encoded(sixteen_bit(65535), "PNG"), 255, id="sixteen-bit-white"),
        pytest.param(encoded(Image.new("1", (600, 600), 1), "PNG"), 255, id="one-bit"),
    ],
)
def test_grey_pictures_keep_their_grey(data: bytes, meant: int) -> None:
    assert_close(colour_at(read_photo(data, "p"), 0.5, 0.5), (meant, meant, meant), 2)


def test_cmyk_becomes_rgb() -> None:
    photo = read_photo(encoded(Image.new("CMYK", (600, 600), (0, 200, 200, 0)), "JPEG", quality=98), "p")
    red, green, blue = colour_at(photo, 0.5, 0.5)
    assert red > 230
    assert green < 90
    assert blue < 90


def test_a_huge_photo_is_reduced_and_says_so() -> None:
    photo = read_photo(encoded(corners(8000, 6000), "JPEG", quality=80), "p")
    assert (photo.width_px, photo.height_px) == (4096, 3072)
    assert photo.note == "Reduced from 8000 × 6000 to 4096 × 3072 pixels."
    assert_close(colour_at(photo, 0.25, 0.25), (220, 20, 20), 12)


def test_a_long_panorama_keeps_its_short_side() -> None:
    photo = read_photo(encoded(corners(9000, 600), "PNG"), "p")
    assert min(photo.width_px, photo.height_px) >= 512
    assert square_crop(photo, ()).width_px >= 512


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    packer = zlib.compressobj(9)
    row = bytes(1 + width // 8)
    rows = b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(encoded(corners(), "JPEG"))
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_claiming_the_most() -> bytes:
    data = bytearray(encoded(half_clear(), "WEBP", quality=50, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0"))
    assert data[12:16] == b"VP8X"
    data[24:30] = (16382).to_bytes(3, "little") * 2
    return bytes(data)


def gif_claiming_the_most() -> bytes:
    data = bytearray(encoded(corners(), "GIF"))
    data[6:10] = b"\xff\xff\xff\xff"
    return bytes(data)


CHILD = """
import resource, sys, time, json
from pipeline.errors import PhotoTooLarge
from pipeline.media.photos import read_photo
data = sys.stdin.buffer.read()
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
try:
    read_photo(data, "bomb.png")
    say = ""
except PhotoTooLarge as error:
    say = error.say
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"say": say, "seconds": time.perf_counter() - start, "kilobytes": after - before}))
"""


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(png_header(30000, 30000), id="png-30000"),
        pytest.param(png_header(7300, 7200), id="png-just-over"),
        pytest.param(jpeg_claiming(65000, 65000), id="jpeg"),
        pytest.param(webp_claiming_the_most(), id="webp"),
        pytest.param(gif_claiming_the_most(), id="gif"),
    ],
)
def test_a_pixel_bomb_is_refused_fast_and_in_little_memory(data: bytes) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", CHILD], input=data, capture_output=True, cwd=ROOT, check=True, timeout=60)
    seen = json.loads(done.stdout)
    assert "pixels; at most 52 megapixels" in seen["say"]
    assert seen["seconds"] < 1.0
    assert seen["kilobytes"] < 30_000  # the helper is not even started for it


def animation(format_name: str) -> bytes:
    return encoded(corners(), format_name, save_all=True, append_images=[ImageOps.mirror(corners())], duration=100, loop=0)


REFUSED = {
    "empty": (b"", "empty"),
    "web page": (HTML, "web page"),
    "web page after blanks": (b"\xef\xbb\xbf\r\n  " + HTML, "web page"),
    "svg": (SVG, "SVG"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDF"),
    "zip": (b"PK\x03\x04" + bytes(100), "ZIP"),
    "tiff": (encoded(corners(), "TIFF"), "TIFF"),
    "bmp": (encoded(corners(), "BMP"), "BMP"),
    "empty avif": (b"\0\0\0\x1cftypavif" + bytes(100), "damaged"),
    "moving avif": (b"\0\0\0\x1cftypavis" + bytes(100), "AVIF animation"),
    "moving heic": (b"\0\0\0\x1cftyphevc" + bytes(100), "moving HEIC"),
    "video": (b"\0\0\0\x20ftypisom" + bytes(100), "video"),
    "json": (b'{"detail": "Not found"}', "not a picture"),
    "noise": (bytes(range(256)) * 20, "not a picture"),
    "zeros": (bytes(5000), "not a picture"),
    "animated gif": (animation("GIF"), "animation"),
    "animated webp": (animation("WEBP"), "animation"),
    "animated png": (animation("PNG"), "animation"),
    "header only": (b"\xff\xd8\xff\xe0", "damaged"),
    "empty heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "damaged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_each_wrong_file_gets_its_own_sentence(case: str) -> None:
    data, word = REFUSED[case]
    with pytest.raises(PhotoUnreadable) as caught:
        read_photo(data, "photo.jpg")
    assert word in caught.value.say
    assert caught.value.charged is False
    assert caught.value.say.endswith(".")


def test_a_wrong_ending_is_named() -> None:
    with pytest.raises(PhotoUnreadable, match=r"named \.jpg, but it is a PDF document"):
        read_photo(b"%PDF-1.4", "holiday.JPG")


def test_a_pdf_with_its_own_ending_is_just_a_pdf() -> None:
    with pytest.raises(PhotoUnreadable, match=r"^This file is a PDF document"):
        read_photo(b"%PDF-1.4", "holiday.pdf")


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("kind", ["JPEG", "progressive", "PNG", "WEBP", "GIF", "HEIC"])
def test_a_file_cut_off_anywhere_is_refused(kind: str, share: float, portrait: Image.Image) -> None:
    photo = portrait.resize((640, 640))
    data = heic(photo) if kind == "HEIC" else encoded(photo, "JPEG" if kind == "progressive" else kind, progressive=kind == "progressive")
    with pytest.raises(PhotoUnreadable, match="damaged"):
        read_photo(data[: int(len(data) * share)], "p.jpg")


@pytest.mark.parametrize("size", [(300, 300), (511, 2000), (2000, 511), (1, 1)])
def test_under_512_px_is_too_small_and_says_the_size(size: tuple[int, int]) -> None:
    with pytest.raises(PhotoTooSmall, match=f"{size[0]} × {size[1]}"):
        read_photo(encoded(Image.new("RGB", size), "PNG"), "p.png")


def test_512_px_is_enough() -> None:
    assert read_photo(encoded(Image.new("RGB", (512, 512)), "PNG"), "p.png").width_px == 512


def test_over_25_megabytes_is_too_large() -> None:
    with pytest.raises(PhotoTooLarge, match="25 MB"):
        read_photo(encoded(corners(), "JPEG") + bytes(MAX_BYTES), "p.jpg")


def test_nothing_but_studio_errors_leaves_for_bytes_changed_at_random() -> None:
    random = numpy.random.default_rng(7)
    for whole in (encoded(corners(), "JPEG"), encoded(corners(), "PNG"), encoded(corners(), "WEBP"), encoded(corners(), "GIF"), heic(corners())):
        for _ in range(25):
            data = bytearray(whole)
            for place in random.integers(0, min(len(data), 600), 8):
                data[place] = int(random.integers(256))
            with suppress(BadPhoto):
                read_photo(bytes(data), "p.jpg")


def test_the_crop_of_a_single_portrait_is_square_and_no_larger_than_1024(portrait: Image.Image) -> None:
    photo = read_photo(encoded(portrait.resize((1500, 2100)), "JPEG"), "p.jpg")
    crop = square_crop(photo, find_faces(photo.data))
    assert (crop.width_px, crop.height_px) == (1024, 1024)
    assert len(find_faces(crop.data)) == 1


def test_two_faces_far_apart_in_a_wide_photo_are_both_kept_whole(couple: Image.Image) -> None:
    photo = read_photo(encoded(couple, "JPEG", quality=95), "p.jpg")
    faces = find_faces(photo.data)
    assert len(faces) == 2
    crop = square_crop(photo, faces)
    assert crop.width_px == crop.height_px == 1024
    kept = find_faces(crop.data)
    assert len(kept) == 2
    assert all(face.left_px > 0 and face.left_px + face.width_px < 1024 for face in kept)


def test_the_filled_strips_continue_the_picture_without_black_bars(couple: Image.Image) -> None:
    photo = read_photo(encoded(couple, "JPEG", quality=95), "p.jpg")
    crop = square_crop(photo, find_faces(photo.data))
    assert_close(colour_at(crop, 0.5, 0.02), (120, 130, 140), 25)
    assert_close(colour_at(crop, 0.5, 0.98), (120, 130, 140), 25)


def test_a_crop_is_never_enlarged() -> None:
    photo = read_photo(encoded(corners(700, 600), "JPEG"), "p.jpg")
    assert square_crop(photo, ()).width_px == 600


def test_the_same_crop_gives_the_same_bytes(couple: Image.Image) -> None:
    photo = read_photo(encoded(couple, "JPEG"), "p.jpg")
    assert square_crop(photo, find_faces(photo.data)) == square_crop(photo, find_faces(photo.data))


def codes(photo: Photo, faces: tuple[Face, ...]) -> set[str]:
    return {found.code for found in advise(photo, faces)}


def close_up(portrait: Image.Image) -> Photo:
    return read_photo(encoded(portrait.crop((100, 20, 350, 270)).resize((800, 800), Image.Resampling.LANCZOS), "JPEG", quality=95), "p.jpg")


def test_a_good_close_photo_gets_no_advice(portrait: Image.Image) -> None:
    photo = close_up(portrait)
    assert codes(photo, find_faces(photo.data)) == set()


def test_a_small_face_is_mentioned(portrait: Image.Image) -> None:
    wide = Image.new("RGB", (1800, 1500), (110, 120, 130))
    wide.paste(portrait, (600, 500))
    photo = read_photo(encoded(wide, "JPEG", quality=95), "p.jpg")
    assert codes(photo, find_faces(photo.data)) == {"small_face"}


def test_no_face_is_mentioned() -> None:
    photo = read_photo(encoded(corners(), "JPEG"), "p.jpg")
    assert "no_face" in codes(photo, ())


def test_blur_is_mentioned(portrait: Image.Image) -> None:
    small = portrait.crop((100, 20, 350, 270)).resize((40, 40), Image.Resampling.BOX).resize((800, 800), Image.Resampling.BICUBIC)
    photo = read_photo(encoded(small, "JPEG", quality=95), "p.jpg")
    assert "blurred" in codes(photo, find_faces(close_up(portrait).data))


def test_a_face_turned_aside_is_told_by_where_the_nose_lies(portrait: Image.Image) -> None:
    photo = close_up(portrait)
    points = five_points(numpy.asarray(opened(photo)), find_faces(photo.data)[0])
    assert advice.turn(points) < advice.MOST_TURN / 2
    eye_distance = abs(points[0:2].mean(axis=0) - points[2:4].mean(axis=0))[0]
    points[4, 0] += 0.3 * eye_distance
    assert advice.turn(points) > advice.MOST_TURN


def test_darkness_is_mentioned(portrait: Image.Image) -> None:
    dark = opened(close_up(portrait)).point(lambda value: value // 5)
    photo = read_photo(encoded(dark, "JPEG", quality=95), "p.jpg")
    assert codes(photo, find_faces(close_up(portrait).data)) == {"dark"}


@pytest.mark.parametrize(("lying", "turn"), [(90, 90), (180, 180), (270, 270)])
def test_a_photo_on_its_side_is_never_turned_silently_but_the_turn_that_shows_a_face_is_named(portrait: Image.Image, lying: int, turn: int) -> None:
    data = encoded(portrait.rotate(lying, expand=True), "JPEG", quality=95)  # Pillow counts against the clock
    as_sent = take_in(data, "scan.jpg")
    assert (as_sent.faces, as_sent.turn, as_sent.turned) == (0, turn, 0)
    turned = take_in(data, "scan.jpg", turn=as_sent.turn)
    assert (turned.faces, turned.turn, turned.turned) == (1, 0, turn)
    assert f"Turned by {turn}° clockwise, as asked." in turned.photo.note


def test_a_photo_without_any_face_is_offered_no_turn() -> None:
    assert take_in(encoded(corners(), "JPEG"), "wall.jpg").turn == 0
