"""One of the processes that place holds at one time: `python -m tests.benchmarks.holder ours|plain FOLDER NUMBER THREADS HOLDS`.

It says `ready`, waits for a line, and then writes what came of it as JSON: how many were placed and refused, and from when to when.
"""

import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.database import Database
from pipeline.errors import BudgetReached
from pipeline.ledger import Booking, Cap, hold

MICRO_USD, FITS = 30_000, 1500
BEFORE = 8_000  # lines that are there already, of a micro-dollar each
CAP = Cap(scope_kind="studio", scope="all", period="day", micro_usd=MICRO_USD * FITS + BEFORE)
DAY, MONTH = "2026-05-11", "2026-05"
PEOPLE, CASES, SECONDS = 7, 100, 120
PLAIN_CAPS = (
    (f"1 = ? AND day = '{DAY}'", CAP.amount),
    (f"person = ? AND day = '{DAY}'", 10**9),
    (f"feature = ? AND day LIKE '{MONTH}%'", 10**9),
    ("case_id = ?", 10**9),
    (f"case_id = ? AND day LIKE '{MONTH}%'", 10**9),
)


def booking(name: str, number: int) -> Booking:
    """Name whom and what the hold of this number is for."""
    whom = {"case_id": f"case-{number % CASES}", "person": f"person-{number % PEOPLE}", "team": "studio", "feature": "portrait", "sweep": None}
    what = {"provider": "fal", "endpoint": "fal-ai/flux/dev/image-to-image", "unit": "megapixel", "quantity": "1", "price_id": "x"}
    return Booking(call_id=name, run_id=name, unit_micro_usd=MICRO_USD, **whom, **what)  # type: ignore[arg-type]


def ours(folder: Path) -> Callable[[int], Callable[[str, int], bool]]:
    """Return, for a thread, what places a hold in the ledger and tells whether there was room."""
    database = Database(folder, "sandbox", busy_seconds=SECONDS)

    def place(name: str, number: int) -> bool:
        try:
            with database.writing() as tx:
                hold(tx, booking(name, number), MICRO_USD, [CAP])
        except BudgetReached:
            return False
        return True

    return lambda _: place


def plain(folder: Path) -> Callable[[int], Callable[[str, int], bool]]:
    """Return the same for a ledger without running balances: under the write lock every cap adds its lines up anew."""

    def begin(_: int) -> Callable[[str, int], bool]:
        db = sqlite3.connect(folder / "plain.db", timeout=SECONDS, isolation_level=None)
        db.execute("PRAGMA synchronous=FULL")
        return lambda name, number: _place_plainly(db, name, booking(name, number))

    return begin


def _place_plainly(db: sqlite3.Connection, name: str, booked: Booking) -> bool:
    db.execute("BEGIN IMMEDIATE")
    whose = (1, booked.person, booked.feature, booked.case_id, booked.case_id)
    for value, (where, most) in zip(whose, PLAIN_CAPS, strict=True):
        used = db.execute(f"SELECT coalesce(sum(micro_usd), 0) FROM holds WHERE {where}", (value,)).fetchone()[0]
        if used + MICRO_USD > most:
            db.execute("ROLLBACK")
            return False
    db.execute("INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?)", (name, booked.person, booked.feature, booked.case_id, DAY, MICRO_USD))
    db.execute("COMMIT")
    return True


def main() -> None:
    """Place the holds from as many threads as told."""
    kind, folder, number, threads, holds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    begin = {"ours": ours, "plain": plain}[kind](folder)
    came: list[bool] = []

    def work(thread: int) -> None:
        place = begin(thread)
        for turn in range(thread, holds, threads):
            came.append(place(f"{number}.{turn}", number * holds + turn))

    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(json.dumps({"placed": sum(came), "refused": len(came) - sum(came), "began": began, "ended": time.monotonic()}), flush=True)


if __name__ == "__main__":
    main()
