"""Fifty threads placing holds against a cap."""

import tempfile
import threading
import time
from pathlib import Path

from pipeline.database import Database
from pipeline.errors import BudgetReached
from pipeline.ledger import Booking, Cap, hold, proof, totals
from tests.benchmarks.figure import Figure

THREADS, HOLDS, MICRO_USD = 50, 2000, 30_000
CAP = Cap(scope_kind="studio", scope="all", period="day", micro_usd=MICRO_USD * 1500 + 1)


def measure() -> list[Figure]:
    """Place 2,000 holds of $0.03 against a cap that fits 1,500 of them."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder), "sandbox")
        placed: list[str] = []
        refused: list[str] = []
        threads = [threading.Thread(target=_place, args=(database, n, placed, refused)) for n in range(THREADS)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - began
        with database.reading() as db:
            held, wrong = totals(db).held_micro_usd, proof(db)
        database.close()
    over = max(held - CAP.micro_usd, 0)
    lost = HOLDS - len(placed) - len(refused) + abs(held - len(placed) * MICRO_USD) + len(wrong)
    return [
        Figure(name="50 threads, 2,000 holds against a cap: a second", value=HOLDS / seconds, unit="holds/s", limit=300, at_least=True),
        Figure(name="… over the cap", value=over, unit="micro-USD", limit=0),
        Figure(name="… lost or wrong", value=lost, unit="holds", limit=0, beside=f"{len(placed)} placed, {len(refused)} refused"),
    ]


def _place(database: Database, number: int, placed: list[str], refused: list[str]) -> None:
    for turn in range(HOLDS // THREADS):
        name = f"{number}.{turn}"
        try:
            with database.writing() as tx:
                hold(tx, _booking(name, number), MICRO_USD, [CAP])
            placed.append(name)
        except BudgetReached:
            refused.append(name)


def _booking(name: str, number: int) -> Booking:
    whom = {"case_id": f"case-{number}", "person": f"person-{number % 7}", "team": "studio", "feature": "portrait", "sweep": None}
    what = {"provider": "fal", "endpoint": "fal-ai/flux/dev/image-to-image", "unit": "megapixel", "quantity": "1", "price_id": "x"}
    return Booking(call_id=name, run_id=name, unit_micro_usd=MICRO_USD, **whom, **what)  # type: ignore[arg-type]
