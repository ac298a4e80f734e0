"""A ledger of its own for every test, made by copying a blank file: migrations would cost more than the tests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.database import Database
from pipeline.ledger import Booking


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated studio.db with nothing in it."""
    database = Database(tmp_path_factory.mktemp("blank"), "sandbox")
    with database.writing() as tx:
        tx.execute("SELECT 1")
    database.close()
    return database.path


@pytest.fixture
def new_database(blank: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Database]]:
    """Make as many blank databases as wanted."""
    made: list[Database] = []

    def make() -> Database:
        folder = tmp_path_factory.mktemp("ledger")
        shutil.copy(blank, folder / "studio.db")
        made.append(Database(folder, "sandbox"))
        return made[-1]

    yield make
    for database in made:
        database.close()


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    return new_database()


def booking(call: str = "r1.avatar.1", *, person: str = "anna", case: str = "case-1", sweep: str | None = None) -> Booking:
    """Name what a line is for; only what the tests vary can be said."""
    facts = {"team": "studio", "feature": "portrait", "provider": "fal", "endpoint": "fal-ai/flux/dev/image-to-image"}
    price = {"unit": "megapixel", "quantity": "1", "unit_micro_usd": 30_000, "price_id": "flux-dev@2026-03-01"}
    return Booking(call_id=call, run_id=call.split(".")[0], case_id=case, person=person, sweep=sweep, **facts, **price)
