"""How long a sweep is likely to take, learnt from what happened: how long requests of its models took, and how fast cells came after one another."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from pipeline.catalog import Model
from pipeline.database import Connection
from pipeline.records import RunKind
from pipeline.studio.place import Place

NEWEST = 100
FEWEST = 3
# Work of this machine on one picture until more is known (decode, measure, store; in the sandbox paint, too): 40 pictures took 41 s on 2 cores.
OWN_CORE_SECONDS = 2.0
TOOK = """SELECT (julianday(finished_at) - julianday(accepted_at)) * 86400 AS seconds FROM calls
    WHERE endpoint = ? AND state = 'succeeded' AND accepted_at IS NOT NULL AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT ?"""
ENDED = """SELECT julianday(r.asked_at) * 86400 AS asked, julianday(r.ended_at) * 86400 AS ended FROM runs r JOIN outputs o ON o.run_id = r.id
    WHERE r.state = 'succeeded' AND r.sweep IS NOT NULL AND r.kind = ? AND o.reused = 0 ORDER BY r.ended_at DESC LIMIT ?"""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The seconds until the last of several pictures is there, and in words what that is known from."""

    seconds: float
    words: str


def expect(place: Place, db: Connection, models: Sequence[Model]) -> Expected:
    """Return what so many requests, each named by its model, are likely to take with every place but the last at work; 0 seconds for none."""
    if not models:
        return Expected(seconds=0.0, words="for nothing to make")
    counted = Counter(model.endpoint for model in models)
    by_endpoint = {model.endpoint: model for model in models}
    learnt = {endpoint: request_seconds(db, endpoint) for endpoint in counted}
    each = {endpoint: learnt[endpoint] or _usual(place, by_endpoint[endpoint]) for endpoint in counted}
    places = min(max(place.settings.provider_slots - 1, 1), len(models))
    pace = cell_seconds(db, RunKind(models[0].job.value)) or OWN_CORE_SECONDS / (place.settings.cpu_slots or os.cpu_count() or 1)
    together = max(sum(each[endpoint] * count for endpoint, count in counted.items()) / places, (len(models) - 1) * pace + max(each.values()))
    known = all(learnt.values())
    words = "as past requests took" if known else "by what the models’ pages say; it learns from what happens"
    return Expected(seconds=together, words=f"with {places} at once, {words}")


def request_seconds(db: Connection, endpoint: str) -> float | None:
    """Return the median seconds that the newest hundred requests of an endpoint took; None while there are fewer than three."""
    took = [row["seconds"] for row in db.execute(TOOK, (endpoint, NEWEST))]
    return median(took) if len(took) >= FEWEST else None


def cell_seconds(db: Connection, kind: RunKind) -> float | None:
    """Return the mean seconds from the end of one bought cell to the end of the next that was waiting then; None for fewer than three such.

    That holds everything a cell waits for: free places at the provider, download, likeness, the machine's own speed.
    """
    rows = list(reversed(db.execute(ENDED, (kind.value, NEWEST)).fetchall()))
    gaps = [after["ended"] - before["ended"] for before, after in pairwise(rows) if after["asked"] < before["ended"]]
    return sum(gaps) / len(gaps) if len(gaps) >= FEWEST else None


def _usual(place: Place, model: Model) -> float:
    speed = place.settings.sandbox_speed
    if not place.settings.is_sandbox or speed == "real":
        return model.expected_seconds
    return 1.0 if speed == "fast" else float(speed)
