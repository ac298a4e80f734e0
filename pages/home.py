"""Home: what waits for people, what runs, what was made, and what today costs; on a fresh install the way to the first portrait."""

from pages.parts import actions, board, pieces, side, steps
from pages.parts.frame import watch
from pages.parts.here import notice
from pages.parts.markup import Html, tag
from pipeline.studio.home import Home


def draw(seen: Home) -> Html:
    """Draw everything that changes."""
    guided = (seen.untouched or seen.first_steps is not None) and not seen.questions
    main = steps.card(seen) if guided else board.sections(seen)
    return tag("div", _notice(), tag("main", main), tag("aside", side.cards(seen)), class_=f"page {'guided' if guided else 'usual'}")


def _notice() -> Html | None:
    words = notice()
    close = pieces.button("Close", "dismiss", symbol="close", look="quiet")
    return tag("div", pieces.icon("error"), tag("span", words), close, class_="notice", role="alert") if words else None


watch(draw, actions.pressed)
