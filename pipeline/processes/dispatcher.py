"""From what people asked to what the engine does. Rows in studio.db are the orders; the engine's own memory may be lost at any time."""

import logging
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from pipeline import runs, turns
from pipeline.buying import Desk
from pipeline.database import Database
from pipeline.engine import durable
from pipeline.errors import StudioError
from pipeline.records import Run, RunState, now
from pipeline.turns import Pause
from pipeline.workflows.portrait import make_portrait

log = logging.getLogger("pipeline.dispatcher")
RECONCILE_SECONDS = 5.0
KEEP_DAYS = 30
RESTARTS = 5
SHARE = 20.0
HAND_OVER_SECONDS = 0.2


class Dispatcher:
    """Takes asked runs to the engine, restarts lost ones, passes on webhooks."""

    def __init__(self, database: Database, desk: Desk) -> None:
        """Serve the runs of one data folder."""
        self.database, self.desk = database, desk
        self._rung_until = now()
        self._restarts: Counter[str] = Counter()
        self._ahead = 2 * desk.gate.places + 2
        self._say_again = 0.0

    def tick(self) -> bool:
        """Do what has come up since the last tick; true while any run is live."""
        with self.database.reading() as db:
            live = runs.any_live(db)
            pause = turns.pause_of(db)
            ready = runs.ready(db, ahead=self._ahead, pause=pause) if live else []
            stopping = runs.stopping(db) if live else []
            rung = db.execute(
                "SELECT request_id, received_at FROM webhook_inbox WHERE received_at > ? ORDER BY received_at", (self._rung_until,)
            ).fetchall()
        for row in rung:
            self.desk.bells.ring(row["request_id"])
            self._rung_until = row["received_at"]
        self._tend_gate(pause, stopping)
        self._start_some(ready)
        if pause or self.desk.gate.waiting:
            self._say_places()
        return live

    def reconcile(self) -> int:
        """Give every live run whose workflow is gone its next attempt; return how many."""
        with self.database.reading() as db:
            begun = [run for run in runs.live(db) if run.state in (RunState.QUEUED, RunState.WORKING)]
        if not begun:
            return 0
        alive = durable.live_ids([_workflow_id(run) for run in begun])
        lost = [run for run in begun if _workflow_id(run) not in alive]
        for run in lost:
            self._restarts[run.id] += 1
            with self.database.writing() as tx:
                if self._restarts[run.id] > RESTARTS:
                    runs.finish(tx, run.id, RunState.FAILED, StudioError("This run broke again and again and was stopped; what was bought is kept."))
                else:
                    runs.restart(tx, run)
            log.warning("a run lost its workflow", extra={"run": run.id})
        return len(lost)

    def forget_old(self) -> None:
        """Drop the engine's checkpoints of work that finished a month ago; runs, calls and ledger stay."""
        durable.forget_finished((datetime.now(UTC) - timedelta(days=KEEP_DAYS)).isoformat())

    def _tend_gate(self, pause: Pause | None, stopping: list[str]) -> None:
        if pause and not self.desk.gate.closed:
            self.desk.gate.close()
        elif not pause and self.desk.gate.closed:
            self.desk.gate.open()
        for call_id in stopping:
            self.desk.gate.nudge(call_id)

    def _say_places(self) -> None:
        """Tell everybody in line their place; a long line less often, so that it costs a twentieth of a core at most."""
        began = time.monotonic()
        if began < self._say_again:
            return
        with self.database.reading() as db:
            words = turns.outdated(turns.line(db), turns.pause_of(db))
        if words:
            with self.database.writing(relaxed=True) as tx:
                turns.say(tx, words)
        self._say_again = began + SHARE * (time.monotonic() - began)

    def _start_some(self, ready: list[Run]) -> None:
        """Hand over for a moment only: whoever asks meanwhile may be more urgent than the rest."""
        end = time.monotonic() + HAND_OVER_SECONDS
        for run in ready:
            self._start(run)
            if time.monotonic() > end:
                return

    def _start(self, run: Run) -> None:
        rank = turns.turn_of(run).rank
        durable.enqueue("runs", make_portrait, _workflow_id(run), rank, run.id, run.attempt, run.kind.value, rank)
        with self.database.writing() as tx:
            runs.mark_queued(tx, run.id, run.attempt)


def _workflow_id(run: Run) -> str:
    return f"{run.id}.{run.attempt}"
