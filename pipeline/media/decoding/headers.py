"""Size, orientation, colours and movement as a picture's header tells them, so that limits hold before any decoder sees a byte.

JPEG: ITU-T T.81, B.1; PNG: W3C PNG 3rd edition, 5 and 11; WebP: RFC 9649, 2; GIF89a, 18.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipeline.media.decoding import profiles
from pipeline.media.decoding.boxes import BadBoxes, primary_of
from pipeline.media.decoding.exif import UPRIGHT, orientation_of
from pipeline.media.decoding.kinds import Kind, TooManyPixels, Unreadable, kind_of
from pipeline.media.decoding.profiles import Code

# 8192 × 6144 and 8160 × 6144, what phones call 50 megapixels, have up to 50.3 million.
MAX_PIXELS: Final = 52_000_000
LONGEST_SIDE_PX: Final = 16_384
# A careful progressive JPEG has about ten scans; each costs a pass over the whole picture.
MOST_SCANS: Final = 200
MOST_CHUNKS: Final = 1000
# The smallest parts that programs write have 4 kB, of 25 MB at most.
MOST_PIXEL_CHUNKS: Final = 20_000
FILLING: Final = re.compile(b"\xff+")
LARGEST_PROFILE_BYTES: Final = 4_000_000
DAMAGED: Final = "is damaged and cannot be opened"
MOVING: Final = "is an animation, and only still pictures can be used"
NO_FRAME: Final = frozenset({0xC4, 0xC8, 0xCC})


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a picture says of itself: kind, size in pixels, EXIF's orientation (1 to 8), and the colours it names (H.273), if it does."""

    kind: Kind
    width_px: int
    height_px: int
    orientation: int = UPRIGHT
    code: Code | None = None
    oriented_by_container: bool = False

    @property
    def transfer(self) -> int | None:
        """The transfer characteristics (H.273) where ordinary screens cannot show them as they are, else None."""
        return self.code[1] if self.code and self.code[1] in profiles.HDR else None


def read_header(data: bytes) -> Header:
    """Read the header of one still picture; raises Unreadable (also for animations) and TooManyPixels."""
    kind = kind_of(data)
    try:
        header = _READERS[kind](data)
    except (struct.error, IndexError, ValueError, BadBoxes) as error:
        raise Unreadable(DAMAGED) from error
    check_size(header.width_px, header.height_px)
    return header


def check_size(width_px: int, height_px: int) -> None:
    """Raise TooManyPixels over 52 megapixels or 16,384 px on a side, Unreadable for a picture without extent."""
    if width_px <= 0 or height_px <= 0:
        raise Unreadable(DAMAGED)
    if width_px * height_px > MAX_PIXELS or max(width_px, height_px) > LONGEST_SIDE_PX:
        raise TooManyPixels(width_px, height_px)


def _jpeg(data: bytes) -> Header:
    exif, profile, size = b"", b"", None
    for marker, start, end in segments(data):
        body = data[start:end]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = exif or body
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0") and len(profile) < LARGEST_PROFILE_BYTES:
            profile += body[14:]
        elif 0xC0 <= marker <= 0xCF and marker not in NO_FRAME:
            size = struct.unpack(">HH", body[1:5])
            break
    if size is None:
        raise Unreadable(DAMAGED)
    start = first_scan(data)
    end = data.find(b"\xff\xd9", start)
    if data.count(b"\xff\xda", start, end if end >= 0 else len(data)) > MOST_SCANS:
        raise Unreadable(f"goes over its pixels more than {MOST_SCANS} times, as no camera and no program does")
    code, orientation = profiles.code_of(profile), orientation_of(exif)
    return Header(kind=Kind.JPEG, width_px=size[1], height_px=size[0], orientation=orientation, code=code)


def first_scan(data: bytes) -> int:
    """Return where the first scan of a JPEG begins, behind all that a camera put before it, such as a small picture with scans of its own."""
    return data.index(b"\xff\xda", max((end for _, _, end in segments(data)), default=2))


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Walk the segments up to the first scan: marker, start and end of each body."""
    at = 2
    for _ in range(MOST_CHUNKS):
        at = data.index(b"\xff", at)
        at = FILLING.match(data, at).end()  # type: ignore[union-attr]
        marker = data[at]
        if marker in (0xD9, 0xDA):
            return
        length = int.from_bytes(data[at + 1 : at + 3])
        if 0xD0 <= marker <= 0xD8 or marker in (0x00, 0x01):
            at += 1
            continue
        yield marker, at + 3, at + 1 + length
        at += 1 + length
    raise Unreadable(f"has more than {MOST_CHUNKS} parts before its pixels, as no camera and no program writes")


def _png(data: bytes) -> Header:
    exif, code, size, profile = b"", None, None, b""
    for name, body in _png_chunks(data):
        if name == b"IHDR":
            size = struct.unpack(">II", body[:8])
        elif name == b"acTL":
            raise Unreadable(MOVING)
        elif name == b"eXIf":
            exif = exif or body
        elif name == b"cICP":
            code = (body[0], body[1])
        elif name == b"iCCP":
            profile = _unpacked(body)
    if size is None:
        raise Unreadable(DAMAGED)
    code = code or profiles.code_of(profile)
    return Header(kind=Kind.PNG, width_px=size[0], height_px=size[1], orientation=orientation_of(exif), code=code)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk every chunk but the pixels' own, which are many in a large picture."""
    at, others = 8, 0
    for _ in range(MOST_PIXEL_CHUNKS):
        if at + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IEND":
            return
        if name not in (b"IDAT", b"fdAT"):
            others += 1
            yield name, data[at + 8 : at + 8 + length]
        if others > MOST_CHUNKS:
            raise Unreadable(f"has more than {MOST_CHUNKS} parts beside its pixels, as no camera and no program writes")
        at += 12 + length
    raise Unreadable(f"has its pixels in more than {MOST_PIXEL_CHUNKS:,} parts, as no camera and no program writes")


def _unpacked(body: bytes) -> bytes:
    """Unpack a profile of bounded size; a damaged one counts as none, as in every viewer."""
    try:
        return zlib.decompressobj().decompress(body[body.index(b"\0") + 2 :], LARGEST_PROFILE_BYTES)
    except (zlib.error, ValueError):
        return b""


def _webp(data: bytes) -> Header:
    chunks = dict(_webp_chunks(data))
    exif, profile = chunks.get(b"EXIF", b""), chunks.get(b"ICCP", b"")
    width, height = _webp_size_px(data)
    if data[12:16] == b"VP8X" and data[20] & 0x02:
        raise Unreadable(MOVING)
    return Header(kind=Kind.WEBP, width_px=width, height_px=height, orientation=orientation_of(exif), code=profiles.code_of(profile))


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            return
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    raise Unreadable(f"has more than {MOST_CHUNKS} parts, as no camera and no program writes")


def _webp_size_px(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _gif(data: bytes) -> Header:
    width, height = struct.unpack("<HH", data[6:10])
    return Header(kind=Kind.GIF, width_px=width, height_px=height)


def _boxed(data: bytes) -> Header:
    primary = primary_of(data)
    code = primary.code if primary.code and primary.code[1] in profiles.HDR else profiles.code_of(primary.profile) or primary.code
    width, height = primary.width_px, primary.height_px
    return Header(kind=kind_of(data), width_px=width, height_px=height, code=code, oriented_by_container=primary.oriented)


_READERS: Final = {Kind.JPEG: _jpeg, Kind.PNG: _png, Kind.WEBP: _webp, Kind.GIF: _gif, Kind.HEIC: _boxed, Kind.AVIF: _boxed}
