"""A worker either works or is gone: it ends when told to, whatever it waits for, and one that shows no sign of life is replaced."""

import os
import signal
import sqlite3
import time

import pytest

from pipeline.processes.claims import holder_of
from pipeline.records import RunState
from pipeline.studio.photos import Intake
from tests.crash.harness import Wreckable, WreckableApp, assert_sound

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended; a zombie that nobody has reaped yet counts as gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until_gone(pid: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_gone(pid):
        assert time.monotonic() < end, f"the worker is still there after {seconds:.0f} s"
        time.sleep(0.05)


def test_a_worker_that_waits_for_the_database_ends_within_seconds_of_being_told(studio: Wreckable, intake: Intake) -> None:
    studio.up()
    studio.wait_until(lambda: studio.pid("worker") is not None, "the worker starting")
    worker = studio.pid("worker")
    assert worker is not None
    run = studio.ask_avatar(studio.case_with(intake))
    other = sqlite3.connect(studio.place.database.path, isolation_level=None, timeout=30)
    other.execute("BEGIN IMMEDIATE")
    time.sleep(1.5)  # by now the worker wants to write, and waits inside SQLite
    os.kill(worker, signal.SIGTERM)
    wait_until_gone(worker, 8)
    assert holder_of(studio.settings.folder, "worker") is None
    other.execute("ROLLBACK")
    other.close()
    studio.wait_until(lambda: studio.look(run.id).state is RunState.SUCCEEDED, "the run ending under the next worker")
    assert_sound(studio)


@pytest.mark.long
def test_a_worker_that_stands_still_is_ended_by_the_app_and_its_run_goes_on_under_another(app: WreckableApp, intake: Intake) -> None:
    app.up()
    app.wait_until(lambda: app.pid("worker") is not None, "the worker starting")
    worker = app.pid("worker")
    assert worker is not None
    os.kill(worker, signal.SIGSTOP)
    run = app.ask_avatar(app.case_with(intake))
    app.wait_until(lambda: app.look(run.id).state is RunState.SUCCEEDED, "the run ending under another worker")
    assert is_gone(worker)
    assert_sound(app)
