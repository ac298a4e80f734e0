"""The boxes of HEIC and AVIF, walked: what belongs to the primary picture, and to none of its thumbnails, depth maps or tiles.

ISO/IEC 14496-12 (boxes, `meta`, `pitm`, `iprp`) and ISO/IEC 23008-12 (`ispe`, `irot`, `imir`); `colr` in 14496-12, 12.1.5.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipeline.media.decoding.profiles import Code

MOST_BOXES: Final = 20_000
# A phone's 48 megapixels in a grid of tiles take some ten thousand bytes.
LARGEST_META_BYTES: Final = 1_000_000
Box = tuple[bytes, int, int]


class BadBoxes(Exception):
    """The boxes do not lie inside one another as they should."""


@dataclass(frozen=True, kw_only=True)
class Primary:
    """The primary picture: its size as coded in pixels, whether the container says which way up it is, its colours (H.273) or profile."""

    width_px: int
    height_px: int
    oriented: bool
    code: Code | None
    profile: bytes


def primary_of(data: bytes) -> Primary:
    """Return what the boxes say of the primary picture, wherever its media lies in the file; raises BadBoxes."""
    try:
        meta = _only(data, _within(data, 0, len(data)), b"meta")
        if meta[2] - meta[1] > LARGEST_META_BYTES:
            raise BadBoxes
        inside = list(_within(data, meta[1] + 4, meta[2]))
        item = _primary_item(data, _only(data, iter(inside), b"pitm"))
        return _described(data, _properties(data, inside, item))
    except (struct.error, IndexError) as error:
        raise BadBoxes from error


def _within(data: bytes, at: int, end: int) -> Iterator[Box]:
    """Walk the boxes of a span: name, start and end of what is inside each."""
    for _ in range(MOST_BOXES):
        if at + 8 > end:
            return
        size, name, head = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        size = size or end - at
        if size < head:
            raise BadBoxes
        yield name, at + head, min(at + size, end)
        at += size
    raise BadBoxes


def _only(data: bytes, boxes: Iterator[Box], name: bytes) -> Box:
    found = next((box for box in boxes if box[0] == name), None)
    if found is None or found[2] > len(data):
        raise BadBoxes
    return found


def _primary_item(data: bytes, pitm: Box) -> int:
    length = 4 if data[pitm[1]] else 2
    return int.from_bytes(data[pitm[1] + 4 : pitm[1] + 4 + length])


def _properties(data: bytes, inside: list[Box], item: int) -> list[Box]:
    """Return the properties that the associations give this one item."""
    iprp = _only(data, iter(inside), b"iprp")
    held = list(_within(data, iprp[1], iprp[2]))
    ipco = _only(data, iter(held), b"ipco")
    known = list(_within(data, ipco[1], ipco[2]))
    places = [place for box in held if box[0] == b"ipma" for place in _associated(data, box, item)]
    return [known[place - 1] for place in places if 0 < place <= len(known)]


def _associated(data: bytes, ipma: Box, item: int) -> Iterator[int]:
    version, wide = data[ipma[1]], data[ipma[1] + 3] & 1
    entries, at = int.from_bytes(data[ipma[1] + 4 : ipma[1] + 8]), ipma[1] + 8
    for _ in range(min(entries, MOST_BOXES)):
        length = 4 if version else 2
        of, count = int.from_bytes(data[at : at + length]), data[at + length]
        at += length + 1
        if of == item:
            step = 2 if wide else 1
            yield from (int.from_bytes(data[at + step * n : at + step * (n + 1)]) & (0x7FFF if wide else 0x7F) for n in range(count))
        at += count * (2 if wide else 1)
        if at > ipma[2]:
            raise BadBoxes


def _described(data: bytes, properties: list[Box]) -> Primary:
    size = next(((box[1]) for box in properties if box[0] == b"ispe"), None)
    if size is None:
        raise BadBoxes
    width, height = struct.unpack_from(">II", data, size + 4)
    colours = [data[start:end] for name, start, end in properties if name == b"colr"]
    named = next((colour for colour in colours if colour[:4] == b"nclx" and len(colour) >= 10), b"")
    profile = next((colour[4:] for colour in colours if colour[:4] in (b"prof", b"rICC")), b"")
    oriented = any(name in (b"irot", b"imir") for name, _, _ in properties)
    code = struct.unpack(">HH", named[4:8]) if named else None
    return Primary(width_px=width, height_px=height, oriented=oriented, code=code, profile=profile)
