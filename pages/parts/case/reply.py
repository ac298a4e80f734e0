"""The letter to the customer: ready to copy, or why it must not be sent yet and what makes it ready."""

from pages.parts import ways
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pipeline.studio.casebook import CaseView

TEXT = "reply-text"


def section(seen: CaseView) -> Html:
    """Draw the letter; the button that copies it only where everything it says is true and can be opened."""
    title = tag("h2", "Reply to the customer", copy("Copy", "quiet") if seen.reply.ready else None)
    words = tag("p", seen.reply.text, id=TEXT, class_="letter", dir="auto")
    return tag("section", title, _not_yet(seen), words, class_="card reply", id="reply")


def copy(words: str, look: str) -> Html:
    """Draw the button that copies the letter."""
    return tag("button", icon("content_copy"), tag("span", words), type="button", class_=look, data_copy=TEXT, data_key="c")


def _not_yet(seen: CaseView) -> Html | None:
    if seen.reply.ready:
        return None
    publish = tag("a", "Publish", href=ways.to("publish", case=seen.case.id), data_go=True) if not seen.live else None
    said = tag("span", f"Not to be sent yet. {seen.reply.why_not} {seen.reply.remedy} ", publish)
    return tag("p", icon("block"), said, class_="why not-yet", role="note")
