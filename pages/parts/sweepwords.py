"""The words of a sweep: what its axes, values and cells are called, and everything that is known of one cell."""

from pages.parts.here import place
from pages.parts.pieces import short
from pipeline.records import dollars
from pipeline.studio.sweep_view import SeenCell, SweepView
from pipeline.studio.sweep_words import model_words, style_words
from pipeline.sweeps.plans import TITLES, Axis
from pipeline.sweeps.wording import brief, letter

SHORT_LETTERS = 60


def title(axis: Axis) -> str:
    """Return what people call an axis."""
    return "Guidance scale" if axis is Axis.GUIDANCE else "Inference steps" if axis is Axis.STEPS else TITLES[axis]


def label(seen: SweepView, axis: Axis, value: str) -> str:
    """Return the short words of a value, for heads and labels; of a prompt its letter and what tells it from the others."""
    values = seen.sweep.plan.axes.get(axis, ())
    if axis is Axis.PROMPT and len(values) > 1 and value in values:
        number = values.index(value)
        return f"{letter(number)} {brief(values, number)}"
    return short(full(seen, axis, value), SHORT_LETTERS)


def full(seen: SweepView, axis: Axis, value: str) -> str:
    """Return all the words of a value."""
    if axis is Axis.PHOTO:
        source = seen.priced.sources.get(value)
        return source.name if source else "Removed photo"
    if axis in (Axis.STYLE, Axis.MOTION):
        return style_words(place(), value, "avatar" if axis is Axis.STYLE else "motion")
    if axis is Axis.MODEL:
        return model_words(place(), value)
    return value


def line(seen: SweepView, one: SeenCell, *but: Axis) -> str:
    """Return what a cell's line in a chart is called: its values on every axis that is a choice, but for some axes; else the sweep's name."""
    named = [axis for axis, values in seen.sweep.plan.axes.items() if len(values) > 1 and axis not in but]
    return " · ".join(label(seen, axis, one.cell.values[axis]) for axis in named) or seen.sweep.name


def facts(seen: SweepView, one: SeenCell) -> list[tuple[str, str]]:
    """Return everything about a cell, in the order people look for it: what is compared, what was asked, who served it, what it cost."""
    cell, made = one.cell, one.made
    found = [(title(axis), full(seen, axis, value)) for axis, value in cell.values.items()]
    given = [(name.capitalize(), str(value)) for name, value in cell.settings["parameters"].items() if name not in set(cell.values)]
    found += [("Model", cell.wanted.model.title), *given]
    found += [("Seed", str(cell.settings["seed"]))] if cell.settings["seed"] is not None and Axis.SEED not in cell.values else []
    found += [("Ignored by this model", ", ".join(title(axis).lower() for axis in cell.ignored))] if cell.ignored else []
    found += [("Price", dollars(cell.micro_usd)), ("Endpoint asked", cell.wanted.model.endpoint)]
    if made is not None:
        served = made.served_endpoint or ("not said yet" if made.state != "made" else made.endpoint)
        found += [("Served by", served), ("Fallbacks", "switched off"), ("Sent", "once" if made.sends < 2 else f"{made.sends} times")]
        found += [("Cost", "free, owned already" if made.reused else dollars(made.cost_micro_usd)), ("Run", made.run_id)]
    return [*found, ("Prompt", str(cell.settings["prompt"]))]
