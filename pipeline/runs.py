"""What people asked for: ask, stage, finish, cancel, retry. A run's id is given by who asks, so a double click is the same run."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from pipeline.database import Connection, insert, update
from pipeline.errors import KeyReused, NotNow, StudioError, TooManyRequests, UnknownName
from pipeline.records import Channel, Person, Run, RunKind, RunState, now, seconds_since
from pipeline.stages import Stage
from pipeline.turns import SINGLE, Pause, first_words, next_turn
from pipeline.turns import ready as ready_ids
from pipeline.wording import counted

WINDOW_SECONDS = 3600.0
LIVE = ("asked", "queued", "working")
SENDING = 0.09  # progress of a run whose request goes out
SAY = "UPDATE runs SET stage = CASE WHEN cancel_asked_at IS NULL THEN ? ELSE stage END, progress = max(progress, ?)"
ENDS = {
    RunState.SUCCEEDED: Stage.SUCCEEDED,
    RunState.PARTLY: Stage.PARTLY,
    RunState.FAILED: Stage.FAILED,
    RunState.CANCELLED: Stage.CANCELLED,
}


def ask(
    tx: Connection,
    *,
    run_id: str,
    kind: RunKind,
    case_id: str,
    person: Person,
    feature: str,
    settings: Mapping[str, Any],
    source: str,
    photo_version: int,
    parent_run: str | None = None,
    sweep: str | None = None,
    priority: int = SINGLE,
    turn: int | None = None,
) -> tuple[Run, bool]:
    """Write down what is wanted and return (run, new); the same id with the same wish is the run that exists, with another wish KeyReused.

    A cell of a sweep names it and has the priority SWEEP; who asks for many at once gives each its turn.
    """
    body = json.dumps(dict(settings), sort_keys=True)
    row: dict[str, Any] = {"id": run_id, "kind": kind.value, "case_id": case_id, "person": person.name, "team": person.team, "feature": feature}
    row |= {"channel": person.channel.value, "settings": body, "parent_run": parent_run, "sweep": sweep, "priority": priority}
    row |= {"turn": turn or next_turn(tx, person.name, priority), "state": "asked", "attempt": 1, "stage": first_words(tx), "progress": 0.0}
    row |= {"photo_version": photo_version, "source": source, "asked_at": now()}
    existing = tx.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if existing is None:
        insert(tx, "runs", row)
        return get(tx, run_id), True
    if any(existing[name] != row[name] for name in ("kind", "case_id", "settings", "source")):
        raise KeyReused
    return _run(existing), False


def check_pace(tx: Connection, person: Person, feature: str, per_hour: int) -> None:
    """Raise TooManyRequests, saying when a place frees, if the person made `per_hour` paid requests for this feature within the last hour.

    0 means no limit.
    """
    if per_hour <= 0:
        return
    rows = tx.execute(
        """SELECT c.created_at FROM calls c JOIN runs r ON r.id = c.run_id WHERE r.person = ? AND r.feature = ? AND r.channel = ?
        ORDER BY c.created_at DESC LIMIT ?""",
        (person.name, feature, person.channel.value, per_hour),
    ).fetchall()
    if len(rows) == per_hour and (age := seconds_since(rows[-1]["created_at"])) < WINDOW_SECONDS:
        made = counted(per_hour, "request")
        raise TooManyRequests(f"{person.name} has made {made} within the hour, the most that is allowed.", after_seconds=WINDOW_SECONDS - age)


def get(db: Connection, run_id: str) -> Run:
    """Return a run; raises UnknownName."""
    row = db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise UnknownName(f"There is no run {run_id!r}.", next="`runs` lists them.", screen="Look for it in the queue.")
    return _run(row)


def newest(db: Connection, limit: int = 50, *, case_id: str | None = None, cells: bool = True) -> list[Run]:
    """Return the newest runs, newest first; of one case if named, without the cells of sweeps if wished."""
    where, values = ("WHERE case_id = ?", (case_id,)) if case_id else ("WHERE true", ())
    rows = db.execute(f"SELECT * FROM runs {where}{_apart(cells)} ORDER BY asked_at DESC, id DESC LIMIT ?", (*values, limit))  # noqa: S608
    return [_run(row) for row in rows]


def live(db: Connection, limit: int = -1, *, cells: bool = True) -> list[Run]:
    """Return the runs that have not ended, the most urgent first, those that began before those that wait; the first `limit` if named.

    Without the cells of sweeps if wished.
    """
    rows = db.execute(
        f"""SELECT * FROM runs WHERE state IN ('asked', 'queued', 'working'){_apart(cells)}
        ORDER BY started_at IS NULL, priority, turn, asked_at LIMIT ?""",  # noqa: S608
        (limit,),
    )
    return [_run(row) for row in rows]


def any_live(db: Connection) -> bool:
    """Tell whether any run has not ended."""
    return db.execute("SELECT 1 FROM runs WHERE state IN ('asked', 'queued', 'working') LIMIT 1").fetchone() is not None


def stopping(db: Connection) -> list[str]:
    """Return the calls of working runs that somebody wants to stop."""
    rows = db.execute(
        """SELECT o.call_id FROM runs r JOIN outputs o ON o.run_id = r.id
        WHERE r.state = 'working' AND r.cancel_asked_at IS NOT NULL AND o.call_id IS NOT NULL"""
    )
    return [row["call_id"] for row in rows]


def ready(db: Connection, *, ahead: int, pause: Pause | None) -> list[Run]:
    """Return the asked runs that the engine may have, the most urgent first; `ahead` of each person may wait at the gate."""
    return [get(db, run_id) for run_id in ready_ids(db, ahead=ahead, pause=pause)]


def mark_queued(tx: Connection, run_id: str, attempt: int) -> bool:
    """Note that the engine has the run; false when it moved on meanwhile."""
    return _move(tx, run_id, attempt, ("asked",), {"state": "queued"})


def begin(tx: Connection, run_id: str, attempt: int) -> bool:
    """Note that work began; false when this attempt is not the run's any more.

    The time of a run that has something to buy counts from `take_off`, not from here: it may have to wait for a place.
    """
    if not _move(tx, run_id, attempt, LIVE, {"state": "working"}):
        return False
    tx.execute(
        """UPDATE runs SET started_at = ? WHERE id = ? AND started_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM outputs o JOIN calls c ON c.id = o.call_id WHERE o.run_id = runs.id AND c.state = 'held')""",
        (now(), run_id),
    )
    return True


def stage(tx: Connection, run_id: str, words: str, progress: float) -> None:
    """Say what is happening, with progress from 0 to 1 that never runs backwards within an attempt; a run that is being cancelled says that."""
    tx.execute(f"{SAY} WHERE id = ? AND state IN ('asked', 'queued', 'working')", (words, min(max(progress, 0.0), 1.0), run_id))


def stage_of_call(tx: Connection, call_id: str, words: str, progress: float) -> None:
    """Say what is happening to every run that waits for a call."""
    where = "WHERE id IN (SELECT run_id FROM outputs WHERE call_id = ?) AND state IN ('asked', 'queued', 'working')"
    tx.execute(f"{SAY} {where}", (words, min(max(progress, 0.0), 1.0), call_id))


def take_off(tx: Connection, call_id: str) -> None:
    """Note that a call's request goes out: from now on the time of its runs counts."""
    stage_of_call(tx, call_id, Stage.SENDING, SENDING)
    tx.execute("UPDATE runs SET started_at = ? WHERE id IN (SELECT run_id FROM outputs WHERE call_id = ?) AND state = 'working'", (now(), call_id))


def finish(tx: Connection, run_id: str, state: RunState, error: StudioError | None = None) -> bool:
    """End a run; false when it had ended already."""
    changes: dict[str, Any] = {"state": state.value, "stage": ENDS[state].value, "ended_at": now()}
    if state is RunState.SUCCEEDED:
        changes |= {"progress": 1.0, "error": None}
    elif error is not None:
        changes["error"] = _kept(error)
    return _move(tx, run_id, None, LIVE, changes)


def ask_cancel(tx: Connection, run_id: str) -> Run:
    """Ask a run to stop: at once if nobody has begun, else at its next look; raises NotNow when it has ended."""
    run = get(tx, run_id)
    if run.ended:
        raise NotNow(f"This run has ended: {run.state.value}.", next="There is nothing to cancel.")
    update(tx, "runs", {"id": run_id}, {"cancel_asked_at": now(), "stage": Stage.CANCELLING.value})
    return get(tx, run_id)


def again(tx: Connection, run_id: str) -> Run:
    """Ask for another attempt of a run that failed or was cancelled; its error stays until it succeeds; raises NotNow otherwise."""
    run = get(tx, run_id)
    if run.state not in (RunState.FAILED, RunState.CANCELLED, RunState.PARTLY):
        said = f"Only a failed or cancelled run can be retried; this one is {run.state.value}."
        raise NotNow(said, next="Look at it with `show`.", screen="Look at it in the queue.")
    changes = {"state": "asked", "attempt": run.attempt + 1, "turn": next_turn(tx, run.person, run.priority), "progress": 0.0}
    update(tx, "runs", {"id": run_id}, {**changes, "stage": first_words(tx), "cancel_asked_at": None, "started_at": None, "ended_at": None})
    return get(tx, run_id)


def explain(tx: Connection, call_id: str, error: StudioError) -> None:
    """Let the failed runs of a call say something else than when they ended, as somebody has decided about it."""
    where = "id IN (SELECT run_id FROM outputs WHERE call_id = ?) AND state = 'failed'"
    tx.execute(f"UPDATE runs SET error = ? WHERE {where}", (_kept(error), call_id))  # noqa: S608


def keep_trying(tx: Connection, run_id: str, attempt: int, stage: Stage, error: StudioError) -> bool:
    """Let a live run say what is in its way; the dispatcher gives it its next attempt. False when it moved on meanwhile."""
    return _move(tx, run_id, attempt, LIVE, {"stage": stage.value, "error": _kept(error)})


def undriven(db: Connection) -> list[Run]:
    """Return the ended runs with a request of their own that is neither settled nor left to a person's decision, and that no live run waits for."""
    rows = db.execute(
        """SELECT r.* FROM calls c JOIN runs r ON r.id = c.run_id
        WHERE c.state IN ('planned', 'held', 'submitting', 'unknown', 'submitted', 'running') AND c.needs_decision = 0
        AND r.state NOT IN ('asked', 'queued', 'working') AND NOT EXISTS (
            SELECT 1 FROM outputs o JOIN runs w ON w.id = o.run_id WHERE o.call_id = c.id AND w.state IN ('asked', 'queued', 'working'))"""
    )
    return [_run(row) for row in rows]


def revive(tx: Connection, run: Run) -> bool:
    """Give an ended run its next attempt, because its request is still open; a cancel that was asked for still holds."""
    ended = ("succeeded", "partly", "failed", "cancelled")
    changes = {"state": "asked", "attempt": run.attempt + 1, "stage": first_words(tx), "progress": 0.0, "ended_at": None}
    return _move(tx, run.id, run.attempt, ended, changes)


def restart(tx: Connection, run: Run) -> bool:
    """Give a live run whose workflow is gone its next attempt."""
    return _move(tx, run.id, run.attempt, LIVE, {"state": "asked", "attempt": run.attempt + 1})


def _move(tx: Connection, run_id: str, attempt: int | None, states: tuple[str, ...], changes: Mapping[str, Any]) -> bool:
    now_row = tx.execute("SELECT state, attempt FROM runs WHERE id = ?", (run_id,)).fetchone()
    if now_row is None or now_row["state"] not in states or attempt not in (None, now_row["attempt"]):
        return False
    return update(tx, "runs", {"id": run_id}, changes)


def _apart(cells: bool) -> str:
    return "" if cells else " AND sweep IS NULL"


def _kept(error: StudioError) -> str:
    return json.dumps({**error.as_json(), "fault": error.fault.value, "retry": error.retry})


def _run(row: sqlite3.Row) -> Run:
    values = {name: row[name] for name in Run.__dataclass_fields__}
    values |= {"kind": RunKind(row["kind"]), "state": RunState(row["state"]), "channel": Channel(row["channel"])}
    values |= {"settings": json.loads(row["settings"]), "error": json.loads(row["error"]) if row["error"] else None}
    return Run(**values)
