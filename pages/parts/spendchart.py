"""Spent over time as a chart: bars of days, weeks or months, stacked by name; a click on one narrows everything to it."""

import hashlib
from datetime import datetime, timedelta
from html import escape
from itertools import groupby
from typing import Any

import streamlit as st

from pages.parts import spendsketch, spendwords
from pages.parts.spendask import Asked, to
from pages.parts.spendlook import Seen
from pages.parts.spendsketch import APART_DAYS, FILLED, Plan, colour
from pipeline.records import dollars
from pipeline.studio.spending import OTHERS, Point

INK = {"light": "#1c1c1c", "dark": "#ededed"}
GROUND = {"light": "#f2f2f2", "dark": "#1f1f1f"}
HIGH_PX = 300
CONFIG = {"displayModeBar": False, "doubleClick": False}
DAY_MS = 86_400_000


def draw(seen: Seen) -> str | None:
    """Draw the chart; return the address that a click on it leads to."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    picked: Any = st.plotly_chart(
        figure(seen, theme),
        key=key_of(seen.asked, "spent"),
        on_select="rerun",
        selection_mode="points",
        config=CONFIG,
        height=HIGH_PX,
    )
    points = picked["selection"]["points"] if picked else []
    told = points[0].get("customdata") if points else None
    return _chosen(seen.asked, str(told[0]), str(told[1])) if told else None


def hold_place() -> None:
    """Leave the room of the chart empty for now; the sketch shows through."""
    st.html(f"<div style='height: {HIGH_PX}px'></div>")


def key_of(asked: Asked, name: str) -> str:
    """Name a chart for as long as the address stays: a new view begins without a chosen point."""
    return f"{name}-{hashlib.sha256(to(asked).encode()).hexdigest()[:12]}"


def _chosen(asked: Asked, name: str, day: str) -> str:
    """Return the address that shows this bar only; of the bar that is shown already, the one that shows all again."""
    wanted = {**asked.others} if name == OTHERS else {**asked.only, asked.by: name}
    if asked.on == day and wanted == dict(asked.only):
        return to(asked, only=asked.others, on=None)
    return to(asked, only=wanted, on=day)


def figure(seen: Seen, theme: str) -> Any:
    """Return the chart: a series for each name that has a colour, and one for all others."""
    import plotly.graph_objects as go

    drawn, asked, planned = go.Figure(), seen.asked, spendsketch.plan(seen)
    known = spendwords.called(seen, asked.by, (*seen.named, OTHERS))
    sums: dict[str, int] = {}
    for point in seen.points:
        sums[point.day] = sums.get(point.day, 0) + point.micro_usd
    for at, several in groupby(planned.bars, key=lambda bar: bar.at):
        bars = list(several)
        words = escape(known[bars[0].point.name])
        drawn.add_bar(
            x=[bar.point.day for bar in bars],
            y=[bar.point.micro_usd / 1e6 for bar in bars],
            width=APART_DAYS[asked.grain] * FILLED * DAY_MS,
            name=words,
            customdata=[_told(asked, bar.point, sums[bar.point.day]) for bar in bars],
            marker={"color": colour(at), "opacity": [bar.opacity for bar in bars], "line": {"width": 0}},
            hovertemplate="%{fullData.name}<br><b>%{customdata[3]}</b> of %{customdata[4]}<br>%{customdata[2]}<extra></extra>",
        )
    return _laid_out(drawn, planned, asked.grain, theme)


def _told(asked: Asked, point: Point, whole: int) -> list[str]:
    return [point.name or "", point.day, spendwords.bar_words(asked, point.day), dollars(point.micro_usd), dollars(whole)]


def _laid_out(drawn: Any, planned: Plan, grain: str, theme: str) -> Any:
    ink = {"color": INK[theme], "size": 12}
    half = timedelta(hours=12 * APART_DAYS[grain])
    first, last = (datetime.fromisoformat(day) for day in (planned.first, planned.last))
    drawn.update_layout(
        barmode="relative",
        dragmode=False,
        hovermode="closest",
        clickmode="event+select",
        showlegend=False,
        margin={"l": 56, "r": 8, "t": 8, "b": 32, "autoexpand": False},
        height=HIGH_PX,
        paper_bgcolor=GROUND[theme],
        plot_bgcolor=GROUND[theme],
    )
    # A chart whose axes are both fixed takes no clicks. Days are said without their year: it stands above.
    ticks = {"tickformat": "%b %Y" if grain == "month" else "%-d %b", "nticks": 8, "tickfont": ink}
    drawn.update_xaxes(type="date", range=[(first - half).isoformat(sep=" "), (last + half).isoformat(sep=" ")], **ticks)
    ends = [planned.low / 1e6, planned.high / 1e6]
    drawn.update_yaxes(fixedrange=True, tickfont=ink, tickprefix="$", tickformat=",.3~f", range=ends, nticks=6)
    return drawn
