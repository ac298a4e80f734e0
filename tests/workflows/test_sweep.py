"""A sweep in five lines of Python: the frame holds every cell, and what it says it cost is what the sandbox billed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadParameter, BudgetReached, PhotoUnreadable
from pipeline.settings import ROOT
from pipeline.studio import sweeps
from pipeline.workflows import sweep
from tests.running import Running, sample

PLAN: dict[str, Any] = {"style": ["pixar", "ghibli"], "strength": "0.5..0.6 +0.1"}
COLUMNS = ["photo", "style", "strength", "state", "likeness", "band", "cost_usd", "price_usd", "seconds", "model", "served", "run", "picture", "why"]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("sweep") / "studio")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "anna.jpg"
    path.write_bytes(sample(512).photo.data)
    return path


@pytest.fixture(autouse=True)
def _its_folder(studio: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls of a test go to the studio that is at work."""
    monkeypatch.setenv("STUDIO_DATA", str(studio.settings.data))


@pytest.mark.slow
def test_a_frame_holds_every_cell_and_its_cost_is_the_bill(studio: Running, photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sweep.price(photos=[photo], **PLAN)
    assert (before.cells, before.owned, before.usd, before.problems, before.warnings) == (4, 0, 0.12, (), ())
    with studio.accepted() as bill:
        frame = sweep.run(photos=[photo], **PLAN, ceiling_usd=0.12)
    assert list(frame.columns) == COLUMNS
    assert list(zip(frame["style"], frame["strength"], strict=True)) == [("pixar", 0.5), ("pixar", 0.6), ("ghibli", 0.5), ("ghibli", 0.6)]
    assert (set(frame.state), set(frame.model), set(frame.photo)) == ({"made"}, {"flux-dev"}, {"anna"})
    assert frame.likeness.between(0, 1).all()
    assert all(Path(path).stat().st_size > 1000 for path in frame.picture)
    spent = sum(line.micro_usd for line in bill)
    assert spent == round(frame.cost_usd.sum() * 1_000_000) == round(frame.attrs["price_usd"] * 1_000_000) == 120_000
    assert "4 of 4" in capsys.readouterr().err
    assert sweeps.find(studio.place, frame.attrs["sweep"]).name == "Style × Strength"

    with studio.accepted() as bill:
        again = sweep.run(photos=[photo], **PLAN, ceiling_usd=0)
    assert (bill, again.attrs["cost_usd"], list(again.run)) == ([], 0, list(frame.run))
    assert sweep.price(photos=photo, **PLAN).owned == 4
    studio.check_books()


def test_a_price_is_told_of_a_plan_that_would_be_refused(photo: Path) -> None:
    told = sweep.price(photos=photo, strength=[0.5, 1.4], seed="200-300")
    assert (told.cells, told.usd) == (101, 3.03)
    assert told.problems[0] == "101 pictures are more than the usual 100."
    assert told.problems[1].startswith("1.4: ")


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"ceiling_usd": 0.01}, BudgetReached, "above the ceiling"),
        ({"strength": [0.5, 1.4]}, BadParameter, "strength '1.4'"),
        ({"photos": "none.jpg"}, PhotoUnreadable, "'none.jpg'"),
        ({"strenght": 0.5}, BadParameter, "nearest is 'strength'"),
        ({"ceiling_usd": float("nan")}, BadParameter, "amount in dollars"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_bought(studio: Running, photo: Path, given: dict[str, Any], error: type, words: str) -> None:
    with studio.accepted() as bill, pytest.raises(error, match=words):
        sweep.run(**{"photos": photo, "seed": 99, "ceiling_usd": 3.0, **given})
    assert bill == []


def test_a_photo_is_found_from_anywhere_by_its_path_in_the_studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert sweep.price(photos=["data/samples/astronaut.jpg"]).cells == 1


def test_the_door_opens_without_pandas() -> None:
    code = "import sys; from pipeline.workflows import sweep; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"
