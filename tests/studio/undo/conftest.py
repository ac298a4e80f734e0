"""A studio without worker and provider, with a customer, and a name for the next press."""

from pathlib import Path

import pytest

from tests.little_studio import LittleStudio


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio", customer=True)
