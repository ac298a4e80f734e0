"""One worker and one sandbox a data folder: a lock that dies with its holder, and a record beside it of pid, mode, port and last sign of life."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.errors import AlreadyRunning

SIGN_OF_LIFE_SECONDS = 1.0
SILENT_SECONDS = 15.0
RETRY_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds a claim; port 0 where it listens on none, `lasts` false when it ends by itself after idleness."""

    pid: int
    mode: str
    port: int
    lasts: bool


class Claim:
    """A held claim; `tell` writes the record, `alive` must be called every second or so."""

    def __init__(self, folder: Path, name: str) -> None:
        """Speak for `folder/name`."""
        self.record = folder / f"{name}.json"
        self._last = 0.0

    def tell(self, holder: Holder) -> None:
        """Write who holds the claim, whole or not at all."""
        draft = self.record.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        draft.replace(self.record)

    def forget(self) -> None:
        """Take the record away, so that nobody takes this process for the holder any more."""
        with contextlib.suppress(OSError):
            self.record.unlink(missing_ok=True)

    def alive(self) -> None:
        """Give a sign of life, at most once a second."""
        if time.monotonic() - self._last >= SIGN_OF_LIFE_SECONDS:
            self._last = time.monotonic()
            with contextlib.suppress(OSError):
                os.utime(self.record)


@contextlib.contextmanager
def claim(folder: Path, name: str) -> Iterator[Claim]:
    """Hold `folder/name.lock`; raises AlreadyRunning when another process holds it for two seconds more."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock")
    try:
        lock.acquire(timeout=RETRY_SECONDS, poll_interval=0.05)
    except Timeout as error:
        raise AlreadyRunning(f"A {name} is already running for this data folder.") from error
    held = Claim(folder, name)
    try:
        yield held
    finally:
        held.forget()
        lock.release()


def holder_of(folder: Path, name: str) -> Holder | None:
    """Return who holds a claim and is alive; None when nobody does."""
    record = folder / f"{name}.json"
    try:
        holder = Holder(**json.loads(record.read_text(encoding="utf-8")))
        silent = time.time() - record.stat().st_mtime
    except (OSError, ValueError, TypeError):
        return None
    return holder if silent < SILENT_SECONDS and _is_alive(holder.pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
