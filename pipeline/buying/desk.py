"""What buying needs at hand."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.buying.gate import Gate
from pipeline.buying.points import Points
from pipeline.catalog import Catalogue
from pipeline.database import Database
from pipeline.providers.port import Provider

CHECK_SECONDS = 0.5


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
    upload_fresh_seconds: float = 43_200.0  # half of the day for which a provider is asked to keep a copy
    _driving: dict[str, threading.Lock] = field(default_factory=dict)
    _driving_lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def driving(self, call_id: str, check: Callable[[], None]) -> Iterator[None]:
        """Make sure that one thread at a time drives a call; the second finds it done, and meanwhile `check` may end its wait by raising."""
        with self._driving_lock:
            lock = self._driving.setdefault(call_id, threading.Lock())
        while not lock.acquire(timeout=CHECK_SECONDS):
            check()
        try:
            yield
        finally:
            lock.release()
