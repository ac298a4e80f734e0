"""A studio of real processes on a folder of its own, that can be killed, and what must be true of it afterwards."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline import assets, ledger, runs
from pipeline.buying import calls
from pipeline.processes import bring_up
from pipeline.processes.claims import holder_of
from pipeline.records import CallState, Decision, Person, Run, RunKind, RunState, new_id
from pipeline.sandbox.bill import bill
from pipeline.settings import ROOT, Settings, load
from pipeline.studio import photos, portraits, reviews
from pipeline.studio.photos import Intake
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish, ClipWish

ME = Person(name="crash test")
OWNER = "owner"
PATIENCE_SECONDS = 120.0


class Wreckable:
    """A data folder with worker and sandbox, brought up the way the command line does and killed without a word."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.environment = {"STUDIO_DATA": str(folder), "STUDIO_IDLE_SECONDS": "60", "STUDIO_SANDBOX_PICTURES": "ready", **environment}
        os.environ.update(self.environment)
        self.settings: Settings = load()
        self.place = Place(self.settings)

    def up(self) -> None:
        """Start what is missing; called again and again while waiting, as every command does."""
        bring_up.ensure_running(self.settings, "sandbox", "worker")

    def pid(self, name: str) -> int | None:
        holder = holder_of(self.settings.folder, name)
        return holder.pid if holder else None

    def kill(self, name: str) -> bool:
        """SIGKILL a process; false when it does not run."""
        pid = self.pid(name)
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def forget_jobs(self) -> None:
        """Delete the engine's database; the worker must be dead."""
        for path in self.settings.folder.glob("jobs.db*"):
            path.unlink(missing_ok=True)

    def pull_the_plug_at(self, point: str) -> Path:
        """Order that whoever reaches this point dies there; the file is gone once it happened."""
        order = self.settings.folder / "pull-the-plug" / point
        order.parent.mkdir(parents=True, exist_ok=True)
        order.touch()
        return order

    def case_with(self, intake: Intake) -> str:
        case_id = new_id("case-")
        photos.open_case(self.place, case_id, OWNER, ME)
        photos.put_photo(self.place, case_id, OWNER, intake, ME)
        return case_id

    def ask_avatar(self, case_id: str) -> Run:
        return portraits.ask_avatar(self.place, case_id, OWNER, AvatarWish(), ME, run_id=new_id("r")).run

    def ask_clip(self, avatar_run: Run) -> Run:
        """Approve what an avatar's run made and ask for its clip."""
        with self.place.database.reading() as db:
            made = next(asset for asset in assets.of_run(db, avatar_run.id) if asset.kind.value == "avatar")
        reviews.decide_on(self.place, made, OWNER, Decision.APPROVED, ME)
        return portraits.ask_clip(self.place, avatar_run.case_id, OWNER, ClipWish(), ME, run_id=new_id("r"), parent_run=avatar_run.id).run

    def look(self, run_id: str) -> Run:
        with self.place.database.reading() as db:
            return runs.get(db, run_id)

    def live(self) -> list[Run]:
        with self.place.database.reading() as db:
            return runs.live(db)

    def wait_until(self, true: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"{what} did not happen within {seconds:.0f} s"
            self.up()
            time.sleep(0.05)

    def wait_for_all(self) -> None:
        self.wait_until(lambda: not self.live(), "every run ending")

    def close(self) -> None:
        """Stop worker and sandbox and wait until nothing of this folder runs any more."""
        for name in ("worker", "sandbox"):
            pid = self.pid(name)
            if pid is not None:
                os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 15
        while time.monotonic() < end and self.processes():
            time.sleep(0.05)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        for child, _ in bring_up._spawned.values():
            child.wait(PATIENCE_SECONDS)

    def processes(self) -> dict[int, str]:
        """Every process on this machine that works for this data folder, besides the test itself."""
        mark = f"STUDIO_DATA={self.settings.data}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                environment, command = _peek(entry / "environ"), _peek(entry / "cmdline")
                if mark in environment.split(b"\0") and command:
                    found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        return found


class WreckableApp(Wreckable):
    """The same, run by the app in the browser as `make run` does: it looks after worker and sandbox, and they end with it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = _free_port()
        super().__init__(folder, STUDIO_PUBLIC_URL=f"http://127.0.0.1:{self.port}", **environment)
        self.app: subprocess.Popen[bytes] | None = None

    def up(self) -> None:
        """Start the app if it does not run."""
        if self.app is None or self.app.poll() is not None:
            command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port), "--server.headless", "true"]
            self.app = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def pid(self, name: str) -> int | None:
        if name != "app":
            return super().pid(name)
        return self.app.pid if self.app is not None and self.app.poll() is None else None

    def kill(self, name: str) -> bool:
        done = super().kill(name)
        if done and name == "app" and self.app is not None:
            self.app.wait()
        return done

    def close(self) -> None:
        if self.app is not None:
            self.app.terminate()
            self.app.wait(20)
        super().close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _peek(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def assert_sound(studio: Wreckable, *, all_succeed: bool = True) -> None:
    """Assert what must be true of a studio at rest: every cent, every file, every run."""
    place = studio.place
    billed = bill(studio.settings.folder / "emulator")
    with place.database.reading() as db:
        everything = runs.newest(db, 100_000)
        paid = [call for run in everything for call in calls.of_run(db, run.id)]
        totals, wrong = ledger.totals(db), ledger.proof(db)
        kept = assets.newest(db, 100_000)
    assert not wrong
    assert all(run.ended for run in everything)
    if all_succeed:
        assert {run.state for run in everything} == {RunState.SUCCEEDED}, [
            (run.id, run.error) for run in everything if run.state is not RunState.SUCCEEDED
        ]
    accepted = sorted(line.request_id for line in billed.requests)
    assert accepted == sorted(call.request_id for call in paid if call.request_id), "exactly one accepted request per call"
    assert (totals.held_micro_usd, totals.charged_micro_usd) == (0, billed.total_micro_usd)
    assert {line.request_id: line.micro_usd for line in billed.requests} == _charges(studio)
    for asset in kept:
        assert hashlib.sha256(assets.read(place.store, asset)).hexdigest() == asset.sha256
    _assert_nothing_left(studio, {asset.key for asset in kept})
    _assert_whole_runs(studio, everything)


def _charges(studio: Wreckable) -> Mapping[str, int]:
    with studio.place.database.reading() as db:
        rows = db.execute(
            """SELECT c.request_id, coalesce((SELECT sum(e.micro_usd) FROM entries e WHERE e.call_id = c.id AND e.kind = 'charge'), 0) AS paid
            FROM calls c WHERE c.request_id IS NOT NULL"""
        )
        return {row["request_id"]: row["paid"] for row in rows}


def _assert_nothing_left(studio: Wreckable, keys: set[str]) -> None:
    stored = {found.key for found in studio.place.store.list("")}
    assert stored == keys, "stray or missing objects"
    assert [path.name for path in (studio.settings.folder / "tmp").rglob("*")] == []
    parts = studio.settings.folder / "objects" / ".parts"
    leftovers = [path for path in parts.rglob("*") if path.is_file()] if parts.exists() else []
    assert leftovers == [], "half-written files"


def _assert_whole_runs(studio: Wreckable, everything: list[Run]) -> None:
    wanted = {RunKind.AVATAR: {"avatar", "avatar-display"}, RunKind.CLIP: {"raw-clip", "clip", "poster"}}
    with studio.place.database.reading() as db:
        for run in everything:
            if run.state is RunState.SUCCEEDED:
                made = [asset.kind.value for asset in assets.of_run(db, run.id)]
                assert sorted(made) == sorted(wanted[run.kind]), f"{run.id} made {made}"
            for call in calls.of_run(db, run.id):
                assert call.state in (CallState.SUCCEEDED, CallState.FAILED, CallState.CANCELLED), call


def sample() -> Intake:
    """Return the sample photo, taken in."""
    path = ROOT / "data" / "samples" / "astronaut.jpg"
    return photos.take_in(path.read_bytes(), path.name)
