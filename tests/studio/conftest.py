"""One running studio for all tests of this folder, without any fault ordered before."""

from collections.abc import Iterator

import pytest

from pipeline.sandbox import faults
from tests.running import Running


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("running"))
    yield running
    running.stop()


@pytest.fixture
def studio(shared: Running) -> Iterator[Running]:
    """The shared studio; whatever it was asked to do, its ledger must say what the sandbox billed afterwards."""
    faults.clear(shared.emulator)
    yield shared
    faults.clear(shared.emulator)
    shared.check_books()
