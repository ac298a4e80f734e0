"""The models: one TOML file each, checked as they are read, so that a wrong file is named before it can sell anything."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.errors import BadModelFile, UnknownName, WrongTool


class Job(StrEnum):
    """What a model is for."""

    AVATAR = "avatar"
    CLIP = "clip"
    TEXT_TO_IMAGE = "text-to-image"


class Unit(StrEnum):
    """What a provider counts. 1 megapixel = 1024 × 1024 px, rounded up per image; characters are those of the prompt as it is sent."""

    MEGAPIXEL = "megapixel"
    IMAGE = "image"
    SECOND = "second"
    CLIP = "clip"
    CHARACTER = "character"
    CALL = "call"


@dataclass(frozen=True, kw_only=True)
class Price:
    """Micro-dollars per unit from a day on, for calls whose arguments equal `when`."""

    id: str
    valid_from: date
    unit: Unit
    micro_usd: int
    when: Mapping[str, Any]
    source: str


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One setting people may give: its own name here, the field the endpoint takes, and what is allowed."""

    name: str
    field: str
    kind: str
    default: Any
    low: Decimal | None
    high: Decimal | None
    recommended: tuple[Decimal, Decimal] | None
    choices: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Model:
    """One endpoint: what it makes, what it takes, what it costs and how long it may take (seconds)."""

    name: str
    title: str
    endpoint: str
    provider: str
    job: Job
    photo_field: str
    prompt_limits: tuple[int, int]
    takes_seed: bool
    parameters: Mapping[str, Parameter]
    fixed: Mapping[str, Any]
    prices: tuple[Price, ...]
    clip_seconds: int | None
    charged_when_refused: bool
    expected_seconds: float
    queue_deadline_seconds: float
    run_deadline_seconds: float
    note: str


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All models by name; endpoints work as names too."""

    models: Mapping[str, Model]

    def find(self, name: str) -> Model:
        """Return the model with this name or endpoint; raises UnknownName with the nearest names."""
        by_endpoint = {model.endpoint: model for model in self.models.values()}
        found = self.models.get(name) or by_endpoint.get(name)
        if found is None:
            near = difflib.get_close_matches(name, [*self.models, *by_endpoint], n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known models: {', '.join(sorted(self.models))}."
            raise UnknownName(f"There is no model named {name!r}.", next=hint)
        return found

    def for_job(self, name: str, job: Job) -> Model:
        """Return the model if it does this job; raises WrongTool before any money when it does another, UnknownName when there is none."""
        model = self.find(name)
        if model.job is job:
            return model
        fitting = ", ".join(sorted(m.name for m in self.models.values() if m.job is job))
        if model.job is Job.TEXT_TO_IMAGE:
            raise WrongTool(f"{model.title} makes pictures from words alone and cannot edit a photo.", next=f"Choose one of: {fitting}.")
        raise WrongTool(f"{model.title} makes {model.job.value}s, not {job.value}s.", next=f"Choose one of: {fitting}.")


def load_catalogue(folder: Path) -> Catalogue:
    """Read every `*.toml` in `folder`; raises BadModelFile naming the file for anything wrong, or for two models with one name or endpoint."""
    models: dict[str, Model] = {}
    for path in sorted(folder.glob("*.toml")):
        model = read_model(path)
        for other in models.values():
            if model.name == other.name or model.endpoint == other.endpoint:
                raise BadModelFile(f"{path.name}: {model.name!r} ({model.endpoint}) is already defined by another model file.")
        models[model.name] = model
    if not models:
        raise BadModelFile("There is no model file in the catalogue folder.")
    return Catalogue(models=models)


def read_model(path: Path) -> Model:
    """Read one model file; raises BadModelFile naming the file and the fault."""
    try:
        text = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        return _model(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadModelFile(f"{path.name} is not readable TOML.") from error
    except KeyError as error:
        raise BadModelFile(f"{path.name}: {error.args[0]!r} is missing.") from error
    except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise BadModelFile(f"{path.name}: {error}") from error


def _model(text: dict[str, Any]) -> Model:
    prices = tuple(_price(row, text["name"]) for row in text["prices"])
    if not prices:
        raise ValueError("there is no price")
    job = Job(text["job"])
    low, high = text.get("prompt_characters", (10, 1000))
    return Model(
        name=text["name"],
        title=text["title"],
        endpoint=text["endpoint"],
        provider=text["provider"],
        job=job,
        photo_field=text["photo_field"] if job is not Job.TEXT_TO_IMAGE else "",
        prompt_limits=(int(low), int(high)),
        takes_seed=bool(text["takes_seed"]),
        parameters={name: _parameter(name, row) for name, row in text.get("parameters", {}).items()},
        fixed=_plain(text.get("fixed", {})),
        prices=prices,
        clip_seconds=int(text["clip_seconds"]) if job is Job.CLIP else None,
        charged_when_refused=bool(text.get("charged_when_refused", False)),
        expected_seconds=_positive(text, "expected_seconds"),
        queue_deadline_seconds=_positive(text, "queue_deadline_seconds"),
        run_deadline_seconds=_positive(text, "run_deadline_seconds"),
        note=text.get("note", ""),
    )


def _positive(text: dict[str, Any], name: str) -> float:
    value = float(text[name])
    if not 0 < value < 86_400:
        raise ValueError(f"{name} must be between 0 and 86400 seconds, not {value:g}")
    return value


def _price(row: dict[str, Any], model: str) -> Price:
    micro_usd = Decimal(str(row["usd"])) * 1_000_000
    if not micro_usd.is_finite() or micro_usd <= 0 or micro_usd != int(micro_usd):
        raise ValueError(f"a price must be a positive number of whole micro-dollars, not {row['usd']}")
    if not isinstance(row["valid_from"], date):
        raise ValueError("valid_from must be a date such as 2026-03-01")
    if not row["source"].strip():
        raise ValueError("a price must say where it was read")
    when = _plain(row.get("when", {}))
    marks = "".join(f"+{value}" for value in when.values())
    name = f"{model}{marks}@{row['valid_from'].isoformat()}"
    return Price(id=name, valid_from=row["valid_from"], unit=Unit(row["unit"]), micro_usd=int(micro_usd), when=when, source=row["source"])


def _parameter(name: str, row: dict[str, Any]) -> Parameter:
    kind = row["kind"]
    if kind not in ("number", "whole", "choice"):
        raise ValueError(f"{name}: kind must be number, whole or choice, not {kind!r}")
    low, high = (Decimal(row["low"]), Decimal(row["high"])) if kind != "choice" else (None, None)
    if low is not None and high is not None and not low <= Decimal(row["default"]) <= high:
        raise ValueError(f"{name}: the default {row['default']} is outside {low} to {high}")
    choices = tuple(row["choices"]) if kind == "choice" else ()
    if choices and row["default"] not in choices:
        raise ValueError(f"{name}: the default {row['default']!r} is not a choice")
    good = row.get("recommended")
    recommended = (Decimal(good[0]), Decimal(good[1])) if good else None
    default = _plain({"": row["default"]})[""]
    return Parameter(name=name, field=row["field"], kind=kind, default=default, low=low, high=high, recommended=recommended, choices=choices)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in values.items()}
