"""Files being written: complete and flushed to the disk before they are moved into place, removed if they never are."""

import hashlib
import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.storage.port import PIECE_BYTES


@dataclass(frozen=True, kw_only=True)
class Part:
    """A whole file that waits to be moved."""

    path: Path
    bytes: int
    sha256: str


@contextmanager
def written(folder: Path, data: bytes | Path) -> Iterator[Part]:
    """Give a flushed copy of bytes or of a file in `folder`, gone afterwards unless it was moved; OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}-{secrets.token_hex(8)}.part"
    try:
        yield _write(path, data)
    finally:
        path.unlink(missing_ok=True)


def abandoned(path: Path) -> bool:
    """Tell whether a file is a part whose writer is gone from this machine.

    >>> abandoned(Path("1-00.part")), abandoned(Path("picture.webp"))
    (False, False)
    """
    pid = path.name.partition("-")[0]
    if path.suffix != ".part" or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _write(path: Path, data: bytes | Path) -> Part:
    digest, size = hashlib.sha256(), 0
    with io.BytesIO(data) if isinstance(data, bytes) else data.open("rb") as source, _create(path) as file:
        while piece := source.read(PIECE_BYTES):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
        file.flush()
        os.fsync(file.fileno())
    return Part(path=path, bytes=size, sha256=digest.hexdigest())


def _create(path: Path) -> io.BufferedWriter:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "wb")
