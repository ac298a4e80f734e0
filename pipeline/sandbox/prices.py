"""What each endpoint costs, in micro-dollars: the emulator's own table, kept apart from the catalogue on purpose."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

# Every figure: fal's model pages as collected in 2025-26; one megapixel is 1024 x 1024 px, rounded up for each image.
MEGAPIXEL_PX = 1024 * 1024


class Price(NamedTuple):
    """A unit as fal names it and what one unit costs by default."""

    unit: str
    micro_usd: int


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What a request brought: sizes of its pictures in pixels, length of its clip in seconds."""

    sizes_px: tuple[tuple[int, int], ...] = ()
    seconds: float = 0.0
    asked: Mapping[str, Any] = field(default_factory=dict)


class Cost(NamedTuple):
    """Billable units and their price together."""

    units: float
    micro_usd: int


PRICES: dict[str, Price] = {
    "fal-ai/flux/dev/image-to-image": Price("megapixels", 30_000),
    "fal-ai/flux-pro/kontext": Price("images", 40_000),
    "fal-ai/flux-pro/v1.1": Price("megapixels", 40_000),
    "fal-ai/kling-video/v2.6/pro/image-to-video": Price("seconds", 70_000),
    "fal-ai/kling-video/v2.5-turbo/pro/image-to-video": Price("seconds", 70_000),
    "fal-ai/minimax/hailuo-02/standard/image-to-video": Price("seconds", 45_000),
    "fal-ai/minimax/video-01/image-to-video": Price("videos", 500_000),
    "fal-ai/wan-i2v": Price("videos", 400_000),
}


def cost(endpoint: str, delivered: Delivered) -> Cost:
    """Price what was delivered.

    >>> cost("fal-ai/flux/dev/image-to-image", Delivered(sizes_px=((1024, 1024), (1025, 1024))))
    Cost(units=3.0, micro_usd=90000)
    """
    price = PRICES[endpoint]
    units = _units(price.unit, delivered)
    return Cost(units, round(units * _unit_micro_usd(endpoint, price, delivered.asked)))


def _units(unit: str, delivered: Delivered) -> float:
    if unit == "megapixels":
        return float(sum(math.ceil(width * height / MEGAPIXEL_PX) for width, height in delivered.sizes_px))
    if unit == "images":
        return float(len(delivered.sizes_px))
    if unit == "seconds":
        return float(round(delivered.seconds))
    return 1.25 if int(delivered.asked.get("num_frames", 81)) > 81 else 1.0


def _unit_micro_usd(endpoint: str, price: Price, asked: Mapping[str, Any]) -> int:
    if endpoint == "fal-ai/kling-video/v2.6/pro/image-to-video" and asked.get("generate_audio", True):
        return 140_000
    if endpoint == "fal-ai/minimax/hailuo-02/standard/image-to-video" and asked.get("resolution") == "512P":
        return 17_000
    if endpoint == "fal-ai/wan-i2v" and asked.get("resolution") == "480p":
        return 200_000
    return price.micro_usd
