"""A studio that may be wrecked, on a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.studio.photos import Intake
from tests.crash.harness import Wreckable, sample


@pytest.fixture(scope="session")
def intake() -> Intake:
    """The sample photo, taken in once."""
    return sample()


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wreckable]:
    """Worker and sandbox with short delays; everything of theirs is gone afterwards."""
    for name in ("STUDIO_DATA", "STUDIO_IDLE_SECONDS", "STUDIO_SANDBOX_PICTURES", "STUDIO_SANDBOX_SPEED"):
        monkeypatch.setenv(name, "")
    wreckable = Wreckable(tmp_path / "studio", STUDIO_SANDBOX_SPEED="0.4")
    yield wreckable
    wreckable.close()
    assert wreckable.processes() == {}, "stray processes"
