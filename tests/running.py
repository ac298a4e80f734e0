"""A studio with its real worker and its real sandbox, brought up as the command line does, for tests from the click to the file."""

import contextlib
import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline import ledger
from pipeline.ledger import Entry
from pipeline.processes import bring_up
from pipeline.processes.bring_up import Watch
from pipeline.processes.claims import holder_of
from pipeline.records import Case, Decision, Person, Run, new_id
from pipeline.sandbox import faults
from pipeline.sandbox.bill import BillLine, bill
from pipeline.settings import SHIPPED, load
from pipeline.studio import looks, photos, portraits, requests, reviews
from pipeline.studio.photos import Intake
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish, ClipWish

ME, OWNER = Person(name="me"), "anna"
QUICK = {"STUDIO_SANDBOX_SPEED": "0.2", "STUDIO_IDLE_SECONDS": "20", "STUDIO_DAILY_CAP_USD": "1000"}
PATIENCE_SECONDS = 120.0


class Running:
    """One data folder at work; `stop` ends exactly the processes that were started for it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._environment = pytest.MonkeyPatch()
        for name, value in {"STUDIO_DATA": str(folder), **QUICK, **environment}.items():
            self._environment.setenv(name, value)
        self.settings = load()
        self.place = Place(self.settings)
        self.emulator = self.settings.folder / "emulator"
        self.watch = Watch(self.settings)
        self.watch.look()
        for name in ("sandbox", "worker"):
            bring_up.wait_until_up(self.settings, name, seconds=60)

    def stop(self) -> None:
        """End worker and sandbox by their process ids and wait until both are gone."""
        for name in ("worker", "sandbox"):
            if holder := holder_of(self.settings.folder, name):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(holder.pid, signal.SIGTERM)
        self.until(lambda: not any(holder_of(self.settings.folder, name) for name in ("worker", "sandbox")))
        self.place.database.close()
        self._environment.undo()

    def customer(self, *, side_px: int = 512) -> Case:
        """Open a new case with the sample photo in this size; small ones are painted and animated faster."""
        case_id = new_id("case-")
        photos.open_case(self.place, case_id, OWNER, ME)
        return photos.put_photo(self.place, case_id, OWNER, sample(side_px), ME)

    def ask_avatar(self, case: Case, by: Person = ME, **wish: Any) -> Run:
        return portraits.ask_avatar(self.place, case.id, case.owner, AvatarWish(**wish), by, run_id=new_id("r")).run

    def ask_clip(self, case: Case, by: Person = ME, **wish: Any) -> Run:
        return portraits.ask_clip(self.place, case.id, case.owner, ClipWish(**wish), by, run_id=new_id("r")).run

    def avatar(self, case: Case, **wish: Any) -> Run:
        return self.wait_for(self.ask_avatar(case, **wish))

    def clip(self, case: Case, **wish: Any) -> Run:
        return self.wait_for(self.ask_clip(case, **wish))

    def approved(self, case: Case, **wish: Any) -> Run:
        """Make an avatar and approve it."""
        run = self.avatar(case, **wish)
        shown = self.shown(run)["original"]
        reviews.decide_on(self.place, reviews.find_asset(self.place, shown["sha256"], case_id=case.id), case.owner, Decision.APPROVED, ME)
        return run

    def run(self, run: Run) -> Run:
        """Return a run as it stands now."""
        return requests.find_run(self.place, run.id)

    def retry(self, run: Run) -> Run:
        return self.wait_for(requests.retry(self.place, run.id, OWNER, ME))

    def wait_for(self, run: Run) -> Run:
        """Wait until a run has ended, as a command does."""
        end = time.monotonic() + PATIENCE_SECONDS

        def meanwhile() -> None:
            assert time.monotonic() < end, f"run {run.id} did not end; it says: {requests.find_run(self.place, run.id).stage}"
            self.watch.look()

        return requests.wait_for(self.place, run.id, on_change=lambda _: None, meanwhile=meanwhile)

    def until(self, true: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until something has come true."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "it did not come true"
            time.sleep(0.01)

    def shown(self, run: Run) -> dict[str, Any]:
        """Return a run in full, as `show` does."""
        return looks.run_in_full(self.place, requests.find_run(self.place, run.id), lambda asset: looks.path_of(self.place, asset))

    def order(self, kind: str, **more: Any) -> None:
        """Order a fault of the sandbox."""
        faults.add(self.emulator, faults.Fault(kind=kind, **more))

    def lines(self, *runs: Run) -> list[Entry]:
        with self.place.database.reading() as db:
            return [line for run in runs for line in ledger.entries(db, run_id=run.id)]

    def charged(self, *runs: Run) -> int:
        return sum(line.micro_usd for line in self.lines(*runs) if line.kind.value in ("charge", "adjust"))

    def held(self, *runs: Run) -> int:
        return sum(line.micro_usd for line in self.lines(*runs) if line.kind.value in ("hold", "release"))

    @contextlib.contextmanager
    def accepted(self) -> Iterator[list[BillLine]]:
        """Give a list that holds, after the block, what the sandbox accepted within it."""
        before, found = len(bill(self.emulator).requests), []
        yield found
        found.extend(bill(self.emulator).requests[before:])

    def check_books(self) -> None:
        """Prove that the ledger holds together and says exactly what the sandbox billed."""
        with self.place.database.reading() as db:
            assert ledger.proof(db) == []
            assert ledger.totals(db) == ledger.Totals(held_micro_usd=0, charged_micro_usd=bill(self.emulator).total_micro_usd)


@cache
def sample(side_px: int = 512) -> Intake:
    """Take the sample photo in, scaled to a square of so many pixels; faces are looked for once in a test session."""
    with Image.open(SHIPPED / "samples" / "astronaut.jpg") as photo:
        small = photo.convert("RGB").crop((0, 0, min(photo.size), min(photo.size))).resize((side_px, side_px))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=92)
    return photos.take_in(buffer.getvalue(), "astronaut.jpg")
