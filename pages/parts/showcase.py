"""One case as its guests see it: the preview under chosen conditions, links to give away, what can be done, and the history."""

import streamlit as st

from pages.parts import evidence, farewell, forms, guestpage, pieces, ways
from pages.parts.markup import Html, tag
from pages.parts.pieces import barred, button, icon
from pipeline.errors import NotStored
from pipeline.guest import hero as heroes
from pipeline.publishing.publications import Publication, State
from pipeline.records import AssetKind, Role
from pipeline.studio.shopwindow import Past, Showcase
from pipeline.studio.withdrawing import Receipt

KINDS = {AssetKind.CLIP: ("Clip", "movie"), AssetKind.POSTER: ("Poster", "image"), AssetKind.AVATAR: ("Avatar", "face")}
ENDS = {
    State.PUBLISHED: ("public", "Published", "good"),
    State.PUBLISHING: ("progress_activity", "Being published", "quiet"),
    State.REFUSED: ("error", "Refused", "bad"),
    State.ENDING: ("hourglass_bottom", "Being removed", "quiet"),
    State.REPLACED: ("history", "Replaced", "quiet"),
    State.WITHDRAWN: ("public_off", "Unpublished", "quiet"),
}


def draw(seen: Showcase) -> Html:
    """Draw the case; while a take-down is looked at, nothing but that."""
    if farewell.asked() or st.query_params.get("receipt"):
        return tag("div", _head(seen), farewell.section(seen.line.case), class_="stack")
    side = tag("div", _now(seen), _links(seen), _paste(seen), class_="stack")
    return tag(
        "div",
        _head(seen),
        tag("div", guestpage.section(seen), side, class_="showcase"),
        _history(seen),
        farewell.section(seen.line.case),
        class_="stack",
    )


def gone(case_id: str) -> Html:
    """Say that there is no such case."""
    words = f"There is no case “{pieces.short(case_id)}”, or it was opened in another mode."
    return pieces.friendly("folder_off", "This case is not here", words, tag("a", "Back to Publish", href=ways.to("publish"), data_go=True))


def _head(seen: Showcase) -> Html:
    case = seen.line.case
    back = tag("a", icon("arrow_back"), "Publish", href=ways.to("publish", show=st.query_params.get("show")), data_go=True, class_="back")
    facts = tag("p", f"#{pieces.short(case.id, 60)} · ", tag("a", "Open the case", href=ways.to("cases", case=case.id), data_go=True), class_="small")
    return tag("header", back, tag("div", tag("div", tag("h1", case.name, dir="auto"), facts), class_="title"), class_="case-head")


def _now(seen: Showcase) -> Html:
    line = seen.line
    asset = line.case.clip or line.case.avatar
    if not line.live:
        state = tag("p", pieces.badge("public_off", f"Guests see nothing of this{_since(seen)}"))
    else:
        names = [KINDS[kind][0].lower() for kind in (AssetKind.AVATAR, AssetKind.CLIP) if kind in line.live]
        newest = max(line.live.values(), key=lambda one: one.verified_at or "")
        told = f"by {newest.person}, {pieces.ago(newest.verified_at or newest.asked_at)}; every byte was read back and compared"
        state = tag(
            "p", pieces.badge("public", f"Guests see the {' and the '.join(names)}", "good"), tag("span", told, class_="small"), class_="says"
        )
    more = tag("p", icon("info"), tag("span", f"{line.adds}: guests do not see it yet."), class_="advice") if line.adds and line.live else None
    return tag(
        "section",
        tag("h2", "What guests see"),
        state,
        more,
        tag("div", _publish(seen, asset), *_withdraw(seen), class_="buttons"),
        class_="card stack tight",
        id="now",
    )


def _since(seen: Showcase) -> str:
    taken = [one.publication for one in seen.past if State.WITHDRAWN in (one.publication.state, one.publication.ends_as)]
    last = max(taken, key=lambda one: one.ended_at or "", default=None)
    return f": unpublished by {last.ended_by}, {pieces.ago(last.ended_at or '')}" if last else " yet"


def _publish(seen: Showcase, asset: str | None) -> Html | None:
    line = seen.line
    if asset is None:
        words = "Nothing is approved in this case."
        return (
            tag("p", words, " ", tag("a", "Approve an avatar first", href=ways.to("cases", case=line.case.id), data_go=True), class_="small")
            if not line.live
            else None
        )
    if not line.adds:
        return None
    words = "Publish" if not line.live else "Publish the newer one"
    return button(words, "publish", look="primary", symbol="public", off=barred(Role.PUBLISH, "publishing"), case=line.case.id, asset=asset)


def _withdraw(seen: Showcase) -> list[Html]:
    live = seen.line.live
    if not live:
        return []
    kinds = [forms.tick("Everything", "what", "all", ticked=True, radio=True)]
    if AssetKind.CLIP in live and AssetKind.AVATAR in live:
        kinds.append(forms.tick("The clip alone; guests then see the avatar", "what", "clip", radio=True))
    named = tag("ul", *(tag("li", one.url, class_="address") for one in live.values()), class_="small")
    why = forms.field("Reason", "reason", maxlength=500, placeholder="The customer asked", hint="It stands on the receipt.", autofocus=True)
    fields = (tag("p", "These addresses stop answering:"), named, tag("div", *kinds, class_="choices"), why)
    yes = forms.submit("Unpublish", look="danger", symbol="public_off")
    form = forms.form("withdraw", f"withdraw-{len(seen.past)}", *fields, forms.buttons(forms.cancel("withdraw-dialog"), yes), case=seen.line.case.id)
    opener = forms.opener("Unpublish", "withdraw-dialog", symbol="public_off", off=barred(Role.PUBLISH, "publishing"))
    return [opener, forms.dialog("withdraw-dialog", "Unpublish what guests see?", form)]


def _links(seen: Showcase) -> Html | None:
    live = seen.line.live
    shown = [live[kind] for kind in (AssetKind.CLIP, AssetKind.AVATAR, AssetKind.POSTER) if kind in live]
    if not shown:
        return None
    return tag(
        "section",
        tag("h2", "Links"),
        tag("ul", *(_link(one, main=one is shown[0]) for one in shown), class_="links"),
        class_="card stack tight",
        id="links",
    )


def _link(one: Publication, *, main: bool) -> Html:
    title, symbol = KINDS[one.kind]
    id_ = f"link-{one.kind.value}"
    copied = (icon("content_copy"), tag("span", "Copy"))
    copy = tag(
        "button",
        *copied,
        type="button",
        class_="plain" if main else "quiet",
        data_copy=id_,
        data_key="c" if main else None,
        aria_label=f"Copy the link of the {title.lower()}",
    )
    size = f"{one.bytes / 1e6:.1f} MB" if one.bytes >= 1e6 else f"{one.bytes / 1e3:.0f} kB"
    words = tag("span", tag("b", icon(symbol), f" {title}"), tag("span", f" · {size}", class_="small"))
    address = tag("a", one.url, href=one.url, id=id_, class_="address", target="_blank", rel="noopener")
    return tag("li", words, copy, address)


def _paste(seen: Showcase) -> Html | None:
    shown = guestpage.live_hero(seen)
    if shown is None:
        return None
    script = guestpage.script_address(seen)
    text = heroes.head(shown) + heroes.snippet(shown, script)
    copied = (icon("content_copy"), tag("span", "Copy"))
    copy = tag("button", *copied, type="button", class_="quiet", data_copy="markup")
    words = "For the invitation’s page: the link goes into its head, the figure where the hero stands. It works without the script, too."
    body = (tag("p", words, class_="small"), tag("pre", tag("code", text, id="markup"), tabindex=0, aria_label="Markup"))
    return tag("details", tag("summary", "Markup for the page"), tag("div", *body, copy, class_="stack tight"), class_="card", id="paste")


def _history(seen: Showcase) -> Html | None:
    if not seen.past:
        return None
    return tag("section", tag("h2", "History"), tag("ul", *(_past(seen, one) for one in seen.past), class_="card attempts"), id="history")


def _past(seen: Showcase, one: Past) -> Html:
    shown = one.publication
    title = KINDS[shown.kind][0]
    image = (
        pieces.picture(seen.poster, f"{title}", lazy=True)
        if shown.kind is AssetKind.CLIP and seen.poster and shown.asset == seen.line.case.clip
        else None
    )
    image = image or (pieces.picture(one.file, title, lazy=True) if shown.kind is AssetKind.AVATAR else icon("movie"))
    told = f"{shown.person} asked for it on {evidence.moment(shown.asked_at)}"
    ended = f" · {ENDS[shown.state][1].lower()} by {shown.ended_by}, {evidence.moment(shown.ended_at)}" if shown.ended_at and shown.ended_by else ""
    why = tag("p", "Reason: ", tag("span", shown.reason, dir="auto"), class_="small") if shown.reason else None
    state = tag("p", tag("b", title), pieces.badge(*ENDS[shown.state]))
    about = tag("div", state, tag("p", f"{told}{ended}", class_="small"), why, _receipt(one), class_="about")
    return tag("li", tag("span", image, class_="thumb"), about, tag("div", _again(one), class_="acts"), class_="attempt", id=f"past-{shown.id}")


def _receipt(one: Past) -> Html | None:
    if not one.withdrawals:
        return None
    id_ = f"receipt-{one.publication.id}"
    words = tag("pre", "\n\n".join(map(_told, one.withdrawals)), id=id_, tabindex=0, aria_label="Receipt")
    copied = (icon("content_copy"), tag("span", "Copy"))
    copy = tag("button", *copied, type="button", class_="quiet", data_copy=id_, aria_label="Copy the receipt")
    return tag("details", tag("summary", "Receipt"), tag("div", words, copy, class_="stack tight"), class_="small", id=f"details-{id_}")


def _told(receipt: Receipt) -> str:
    one = receipt.publication
    lines = [
        f"Unpublished: the {KINDS[one.kind][0].lower()} at {one.url}",
        f"SHA-256: {one.sha256}",
        f"When: {evidence.moment(one.ended_at)}, by {one.ended_by}" if one.ended_at else "",
        f"Reason: {one.reason}" if one.reason else "",
        f"Outcome: {receipt.outcome}{f', {evidence.moment(one.removed_at)}' if one.removed_at else ''}",
        f"Copies at the CDN: {one.cleared}" if one.cleared else "",
    ]
    return "\n".join(line for line in lines if line)


def _again(one: Past) -> Html | None:
    """Lead back to an earlier publication, or to another try at one whose file was damaged."""
    shown, off = one.publication, barred(Role.PUBLISH, "publishing")
    about = {"case": shown.case_id, "asset": shown.asset}
    if one.again:
        return button("Publish this again", "publish", symbol="undo", look="quiet", off=off, **about)
    if shown.error and shown.error["error"] == NotStored.__name__:
        return button("Restore the file and publish", "restore", symbol="healing", look="quiet", off=off or barred(Role.MAKE, "making"), **about)
    return None
