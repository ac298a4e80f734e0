"""The light table: photo, avatar and clip side by side; in a slot stands every picture made for it, one large, all in a filmstrip."""

from pages.parts import pieces
from pages.parts.case.frames import first_of, frame, frames_of, more, pick, talked
from pages.parts.here import me
from pages.parts.markup import Html, tag
from pages.parts.pieces import button, icon
from pipeline.records import Plan, Role, RunKind
from pipeline.studio.casebook import CaseView
from pipeline.wording import counted

TITLES = {RunKind.AVATAR: "Avatar", RunKind.CLIP: "Living portrait"}


def section(seen: CaseView) -> Html:
    """Draw the table; which slot and which picture are large belongs to the browser."""
    slots = (_photo(seen), _arrow(), _slot(seen, RunKind.AVATAR), _arrow(), _slot(seen, RunKind.CLIP))
    return tag("section", *slots, class_="card table", id="table", data_table=seen.case.id, data_slot=_large(seen).value, aria_label="Light table")


def _large(seen: CaseView) -> RunKind:
    """Return the slot that is worked on: that of the newest thing that waits or is being made, else the last one that has something."""
    newest = max((*seen.candidates, *seen.running), key=lambda one: one.run.asked_at, default=None)
    if newest is not None:
        return newest.run.kind
    return RunKind.CLIP if seen.clip is not None else RunKind.AVATAR


def _arrow() -> Html:
    return tag("span", icon("arrow_forward"), class_="arrow", aria_hidden="true")


def _slot(seen: CaseView, kind: RunKind) -> Html:
    frames = frames_of(seen, kind)
    if not frames:
        return tag("div", tag("h2", TITLES[kind]), _empty(seen, kind), class_="slot", id=f"slot-{kind.value}", data_of=kind.value)
    first, many = first_of(seen, frames), len(frames) > 1
    places = [f"{number} of {len(frames)}" if many else "" for number in range(1, len(frames) + 1)]
    drawn = [frame(seen, one, place, first=one is first) for one, place in zip(frames, places, strict=True)]
    strip = [pick(seen, one, place) for one, place in zip(frames, places, strict=True)]
    film = tag("div", *strip, class_="filmstrip", role="group", aria_label=f"Every {TITLES[kind].lower()}: arrow keys walk") if many else None
    told = tag("p", class_="told", role="status", data_own=True, id=f"told-{kind.value}")
    below = [more(seen, one) for one in frames]
    return tag("div", tag("h2", TITLES[kind]), *drawn, film, told, *below, class_="slot", id=f"slot-{kind.value}", data_of=kind.value)


def _empty(seen: CaseView, kind: RunKind) -> Html:
    symbol, words = ("brush", "A stylised portrait that still looks like them")
    if kind is RunKind.CLIP:
        symbol, words = "animation", "The clip belonged to the old avatar: make a new one?" if seen.older_clip else "A short loop for the invitation"
    return tag("div", tag("div", pieces.empty(symbol, words), class_="zoomed"), class_="shot")


def _photo(seen: CaseView) -> Html:
    if seen.photo is None:
        shot = tag("div", pieces.empty("add_a_photo", "Facing the camera, good light, faces large"), class_="zoomed")
        below: tuple[Html | None, ...] = (button("Add a photo", "photo", symbol="add_a_photo", off=no_photo(seen)), _why(seen))
    else:
        shot = tag("div", pieces.picture(seen.photo, f"Photo of {pieces.short(seen.case.name)}", id_="the-photo", whole=True), class_="zoomed")
        below = _about_photo(seen)
    return tag("div", tag("h2", "Photo"), tag("div", shot, class_="shot"), tag("div", *below, class_="below"), class_="slot", id="slot-photo")


def _about_photo(seen: CaseView) -> tuple[Html | None, ...]:
    photo = seen.photo
    words = {0: "No face found", 1: "One face"}.get(seen.faces or 0, f"{counted(seen.faces, 'face')}")
    facts = tag("p", f"{words} · {photo.width_px} × {photo.height_px}", class_="small") if photo else None
    advice = [tag("p", icon("lightbulb"), tag("span", say), class_="advice") for say in seen.advice]
    said = talked(photo) if photo else None
    return facts, *advice, said, button("Replace", "photo", symbol="swap_horiz", look="quiet", off=no_photo(seen)), _why(seen)


def _why(seen: CaseView) -> Html | None:
    why = no_photo(seen)
    return tag("p", why, class_="small") if why else None


def no_photo(seen: CaseView) -> str | None:
    """Say why whoever is here cannot give this case a photo; None when they can."""
    if seen.case.plan is not Plan.PREMIUM:
        return "Living portraits are part of the premium plan."
    return None if Role.MAKE in me().roles else "Your role does not allow making."
