"""The ffmpeg child process: no shell, limits on time and memory, progress, cancel; it never outlives the studio for long."""

import os
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from threading import Event, Thread
from typing import IO, Final, cast

from pipeline.errors import Cancelled, EncoderFailed

TICK_SECONDS: Final = 0.1
# Runs in the child before ffmpeg replaces it: die with the thread that waits for it, and keep to the memory limit. A fork hook
# would do the same, but is not safe among threads; ffmpeg itself would carry on without its parent.
LAUNCHER: Final = """
import ctypes, os, resource, signal, sys
parent, limit = int(sys.argv[1]), int(sys.argv[2])
ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
if os.getppid() == parent:
    os.execv(sys.argv[3], sys.argv[3:])
"""
KEPT_COMPLAINT_LINES: Final = 40
MEMORY_SIGNS: Final = ("cannot allocate memory", "malloc of size", "out of memory", "resource temporarily unavailable")
DISK_SIGNS: Final = ("no space left on device", "disk quota exceeded")


class Ended(StrEnum):
    """How an ffmpeg run ended."""

    FINE = "fine"
    REFUSED = "refused"
    KILLED = "killed"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_TIME = "out_of_time"
    DISK_FULL = "disk_full"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How it ended and what ffmpeg said; `complaint` holds paths, so it is for logs inside the studio only."""

    ended: Ended
    complaint: str = ""


def find(given: str = "") -> str:
    """Return the ffmpeg to use: the one given (a path or a name on PATH), else the one that pip installed; raises EncoderFailed."""
    if given:
        found = shutil.which(given)
        if found is None:
            raise EncoderFailed("The ffmpeg named in STUDIO_FFMPEG does not exist or cannot be run.", next="Correct STUDIO_FFMPEG, or unset it.")
        return found
    return _installed()


@cache
def _installed() -> str:
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise EncoderFailed("There is no ffmpeg.", next="Install the requirements again, or set STUDIO_FFMPEG.") from error


@cache
def version(given: str = "") -> str:
    """Return the version ffmpeg reports, such as "9.0.2", to be kept with what it made; raises EncoderFailed."""
    try:
        done = subprocess.run([find(given), "-version"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30, check=True)
        return done.stdout.split()[2]
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        raise EncoderFailed("ffmpeg does not run on this machine.", next="Set STUDIO_FFMPEG to one that does.") from error


def run(
    arguments: Sequence[str],
    *,
    ffmpeg: str = "",
    seconds_limit: float,
    memory_limit_bytes: int,
    on_progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run ffmpeg with these arguments; `on_progress` gets the seconds of output made so far, in the caller's thread.

    Raises Cancelled as soon as `cancelled` says so, and EncoderFailed if ffmpeg cannot be started. On Linux the child is killed
    with its parent and keeps to the memory limit; elsewhere only the time limit holds.
    """
    command = [
        *_launcher(memory_limit_bytes),
        find(ffmpeg),
        "-nostdin",
        "-y",
        "-hide_banner",
        "-loglevel",
        "error",
        "-progress",
        "pipe:1",
        "-stats_period",
        "0.25",
        *arguments,
    ]
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise EncoderFailed("ffmpeg could not be started.") from error
    with child:
        reader = _Reader(child)
        try:
            return _watch(child, reader, seconds_limit, on_progress, cancelled)
        finally:
            child.kill()
            reader.join()


def _launcher(memory_limit_bytes: int) -> list[str]:
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", "-c", LAUNCHER, str(os.getpid()), str(memory_limit_bytes)]


def _watch(
    child: "subprocess.Popen[bytes]",
    reader: "_Reader",
    seconds_limit: float,
    on_progress: Callable[[float], None] | None,
    cancelled: Callable[[], bool],
) -> Outcome:
    ends_at, told = time.monotonic() + seconds_limit, -1.0
    while not reader.ended.wait(TICK_SECONDS):
        if cancelled():
            raise Cancelled
        if time.monotonic() > ends_at:
            return Outcome(ended=Ended.OUT_OF_TIME)
        if on_progress is not None and reader.seconds_made > told:
            told = reader.seconds_made
            on_progress(told)
    return _outcome(child.wait(), reader.complaint())


class _Reader:
    """Reads both pipes of the child in threads, so that it never stalls on a full one."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self.seconds_made = 0.0
        self.ended = Event()
        self._lines: deque[str] = deque(maxlen=KEPT_COMPLAINT_LINES)
        self._threads = (
            Thread(target=self._read_complaints, args=(cast(IO[bytes], child.stderr),), daemon=True),
            Thread(target=self._read_progress, args=(cast(IO[bytes], child.stdout),), daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until both pipes are read to their end, which the child's end brings."""
        for thread in self._threads:
            thread.join()

    def complaint(self) -> str:
        """Return the last lines of what ffmpeg complained about."""
        self.join()
        return "\n".join(self._lines)

    def _read_complaints(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._lines.append(line.decode("utf-8", "replace").rstrip()[:500])

    def _read_progress(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            name, _, value = line.strip().partition(b"=")
            if name == b"out_time_us" and value.isdigit():
                self.seconds_made = int(value) / 1_000_000
        self.ended.set()


def _outcome(code: int, complaint: str) -> Outcome:
    """Sort an exit: a signal means killed; words tell a full disk and missing memory from everything else."""
    said = complaint.lower()
    if code == 0:
        return Outcome(ended=Ended.FINE, complaint=complaint)
    if any(sign in said for sign in DISK_SIGNS):
        return Outcome(ended=Ended.DISK_FULL, complaint=complaint)
    if any(sign in said for sign in MEMORY_SIGNS):
        return Outcome(ended=Ended.OUT_OF_MEMORY, complaint=complaint)
    return Outcome(ended=Ended.KILLED if _by_signal(code) else Ended.REFUSED, complaint=complaint)


def _by_signal(code: int) -> bool:
    """ffmpeg answers a polite signal with exit code 255 instead of dying of it."""
    return code < 0 or code == 255
