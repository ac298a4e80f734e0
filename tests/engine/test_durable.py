"""The engine's memory may be gone or broken; it starts all the same."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.settings import ROOT

START = """
import sys
from pipeline.engine import durable
durable.start(sys.argv[1], {"runs": 1}, executor="local", poll_seconds=1.0)
print(durable.live_ids(["none"]), flush=True)
__import__("os")._exit(0)
"""


def start(jobs: Path) -> str:
    done = subprocess.run([sys.executable, "-c", START, f"sqlite:///{jobs}"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("harm", ["noise", "a damaged page", "nothing"])
def test_a_jobs_database_in_any_state_is_no_reason_not_to_start(tmp_path: Path, harm: str) -> None:
    jobs = tmp_path / "jobs.db"
    assert start(jobs) == "set()"
    with sqlite3.connect(jobs) as kept:
        kept.execute("CREATE TABLE mark (words TEXT)")
        kept.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept.close()
    whole = jobs.read_bytes()
    damaged = {"noise": os.urandom(50_000), "a damaged page": whole[:4096] + os.urandom(len(whole) - 4096), "nothing": whole}[harm]
    jobs.write_bytes(damaged)
    assert start(jobs) == "set()"
    with sqlite3.connect(jobs) as after:
        marks = after.execute("SELECT count(*) FROM sqlite_master WHERE name = 'mark'").fetchone()[0]
    after.close()
    assert marks == (1 if harm == "nothing" else 0)
