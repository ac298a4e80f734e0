"""Finished pictures: their facts after a full decode, and the copy that screens show."""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from pipeline.errors import BrokenMedia
from pipeline.media.colours import flat_mode, to_srgb
from pipeline.media.pictures import Kind, TooManyPixels, Unreadable, decode, open_still
from pipeline.media.provenance import marked_webp

DISPLAY_PX: Final = 512
DISPLAY_QUALITY: Final = 82
SMALL_PX: Final = 192
MADE_KINDS: Final = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP})


@dataclass(frozen=True, kw_only=True)
class StillFacts:
    """What a decoded picture is; `bytes` is the file's length."""

    media_type: str
    width_px: int
    height_px: int
    bytes: int


def check_still(data: bytes) -> StillFacts:
    """Decode a JPEG, PNG or WebP to the last byte and tell its facts; raises BrokenMedia saying what it is instead."""
    kind, image = _decoded(data)
    return StillFacts(media_type=kind.value, width_px=image.width, height_px=image.height, bytes=len(data))


def display_copy(data: bytes) -> bytes:
    """Make the 512 × 512 WebP that screens and guests see (quality 82): square around the upper middle, marked as made by AI; raises BrokenMedia."""
    _, image = _decoded(data, draft_px=DISPLAY_PX)
    profile = image.info.get("icc_profile")
    small = ImageOps.fit(flat_mode(image), (DISPLAY_PX, DISPLAY_PX), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
    flat, _ = to_srgb(small, profile)
    flat.info = {}
    out = BytesIO()
    flat.save(out, "WEBP", quality=DISPLAY_QUALITY, method=4)
    return marked_webp(out.getvalue(), DISPLAY_PX, DISPLAY_PX)


def small_copy(data: bytes) -> bytes:
    """Make the WebP of at most 192 px that a grid of hundreds shows, in the picture's own shape; quick rather than small; raises BrokenMedia."""
    _, image = _decoded(data, draft_px=SMALL_PX)
    small = flat_mode(image)
    small.thumbnail((SMALL_PX, SMALL_PX), Image.Resampling.LANCZOS)
    small.info = {}
    out = BytesIO()
    small.save(out, "WEBP", quality=DISPLAY_QUALITY, method=1)
    return out.getvalue()


def _decoded(data: bytes, draft_px: int | None = None) -> tuple[Kind, Image.Image]:
    try:
        kind, image = open_still(data)
        if kind not in MADE_KINDS:
            raise Unreadable("is of a type that is not kept")
        if draft_px is not None:
            image.draft(None, (draft_px, draft_px))
        decode(image)
    except Unreadable as error:
        raise BrokenMedia(f"The picture file {error.what}.") from error
    except TooManyPixels as error:
        raise BrokenMedia(f"The picture has {error.width_px} × {error.height_px} pixels, more than can be handled.") from error
    return kind, image
