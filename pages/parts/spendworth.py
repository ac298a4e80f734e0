"""The charts of a closer look: what likeness and approval the money buys, and what units cost over time."""

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from pages.parts import spendwords
from pages.parts.spendask import Asked, narrowed, to
from pages.parts.spendchart import CONFIG, INK, key_of
from pages.parts.spendsketch import colour
from pages.parts.steady import steady
from pipeline.records import dollars
from pipeline.studio import paces
from pipeline.studio.paces import LOOKED_AT, UnitPrice, Worth

HIGH_PX = 320
MOST = 40


def draw(asked: Asked) -> str | None:
    """Draw the charts of the closer look that is chosen, if it has any; return the address that a click leads to."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    if asked.closer == "prices":
        found = steady(("unit prices", asked.key, asked.grain), lambda there: paces.unit_prices(there, asked.slice, grain=asked.grain))
        return _show(asked, "prices", prices(found, theme)) if found else _nothing("No unit was charged here.")
    if asked.closer != "worth":
        return None
    by = asked.by if asked.by in LOOKED_AT else "model"
    made = steady(("worth", asked.key, by), lambda there: paces.worth(there, asked.slice, by))[:MOST]
    if not made:
        return _nothing("Nothing was made here.")
    clicked = None
    charts = {"likeness": likeness(made, by, theme), "approval": approval(made, by, theme)}
    for place, (name, figure) in zip(st.columns(2, gap="medium"), charts.items(), strict=True):
        with place:
            clicked = _show(asked, name, figure, by) or clicked
    return clicked


def _nothing(words: str) -> None:
    st.caption(words)


def _show(asked: Asked, name: str, figure: Any, by: str = "model") -> str | None:
    picked: Any = st.plotly_chart(figure, key=key_of(asked, name), on_select="rerun", selection_mode="points", config=CONFIG)
    points = picked["selection"]["points"] if picked else []
    told = points[0].get("customdata") if points else None
    if not told:
        return None
    return narrowed(asked, str(told[0])) if by == asked.by else to(asked, only={**asked.only, by: str(told[0])})


def likeness(made: Sequence[Worth], by: str, theme: str) -> Any:
    """Return the chart of likeness against cost, a point for each name that could be measured."""
    measured = [(at, one, one.likeness) for at, one in enumerate(made) if one.likeness is not None]
    points = [(at, one, value, f"likeness {value:.2f}") for at, one, value in measured]
    return _scatter(points, by, theme, "Likeness of the face least alike", [0, 1], None)


def approval(made: Sequence[Worth], by: str, theme: str) -> Any:
    """Return the chart of approval against cost, a point for each name."""
    points = [(at, one, one.approved / one.pictures, f"{one.approved:,} of {one.pictures:,} approved") for at, one in enumerate(made)]
    return _scatter(points, by, theme, "Approved and in use", None, ".0%")


def _scatter(points: Sequence[tuple[int, Worth, float, str]], by: str, theme: str, title: str, ends: list[float] | None, ticks: str | None) -> Any:
    import plotly.graph_objects as go

    drawn = go.Figure()
    for at, one, value, words in points:
        name = spendwords.name_of(by, one.name or None)
        each = spendwords.average(one.charged_micro_usd, one.pictures)
        drawn.add_scatter(
            x=[one.per_picture_micro_usd / 1e6],
            y=[value],
            mode="markers+text",
            text=[escape(name)],
            textposition="top center",
            textfont={"color": INK[theme], "size": 11},
            marker={"color": colour(at), "size": 12, "symbol": at % 6},
            customdata=[[one.name, escape(name), f"{each} for a picture", words]],
            hovertemplate="<b>%{customdata[1]}</b><br>%{customdata[2]}<br>%{customdata[3]}<extra></extra>",
            cliponaxis=False,
        )
    drawn.update_xaxes(title="Dollars for a picture", tickprefix="$", tickformat=",.3~f", rangemode="tozero")
    drawn.update_yaxes(title=title, range=ends, tickformat=ticks, rangemode="tozero")
    return _laid_out(drawn, theme)


def prices(found: Sequence[UnitPrice], theme: str) -> Any:
    """Return the chart of what one unit of each model cost over time, as steps; a model has the same colour as long as it is the same place dear."""
    import plotly.graph_objects as go

    drawn, names = go.Figure(), sorted({(one.model, one.unit) for one in found})
    for at, (model, unit) in enumerate(names):
        mine = [one for one in found if (one.model, one.unit) == (model, unit)]
        words = f"{spendwords.name_of('model', model)}, for a {unit}"
        drawn.add_scatter(
            x=[one.day for one in mine],
            y=[one.micro_usd / 1e6 for one in mine],
            mode="lines+markers",
            line={"color": colour(at), "width": 2, "shape": "hv"},
            marker={"color": colour(at), "size": 6, "symbol": at % 6},
            name=escape(words),
            customdata=[[model, escape(words), _exact(one)] for one in mine],
            hovertemplate="<b>%{customdata[2]}</b><br>%{customdata[1]}<br>%{x}<extra></extra>",
        )
    drawn.update_xaxes(type="date")
    drawn.update_yaxes(title="Dollars for a unit", tickprefix="$", tickformat=",.4~f", rangemode="tozero")
    laid = _laid_out(drawn, theme)
    laid.update_layout(showlegend=True, height=HIGH_PX + 24 * len(names), margin={"b": 48 + 24 * len(names)})
    return laid


def _exact(one: UnitPrice) -> str:
    rounded = dollars(round(one.micro_usd))
    return rounded if round(one.micro_usd) == one.micro_usd else f"about {rounded}"


def _laid_out(drawn: Any, theme: str) -> Any:
    ink = {"color": INK[theme], "size": 12}
    drawn.update_layout(
        height=HIGH_PX,
        showlegend=False,
        dragmode=False,
        hovermode="closest",
        clickmode="event+select",
        margin={"l": 72, "r": 24, "t": 24, "b": 48, "autoexpand": False},
        legend={"yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "tracegroupgap": 0, "font": ink},
    )
    drawn.update_xaxes(tickfont=ink, title_font=ink)
    drawn.update_yaxes(fixedrange=True, tickfont=ink, title_font=ink)
    return drawn
