"""Likeness in a process of its own. dlib keeps Python's interpreter lock for the 75 ms of a face, and in that time a worker could not send,
wait or settle anything; a picture that breaks dlib ends the child, not the worker.

`python -m pipeline.media.measuring` answers on its standard output and ends with its standard input, so it cannot outlive the worker.
"""

import atexit
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import BrokenMedia, MediaError
from pipeline.media.likeness import Band, FaceLikeness, LikenessMeter

ROOT = Path(__file__).resolve().parents[2]
LENGTH = struct.Struct(">QQ")
TRIES = 2
NICENESS = 5


class Measurer:
    """Compares pictures in a child process, which is started when first needed and again when it broke; safe to share between threads."""

    def __init__(self) -> None:
        """Start nothing yet; whatever is started ends with this process."""
        atexit.register(self.close)
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def warm_up(self) -> None:
        """Start the child and wait until its models are loaded."""
        with self._turn:
            self._running()

    def compare(self, reference: bytes, candidate: bytes) -> tuple[FaceLikeness, ...]:
        """Measure every face of the reference against its match in the candidate; raises BrokenMedia, or MediaError when the child breaks twice."""
        for _ in range(TRIES):
            with self._turn:
                answer = self._ask(reference, candidate)
            if answer is not None:
                return answer
        raise MediaError("The likeness could not be measured.", next="Retry: what was bought is kept, only the measuring is repeated.")

    def close(self) -> None:
        """End the child."""
        with self._turn:
            self._end()

    def _ask(self, reference: bytes, candidate: bytes) -> tuple[FaceLikeness, ...] | None:
        try:
            child = self._running()
            if child.stdin is None or child.stdout is None:
                return None
            child.stdin.write(LENGTH.pack(len(reference), len(candidate)) + reference + candidate)
            child.stdin.flush()
            line = child.stdout.readline()
        except OSError:
            line = b""
        if not line:
            self._end()
            return None
        return _read(json.loads(line))

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None:
            command = [sys.executable, "-m", __name__]
            self._child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if self._child.stdout is None or not self._child.stdout.readline():
                self._end()
                raise OSError("the measuring process did not start")
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()


def _read(answer: object) -> tuple[FaceLikeness, ...]:
    if isinstance(answer, dict):
        raise BrokenMedia(str(answer["say"]))
    rows = answer if isinstance(answer, list) else []
    return tuple(FaceLikeness(**{**row, "band": Band(row["band"])}) for row in rows)


def _requests(source: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        first, second = LENGTH.unpack(head)
        yield source.read(first), source.read(second)


def _serve() -> None:
    os.nice(NICENESS)
    meter = LikenessMeter()
    print("ready", flush=True)
    for reference, candidate in _requests(sys.stdin.buffer):
        try:
            answer: object = [asdict(face) for face in meter.compare(reference, candidate)]
        except BrokenMedia as error:
            answer = {"say": error.say}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _serve()
