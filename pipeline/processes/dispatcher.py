"""From what people asked to what the engine does. Rows in studio.db are the orders; the engine's own memory may be lost at any time."""

import logging
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from pipeline import runs, turns
from pipeline.buying import Desk, calls
from pipeline.buying.settling import drop_unsent
from pipeline.database import Connection, Database
from pipeline.engine import durable
from pipeline.errors import DatabaseBusy, DiskFull, StudioError
from pipeline.records import CALL_UNSENT, Run, RunState, now
from pipeline.turns import Pause
from pipeline.workflows.portrait import make_portrait, with_charge

log = logging.getLogger("pipeline.dispatcher")
RECONCILE_SECONDS = 5.0
KEEP_DAYS = 30
RESTARTS = 5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 600.0
OURS_AND_PASSING = (DatabaseBusy.__name__, DiskFull.__name__)
SHARE = 20.0
HAND_OVER_SECONDS = 0.2


class Dispatcher:
    """Takes asked runs to the engine, restarts lost ones, passes on webhooks."""

    def __init__(self, database: Database, desk: Desk) -> None:
        """Serve the runs of one data folder."""
        self.database, self.desk = database, desk
        self._rung_until = now()
        self._restarts: Counter[str] = Counter()
        self._not_before: dict[str, float] = {}
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
        """Give every live run whose workflow is gone its next attempt, and so every ended run whose request is still open; return how many.

        The first attempt follows at once, later ones after growing pauses. What was bought is driven for ever, and a busy database or a full
        disk is waited for; any other run that has nothing open ends after RESTARTS attempts that broke.
        """
        with self.database.reading() as db:
            live, undriven = runs.live(db), runs.undriven(db)
        begun = [run for run in live if run.state in (RunState.QUEUED, RunState.WORKING)]
        alive = durable.live_ids([_workflow_id(run) for run in begun]) if begun else set()
        lost = [run for run in begun if _workflow_id(run) not in alive and (run.cancel_asked_at or self._is_due(run.id))]
        for run in lost:
            self._begin_again(run)
        for run in undriven:
            self._take_up(run)
        self._forget_restarts({run.id for run in (*live, *undriven)})
        return len(lost) + len(undriven)

    def _begin_again(self, run: Run) -> None:
        made = self._restarts[run.id]
        with self.database.writing() as tx:
            if made < RESTARTS or _may_come_to_something(tx, run) or _waits_for_us(run):
                runs.restart(tx, run)
            else:
                _drop_unsent_calls(tx, run)
                said = StudioError("This run broke again and again and was stopped; what was bought is kept.")
                runs.finish(tx, run.id, RunState.FAILED, with_charge(tx, run, said))
        self._restarts[run.id] = made + 1  # only now: an attempt that could not be written down was not made
        self._not_before[run.id] = time.monotonic() + min(FIRST_PAUSE_SECONDS * 2**made, LONGEST_PAUSE_SECONDS)
        log.warning("a run lost its workflow", extra={"run": run.id})

    def _take_up(self, run: Run) -> None:
        """Go on with what an ended run has open; what was never sent is not bought for it any more."""
        with self.database.writing() as tx:
            if run.id not in {one.id for one in runs.undriven(tx)}:
                return  # somebody retried it meanwhile
            dropped = _drop_unsent_calls(tx, run)
            if not dropped:
                runs.revive(tx, run)
        log.warning("a run had ended with an open request", extra={"run": run.id, "unsent": dropped})

    def _is_due(self, run_id: str) -> bool:
        return time.monotonic() >= self._not_before.get(run_id, 0.0)

    def _forget_restarts(self, known: set[str]) -> None:
        for run_id in self._restarts.keys() - known:
            del self._restarts[run_id]
            self._not_before.pop(run_id, None)

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


def _may_come_to_something(db: Connection, run: Run) -> bool:
    return any(call.state not in CALL_UNSENT and calls.is_unfinished(db, call) for call in calls.of_run(db, run.id))


def _waits_for_us(run: Run) -> bool:
    return run.error is not None and run.error["error"] in OURS_AND_PASSING


def _drop_unsent_calls(tx: Connection, run: Run) -> int:
    unsent = [call for call in calls.of_run(tx, run.id) if call.state in CALL_UNSENT]
    for call in unsent:
        drop_unsent(tx, call)
    return len(unsent)
