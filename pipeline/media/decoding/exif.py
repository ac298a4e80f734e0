"""Which way up a camera held the picture: EXIF's orientation, and nothing else of EXIF.

Exif 2.32, 4.6.4: tag 0x0112 of the first directory, 1 to 8. What XMP says about it is no business of a reader (XMP Specification Part 3).
"""

import struct
from typing import Final

UPRIGHT: Final = 1
TAG: Final = 0x0112
MOST_TAGS: Final = 512


def orientation_of(exif: bytes) -> int:
    """Return 1 to 8 as EXIF says, and 1 for anything missing or damaged.

    >>> orientation_of(bytes.fromhex("4d4d002a000000080001011200030000000100060000"))
    6
    """
    tiff = exif[6:] if exif.startswith(b"Exif\0\0") else exif
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return UPRIGHT
    try:
        start = struct.unpack_from(order + "I", tiff, 4)[0]
        count = min(MOST_TAGS, struct.unpack_from(order + "H", tiff, start)[0])
        rows = (struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * row) for row in range(count))
        found = next((value for tag, _, _, value in rows if tag == TAG), UPRIGHT)
    except struct.error:
        return UPRIGHT
    return found if 1 <= found <= 8 else UPRIGHT
