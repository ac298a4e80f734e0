"""The helper that decodes. It answers on its standard output, holds no secret, writes no file, and ends with its parent, its time or its memory.

A request is a line of facts and some bytes, and so is an answer. Run as `python -m pipeline.media.decoding.child`.
"""

import json
import os
import resource
import select
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

from pipeline.errors import BrokenMedia
from pipeline.media.decoding.kinds import TooManyPixels, Unreadable

HEAD: Final = struct.Struct(">IQ")
MEMORY_BYTES: Final = 1024**3
OPEN_FILES: Final = 64
# Between its parent's limit and its own lies so much: the parent says it better, the kernel stops whoever has no parent any more.
GRACE_SECONDS: Final = 3
IDLE_SECONDS: Final = 300.0
MOST_REQUESTS: Final = 200
KEPT_BYTES: Final = 250_000_000
Answer = tuple[dict[str, Any], bytes]


def main() -> None:
    """Answer requests until there are no more of them, nobody asks for five minutes, or too much memory stays in use."""
    source, target = _own_pipes()
    _limit()
    acts = _acts()
    _write(target, {"ready": True}, b"")
    for number in range(1, MOST_REQUESTS + 1):
        if not select.select([source], [], [], IDLE_SECONDS)[0] or not (request := _read(source)):
            return
        facts, data = request
        signal.alarm(int(facts["seconds"]) + GRACE_SECONDS)
        told, made = _answered(acts, facts, data)
        signal.alarm(0)
        del data, request
        leaving = number == MOST_REQUESTS or _held_bytes() > KEPT_BYTES
        _write(target, {**told, "leaving": leaving}, made)
        if leaving:
            return


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the two pipes for ourselves: what a library prints must not end up between answers."""
    source, target = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    return source, target


def _limit() -> None:
    """Bound what a decoder may take. Memory is counted as data, for what is only mapped, such as libraries, harms nobody."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name, most in (("DATA", MEMORY_BYTES), ("CORE", 0), ("FSIZE", 0), ("NOFILE", OPEN_FILES)):
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def _held_bytes() -> int:
    """Return how much memory this process holds now, 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _acts() -> Mapping[str, Callable[[Mapping[str, Any], bytes], Answer]]:
    from pipeline.media.decoding.pixels import lock_down

    lock_down()
    return {"still": _still, "clip_header": _clip, "clip_frames": _clip}


def _answered(acts: Mapping[str, Callable[[Mapping[str, Any], bytes], Answer]], facts: Mapping[str, Any], data: bytes) -> Answer:
    try:
        return acts[facts["act"]](facts, data)
    except Unreadable as error:
        return {"error": "unreadable", "what": error.what}, b""
    except TooManyPixels as error:
        return {"error": "too_many_pixels", "size": (error.width_px, error.height_px)}, b""
    except BrokenMedia as error:
        return {"error": type(error).__name__, "say": error.say}, b""
    except MemoryError:
        return {"error": "unreadable", "what": "needs more memory to read than any photo should"}, b""
    except Exception:  # the outermost frame of a decoder: whatever it raises, the file is what is wrong
        return {"error": "unreadable", "what": "is damaged and cannot be read"}, b""


def _still(facts: Mapping[str, Any], data: bytes) -> Answer:
    from pipeline.media.decoding.pixels import read_still
    from pipeline.media.decoding.request import StillRequest

    still = dict(vars(read_still(data, StillRequest(**facts["request"]))))
    pixels = still.pop("pixels")
    return still, pixels if facts["pixels"] else b""


def _clip(facts: Mapping[str, Any], _: bytes) -> Answer:
    from pipeline.media.decoding import films

    read = films.read_header if facts["act"] == "clip_header" else films.read_frames
    return asdict(read(Path(facts["path"]))), b""


def _read(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    head = _exactly(source, HEAD.size)
    if head is None:
        return None
    lengths = HEAD.unpack(head)
    facts, data = _exactly(source, lengths[0]), _exactly(source, lengths[1])
    return None if facts is None or data is None else (json.loads(facts), data)


def _exactly(source: BinaryIO, length: int) -> bytes | None:
    kept, at = bytearray(length), 0
    while at < length:
        got = source.readinto(memoryview(kept)[at:])  # type: ignore[attr-defined]
        if not got:
            return None
        at += got
    return bytes(kept)


def _write(target: BinaryIO, facts: Mapping[str, Any], data: bytes) -> None:
    line = json.dumps(facts).encode()
    for part in (HEAD.pack(len(line), len(data)) + line, data):
        left = memoryview(part)
        while left:
            left = left[target.write(left) :]


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(0)
