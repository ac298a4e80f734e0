"""What buying needs at hand, and the gate that keeps the number of requests in flight."""

import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.buying.points import Points
from pipeline.catalog import Catalogue
from pipeline.database import Database
from pipeline.providers.port import Provider


class Gate:
    """So many at a time, the lowest priority number first, then who came first.

    The engine hands over more work than there are places, so that the next request is uploaded and ready when a place frees: asking the
    engine's queue only then would leave every place empty for one of its polls.
    """

    def __init__(self, places: int) -> None:
        """Open a gate with this many places."""
        self.free = places
        self._arrivals = itertools.count()
        self._waiting: list[tuple[int, int, threading.Event]] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def place(self, priority: int, when_full: Callable[[], None]) -> Iterator[None]:
        """Wait for a place, hold it, give it to the next; `when_full` is told before a wait."""
        self._enter(priority, when_full)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, priority: int, when_full: Callable[[], None]) -> None:
        with self._lock:
            if self.free > 0 and not self._waiting:
                self.free -= 1
                return
            called = threading.Event()
            heapq.heappush(self._waiting, (priority, next(self._arrivals), called))
        when_full()
        called.wait()

    def _leave(self) -> None:
        with self._lock:
            if self._waiting:
                heapq.heappop(self._waiting)[2].set()
            else:
                self.free += 1


class Bells:
    """Wakes the waiter of a request when a webhook says that it ended; the waiter still asks the provider itself."""

    def __init__(self) -> None:
        """Start without anybody waiting."""
        self._lock = threading.Lock()
        self._bells: dict[str, threading.Event] = {}

    def wait(self, request_id: str, seconds: float) -> bool:
        """Sleep until rung or until the time is over; true when rung."""
        with self._lock:
            bell = self._bells.setdefault(request_id, threading.Event())
        rung = bell.wait(seconds)
        with self._lock:
            self._bells.pop(request_id, None)
        return rung

    def ring(self, request_id: str) -> None:
        """Wake whoever waits for this request."""
        with self._lock:
            bell = self._bells.get(request_id)
        if bell:
            bell.set()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything buying uses; `settle_seconds` says, for a model's longest run, how long after a lost submit the provider's listing is complete."""

    database: Database
    store: Any
    providers: Mapping[str, Provider]
    catalogue: Catalogue
    gate: Gate
    points: Points
    resend_below_micro_usd: int
    settle_seconds: Callable[[float], float]
    webhook_url: str | None = None
    bells: Bells = field(default_factory=Bells)
    sleep: Callable[[float], None] = time.sleep
    download_seconds: float = 60.0
    _driving: dict[str, threading.Lock] = field(default_factory=dict)
    _driving_lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def driving(self, call_id: str) -> Iterator[None]:
        """Make sure that one thread at a time drives a call; the second finds it done."""
        with self._driving_lock:
            lock = self._driving.setdefault(call_id, threading.Lock())
        with lock:
            yield
