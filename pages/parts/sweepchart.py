"""Likeness against strength, and what an acceptable picture costs, beside the grid; a click on a point shows its cell there."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from statistics import fmean
from typing import Any

import streamlit as st

from pages.parts import frame, sweepwords
from pipeline.studio.sweep_view import SeenCell, SweepView
from pipeline.sweeps.plans import Axis

BEAT_SECONDS = 3.0
# Okabe and Ito's colours, which colour-blind readers tell apart, without the two that vanish on white or on black.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
NUMERIC = (Axis.STRENGTH, Axis.GUIDANCE, Axis.STEPS)


def draw(sweep_id: str, look: Callable[[], SweepView | None]) -> None:
    """Draw the chart as long as there is anything measured, and draw it again while the sweep fills."""

    def beat() -> None:
        seen = look()
        axis = _axis(seen) if seen else None
        lines = _lines(seen, axis) if seen and axis else {}
        if seen is None or axis is None or not lines:
            return
        st.subheader("Likeness", anchor=False)
        key = f"chart-{sweep_id}"
        picked: Any = st.plotly_chart(_figure(seen, axis, lines), key=key, on_select="rerun", selection_mode="points", config={"displaylogo": False})
        points = picked["selection"]["points"] if picked else []
        _show(sweep_id, str(points[0]["customdata"][0]) if points and points[0].get("customdata") else "")

    st.fragment(beat, run_every=BEAT_SECONDS)()


def _show(sweep_id: str, cell: str) -> None:
    name = f"show-{sweep_id}"
    if cell and st.session_state.get(name) != cell:
        st.session_state[name] = cell
        st.session_state.pop("drawn", None)
        frame.anew()


def _axis(seen: SweepView) -> Axis | None:
    """Return the numeric axis with the most values; None where nothing can be drawn against anything."""
    several = [axis for axis in NUMERIC if len(seen.sweep.plan.axes.get(axis, ())) > 1]
    return max(several, key=lambda axis: len(seen.sweep.plan.axes[axis]), default=None)


def _lines(seen: SweepView, axis: Axis) -> dict[str, list[SeenCell]]:
    """Return the measured cells by what is drawn as one line: style, words, model and photo."""
    lines: dict[str, list[SeenCell]] = defaultdict(list)
    for one in seen.cells:
        if one.made and one.made.likeness and one.made.likeness.score is not None and one.made.unfit is None:
            named = [name for name, values in seen.sweep.plan.axes.items() if len(values) > 1 and name not in (axis, Axis.SEED, Axis.TAKE)]
            words = " · ".join(sweepwords.label(seen, name, one.cell.values[name]) for name in named) or seen.sweep.name
            lines[words].append(one)
    return lines


def _figure(seen: SweepView, axis: Axis, lines: dict[str, list[SeenCell]]) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, (words, cells) in enumerate(sorted(lines.items())):
        colour = COLOURS[number % len(COLOURS)]
        _add_line(figure, words, _by_value(axis, cells), colour)
        told = [[f"{seen.sweep.id}-{one.cell.key}", one.cell.values.get(Axis.SEED, "")] for one in cells]
        figure.add_scatter(
            x=[float(one.cell.values[axis]) for one in cells],
            y=[one.made.likeness.score for one in cells if one.made and one.made.likeness],
            mode="markers",
            marker={"color": colour, "size": 9, "symbol": number % 6},
            customdata=told,
            name=words,
            legendgroup=words,
            showlegend=False,
            hovertemplate=f"{words}<br>{sweepwords.title(axis)} %{{x}}, seed %{{customdata[1]}}<br>likeness %{{y:.2f}}<extra></extra>",
        )
    figure.update_layout(height=340, margin={"l": 56, "r": 16, "t": 12, "b": 48}, hovermode="closest", clickmode="event+select")
    figure.update_xaxes(title=sweepwords.title(axis))
    figure.update_yaxes(title="Likeness of the face least alike")
    return figure


def _by_value(axis: Axis, cells: Iterable[SeenCell]) -> list[tuple[float, list[float]]]:
    found: dict[float, list[float]] = defaultdict(list)
    for one in cells:
        if one.made and one.made.likeness and one.made.likeness.score is not None:
            found[float(one.cell.values[axis])].append(one.made.likeness.score)
    return sorted(found.items())


def _add_line(figure: Any, words: str, values: list[tuple[float, list[float]]], colour: str) -> None:
    """Add the mean over seeds as a line, and from the lowest to the highest as a band."""
    x = [value for value, _ in values]
    if any(len(scores) > 1 for _, scores in values):
        edge = [max(scores) for _, scores in values] + [min(scores) for _, scores in reversed(values)]
        band = {"fill": "toself", "fillcolor": f"{colour}22", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "legendgroup": words}
        figure.add_scatter(x=x + x[::-1], y=edge, mode="lines", **band)
    figure.add_scatter(
        x=x,
        y=[fmean(scores) for _, scores in values],
        mode="lines",
        line={"color": colour, "width": 2},
        name=words,
        legendgroup=words,
        hoverinfo="skip",
    )
