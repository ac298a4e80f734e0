"""A scripted far end and a FalProvider that talks to it."""

from collections.abc import Iterator

import pytest

from pipeline.providers.fal import FalProvider
from tests.providers.little_server import LittleServer, little_server


@pytest.fixture
def server() -> Iterator[LittleServer]:
    with little_server() as server:
        yield server


@pytest.fixture
def fal(server: LittleServer) -> Iterator[FalProvider]:
    with FalProvider("k:s", emulator=lambda: server.address, timeout_seconds=1.0) as provider:
        yield provider
