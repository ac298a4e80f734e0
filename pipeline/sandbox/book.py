"""Requests on disk: accepted, started, ended; the one place that changes them."""

import json
import sqlite3
import time
import uuid
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.sandbox.database import connect, writing
from pipeline.sandbox.faults import WITH_THE_REQUEST, Kind, take, take_inside
from pipeline.sandbox.models import MODELS, Job


class State(StrEnum):
    """Where a request stands, in fal's words."""

    QUEUED = "IN_QUEUE"
    RUNNING = "IN_PROGRESS"
    ENDED = "COMPLETED"


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a client sent, before it is accepted; times in seconds, None when it named none."""

    endpoint: str
    body: dict[str, Any]
    priority: int = 0
    webhook: str = ""
    queue_seconds: float | None = None
    keep_seconds: float | None = None
    store_io: bool = True
    fallbacks: bool = True


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One accepted request as it lies on disk; moments are Unix seconds, money is micro-dollars."""

    seq: int
    id: str
    endpoint: str
    served: str
    body: str
    state: State
    priority: int
    accepted_at: float
    started_at: float | None
    ended_at: float | None
    queue_seconds: float | None
    keep_seconds: float | None
    webhook: str
    webhook_state: str
    store_io: int
    cancel_asked: int
    orders: str
    status_code: int | None
    answer: str | None
    error: str
    error_type: str
    units: float
    micro_usd: int

    @property
    def forgotten(self) -> bool:
        """True when it ended and what it answered was let go of."""
        return self.state is State.ENDED and self.answer is None

    def has(self, kind: Kind) -> bool:
        """True when this fault was ordered for this request."""
        return kind in json.loads(self.orders)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a request ended: what its result address answers, and what it costs."""

    status_code: int
    answer: Any
    error: str = ""
    error_type: str = ""
    units: float = 0.0
    micro_usd: int = 0


class Book:
    """Every request of one emulator; used from the server's event loop only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.accepting = connect(folder)
        self.db = connect(folder, synchronous="NORMAL")

    def close(self) -> None:
        """Close both connections."""
        self.accepting.close()
        self.db.close()

    def faults(self, kinds: tuple[Kind, ...], endpoint: str) -> dict[Kind, float]:
        """Take the faults that fire at this event, each with its seconds."""
        return take(self.db, kinds, endpoint)

    def accept(self, submission: Submission) -> Entry:
        """Put a submission on disk with the faults ordered for it; when this returns it is safe to say yes."""
        with writing(self.accepting) as db:
            orders = take_inside(db, _orders_that_fit(submission), submission.endpoint)
            entry_id = str(uuid.uuid4())
            db.execute(
                "insert into requests (id, endpoint, served, body, state, priority, accepted_at,"
                " queue_seconds, keep_seconds, webhook, store_io, orders)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    entry_id,
                    submission.endpoint,
                    _server_of(submission.endpoint, orders),
                    json.dumps(submission.body),
                    State.QUEUED,
                    submission.priority,
                    time.time(),
                    submission.queue_seconds,
                    submission.keep_seconds,
                    submission.webhook,
                    submission.store_io,
                    json.dumps(orders),
                ),
            )
        return self.get(entry_id)

    def find(self, entry_id: str) -> Entry | None:
        """Find a request, or None."""
        row = self.db.execute("select * from requests where id = ?", (entry_id,)).fetchone()
        return None if row is None else _entry(row)

    def get(self, entry_id: str) -> Entry:
        """Return a request that surely exists."""
        entry = self.find(entry_id)
        if entry is None:
            raise KeyError(entry_id)
        return entry

    def place(self, entry: Entry) -> int:
        """Count the queued requests ahead of this one."""
        query = "select count(*) from requests where state = ? and (priority, seq) < (?, ?)"
        return int(self.db.execute(query, (State.QUEUED, entry.priority, entry.seq)).fetchone()[0])

    def count(self, state: State) -> int:
        """Count the requests in a state."""
        return int(self.db.execute("select count(*) from requests where state = ?", (state,)).fetchone()[0])

    def in_state(self, state: State) -> tuple[Entry, ...]:
        """List the requests in a state, in the order they are served."""
        rows = self.db.execute("select * from requests where state = ? order by priority, seq", (state,))
        return tuple(_entry(row) for row in rows)

    def start_next(self) -> Entry | None:
        """Start the first queued request, or return None when nothing waits."""
        query = "select id from requests where state = ? order by priority, seq limit 1"
        with writing(self.db) as db:
            row = db.execute(query, (State.QUEUED,)).fetchone()
            if row is not None:
                db.execute("update requests set state = ?, started_at = ? where id = ?", (State.RUNNING, time.time(), row["id"]))
        return None if row is None else self.get(row["id"])

    def end(self, entry_id: str, ending: Ending) -> Entry:
        """End a request once; ending it again changes nothing."""
        self.db.execute(
            "update requests set state = ?, ended_at = ?, status_code = ?, answer = ?, error = ?, error_type = ?, units = ?, micro_usd = ?,"
            " webhook_state = iif(webhook = '', '', 'due') where id = ? and state != ?",
            (
                State.ENDED,
                time.time(),
                ending.status_code,
                json.dumps(ending.answer),
                ending.error,
                ending.error_type,
                ending.units,
                ending.micro_usd,
                entry_id,
                State.ENDED,
            ),
        )
        return self.get(entry_id)

    def forget(self, entry_id: str) -> None:
        """Let go of what an ended request was asked and what it answered; that it was made and what it cost stays."""
        self.db.execute("update requests set body = '{}', answer = null, store_io = 0 where id = ? and state = ?", (entry_id, State.ENDED))

    def ask_cancel(self, entry_id: str) -> None:
        """Remember that a running request should be cancelled."""
        self.db.execute("update requests set cancel_asked = 1 where id = ?", (entry_id,))

    def webhook_ended(self, entry_id: str, state: str) -> None:
        """Remember what became of a request's webhook: `done`, `failed` or `refused`."""
        self.db.execute("update requests set webhook_state = ? where id = ?", (state, entry_id))

    def webhooks_due(self) -> tuple[Entry, ...]:
        """List the ended requests whose webhook was not yet delivered."""
        return tuple(_entry(row) for row in self.db.execute("select * from requests where webhook_state = 'due' order by seq"))


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(**{**dict(row), "state": State(row["state"])})


def _orders_that_fit(submission: Submission) -> list[Kind]:
    """Leave out orders that cannot befall this request, so that they wait for one they can."""
    of_pictures, of_clips = {Kind.FLAGGED, Kind.BLACK_PICTURE}, {Kind.NO_PICTURE_TRACK, Kind.ONE_FRAME}
    out = of_pictures if MODELS[submission.endpoint].job is Job.CLIP else of_clips
    if not submission.fallbacks:
        out.add(Kind.SERVED_ELSEWHERE)
    return [kind for kind in WITH_THE_REQUEST if kind not in out]


def _server_of(endpoint: str, orders: dict[Kind, float]) -> str:
    if Kind.SERVED_ELSEWHERE in orders or Kind.SERVED_ELSEWHERE_ANYWAY in orders:
        return MODELS[endpoint].fallback or f"{endpoint}/fallback"
    return endpoint
