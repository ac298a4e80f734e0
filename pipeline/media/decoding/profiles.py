"""The two facts about a colour profile that matter here: its name, and whether it is made for bright screens. ICC.1:2022, 7.3, 9.2.17 and 10.6."""

import struct
from typing import Final

MOST_TAGS: Final = 100
PERCEPTUAL_QUANTIZER: Final = 16
HYBRID_LOG_GAMMA: Final = 18
# Transfer characteristics of ITU-T H.273 that ordinary screens cannot show as they are.
HDR: Final = frozenset({PERCEPTUAL_QUANTIZER, HYBRID_LOG_GAMMA})
Code = tuple[int, int]


def code_of(profile: bytes) -> Code | None:
    """Return colour primaries and transfer characteristics (H.273) where the profile names them in its tag `cicp`."""
    body = _tag(profile, b"cicp")
    return (body[8], body[9]) if len(body) >= 10 else None


def is_srgb(profile: bytes) -> bool:
    """Tell whether the profile calls itself sRGB, so that nothing needs to be converted."""
    body = _tag(profile, b"desc")
    return b"sRGB" in body[8:].replace(b"\0", b"")[:200]


def _tag(profile: bytes, name: bytes) -> bytes:
    try:
        count = min(MOST_TAGS, struct.unpack_from(">I", profile, 128)[0])
        rows = (struct.unpack_from(">4sII", profile, 132 + 12 * row) for row in range(count))
        return next((profile[start : start + size] for tag, start, size in rows if tag == name), b"")
    except struct.error:
        return b""
