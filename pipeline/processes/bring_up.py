"""Starting what is missing. Processes brought up this way outlive the call that did it and end after some idleness; one wins by lock."""

import os
import subprocess
import sys
import time
from pathlib import Path

from pipeline.errors import WorkerAbsent
from pipeline.processes.claims import Holder, holder_of
from pipeline.processes.logs import output_of
from pipeline.settings import ROOT, Settings

START_SECONDS = 30.0
LOOK_SECONDS = 0.5
ABSENT_SECONDS = 45.0
PAUSE_SECONDS = 1.0
_spawned: "dict[tuple[Path, str], tuple[subprocess.Popen[bytes], float]]" = {}


def ensure_running(settings: Settings, *names: str) -> None:
    """Start the named processes (`sandbox` only in sandbox mode) unless they run; does not wait for them."""
    for name in names:
        if (name != "sandbox" or settings.is_sandbox) and holder_of(settings.folder, name) is None and not _is_starting(settings, name):
            spawn_lasting(settings, name)


class Watch:
    """Looks after worker and sandbox for a call that waits: starts what is missing, and gives up when no worker comes."""

    def __init__(self, settings: Settings) -> None:
        """Look after one data folder."""
        self.settings = settings
        self._seen_at = time.monotonic()
        self._looked_at = 0.0

    def look(self) -> None:
        """Look at most twice a second; raises WorkerAbsent when no worker was seen for 45 s although it was started again and again."""
        since = time.monotonic() - self._looked_at
        if since < LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        if since > START_SECONDS:  # nobody looked meanwhile: that none is seen now says nothing yet
            self._seen_at = self._looked_at
        ensure_running(self.settings, "sandbox", "worker")
        if holder_of(self.settings.folder, "worker"):
            self._seen_at = self._looked_at
        elif self._looked_at - self._seen_at > ABSENT_SECONDS:
            raise WorkerAbsent


def wait_until_up(settings: Settings, name: str, seconds: float = START_SECONDS) -> Holder:
    """Return who holds a claim as soon as somebody does; raises WorkerAbsent after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holder := holder_of(settings.folder, name):
            return holder
        time.sleep(0.05)
    raise WorkerAbsent(f"The {name} did not start within {seconds:.0f} s.", next=f"Start it with `python -m pipeline {name}` and read what it says.")


def spawn_lasting(settings: Settings, name: str) -> None:
    """Start `python -m pipeline NAME` on its own, apart from this terminal, ending after the idle time."""
    with output_of(settings.folder, name) as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "pipeline", name, "--idle", f"{settings.idle_seconds:g}"],
            cwd=ROOT,
            env=child_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    _spawned[settings.folder, name] = (child, time.monotonic())


def _is_starting(settings: Settings, name: str) -> bool:
    """Tell whether one is on its way: between its start and the record that it is there lie a second or two; asking also reaps an ended one."""
    child, begun = _spawned.get((settings.folder, name), (None, 0.0))
    age = time.monotonic() - begun
    if child is not None and child.poll() is None and age >= START_SECONDS:
        child.kill()  # it runs without holding its claim, so it would never be seen, and take work from its successor
        child.wait()
    return child is not None and (age < PAUSE_SECONDS or (child.poll() is None and age < START_SECONDS))


def child_environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with the data folder made absolute and the project importable from anywhere."""
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "STUDIO_DATA": str(Path(settings.data).resolve()), "PYTHONPATH": path}
