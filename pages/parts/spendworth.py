"""The charts of a closer look: what likeness and approval the money buys, and what units cost over time."""

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from pages.parts import spendwords
from pages.parts.listing import listing
from pages.parts.markup import Html, tag
from pages.parts.spendask import DIMENSIONS, Asked, narrowed, to
from pages.parts.spendchart import CONFIG, INK, key_of
from pages.parts.spendlook import Seen
from pages.parts.spendsketch import COLOURS, colour
from pages.parts.steady import steady
from pipeline.records import dollars
from pipeline.studio import paces
from pipeline.studio.paces import LOOKED_AT, UnitPrice, Worth

HIGH_PX = 320
MOST = 40


LEAD = (
    "What a picture or clip costs, how alike it is and how many were approved: the newest 5,000. Likeness is measured in pictures; "
    "clips have none of their own and stand in the chart of approval only. A click on a point narrows to its name."
)


def listed(seen: Seen) -> Html:
    """Draw what the charts show as a table, each name with its colour: in the charts names would lie on each other."""
    lead, made = tag("p", LEAD, class_="small"), _made(seen.asked)
    if not made:
        return tag("div", lead, tag("p", tag("span", "Nothing was made here."), class_="nothing"), class_="stack tight")
    by, money = _by(seen.asked), spendwords.averages([(one.charged_micro_usd, one.pictures) for one in made])
    rows = [
        (_swatch(seen, by, one), each, "–" if one.likeness is None else f"{one.likeness:.2f}", f"{one.approved:,} of {one.pictures:,}")
        for one, each in zip(made, money, strict=True)
    ]
    head = (DIMENSIONS[by], "Cost of one", "Likeness", "Approved")
    return tag("div", lead, listing("Likeness and approval", head, rows, numbers=(1, 2, 3)), class_="stack tight")


def _swatch(seen: Seen, by: str, one: Worth) -> Html:
    words = spendwords.name_of(by, one.name or None)
    return tag("span", tag("i", style=f"--colour:{_colour(seen, by, one.name)}"), tag("span", words, dir="auto"), class_="legend")


def _colour(seen: Seen, by: str, name: str) -> str:
    """Return the colour a name has in the chart above; in one that is cut by something else its own place says which."""
    names: Sequence[str | None] = seen.named if by == seen.asked.by else [one.name or None for one in _made(seen.asked)]
    return colour(names.index(name or None) if (name or None) in names else len(COLOURS))


def _by(asked: Asked) -> str:
    return asked.by if asked.by in LOOKED_AT else "model"


def _made(asked: Asked) -> tuple[Worth, ...]:
    by = _by(asked)
    return steady(("worth", asked.key, by), lambda there: paces.worth(there, asked.slice, by))[:MOST]


def draw(seen: Seen) -> str | None:
    """Draw the charts of the closer look that is chosen, if it has any; return the address that a click leads to."""
    theme, asked = "dark" if st.context.theme.type == "dark" else "light", seen.asked
    if asked.closer == "prices":
        found = steady(("unit prices", asked.key, asked.grain), lambda there: paces.unit_prices(there, asked.slice, grain=asked.grain))
        return _show(asked, "prices", prices(found, theme)) if found else _nothing("No unit was charged here.")
    made = _made(asked) if asked.closer == "worth" else ()
    if not made:
        return None
    clicked, by = None, _by(asked)
    charts = {"likeness": likeness(seen, made, theme), "approval": approval(seen, made, theme)}
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


def likeness(seen: Seen, made: Sequence[Worth], theme: str) -> Any:
    """Return the chart of likeness against cost, a point for each name that could be measured."""
    points = [(one, one.likeness, f"likeness {one.likeness:.2f}") for one in made if one.likeness is not None]
    return _scatter(seen, points, theme, "Likeness of the face least alike", [0, 1], None)


def approval(seen: Seen, made: Sequence[Worth], theme: str) -> Any:
    """Return the chart of approval against cost, a point for each name."""
    points = [(one, one.approved / one.pictures, f"{one.approved:,} of {one.pictures:,} approved") for one in made]
    return _scatter(seen, points, theme, "Approved", None, ".0%")


def _scatter(seen: Seen, points: Sequence[tuple[Worth, float, str]], theme: str, title: str, ends: list[float] | None, ticks: str | None) -> Any:
    import plotly.graph_objects as go

    drawn, by = go.Figure(), _by(seen.asked)
    for one, value, words in points:
        name = spendwords.name_of(by, one.name or None)
        each = spendwords.average(one.charged_micro_usd, one.pictures)
        drawn.add_scatter(
            x=[one.per_picture_micro_usd / 1e6],
            y=[value],
            mode="markers",
            marker={"color": _colour(seen, by, one.name), "size": 14, "opacity": 0.85, "line": {"color": INK[theme], "width": 1}},
            customdata=[[one.name, escape(name), f"{each} for one", words]],
            hovertemplate="<b>%{customdata[1]}</b><br>%{customdata[2]}<br>%{customdata[3]}<extra></extra>",
            cliponaxis=False,
        )
    drawn.update_xaxes(title="Dollars for one", tickprefix="$", tickformat=",.3~f", rangemode="tozero")
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
