"""From what a person gives to exactly what an endpoint takes; everything that can be refused is refused here, before upload and money."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.catalog.models import Job, Model, Parameter
from pipeline.errors import BadParameter, BadPrompt

HIGHEST_SEED = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Arguments for an endpoint without its photo, and remarks that do not block."""

    arguments: Mapping[str, Any]
    warnings: tuple[str, ...]


def arguments_for(model: Model, prompt: str, given: Mapping[str, Any], *, seed: int | None) -> Asked:
    """Build the endpoint's arguments from a prompt, the given settings (None means default) and a seed.

    Raises BadPrompt for a prompt outside the model's character limits, BadParameter for a value outside its range or a setting the model
    does not have.
    """
    check_prompt(model, prompt)
    wanted = {name: value for name, value in given.items() if value is not None}
    unknown = sorted(wanted.keys() - model.parameters.keys())
    if unknown:
        has = ", ".join(sorted(model.parameters)) or "none"
        raise BadParameter(f"{model.title} has no setting named {unknown[0]}.", next=f"It has: {has}.")
    arguments: dict[str, Any] = {"prompt": prompt, **model.fixed}
    for parameter in model.parameters.values():
        arguments[parameter.field] = check_value(model, parameter, wanted.get(parameter.name, parameter.default))
    if model.takes_seed:
        arguments["seed"] = check_seed(seed)
    return Asked(arguments=arguments, warnings=tuple(_remarks(model, wanted, seed)))


def check_prompt(model: Model, prompt: str) -> None:
    """Raise BadPrompt unless the prompt's length is inside the model's limits (usually 10 to 1,000 characters)."""
    low, high = model.prompt_limits
    rule = f"Write {low} to {high:,} characters."
    if not prompt.strip():
        raise BadPrompt(f"The prompt is blank; {model.title} takes {low} to {high:,} characters.", next=rule)
    if any("\ud800" <= letter <= "\udfff" for letter in prompt):
        raise BadPrompt("The prompt holds bytes that are no text.", next=rule)
    if not low <= len(prompt.strip()) or len(prompt) > high:
        raise BadPrompt(f"The prompt has {len(prompt):,} characters; {model.title} takes {low} to {high:,}.", next=rule)


def check_seed(seed: int | None) -> int:
    """Return the seed if it is a whole number from 0 to 2,147,483,647; raises BadParameter."""
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= HIGHEST_SEED:
        raise BadParameter(f"Seed {seed} is outside 0 to {HIGHEST_SEED}.", next="Choose a seed in that range, or none for a random one.")
    return seed


def check_value(model: Model, parameter: Parameter, value: Any) -> Any:
    """Return the value as the endpoint wants it (float, int or choice); raises BadParameter with the allowed range."""
    if parameter.kind == "choice":
        if str(value) not in [str(choice) for choice in parameter.choices]:
            raise BadParameter(
                f"{parameter.name} {value} is not offered by {model.title}.", next=f"Choose one of: {', '.join(map(str, parameter.choices))}."
            )
        return next(choice for choice in parameter.choices if str(choice) == str(value))
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if parameter.low is None or parameter.high is None or not number.is_finite() or not parameter.low <= number <= parameter.high:
        raise BadParameter(f"{parameter.name} {value} is outside {parameter.low} to {parameter.high}.", next=_range(parameter))
    if parameter.kind == "whole":
        if number != int(number):
            raise BadParameter(f"{parameter.name} {value} is not a whole number.", next=_range(parameter))
        return int(number)
    return float(number)


def _range(parameter: Parameter) -> str:
    best = f"; {parameter.recommended[0]} to {parameter.recommended[1]} is recommended" if parameter.recommended else ""
    return f"Choose {parameter.low} to {parameter.high}{best}."


def _remarks(model: Model, wanted: Mapping[str, Any], seed: int | None) -> list[str]:
    remarks = []
    for name, value in wanted.items():
        best = model.parameters[name].recommended
        if best and not best[0] <= Decimal(str(value)) <= best[1]:
            remarks.append(f"{name} {value} is outside the recommended {best[0]} to {best[1]}.")
    if seed is not None and not model.takes_seed:
        remarks.append(f"{model.title} has no seed: every take differs.")
    if model.job is Job.AVATAR and model.note:
        remarks.append(model.note)
    return remarks
