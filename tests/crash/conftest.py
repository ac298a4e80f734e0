"""A studio that may be wrecked, on a folder of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.studio.photos import Intake
from tests.crash.harness import Wreckable, WreckableApp, sample


@pytest.fixture(scope="session")
def intake() -> Intake:
    """The sample photo, taken in once."""
    return sample()


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wreckable]:
    """Worker and sandbox with short delays; everything of theirs is gone afterwards."""
    forget_settings(monkeypatch)
    yield from _served(Wreckable(tmp_path / "studio", STUDIO_SANDBOX_SPEED="0.4"))


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WreckableApp]:
    """The same under the app; everything is gone afterwards."""
    forget_settings(monkeypatch)
    yield from _served(WreckableApp(tmp_path / "studio", STUDIO_SANDBOX_SPEED="0.4"))


def forget_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test set what it needs; everything is as before afterwards."""
    for name in ("STUDIO_DATA", "STUDIO_IDLE_SECONDS", "STUDIO_PUBLIC_URL", "STUDIO_SANDBOX_PICTURES", "STUDIO_SANDBOX_SPEED"):
        monkeypatch.setenv(name, "")


def _served(studio: Any) -> Iterator[Any]:
    yield studio
    studio.close()
    assert studio.processes() == {}, "stray processes"
