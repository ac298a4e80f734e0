"""One case on one page: photo, avatar and clip side by side, what can be done next and for how much, and everything that was tried."""

from pages.parts import attempts, forms, judging, making, pieces, ways
from pages.parts.case import reply, trouble
from pages.parts.here import me
from pages.parts.markup import Html, tag
from pages.parts.pieces import button, icon
from pipeline.records import Asset, Plan, Role, RunKind
from pipeline.studio.casebook import CaseView
from pipeline.studio.seen import Seen

PLANS = {Plan.PREMIUM: "premium", Plan.FREE: "free tier"}


def draw(seen: CaseView) -> Html:
    """Draw the case."""
    return tag(
        "div",
        _head(seen),
        trouble.section(seen),
        tag("section", tag("div", _photo(seen), _arrow(), _avatar(seen), _arrow(), _clip(seen), class_="stations"), class_="card stations-card"),
        _now(seen),
        judging.section(seen),
        tag("div", making.section(seen), reply.section(seen), class_="work"),
        attempts.section(seen),
        class_="stack casefile",
    )


def gone(case_id: str) -> Html:
    """Say that there is no such case."""
    words = f"There is no case “{pieces.short(case_id)}”, or it was opened in another mode."
    return pieces.friendly("folder_off", "This case is not here", words, tag("a", "Look through all cases", href=ways.to("cases"), data_go=True))


def _head(seen: CaseView) -> Html:
    case = seen.case
    back = tag("a", icon("arrow_back"), "Cases", href=ways.to("cases"), data_go=True, class_="back")
    facts = f"#{pieces.short(case.id, 60)} · {PLANS[case.plan]} · owner {pieces.short(case.owner, 60)}"
    name = tag("div", tag("h1", case.name, dir="auto"), tag("p", facts, class_="small"))
    return tag("header", back, tag("div", name, _left(seen), class_="title"), class_="case-head")


def _left(seen: CaseView) -> Html:
    standing = seen.attempts
    flight = f", {standing.in_flight} under way" if standing.in_flight else ""
    words = tag("span", tag("b", f"{standing.left} of {standing.allowed} left"), tag("span", f"{flight} · failures are free", class_="small"))
    more = forms.opener("Grant more", "grant", look="quiet") if Role.ADMIN in me().roles else None
    return tag("div", words, more, _grant(seen), class_="left")


def _grant(seen: CaseView) -> Html:
    number = forms.field("Extra attempts", "attempts", type="number", value=2, min=1, max=20, required=True)
    why = forms.field("Reason", "reason", required=True, maxlength=500, placeholder="Two photos had to be replaced")
    fields = (tag("div", number, why, class_="row"), forms.buttons(forms.submit("Grant")))
    given = [tag("li", f"{one.attempts} more by {one.person}, {pieces.ago(one.at)}: {one.reason}") for one in seen.grants]
    asked = forms.form("grant", f"grant-{len(seen.grants)}", *fields)
    return forms.dialog("grant", "Grant extra attempts", asked, tag("ul", *given, class_="small"))


def _arrow() -> Html:
    return tag("span", icon("arrow_forward"), class_="arrow", aria_hidden="true")


def _station(name: str, picture: Html, *below: Html | None, state: str = "") -> Html:
    return tag("div", tag("h2", name), tag("div", picture, class_="frame"), tag("div", *below, class_="below"), class_=f"station {state}", id=name)


def _photo(seen: CaseView) -> Html:
    if seen.photo is None:
        add = button("Add a photo", "photo", symbol="add_a_photo", look="primary", off=_no_photo(seen))
        why = tag("p", _no_photo(seen), class_="small") if _no_photo(seen) else None
        return _station("Photo", pieces.empty("add_a_photo", "Facing the camera, good light, faces large"), add, why, state="next")
    words = {0: "No face found", 1: "One face"}.get(seen.faces or 0, f"{seen.faces} faces")
    advice = [tag("p", icon("lightbulb"), tag("span", say), class_="advice") for say in seen.advice]
    swap = button("Replace", "photo", symbol="swap_horiz", look="quiet", off=_no_photo(seen))
    facts = tag("p", f"{words} · {seen.photo.width_px} × {seen.photo.height_px}", class_="small")
    image = pieces.picture(seen.photo, f"Photo of {pieces.short(seen.case.name)}", id_="the-photo", whole=True)
    return _station("Photo", image, facts, *advice, swap)


def _no_photo(seen: CaseView) -> str | None:
    if seen.case.plan is not Plan.PREMIUM:
        return "Living portraits are part of the premium plan."
    return None if Role.MAKE in me().roles else "Your role does not allow making."


def _avatar(seen: CaseView) -> Html:
    one = seen.avatar
    if one is None or one.picture is None:
        words = "A candidate waits below for a decision" if seen.candidates else "A stylised portrait that still looks like them"
        return _station("Avatar", pieces.empty("brush", words), state="next" if seen.photo else "")
    image = pieces.picture(one.picture, pieces.alt_of(one), id_="the-avatar")
    facts = tag("p", " · ".join(filter(None, (pieces.style_of(one.run), pieces.likeness(one)))), class_="small")
    return _station("Avatar", image, facts, _standing(seen, one))


def _clip(seen: CaseView) -> Html:
    one = seen.clip
    if one is None or one.made is None:
        words = "The clip belonged to the old avatar: make a new one?" if seen.older_clip else "A short loop for the invitation"
        return _station("Living portrait", pieces.empty("animation", words), state="next" if seen.avatar else "")
    film = pieces.clip(one.made, one.picture, pieces.alt_of(one), id_="the-clip")
    return _station("Living portrait", film, tag("p", pieces.clip_facts(one.made), class_="small"), _standing(seen, one))


def _standing(seen: CaseView, one: Seen) -> Html:
    """Show that this is approved, with the way back."""
    back = judging.withdraw(_is_shown(seen, one), _not_deciding(), run=one.run.id)
    return tag("div", pieces.state_of(one), _published(seen, one), back, class_="buttons")


def _published(seen: CaseView, one: Seen) -> Html:
    """Say whether guests see this, and lead to where that is decided."""
    symbol, words = ("public", "Guests see it") if _is_shown(seen, one) else ("public_off", "Publish")
    return tag("a", icon(symbol), words, href=ways.to("publish", case=seen.case.id), data_go=True, class_="linklike")


def _not_deciding() -> str | None:
    return None if Role.APPROVE in me().roles else "Your role does not allow deciding."


def _now(seen: CaseView) -> Html | None:
    if not seen.running:
        return None
    rows = [_running(one) for one in seen.running]
    return tag("section", tag("h2", "Now"), tag("ul", *rows, class_="rows card"), id="now")


def _running(one: Seen) -> Html:
    who = tag("p", tag("b", pieces.what(one.run)), tag("span", f"asked by {one.run.person}"))
    stop = tag("span", "Cancelling", class_="small") if one.run.cancel_asked_at else button("Cancel", "cancel", look="quiet", run=one.run.id)
    held = tag("span", f"{pieces.cost(one)}", class_="small")
    return tag("li", pieces.thumb(one), tag("div", who, pieces.progress(one), class_="about"), held, stop, id=f"run-{one.run.id}")


def _is_shown(seen: CaseView, one: Seen | None) -> bool:
    return one is not None and one.made is not None and any(publication.asset == one.made.sha256 for publication in seen.live.values())


def goes_with_the_photo(seen: CaseView) -> tuple[tuple[str, Asset], ...]:
    """Name and show what a new photo takes away from the case."""
    current = (("the approved avatar", seen.avatar), ("the approved clip", seen.clip))
    going = [(f"{words}, which guests see now" if _is_shown(seen, one) else words, one.picture) for words, one in current if one]
    waiting = [(f"{'an avatar' if one.run.kind is RunKind.AVATAR else 'a clip'} that waits for a decision", one.picture) for one in seen.candidates]
    return tuple((words, asset) for words, asset in (*going, *waiting) if asset is not None)
