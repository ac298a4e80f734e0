"""From settings to a request: everything is resolved when it is asked for, so that a run means the same a year later."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.buying.planning import Wanted
from pipeline.catalog import Catalogue, Job, Model, arguments_for
from pipeline.catalog.parameters import HIGHEST_SEED
from pipeline.prompts import Prompt, Style, avatar_prompt, motion_prompt
from pipeline.records import Asset, Reuse, RunKind

AVATAR_MODEL = "flux-dev"
CLIP_MODEL = "kling-2.6"
SLOTS = {RunKind.AVATAR: "avatar", RunKind.CLIP: "clip"}


@dataclass(frozen=True, kw_only=True)
class AvatarWish:
    """How an avatar is to look; None means the model's default, a missing seed means a random one that is recorded."""

    style: str = "pixar"
    prompt: str | None = None
    model: str = AVATAR_MODEL
    strength: float | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class ClipWish:
    """How an avatar is to move; `portrait` makes 720 × 960 px instead of square, `take` asks a model without seed for another one."""

    motion: str = "gentle"
    prompt: str | None = None
    model: str = CLIP_MODEL
    resolution: str | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int | None = None
    take: int = 1
    loop: bool = True
    portrait: bool = False


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A wish with every value decided, as kept on the run, and remarks that do not block."""

    settings: Mapping[str, Any]
    warnings: tuple[str, ...]


def resolve_avatar(catalogue: Catalogue, styles: Mapping[str, Style], wish: AvatarWish) -> Resolved:
    """Decide every value of an avatar wish; raises before any money what cannot be: UnknownName, WrongTool, BadPrompt, BadParameter."""
    model = catalogue.for_job(wish.model, Job.AVATAR)
    prompt = avatar_prompt(styles, wish.style, wish.prompt)
    given = {"strength": wish.strength, "steps": wish.steps, "guidance": wish.guidance}
    return _resolve(model, prompt, given, wish.seed, {"take": 1})


def resolve_clip(catalogue: Catalogue, styles: Mapping[str, Style], wish: ClipWish) -> Resolved:
    """Decide every value of a clip wish; raises like `resolve_avatar`."""
    model = catalogue.for_job(wish.model, Job.CLIP)
    prompt = motion_prompt(styles, wish.motion, wish.prompt)
    given = {"resolution": wish.resolution, "steps": wish.steps, "guidance": wish.guidance}
    return _resolve(model, prompt, given, wish.seed, {"take": wish.take, "loop": wish.loop, "portrait": wish.portrait})


def wanted(catalogue: Catalogue, kind: RunKind, settings: Mapping[str, Any], photo: Asset, *, reuse: Reuse = Reuse.ALLOW) -> Wanted:
    """Turn resolved settings and the photo or avatar they are for into a request that can be priced."""
    model = catalogue.find(settings["model"])
    asked = arguments_for(model, settings["prompt"], settings["parameters"], seed=settings["seed"])
    return Wanted(
        slot=SLOTS[kind],
        model=model,
        arguments=asked.arguments,
        photo=photo.sha256,
        width_px=photo.width_px or 1024,
        height_px=photo.height_px or 1024,
        reuse=reuse,
        take=settings["take"],
    )


def _resolve(model: Model, prompt: Prompt, given: Mapping[str, Any], seed: int | None, more: Mapping[str, Any]) -> Resolved:
    chosen = seed if seed is not None or not model.takes_seed else secrets.randbelow(HIGHEST_SEED + 1)
    asked = arguments_for(model, prompt.text, given, seed=chosen)
    parameters = {name: asked.arguments[parameter.field] for name, parameter in model.parameters.items()}
    settings = {"model": model.name, "style": prompt.style, "prompt": prompt.text, "parameters": parameters, **more}
    kept_seed = chosen if model.takes_seed else None
    unused = (f"{model.title} has no seed: every take differs.",) if seed is not None and not model.takes_seed else ()
    return Resolved(settings={**settings, "seed": kept_seed}, warnings=(*prompt.warnings, *(w for w in asked.warnings if w not in unused), *unused))
