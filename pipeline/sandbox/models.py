"""What each emulated endpoint takes, makes and how long it needs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Job(StrEnum):
    """What an endpoint does."""

    REDRAW = "redraw"
    EDIT = "edit"
    SCENE = "scene"
    CLIP = "clip"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input: its kind (`text url whole number choice flag words`), default, limits and choices."""

    name: str
    kind: str
    default: object = None
    required: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    longest: int | None = None


class Pace(NamedTuple):
    """Seconds a request takes: as short as the studio likes by default, and about as long as the real model."""

    fast: float
    real: float


@dataclass(frozen=True, kw_only=True)
class Model:
    """An endpoint as the emulator knows it."""

    endpoint: str
    job: Job
    pace: Pace
    fields: tuple[Field, ...]
    photo: str = ""
    smallest_px: int = 1
    fallback: str = ""


# Names, defaults and limits: the providers' schemas and model pages of 2025-26. Real paces: the order of what users report.
PICTURE, CLIP = Pace(1.2, 8.0), Pace(2.5, 70.0)
PROMPT = Field(name="prompt", kind="text", required=True, longest=5000)
SEED = Field(name="seed", kind="whole", low=0, high=2**32 - 1)
SYNC = Field(name="sync_mode", kind="flag", default=False)
COUNT = Field(name="num_images", kind="whole", default=1, low=1, high=4)
FORMAT = Field(name="output_format", kind="choice", default="jpeg", choices=("jpeg", "png"))
TOLERANCE = Field(name="safety_tolerance", kind="choice", default="2", choices=("1", "2", "3", "4", "5", "6"))
ENHANCE = Field(name="enhance_prompt", kind="flag", default=False)
OPTIMIZER = Field(name="prompt_optimizer", kind="flag", default=True)
RATIOS = ("21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21")
SIZES = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}


def _url(name: str, *, required: bool = True) -> Field:
    return Field(name=name, kind="url", required=required)


def _number(name: str, low: float, high: float, default: float) -> Field:
    return Field(name=name, kind="number", low=low, high=high, default=default)


def _whole(name: str, low: int, high: int, default: int) -> Field:
    return Field(name=name, kind="whole", low=low, high=high, default=default)


def _choice(name: str, *choices: str) -> Field:
    """Name a choice whose default is its first entry."""
    return Field(name=name, kind="choice", choices=choices, default=choices[0])


def _negative(default: str = "") -> Field:
    return Field(name="negative_prompt", kind="text", default=default, longest=2500)


_MODELS = (
    Model(
        endpoint="fal-ai/flux/dev/image-to-image",
        job=Job.REDRAW,
        pace=PICTURE,
        photo="image_url",
        fallback="fal-ai/flux-1/dev/image-to-image",
        fields=(
            PROMPT,
            _url("image_url"),
            _number("strength", 0.01, 1, 0.95),
            _whole("num_inference_steps", 10, 50, 40),
            _number("guidance_scale", 1, 20, 3.5),
            SEED,
            SYNC,
            COUNT,
            Field(name="enable_safety_checker", kind="flag", default=True),
            FORMAT,
            _choice("acceleration", "none", "regular", "high"),
        ),
    ),
    Model(
        endpoint="fal-ai/flux-pro/kontext",
        job=Job.EDIT,
        pace=PICTURE,
        photo="image_url",
        fields=(
            PROMPT,
            _url("image_url"),
            Field(name="aspect_ratio", kind="choice", choices=RATIOS),
            _number("guidance_scale", 1, 20, 3.5),
            SEED,
            SYNC,
            COUNT,
            FORMAT,
            TOLERANCE,
            ENHANCE,
        ),
    ),
    Model(
        endpoint="fal-ai/flux-pro/v1.1",
        job=Job.SCENE,
        pace=PICTURE,
        fields=(
            PROMPT,
            Field(name="image_size", kind="size", default="landscape_4_3", choices=tuple(SIZES), low=256, high=1440),
            SEED,
            SYNC,
            COUNT,
            FORMAT,
            TOLERANCE,
            ENHANCE,
        ),
    ),
    Model(
        endpoint="fal-ai/kling-video/v2.6/pro/image-to-video",
        job=Job.CLIP,
        pace=CLIP,
        photo="start_image_url",
        smallest_px=300,
        fields=(
            Field(name="prompt", kind="text", required=True, longest=2500),
            _url("start_image_url"),
            _url("end_image_url", required=False),
            _choice("duration", "5", "10"),
            Field(name="generate_audio", kind="flag", default=True),
            Field(name="voice_ids", kind="words", high=2),
            _negative("blur, distort, and low quality"),
        ),
    ),
    Model(
        endpoint="fal-ai/kling-video/v2.5-turbo/pro/image-to-video",
        job=Job.CLIP,
        pace=CLIP,
        photo="image_url",
        smallest_px=300,
        fields=(
            Field(name="prompt", kind="text", required=True, longest=2500),
            _url("image_url"),
            _url("tail_image_url", required=False),
            _choice("duration", "5", "10"),
            _number("cfg_scale", 0, 1, 0.5),
            _negative("blur, distort, and low quality"),
        ),
    ),
    Model(
        endpoint="fal-ai/minimax/hailuo-02/standard/image-to-video",
        job=Job.CLIP,
        pace=Pace(2.5, 110.0),
        photo="image_url",
        smallest_px=300,
        fields=(
            Field(name="prompt", kind="text", required=True, longest=2000),
            _url("image_url"),
            _url("end_image_url", required=False),
            _choice("duration", "6", "10"),
            _choice("resolution", "768P", "512P"),
            OPTIMIZER,
        ),
    ),
    Model(
        endpoint="fal-ai/minimax/video-01/image-to-video",
        job=Job.CLIP,
        pace=Pace(2.5, 150.0),
        photo="image_url",
        smallest_px=300,
        fields=(Field(name="prompt", kind="text", required=True, longest=2000), _url("image_url"), OPTIMIZER),
    ),
    Model(
        endpoint="fal-ai/wan-i2v",
        job=Job.CLIP,
        pace=Pace(2.5, 90.0),
        photo="image_url",
        fields=(
            PROMPT,
            _url("image_url"),
            _negative(),
            _whole("num_frames", 81, 100, 81),
            _whole("frames_per_second", 5, 24, 16),
            SEED,
            _choice("resolution", "720p", "480p"),
            _whole("num_inference_steps", 2, 40, 30),
            _number("guide_scale", 1, 10, 5),
            _number("shift", 1, 10, 5),
            Field(name="enable_safety_checker", kind="flag", default=True),
            Field(name="enable_prompt_expansion", kind="flag", default=False),
            _choice("acceleration", "regular", "none"),
            _choice("aspect_ratio", "auto", "16:9", "9:16", "1:1"),
        ),
    ),
)
MODELS: dict[str, Model] = {model.endpoint: model for model in _MODELS}


def seconds_for(model: Model, speed: str) -> float:
    """Say how long a request of this model takes at `fast`, `real` or a number of seconds for every model."""
    if speed == "fast":
        return model.pace.fast
    return model.pace.real if speed == "real" else float(speed)
