"""Comments with their answers, and the forms to add one."""

import hashlib

from pages.parts import forms, pieces
from pages.parts.here import me
from pages.parts.markup import Child, Html, tag
from pages.parts.pieces import button, icon
from pipeline.records import Asset, Role
from pipeline.studio.comments.values import Comment, Talk, Thread
from pipeline.studio.comments.words import LONGEST_TEXT

TAKEN_DOWN = "Its words went with the take-down."


def lists(talk: Talk) -> tuple[Html | None, ...]:
    """Draw what is open, and folded below it what is settled or was withdrawn."""
    still = [thread(talk, one) for one in talk.threads if one.is_open]
    done = [thread(talk, one) for one in talk.threads if not one.is_open]
    nothing = tag(
        "p", icon("chat_bubble"), tag("span", "Nothing is open. Press on the picture to mark a place, and say what you see."), class_="nothing"
    )
    folded = (
        tag("details", tag("summary", f"{len(done)} settled or withdrawn"), tag("ol", *done, class_="threads", role="list"), id="talk-done")
        if done
        else None
    )
    return tag("ol", *still, class_="threads", role="list", id="talk-open") if still else nothing, folded


def thread(talk: Talk, one: Thread) -> Html:
    """Draw a comment with its answers and what can be done with it."""
    answers = [tag("li", _said(answer), id=answer.id) for answer in one.answers]
    below = tag("ol", *answers, class_="answers", role="list") if answers else None
    number = tag("span", str(one.number), class_="number", aria_label=f"Comment {one.number}")
    body = tag("div", _said(one.comment), below, _ways_on(talk, one), class_="said-of")
    return tag("li", number, body, class_="thread" if one.is_open else "thread settled", id=one.comment.id, tabindex=-1)


def _said(one: Comment) -> tuple[Html | None, ...]:
    when = tag("span", pieces.ago(one.said_at), class_="small", title=f"{one.said_at[:19].replace('T', ' ')} UTC")
    head = tag("p", tag("b", one.person, dir="auto"), when, _withdraw(one), class_="said-by")
    return head, _words(one), _end(one)


def _words(one: Comment) -> Html:
    if one.is_withdrawn:
        return tag("p", f"Withdrawn by {one.changed_by}.", class_="small")
    return tag("p", one.text, dir="auto", class_="said") if one.text else tag("p", TAKEN_DOWN, class_="small")


def _end(one: Comment) -> Html | None:
    if one.change is None or one.is_withdrawn:
        return None
    return tag("p", f"{one.change.value.capitalize()} by {one.changed_by}, {pieces.ago(one.changed_at)}", class_="small")


def _withdraw(one: Comment) -> Html | None:
    by = me()
    if one.is_withdrawn or not one.text or (one.person != by.name and Role.ADMIN not in by.roles):
        return None
    return button("Withdraw", "comment-withdraw", look="quiet", label=f"Withdraw what {one.person} said", comment=one.id)


def _ways_on(talk: Talk, one: Thread) -> Html | None:
    if one.comment.is_withdrawn or talk.asset.removed_at is not None:
        return None
    do, words, symbol = ("comment-settle", "Settle", "check") if one.is_open else ("comment-reopen", "Open again", "undo")
    end = button(words, do, symbol=symbol, look="quiet", label=f"{words}: comment {one.number}", comment=one.comment.id)
    answer = tag("details", tag("summary", "Answer"), _answer(talk, one), class_="answer", id=f"answer-{one.comment.id}-{len(one.answers)}")
    return tag("div", answer, end, class_="ways-on")


def _answer(talk: Talk, one: Thread) -> Html:
    words = _field("Answer", label=f"Answer to comment {one.number}", rows=2)
    return _form(talk, f"answer-form-{one.comment.id}", words, forms.buttons(forms.submit("Answer", look="plain")), answers=one.comment.id)


def add(talk: Talk) -> Html:
    """Draw the form that adds a comment, with the place that is being marked."""
    id_ = f"marked-{talk.asset.sha256[:16]}"
    # A field of the type "hidden" keeps its value as an attribute, which every drawing of the page would take back.
    mark = tag("input", type="text", hidden=True, name="mark", data_mark_of=id_)
    place = tag("button", icon("add_location_alt"), tag("span", "Mark a place"), type="button", class_="quiet", data_marks_on=id_)
    drop = tag("button", "Remove the mark", type="button", class_="quiet", data_unmarks=id_, hidden=True)
    row = tag("div", place, drop, forms.submit("Comment"), class_="buttons")
    return _form(talk, "say", _field("Add a comment", label="Comment", rows=3), mark, row)


def _field(words: Child, *, label: str, rows: int) -> Html:
    return tag("label", words, tag("textarea", name="text", required=True, maxlength=LONGEST_TEXT, rows=rows, dir="auto", aria_label=label))


def _form(talk: Talk, id_: str, *children: Child, **about: str) -> Html:
    """Draw a form that is a new one after every comment of whoever is here, so that what was sent is not left in it."""
    asset, number = talk.asset, talk.said_by(me().name)
    fresh = hashlib.blake2s(f"{asset.scope}/{asset.sha256}".encode(), digest_size=6).hexdigest()
    return forms.form("comment", f"{id_}-{fresh}-{number}", *children, **_about(asset), number=number, **about)


def _about(asset: Asset) -> dict[str, str]:
    return {"scope": asset.scope, "asset": asset.sha256}
