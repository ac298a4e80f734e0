"""What a picture that can be used costs, setting by setting: those that miss cost money, too."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from pages.parts import sweepwords
from pipeline.records import dollars
from pipeline.studio.judging import Setting
from pipeline.studio.sweep_view import SweepView
from pipeline.sweeps.plans import Axis

NAMED = 4
Points = Mapping[str, Sequence[tuple[str, Setting]]]


def points(seen: SweepView, settings: Sequence[Setting], axis: Axis | None) -> Points:
    """Return by line what is drawn: the value on the axis, and the setting it has; those without an acceptable picture have no cost.

    A line is what differs besides the axis. Without an axis all settings are one line, told apart by their own words.
    """
    by_run = {run_id: one for one in settings if one.cost_per_acceptable_micro_usd is not None for run_id in one.run_ids}
    found: dict[str, dict[tuple[str, str], Setting]] = defaultdict(dict)
    for words, value, run_id in _cells(seen, axis):
        if run_id in by_run:
            one = by_run[run_id]
            found[words][value or one.words, one.id] = one
    return {words: [(value, one) for (value, _), one in line.items()] for words, line in found.items()}


def _cells(seen: SweepView, axis: Axis | None) -> Iterator[tuple[str, str, str]]:
    for one in sorted(seen.cells, key=lambda each: each.cell.at):
        if one.made:
            words = sweepwords.line(seen, one, axis, Axis.PHOTO, Axis.SEED, Axis.TAKE) if axis else seen.sweep.name
            yield words, one.cell.values[axis] if axis else "", one.made.run_id


def figure(lines: Points, axis: Axis | None, colours: Sequence[str]) -> Any:
    """Draw dollars for each acceptable picture against the axis, or setting by setting; a point tells its cell if it has one only."""
    import plotly.graph_objects as go

    drawn = go.Figure()
    for number, (words, line) in enumerate(sorted(lines.items())):
        colour, wider = colours[number % len(colours)], 3 * min(3, len(lines) - 1 - number)
        drawn.add_scatter(
            x=[float(value) if axis else escape(value) for value, _ in line],
            y=[(one.cost_per_acceptable_micro_usd or 0) / 1e6 for _, one in line],
            mode="lines+markers" if axis else "markers",
            # Where all pictures are acceptable, lines lie on one another; those below stand out beside those above.
            line={"color": colour, "width": 2 + wider},
            marker={"color": colour, "size": 9 + 2 * wider, "symbol": number % 6},
            customdata=[[one.run_ids[0] if len(one.run_ids) == 1 else "", escape(_told(one))] for _, one in line],
            name=escape(words),
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    drawn.update_xaxes(title=sweepwords.title(axis) if axis else None)
    drawn.update_yaxes(title="Dollars for each", tickprefix="$", tickformat=".3~f", rangemode="tozero")
    return drawn


def without(settings: Sequence[Setting]) -> str:
    """Say which settings have no point, as none of their pictures is acceptable; empty where all have one."""
    none = [one.words for one in settings if not one.acceptable]
    if not none:
        return ""
    more = f" and {len(none) - NAMED} more" if len(none) > NAMED else ""
    return f"No acceptable picture: {'; '.join(none[:NAMED])}{more}."


def _told(one: Setting) -> str:
    cost = dollars(one.cost_per_acceptable_micro_usd or 0)
    return f"{one.words}: {cost} each, {one.acceptable} of {one.cells} acceptable"
