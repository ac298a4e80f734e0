"""What a worker has at hand. Workflows are plain functions that the engine calls by name, so the bench is set once, before it starts."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.buying import Desk
from pipeline.errors import WorkerAbsent
from pipeline.media.measuring import Measurer


@dataclass(frozen=True, kw_only=True)
class Bench:
    """The desk for buying (None on a machine that only encodes), the store, a scratch folder, ffmpeg, cores, and what measures likeness."""

    desk: Desk | None
    store: Any
    tmp: Path
    ffmpeg: str
    cores: threading.Semaphore
    measurer: Measurer = field(default_factory=Measurer)

    @property
    def buying(self) -> Desk:
        """The desk; raises WorkerAbsent on a machine that does not buy."""
        if self.desk is None:
            raise WorkerAbsent("This machine encodes and measures only; it does not buy.")
        return self.desk


_bench: list[Bench] = []


def set_bench(bench: Bench) -> None:
    """Give this process its bench."""
    _bench[:] = [bench]


def bench() -> Bench:
    """Return this process's bench; raises WorkerAbsent outside a worker."""
    if not _bench:
        raise WorkerAbsent("Only a worker can do this.")
    return _bench[0]
