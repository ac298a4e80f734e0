"""The engine's memory may be gone or broken; it starts all the same."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.processes.worker import _jobs_url
from pipeline.settings import ROOT, load

START = """
import sys
from pipeline.engine import durable
durable.start(sys.argv[1], {"runs": 1}, executor="local", poll_seconds=1.0)
print(durable.live_ids(["none"]), flush=True)
__import__("os")._exit(0)
"""

LOST = """
import sqlite3, sys, threading, time
from pipeline.engine import durable

go_on = threading.Event()

@durable.workflow("part")
def part(): return "made"

@durable.workflow("whole")
def whole(): return durable.child("parts", part, "a.1.part", 1)

@durable.workflow("long")
def long(): return go_on.wait(60)

durable.DEAD_SECONDS = 0.5
durable.start(f"sqlite:///{sys.argv[1]}", {"runs": 4, "parts": 4}, executor="local", poll_seconds=0.1)
durable.enqueue("runs", whole, "a.1", 1)
durable.enqueue("runs", long, "b.1", 1)
ids = ["a.1", "b.1", "c.1"]
end = time.monotonic() + 20
while durable.live_ids(ids) != {"b.1"} and time.monotonic() < end:
    time.sleep(0.05)

def unwrite(one):
    with sqlite3.connect(sys.argv[1]) as jobs:
        jobs.execute("UPDATE workflow_status SET status = 'PENDING' WHERE workflow_uuid = ?", (one,))
    jobs.close()
    first = durable.live_ids(ids)
    time.sleep(1)
    return first, durable.live_ids(ids)

said = [unwrite("a.1")]
with sqlite3.connect(sys.argv[1]) as jobs:
    jobs.execute("UPDATE workflow_status SET status = 'ENQUEUED', queue_name = 'none' WHERE workflow_uuid = 'a.1'")
jobs.close()
said.append(unwrite("a.1.part"))
print([[sorted(ids) for ids in pair] for pair in said], flush=True)
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


def test_a_workflow_whose_end_could_not_be_written_is_soon_taken_for_lost(tmp_path: Path) -> None:
    """So is one whose part ended like that; one that works is not, however long it takes."""
    done = subprocess.run([sys.executable, "-c", LOST, str(tmp_path / "jobs.db")], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "[[['a.1', 'b.1'], ['b.1']], [['a.1', 'b.1'], ['b.1']]]", done.stderr


def test_the_jobs_database_lies_in_a_folder_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DATA", str(tmp_path / "50% of? #1 %20"))
    settings = load()
    settings.folder.mkdir(parents=True)
    done = subprocess.run([sys.executable, "-c", START, _jobs_url(settings)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (settings.folder / "jobs.db").stat().st_size > 0
    assert [path.name for path in tmp_path.iterdir()] == ["50% of? #1 %20"]
