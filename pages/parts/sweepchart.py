"""Likeness against strength, and what an acceptable picture costs, beside the grid; a click on a point shows its cell there."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from html import escape
from statistics import fmean
from typing import Any

import streamlit as st

from pages.parts import frame, sweepcost, sweepwords
from pages.parts.here import shared
from pages.parts.markup import tag
from pipeline.studio import judging
from pipeline.studio.sweep_view import SeenCell, SweepView
from pipeline.sweeps.plans import Axis

BEAT_SECONDS = 3.0
ROW_PX = 22
# The text colours of the studio; the screen library's own grey is too light on ours.
INK = {"light": "#1c1c1c", "dark": "#ededed"}
# Okabe and Ito's colours, which colour-blind readers tell apart, without the two that vanish on white or on black.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
NUMERIC = (Axis.STRENGTH, Axis.GUIDANCE, Axis.STEPS)
Chart = tuple[str, str, Any, str]


def draw(sweep_id: str, look: Callable[[], SweepView | None]) -> None:
    """Draw the charts that there is something for, and draw them again while the sweep fills."""

    def beat() -> None:
        seen = look()
        charts = list(_charts(seen)) if seen else []
        if charts:
            st.space("small")
        for place, chart in zip(st.columns(len(charts), gap="medium") if charts else (), charts, strict=True):
            with place:
                _draw(sweep_id, *chart)

    st.fragment(beat, run_every=BEAT_SECONDS)()


def opened(sweep_id: str) -> str:
    """Return the cell that a point named last on this screen, with a number that tells two presses apart; empty before the first."""
    return str(st.session_state.get(f"show-{sweep_id}", ""))


def _charts(seen: SweepView) -> Iterator[Chart]:
    """Return the charts that have points: name, heading, figure, and what stands below."""
    axis = _axis(seen)
    lines = _lines(seen, axis) if axis else {}
    if axis and lines:
        yield "likeness", "Likeness", _figure(seen, axis, lines), ""
    if seen.count("made") < 2 or seen.live:
        return
    judged = shared(f"judged {seen.sweep.id}", lambda there: judging.standing(there, seen.sweep.id))
    costs = sweepcost.points(seen, judged.settings, axis)
    if costs:
        yield "cost", "Cost per acceptable picture", sweepcost.figure(costs, axis, COLOURS), sweepcost.without(judged.settings)


def _draw(sweep_id: str, name: str, heading: str, figure: Any, below: str) -> None:
    st.subheader(heading, anchor=False)
    # The legend has a place of its own: one that makes itself room covers the plot at some widths.
    named = ROW_PX * len({one.name for one in figure.data if one.showlegend is not False})
    margin = {"l": 72, "r": 16, "t": 12, "b": 64 + named, "autoexpand": False}
    legend = {"yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "tracegroupgap": 0}
    figure.update_layout(height=340 + named, margin=margin, legend=legend, hovermode="closest", clickmode="event+select", showlegend=True)
    ink = INK["dark" if st.context.theme.type == "dark" else "light"]
    for axis in ("xaxis", "yaxis"):
        figure.update_layout({axis: {"tickfont": {"color": ink}, "title": {"font": {"color": ink}}}})
    key = f"chart-{sweep_id}" if name == "likeness" else f"chart-{name}-{sweep_id}"
    picked: Any = st.plotly_chart(figure, key=key, on_select="rerun", selection_mode="points", config={"displaylogo": False})
    points = picked["selection"]["points"] if picked else []
    _show(sweep_id, name, str(points[0]["customdata"][0]) if points and points[0].get("customdata") else "")
    if below:
        st.html(tag("p", below, style="font-size: 0.87rem; margin: 0"))


def _show(sweep_id: str, chart: str, cell: str) -> None:
    """Show a cell once for each press: a chart goes on telling its chosen point at every drawing."""
    last, name = f"point-{chart}-{sweep_id}", f"show-{sweep_id}"
    if st.session_state.get(last, "") == cell:
        return
    st.session_state[last] = cell
    if cell:
        number = int(opened(sweep_id).rpartition(" ")[2] or 0) + 1
        st.session_state[name] = f"{cell} {number}"
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
            lines[sweepwords.line(seen, one, axis, Axis.SEED, Axis.TAKE)].append(one)
    return lines


def _figure(seen: SweepView, axis: Axis, lines: dict[str, list[SeenCell]]) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure()
    for number, (words, cells) in enumerate(sorted(lines.items())):
        colour = COLOURS[number % len(COLOURS)]
        _add_line(figure, words, _by_value(axis, cells), colour)
        told = [[f"{seen.sweep.id}-{one.cell.key}", one.cell.values.get(Axis.SEED, ""), escape(words)] for one in cells]
        figure.add_scatter(
            x=[float(one.cell.values[axis]) for one in cells],
            y=[one.made.likeness.score for one in cells if one.made and one.made.likeness],
            mode="markers",
            marker={"color": colour, "size": 9, "symbol": number % 6},
            customdata=told,
            name=escape(words),
            legendgroup=words,
            hovertemplate=f"%{{customdata[2]}}<br>{sweepwords.title(axis)} %{{x}}, seed %{{customdata[1]}}<br>likeness %{{y:.2f}}<extra></extra>",
        )
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
        legendgroup=words,
        showlegend=False,
        hoverinfo="skip",
    )
