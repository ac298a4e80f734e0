"""A real worker and sandbox for measuring: ready pictures, a fixed delay, a folder of its own."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.records import Person, moment, new_id
from pipeline.studio import portraits
from pipeline.workflows.wishes import AvatarWish
from tests.crash.harness import OWNER, Wreckable, sample

ME = Person(name="benchmark")


@dataclass(frozen=True)
class Timed:
    """What a batch took: seconds from the first click to the last end, and per call when it was accepted, noticed and looked at."""

    wall_seconds: float
    accepted: list[datetime]
    noticed: list[datetime]
    looks: list[int]

    def late_seconds(self, delay: float) -> list[float]:
        """Return how long after its end each call was noticed, shortest first."""
        return sorted((n - a).total_seconds() - delay for a, n in zip(self.accepted, self.noticed, strict=True))


class Measured(Wreckable):
    """A studio that can be timed."""

    def avatars(self, count: int) -> Timed:
        """Ask for so many avatars at once, each in a case of its own that has its photo already, and wait for the last."""
        intake = sample()
        cases = [self.case_with(intake) for _ in range(count)]
        began = time.monotonic()
        asked = [portraits.ask_avatar(self.place, case, OWNER, AvatarWish(), ME, run_id=new_id("r")).run.id for case in cases]
        self.wait_for_all()
        wall = time.monotonic() - began
        with self.place.database.reading() as db:
            marks = ", ".join("?" * len(asked))
            query = f"SELECT accepted_at, finished_at, status_requests FROM calls WHERE run_id IN ({marks})"
            rows = [row for row in db.execute(query, asked) if row["finished_at"]]
        if len(rows) != count:
            raise RuntimeError(f"only {len(rows)} of {count} avatars were made")
        return Timed(wall, [moment(r["accepted_at"]) for r in rows], [moment(r["finished_at"]) for r in rows], [r["status_requests"] for r in rows])


@contextlib.contextmanager
def running(*, speed: str, slots: int = 10) -> Iterator[Measured]:
    """Bring a studio up, give it, and end it."""
    kept = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        studio = Measured(Path(folder) / "studio", STUDIO_SANDBOX_SPEED=speed, STUDIO_SANDBOX_SLOTS=str(slots), STUDIO_DAILY_CAP_USD="1000")
        try:
            studio.up()
            studio.wait_until(lambda: None not in (studio.pid("worker"), studio.pid("sandbox")), "worker and sandbox starting")
            time.sleep(2)
            yield studio
        finally:
            studio.close()
            studio.place.database.close()
            os.environ.clear()
            os.environ.update(kept)
