"""A customer's photo: checked, upright, plain sRGB without any metadata; its square crop; friendly advice about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import PurePath
from typing import Final

import numpy
from PIL import Image, ImageFile, ImageFilter

from pipeline.errors import PhotoTooLarge, PhotoTooSmall, PhotoUnreadable
from pipeline.media import advice
from pipeline.media.colours import flat_mode, to_srgb
from pipeline.media.crops import OUTPUT_PX, Square, crop_square
from pipeline.media.faces import Face
from pipeline.media.models import five_points
from pipeline.media.pictures import DECODE_ERRORS, Kind, TooManyPixels, Unreadable, decode, kind_of, open_still

MIN_SIDE_PX: Final = 512
MAX_BYTES: Final = 25 * 1024 * 1024
KEPT_LONG_PX: Final = 4096
QUALITY: Final = 95
PHOTO_ENDINGS: Final = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif")
ORIENTATION_TAG: Final = 0x0112
TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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


def read_photo(data: bytes, name: str) -> Photo:
    """Accept a JPEG, PNG, WebP, HEIC or still GIF of 512 px to 50 megapixels and 25 MB; `name` only explains a wrong ending.

    Raises PhotoUnreadable, PhotoTooSmall, PhotoTooLarge. The same bytes always give the same photo.
    """
    if len(data) > MAX_BYTES:
        raise PhotoTooLarge(f"This photo has {len(data) / 1024 / 1024:.1f} MB; at most 25 MB are taken.")
    try:
        kind_of(data)
    except Unreadable as error:
        raise PhotoUnreadable(f"{_named(name)} {error.what}.") from error
    try:
        kind, image = open_still(data)
        _check_size(*image.size)
        return _accept(kind, image, data)
    except TooManyPixels as bomb:
        raise PhotoTooLarge(f"This photo has {bomb.width_px} × {bomb.height_px} pixels; at most 50 megapixels are taken.") from bomb
    except Unreadable as error:
        raise PhotoUnreadable(f"This photo {error.what}.") from error


def square_crop(photo: Photo, faces: Sequence[Face]) -> Photo:
    """Return the square of at most 1024 px that holds every face with room around it; never enlarged.

    Where faces lie too far apart for a square inside the photo, the missing strips are filled with a blurred extension of it.
    """
    image = _image_of(photo)
    square = crop_square(photo.width_px, photo.height_px, faces)
    out_px = min(OUTPUT_PX, square.side_px)
    if _inside(square, photo):
        cut = image.resize((out_px, out_px), Image.Resampling.LANCZOS, box=_box(square), reducing_gap=3.0)
    else:
        cut = _extended(image, square, out_px)
    return _photo(cut, None)


def advise(photo: Photo, faces: Sequence[Face]) -> tuple[Advice, ...]:
    """Say what would make a better portrait: no_face, small_face, side_view, blurred, dark. Never blocks.

    Sunglasses are not mentioned: the five points of a face do not tell them from deep shadow or dark eyes.
    """
    image = _image_of(photo)
    found: list[Advice] = []
    if not faces:
        found.append(Advice(code="no_face", say="No face was found; a clear, front-facing photo gives a much better likeness."))
    elif advice.face_share(faces, crop_square(photo.width_px, photo.height_px, faces)) < advice.LEAST_FACE_SHARE:
        found.append(Advice(code="small_face", say="The faces fill less than 30 % of the picture; a closer photo gives a better likeness."))
    pixels = numpy.asarray(image)
    if any(advice.turn(five_points(pixels, face)) >= advice.MOST_TURN for face in faces):
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


def _accept(kind: Kind, image: ImageFile.ImageFile, data: bytes) -> Photo:
    """Decode, shrink, turn and convert, in the order that costs least: colours last, on the smallest picture."""
    before = image.size
    target = _kept_size(*before)
    image.draft(None, target)
    decode(image)
    turn, profile = _turn(kind, image, data), image.info.get("icc_profile")
    try:
        small: Image.Image = flat_mode(image)
        if small.size != target:
            small = small.resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0)
        if turn is not None:
            small = small.transpose(turn)
        small, name = to_srgb(small, profile)
    except DECODE_ERRORS as error:
        raise Unreadable("is damaged") from error
    return _photo(small, _note(before, target, name))


def _kept_size(width_px: int, height_px: int) -> tuple[int, int]:
    """Cap the long side, but never push the short side of a panorama under the minimum."""
    scale = min(1.0, max(KEPT_LONG_PX / max(width_px, height_px), MIN_SIDE_PX / min(width_px, height_px)))
    return ceil(width_px * scale), ceil(height_px * scale)


def _turn(kind: Kind, image: ImageFile.ImageFile, data: bytes) -> Image.Transpose | None:
    """Tell how to turn the picture upright; a HEIC with its own rotation box comes out upright, whatever its EXIF says."""
    if kind is Kind.HEIC:
        boxed = any(box in data[: data.find(b"mdat")] for box in (b"irot", b"imir"))
        return None if boxed else TURNS.get(image.info.get("original_orientation") or 1)
    try:
        return TURNS.get(image.getexif().get(ORIENTATION_TAG, 1))
    except DECODE_ERRORS:
        return None


def _note(before: tuple[int, int], after: tuple[int, int], profile_name: str | None) -> str | None:
    parts = []
    if before != after:
        parts.append(f"Reduced from {before[0]} × {before[1]} to {after[0]} × {after[1]} pixels.")
    if profile_name is not None:
        parts.append("Its colours were converted to sRGB.")
    return " ".join(parts) or None


def _photo(image: Image.Image, note: str | None) -> Photo:
    """Encode as JPEG with nothing but pixels: a comment or profile left in `info` would be written again."""
    image.info = {}
    out = BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return Photo(data=out.getvalue(), media_type="image/jpeg", width_px=image.width, height_px=image.height, note=note)


def _image_of(photo: Photo) -> Image.Image:
    try:
        _, image = open_still(photo.data)
        decode(image)
    except (Unreadable, TooManyPixels) as error:
        raise PhotoUnreadable from error
    return image.convert("RGB")


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
