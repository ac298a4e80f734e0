"""A picture with its marks: a numbered dot on each point, a frame around each rectangle."""

from pages.parts import pieces
from pages.parts.markup import Html, tag
from pages.parts.standing import named
from pipeline.studio.comments.values import Mark, Talk, Thread


def draw(talk: Talk) -> Html:
    """Draw the picture; what is being marked just now belongs to the browser."""
    asset, id_ = talk.asset, f"marked-{talk.asset.sha256[:16]}"
    shown = pieces.picture(asset, named(asset, talk.case)) if not asset.media_type.startswith("video/") or asset.removed_at else _film(talk)
    size = f"--w:{asset.width_px or 1};--h:{asset.height_px or 1}"
    marks = [mark for thread in talk.threads for mark in _marks(thread)]
    new = tag("div", class_="new-mark", data_own=True)
    return tag("div", shown, *marks, new, class_="marked", id=id_, style=size, data_marks=asset.removed_at is None)


def _film(talk: Talk) -> Html:
    return pieces.clip(talk.asset, talk.still, named(talk.asset, talk.case), id_=f"talk-film-{talk.asset.sha256[:16]}")


def _marks(thread: Thread) -> tuple[Html, ...]:
    comment, mark = thread.comment, thread.comment.mark
    if mark is None or comment.is_withdrawn:
        return ()
    look = "" if thread.is_open else " settled"
    label = f"Mark {thread.number}, {where(mark)}: {pieces.short(comment.text, 60)}"
    about = {"style": placed(mark), "data_points": comment.id, "aria_label": label, "title": pieces.short(comment.text, 120)}
    dot = tag("button", str(thread.number), type="button", class_=f"dot{look}", id=f"dot-{comment.id}", **about)
    frame = None if mark.is_point else tag("span", class_=f"box{look}", style=placed(mark), id=f"box-{comment.id}", aria_hidden="true")
    return tuple(one for one in (frame, dot) if one is not None)


def placed(mark: Mark) -> str:
    """Return the style that puts an element where a mark is."""
    return f"--x:{100 * mark.x:g}%;--y:{100 * mark.y:g}%;--mw:{100 * mark.width:g}%;--mh:{100 * mark.height:g}%"


def where(mark: Mark) -> str:
    """Say in words where a mark is.

    >>> where(Mark(x=0.25, y=0.5))
    '25 % from the left, 50 % from the top'
    """
    return f"{round(100 * mark.x)} % from the left, {round(100 * mark.y)} % from the top"
