"""Spent over time as a chart: bars of days, weeks or months, stacked by name; a click on one narrows everything to it."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from pages.parts import spendwords
from pages.parts.spendask import Asked, to
from pages.parts.spendlook import Seen
from pipeline.records import dollars, now
from pipeline.studio.spending import OTHERS, Point, start_of

# Okabe and Ito's colours, which colour-blind readers tell apart, without the two that vanish on white or on black.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
GREY = "#8a8a8a"
INK = {"light": "#1c1c1c", "dark": "#ededed"}
GROUND = {"light": "#f2f2f2", "dark": "#1f1f1f"}
HIGH_PX = 300
DIM = 0.3


def colour(at: int) -> str:
    """Return the colour of the name at this place; the dearest comes first."""
    return COLOURS[at] if at < len(COLOURS) else GREY


def draw(seen: Seen) -> str | None:
    """Draw the chart; return the address that a click on it leads to."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    picked: Any = st.plotly_chart(
        figure(seen, theme),
        key=key_of(seen.asked, "spent"),
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
        height=HIGH_PX,
    )
    points = picked["selection"]["points"] if picked else []
    told = points[0].get("customdata") if points else None
    return _chosen(seen.asked, str(told[0]), str(told[1])) if told else None


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

    drawn, asked = go.Figure(), seen.asked
    known = spendwords.customers(asked.by, seen.named)
    sums: dict[str, int] = {}
    for point in seen.points:
        sums[point.day] = sums.get(point.day, 0) + point.micro_usd
    for at, name in enumerate((*seen.named, OTHERS)):
        mine = sorted((point for point in seen.points if point.name == name), key=lambda point: point.day)
        if mine:
            words = spendwords.name_of(asked.by, name, known)
            drawn.add_bar(
                x=[point.day for point in mine],
                y=[point.micro_usd / 1e6 for point in mine],
                name=words,
                customdata=[_told(asked, point, sums[point.day]) for point in mine],
                marker={
                    "color": GREY if name == OTHERS else colour(at),
                    "opacity": [_opacity(asked, point) for point in mine],
                    "line": {"width": 0.5, "color": GROUND[theme]},
                },
                hovertemplate="%{fullData.name}<br><b>%{customdata[3]}</b> of %{customdata[4]}<br>%{customdata[2]}<extra></extra>",
            )
    return _laid_out(drawn, seen, theme)


def _told(asked: Asked, point: Point, whole: int) -> list[str]:
    return [point.name or "", point.day, spendwords.bar_words(asked, point.day), dollars(point.micro_usd), dollars(whole)]


def _opacity(asked: Asked, point: Point) -> float:
    """Return how strongly a bar is drawn: what was not chosen steps back."""
    other_name = asked.by in asked.only and asked.only[asked.by] != (point.name or "")
    return DIM if other_name or (asked.on is not None and asked.on != point.day) else 1.0


def _laid_out(drawn: Any, seen: Seen, theme: str) -> Any:
    ink = {"color": INK[theme], "size": 12}
    first, last = seen.asked.period.since or seen.first or now()[:10], seen.asked.period.until or now()[:10]
    grain = seen.asked.grain
    half = {"day": 12, "week": 84, "month": 360}[grain]
    drawn.update_layout(
        barmode="relative",
        bargap=0.15,
        dragmode=False,
        hovermode="closest",
        clickmode="event+select",
        showlegend=False,
        margin={"l": 56, "r": 8, "t": 8, "b": 32, "autoexpand": False},
        height=HIGH_PX,
    )
    drawn.update_xaxes(
        type="date",
        fixedrange=True,
        tickfont=ink,
        range=[_shifted(start_of(first, grain), -half), _shifted(start_of(last, grain), half)],
        automargin=False,
    )
    drawn.update_yaxes(fixedrange=True, tickfont=ink, tickprefix="$", tickformat=",.3~f", rangemode="tozero", nticks=6)
    return drawn


def _shifted(day: str, hours: int) -> str:
    return (datetime.fromisoformat(day) + timedelta(hours=hours)).isoformat(sep=" ")
