"""What a run may lack for a while: the database to write to, file descriptors, room on the disk. Whatever was bought meanwhile is driven to its end.

The books are looked at before anybody retries anything.
"""

import contextlib
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import doctor, runs
from pipeline.buying import calls
from pipeline.errors import StudioError
from pipeline.records import Run, RunState
from pipeline.sandbox.bill import bill
from pipeline.studio.photos import Intake
from tests.crash.conftest import forget_settings
from tests.crash.harness import Wreckable, assert_sound

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]
HOLD_THE_LOCK = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
db.execute("ROLLBACK")
"""


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wreckable]:
    """A studio whose writes wait for four seconds only."""
    forget_settings(monkeypatch)
    monkeypatch.setenv("STUDIO_BUSY_SECONDS", "4")
    studio = Wreckable(tmp_path / "studio", STUDIO_SANDBOX_SPEED="0.4", STUDIO_BUSY_SECONDS="4")
    yield studio
    studio.close()


@contextlib.contextmanager
def locked(path: Path, seconds: float) -> Iterator[None]:
    """Have another process hold the write lock for so long."""
    with subprocess.Popen([sys.executable, "-c", HOLD_THE_LOCK, str(path), str(seconds)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        yield
        other.wait()


def ended_wrongly(studio: Wreckable, asked: list[Run]) -> list[str]:
    """Name the runs that say they failed at no cost while the provider has billed them."""
    billed = {line.request_id for line in bill(studio.settings.folder / "emulator").requests}
    with studio.place.database.reading() as db:
        return [
            run.id
            for run in (runs.get(db, one.id) for one in asked)
            if run.state is RunState.FAILED and any(call.request_id in billed for call in calls.of_run(db, run.id))
        ]


@pytest.mark.parametrize(("count", "seconds"), [(6, 6.0), pytest.param(32, 45.0, marks=pytest.mark.long)])
def test_requests_that_run_while_the_database_is_locked_are_paid_delivered_and_never_called_free(
    impatient: Wreckable, intake: Intake, count: int, seconds: float
) -> None:
    case = [impatient.case_with(intake) for _ in range(count)]
    impatient.up()
    asked = [impatient.ask_avatar(one) for one in case]
    impatient.wait_until(lambda: len(bill(impatient.settings.folder / "emulator").requests) >= min(count, 4), "the first requests being sent")
    with locked(impatient.place.database.path, seconds):
        pass
    assert ended_wrongly(impatient, asked) == []
    impatient.wait_for_all()
    assert_sound(impatient)


def test_an_ended_run_whose_request_is_still_open_is_named_by_doctor_and_driven_to_its_end(studio: Wreckable, intake: Intake) -> None:
    order = studio.pull_the_plug_at("after-ticket")
    run = studio.ask_avatar(studio.case_with(intake))
    studio.up()
    while order.exists() or studio.pid("worker"):
        time.sleep(0.01)
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, StudioError())
    finding = next(found for found in doctor.examine(studio.settings) if found.part == "requests")
    assert not finding.ok
    assert run.id in finding.say
    studio.up()
    studio.wait_until(lambda: studio.look(run.id).state is RunState.SUCCEEDED, "the run coming to its end")
    assert_sound(studio)


def test_a_run_that_ended_before_its_request_was_sent_gives_its_money_back_and_buys_nothing(studio: Wreckable, intake: Intake) -> None:
    run = studio.ask_avatar(studio.case_with(intake))
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, StudioError())
    other = studio.ask_avatar(studio.case_with(intake))
    studio.up()
    studio.wait_until(lambda: studio.look(other.id).state is RunState.SUCCEEDED, "the other run's end")
    studio.wait_until(lambda: not _holds(studio), "the money being free again")
    assert studio.look(run.id).state is RunState.FAILED
    assert len(bill(studio.settings.folder / "emulator").requests) == 1


def _holds(studio: Wreckable) -> int:
    with studio.place.database.reading() as db:
        return int(db.execute("SELECT coalesce(sum(micro_usd), 0) FROM entries WHERE kind IN ('hold', 'release')").fetchone()[0])


def test_doctor_proves_that_the_records_can_be_written(studio: Wreckable) -> None:
    before = studio.place.database.version()
    found = {one.part: one for one in doctor.examine(studio.settings)}
    assert "it can be written" in found["database"].say
    assert studio.place.database.version() != before


def test_a_worker_without_file_descriptors_loses_nothing_and_calls_nothing_free(studio: Wreckable, intake: Intake) -> None:
    cases = [studio.case_with(intake) for _ in range(4)]
    studio.up()
    asked = [studio.ask_avatar(case) for case in cases]
    studio.wait_until(lambda: bool(bill(studio.settings.folder / "emulator").requests), "the first request being sent")
    worker = studio.pid("worker")
    assert worker is not None
    limits = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (len(list(Path(f"/proc/{worker}/fd").iterdir())), limits[1]))
    time.sleep(4)
    with contextlib.suppress(ProcessLookupError):  # it may have ended meanwhile, as it should when its own loop cannot go on
        resource.prlimit(worker, resource.RLIMIT_NOFILE, limits)
    assert ended_wrongly(studio, asked) == []
    studio.wait_for_all()
    assert ended_wrongly(studio, asked) == []
    assert_sound(studio, all_succeed=False)
