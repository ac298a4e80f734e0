"""The switch for trouble, and how well worker and provider are."""

from pages.parts import forms, pieces
from pages.parts.here import health, me
from pages.parts.markup import Html, tag
from pages.parts.pieces import button, icon
from pipeline.errors import without_commands
from pipeline.processes.health import Part
from pipeline.records import Role, moment
from pipeline.studio.queue import QueueView, SweepLine
from pipeline.studio.switches import LONGEST_NOTE
from pipeline.turns import Pause

ALWAYS = ("worker", "sandbox", "provider", "fal")
MEANS = "What is at the provider already goes on to its end. Whatever waits keeps its place and its money, and goes on when purchases are resumed."


def switch(pause: Pause | None) -> Html | None:
    """Draw the button that pauses purchases, with the dialog that asks why; nothing while they are paused."""
    if pause is not None:
        return None
    open_ = forms.opener("Pause new purchases", "pause", symbol="pause_circle", off=_not_switching())
    if _not_switching():
        return open_
    why = forms.field("Why?", "note", maxlength=LONGEST_NOTE, placeholder="The provider bills twice; asked their support", autocomplete="off")
    asked = forms.form("pause", "pause-form", tag("p", MEANS), why, forms.buttons(forms.submit("Pause new purchases", symbol="pause_circle")))
    return tag("div", open_, forms.dialog("pause", "Pause new purchases", asked))


def card(view: QueueView) -> Html | None:
    """Show large that purchases are paused: by whom, since when, why, and the way on."""
    pause = view.pause
    if pause is None:
        return None
    at = moment(pause.at)
    since = tag("p", f"By {pieces.short(pause.person)}, {pieces.ago(pause.at)} ({at.day} {at:%B, %H:%M} UTC). {_held_up(view)}")
    why = tag("p", f"“{pause.note}”", class_="why-paused", dir="auto") if pause.note else None
    words = tag("div", tag("h2", "Purchases are paused"), why, since, tag("p", MEANS, class_="small"))
    on = button("Resume", "resume", symbol="play_circle", look="primary", off=_not_switching())
    return tag("section", icon("pause_circle"), words, on, class_="card paused", id="pause-card")


def _held_up(view: QueueView) -> str:
    count, one, many = view.sizes.waiting, "run", "runs"
    if any(isinstance(waiting, SweepLine) for waiting in view.waiting):
        one, many = "sweep", "runs and sweeps"
    return {0: "Nothing waits for it.", 1: f"One {one} waits for it."}.get(count, f"{count:,} {many} wait for it.")


def _not_switching() -> str | None:
    return None if Role.ADMIN in me().roles else "Ask somebody with the role admin to pause or resume purchases."


def well() -> Html:
    """Say how worker and provider are, and whatever else is not well, with its remedy."""
    shown = [part for part in health() if part.name in ALWAYS or not part.ok]
    return tag("ul", *(_part(part) for part in shown), class_="well", aria_label="Health")


def _part(part: Part) -> Html:
    words = part.say if part.ok else f"{part.say} {without_commands(part.remedy)}"
    return tag("li", icon("check_circle" if part.ok else "error"), tag("b", part.title), tag("span", words), class_="good" if part.ok else "bad")
