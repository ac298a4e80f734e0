"""Workflows that continue after a crash. Their checkpoints may vanish at any time: studio.db is the truth, so every workflow can be run again."""

import contextlib
import functools
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetEnqueueOptions, SetWorkflowID, WorkflowStatus

log = logging.getLogger("pipeline.engine")
VERSION = "studio-1"
BELL_SECONDS = 5.0
RECORD_SECONDS = 0.01  # the bell rings just before the result is recorded
ASK_SECONDS = 0.5
DEAD_SECONDS = 12.0  # a workflow that was just taken from its queue begins within a moment
LIVE = ["PENDING", "ENQUEUED", "DELAYED"]
CRASHES_ALLOWED = 1000  # a crash counts against every workflow alive at that moment, so a low limit would end innocent ones


def workflow(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as a workflow under a name that outlives renaming; arguments and result must be JSON."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def told(*arguments: Any) -> Any:
            own_id = DBOS.workflow_id or ""
            _running.add(own_id)
            try:
                return function(*arguments)
            finally:
                _running.discard(own_id)
                if bell := _bells.get(own_id):
                    bell.set()

        return DBOS.workflow(name=name, max_recovery_attempts=CRASHES_ALLOWED)(told)

    return mark


def step(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a function as a step: its result is kept, so it is not run again once it ended."""
    return DBOS.step(name=name)


def child(queue: str, function: Callable[..., Any], workflow_id: str, priority: int, *arguments: Any) -> Any:
    """Run a workflow on a queue, wait for it and return its result.

    One that ends in this process within a few seconds rings a bell. Thirty of them asking the database ten times a second each, as the
    engine's own waiting would, cost a busy worker a third of its time.
    """
    bell = _bells.setdefault(workflow_id, threading.Event())
    handle = enqueue(queue, function, workflow_id, priority, *arguments)
    rung = bell.wait(BELL_SECONDS)
    _bells.pop(workflow_id, None)
    return handle.get_result(polling_interval_sec=RECORD_SECONDS if rung else ASK_SECONDS)


def enqueue(queue: str, function: Callable[..., Any], workflow_id: str, priority: int, *arguments: Any) -> Any:
    """Put a workflow on a queue; an id that exists is the workflow that exists. Lower priority numbers go first, 1 is the most urgent."""
    with SetWorkflowID(workflow_id), SetEnqueueOptions(priority=max(priority, 1)):
        return DBOS.enqueue_workflow(queue, function, *arguments)


def start(url: str, queues: Mapping[str, int], *, executor: str, poll_seconds: float) -> None:
    """Open the jobs database, continue what a crash left, and serve these queues with so many workers each; a broken SQLite file is begun anew."""
    config: DBOSConfig = {
        "name": "studio",
        "system_database_url": url,
        "application_version": VERSION,
        "executor_id": executor,
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "WARNING",
    }
    logging.getLogger("dbos").setLevel(logging.WARNING)
    _write_ahead(url)
    _executor[:] = [executor]
    DBOS(config=config)
    DBOS.listen_queues(list(queues))
    DBOS.launch()
    for name, workers in queues.items():
        DBOS.register_queue(name, worker_concurrency=workers, polling_interval_sec=poll_seconds, on_conflict="always_update")


def live_ids(ids: list[str]) -> set[str]:
    """Return the ids among these that the engine has and has not finished.

    A workflow can end without its end being written, as on a full disk: one that is pending here, itself or its child, but has not run for
    DEAD_SECONDS is none.
    """
    own, children = _unfinished(workflow_ids=ids), _unfinished(parent_workflow_id=ids)
    pending = {
        s.workflow_id: s.parent_workflow_id or s.workflow_id for s in (*own, *children) if s.status == "PENDING" and s.executor_id in _executor
    }
    silent = pending.keys() - _running
    for heard_of in _silent_since.keys() - silent:
        del _silent_since[heard_of]
    moment = time.monotonic()
    dead = {pending[one] for one in silent if moment - _silent_since.setdefault(one, moment) > DEAD_SECONDS}
    return {status.workflow_id for status in own} - dead


def is_away(error: BaseException) -> bool:
    """Tell whether an error says that the jobs database cannot be reached or is busy, which passes."""
    return isinstance(error, sqlalchemy.exc.OperationalError | sqlalchemy.exc.InterfaceError)


def forget_finished(before: str) -> int:
    """Delete checkpoints of workflows that finished before a moment (ISO 8601); return how many."""
    old = DBOS.list_workflows(status=["SUCCESS", "ERROR", "CANCELLED"], completed_before=before, load_input=False, load_output=False)
    DBOS.delete_workflows([status.workflow_id for status in old])
    return len(old)


_bells: dict[str, threading.Event] = {}
_running: set[str] = set()
_silent_since: dict[str, float] = {}
_executor: list[str] = []


def _unfinished(**chosen: Any) -> list[WorkflowStatus]:
    return DBOS.list_workflows(**chosen, status=LIVE, load_input=False, load_output=False)


def _write_ahead(url: str) -> None:
    if not url.startswith("sqlite:///"):
        return
    path = Path(sqlalchemy.make_url(url).database or "")
    if _is_broken(path):
        log.warning("the jobs database was broken and is begun anew")
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _is_broken(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return True


@sqlalchemy.event.listens_for(sqlalchemy.Engine, "connect")
def _spare_the_disk(connection: object, _: object) -> None:
    """Checkpoints in SQLite need not survive a power cut, as studio.db is the truth: a third of the time of forcing each to the disk."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=NORMAL")
