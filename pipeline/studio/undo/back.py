"""Undo what one press did, or let what it ordered begin at once. Each action stands or falls by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.database import Connection
from pipeline.errors import NotAllowed, NotNow, StudioError
from pipeline.records import Person, Role
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.undo import actions, decisions, orders, settings
from pipeline.studio.undo.actions import Action, ActionKind, End


@dataclass(frozen=True, kw_only=True)
class UndoResult:
    """How many actions of a press were undone, and why the others were not."""

    undone: int
    refused: tuple[StudioError, ...] = ()


def undo(place: Place, press: str, by: Person) -> UndoResult:
    """Undo all that a press did, the last of it first, each in its own transaction.

    Only who did it may, and only with the role it took. Raises NotAllowed, NotNow when there is nothing of this press to undo.
    """
    with place.database.reading() as db:
        found = actions.of_press(db, press)
    if not found:
        raise NotNow("There is nothing to undo.")
    for kind in {one.kind for one in found}:
        check(by, ROLES[kind])
    if any(one.person != by.name for one in found):
        raise NotAllowed("Only who did this can undo it.")
    refused = [error for one in reversed(found) if (error := _refusal(place, one, by)) is not None]
    return UndoResult(undone=len(found) - len(refused), refused=tuple(refused))


def begin_now(place: Place, press: str, by: Person) -> None:
    """Begin at once what a press ordered; raises as `undo` does, and what the first that fails raises after all were begun."""
    with place.database.reading() as db:
        found = [one for one in actions.of_press(db, press) if one.waits]
    if any(one.person != by.name for one in found):
        raise NotAllowed("Only who ordered this can begin it.")
    errors = [error for one in found if (error := _trouble(place, one)) is not None]
    if errors:
        raise errors[0]


def _refusal(place: Place, action: Action, by: Person) -> StudioError | None:
    try:
        with place.database.writing() as tx:
            actions.end(tx, action, End.UNDONE, by)
            BACK[action.kind](tx, action, by)
    except StudioError as error:
        return error
    return None


def _trouble(place: Place, action: Action) -> StudioError | None:
    try:
        orders.begin(place, action)
    except StudioError as error:
        return error
    return None


def _nothing(_tx: Connection, _action: Action, _by: Person) -> None:
    """What has not begun has changed nothing: its end is all there is to write."""


BACK: Final[Mapping[ActionKind, Callable[[Connection, Action, Person], None]]] = {
    ActionKind.DECIDE: decisions.undo,
    ActionKind.PRESET: settings.undo_preset,
    ActionKind.REJECT_CELL: settings.undo_cell,
    ActionKind.PUBLISH: _nothing,
    ActionKind.UNPUBLISH: _nothing,
    ActionKind.HIDE: _nothing,
}
ROLES: Final[Mapping[ActionKind, Role]] = {
    ActionKind.DECIDE: Role.APPROVE,
    ActionKind.HIDE: Role.APPROVE,
    ActionKind.PUBLISH: Role.PUBLISH,
    ActionKind.UNPUBLISH: Role.PUBLISH,
    ActionKind.PRESET: Role.ADMIN,
    ActionKind.REJECT_CELL: Role.VIEW,
}
