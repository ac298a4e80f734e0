"""Checking an input as fal's models do: a list of details, one for each thing that is wrong."""

import math
from collections.abc import Mapping
from typing import Any

from pipeline.sandbox.models import Field, Model

Detail = dict[str, Any]
Body = Mapping[str, Any]


def detail(name: str, kind: str, message: str, given: object, **context: object) -> Detail:
    """Build one entry of fal's detail list, pointing at the input called `name`."""
    entry: Detail = {"loc": ["body", name], "msg": message, "type": kind, "url": f"https://docs.fal.ai/errors/#{kind}", "input": given}
    return {**entry, "ctx": context} if context else entry


def problems(model: Model, body: Body) -> list[Detail]:
    """List what the model would decline in this input; unknown inputs are ignored, as fal ignores them."""
    found = [_problem(field, body) for field in model.fields]
    return [entry for entry in found if entry is not None]


def completed(model: Model, body: Body) -> dict[str, Any]:
    """Return the input with the model's defaults filled in."""
    asked = {field.name: field.default for field in model.fields}
    return asked | {name: value for name, value in body.items() if name in asked and value is not None}


def _problem(field: Field, body: Body) -> Detail | None:
    value = body.get(field.name)
    if value is None:
        return detail(field.name, "missing", "Field required", dict(body)) if field.required else None
    return _CHECKS[field.kind](field, value)


def _text(field: Field, value: object) -> Detail | None:
    if not isinstance(value, str):
        return detail(field.name, "string_type", "Input should be a valid string", value)
    if field.longest is not None and len(value) > field.longest:
        return detail(field.name, "string_too_long", f"String should have at most {field.longest} characters", value, max_length=field.longest)
    return None


def _number(field: Field, value: object) -> Detail | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return detail(field.name, "float_parsing", "Input should be a valid number", str(value))
    if field.low is not None and value < field.low:
        return detail(field.name, "greater_than_equal", f"Input should be greater than or equal to {field.low:g}", value, ge=field.low)
    if field.high is not None and value > field.high:
        return detail(field.name, "less_than_equal", f"Input should be less than or equal to {field.high:g}", value, le=field.high)
    return None


def _whole(field: Field, value: object) -> Detail | None:
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        return detail(field.name, "int_from_float", "Input should be a valid integer", value)
    return _number(field, value)


def _choice(field: Field, value: object) -> Detail | None:
    if value in field.choices:
        return None
    expected = " or ".join(f"'{choice}'" for choice in field.choices)
    return detail(field.name, "literal_error", f"Input should be {expected}", value, expected=expected)


def _size(field: Field, value: object) -> Detail | None:
    if not isinstance(value, dict):
        return _choice(field, value)
    for side in ("width", "height"):
        entry = _whole(Field(name=side, kind="whole", low=field.low, high=field.high), value.get(side, 512))
        if entry is not None:
            return {**entry, "loc": ["body", field.name, side]}
    return None


def _flag(field: Field, value: object) -> Detail | None:
    return None if isinstance(value, bool) else detail(field.name, "bool_parsing", "Input should be a valid boolean", value)


def _words(field: Field, value: object) -> Detail | None:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return detail(field.name, "list_type", "Input should be a valid list of strings", value)
    if field.high is not None and len(value) > field.high:
        return detail(field.name, "too_long", f"List should have at most {field.high:g} items", value, max_length=field.high)
    return None


_CHECKS = {
    "text": _text,
    "url": _text,
    "number": _number,
    "whole": _whole,
    "choice": _choice,
    "size": _size,
    "flag": _flag,
    "words": _words,
}
