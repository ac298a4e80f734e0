"""The crew: so many requests at a time, each for as long as its model takes, rendered beside the event loop."""

import asyncio
import base64
import contextlib
import json
import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pipeline.sandbox import ready
from pipeline.sandbox.answers import POLICY
from pipeline.sandbox.book import Book, Ending, Entry, State
from pipeline.sandbox.faults import Kind
from pipeline.sandbox.inputs import detail
from pipeline.sandbox.models import MODELS, Job, seconds_for
from pipeline.sandbox.prices import Delivered, cost
from pipeline.sandbox.shelf import Shelf
from pipeline.sandbox.work import Declined, Made, NewFile, Stopped, Task, from_data_uri, make

LOG = logging.getLogger(__name__)
RETRY_SECONDS = 0.5
STAGES = ("Reading the photo", "Finding faces", "Painting", "Finishing")
BROKEN = detail("prompt", "internal_server_error", "Internal server error", None)


class Crew:
    """Starts queued requests as places free, and ends each at its time."""

    def __init__(self, book: Book, shelf: Shelf, *, slots: int, speed: str, ready_set: bool, on_end: Callable[[Entry], None]) -> None:
        self.book, self.shelf, self.slots, self.speed, self.on_end = book, shelf, slots, speed, on_end
        self.temporary = book.folder / "tmp"
        self.ready: Path | None = book.folder / "ready" if ready_set else None
        self.threads = ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1), thread_name_prefix="render")
        self.stopping = threading.Event()
        self.running: dict[str, asyncio.Task[None]] = {}
        self.ended: dict[str, asyncio.Event] = {}

    def start(self) -> None:
        """Clear half-made files away and go on with everything that was queued or in progress."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir(parents=True)
        if self.ready is not None:
            ready.prepare(self.ready)
        for entry in self.book.in_state(State.RUNNING):
            self._set_to_work(entry)
        for entry in self.book.in_state(State.QUEUED):
            self._watch_the_queue(entry)
        self.fill()

    async def stop(self) -> None:
        """Let go of everything at once; what was running is done again after a restart."""
        self.stopping.set()
        self.threads.shutdown(wait=False, cancel_futures=True)
        for task in list(self.running.values()):
            task.cancel()
        await asyncio.gather(*self.running.values(), return_exceptions=True)

    def at_work(self) -> int:
        """Count the requests that are queued or in progress."""
        return self.book.count(State.QUEUED) + self.book.count(State.RUNNING)

    def queued(self, entry: Entry) -> None:
        """Take note of a new request."""
        self._watch_the_queue(entry)
        self.fill()

    def fill(self) -> None:
        """Start queued requests while there are free places."""
        while len(self.running) < self.slots and not self.stopping.is_set():
            entry = self.book.start_next()
            if entry is None:
                return
            self._set_to_work(entry)

    async def wait(self, entry_id: str) -> Entry:
        """Wait until a request has ended."""
        event = self.ended.setdefault(entry_id, asyncio.Event())
        if self.book.get(entry_id).state is not State.ENDED:
            await event.wait()
        self.ended.pop(entry_id, None)
        return self.book.get(entry_id)

    def end(self, entry_id: str, ending: Ending) -> None:
        """End a request, tell whoever waits, and start the next."""
        entry = self.book.end(entry_id, ending)
        waiting = self.ended.get(entry_id)
        if waiting is not None:
            waiting.set()
        self.on_end(entry)
        self.fill()

    def cancel(self, entry: Entry) -> bool:
        """Cancel a request that has not ended; True when it left the queue, False when it was already running."""
        if entry.state is State.QUEUED:
            self.end(entry.id, failed(499, "Request was cancelled", "client_cancelled"))
            return True
        self.book.ask_cancel(entry.id)
        if entry.has(Kind.CANCEL_IN_TIME) and entry.id in self.running:
            self.running.pop(entry.id).cancel()
            self.end(entry.id, failed(499, "Request was cancelled", "client_cancelled"))
        return False

    def stage(self, entry: Entry) -> list[dict[str, str]]:
        """Write the log lines a running request has reached by now."""
        total = seconds_for(MODELS[entry.endpoint], self.speed)
        since = time.time() - (entry.started_at or 0.0)
        reached = len(STAGES) if entry.state is State.ENDED else 1 + min(int(since / total * len(STAGES)) if total else 0, len(STAGES) - 1)
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(entry.started_at))
        return [{"message": stage, "level": "INFO", "source": "USER", "timestamp": f"{at}Z"} for stage in STAGES[:reached]]

    def _watch_the_queue(self, entry: Entry) -> None:
        """End the request when it waits in the queue for longer than its client allowed."""
        if entry.queue_seconds is not None:
            left = entry.accepted_at + entry.queue_seconds - time.time()
            asyncio.get_running_loop().call_later(max(0.0, left), self._queued_too_long, entry.id)

    def _queued_too_long(self, entry_id: str) -> None:
        if not self.stopping.is_set() and self.book.get(entry_id).state is State.QUEUED:
            self.end(entry_id, failed(504, "Request timed out", "request_timeout"))

    def _set_to_work(self, entry: Entry) -> None:
        self.running[entry.id] = asyncio.get_running_loop().create_task(self._work(entry))

    async def _work(self, entry: Entry) -> None:
        due_at = (entry.started_at or 0.0) + seconds_for(MODELS[entry.endpoint], self.speed)
        ending = await self._ending(entry)
        if ending.status_code != 422 or entry.has(Kind.RESULT_422):
            await _until(due_at)
        self.running.pop(entry.id, None)
        while not self._ended_well(entry.id, ending):
            await asyncio.sleep(RETRY_SECONDS)

    def _ended_well(self, entry_id: str, ending: Ending) -> bool:
        """End a request; false while its books cannot be written, as on a full disk. What follows an end is made up for by `go_on`."""
        try:
            self.end(entry_id, ending)
        except sqlite3.OperationalError as error:
            LOG.warning("the books cannot be written: %s", error)
            return self.book.get(entry_id).state is State.ENDED
        return True

    def go_on(self) -> None:
        """Start what could not be started when a place became free, and tell whoever waits of what has ended meanwhile."""
        with contextlib.suppress(sqlite3.OperationalError):
            self.fill()
        for entry_id, event in list(self.ended.items()):
            if not event.is_set() and self.book.get(entry_id).state is State.ENDED:
                event.set()

    async def _ending(self, entry: Entry) -> Ending:
        ordered = _ordered(entry)
        if ordered is not None:
            return ordered
        try:
            made = await asyncio.get_running_loop().run_in_executor(self.threads, make, self._task(entry))
        except Stopped:
            raise asyncio.CancelledError from None
        except Exception:  # the crew's outer loop: a renderer that fails must not keep a place for ever
            LOG.exception("rendering failed")
            return Ending(status_code=500, answer={"detail": [BROKEN]}, error="Invalid status code: 500")
        if isinstance(made, Declined):
            return Ending(status_code=422, answer={"detail": made.details}, error="Invalid status code: 422")
        return self._delivered(entry, made)

    def _task(self, entry: Entry) -> Task:
        body, model = json.loads(entry.body), MODELS[entry.endpoint]
        return Task(
            request_id=entry.id,
            model=model,
            body=body,
            photo=self._photo(body.get(model.photo)),
            orders=frozenset(Kind(kind) for kind in json.loads(entry.orders)),
            files=self.shelf.files,
            temporary=self.temporary,
            ready=self.ready,
            stop=self.stopping,
        )

    def _photo(self, address: object) -> bytes | Path | None:
        if not isinstance(address, str):
            return None
        kept = self.shelf.find(address) if address.startswith(("https://v3.fal.media/files/", "https://v3b.fal.media/files/")) else None
        return self.shelf.path(kept.id) if kept is not None else from_data_uri(address)

    def _delivered(self, entry: Entry, made: Made) -> Ending:
        keep_seconds = 0.0 if entry.has(Kind.EXPIRED_OUTPUT) else entry.keep_seconds
        files = [self._file(entry, made, file, keep_seconds) for file in made.files]
        sizes = tuple((file.width_px, file.height_px) for file in made.files)
        price = cost(entry.endpoint, Delivered(sizes_px=sizes, seconds=made.seconds, asked=made.asked))
        answer = _clip_answer(files[0], made) if MODELS[entry.endpoint].job is Job.CLIP else _picture_answer(files, made)
        return Ending(status_code=200, answer=answer, units=price.units, micro_usd=price.micro_usd)

    def _file(self, entry: Entry, made: Made, file: NewFile, keep_seconds: float | None) -> dict[str, Any]:
        kept = self.shelf.keep(file.id, file.name, file.media_type, keep_seconds=keep_seconds)
        url = _data_uri(self.shelf.path(kept.id), file.media_type) if made.asked.get("sync_mode") else kept.url
        facts = {"url": url, "content_type": file.media_type, "file_name": f"{kept.id}_{kept.name}", "file_size": kept.bytes}
        return facts if MODELS[entry.endpoint].job is Job.CLIP else {**facts, "width": file.width_px, "height": file.height_px}


async def _until(moment: float) -> None:
    """Wait for a moment; again when the loop's coarser clock wakes us a little early."""
    while (left := moment - time.time()) > 0:
        await asyncio.sleep(left)


def failed(status_code: int, message: str, error_type: str) -> Ending:
    """End a request as the gateway does when the work itself could not be done."""
    return Ending(status_code=status_code, answer={"detail": message, "error_type": error_type}, error=message, error_type=error_type)


def _ordered(entry: Entry) -> Ending | None:
    """Return the failure that was ordered for this request, if any."""
    if entry.has(Kind.RESULT_422):
        return Ending(status_code=422, answer={"detail": [POLICY]}, error="Invalid status code: 422")
    if entry.has(Kind.RESULT_500):
        return Ending(status_code=500, answer={"detail": [BROKEN]}, error="Invalid status code: 500")
    if entry.has(Kind.COMPLETED_WITH_ERROR):
        return failed(500, "The runner failed while working on the request", "runner_server_error")
    return None


def _picture_answer(files: list[dict[str, Any]], made: Made) -> dict[str, Any]:
    return {
        "images": files,
        "seed": made.seed,
        "has_nsfw_concepts": [made.flagged] * len(files),
        "prompt": made.asked["prompt"],
        "timings": {},
    }


def _data_uri(path: Path, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _clip_answer(file: dict[str, Any], made: Made) -> dict[str, Any]:
    return {"video": file, "seed": made.seed} if "seed" in made.asked else {"video": file}
