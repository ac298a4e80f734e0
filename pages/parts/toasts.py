"""What was just done on this screen, with the way back: toasts that stay ten seconds, whatever screen is gone to meanwhile."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import streamlit as st

from pages.parts import pieces
from pages.parts.here import me, place
from pages.parts.markup import Html, tag
from pages.parts.pieces import button, icon
from pages.parts.standing import named
from pages.parts.told import What
from pipeline import assets, cases
from pipeline.database import Connection
from pipeline.errors import NotAllowed, NotNow, StudioError
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Decision, RunKind, moment, new_id
from pipeline.studio import reviews
from pipeline.studio.many import Done
from pipeline.studio.undo import actions, back, decisions, orders, settings
from pipeline.studio.undo.actions import UNDO_SECONDS, Action, ActionKind, End

KEPT: Final = "presses"
MOST: Final = 4  # more would cover the screen; the older ones can still be undone in the order they were done
LINGER_SECONDS: Final = 60.0  # so long it is looked for how an order ended


@dataclass(frozen=True, kw_only=True)
class _Press:
    """One press of this screen: its id, and until when the monotonic clock lets its toast stay."""

    id: str
    gone_at: float


def decide(asset: Asset, decision: Decision, note: str = "") -> None:
    """Approve, reject or withdraw an avatar or clip with a toast; raises what `reviews.decide_on` raises."""
    with _press() as press:
        decisions.decide(place(), asset, reviews.owner_of(place(), asset.scope), decision, me(), note, press=press)


def decide_many(chosen: Iterable[tuple[str, str]], decision: Decision, note: str = "") -> tuple[Done, ...]:
    """Decide on each (case, hash) with one toast for all and return what became of each; raises NotAllowed only."""
    with _press() as press:
        return tuple(_done(one, lambda at: _decide(*at, decision, note, press)) for one in dict.fromkeys(chosen))


def publish(case_id: str, sha256: str) -> None:
    """Order that an approved avatar or clip is published, with a toast; raises what `publishing.plan` raises."""
    with _press() as press:
        orders.order_publication(place(), case_id, sha256, reviews.owner_of(place(), case_id), me(), press=press)


def publish_many(chosen: Iterable[tuple[str, str]]) -> tuple[Done, ...]:
    """Order publications, each as (case, hash), with one toast for all; raises NotAllowed only."""

    def one(at: tuple[str, str]) -> None:
        orders.order_publication(place(), *at, reviews.owner_of(place(), at[0]), me(), press=press)

    with _press() as press:
        return tuple(_done(named_, one) for named_ in dict.fromkeys(chosen))


def unpublish(case_id: str, reason: str, kinds: Sequence[AssetKind] = ()) -> None:
    """Order that what guests of a case see is unpublished, with a toast; raises what `withdrawing.withdraw` raises."""
    with _press() as press:
        orders.order_withdrawal(place(), case_id, reviews.owner_of(place(), case_id), me(), reason, kinds=kinds, press=press)


def make_preset(kind: RunKind, chosen: Mapping[str, Any], *, sweep: str, run_id: str, evidence: Mapping[str, Any]) -> None:
    """Set the preset of support, with a toast; raises what `presets.make` raises."""
    with _press() as press:
        settings.make_preset(place(), kind, chosen, me(), sweep=sweep, run_id=run_id, evidence=evidence, press=press)


def leave_preset(kind: RunKind, leaving: int) -> None:
    """Return to the preset before the one that the screen showed, with a toast; raises what `presets.go_back` raises."""
    with _press() as press:
        settings.go_back(place(), kind, me(), leaving=leaving, press=press)


def use_built_in(kind: RunKind) -> None:
    """Return to the built-in settings, with a toast."""
    with _press() as press:
        settings.use_built_in(place(), kind, me(), press=press)


def reject_cell(run_id: str, reason: str, note: str) -> None:
    """Reject a cell of a sweep, or take that back, with a toast; raises what `judging.rate` raises."""
    with _press() as press:
        settings.reject_cell(place(), run_id, reason, note, me(), press=press)


@contextlib.contextmanager
def _press() -> Iterator[str]:
    """Give a press its id. It is kept before it does anything: the next beat may break it off right after its row was written."""
    press = _Press(id=new_id("u"), gone_at=time.monotonic() + UNDO_SECONDS)
    _kept().append(press)
    yield press.id


def _decide(scope: str, sha256: str, decision: Decision, note: str, press: str) -> None:
    with place().database.reading() as db:
        asset = assets.get(db, scope, sha256)
    decisions.decide(place(), asset, reviews.owner_of(place(), scope), decision, me(), note, press=press)


def _done(at: tuple[str, str], act: Callable[[tuple[str, str]], None]) -> Done:
    try:
        act(at)
    except NotAllowed:
        raise
    except StudioError as error:
        return Done(scope=at[0], sha256=at[1], why=error.say, next=error.next_on_screen)
    return Done(scope=at[0], sha256=at[1])


def _kept() -> list[_Press]:
    """Return the presses of this screen; one that was opened anew takes over what its person did in the last seconds."""
    if KEPT not in st.session_state:
        since = (datetime.now(UTC) - timedelta(seconds=UNDO_SECONDS)).isoformat(timespec="microseconds")
        with place().database.reading() as db:
            found = actions.latest_presses(db, me(), since)
        st.session_state[KEPT] = [_Press(id=one, gone_at=time.monotonic() + UNDO_SECONDS) for one in found]
    kept: list[_Press] = st.session_state[KEPT]
    return kept


def draw() -> Html:
    """Draw the toasts of this screen, in the layer above everything else."""
    return tag("section", *_drawn(_recent()), id="toasts", class_="toasts", popover="manual", role="group", aria_label="Just done")


def spoken() -> str:
    """Say in words what was done last, for screen readers; empty once its toast has gone."""
    now_shown = [one for one in _recent() if time.monotonic() <= one.gone_at]
    with place().database.reading() as db:
        done = next((found for one in reversed(now_shown) if (found := actions.of_press(db, one.id))), ())
        if not done:
            return ""
        said = f"{WORDS[done[0].kind](done[0])}, {_about(db, done[0])}" if len(done) == 1 else f"{WORDS[done[0].kind](done[0])}: {len(done)} files"
    if all(one.outcome is End.UNDONE for one in done):
        return f"Undone: {said}"
    return f"{said}. {UNDO_SECONDS} seconds to undo it with Control Z." if any(one.outcome is None for one in done) else ""


def _recent() -> list[_Press]:
    kept = st.session_state[KEPT] = [one for one in _kept() if time.monotonic() < one.gone_at + LINGER_SECONDS]
    return kept


def _drawn(kept: Sequence[_Press]) -> Iterator[Html]:
    if not kept:
        return
    with place().database.reading() as db:
        found = [(one, actions.of_press(db, one.id)) for one in kept]
        shown = [toast for one, done in found if done and (toast := _toast(db, one, done)) is not None]
    yield from shown[-MOST:]


def _toast(db: Connection, press: _Press, done: Sequence[Action]) -> Html | None:
    failed = next((one for one in done if one.error), None)
    if failed is not None:
        return _failure(db, press, failed)
    if time.monotonic() < press.gone_at and all(one.outcome is End.UNDONE for one in done):
        return tag(
            "div",
            icon("undo"),
            tag("p", tag("b", f"Undone: {WORDS[done[0].kind](done[0])}"), _name(db, done)),
            class_="toast",
            id=f"toast-{press.id}",
        )
    left = [one for one in done if one.outcome is None]
    if not left or _ends(left[0]) <= datetime.now(UTC):
        return None
    return _offer(db, press, left)


def _ends(action: Action) -> datetime:
    return moment(action.begins_at) if action.begins_at else moment(action.at) + timedelta(seconds=UNDO_SECONDS)


def _offer(db: Connection, press: _Press, left: Sequence[Action]) -> Html:
    undo = button("Undo", "undo", symbol="undo", look="plain", press=press.id, undoes="yes")
    begin = button("Now", "begin-now", look="quiet", press=press.id, label="Begin now") if left[0].waits else None
    count = tag("span", class_="left", aria_hidden="true", data_own=True, data_until=_ends(left[0]).isoformat(timespec="milliseconds"))
    waits = tag("span", "Nothing has changed for guests yet.", class_="small") if left[0].waits else None
    words = tag("p", tag("b", WORDS[left[0].kind](left[0])), _name(db, left), waits)
    return tag("div", _picture(db, left[0]), words, tag("div", undo, begin, count, class_="buttons"), class_="toast", id=f"toast-{press.id}")


def _name(db: Connection, done: Sequence[Action]) -> Html:
    words = _about(db, done[0]) if len(done) == 1 else f"{len(done)} files"
    return tag("span", words, dir="auto", class_="about")


def _failure(db: Connection, press: _Press, failed: Action) -> Html:
    words = (tag("b", f"{FAILED[failed.kind]}: {_about(db, failed)}"), tag("span", StudioError.from_json(failed.error or {}).on_screen))
    close = button(icon("close"), "toast-close", look="quiet", press=press.id, label="Close")
    return tag("div", icon("error"), tag("p", *words), close, class_="toast bad", id=f"toast-{press.id}")


def _picture(db: Connection, action: Action) -> Html:
    asset = _asset(db, action)
    still = asset if asset is not None and asset.media_type.startswith("image/") else _poster(db, asset)
    return tag("span", pieces.picture(still, "") if still else icon(SYMBOLS[action.kind]), class_="thumb")


def _poster(db: Connection, asset: Asset | None) -> Asset | None:
    if asset is None or not asset.parents:
        return None
    return next((one for one in assets.children(db, asset.scope, asset.parents[0], AssetKind.POSTER) if one.run_id == asset.run_id), None)


def _asset(db: Connection, action: Action) -> Asset | None:
    if action.asset:
        return assets.get(db, action.case_id, action.asset)
    row = db.execute("SELECT r.case_id, o.asset FROM outputs o JOIN runs r ON r.id = o.run_id WHERE r.id = ?", (action.detail.get("run"),)).fetchone()
    return assets.get(db, row["case_id"], row["asset"]) if row and row["asset"] else None


def _about(db: Connection, action: Action) -> str:
    if action.kind is ActionKind.PRESET:
        return "Support begins with it from now on."
    asset = _asset(db, action)
    case = cases.look_up(db, action.case_id) if action.case_id else None
    if asset is None or case is None or case.id == STUDIO_SCOPE:
        return "A cell of a sweep"
    return case.name if action.kind is ActionKind.UNPUBLISH else named(asset, case)


DECIDED: Final = {Decision.APPROVED: "Approved", Decision.REJECTED: "Rejected", Decision.WITHDRAWN: "Approval withdrawn"}
TAKEN: Final = {Decision.REJECTED: "Rejects and unpublishes", Decision.WITHDRAWN: "Withdraws the approval and unpublishes"}
WORDS: Final[Mapping[ActionKind, Callable[[Action], str]]] = {
    ActionKind.DECIDE: lambda one: DECIDED[Decision(one.detail["decision"])],
    ActionKind.HIDE: lambda one: TAKEN[Decision(one.detail["decision"])],
    ActionKind.PUBLISH: lambda _: "Publishes",
    ActionKind.UNPUBLISH: lambda _: "Unpublishes",
    ActionKind.PRESET: lambda one: "Preset set" if one.detail.get("run") else "Settings for support changed",
    ActionKind.REJECT_CELL: lambda one: "Rejected" if one.detail["after"][0] else "Rejection taken back",
}
FAILED: Final = dict.fromkeys(ActionKind, "Not done") | {ActionKind.PUBLISH: "Not published", ActionKind.UNPUBLISH: "Not unpublished yet"}
SYMBOLS: Final = dict.fromkeys(ActionKind, "task_alt") | {
    ActionKind.PUBLISH: "public",
    ActionKind.UNPUBLISH: "public_off",
    ActionKind.PRESET: "verified",
}


def _undo(what: What) -> None:
    result = back.undo(place(), what["press"], me())
    if result.refused:
        first = result.refused[0]
        some = f"{result.undone} of {result.undone + len(result.refused)} were undone. " if result.undone else ""
        raise NotNow(f"{some}{first.say}", next=first.next_on_screen)


def _close(what: What) -> None:
    st.session_state[KEPT] = [one for one in _kept() if one.id != what["press"]]


ACTIONS: Final[Mapping[str, Callable[[What], object]]] = {
    "undo": _undo,
    "begin-now": lambda what: back.begin_now(place(), what["press"], me()),
    "toast-close": _close,
}
