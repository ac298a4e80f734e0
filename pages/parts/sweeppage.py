"""One sweep: its plan with the price, folded once it is bought, the grid as wide as the screen, and below what was measured and judged."""

from collections.abc import Callable

import streamlit as st

from pages.parts import forms, pieces, purse, sweepchart, sweepfeed, sweepfiles, sweepjudge, sweepplan, sweepspare, ways
from pages.parts.comments import address, panel
from pages.parts.here import me, place
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import barred, button, icon
from pipeline.records import Role, dollars
from pipeline.studio import sweep_runs
from pipeline.studio.sweep_prices import FEATURE
from pipeline.studio.sweep_view import SweepView
from pipeline.sweeps.plans import Axis
from pipeline.wording import counted


def draw(seen: SweepView) -> Html:
    """Draw a sweep as it stands."""
    parts = (_head(seen), sweepplan.draw(seen), _progress(seen), _grid(seen), sweepspare.draw(seen), sweepjudge.results(seen), _said(seen))
    return tag("div", *parts, class_="stack sweep")


def _said(seen: SweepView) -> Html | None:
    """Draw the comments on the picture of a cell that the address names."""
    scope = st.query_params.get("scope", "")
    return panel.draw(scope, lambda sha256: address.of_sweep(seen.sweep.id, scope, sha256))


def gone(sweep_id: str) -> Html:
    """Draw what stands where no sweep is."""
    said = f"There is no sweep “{pieces.short(sweep_id, 40)}”."
    return tag("div", icon("search_off"), tag("h1", said), tag("a", "Show every sweep", href=ways.to("compare"), data_go=True), class_="friendly")


def charts(sweep_id: str, look: Callable[[], SweepView | None]) -> None:
    """Draw the charts below the page; a click on a point shows its cell in the grid."""
    if not st.query_params.get("judge"):
        sweepchart.draw(sweep_id, look)


def _head(seen: SweepView) -> Html:
    sweep = seen.sweep
    back = tag("a", icon("arrow_back"), "Compare", href=ways.to("compare"), data_go=True, class_="back")
    rename = forms.field("Name", "name", value=sweep.name, required=True, maxlength=120, autofocus=True)
    form = forms.form("rename", f"rename-{sweep.version}", rename, forms.buttons(forms.submit("Rename")), version=sweep.version)
    more = (
        forms.opener("Rename", "rename-sweep", look="quiet", symbol="edit"),
        button(
            "Duplicate", "duplicate", symbol="content_copy", look="quiet", off=barred(Role.MAKE, "making"), copy=f"{sweep.id}-copy-{sweep.version}"
        ),
        *sweepfiles.links(seen),
    )
    facts = f"{sweep.person} · {counted(len(seen.cells), 'cell')} · {dollars(seen.charged_micro_usd)} spent"
    title = tag("div", tag("h1", sweep.name, dir="auto"), tag("span", facts, class_="small"))
    return tag("div", back, tag("header", title, tag("div", *more, class_="row"), class_="headbar"), forms.dialog("rename-sweep", "Rename", form))


def _grid(seen: SweepView) -> Html:
    if not seen.cells:
        begin = "Choose photos and values" if seen.sweep.plan.axes.get(Axis.PHOTO) else "Add a photo"
        words = f"{begin} in the plan; the cells appear here before anything is bought."
        return tag("div", icon("grid_view"), tag("p", words), class_="friendly")
    sweep = seen.sweep
    told = {
        "feed": sweepfeed.address(sweep.id, me().name),
        "version": sweepfeed.version(seen, me().name),
        "title": sweep.name,
        "show": sweepchart.opened(sweep.id) or None,
        "plan": f"plan-{sweep.id}-{sweep.version}",
        "asked": str(seen.priced.asked),
    }
    return tag("section", class_="grid", id=f"grid-{sweep.id}", data_own=True, **{f"data_{name}": value for name, value in told.items()})


def _progress(seen: SweepView) -> Html | None:
    if not seen.priced.asked:
        return None
    made, live, failed = seen.count("made", "removed"), seen.live, seen.count("failed", "refused", "cancelled")
    undecided = seen.count("undecided")
    asked = made + live + failed + undecided
    bar = tag(
        "div",
        tag("span", style=f"--done:{round(100 * (asked - live) / max(asked, 1))}%"),
        class_="bar",
        role="progressbar",
        **_values(asked - live, asked),
    )
    words = f"{made} of {asked} made" + (f" · {live} on their way" if live else "") + (f" · {failed} not made" if failed else "")
    going = live + seen.live_unplanned
    stop = button(f"Cancel the other {going}", "cancel-sweep", look="plain", symbol="close", off=barred(Role.MAKE, "making")) if going else None
    again = _again(seen, failed)
    lost = tag("a", f"{undecided} needing a decision", href=ways.to("queue", show="undecided"), data_go=True) if undecided else None
    press = tag("div", stop, again, lost, class_="buttons") if stop or again or lost else None
    about = tag("p", words, class_="small", role="status")
    return tag("section", about, bar if live else None, _next(seen), press, class_="card sweep-progress", id="progress")


def _next(seen: SweepView) -> Html | None:
    """Say what comes after the last cell."""
    if seen.live or seen.count("made") < 2:
        return None
    return tag("p", "Now judge: open a cell and give it stars, or look at two at a time with Judge blind, below.", class_="small")


def _values(now: int, whole: int) -> dict[str, int | str]:
    return {"aria_valuenow": now, "aria_valuemin": 0, "aria_valuemax": whole, "aria_label": "Cells that have ended"}


def _again(seen: SweepView, failed: int) -> Html | None:
    if not failed or seen.live:
        return None
    cost = sweep_runs.price_of_retrying(place(), sweep_runs.failures(place(), seen.sweep.id))
    press = button(
        f"Retry {failed} · {dollars(cost)}", "retry-failures", look="plain", symbol="refresh", off=barred(Role.MAKE, "making"), price=str(cost)
    )
    return join(press, pieces.budget_says(purse.room_for_many(cost, failed, FEATURE, seen.sweep.id)))
