"""The row of one paid request, and the only moves its state may make."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from pipeline import runs
from pipeline.database import Connection, update
from pipeline.errors import NotNow, UnknownName
from pipeline.providers.files import RESULT_SECONDS
from pipeline.records import CALL_ENDED, CALL_OPEN, Call, CallState, Reuse, seconds_since

S = CallState
MOVES: Mapping[CallState, frozenset[CallState]] = {
    S.PLANNED: frozenset({S.HELD, S.FAILED, S.CANCELLED}),
    S.HELD: frozenset({S.SUBMITTING, S.FAILED, S.CANCELLED}),
    S.SUBMITTING: frozenset({S.SUBMITTED, S.UNKNOWN, S.HELD, S.FAILED}),
    S.UNKNOWN: frozenset({S.SUBMITTED, S.HELD, S.FAILED, S.CANCELLED, S.SUCCEEDED, S.WRITTEN_OFF}),
    S.SUBMITTED: frozenset({S.RUNNING, S.SUCCEEDED, S.FAILED, S.CANCELLED, S.UNKNOWN}),
    S.RUNNING: frozenset({S.SUCCEEDED, S.FAILED, S.CANCELLED, S.UNKNOWN}),
    **{ended: frozenset() for ended in CALL_ENDED},
}
JSON_COLUMNS = ("input", "sent_input", "ticket", "result", "error")


def get(db: Connection, call_id: str) -> Call:
    """Return a call; raises UnknownName."""
    row = db.execute("SELECT * FROM calls WHERE id = ?", (call_id,)).fetchone()
    if row is None:
        raise UnknownName(f"There is no call {call_id!r}.", next="`show` a run to see its calls.")
    return call_of(row)


def of_run(db: Connection, run_id: str) -> list[Call]:
    """Return a run's calls, every try, in order."""
    return [call_of(row) for row in db.execute("SELECT * FROM calls WHERE run_id = ? ORDER BY slot, try_number", (run_id,))]


def is_unfinished(db: Connection, call: Call) -> bool:
    """Tell whether a request may still come to something by itself: not settled, or its paid result not fetched while the provider keeps it."""
    if call.state in CALL_OPEN:
        return not call.needs_decision
    if call.state is not CallState.SUCCEEDED or call.error is not None or seconds_since(call.finished_at or call.created_at) > RESULT_SECONDS:
        return False
    return db.execute("SELECT 1 FROM assets WHERE call_id = ?", (call.id,)).fetchone() is None


def filling(db: Connection, run_id: str, slot: str) -> Call:
    """Return the call that fills a run's slot, which another run may have asked for; raises UnknownName."""
    row = db.execute("SELECT c.* FROM outputs o JOIN calls c ON c.id = o.call_id WHERE o.run_id = ? AND o.slot = ?", (run_id, slot)).fetchone()
    if row is None:
        raise UnknownName("Nothing was asked of a provider for this part of the run.")
    return call_of(row)


def move(tx: Connection, call: Call, to: CallState, **changes: Any) -> Call:
    """Change a call's state, with other columns in the same statement; as its request goes out, the time of its runs begins.

    Raises NotNow for a move that is not allowed or when it moved meanwhile.
    """
    if to not in MOVES[call.state]:
        raise NotNow(f"A call that is {call.state.value} cannot become {to.value}.")
    values = {name: json.dumps(value) if name in JSON_COLUMNS and value is not None else value for name, value in changes.items()}
    if not update(tx, "calls", {"id": call.id, "state": call.state.value}, {"state": to.value, **values}):
        raise NotNow(f"This call is no longer {call.state.value}.")
    if to is CallState.SUBMITTING:
        runs.take_off(tx, call.id)
    return get(tx, call.id)


def note(tx: Connection, call: Call, **changes: Any) -> Call:
    """Change columns of a call without touching its state."""
    values = {name: json.dumps(value) if name in JSON_COLUMNS and value is not None else value for name, value in changes.items()}
    update(tx, "calls", {"id": call.id}, values)
    return get(tx, call.id)


def cancel_wanted(db: Connection, call_id: str) -> bool:
    """Tell whether everybody who waits for this call wants it to stop."""
    row = db.execute(
        """SELECT count(*) AS waiting, count(r.cancel_asked_at) AS stopping FROM outputs o JOIN runs r ON r.id = o.run_id
        WHERE o.call_id = ? AND r.state IN ('asked', 'queued', 'working')""",
        (call_id,),
    ).fetchone()
    return bool(row["waiting"]) and row["waiting"] == row["stopping"]


def call_of(row: sqlite3.Row) -> Call:
    """Read a call from its row."""
    values = {name: row[name] for name in Call.__dataclass_fields__}
    values |= {name: json.loads(row[name]) if row[name] else None for name in JSON_COLUMNS}
    values |= {"state": CallState(row["state"]), "reuse": Reuse(row["reuse"]), "counts": bool(row["counts"])}
    return Call(**{**values, "needs_decision": bool(row["needs_decision"])})
