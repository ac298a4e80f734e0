"""One row an action that can be taken back, and at most one row for its end. Nothing is ever changed or removed."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pipeline.database import Connection, Row, insert
from pipeline.errors import NotNow, StudioError
from pipeline.records import Person, new_id, now

UNDO_SECONDS: Final = 10
# What waits for its moment is compared with the clock of the database: one clock for every process, written as `records.now` writes.
DATABASE_NOW: Final = "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '+00:00'"
LATER: Final = "strftime('%Y-%m-%dT%H:%M:%f', 'now', ? || ' seconds') || '+00:00'"


class ActionKind(StrEnum):
    """What was done; a HIDE is a decision that takes something out of guests' sight."""

    DECIDE = "decide"
    PRESET = "preset"
    REJECT_CELL = "reject cell"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    HIDE = "hide"


class End(StrEnum):
    """How an action ended; one that changed something at once has no end unless it is undone."""

    BEGUN = "begun"
    UNDONE = "undone"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Action:
    """What one person did, in one press perhaps with others; `begins_at` (UTC) is None for what changed something at once.

    `error` says in the words of its kind why it was refused or did not succeed.
    """

    id: str
    press: str
    kind: ActionKind
    case_id: str
    asset: str
    detail: Mapping[str, Any]
    person: str
    at: str
    begins_at: str | None
    outcome: End | None
    error: Mapping[str, Any] | None

    @property
    def waits(self) -> bool:
        """True for an order that has neither begun nor been undone."""
        return self.begins_at is not None and self.outcome is None


def add(tx: Connection, kind: ActionKind, press: str, by: Person, detail: Mapping[str, Any], *, case_id: str = "", asset: str = "") -> Action:
    """Write down what was just done."""
    return _add(tx, (press, kind.value, case_id, asset, _text(detail), by.name), "NULL")


def add_order(
    tx: Connection,
    kind: ActionKind,
    press: str,
    by: Person,
    detail: Mapping[str, Any],
    *,
    case_id: str,
    asset: str,
    after_seconds: int = UNDO_SECONDS,
) -> Action:
    """Write down what is to begin after so many seconds; the same that waits already is returned as it is."""
    same = f"{QUERY} WHERE a.begins_at IS NOT NULL AND a.ended = 0 AND (a.kind, a.case_id, a.asset, a.detail) = (?, ?, ?, ?)"
    row = tx.execute(same, (kind.value, case_id, asset, _text(detail))).fetchone()
    return _action(row) if row else _add(tx, (press, kind.value, case_id, asset, _text(detail), by.name), LATER, str(after_seconds))


def end(tx: Connection, action: Action, outcome: End, by: Person, error: StudioError | None = None) -> None:
    """End an action. Whoever comes first does: raises NotNow when it has ended already."""
    row = {"action": action.id, "outcome": outcome.value, "person": by.name, "at": now()}
    try:
        insert(tx, "action_ends", {**row, "error": json.dumps(error.as_json()) if error else None})
    except sqlite3.IntegrityError as broken:
        ended = get(tx, action.id).outcome
        raise NotNow(PAST[ended or End.BEGUN], next="Look at it as it is now.") from broken


PAST: Final = {
    End.BEGUN: "This has begun, so it cannot be undone.",
    End.UNDONE: "This was undone already.",
    End.REFUSED: "This was refused, so there is nothing to undo.",
}
QUERY: Final = "SELECT a.*, e.outcome, e.error FROM actions a LEFT JOIN action_ends e ON e.action = a.id"


def add_error(tx: Connection, action: Action, error: StudioError) -> None:
    """Say why what has begun did not succeed; what waited still is refused."""
    said = json.dumps(error.as_json())
    done = tx.execute("UPDATE action_ends SET error = ? WHERE action = ? AND outcome = 'begun' AND error IS NULL", (said, action.id))
    if done.rowcount == 0 and get(tx, action.id).outcome is None:
        end(tx, action, End.REFUSED, Person(name=action.person), error)


def get(db: Connection, action_id: str) -> Action:
    """Return an action as it is now."""
    return _action(db.execute(f"{QUERY} WHERE a.id = ?", (action_id,)).fetchone())


def of_press(db: Connection, press: str) -> tuple[Action, ...]:
    """Return what one press did, in the order it was done."""
    return tuple(map(_action, db.execute(f"{QUERY} WHERE a.press = ? ORDER BY a.rowid", (press,)).fetchall()))


def waiting(db: Connection, case_id: str | None = None) -> tuple[Action, ...]:
    """Return the orders that have not begun, of one case or of all, the next one first."""
    rows = db.execute(f"{QUERY} WHERE a.begins_at IS NOT NULL AND a.ended = 0 AND (?1 IS NULL OR a.case_id = ?1) ORDER BY a.begins_at", (case_id,))
    return tuple(map(_action, rows.fetchall()))


def due(db: Connection) -> tuple[Action, ...]:
    """Return the orders whose moment has come by the clock of the database, oldest first."""
    rows = db.execute(f"{QUERY} WHERE a.begins_at IS NOT NULL AND a.ended = 0 AND a.begins_at <= {DATABASE_NOW} ORDER BY a.begins_at, a.rowid")
    return tuple(map(_action, rows.fetchall()))


def latest_presses(db: Connection, by: Person, since: str) -> Sequence[str]:
    """Return the presses of a person since a moment (UTC) that can still be undone, oldest first."""
    query = "SELECT press, min(rowid) AS n FROM actions WHERE person = ? AND at >= ? AND ended = 0 GROUP BY press ORDER BY n"
    rows = db.execute(query, (by.name, since))
    return [row["press"] for row in rows.fetchall()]


def _add(tx: Connection, facts: tuple[str, ...], begins: str, *after: str) -> Action:
    action_id = new_id("a")
    names = "id, at, press, kind, case_id, asset, detail, person, begins_at"
    tx.execute(f"INSERT INTO actions ({names}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, {begins})", (action_id, now(), *facts, *after))  # noqa: S608
    return get(tx, action_id)


def _text(detail: Mapping[str, Any]) -> str:
    return json.dumps(detail, sort_keys=True)


def _action(row: Row) -> Action:
    values = {name: row[name] for name in Action.__dataclass_fields__}
    read = {"kind": ActionKind(row["kind"]), "detail": json.loads(row["detail"]), "outcome": End(row["outcome"]) if row["outcome"] else None}
    return Action(**{**values, **read, "error": json.loads(row["error"]) if row["error"] else None})
