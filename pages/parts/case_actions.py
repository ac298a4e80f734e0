"""What the buttons and forms of a case do. Each names what it is about, so pressing it twice is the same wish."""

from collections.abc import Callable, Mapping

import streamlit as st

from pages.parts import intake, toasts, ways
from pages.parts.actions import BOARD
from pages.parts.comments import acts
from pages.parts.here import me, place
from pages.parts.told import What, decision_of, number_of, why_of
from pipeline.errors import BadParameter, NotNow, OutOfDate
from pipeline.records import Case
from pipeline.studio import finding, grants, home, portraits
from pipeline.studio.seen import Seen
from pipeline.workflows.wishes import AvatarWish, ClipWish


def _case() -> Case:
    with place().database.reading() as db:
        return finding.find(db, st.query_params.get("case", ""))


def _photo(_: What) -> None:
    intake.ask_for_photo(_case())


def _make(what: What) -> None:
    case = _case()
    own = what["prompt"].strip()
    wish = AvatarWish(
        style=what["style"] or "pixar",
        prompt=own or None,
        model=what["model"] or AvatarWish.model,
        strength=_number(what, "strength"),
        steps=_whole(what, "steps"),
        guidance=_number(what, "guidance"),
        seed=_whole(what, "seed"),
    )
    portraits.ask_next_avatar(place(), case.id, case.owner, wish, me(), number_of(what))
    _usual()


def _animate(what: What) -> None:
    case = _case()
    wish = ClipWish(
        motion=what["motion"] or ClipWish.motion,
        prompt=what["prompt"].strip() or None,
        model=what["model"] or ClipWish.model,
        resolution=what["resolution"] or None,
        steps=_whole(what, "steps"),
        guidance=_number(what, "guidance"),
        seed=_whole(what, "seed"),
        loop=what["loop"] == "yes",
        portrait=what["portrait"] == "yes",
    )
    portraits.ask_next_clip(place(), case.id, case.owner, what["avatar"], wish, me(), number_of(what))
    _usual()


def _usual() -> None:
    """Leave the address of "use these settings again": the next form begins as usual."""
    if "again" in st.query_params:
        ways.go(ways.to("cases", case=st.query_params["case"]))


def _decide(what: What) -> None:
    seen = home.see(place(), what["run"])
    if seen.made is None:
        raise OutOfDate
    _check_framed(what, seen)
    toasts.decide(seen.made, decision_of(what), why_of(what))


def _check_framed(what: What, seen: Seen) -> None:
    """Raise NotNow unless the run that a press was drawn for is the one that is framed, and still stands as it was drawn."""
    if what.get("framed", seen.run.id) != seen.run.id:
        raise NotNow("Another picture is framed by now, so nothing was decided.", next="Look at it, then decide.")
    stands = seen.decision.value if seen.decision else ""
    if what.get("stood", stands) != stands:
        raise NotNow(f"Somebody has {stands or 'changed what was decided about'} this meanwhile.", next="Look at it again, then decide.")


def _grant(what: What) -> None:
    case, number = _case(), _whole(what, "attempts")
    grants.grant(place(), case.id, case.owner, number or 0, what["reason"], me())


def _compare(what: What) -> None:
    runs = [run for run in what["runs"].split(",") if run]
    if len(runs) != 2:
        raise NotNow("Two attempts can be compared.", next="Tick exactly two of them.")
    ways.go(ways.to("cases", case=st.query_params.get("case"), compare=",".join(runs)))


def _number(what: What, name: str) -> float | None:
    try:
        return float(what[name]) if what[name].strip() else None
    except ValueError as error:
        raise BadParameter(f"{name.capitalize()} must be a number.", next="Correct it and press again.") from error


def _whole(what: What, name: str) -> int | None:
    number = _number(what, name)
    if number is not None and (number != number or number in (float("inf"), float("-inf")) or number != int(number)):
        raise BadParameter(f"{name.capitalize()} must be a whole number.", next="Correct it and press again.")
    return None if number is None else int(number)


ACTIONS: Mapping[str, Callable[[What], object]] = {
    **BOARD,
    **acts.ACTIONS,
    "photo": _photo,
    "make": _make,
    "animate": _animate,
    "decide": _decide,
    "grant": _grant,
    "compare": _compare,
}
