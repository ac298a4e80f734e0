"""Waiting for an accepted request: few looks, quick notice, a cancel that follows the provider, and deadlines after which nobody knows."""

import time
from collections.abc import Callable
from dataclasses import replace

from pipeline.buying import calls
from pipeline.buying.desk import Desk
from pipeline.buying.schedule import Usual, learn, next_look
from pipeline.buying.settling import drop, settle, settle_failure
from pipeline.catalog import Job, Model
from pipeline.errors import (
    Cancelled,
    GenerationFailed,
    GenerationTimedOut,
    InputRefused,
    NotSent,
    OutcomeUnknown,
    RequestUnknown,
    ResultLost,
    UnknownName,
)
from pipeline.providers.failures import failed_for, money_unknown
from pipeline.providers.port import Delivery, Phase, Progress, Ticket, Withdrawal
from pipeline.records import Call, CallState, moment, now, seconds_since
from pipeline.stages import Stage, at_provider

Tell = Callable[[str, float], None]
SLICE_SECONDS = 0.5
LEARN_FROM = 20
TRIES = 8


class Waiter:
    """Watches one request until it ends."""

    def __init__(self, desk: Desk, call: Call, tell: Tell) -> None:
        """Watch `call`; `tell(words, progress)` hears every change of stage."""
        self.desk, self.call, self.tell = desk, call, tell
        self.provider = desk.providers[call.provider]
        self.ticket = Ticket(**(call.ticket or {}))
        self.model = _model(desk, call)
        self.usual = usual_seconds(desk, call.endpoint)
        self.looks = 0
        self.words = ""
        self.running_since: float | None = None
        self.unfinished_at: str | None = None

    def watch(self) -> Progress | None:
        """Look until the request ends and return its last progress; None when it was withdrawn or, its deadline past, became `unknown`."""
        while True:
            if self._cancelled():
                return None
            looked_at = now()
            progress = self._look()
            if progress is not None:
                self._note(progress)
                if progress.phase in (Phase.DONE, Phase.FAILED):
                    self.desk.points.reach("after-notice")
                    return progress
                self.unfinished_at = looked_at
            if self._too_late():
                self._give_in()
                return None
            self._pause()

    def elapsed(self) -> float:
        """Seconds since the provider accepted the request."""
        return seconds_since(self.call.accepted_at or self.call.created_at)

    def _look(self) -> Progress | None:
        self.looks += 1
        try:
            return self.provider.status(self.ticket)
        except NotSent:
            return None
        except RequestUnknown:
            return Progress(phase=Phase.DONE)  # gone from the queue: the result, or the listing, knows more

    def _note(self, progress: Progress) -> None:
        if progress.phase is Phase.RUNNING and self.running_since is None:
            self.running_since = time.monotonic()
        if progress.phase is Phase.RUNNING and self.call.state is CallState.SUBMITTED:
            with self.desk.database.writing(relaxed=True) as tx:
                self.call = calls.move(tx, self.call, CallState.RUNNING)
        words = _words(progress, self.model)
        if words != self.words:
            self.words = words
            self.tell(words, 0.1 + 0.7 * min(self.elapsed() / self._expected(), 1.0))

    def _pause(self) -> None:
        seconds = next_look(self.elapsed(), self.looks, self.usual, self._expected(), self._deadline())
        self.desk.points.reach("while-waiting")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.desk.bells.wait(self.ticket.request_id, min(left, SLICE_SECONDS)) or self._stop_asked():
                return

    def _stop_asked(self) -> bool:
        with self.desk.database.reading() as db:
            return self.call.cancel_asked_at is None and calls.cancel_wanted(db, self.call.id)

    def _cancelled(self) -> bool:
        if self.call.cancel_asked_at is not None or not self._stop_asked():
            return False
        try:
            answer = self.provider.cancel(self.ticket)
        except (NotSent, RequestUnknown):
            return False
        with self.desk.database.writing() as tx:
            self.call = calls.note(tx, self.call, cancel_asked_at=now())
        if answer is Withdrawal.REMOVED:
            self.call = drop(self.desk, self.call)
            return True
        return False

    def _expected(self) -> float:
        return self.usual.high if self.usual else self.model.expected_seconds

    def _deadline(self) -> float:
        return self.model.queue_deadline_seconds + self.model.run_deadline_seconds

    def _too_late(self) -> bool:
        if self.running_since is not None:
            return time.monotonic() - self.running_since > self.model.run_deadline_seconds
        return self.elapsed() > self.model.queue_deadline_seconds

    def _give_in(self) -> None:
        error = money_unknown(GenerationTimedOut("This is taking longer than it ever should; whether it will be charged is not known yet."))
        error.next = f"Decide: `decide {self.call.id} adopt` to wait on, `resend` or `write-off`."
        with self.desk.database.writing() as tx:
            looks = self.call.status_requests + self.looks
            self.call = calls.move(tx, self.call, CallState.UNKNOWN, needs_decision=1, error=error.as_json(), status_requests=looks)


def wait(desk: Desk, call: Call, tell: Tell) -> tuple[Call, Progress | None]:
    """Wait for an accepted request; progress is None when there is nothing to fetch."""
    waiter = Waiter(desk, call, tell)
    progress = waiter.watch()
    return replace(waiter.call, status_requests=call.status_requests + waiter.looks, unfinished_at=waiter.unfinished_at), progress


def collect(desk: Desk, call: Call, progress: Progress) -> Call:
    """Fetch the result of an ended request and settle it; a result the queue no longer has is looked for in the provider's listing.

    Raises OutcomeUnknown, KeyRefused or AccountRefused when it cannot be fetched now: the request stays as it is and is collected by a retry.
    """
    finished_at = now()
    try:
        delivery = _fetch(desk, call, progress)
    except Cancelled:
        return drop(desk, call)
    except (GenerationFailed, GenerationTimedOut, InputRefused, RequestUnknown, ResultLost) as error:
        return settle_failure(desk, call, error, finished_at)
    desk.points.reach("after-result")
    return settle(desk, call, delivery, finished_at)


def usual_seconds(desk: Desk, endpoint: str) -> Usual | None:
    """Learn from the newest twenty successes of a model: seconds from acceptance until last seen unfinished, and until noticed."""
    with desk.database.reading() as db:
        rows = db.execute(
            """SELECT accepted_at, unfinished_at, finished_at FROM calls WHERE endpoint = ? AND state = 'succeeded'
            AND accepted_at IS NOT NULL AND unfinished_at IS NOT NULL AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT ?""",
            (endpoint, LEARN_FROM),
        ).fetchall()
    return learn([(_apart(row["accepted_at"], row["unfinished_at"]), _apart(row["accepted_at"], row["finished_at"])) for row in rows])


def _apart(earlier: str, later: str) -> float:
    return (moment(later) - moment(earlier)).total_seconds()


def _fetch(desk: Desk, call: Call, progress: Progress) -> Delivery:
    if failure := failed_for(progress.error_type) if progress.error_type else None:
        raise failure
    provider, ticket = desk.providers[call.provider], Ticket(**(call.ticket or {}))
    for attempt in range(TRIES):
        try:
            return provider.result(ticket)
        except RequestUnknown:
            return _from_listing(desk, call)
        except NotSent as error:
            if attempt == TRIES - 1:
                raise OutcomeUnknown("The result is ready, but the provider could not be reached to fetch it.") from error
            desk.sleep(min(0.2 * 2**attempt, 5.0))
    raise OutcomeUnknown


def _from_listing(desk: Desk, call: Call) -> Delivery:
    found = desk.providers[call.provider].find(call.endpoint, call.sent_input or {}, moment(call.sent_at or call.created_at))
    for request in found:
        if request.request_id == call.request_id:
            if request.output is not None and request.status_code == 200:
                return Delivery(body=request.output, served_endpoint=request.endpoint)
            if request.finished and request.status_code is not None and request.status_code >= 500:
                raise GenerationFailed
            raise ResultLost
    raise RequestUnknown("The provider has no record of this request, so it was not charged.", next="Retry: it is asked for anew.")


def _words(progress: Progress, model: Model) -> str:
    if progress.phase is Phase.QUEUED:
        return at_provider(model.provider, (progress.place or 0) + 1)
    return Stage.PAINTING if model.job is Job.AVATAR else Stage.FILMING


def _model(desk: Desk, call: Call) -> Model:
    try:
        return desk.catalogue.find(call.input["model"])
    except UnknownName:
        return desk.catalogue.find(call.endpoint)
