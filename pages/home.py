"""Home: what waits for people, what runs, what was made, and what today costs; on a fresh install the way to the first portrait."""

from pages.parts import actions, board, side, steps
from pages.parts.frame import watch
from pages.parts.here import notice
from pages.parts.live import live
from pages.parts.markup import Html, join, tag
from pipeline.studio.home import Home


def draw(seen: Home) -> None:
    """Draw everything that changes."""
    guided = (seen.untouched or seen.first_steps is not None) and not seen.questions
    main = steps.card(seen) if guided else board.sections(seen)
    page = tag("div", _notice(), tag("main", main), tag("aside", side.cards(seen)), class_=f"page {'guided' if guided else 'usual'}")
    live("home", page, spoken=board.spoken(seen), pressed=actions.pressed)


def _notice() -> Html | None:
    words = notice()
    return tag("p", join(words), class_="notice", role="alert") if words else None


watch(draw)
