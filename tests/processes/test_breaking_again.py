"""Runs that break after their result was paid and kept: nothing is called free, and trouble that passes ends nothing."""

import errno
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import runs
from pipeline.buying import deliver
from pipeline.database import update
from pipeline.errors import DiskFull, EncoderFailed, StudioError
from pipeline.processes.dispatcher import RESTARTS, Dispatcher
from pipeline.records import AssetKind, Run, RunState
from pipeline.stages import Stage
from pipeline.workflows import bench, portrait
from tests.buying.conftest import Shop, served, shop, studio

__all__ = ["served", "shop", "studio"]
AVATAR = 30_000


def looked_up(shop: Shop, run: Run) -> Run:
    with shop.studio.place.database.reading() as db:
        return runs.get(db, run.id)


def delivered(shop: Shop, tmp: Path) -> Run:
    """Return a working run whose avatar is paid and kept."""
    run = shop.ask()
    deliver(shop.desk, shop.buy(run), AssetKind.AVATAR, tmp)
    with shop.studio.place.database.writing() as tx:
        update(tx, "runs", {"id": run.id}, {"state": "working"})
    return looked_up(shop, run)


def finishing_breaks(shop: Shop, run: Run, tmp: Path, error: Exception, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Let measuring meet an error, as a machine in trouble raises it, and the run be concluded with what came of that."""

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(portrait, "_measure_avatar", broken)
    monkeypatch.setattr(portrait, "_asset", lambda row: row)
    bench.set_bench(bench.Bench(desk=shop.desk, store=shop.desk.store, tmp=tmp, ffmpeg="", cores=threading.Semaphore(1)))
    portrait._conclude(run.id, portrait._finish("avatar", {"run": run.id, "bought": {}, "source": {}, "recipe": {}}))
    return looked_up(shop, run)


def broken_again(shop: Shop, run: Run, times: int) -> Run:
    dispatcher = Dispatcher(shop.studio.place.database, shop.desk)
    for _ in range(times):
        dispatcher._begin_again(looked_up(shop, run))
    return looked_up(shop, run)


def test_a_paid_run_that_broke_too_often_says_that_it_was_charged(shop: Shop, tmp_path: Path) -> None:
    ended = broken_again(shop, delivered(shop, tmp_path), RESTARTS + 1)
    assert ended.error is not None
    assert (ended.state, ended.error["charged"], shop.totals()) == (RunState.FAILED, True, (0, AVATAR))


@pytest.mark.parametrize("trouble", [DiskFull, lambda: OSError(errno.ENOSPC, "full"), lambda: OSError(errno.EMFILE, "too many open files")])
def test_trouble_that_passes_while_a_result_is_finished_leaves_the_run_live_and_charged(
    shop: Shop, tmp_path: Path, trouble: Callable[[], Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finishing_breaks(shop, delivered(shop, tmp_path), tmp_path, trouble(), monkeypatch)
    assert run.error is not None
    assert (run.ended, run.stage, run.error["charged"]) == (False, Stage.TRYING_AGAIN, True)


def test_a_result_that_cannot_be_finished_ends_its_run_at_once(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finishing_breaks(shop, delivered(shop, tmp_path), tmp_path, EncoderFailed(), monkeypatch)
    assert run.error is not None
    assert (run.state, run.error["charged"]) == (RunState.FAILED, True)


def test_a_full_disk_is_waited_for_however_often_it_is_met(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finishing_breaks(shop, delivered(shop, tmp_path), tmp_path, DiskFull(), monkeypatch)
    assert not broken_again(shop, run, 3 * RESTARTS).ended


def test_an_attempt_that_could_not_be_written_down_is_not_counted(shop: Shop, tmp_path: Path) -> None:
    run, database = delivered(shop, tmp_path), shop.studio.place.database
    dispatcher, database.busy_seconds = Dispatcher(database, shop.desk), 0.01
    with database.kept() as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(RESTARTS + 1):
            with pytest.raises(StudioError):
                dispatcher._begin_again(run)
        other.execute("ROLLBACK")
    dispatcher._begin_again(run)
    assert not looked_up(shop, run).ended
