"""What a worker costs while there is nothing to do."""

import os
import time
from pathlib import Path

from tests.benchmarks.encoding import _resident as resident_bytes
from tests.benchmarks.figure import Figure
from tests.benchmarks.studio import running

SECONDS = 20.0


def measure() -> list[Figure]:
    """Watch an idle worker, its likeness models loaded, for twenty seconds."""
    with running(speed="0.2") as studio:
        studio.avatars(1)
        pid = studio.pid("worker")
        time.sleep(3)
        before, began = ticks(pid), time.monotonic()
        time.sleep(SECONDS)
        share = (ticks(pid) - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began)
        memory = resident_bytes(pid)
    return [
        Figure(name="idle worker, share of a core", value=share * 100, unit="%", limit=4),
        Figure(name="idle worker with likeness loaded, memory", value=memory / 1e6, unit="MB", limit=300, beside="worker and measuring child"),
    ]


def ticks(pid: int, *, children: bool = True) -> int:
    """Add up the processor time of a process, and of its children if wished, in clock ticks."""
    total = 0
    for process in (pid, *(_children(pid) if children else ())):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total


def _children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
