"""The frame of the full screen in the library."""

from pages.parts.markup import Html, tag
from pages.parts.pieces import icon


def draw() -> Html:
    """Draw the frame of the full screen, which the browser fills from the tile it was opened at."""
    step = [
        tag("button", icon(symbol), type="button", class_="quiet", data_step=step, aria_label=words, title=words)
        for symbol, step, words in (("chevron_left", "-1", "Previous"), ("chevron_right", "1", "Next"))
    ]
    close = tag("button", icon("close"), type="button", class_="quiet", popovertarget="stage", popovertargetaction="hide", aria_label="Close")
    said = tag("p", class_="stage-words", data_own=True, aria_live="polite")
    bar = tag("div", said, *step, close, class_="stage-bar")
    return tag(
        "div",
        tag("div", class_="stage-frame", data_own=True),
        bar,
        popover="auto",
        id="stage",
        class_="stage",
        role="dialog",
        aria_label="Full screen",
        tabindex=-1,
    )
