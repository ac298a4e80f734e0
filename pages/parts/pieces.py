"""Pictures, states, progress and prices: the pieces screens are made of."""

import time
from functools import lru_cache

from pages.parts import purse, ways
from pages.parts.here import me, place
from pages.parts.markup import Child, Html, join, tag
from pipeline.errors import Fault, StudioError
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Case, Decision, Role, Run, RunKind, dollars, seconds_since
from pipeline.studio import portraits, presets, undecided
from pipeline.studio.requests import failure_of
from pipeline.studio.room import Room
from pipeline.studio.run_standing import RunStanding, standing_of
from pipeline.studio.seen import Seen
from pipeline.wording import counted

LINK_SECONDS = 3600
ACCEPTED, WAITED = 10, 80  # a run's progress in percent once the provider has the request, and when it is done with it
KINDS = {RunKind.AVATAR: "Avatar", RunKind.CLIP: "Clip"}
STANDINGS = {
    RunStanding.WAITING: ("schedule", "Waiting", "quiet"),
    RunStanding.WORKING: ("progress_activity", "Working", "quiet"),
    RunStanding.CANCELLING: ("cancel", "Cancelling", "quiet"),
    RunStanding.UNDECIDED: ("help", "Needs a decision", "bad"),
    RunStanding.NOT_KNOWN: ("help", "Being looked up", "quiet"),
    RunStanding.TO_REVIEW: ("visibility", "To review", "ask"),
    RunStanding.APPROVED: ("check_circle", "Approved", "good"),
    RunStanding.REJECTED: ("thumb_down", "Rejected", "quiet"),
    RunStanding.WITHDRAWN: ("undo", "Decision withdrawn", "quiet"),
    RunStanding.REPLACED: ("history", "Replaced", "quiet"),
    RunStanding.CELL: ("grid_view", "Of a sweep", "quiet"),
    RunStanding.REMOVED: ("delete", "Removed", "quiet"),
    RunStanding.PARTLY: ("rule", "Partly done", "quiet"),
    RunStanding.FAILED: ("error", "Failed", "bad"),
    RunStanding.CANCELLED: ("cancel", "Cancelled", "quiet"),
}
FAULTS = {
    Fault.YOURS: "Something about the input",
    Fault.OURS: "Our fault",
    Fault.PROVIDER: "The provider’s fault",
    Fault.NOBODY: "Nobody’s fault",
}
DECISIONS = {
    Decision.APPROVED: ("check_circle", "Approved", "good"),
    Decision.REJECTED: ("thumb_down", "Rejected", "quiet"),
    Decision.WITHDRAWN: ("undo", "Decision withdrawn", "quiet"),
}


def address(asset: Asset) -> str:
    """Return a signed address of a stored file, the same for a quarter of an hour so that the browser keeps its copy."""
    return _address(str(place().settings.folder), asset.key, int(time.time() / (LINK_SECONDS / 4)))


@lru_cache(maxsize=4096)
def _address(folder: str, key: str, quarter: int) -> str:  # noqa: ARG001 - what tells one address from another
    return place().store.signed_url(key, seconds=LINK_SECONDS)


def icon(name: str) -> Html:
    """Draw a Material symbol that screen readers skip."""
    return tag("span", name, class_="icon", aria_hidden="true")


def picture(asset: Asset, alt: str, *, id_: str | None = None, lazy: bool = False, whole: bool = False) -> Html:
    """Show a stored picture; `whole` shows all of it instead of filling its frame. What was removed leaves an empty place."""
    if asset.removed_at:
        return tag("span", icon("hide_image"), class_="removed-picture", role="img", aria_label=f"{alt}: removed", title="Removed")
    size = {"width": asset.width_px, "height": asset.height_px}
    look = "whole" if whole else None
    return tag("img", id=id_, src=address(asset), alt=alt, loading="lazy" if lazy else None, decoding="async", class_=look, **size)


def clip(asset: Asset, poster: Asset | None, alt: str, *, id_: str, preload: str = "auto") -> Html:
    """Show a clip that loops without sound."""
    shown = {"src": address(asset), "poster": address(poster) if poster else None, "aria_label": alt}
    return tag("video", id=id_, loop=True, muted=True, playsinline=True, preload=preload, data_loops=True, **shown)


def button(
    words: Child, do: str, *, symbol: str | None = None, look: str = "plain", label: str | None = None, off: str | None = None, **what: str
) -> Html:
    """Draw a button whose press is told to Python with what it is about; `look` is primary, plain or quiet.

    `label` names it to those who only hear it; `off` is the reason why it cannot be pressed.
    """
    about = {f"data_{name}": value for name, value in what.items()}
    shown = (icon(symbol) if symbol else None, tag("span", words))
    return tag("button", *shown, type="button", class_=look, data_do=do, aria_label=label, disabled=off is not None, title=off, **about)


def barred(role: Role, doing: str) -> str | None:
    """Say why the person working here may not do this; None when they may."""
    return None if role in me().roles else f"Your role does not allow {doing}."


def buys(words: Child, do: str, room: Room, *, symbol: str | None = None, look: str = "plain", **what: str) -> Html:
    """Draw a button that costs money: where a budget leaves no room it cannot be pressed, and beside it stands which and who may change that."""
    off = barred(Role.MAKE, "making")
    return join(button(words, do, symbol=symbol, look=look, off=off or room.words, **what), None if off else budget_says(room))


def budget_says(room: Room) -> Html | None:
    """Say why a budget leaves no room, or what soft ones remark; nothing where there is nothing to say."""
    said = room.words or " ".join(room.warnings)
    return tag("span", icon("info"), tag("span", said), class_="why") if said else None


def animate(seen: Seen, words: str, look: str) -> Html:
    """Draw the button that makes a clip of an avatar; its number makes two presses one wish."""
    room = purse.room_for(_clip_micro_usd(), seen.case.id)
    return buys(words, "animate", room, look=look, run=seen.run.id, number=str(seen.next_clip))


def retry(seen: Seen, words: str = "Retry", look: str = "plain") -> Html:
    """Draw the button that tries a run again with what that would cost now, or why it cannot be; a lost request leads to its decision instead."""
    if seen.unsettled is not None:
        return to_decision(seen)
    if why := purse.no_retry(seen.run):
        return tag("span", icon("info"), tag("span", why), class_="why")
    price = dollars(seen.again_micro_usd) if seen.again_micro_usd else "free"
    room = purse.room_to_retry(seen.run, seen.again_micro_usd)
    return buys(f"{words} · {price}", "retry", room, symbol="refresh", look=look, run=seen.run.id)


def to_decision(seen: Seen) -> Html:
    """Lead to where somebody decides about a run's lost request, or say that it is still being looked up."""
    if standing_of(seen) is not RunStanding.UNDECIDED:
        return tag("span", icon("info"), tag("span", "What became of it is being looked up; nothing is bought again meanwhile."), class_="why")
    words = "Decide" if Role.MONEY in me().roles else "Look at it"
    return tag("a", words, href=ways.to("queue", run=seen.run.id), data_go=True, class_="linklike")


def cancel(seen: Seen) -> Html:
    """Draw the button that cancels a run, or say that it is being cancelled."""
    if seen.run.cancel_asked_at:
        return tag("span", "Cancelling", class_="small")
    label = f"Cancel {what(seen.run)} of {short(seen.case.name)}"
    return button("Cancel", "cancel", look="quiet", label=label, off=barred(Role.MAKE, "cancelling"), run=seen.run.id)


def sample(words: Child, do: str, number: int, look: str = "plain") -> Html:
    """Draw a button that makes an avatar with the settings that support begins with."""
    return buys(words, do, purse.room_for(_avatar_micro_usd()), look=look, number=str(number))


def price_of_avatar() -> str:
    """Return what an avatar with the settings that support begins with costs."""
    return dollars(_avatar_micro_usd())


def price_of_clip() -> str:
    """Return what a clip with the settings that support begins with costs."""
    return dollars(_clip_micro_usd())


def _avatar_micro_usd() -> int:
    return portraits.price_avatar(place(), presets.avatar_wish(place())).micro_usd


def _clip_micro_usd() -> int:
    return portraits.price_clip(place(), presets.clip_wish(place())).micro_usd


def badge(symbol: str, words: Child, look: str = "quiet") -> Html:
    """Draw a state: symbol and word, never colour alone."""
    return tag("span", icon(symbol), tag("span", words), class_=f"badge {look}")


def state_of(seen: Seen) -> Html:
    """Say where a run stands, or what was decided about what it made."""
    return badge(*STANDINGS[standing_of(seen)])


def what(run: Run) -> str:
    """Name what a run makes: its kind, and for an avatar its style."""
    style = style_of(run)
    return f"{KINDS[run.kind]} · {style}" if run.kind is RunKind.AVATAR and style else KINDS[run.kind]


def style_name(run: Run) -> str:
    """Return the short name of a run's style or motion, without its version."""
    return str(run.settings.get("style", "")).partition("@")[0]


def style_of(run: Run) -> str:
    """Name a run's style or motion as people know it."""
    return style_name(run).capitalize()


def settings_of(run: Run) -> str:
    """Say in one line how something was made: style or motion, strength, seed."""
    strength = run.settings.get("parameters", {}).get("strength")
    seed = run.settings.get("seed")
    parts = (style_of(run), f"strength {strength:.2f}" if strength is not None else None, f"seed {seed}" if seed is not None else None)
    return " · ".join(filter(None, parts))


def clip_facts(clip: Asset) -> str:
    """Say how long and how heavy a clip is."""
    return f"{clip.seconds or 0:.1f} s · {clip.width_px} × {clip.height_px} · {clip.bytes / 1e6:.1f} MB"


def empty(symbol: str, words: str) -> Html:
    """Hold the place of a picture that is not there yet."""
    return tag("div", icon(symbol), tag("span", words), class_="empty")


def alt_of(seen: Seen) -> str:
    """Describe a run's picture to people who do not see it."""
    return f"{KINDS[seen.run.kind]} of {seen.case.name}" if seen.picture else f"Photo of {seen.case.name}"


def thumb(seen: Seen) -> Html:
    """Show a run's picture, or what it is made from."""
    shown = seen.picture or seen.source
    badge_ = tag("span", icon("play_arrow"), "Clip", class_="corner") if shown.kind is AssetKind.POSTER else None
    return tag("span", picture(shown, alt_of(seen), lazy=True), badge_, class_="thumb")


def progress(seen: Seen) -> Html:
    """Show how far a run is: stage, time passed of the time expected, and a bar with its value."""
    run = seen.run
    done = round(run.progress * 100)
    goes_on = {"data_began": run.started_at, "data_about": round(seen.expected_seconds or 0, 1), "data_low": done, "data_high": WAITED}
    moving = goes_on if run.started_at and seen.expected_seconds and ACCEPTED <= done < WAITED else {}
    bar = tag("i", style=f"--done:{done}%")
    label = f"{what(run)} of {seen.case.name}: {run.stage}"
    return tag(
        "div",
        tag("div", tag("span", run.stage, class_="doing"), elapsed(seen), class_="line"),
        tag("div", bar, class_="bar", role="progressbar", aria_label=label, aria_valuemin=0, aria_valuemax=100, aria_valuenow=done, **moving),
        class_="progress",
    )


def elapsed(seen: Seen) -> Html:
    """Show a clock of the time since work began, and the time it usually takes."""
    about = f"{seen.expected_seconds:.0f}" if seen.expected_seconds and seen.expected_seconds >= 1 and seen.run.started_at else None
    return tag("span", class_="clock", data_since=seen.run.started_at or seen.run.asked_at, data_about=about)


def failure(seen: Seen) -> Html:
    """Say what went wrong with a run, whose fault it was, whether it was charged, and what to do next."""
    if seen.unsettled is not None:
        held = f"{dollars(seen.unsettled.hold_micro_usd)} is held for it."
        return tag("p", tag("span", undecided.happened(seen.unsettled)), tag("span", held, class_="facts"), class_="failure")
    error = failure_of(seen.run) or StudioError()
    facts = " · ".join((FAULTS[error.fault], cost(seen)))
    return tag("p", tag("span", error.say), tag("span", facts, class_="facts"), tag("span", error.next_on_screen), class_="failure")


def likeness(seen: Seen) -> str | None:
    """Say how much an avatar resembles the photo, the face least alike counting; None for clips."""
    if seen.likeness is None:
        return None
    if seen.likeness["score"] is None:
        return "Likeness not measurable"
    return f"Likeness {seen.likeness['score']:.2f}, {seen.likeness['band'].replace('_', ' ')}"


def cost(seen: Seen) -> str:
    """Say what a run cost."""
    if seen.reused:
        return "re-used, free"
    if seen.charged_micro_usd:
        return dollars(seen.charged_micro_usd)
    return f"{dollars(seen.held_micro_usd)} held" if seen.held_micro_usd else "not charged"


def ago(moment: str) -> str:
    """Say how long ago something was."""
    seconds = seconds_since(moment)
    for limit, unit, name in ((90, 0, "just now"), (5400, 60, "min"), (129600, 3600, "h")):
        if seconds < limit:
            return name if not unit else f"{round(seconds / unit)} {name} ago"
    return f"{counted(round(seconds / 86400), 'day')} ago"


def case_link(case: Case) -> Html:
    """Name a case, and lead to it; the studio's own test photos are at Compare."""
    to = ways.to("compare") if case.id == STUDIO_SCOPE else ways.to("cases", case=case.id)
    return tag("a", tag("b", short(case.name), dir="auto"), href=to, data_go=True, class_="case-name")


def short(words: str, letters: int = 80) -> str:
    """Cut what somebody wrote to so many letters."""
    return words if len(words) <= letters else words[: letters - 1] + "…"


def pager(number: int, size: int, total: int, screen: str, **query: str | int | None) -> Html | None:
    """Lead to the pages before and after this one, if there are any."""
    pages = -(-total // size)
    if pages <= 1:
        return None
    back = tag("a", "Before", href=ways.to(screen, **query, page=number - 1), data_go=True, rel="prev") if number > 1 else None
    on = tag("a", "Next", href=ways.to(screen, **query, page=number + 1), data_go=True, rel="next") if number < pages else None
    return tag("nav", back, tag("span", f"Page {number} of {pages}"), on, class_="pager", aria_label="Pages")


def friendly(symbol: str, title: str, words: str, *more: Html) -> Html:
    """Say in a friendly way that there is nothing here, and where to go."""
    return tag("div", icon(symbol), tag("h1", title), tag("p", words), *more, class_="friendly")
