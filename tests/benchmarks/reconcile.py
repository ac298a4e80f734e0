"""100,000 requests held against the provider's bill, beside a merge of both as tables."""

import csv
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pipeline.reckoning.causes import Cause
from pipeline.records import Person
from pipeline.settings import load
from pipeline.studio import differences, reconciling
from pipeline.studio.bills import BillFile
from pipeline.studio.costs import Period
from pipeline.studio.place import Place
from tests.benchmarks.costs_filled import DAYS, fill
from tests.benchmarks.figure import Figure

REQUESTS, EVERY = 100_000, 500
ME = Person(name="me")
HEAD = ("request_id", "endpoint_id", "timestamp", "output_units", "unit_price", "percent_discount", "cost_estimate_nano_usd")
CHARGED = """SELECT c.request_id, c.endpoint, c.finished_at, e.micro_usd FROM calls c JOIN entries e ON e.call_id = c.id AND e.kind = 'charge'
    ORDER BY c.request_id"""


def measure() -> list[Figure]:
    """Compare a year of requests with a bill in which every five-hundredth line is wrong in one of four ways."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        fill(data, REQUESTS)
        place = Place(load({"STUDIO_DATA": folder}))
        planted = _write(place, data / "bill.csv")
        merged = _merge(place, data)
        began = time.monotonic()
        today = datetime.now(UTC).date()
        done = reconciling.reconcile(place, BillFile(data / "bill.csv"), ME, _year(today))
        seconds = time.monotonic() - began
        found = {one.cause: one.count for one in done.causes}
        began = time.monotonic()
        accepted = differences.accept_all(place, ME)
        accepting = time.monotonic() - began
        place.database.close()
    beside = f"pandas merge: {merged:.1f} s"
    wrong = sum(abs(planted.get(cause, 0) - found.get(cause, 0)) for cause in Cause)
    return [
        Figure(name="100,000 requests held against a bill of as many lines", value=seconds, unit="s", limit=20, beside=beside),
        Figure(name="… causes missed or invented", value=wrong, unit="differences", limit=0, beside=f"of {sum(planted.values())} planted"),
        Figure(name=f"… all {accepted.count} accepted and booked", value=accepting, unit="s"),
    ]


def _year(today: date) -> Period:
    return Period(since=(today - timedelta(days=DAYS)).isoformat(), until=today.isoformat())


def _write(place: Place, path: Path) -> dict[Cause, int]:
    planted: dict[Cause, int] = {}
    with place.database.reading() as db, path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for at, row in enumerate(db.execute(CHARGED)):
            cause = tuple(_WRONG)[at // EVERY % len(_WRONG)] if at % EVERY == EVERY - 1 else None
            for request_id, nano_usd in _lines(cause, row["request_id"], row["micro_usd"] * 1000):
                writer.writerow((request_id, row["endpoint"], row["finished_at"], 1, nano_usd / 1e9, 0, nano_usd))
            if cause:
                planted[cause] = planted.get(cause, 0) + 1
    return planted


_WRONG = (Cause.UNKNOWN_TO_US, Cause.NOT_BILLED, Cause.PRICE_MOVED, Cause.DUPLICATE)


def _lines(cause: Cause | None, request_id: str, nano_usd: int) -> Iterator[tuple[str, int]]:
    if cause is Cause.UNKNOWN_TO_US:
        yield f"{request_id}-stranger", nano_usd
    if cause is Cause.DUPLICATE:
        yield request_id, nano_usd
    if cause is not Cause.NOT_BILLED:
        yield request_id, nano_usd * 11 // 10 if cause is Cause.PRICE_MOVED else nano_usd


def _merge(place: Place, folder: Path) -> float:
    """Time what people would do by hand: both as CSV, merged by the request's id; it finds the rows that differ, and no cause of any."""
    import pandas as pd

    with place.database.reading() as db, (folder / "ours.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("request_id", "endpoint", "finished_at", "micro_usd"))
        writer.writerows(tuple(row) for row in db.execute(CHARGED))
    began = time.monotonic()
    both = pd.read_csv(folder / "ours.csv").merge(pd.read_csv(folder / "bill.csv"), on="request_id", how="outer")
    assert len(both[both["micro_usd"] * 1000 != both["cost_estimate_nano_usd"]])
    return time.monotonic() - began
