"""Finished pictures: their facts after a full decode, and the copy that screens show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from pipeline.errors import BrokenMedia
from pipeline.media.decoding.kinds import Kind, TooManyPixels, Unreadable
from pipeline.media.decoding.request import StillRequest
from pipeline.media.pictures import Decoded, look, opened
from pipeline.media.provenance import marked_webp

DISPLAY_PX: Final = 512
DISPLAY_QUALITY: Final = 82
SMALL_PX: Final = 192
MADE_KINDS: Final = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP})


@dataclass(frozen=True, kw_only=True)
class StillFacts:
    """What a decoded picture is; `bytes` is the file's length, `blank` that it shows one colour and nothing else."""

    media_type: str
    width_px: int
    height_px: int
    bytes: int
    blank: bool = False


def check_still(data: bytes) -> StillFacts:
    """Decode a JPEG, PNG or WebP to the last byte and tell its facts; raises BrokenMedia saying what it is instead."""
    with _in_words():
        facts = _made(look(data))
    return StillFacts(media_type=facts.kind.value, width_px=facts.width_px, height_px=facts.height_px, bytes=len(data), blank=facts.blank)


def display_copy(data: bytes) -> bytes:
    """Make the 512 × 512 WebP that screens and guests see (quality 82): square around the upper middle, marked as made by AI; raises BrokenMedia."""
    small = ImageOps.fit(_decoded(data, DISPLAY_PX), (DISPLAY_PX, DISPLAY_PX), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    return marked_webp(_webp(small, method=4), DISPLAY_PX, DISPLAY_PX)


def small_copy(data: bytes) -> bytes:
    """Make the WebP of at most 192 px that a grid of hundreds shows, in the picture's own shape; quick rather than small; raises BrokenMedia."""
    small = _decoded(data, SMALL_PX)
    small.thumbnail((SMALL_PX, SMALL_PX), Image.Resampling.LANCZOS)
    return _webp(small, method=1)


def _webp(image: Image.Image, *, method: int) -> bytes:
    image.info = {}
    out = BytesIO()
    image.save(out, "WEBP", quality=DISPLAY_QUALITY, method=method)
    return out.getvalue()


def _decoded(data: bytes, draft_px: int) -> Image.Image:
    with _in_words():
        facts, image = opened(data, StillRequest(draft_px=draft_px))
        _made(facts)
    return image


def _made(facts: Decoded) -> Decoded:
    if facts.kind not in MADE_KINDS:
        raise Unreadable("is of a type that is not kept")
    return facts


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except Unreadable as error:
        raise BrokenMedia(f"The picture file {error.what}.") from error
    except TooManyPixels as error:
        raise BrokenMedia(f"The picture has {error.width_px} × {error.height_px} pixels, more than can be handled.") from error
