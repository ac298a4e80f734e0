"""Home: what waits for people, what runs, what was made, and what today costs; on a fresh install the way to the first portrait."""

from pages.parts import actions, board, side, steps
from pages.parts.frame import watch
from pages.parts.here import shared
from pages.parts.markup import Html, tag
from pipeline.studio import home
from pipeline.studio.home import Home


def draw(seen: Home) -> Html:
    """Draw everything that changes."""
    guided = (seen.untouched or seen.first_steps is not None) and not seen.questions
    main = steps.card(seen) if guided else board.sections(seen)
    return tag("div", tag("main", main), tag("aside", side.cards(seen)), class_=f"page {'guided' if guided else 'usual'}")


watch("home", lambda: shared("home", home.look), draw, actions.ACTIONS)
