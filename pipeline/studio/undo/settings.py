"""Presets of support and rejections of a sweep's cells, with what stood before them."""

from collections.abc import Mapping
from typing import Any

from pipeline.database import Connection
from pipeline.errors import NotNow
from pipeline.records import Person, RunKind
from pipeline.studio import judging, presets
from pipeline.studio.place import Place
from pipeline.studio.presets import Preset
from pipeline.studio.undo import actions
from pipeline.studio.undo.actions import Action, ActionKind


def make_preset(
    place: Place,
    kind: RunKind,
    settings: Mapping[str, Any],
    by: Person,
    *,
    sweep: str | None = None,
    run_id: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    press: str,
) -> Action | None:
    """Set a preset as `presets.make` does and return the action, None when it was set already; raises what that raises."""
    stood = presets.newest(place, kind)
    made = presets.make(place, kind, settings, by, sweep=sweep, run_id=run_id, evidence=evidence)
    return _add(place, made, by, press) if stood is None or stood.id != made.id else None


def go_back(place: Place, kind: RunKind, by: Person, *, leaving: int, press: str) -> Action | None:
    """Return to the preset before, as `presets.go_back` does."""
    stood = presets.newest(place, kind)
    made = presets.go_back(place, kind, by, leaving=leaving)
    return _add(place, made, by, press) if stood is None or stood.id != made.id else None


def use_built_in(place: Place, kind: RunKind, by: Person, *, press: str) -> Action | None:
    """Return to the built-in settings, as `presets.use_built_in` does."""
    made = presets.use_built_in(place, kind, by)
    return _add(place, made, by, press) if made is not None else None


def undo_preset(tx: Connection, action: Action, by: Person) -> None:
    """Set again what was set before, by a new row; raises NotNow when another one was set meanwhile."""
    kind = RunKind(action.detail["kind"])
    set_now = presets.newest(tx, kind)
    if set_now is None or set_now.id != action.detail["preset"]:
        raise NotNow("Another preset was set meanwhile.", next="Look at it first.")
    presets.set_again(tx, presets.before(tx, set_now), kind, by)


def reject_cell(place: Place, run_id: str, reason: str, note: str, by: Person, *, press: str) -> Action | None:
    """Reject a cell of a sweep, or take that back with an empty reason, as `judging.rate` does; None when it was said already."""
    before = judging.rating_of(place, run_id, by)
    after = judging.rate(place, run_id, by, rejected=reason, note=note)
    if (before.rejected, before.note) == (after.rejected, after.note):
        return None
    detail = {"run": run_id, "before": [before.rejected, before.note], "after": [after.rejected, after.note]}
    with place.database.writing() as tx:
        return actions.add(tx, ActionKind.REJECT_CELL, press, by, detail)


def undo_cell(tx: Connection, action: Action, by: Person) -> None:
    """Say again of a cell what was said before, by a new row; raises NotNow when something else was said meanwhile."""
    judging.say_again(tx, action.detail["run"], by, was=action.detail["after"], again=action.detail["before"])


def _add(place: Place, made: Preset, by: Person, press: str) -> Action:
    with place.database.writing() as tx:
        return actions.add(tx, ActionKind.PRESET, press, by, {"kind": made.kind.value, "preset": made.id, "run": made.run_id})
