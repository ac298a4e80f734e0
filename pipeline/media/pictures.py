"""What a picture file really is, decoded to its last byte; nothing here trusts a name or a header."""

import struct
from collections.abc import Callable
from enum import StrEnum
from io import BytesIO
from typing import Final

from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

MAX_PIXELS: Final = 50_000_000
HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"})
# Pillow reports damaged files through all of these; a warning is an exception wherever warnings are errors.
DECODE_ERRORS: Final = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, RuntimeError, MemoryError),
    *(struct.error, Image.DecompressionBombError, Warning),
)
OTHER_FILES: Final = (
    (0, b"%PDF", "is a PDF document, not a photo"),
    (0, b"PK\x03\x04", "is a ZIP archive or office document, not a photo"),
    (0, b"II*\x00", "is a TIFF picture, which is not taken"),
    (0, b"MM\x00*", "is a TIFF picture, which is not taken"),
    (0, b"BM", "is a BMP picture, which is not taken"),
    (0, b"8BPS", "is a Photoshop document, not a photo"),
    (0, b"\x1aE\xdf\xa3", "is a video, not a photo"),
    (4, b"ftypavif", "is an AVIF picture, which is not taken"),
    (4, b"ftypavis", "is an AVIF animation, and only still pictures can be used"),
    (4, b"ftyphevc", "is a moving HEIC sequence, and only still pictures can be used"),
    (4, b"ftypmsf1", "is a moving HEIC sequence, and only still pictures can be used"),
    (4, b"ftyp", "is a video, not a photo"),
)


class Kind(StrEnum):
    """Picture formats the studio reads, by media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    GIF = "image/gif"
    HEIC = "image/heic"


class Unreadable(Exception):
    """Not a whole still picture; `what` completes the sentence "This file …"."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class TooManyPixels(Exception):
    """The header announces more pixels than may be decoded."""

    def __init__(self, width_px: int, height_px: int) -> None:
        super().__init__(f"{width_px} × {height_px}")
        self.width_px, self.height_px = width_px, height_px


def kind_of(data: bytes) -> Kind:
    """Tell the format from the first bytes; raises Unreadable saying what the file is instead."""
    if data.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind.WEBP
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return Kind.GIF
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return Kind.HEIC
    raise Unreadable(_what_else(data))


def open_still(data: bytes) -> tuple[Kind, ImageFile.ImageFile]:
    """Open one still picture without decoding it; raises Unreadable (also for animations) and TooManyPixels."""
    kind = kind_of(data)
    try:
        if kind is Kind.WEBP:
            _refuse_bomb(*_webp_size_px(data))
        image = _opener(kind)(BytesIO(data))
        _refuse_bomb(*image.size)
        moving = kind is not Kind.HEIC and bool(getattr(image, "is_animated", False))
    except DECODE_ERRORS as error:
        raise Unreadable("is damaged and cannot be opened") from error
    if moving:
        raise Unreadable("is an animation, and only still pictures can be used")
    return kind, image


def decode(image: Image.Image) -> None:
    """Decode every pixel in place; raises Unreadable when the data ends early or is damaged."""
    try:
        image.load()
    except DECODE_ERRORS as error:
        raise Unreadable("is cut off or damaged") from error


def _opener(kind: Kind) -> Callable[[BytesIO], ImageFile.ImageFile]:
    """Give the one reader for this format; Image.open would try others and warn instead of refusing."""
    if kind is Kind.HEIC:
        from pillow_heif import HeifImageFile  # slow to import, and few photos need it

        return HeifImageFile  # type: ignore[no-any-return]
    return {
        Kind.JPEG: JpegImagePlugin.JpegImageFile,
        Kind.PNG: PngImagePlugin.PngImageFile,
        Kind.WEBP: WebPImagePlugin.WebPImageFile,
        Kind.GIF: GifImagePlugin.GifImageFile,
    }[kind]


def _refuse_bomb(width_px: int, height_px: int) -> None:
    if width_px * height_px > MAX_PIXELS:
        raise TooManyPixels(width_px, height_px)


def _webp_size_px(data: bytes) -> tuple[int, int]:
    """Read the canvas size from the header, because opening a WebP already allocates the whole canvas."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _what_else(data: bytes) -> str:
    if not data:
        return "is empty"
    for offset, magic, what in OTHER_FILES:
        if data.startswith(magic, offset):
            return what
    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "is an SVG drawing, not a photo"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in start:
        return "is a web page (HTML), not a photo"
    return "is not a picture in any format that is taken"
