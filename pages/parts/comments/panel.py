"""The dialog of a picture's comments: the picture with its marks, everything said about it beside, a link to it for a colleague."""

from collections.abc import Callable

from pages.parts import pieces
from pages.parts.comments import picture, threads
from pages.parts.comments.address import asked, opened
from pages.parts.comments.badge import dialog_id
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pages.parts.standing import named
from pipeline.studio.comments.values import Talk


def draw(scope: str, way: Callable[[str], str]) -> Html | None:
    """Draw the comments that the address asks for, of a picture of this case; nothing where it asks for none.

    `way` makes of a hash the address that leads a colleague to the same.
    """
    if not asked():
        return None
    talk = opened(scope)
    if talk is None:
        return _lost(asked())
    beside = tag("div", tag("div", *threads.lists(talk), class_="talk-list"), _add(talk), class_="talk-side")
    body = tag("div", tag("div", picture.draw(talk), class_="talk-picture"), beside, class_="talk-body")
    return _dialog(talk.asset.sha256, _head(talk, way(talk.asset.sha256)), body)


def _dialog(sha256: str, head: Html, body: Html) -> Html:
    how = {"popover": "auto", "id": dialog_id(sha256), "class_": "dialog talk", "role": "dialog", "aria_label": "Comments", "tabindex": -1}
    refused = tag("p", class_="talk-notice", role="alert", data_own=True)
    return tag("div", head, refused, body, data_opens=True, data_closes="comments-close", data_stays=True, **how)


def _head(talk: Talk, address: str) -> Html:
    count = f"{talk.open} open" if talk.threads else "none yet"
    about = tag("span", f"{named(talk.asset, talk.case)} · {count}", class_="small", dir="auto")
    title = tag("div", tag("h2", "Comments", tabindex=-1, autofocus=True), about)
    link = tag("button", icon("link"), tag("span", "Copy link"), type="button", class_="plain", data_copy_address=address)
    return tag("div", title, tag("div", link, _close(talk.asset.sha256), class_="row"), class_="history-head")


def _close(sha256: str) -> Html:
    return tag(
        "button", icon("close"), type="button", class_="quiet", popovertarget=dialog_id(sha256), popovertargetaction="hide", aria_label="Close"
    )


def _add(talk: Talk) -> Html:
    if talk.asset.removed_at is not None:
        return tag("p", icon("delete"), tag("span", "This picture was removed. What was said of it stays."), class_="nothing")
    return threads.add(talk)


def _lost(sha256: str) -> Html:
    words = pieces.friendly("hide_image", "This picture is not here", "There is no such picture, or it was kept in another mode.")
    return _dialog(sha256, tag("div", tag("span"), _close(sha256), class_="history-head"), words)
