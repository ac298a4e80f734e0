"""The worker: one a data folder, the only process that buys, encodes and uploads."""

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable

import sqlalchemy

from pipeline.buying import Desk, Gate
from pipeline.buying.points import Points
from pipeline.engine import durable
from pipeline.errors import DatabaseBusy, DiskFull
from pipeline.media.decoding import pool
from pipeline.processes.bring_up import ensure_running
from pipeline.processes.claims import Claim, Holder, claim, holder_of
from pipeline.processes.dispatcher import RECONCILE_SECONDS, Dispatcher
from pipeline.processes.housekeeping import begin_orders, keep_house
from pipeline.processes.lifetime import EXIT_BROKEN, Pulse, leave, leave_when_told
from pipeline.processes.logs import write_logs_to
from pipeline.providers.fal import FalProvider
from pipeline.settings import Settings
from pipeline.storage.folder import FolderStore
from pipeline.studio.place import Place, open_store
from pipeline.workflows.bench import Bench, set_bench

log = logging.getLogger("pipeline.worker")
TICK_SECONDS = 0.2
POLL_SECONDS = 0.3
LISTING_LAG_SECONDS = 120.0
SANDBOX_SETTLE_SECONDS = 2.0
OLD_SECONDS = 86_400.0
AFTER_TROUBLE_SECONDS = 1.0
PASSING_SECONDS = 180.0  # a database or a disk that is away for so long is waited for; a restart would not bring it back
BROKEN_SECONDS = 10.0


def run_worker(settings: Settings, *, idle_seconds: float | None = None, with_parent: bool = False, only: tuple[str, ...] = ()) -> None:
    """Work until told to stop, until the parent is gone, or until idle for so long; raises AlreadyRunning, WrongMode, PlaceError.

    `only` names the queues of a machine that encodes alone (`cpu`); it holds no claim and never opens studio.db.
    """
    stop = threading.Event()
    leave_when_told(stop, with_parent=with_parent)
    if only:
        _work_elsewhere(settings, only, stop)
        return
    with claim(settings.folder, "worker") as held:
        write_logs_to(settings.folder, "worker")
        place = Place(settings)
        bench = _bench(place)
        set_bench(bench)
        try:
            durable.start(_jobs_url(settings), _queues(settings), executor="local", poll_seconds=POLL_SECONDS)
            held.tell(Holder(pid=os.getpid(), mode=settings.mode, port=0, lasts=idle_seconds is None))
            for warm_up in (bench.measurer.warm_up, pool.warm_up):
                threading.Thread(target=warm_up, daemon=True).start()
            threading.Thread(target=keep_house, args=(place, stop), daemon=True).start()
            threading.Thread(target=begin_orders, args=(place, stop), daemon=True).start()
            log.info("the worker is up")
            _serve(_Round(settings, Dispatcher(place.database, bench.buying), idle_seconds), stop, held)
        except BaseException:
            # The engine's threads would go on taking work without anybody who looks after them, and keep the process alive.
            log.exception("the worker cannot go on and ends")
            held.forget()
            leave(EXIT_BROKEN)
        held.forget()
        # Threads may be waiting for a provider; leaving them is what a crash does too, and a crash loses nothing.
        leave(0)


class _Round:
    """One look of the worker's main loop at everything that may have come up."""

    def __init__(self, settings: Settings, dispatcher: Dispatcher, idle_seconds: float | None) -> None:
        self.settings, self.dispatcher, self.idle_seconds = settings, dispatcher, idle_seconds
        self.busy_at = time.monotonic()
        self.looked_at = float("-inf")

    def go(self) -> bool:
        """Do what is to be done; false once there was nothing for the idle time. The first round finds what the last worker left."""
        if self.looked_at < 0:
            self.dispatcher.reconcile()
            self.dispatcher.forget_old()
            self.looked_at = time.monotonic()
        live = self.dispatcher.tick()
        moment = time.monotonic()
        if moment - self.looked_at > RECONCILE_SECONDS:
            self.looked_at = moment
            self.dispatcher.reconcile()
            if live:
                ensure_running(self.settings, "sandbox")
        if live:
            self.busy_at = moment
        return live or self.idle_seconds is None or moment - self.busy_at <= self.idle_seconds


def _serve(one_round: _Round, stop: threading.Event, held: Claim) -> None:
    """Go round after round until told to stop or idle; trouble that lasts longer than it is worth waiting for is raised."""
    pulse = Pulse(held)
    pulse.start()
    while not stop.wait(TICK_SECONDS):
        pulse.beat()
        try:
            if not one_round.go():
                return
            pulse.well()
        except Exception as error:
            if pulse.seconds_unwell > _patience(error):
                raise
            log.warning("a round of the worker broke and is tried again", extra={"error": type(error).__name__})
            stop.wait(AFTER_TROUBLE_SECONDS)


def _patience(error: Exception) -> float:
    passes = isinstance(error, DatabaseBusy | DiskFull) or durable.is_away(error)
    return PASSING_SECONDS if passes else BROKEN_SECONDS


def _bench(place: Place) -> Bench:
    settings = place.settings
    tmp = settings.folder / "tmp"
    shutil.rmtree(tmp, ignore_errors=True)
    tmp.mkdir(parents=True)
    if isinstance(place.store, FolderStore):
        place.store.sweep(OLD_SECONDS)
    desk = Desk(
        database=place.database,
        store=place.store,
        providers={"fal": provider(settings)},
        catalogue=place.catalogue,
        gate=Gate(settings.provider_slots),
        points=Points(settings.folder / "pull-the-plug" if settings.is_sandbox else None),
        resend_below_micro_usd=settings.resend_below_micro_usd,
        settle_seconds=_settle_seconds(settings),
        webhook_url=f"{settings.public_url}/hooks/fal" if settings.public_url else None,
    )
    return Bench(desk=desk, store=place.store, tmp=tmp, ffmpeg=settings.ffmpeg, cores=threading.Semaphore(settings.cpu_slots))


def provider(settings: Settings) -> FalProvider:
    """Return the way to fal: its own hosts in live mode, the sandbox under the same host names otherwise."""
    if settings.is_sandbox:
        return FalProvider("sandbox:key", emulator=lambda: sandbox_address(settings))
    return FalProvider(settings.fal_key)


def sandbox_address(settings: Settings) -> str:
    """Return the running sandbox's base address, empty while it is down."""
    holder = holder_of(settings.folder, "sandbox")
    return f"http://127.0.0.1:{holder.port}" if holder else ""


def _settle_seconds(settings: Settings) -> Callable[[float], float]:
    if settings.is_sandbox:
        return lambda _: SANDBOX_SETTLE_SECONDS
    return lambda longest_run: LISTING_LAG_SECONDS + longest_run


def _queues(settings: Settings) -> dict[str, int]:
    """Take more from the queues than may work at one time, so that the next is at hand when a place frees: a queue hands over only when polled.

    The dispatcher hands over a few runs of each person and keeps the rest, so there is room for a hundred more than the gate has use for.
    """
    return {"runs": 6 * settings.provider_slots + 100, "cpu": 4 * settings.cpu_slots}


def _jobs_url(settings: Settings) -> str:
    """Return the address of the engine's database; in one built from its parts, `?`, `#` and `%` of the folder's name stay the folder's."""
    own = sqlalchemy.URL.create("sqlite", database=str(settings.folder / "jobs.db"))
    return settings.jobs_db_url or own.render_as_string(hide_password=False)


def _work_elsewhere(settings: Settings, only: tuple[str, ...], stop: threading.Event) -> None:
    write_logs_to(settings.folder, f"worker-{os.getpid()}")
    tmp = settings.folder / f"tmp-{os.getpid()}"
    tmp.mkdir(parents=True, exist_ok=True)
    set_bench(Bench(desk=None, store=open_store(settings), tmp=tmp, ffmpeg=settings.ffmpeg, cores=threading.Semaphore(settings.cpu_slots)))
    queues = {name: workers for name, workers in _queues(settings).items() if name in only}
    durable.start(_jobs_url(settings), queues, executor=f"cpu-{os.uname().nodename}-{os.getpid()}", poll_seconds=POLL_SECONDS)
    stop.wait()
    shutil.rmtree(tmp, ignore_errors=True)
    leave(0)
