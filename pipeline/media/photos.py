"""A customer's photo: checked, upright, plain sRGB without any metadata; its square crop; friendly advice about it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath
from typing import Final

import numpy
from PIL import Image, ImageFilter

from pipeline.errors import PhotoTooLarge, PhotoTooSmall, PhotoUnreadable
from pipeline.media import advice
from pipeline.media.crops import OUTPUT_PX, Square, crop_square
from pipeline.media.decoding.headers import LONGEST_SIDE_PX, read_header
from pipeline.media.decoding.kinds import TooManyPixels, Unreadable, kind_of
from pipeline.media.decoding.request import StillRequest
from pipeline.media.faces import TURNS, Face
from pipeline.media.models import five_points
from pipeline.media.pictures import Decoded, opened
from pipeline.wording import counted

MIN_SIDE_PX: Final = 512
MAX_BYTES: Final = 25 * 1024 * 1024
KEPT_LONG_PX: Final = 4096
QUALITY: Final = 95
PHOTO_ENDINGS: Final = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".heic", ".heif", ".hif", ".avif")


@dataclass(frozen=True, kw_only=True)
class Photo:
    """An accepted photo, always an upright sRGB JPEG without metadata; `note` says what was changed beyond that, if anything."""

    data: bytes
    media_type: str
    width_px: int
    height_px: int
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Advice:
    """A friendly remark about a photo that does not stop anything."""

    code: str
    say: str


def read_photo(data: bytes, name: str, *, turn: int = 0) -> Photo:
    """Accept a JPEG, PNG, WebP, HEIC, AVIF or still GIF of 512 px to 52 megapixels and 25 MB; `name` only explains a wrong ending.

    `turn` (0, 90, 180 or 270 degrees clockwise) comes on top of what the file says about its own orientation.
    Raises PhotoUnreadable, PhotoTooSmall, PhotoTooLarge. The same bytes always give the same photo.
    """
    if len(data) > MAX_BYTES:
        raise PhotoTooLarge(f"This photo has {len(data) / 1024 / 1024:.1f} MB; at most 25 MB are taken.")
    try:
        kind_of(data)
    except Unreadable as error:
        raise PhotoUnreadable(f"{_named(name)} {error.what}.") from error
    with _in_words():
        header = read_header(data)
        _check_size(header.width_px, header.height_px)
        facts, image = opened(data, StillRequest(long_px=KEPT_LONG_PX, short_px=MIN_SIDE_PX, upright=True, lenient=True))
    _check_size(*image.size)
    return _photo(image.transpose(TURNS[turn]) if turn else image, _note(facts, image.size, turn))


def pixels_of(photo: Photo) -> Image.Image:
    """Return the pixels of an accepted photo, for whoever looks at it more than once."""
    with _in_words():
        return opened(photo.data)[1]


def square_crop(photo: Photo, faces: Sequence[Face], pixels: Image.Image | None = None) -> Photo:
    """Return the square of at most 1024 px that holds every face with room around it; never enlarged. `pixels` are the photo's, if at hand.

    Where faces lie too far apart for a square inside the photo, the missing strips are filled with a blurred extension of it.
    """
    image = pixels or pixels_of(photo)
    square = crop_square(photo.width_px, photo.height_px, faces)
    out_px = min(OUTPUT_PX, square.side_px)
    if _inside(square, photo):
        cut = image.resize((out_px, out_px), Image.Resampling.LANCZOS, box=_box(square), reducing_gap=3.0)
    else:
        cut = _extended(image, square, out_px)
    return _photo(cut, None)


def advise(photo: Photo, faces: Sequence[Face], pixels: Image.Image | None = None) -> tuple[Advice, ...]:
    """Say what would make a better portrait: no_face, small_face, side_view, blurred, dark. Never blocks. `pixels` are the photo's, if at hand.

    Sunglasses are not mentioned: the five points of a face do not tell them from deep shadow or dark eyes.
    """
    image = pixels or pixels_of(photo)
    found: list[Advice] = []
    if not faces:
        found.append(Advice(code="no_face", say="No face was found; a clear, front-facing photo gives a much better likeness."))
    elif advice.face_share(faces, crop_square(photo.width_px, photo.height_px, faces)) < advice.LEAST_FACE_SHARE:
        found.append(Advice(code="small_face", say="The faces fill less than 30 % of the picture; a closer photo gives a better likeness."))
    array = numpy.asarray(image)
    if any(advice.turn(five_points(array, face)) >= advice.MOST_TURN for face in faces):
        found.append(Advice(code="side_view", say="A face is turned to the side; a front-facing photo gives a better likeness."))
    looked_at: Sequence[Face | None] = faces or (None,)
    if min(advice.sharpness(image, face) for face in looked_at) < advice.LEAST_SHARPNESS:
        found.append(Advice(code="blurred", say="The photo looks blurred; a sharper one keeps more of the features."))
    if min(advice.brightness(image, face) for face in looked_at) < advice.LEAST_BRIGHTNESS:
        found.append(Advice(code="dark", say="The photo is dark; one taken in better light keeps skin tone and features."))
    return tuple(found)


def _check_size(width_px: int, height_px: int) -> None:
    if min(width_px, height_px) < MIN_SIDE_PX:
        raise PhotoTooSmall(f"This photo has {width_px} × {height_px} pixels; each side needs at least {MIN_SIDE_PX}.")


def _named(name: str) -> str:
    ending = PurePath(name).suffix.lower()
    return f"This file is named {ending}, but it" if ending in PHOTO_ENDINGS else "This file"


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except TooManyPixels as bomb:
        allowed = f"at most 52 megapixels and {LONGEST_SIDE_PX:,} pixels on the long side are taken"
        raise PhotoTooLarge(f"This photo has {bomb.width_px} × {bomb.height_px} pixels; {allowed}.") from bomb
    except Unreadable as error:
        raise PhotoUnreadable(f"This photo {error.what}.") from error


def _note(facts: Decoded, size: tuple[int, int], turn: int) -> str | None:
    """Say what was changed, and what the file had lost before it came."""
    parts = []
    if max(size) < max(facts.width_px, facts.height_px):
        after = size if (size[0] < size[1]) == (facts.width_px < facts.height_px) else size[::-1]
        parts.append(f"Reduced from {facts.width_px} × {facts.height_px} to {after[0]} × {after[1]} pixels.")
    if facts.converted:
        parts.append("Its colours were converted to sRGB.")
    if facts.tone_mapped:
        parts.append("It was made for HDR screens; its brightness was brought to what every screen shows.")
    if facts.no_end:
        lost = f", and {counted(facts.lost_rows, 'row')} of pixels at its lower edge with it" if facts.lost_rows else "; all of the picture is there"
        parts.append(f"The end of the file is missing{lost}.")
    if turn:
        parts.append(f"Turned by {turn}° clockwise, as asked.")
    return " ".join(parts) or None


def _photo(image: Image.Image, note: str | None) -> Photo:
    """Encode as JPEG with nothing but pixels: a comment or profile left in `info` would be written again."""
    image.info = {}
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return Photo(data=out.getvalue(), media_type="image/jpeg", width_px=image.width, height_px=image.height, note=note)


def _inside(square: Square, photo: Photo) -> bool:
    fits_across = 0 <= square.left_px <= photo.width_px - square.side_px
    return fits_across and 0 <= square.top_px <= photo.height_px - square.side_px


def _box(square: Square) -> tuple[int, int, int, int]:
    return square.left_px, square.top_px, square.left_px + square.side_px, square.top_px + square.side_px


def _extended(image: Image.Image, square: Square, out_px: int) -> Image.Image:
    """Carry the edges of the photo on to the square's, softly blurred; a stretched or mirrored copy would show ghosts of the heads."""
    left, top, right, bottom = _box(square)
    inside = image.crop((max(0, left), max(0, top), min(image.width, right), min(image.height, bottom)))
    scale = out_px / square.side_px
    strip = inside.resize(
        (min(out_px, round(inside.width * scale)), min(out_px, round(inside.height * scale))), Image.Resampling.LANCZOS, reducing_gap=3.0
    )
    corner = (round(max(0, -left) * scale), round(max(0, -top) * scale))
    margins = ((corner[1], out_px - strip.height - corner[1]), (corner[0], out_px - strip.width - corner[0]), (0, 0))
    canvas = Image.fromarray(numpy.pad(numpy.asarray(strip), margins, mode="edge")).filter(ImageFilter.GaussianBlur(out_px / 40))
    canvas.paste(strip, corner)
    return canvas
