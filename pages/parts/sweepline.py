"""A sweep as one line: on Home, in the Queue, in the menu of what runs."""

from pages.parts import pieces, ways
from pages.parts.markup import Child, Html, tag
from pages.parts.pieces import badge, button, icon
from pipeline.records import Person, Role, dollars
from pipeline.studio.seen import Seen
from pipeline.studio.sweeplines import SweepLine

MADE = {True: "clips", False: "pictures"}


def link(sweep_id: str | None, name: str, word: str = "Sweep") -> Html:
    """Name a sweep, and lead to it."""
    return tag("a", tag("b", f"{word} {pieces.short(name)}", dir="auto"), href=ways.to("compare", sweep=sweep_id), data_go=True, class_="case-name")


def whose(seen: Seen) -> Html:
    """Name what a run is for and lead there: the sweep that it is a cell of, else its case."""
    return link(seen.run.sweep, seen.sweep) if seen.sweep is not None else pieces.case_link(seen.case)


def spoken(one: SweepLine) -> str:
    """Say in words how far a sweep is.

    A screen reader hears it at every cell that ends.
    """
    return f"Sweep {pieces.short(one.name)}: {one.ended} of {one.cells}"


def progress(one: SweepLine, instead: str | None = None) -> Html:
    """Show how much of a sweep has ended, and what the cell that is furthest on says, or other words instead."""
    bar = tag("i", style=f"--done:{round(100 * one.ended / one.cells)}%")
    values = {"aria_valuemin": 0, "aria_valuemax": one.cells, "aria_valuenow": one.ended}
    words = tag("span", "Cancelling" if one.stopping else instead or one.words, class_="doing")
    count = tag("span", f"{one.ended:,} of {one.cells:,}", class_="small of-all")
    return tag(
        "div",
        tag("div", words, count, class_="line"),
        tag("div", bar, class_="bar", role="progressbar", aria_label=spoken(one), **values),
        class_="progress",
    )


def stop(one: SweepLine, own: Person) -> Html:
    """Draw the button that cancels what is left of a sweep, or say that it is being cancelled."""
    if one.stopping:
        return tag("span", "Cancelling", class_="small")
    off = None if Role.MAKE in own.roles else "Your role does not allow cancelling."
    return button("Cancel", "cancel-sweep", look="quiet", label=f"Cancel the rest of sweep {pieces.short(one.name)}", off=off, sweep=one.id)


def home_row(one: SweepLine, own: Person) -> Html:
    """Draw a sweep that has not ended, on Home."""
    about = tag("div", tag("p", link(one.id, one.name), tag("span", _what(one))), progress(one), class_="about")
    return tag("li", _still(one), about, stop(one, own), id=f"sweep-{one.id}")


def live_row(one: SweepLine, own: Person, instead: str | None = None) -> Html:
    """Draw a sweep that runs or waits, with other words instead of its own if given."""
    failed = f" · {one.failed} failed" if one.failed else None
    facts = tag("p", _cost(one), failed, class_="small")
    return _row(one, stop(one, own), progress(one, instead), facts)


def failed_row(one: SweepLine) -> Html:
    """Draw the cells of a sweep that failed: how many, and what the newest failure says."""
    words = f"{one.failed:,} of {one.cells:,} {_made(one)} failed"
    return _row(one, _open(one), tag("p", words, class_="what-failed"), tag("p", one.trouble, class_="small"), mark="failed-")


def done_row(one: SweepLine) -> Html:
    """Draw a sweep that has ended."""
    when = pieces.ago(one.ended_at or one.asked_at)
    facts = tag("p", f"{one.made:,} of {one.cells:,} {_made(one)} made · {_cost(one)} · {when}", class_="small")
    return _row(one, tag("div", badge("task_alt", "Done", "quiet"), _open(one), class_="acts"), facts)


def menu_row(one: SweepLine, own: Person) -> Html:
    """Draw a sweep in the menu of what runs."""
    return tag("li", link(one.id, one.name), progress(one), stop(one, own), id=f"menu-sweep-{one.id}")


def _row(one: SweepLine, acts: Html, *about: Child, mark: str = "") -> Html:
    who = tag("p", link(one.id, one.name), _what(one), class_="named")
    top = tag("div", who, acts, class_="top")
    return tag("li", _still(one), tag("div", top, *about, class_="about"), id=f"{mark}sweep-{one.id}")


def _still(one: SweepLine) -> Html:
    return tag("span", pieces.picture(one.source, "", lazy=True), tag("span", icon("grid_view"), class_="corner"), class_="thumb")


def _what(one: SweepLine) -> Html:
    return tag("span", f"{one.cells:,} {_made(one)} · ", tag("span", pieces.short(one.person, 40), dir="auto"))


def _made(one: SweepLine) -> str:
    return MADE[one.kind == "clip"]


def _cost(one: SweepLine) -> str:
    held = f", {dollars(one.held_micro_usd)} held" if one.held_micro_usd else ""
    return f"{dollars(one.charged_micro_usd)} spent{held}"


def _open(one: SweepLine) -> Html:
    label = f"Open sweep {pieces.short(one.name)}"
    return tag("a", "Open", href=ways.to("compare", sweep=one.id), data_go=True, aria_label=label, class_="linklike")
