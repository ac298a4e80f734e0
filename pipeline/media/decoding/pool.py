"""The helpers that decode, as the studio's own processes see them: started when first needed, kept warm, watched, killed, replaced.

Each is started as a new program, never as a copy of this process, whose threads would break in it; it gets nothing of this process's
environment but where programs and libraries lie.
"""

import atexit
import fcntl
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from pipeline.errors import BrokenMedia, MediaError, NoPicture
from pipeline.media.decoding.child import HEAD
from pipeline.media.decoding.headers import MAX_PIXELS
from pipeline.media.decoding.kinds import TooManyPixels, Unreadable

ROOT: Final = Path(__file__).resolve().parents[3]
STILL_SECONDS: Final = 10.0
# A paid clip of ten seconds takes two of one core, and a machine that encodes beside it several times that.
CLIP_SECONDS: Final = 60.0
START_SECONDS: Final = 60.0
AT_ONCE: Final = max(2, os.cpu_count() or 1)
PIPE_BYTES: Final = 1024 * 1024
PASSED_ON: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR", "SYSTEMROOT")
OURS: Final = {"VIPS_BLOCK_UNTRUSTED": "1", "VIPS_CONCURRENCY": "1", "VIPS_DISC_THRESHOLD": "4g", "MALLOC_ARENA_MAX": "2"}
ASKED_TWICE: Final = 2
# A helper that a file has taken over may answer anything; nothing it says is believed further than this.
MOST_FACTS_BYTES: Final = 65_536
MOST_PIXEL_BYTES: Final = 3 * MAX_PIXELS
BROKE: Final = "broke the program that was to read it"
START_NEXT: Final = "Try again; if it stays so, install the requirements again."


Answer = tuple[dict[str, Any], bytearray]


class _Gone(Exception):
    """The helper had ended before it was asked."""


class _Helper:
    """One helper process; used by one thread at a time."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name in PASSED_ON} | OURS
        command = [sys.executable, "-m", "pipeline.media.decoding.child"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, bufsize=0, **pipes)  # type: ignore[call-overload]
        self.source, self.target = cast(BinaryIO, self.process.stdout), cast(BinaryIO, self.process.stdin)
        self.leaving = False
        _widen(self.source, self.target)
        try:
            self._watched(self._read, START_SECONDS)
        except BaseException:
            self.end()
            raise

    def ask(self, facts: Mapping[str, Any], data: bytes, seconds: float) -> Answer:
        """Return the answer; raises Unreadable when the helper dies or takes longer, _Gone when it was not there any more."""
        line = json.dumps({**facts, "seconds": seconds}).encode()

        def talk() -> Answer:
            try:
                for part in (HEAD.pack(len(line), len(data)) + line, data):
                    _write(self.target, part)
            except OSError as error:
                raise self._ended() from error
            return self._read()

        return self._watched(talk, seconds)

    def end(self) -> None:
        """Kill it, if it lives, and leave nothing of it behind."""
        self.process.kill()
        self.process.wait()
        self.source.close()
        self.target.close()

    def _watched(self, talk: Callable[[], Answer], seconds: float) -> Answer:
        """Do something with the helper, and kill it when that takes longer."""
        late = threading.Event()

        def stop() -> None:
            late.set()
            self.process.kill()

        watch = threading.Timer(seconds, stop)
        watch.daemon = True
        watch.start()
        try:
            return talk()
        except (Unreadable, _Gone) as error:
            if late.is_set():
                raise Unreadable(f"takes longer than {seconds:g} seconds to read") from error
            raise
        finally:
            watch.cancel()

    def _read(self) -> Answer:
        lengths = HEAD.unpack(self._exactly(HEAD.size))
        if lengths[0] > MOST_FACTS_BYTES or lengths[1] > MOST_PIXEL_BYTES:
            raise Unreadable(BROKE)
        told = dict(json.loads(self._exactly(lengths[0])))
        data = self._exactly(lengths[1])
        self.leaving = bool(told.pop("leaving", False))
        return told, data

    def _exactly(self, length: int) -> bytearray:
        kept, at = bytearray(length), 0
        while at < length:
            got = self.source.readinto(memoryview(kept)[at:])  # type: ignore[attr-defined]
            if not got:
                raise self._ended()
            at += got
        return kept

    def _ended(self) -> Exception:
        """One that left by itself was idle; one that a signal ended met something it should not have."""
        return _Gone() if self.process.wait() == 0 else Unreadable(BROKE)


_places = threading.BoundedSemaphore(AT_ONCE)
_idle: deque[_Helper] = deque()


def ask(facts: Mapping[str, Any], data: bytes, seconds: float) -> Answer:
    """Have one request answered by a helper: facts, and the bytes that belong to them.

    Waits for its turn when as many helpers as cores are busy; `seconds` begin after that. Raises Unreadable, TooManyPixels, BrokenMedia
    and its kinds as the helper says, Unreadable where it died or took too long, and MediaError where none can be started.
    """
    with _places:
        told, made = _ask(facts, data, seconds)
    error = told.get("error")
    if error is None:
        return told, made
    if error == "unreadable":
        raise Unreadable(told["what"])
    if error == "too_many_pixels":
        raise TooManyPixels(*told["size"])
    raise (NoPicture if error == NoPicture.__name__ else BrokenMedia)(told["say"])


def warm_up() -> None:
    """Have a helper ready, so that the first photo does not wait for it."""
    with _places:
        if not _idle:
            _idle.append(_fresh())


def close() -> None:
    """End every helper that waits; the next request starts another."""
    while _idle:
        _idle.pop().end()


def _ask(facts: Mapping[str, Any], data: bytes, seconds: float) -> Answer:
    for _ in range(ASKED_TWICE):
        helper = _fresh()
        try:
            answer = helper.ask(facts, data, seconds)
        except _Gone:
            helper.end()
            continue
        except BaseException:
            helper.end()
            raise
        if helper.leaving:
            helper.end()
        else:
            _idle.append(helper)
        return answer
    raise Unreadable("cannot be read at this moment")


def _fresh() -> _Helper:
    while _idle:
        helper = _idle.pop()
        if helper.process.poll() is None:
            return helper
        helper.end()
    try:
        return _Helper()
    except (OSError, Unreadable, _Gone) as error:
        raise MediaError("The program that reads pictures could not be started.", next=START_NEXT) from error


def _write(target: BinaryIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[target.write(left) :]


def _widen(*pipes: BinaryIO) -> None:
    """Let more go through a pipe at one time, where the system allows it: a picture is megabytes."""
    for pipe in pipes:
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            try:
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            except OSError:
                return


atexit.register(close)
