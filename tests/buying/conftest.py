"""A studio without worker, with one customer, and a real sandbox to buy at."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import ledger
from pipeline.buying import Desk, buy
from pipeline.buying.points import Points
from pipeline.catalog import Catalogue
from pipeline.providers.fal import FalProvider
from pipeline.records import Call, Run
from pipeline.sandbox import faults
from pipeline.sandbox.bill import BillLine, bill
from pipeline.sandbox.server import Emulator
from pipeline.studio import portraits
from pipeline.turns import turn_of
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

NOWHERE = "http://127.0.0.1:9"


class Events(Points):
    """Does what was asked for when buying reaches a named point, instead of dying there."""

    def __init__(self) -> None:
        super().__init__(None)
        self.then: dict[str, Callable[[], None]] = {}
        self.reached: list[str] = []

    def reach(self, name: str) -> None:
        self.reached.append(name)
        self.then.pop(name, lambda: None)()


class Shop:
    """A desk that buys at a real sandbox through the real adapter, with a quick clock where nothing needs a slow one."""

    def __init__(self, studio: LittleStudio, emulator: Emulator, address: str) -> None:
        self.studio, self.emulator, self.address = studio, emulator, address
        self.slept: list[float] = []
        self.said: list[str] = []
        self.points = Events()
        self.before = len(bill(emulator.folder).requests)
        self.provider = FalProvider("sandbox:key", emulator=lambda: self.address, timeout_seconds=1.0)
        self.desk: Desk = replace(
            studio.desk, providers={"fal": self.provider}, points=self.points, sleep=self.slept.append, settle_seconds=lambda _: 0.2
        )

        self.set_model(expected_seconds=0.2)

    def set_model(self, **changes: Any) -> None:
        """Change every model in this desk's copy of the catalogue, such as its deadlines in seconds."""
        models = {name: replace(model, **changes) for name, model in self.desk.catalogue.models.items()}
        self.set_desk(catalogue=Catalogue(models=models))

    def set_desk(self, **changes: Any) -> None:
        self.desk = replace(self.desk, **changes)

    def order(self, kind: str, **more: Any) -> None:
        faults.add(self.emulator.folder, faults.Fault(kind=kind, **more))

    def ask(self, run_id: str = "r", seed: int = 1) -> Run:
        return portraits.ask_avatar(self.studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=run_id).run

    def buy(self, run: Run) -> Call:
        return buy(self.desk, self.studio.call(run).id, turn=turn_of(run), tell=lambda words, _: self.said.append(words))

    def billed(self) -> list[BillLine]:
        """Return what the sandbox accepted since this shop opened."""
        return list(bill(self.emulator.folder).requests[self.before :])

    def totals(self) -> tuple[int, int]:
        """Return held and charged micro-dollars, of a ledger that proves itself."""
        with self.studio.place.database.reading() as db:
            assert ledger.proof(db) == []
            found = ledger.totals(db)
        return found.held_micro_usd, found.charged_micro_usd


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio", customer=True)


@contextlib.contextmanager
def serving(folder: Path, *, speed: str, slots: int) -> Iterator[tuple[Emulator, str]]:
    """Run a sandbox in a thread of its own; give it and its address."""
    emulator = Emulator(folder, speed=speed, slots=slots)
    ready, stop, port = threading.Event(), threading.Event(), []

    def on_ready(number: int) -> None:
        port.append(number)
        ready.set()

    thread = threading.Thread(target=lambda: emulator.run(port=0, on_ready=on_ready, should_stop=stop.is_set))
    thread.start()
    assert ready.wait(30)
    try:
        yield emulator, f"http://127.0.0.1:{port[0]}"
    finally:
        stop.set()
        thread.join()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, str]]:
    """One quick sandbox for all tests of a file."""
    with serving(tmp_path_factory.mktemp("sandbox"), speed="0.1", slots=10) as emulator:
        yield emulator


@pytest.fixture
def shop(studio: LittleStudio, served: tuple[Emulator, str]) -> Iterator[Shop]:
    emulator, address = served
    faults.clear(emulator.folder)
    shop = Shop(studio, emulator, address)
    yield shop
    shop.provider.close()
    faults.clear(emulator.folder)
