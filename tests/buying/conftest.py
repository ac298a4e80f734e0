"""A studio without worker, with one customer, for every test."""

from pathlib import Path

import pytest

from tests.little_studio import LittleStudio


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio", customer=True)
