"""A studio without worker, with one customer, for every test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.little_studio import LittleStudio


@pytest.fixture
def new_studio(tmp_path: Path) -> Callable[..., LittleStudio]:
    """Open a studio with these settings."""
    return lambda **environment: LittleStudio(tmp_path / "studio", customer=True, **environment)


@pytest.fixture
def studio(new_studio: Callable[..., LittleStudio]) -> LittleStudio:
    return new_studio()
