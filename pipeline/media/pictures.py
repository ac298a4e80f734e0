"""Any still picture as plain pixels, decoded by a helper process; see `decoding/`."""

from dataclasses import asdict, dataclass

import numpy
from PIL import Image

from pipeline.media.decoding import pool
from pipeline.media.decoding.headers import read_header
from pipeline.media.decoding.kinds import Kind, Unreadable
from pipeline.media.decoding.request import BLANK_SPREAD, StillRequest


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What decoding to the last byte found: format, size in pixels as stored, what was done to its colours, and how many rows were lost
    with a JPEG's end.

    `blank` says that it shows one colour and nothing else, where that was looked at.
    """

    kind: Kind
    width_px: int
    height_px: int
    converted: bool
    tone_mapped: bool
    no_end: bool
    lost_rows: int
    blank: bool


def look(data: bytes) -> Decoded:
    """Decode a picture to its last byte and keep nothing of it; raises Unreadable and TooManyPixels."""
    return _asked(data, StillRequest(measured=True), pixels=False)[0]


def opened(data: bytes, request: StillRequest | None = None) -> tuple[Decoded, Image.Image]:
    """Return the picture as RGB in sRGB on white; raises Unreadable and TooManyPixels."""
    facts, size, pixels = _asked(data, request or StillRequest(), pixels=True)
    if len(pixels) != size[0] * size[1] * 3:
        raise Unreadable(pool.BROKE)
    return facts, Image.fromarray(numpy.frombuffer(pixels, numpy.uint8).reshape(size[1], size[0], 3))


def _asked(data: bytes, request: StillRequest, *, pixels: bool) -> tuple[Decoded, tuple[int, int], bytearray]:
    read_header(data)
    told, made = pool.ask({"act": "still", "request": asdict(request), "pixels": pixels}, data, pool.STILL_SECONDS)
    facts = Decoded(
        kind=Kind(told["kind"]),
        width_px=told["before"][0],
        height_px=told["before"][1],
        converted=told["converted"],
        tone_mapped=told["tone_mapped"],
        no_end=told["no_end"],
        lost_rows=told["lost_rows"],
        blank=told["spread"] is not None and told["spread"] <= BLANK_SPREAD,
    )
    return facts, (told["width_px"], told["height_px"]), made
