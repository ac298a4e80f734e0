"""How a background process lives and ends: a pulse while its main loop turns, and an end that nothing can hold up.

Threads of the job engine keep a process alive whose main thread is gone. Such a process takes work without holding the claim, so every way
out leads to `leave`.
"""

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

from pipeline.processes.claims import SIGN_OF_LIFE_SECONDS, Claim

log = logging.getLogger("pipeline.lifetime")
EXIT_BROKEN = 1
END_SECONDS = 5.0
STUCK_SECONDS = 240.0  # longer than any wait of the main loop: for the database's lock, and for the jobs database


def leave(code: int) -> NoReturn:
    """End this process at once, whatever its threads are doing; what is logged is written first."""
    with contextlib.suppress(Exception):
        logging.shutdown()
    os._exit(code)


def leave_when_told(stop: threading.Event, *, with_parent: bool) -> None:
    """Set `stop` on SIGTERM, SIGINT and, if wished, when the parent closes our standard input; the process is gone END_SECONDS later at most.

    A main thread that waits inside SQLite does not come to run a signal handler, so a thread of its own hears of the signal.
    """
    heard, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)

    def on_signal(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    threading.Thread(target=_hear, args=(heard, told, stop), daemon=True).start()
    threading.Thread(target=_end_in_time, args=(stop,), daemon=True).start()
    if with_parent:
        threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()


class Pulse:
    """Gives the claim's sign of life from a thread, so that a wait for the database is no silence; ends a process whose main loop is stuck."""

    def __init__(self, held: Claim) -> None:
        """Speak for a claim; the main loop calls `beat` at each turn and `well` after each that went well."""
        self._held = held
        self._beat_at = self._well_at = time.monotonic()

    def start(self) -> None:
        """Begin to give signs of life."""
        threading.Thread(target=self._watch, name="pulse", daemon=True).start()

    def beat(self) -> None:
        """Note that the main loop turns."""
        self._beat_at = time.monotonic()

    def well(self) -> None:
        """Note that a turn went well."""
        self._well_at = time.monotonic()

    @property
    def seconds_unwell(self) -> float:
        """Seconds since a turn of the main loop went well."""
        return time.monotonic() - self._well_at

    def _watch(self) -> None:
        while time.monotonic() - self._beat_at < STUCK_SECONDS:
            self._held.alive()
            time.sleep(SIGN_OF_LIFE_SECONDS)
        log.error("the main loop is stuck and the process ends")
        self._held.forget()
        leave(EXIT_BROKEN)


def _hear(heard: socket.socket, told: socket.socket, stop: threading.Event) -> None:
    with told:  # kept open for as long as somebody listens
        while number := heard.recv(1):
            if number[0] in (signal.SIGTERM, signal.SIGINT):
                stop.set()


def _end_in_time(stop: threading.Event) -> None:
    stop.wait()
    time.sleep(END_SECONDS)
    leave(0)


def _stop_with_parent(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()
