"""Keeps the studio's worker and sandbox alive while the app runs, with back-off, and ends them with it."""

import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from pipeline.processes.bring_up import child_environment
from pipeline.processes.claims import holder_of
from pipeline.processes.logs import output_of
from pipeline.settings import ROOT, Settings

LOOK_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 10.0
WELL_AFTER_SECONDS = 4.0
END_SECONDS = 5.0
TO_START_SECONDS, SILENT_SECONDS = 60.0, 20.0


@dataclass
class _Child:
    name: str
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    held_at: float = 0.0
    failures: int = 0
    next_try: float = field(default_factory=time.monotonic)


class Supervisor:
    """Starts `worker` and, in sandbox mode, `sandbox`; a pipe to their standard input tells them when this process is gone, however it ends."""

    def __init__(self, settings: Settings) -> None:
        """Prepare to look after the children of one data folder."""
        self.settings = settings
        self._children = [_Child(name) for name in (("sandbox", "worker") if settings.is_sandbox else ("worker",))]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin looking after them."""
        self._thread.start()

    def stop(self) -> None:
        """End the children and wait for them."""
        self._stop.set()
        self._thread.join(END_SECONDS)
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            if process.stdin:
                process.stdin.close()
        for process in running:
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            for child in self._children:
                self._look_after(child)

    def _look_after(self, child: _Child) -> None:
        if child.process is not None and child.process.poll() is not None:
            lived = time.monotonic() - child.started_at
            child.failures = 0 if lived > WELL_AFTER_SECONDS else child.failures + 1
            child.next_try = time.monotonic() + min(0.25 * 2**child.failures, LONGEST_PAUSE_SECONDS)
            child.process = None
        self._end_without_claim(child)
        if child.process is None and time.monotonic() >= child.next_try and holder_of(self.settings.folder, child.name) is None:
            self._start(child)

    def _end_without_claim(self, child: _Child) -> None:
        """End a child that runs without holding its claim: it does no work, or does it without anybody looking after it."""
        if child.process is None:
            return
        holder, moment = holder_of(self.settings.folder, child.name), time.monotonic()
        if holder is not None and holder.pid == child.process.pid:
            child.held_at = moment
        silent = moment - child.held_at > SILENT_SECONDS if child.held_at > child.started_at else moment - child.started_at > TO_START_SECONDS
        if silent:
            child.process.kill()

    def _start(self, child: _Child) -> None:
        with output_of(self.settings.folder, child.name) as out:
            child.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline", child.name, "--with-parent"],
                cwd=ROOT,
                env=child_environment(self.settings),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        child.started_at = time.monotonic()
