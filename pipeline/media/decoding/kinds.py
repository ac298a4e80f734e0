"""What a file is by its first bytes; nothing here trusts a name."""

from enum import StrEnum
from typing import Final

HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis"})
AVIF_BRANDS: Final = frozenset({b"avif"})
# "mif1" says only that it is a still picture; which one, the other brands say.
STILL_BRANDS: Final = frozenset({b"mif1", b"mif2", b"miaf"})
MOST_BRANDS: Final = 64
OTHER_FILES: Final = (
    (0, b"%PDF", "is a PDF document, not a photo"),
    (0, b"PK\x03\x04", "is a ZIP archive or office document, not a photo"),
    (0, b"II*\x00", "is a TIFF picture, which is not taken"),
    (0, b"MM\x00*", "is a TIFF picture, which is not taken"),
    (0, b"BM", "is a BMP picture, which is not taken"),
    (0, b"8BPS", "is a Photoshop document, not a photo"),
    (0, b"\x1aE\xdf\xa3", "is a video, not a photo"),
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
    AVIF = "image/avif"


class Unreadable(Exception):
    """Not a whole still picture; `what` completes the sentence "This file …"."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class TooManyPixels(Exception):
    """The header announces more pixels, or a longer side, than may be decoded."""

    def __init__(self, width_px: int, height_px: int) -> None:
        super().__init__(f"{width_px} × {height_px}")
        self.width_px, self.height_px = width_px, height_px


def kind_of(data: bytes) -> Kind:
    """Tell the format from the first bytes; raises Unreadable saying what the file is instead.

    >>> kind_of(bytes.fromhex("89504e470d0a1a0a"))
    <Kind.PNG: 'image/png'>
    """
    if data.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind.WEBP
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return Kind.GIF
    kind = _kind_of_boxes(data)
    if kind is not None:
        return kind
    raise Unreadable(_what_else(data))


def _kind_of_boxes(data: bytes) -> Kind | None:
    """Read the brands of an ISO file: its own first, then those it is compatible with."""
    if data[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(data[:4]), len(data), 16 + 4 * MOST_BRANDS)
    own, others = data[8:12], [data[at : at + 4] for at in range(16, end - 3, 4)]
    if own in AVIF_BRANDS or (own in STILL_BRANDS and not HEIC_BRANDS.intersection(others) and AVIF_BRANDS.intersection(others)):
        return Kind.AVIF
    return Kind.HEIC if own in HEIC_BRANDS | STILL_BRANDS else None


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
