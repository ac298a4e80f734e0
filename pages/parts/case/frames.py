"""One picture of a slot, large: what was made or is being made, how it stands, and everything that is decided about it."""

from pages.parts import judging, pieces, ways
from pages.parts.comments import address, badge
from pages.parts.markup import Html, join, tag
from pages.parts.pair import pair
from pages.parts.pieces import barred, icon
from pipeline.records import Asset, Decision, Role, RunKind
from pipeline.studio.casebook import CaseView
from pipeline.studio.seen import Seen

IDS = {RunKind.AVATAR: "the-avatar", RunKind.CLIP: "the-clip"}


def frames_of(seen: CaseView, kind: RunKind) -> tuple[Seen, ...]:
    """Return what a slot shows, in the order in which it was asked for: what is current, what waits for a decision, what is being made."""
    current = seen.avatar if kind is RunKind.AVATAR else seen.clip
    here = [one for one in (*seen.candidates, *seen.running) if one.run.kind is kind]
    known = {one.run.id: one for one in (*([current] if current and current.made else []), *here)}
    return tuple(sorted(known.values(), key=lambda one: (one.run.asked_at, one.run.id)))


def first_of(seen: CaseView, frames: tuple[Seen, ...]) -> Seen | None:
    """Return what a slot shows at first: the newest that waits for a decision, else what is being made, else what is current."""
    waiting = [one for one in frames if one.run.id in _ids(seen.candidates)]
    making = [one for one in frames if one.run.id in _ids(seen.running)]
    return next((some[-1] for some in (waiting, making, list(frames)) if some), None)


def _ids(some: tuple[Seen, ...]) -> set[str]:
    return {one.run.id for one in some}


def frame(seen: CaseView, one: Seen, place: str, *, first: bool) -> Html:
    """Draw one picture with its verdict; `place` says which of how many it is."""
    waits = one.run.id in _ids(seen.candidates)
    body = _made(seen, one, one.made, place, waits) if one.made is not None else _making(one, place)
    about = {"data_frame": one.run.id, "data_first": first or None, "data_waits": waits or None, "data_made": one.made is not None or None}
    return tag("article", *body, class_="framed", id=f"frame-{one.run.id}", **about)


def more(seen: CaseView, one: Seen) -> Html | None:
    """Draw what stands below the filmstrip while this picture is framed."""
    waits = one.run.id in _ids(seen.candidates)
    return tag("div", judging.more(seen, one), class_="framed", id=f"more-{one.run.id}", data_more=one.run.id) if waits else None


def pick(seen: CaseView, one: Seen, place: str) -> Html:
    """Draw a picture of the filmstrip, which frames it."""
    mark = "check_circle" if one.run.id not in _ids(seen.candidates) and one.made else "progress_activity" if one.made is None else None
    label = f"{pieces.what(one.run)}, {place}"
    shown = pieces.picture(one.picture or one.source, "", lazy=True)
    mark_ = tag("span", icon(mark), class_="corner") if mark else None
    said = badge.corner(_open(one.made)) if one.made is not None else None
    return tag(
        "button", shown, mark_, said, type="button", class_="pick-one", id=f"pick-{one.run.id}", data_shows=one.run.id, aria_label=label, title=label
    )


def _made(seen: CaseView, one: Seen, made: Asset, place: str, waits: bool) -> tuple[Html | None, ...]:
    facts = " · ".join(filter(None, (place, pieces.settings_of(one.run), pieces.cost(one), one.run.person, _when(one))))
    measured = tag("span", _measured(one, made), class_="measured")
    verdict = judging.decide(one) if waits else _standing(seen, one)
    state = pieces.state_of(one) if waits and one.decision else None
    return (
        _shot(seen, one, made, waits),
        tag("div", verdict, state, measured, class_="verdict-bar"),
        tag("div", tag("p", facts, class_="small facts-line"), talked(made), class_="facts-bar"),
    )


def talked(asset: Asset) -> Html:
    """Draw the way to the comments of a picture of a case."""
    return badge.way_in(_open(asset), address.of_case(asset.scope, asset.sha256), asset.sha256)


def _open(asset: Asset) -> int:
    return badge.counts_in(asset.scope).get((asset.scope, asset.sha256), 0)


def _when(one: Seen) -> str:
    return pieces.ago(one.run.ended_at or one.run.asked_at)


def _measured(one: Seen, made: Asset) -> str:
    return (pieces.likeness(one) or "") if one.run.kind is RunKind.AVATAR else pieces.clip_facts(made)


def _shot(seen: CaseView, one: Seen, made: Asset, waits: bool) -> Html:
    own_id = None if waits else IDS[one.run.kind]
    if one.run.kind is RunKind.CLIP:
        film = pieces.clip(made, one.picture, pieces.alt_of(one), id_=own_id or f"film-{one.run.id}", preload="metadata")
        return tag("div", film, class_="film shot")
    photo = pair(f"pair-{one.run.id}", ("Photo", one.source), ("Candidate" if waits else "Avatar", made), right_id=own_id)
    now = seen.avatar.made if seen.avatar and waits else None
    if now is None:
        return tag("div", photo, class_="shot")
    beside = pair(f"now-{one.run.id}", ("Current", now), ("Candidate", made), first="beside")
    return join(tag("div", photo, class_="shot"), tag("details", tag("summary", "Beside the current avatar"), beside, class_="beside-now"))


def _standing(seen: CaseView, one: Seen) -> Html:
    """Show that this is approved, with the way back."""
    back = judging.withdraw(Decision.APPROVED, is_shown(seen, one), barred(Role.APPROVE, "deciding"), run=one.run.id)
    return tag("div", pieces.state_of(one), _published(seen, one), back, class_="buttons")


def _published(seen: CaseView, one: Seen) -> Html:
    """Say whether guests see this, and lead to where that is decided."""
    symbol, words = ("public", "Guests see it") if is_shown(seen, one) else ("public_off", "Publish")
    return tag("a", icon(symbol), words, href=ways.to("publish", case=seen.case.id), data_go=True, class_="linklike")


def is_shown(seen: CaseView, one: Seen | None) -> bool:
    """Tell whether guests see what this run made."""
    return one is not None and one.made is not None and any(publication.asset == one.made.sha256 for publication in seen.live.values())


def _making(one: Seen, place: str) -> tuple[Html, ...]:
    symbol = "brush" if one.run.kind is RunKind.AVATAR else "animation"
    shot = tag("div", tag("div", pieces.picture(one.source, ""), icon(symbol), class_="making zoomed"), class_="shot")
    facts = " · ".join(filter(None, (place, pieces.settings_of(one.run), pieces.cost(one), f"asked by {one.run.person}")))
    return shot, pieces.progress(one), tag("div", tag("p", facts, class_="small facts-line"), pieces.cancel(one), class_="verdict-bar")
