"""With the real worker: two hundred runs of one person delay another's single one by what runs already, and sweeps give way."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline import turns
from pipeline.database import update
from pipeline.records import Person, Run, RunState, moment
from pipeline.studio import switches
from tests.running import ME, Running

ANA, BEN = Person(name="Ana"), Person(name="Ben")
SHORT, LONG = 1.4, 4.4  # seconds a call takes; of a model never met the ends of both are noticed at the next look, after 1.5 and 4.5
HAND_OVER_SECONDS, GRID = 2.0, 200
Start = Callable[[int, float], Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def with_places(places: int, call_seconds: float) -> Running:
        settings = {"STUDIO_PROVIDER_SLOTS": str(places), "STUDIO_SANDBOX_SPEED": str(call_seconds), "STUDIO_SANDBOX_PICTURES": "ready"}
        started.append(Running(tmp_path / "studio", STUDIO_ATTEMPTS="1000", **settings))
        return started[0]

    yield with_places
    started[0].stop()


def sent(studio: Running) -> dict[str, str]:
    """Return by run when its request went out."""
    with studio.place.database.reading() as db:
        return {row["run_id"]: row["sent_at"] for row in db.execute("SELECT run_id, sent_at FROM calls WHERE sent_at IS NOT NULL ORDER BY sent_at")}


def longest_call(studio: Running) -> float:
    """Return how long the longest request took until its end was noticed, which in a new studio is some time after it ended."""
    with studio.place.database.reading() as db:
        rows = db.execute("SELECT sent_at, finished_at FROM calls WHERE finished_at IS NOT NULL").fetchall()
    return max((seconds(row["sent_at"], row["finished_at"]) for row in rows), default=0.0)


def seconds(earlier: str, later: str) -> float:
    return (moment(later) - moment(earlier)).total_seconds()


@pytest.mark.parametrize("places", [1, 2, 10])
def test_a_grid_delays_another_s_single_run_by_no_more_than_one_running_call(start: Start, places: int) -> None:
    studio = start(places, LONG)
    hers, his = studio.customer(), studio.customer()
    for number in range(GRID):
        studio.ask_avatar(hers, ANA, seed=number)
    studio.until(lambda: len(sent(studio)) >= places)
    run = studio.ask_avatar(his, BEN)
    studio.until(lambda: run.id in sent(studio))
    times = sent(studio)
    between = [name for name, at in times.items() if run.asked_at < at < times[run.id]]
    assert len(between) <= places, "no place may serve her twice before it serves him"
    studio.until(lambda: longest_call(studio) > 0)
    assert seconds(run.asked_at, times[run.id]) < longest_call(studio) + HAND_OVER_SECONDS


def test_sweeps_come_after_single_work_and_never_take_the_last_place(start: Start) -> None:
    studio = start(2, SHORT)
    switches.pause(studio.place, ME)
    case = studio.customer()
    cells = [as_a_cell(studio, studio.ask_avatar(case, ANA, seed=number)) for number in range(3)]
    single = studio.ask_avatar(case, BEN, seed=9)
    switches.resume(studio.place, ME)
    studio.until(lambda: len(sent(studio)) == 2)
    assert single.id in sent(studio), "a cell took the last place"
    assert [studio.wait_for(run).state for run in (single, *cells)] == [RunState.SUCCEEDED] * 4
    times = sorted(sent(studio)[run.id] for run in cells)
    assert all(seconds(first, second) >= SHORT for first, second in pairwise(times)), "two cells at one time"


def as_a_cell(studio: Running, run: Run) -> Run:
    with studio.place.database.writing() as tx:
        update(tx, "runs", {"id": run.id}, {"sweep": "grid", "priority": turns.SWEEP})
    return run


def listen(studio: Running) -> None:
    """Let the database itself keep every word that runs say; a look now and then would miss what is over in a moment."""
    with studio.place.database.writing() as tx:
        tx.execute("CREATE TABLE heard (run_id TEXT, stage TEXT, progress REAL)")
        tx.execute("CREATE TRIGGER hear AFTER UPDATE OF stage ON runs BEGIN INSERT INTO heard VALUES (new.id, new.stage, new.progress); END")


def heard(studio: Running, run: Run) -> list[tuple[str, float]]:
    with studio.place.database.reading() as db:
        rows = db.execute("SELECT stage, progress FROM heard WHERE run_id = ? ORDER BY rowid", (run.id,)).fetchall()
    return [(row["stage"], row["progress"]) for row in rows]


def test_a_run_says_where_it_stands_all_the_way_and_its_progress_never_runs_backwards(start: Start) -> None:
    studio = start(1, SHORT)
    listen(studio)
    case = studio.customer()
    asked = [studio.ask_avatar(case, seed=1)]
    studio.until(lambda: asked[0].id in sent(studio))
    asked.append(studio.ask_avatar(case, BEN, seed=2))
    assert [studio.wait_for(run).state for run in asked] == [RunState.SUCCEEDED] * 2
    told = [heard(studio, run) for run in asked]
    first, second = ([*dict.fromkeys(stage for stage, _ in words)] for words in told)
    assert first[-4:] == second[-4:] == ["Painting", "Fetching the result", "Measuring the likeness", "Ready to review"]
    assert "Uploading the photo" in first
    assert "Uploading the photo" not in second, "who waits in line anyway does not say that it uploads"
    assert "Waiting for a free place, 1st in line" in second
    for words in told:
        progress = [share for _, share in words]
        assert progress == sorted(progress)
