"""What people asked for: ask, stage, finish, cancel, retry. A run's id is given by who asks, so a double click is the same run."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from pipeline.database import Connection, insert, update
from pipeline.errors import KeyReused, NotNow, StudioError, TooManyRequests, UnknownName
from pipeline.records import Channel, Person, Run, RunKind, RunState, now, seconds_since

WINDOW_SECONDS = 3600.0
LIVE = ("asked", "queued", "working")


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
    priority: int = 10,
) -> tuple[Run, bool]:
    """Write down what is wanted and return (run, new); the same id with the same wish is the run that exists, with another wish KeyReused."""
    body = json.dumps(dict(settings), sort_keys=True)
    row: dict[str, Any] = {"id": run_id, "kind": kind.value, "case_id": case_id, "person": person.name, "team": person.team, "feature": feature}
    row |= {"channel": person.channel.value, "settings": body, "parent_run": parent_run, "sweep": None, "priority": priority}
    row |= {"turn": _next_turn(tx, person.name), "state": "asked", "attempt": 1, "stage": "Waiting for the worker", "progress": 0.0}
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
        made = "1 request" if per_hour == 1 else f"{per_hour} requests"
        raise TooManyRequests(f"{person.name} has made {made} within the hour, the most that is allowed.", after_seconds=WINDOW_SECONDS - age)


def get(db: Connection, run_id: str) -> Run:
    """Return a run; raises UnknownName."""
    row = db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise UnknownName(f"There is no run {run_id!r}.", next="`runs` lists them.")
    return _run(row)


def newest(db: Connection, limit: int = 50, *, case_id: str | None = None) -> list[Run]:
    """Return the newest runs, newest first; of one case if named."""
    where, values = ("WHERE case_id = ?", (case_id,)) if case_id else ("", ())
    return [_run(row) for row in db.execute(f"SELECT * FROM runs {where} ORDER BY asked_at DESC, id DESC LIMIT ?", (*values, limit))]  # noqa: S608


def live(db: Connection) -> list[Run]:
    """Return the runs that have not ended, the most urgent first."""
    rows = db.execute("SELECT * FROM runs WHERE state IN ('asked', 'queued', 'working') ORDER BY priority, turn, asked_at")
    return [_run(row) for row in rows]


def waiting(db: Connection, limit: int = 200) -> list[Run]:
    """Return what the dispatcher has not yet taken, the most urgent first."""
    return [_run(row) for row in db.execute("SELECT * FROM runs WHERE state = 'asked' ORDER BY priority, turn, asked_at LIMIT ?", (limit,))]


def mark_queued(tx: Connection, run_id: str, attempt: int) -> bool:
    """Note that the engine has the run; false when it moved on meanwhile."""
    return _move(tx, run_id, attempt, ("asked",), {"state": "queued", "stage": "Waiting for its turn"})


def begin(tx: Connection, run_id: str, attempt: int) -> bool:
    """Note that work began; false when this attempt is not the run's any more."""
    return _move(tx, run_id, attempt, LIVE, {"state": "working", "started_at": now()})


def stage(tx: Connection, run_id: str, words: str, progress: float) -> None:
    """Say what is happening, with progress from 0 to 1 that never runs backwards within an attempt."""
    tx.execute(
        "UPDATE runs SET stage = ?, progress = max(progress, ?) WHERE id = ? AND state IN ('asked', 'queued', 'working')",
        (words, min(max(progress, 0.0), 1.0), run_id),
    )


def finish(tx: Connection, run_id: str, state: RunState, error: StudioError | None = None) -> bool:
    """End a run; false when it had ended already."""
    words = {"succeeded": "Ready to review", "partly": "Partly done", "failed": "Failed", "cancelled": "Cancelled"}[state.value]
    changes: dict[str, Any] = {"state": state.value, "stage": words, "ended_at": now()}
    if state is RunState.SUCCEEDED:
        changes |= {"progress": 1.0, "error": None}
    elif error is not None:
        changes["error"] = json.dumps({**error.as_json(), "fault": error.fault.value, "retry": error.retry})
    return _move(tx, run_id, None, LIVE, changes)


def ask_cancel(tx: Connection, run_id: str) -> Run:
    """Ask a run to stop: at once if nobody has begun, else at its next look; raises NotNow when it has ended."""
    run = get(tx, run_id)
    if run.ended:
        raise NotNow(f"This run has ended: {run.state.value}.", next="There is nothing to cancel.")
    update(tx, "runs", {"id": run_id}, {"cancel_asked_at": now(), "stage": "Cancelling"})
    return get(tx, run_id)


def again(tx: Connection, run_id: str) -> Run:
    """Ask for another attempt of a run that failed or was cancelled; its error stays until it succeeds; raises NotNow otherwise."""
    run = get(tx, run_id)
    if run.state not in (RunState.FAILED, RunState.CANCELLED, RunState.PARTLY):
        raise NotNow(f"Only a failed or cancelled run can be retried; this one is {run.state.value}.", next="Look at it with `show`.")
    changes = {"state": "asked", "attempt": run.attempt + 1, "stage": "Waiting for the worker", "progress": 0.0}
    update(tx, "runs", {"id": run_id}, {**changes, "cancel_asked_at": None, "ended_at": None})
    return get(tx, run_id)


def restart(tx: Connection, run: Run) -> bool:
    """Give a live run whose workflow is gone its next attempt."""
    return _move(tx, run.id, run.attempt, LIVE, {"state": "asked", "attempt": run.attempt + 1})


def _move(tx: Connection, run_id: str, attempt: int | None, states: tuple[str, ...], changes: Mapping[str, Any]) -> bool:
    now_row = tx.execute("SELECT state, attempt FROM runs WHERE id = ?", (run_id,)).fetchone()
    if now_row is None or now_row["state"] not in states or attempt not in (None, now_row["attempt"]):
        return False
    return update(tx, "runs", {"id": run_id}, changes)


def _next_turn(tx: Connection, person: str) -> int:
    started = tx.execute("SELECT coalesce(max(turn), 0) AS turn FROM runs WHERE state IN ('queued', 'working')").fetchone()["turn"]
    mine = tx.execute("SELECT coalesce(max(turn), 0) AS turn FROM runs WHERE person = ? AND state IN ('asked', 'queued')", (person,)).fetchone()[
        "turn"
    ]
    return int(max(started, mine)) + 1


def _run(row: sqlite3.Row) -> Run:
    values = {name: row[name] for name in Run.__dataclass_fields__}
    values |= {"kind": RunKind(row["kind"]), "state": RunState(row["state"]), "channel": Channel(row["channel"])}
    values |= {"settings": json.loads(row["settings"]), "error": json.loads(row["error"]) if row["error"] else None}
    return Run(**values)
