"""The gate in front of the provider: so many requests at a time, people in turn, and nobody while purchases are paused."""

import bisect
import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pipeline.turns import Turn


@dataclass
class _Guest:
    """Who waits: for which call, in which turn, and whether a place is theirs by now."""

    call_id: str
    turn: Turn
    arrival: int
    called: threading.Event = field(default_factory=threading.Event)
    admitted: bool = False

    @property
    def order(self) -> tuple[Turn, int]:
        return self.turn, self.arrival


class Gate:
    """So many at a time, the lowest turn first, then who came first; a sweep never takes the last of several places.

    The engine hands over more work than there are places, so that the next request is uploaded and ready when a place frees: asking the
    engine's queue only then would leave every place empty for one of its polls.
    """

    def __init__(self, places: int) -> None:
        """Open a gate with this many places."""
        self.places = self.free = places
        self.closed = False
        self._arrivals = itertools.count()
        self._line: list[_Guest] = []
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._line)

    def lets_in(self, turn: Turn) -> bool:
        """Tell whether somebody with this turn would get a place at once."""
        with self._lock:
            ahead = bool(self._line) and self._line[0].turn <= turn
            return not ahead and self._has_room(turn)

    @contextlib.contextmanager
    def place(self, turn: Turn, call_id: str = "", *, when_full: Callable[[], None], check: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Wait for a place, hold it, give it to the next.

        `when_full` is told before a wait; `check` is asked whenever this call is nudged, and ends the wait by raising.
        """
        guest = _Guest(call_id, turn, next(self._arrivals))
        try:
            self._wait(guest, when_full, check)
            yield
        finally:
            self._leave(guest)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place for a request that the provider has already: it waits for nobody, others wait for it."""
        guest = _Guest("", Turn(rank=0), 0, admitted=True)
        with self._lock:
            self.free -= 1
        try:
            yield
        finally:
            self._leave(guest)

    def close(self) -> None:
        """Let nobody in until it is opened; who is inside stays."""
        with self._lock:
            self.closed = True

    def open(self) -> None:
        """Let in who waits."""
        with self._lock:
            self.closed = False
            self._admit()

    def nudge(self, call_id: str) -> None:
        """Let whoever waits with this call check whether to go on waiting."""
        with self._lock:
            for guest in self._line:
                if guest.call_id == call_id:
                    guest.called.set()

    def _wait(self, guest: _Guest, when_full: Callable[[], None], check: Callable[[], None]) -> None:
        with self._lock:
            bisect.insort(self._line, guest, key=lambda one: one.order)
            self._admit()
        if not guest.admitted:
            when_full()
        while not guest.admitted:
            guest.called.wait()
            guest.called.clear()
            if not guest.admitted:
                check()

    def _leave(self, guest: _Guest) -> None:
        with self._lock:
            if guest.admitted:
                self.free += 1
            else:
                self._line.remove(guest)
            self._admit()

    def _admit(self) -> None:
        while self._line and self._has_room(self._line[0].turn):
            guest = self._line.pop(0)
            self.free -= 1
            guest.admitted = True
            guest.called.set()

    def _has_room(self, turn: Turn) -> bool:
        kept_free = 1 if turn.sweep and self.places > 1 else 0
        return not self.closed and self.free > kept_free
