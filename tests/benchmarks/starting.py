"""How long the command line takes to say what it can do."""

import statistics
import subprocess
import sys
import time

from pipeline.settings import ROOT
from tests.benchmarks.figure import Figure


def measure() -> list[Figure]:
    """Time `python -m pipeline --help` seven times, beside a bare interpreter."""
    ours = _median([sys.executable, "-m", "pipeline", "--help"])
    bare = _median([sys.executable, "-c", "pass"])
    return [Figure(name="python -m pipeline --help", value=ours, unit="s", limit=0.5, beside=f"bare interpreter {bare:.3f} s")]


def _median(command: list[str]) -> float:
    return statistics.median(_once(command) for _ in range(7))


def _once(command: list[str]) -> float:
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began
