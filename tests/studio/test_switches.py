"""While purchases are paused nothing new is submitted; what was submitted ends, what is cancelled stops, and everything goes on by itself."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import runs
from pipeline.errors import BadParameter, NotAllowed, NotNow
from pipeline.processes.dispatcher import Dispatcher
from pipeline.records import CallState, Person, Role, Run, RunState
from pipeline.stages import Stage, in_line
from pipeline.studio import people, portraits, requests, switches
from pipeline.turns import Pause
from pipeline.workflows.wishes import AvatarWish
from tests.buying.conftest import Shop, served  # noqa: F401 - a fixture
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.running import OWNER as RUNNING_OWNER
from tests.running import Running

ANA = Person(name="Ana")
WORDS = "Purchases are paused by Ana: wrong prices"


@pytest.fixture
def little(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio", customer=True)


def ask(studio: LittleStudio, run_id: str = "r", seed: int = 1) -> Run:
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=run_id).run


def state(studio: LittleStudio) -> Pause | None:
    with studio.place.database.reading() as db:
        return switches.state(db)


def test_the_switch_says_who_when_and_why_and_leaves_a_trace(little: LittleStudio) -> None:
    assert state(little) is None
    made = switches.pause(little.place, ANA, "  wrong\n prices ")
    assert state(little) == made
    assert (made.person, made.note, made.words) == ("Ana", "wrong prices", WORDS)
    switches.resume(little.place, ME)
    switches.resume(little.place, ME)
    assert state(little) is None
    trace = [(row["person"], row["action"], row["subject"]) for row in little.rows("SELECT * FROM audit_log WHERE subject = 'purchases'")]
    assert trace == [("Ana", "pause", "purchases"), ("me", "resume", "purchases")]


def test_pausing_twice_is_one_pause_and_another_reason_replaces_the_first(little: LittleStudio) -> None:
    first = switches.pause(little.place, ANA)
    assert switches.pause(little.place, ANA) == first
    assert switches.pause(little.place, ANA, "wrong prices").words == WORDS
    with pytest.raises(NotNow, match=WORDS):
        switches.pause(little.place, ME, "mine")


@pytest.mark.parametrize("verb", [switches.pause, switches.resume])
def test_only_an_administrator_turns_the_switch(little: LittleStudio, verb: object) -> None:
    everything_else = replace(ANA, roles=frozenset(Role) - {Role.ADMIN})
    with pytest.raises(NotAllowed, match=people.ROLE_WORDS[Role.ADMIN]):
        verb(little.place, everything_else)  # type: ignore[operator]
    assert state(little) is None


def test_a_reason_is_short(little: LittleStudio) -> None:
    with pytest.raises(BadParameter, match="200"):
        switches.pause(little.place, ANA, "x" * 201)
    assert state(little) is None


def test_whoever_waits_says_so_at_once_and_whoever_asks_later_too(little: LittleStudio) -> None:
    before, submitted, stopped = ask(little, "before", 1), ask(little, "submitted", 2), ask(little, "stopped", 3)
    little.submit(submitted)
    with little.place.database.writing() as tx:
        runs.ask_cancel(tx, stopped.id)
    switches.pause(little.place, ANA, "wrong prices")
    after = ask(little, "after", 4)
    assert [little.run(run).stage for run in (before, after)] == [WORDS] * 2
    assert WORDS not in (little.run(submitted).stage, little.run(stopped).stage)
    switches.resume(little.place, ANA)
    assert [little.run(run).stage for run in (before, after)] == [Stage.IN_LINE] * 2


@pytest.fixture
def shop(little: LittleStudio, served: tuple[object, str]) -> Iterator[Shop]:  # noqa: F811 - the fixture
    shop = Shop(little, *served)  # type: ignore[arg-type]
    yield shop
    shop.provider.close()


def begun(studio: LittleStudio, run_id: str = "r", seed: int = 1) -> Run:
    """Ask for a run that a worker has begun already."""
    run = ask(studio, run_id, seed)
    with studio.place.database.writing() as tx:
        runs.begin(tx, run.id, 1)
    return run


def buying(shop: Shop, run: Run) -> threading.Thread:
    thread = threading.Thread(target=shop.buy, args=(run,))
    thread.start()
    return thread


def until(shop: Shop, true: object, *ticking: Dispatcher) -> None:
    end = time.monotonic() + 10
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, (shop.said, shop.points.reached)
        for dispatcher in ticking:
            dispatcher.tick()
        time.sleep(0.01)


def test_who_waits_at_the_gate_when_a_pause_begins_is_not_submitted(shop: Shop) -> None:
    dispatcher, gate = Dispatcher(shop.studio.place.database, shop.desk), shop.desk.gate
    gate.free = 0
    run = begun(shop.studio)
    thread = buying(shop, run)
    until(shop, lambda: gate.waiting == 1)
    switches.pause(shop.studio.place, ANA, "wrong prices")
    gate.free = gate.places
    gate.open()  # the place frees before the worker has heard of the pause
    until(shop, lambda: gate.closed and gate.waiting == 1)
    assert (shop.studio.call(run).state, shop.billed(), shop.totals()) == (CallState.HELD, [], (30_000, 0))
    dispatcher.tick()
    assert shop.studio.run(run).stage == WORDS
    switches.resume(shop.studio.place, ANA)
    until(shop, lambda: not thread.is_alive(), dispatcher)
    assert (shop.studio.call(run).state, len(shop.billed())) == (CallState.SUCCEEDED, 1)


def test_what_is_already_submitted_goes_on_to_its_end(shop: Shop) -> None:
    run = begun(shop.studio)
    shop.points.then["after-ticket"] = lambda: switches.pause(shop.studio.place, ANA)
    assert shop.buy(run).state is CallState.SUCCEEDED
    assert shop.totals() == (0, 30_000)


def test_looking_up_and_adopting_go_on_and_sending_again_does_not(shop: Shop) -> None:
    arrived, lost = begun(shop.studio, "arrived", 1), begun(shop.studio, "lost", 2)
    shop.points.then["after-intent"] = lambda: switches.pause(shop.studio.place, ANA)
    shop.order("close_after_body")
    assert shop.buy(arrived).state is CallState.SUCCEEDED
    switches.resume(shop.studio.place, ANA)
    shop.points.then["after-intent"] = lambda: switches.pause(shop.studio.place, ANA)
    shop.order("drop_before")
    thread = buying(shop, lost)
    until(shop, lambda: shop.desk.gate.closed and shop.desk.gate.waiting == 1)
    call = shop.studio.call(lost)
    assert (call.state, call.sends, len(shop.billed())) == (CallState.HELD, 1, 1)
    requests.cancel(shop.studio.place, lost.id, OWNER, ME)
    until(shop, lambda: not thread.is_alive(), Dispatcher(shop.studio.place.database, shop.desk))
    assert shop.studio.call(lost).state is CallState.CANCELLED


def test_a_cancel_works_while_paused(shop: Shop) -> None:
    switches.pause(shop.studio.place, ANA)
    dispatcher, run = Dispatcher(shop.studio.place.database, shop.desk), begun(shop.studio)
    dispatcher.tick()
    thread = buying(shop, run)
    until(shop, lambda: shop.desk.gate.waiting == 1)
    assert "Purchases are paused by Ana" in shop.said
    assert Stage.UPLOADING not in shop.said
    requests.cancel(shop.studio.place, run.id, OWNER, ME)
    until(shop, lambda: not thread.is_alive(), dispatcher)
    assert (shop.studio.call(run).state, shop.totals()) == (CallState.CANCELLED, (0, 0))


def test_everybody_in_line_hears_their_place_as_it_changes(shop: Shop) -> None:
    dispatcher, gate = Dispatcher(shop.studio.place.database, shop.desk), shop.desk.gate
    gate.free = 0
    waiting = [begun(shop.studio, f"r{number}", number) for number in range(3)]
    threads = [buying(shop, run) for run in waiting]
    until(shop, lambda: gate.waiting == 3)
    dispatcher.tick()
    assert [shop.studio.run(run).stage for run in waiting] == [in_line(place) for place in (1, 2, 3)]
    requests.cancel(shop.studio.place, waiting[0].id, OWNER, ME)
    until(shop, lambda: shop.studio.run(waiting[2]).stage == in_line(2), dispatcher)
    gate.free = gate.places
    gate.open()
    for thread in threads:
        thread.join(20)
    assert len(shop.billed()) == 2


def test_a_pause_outlives_the_worker_and_everything_goes_on_by_itself_afterwards(studio: Running) -> None:
    switches.pause(studio.place, ANA, "wrong prices")
    try:
        runs_ = [studio.ask_avatar(studio.customer()) for _ in range(2)]
        stopped = studio.ask_avatar(studio.customer())
        requests.cancel(studio.place, stopped.id, RUNNING_OWNER, ME)
        assert studio.wait_for(stopped).state is RunState.CANCELLED
        with studio.accepted() as accepted:
            time.sleep(1.0)
            assert [requests.find_run(studio.place, run.id).stage for run in runs_] == [WORDS] * 2
        assert accepted == []
    finally:
        switches.resume(studio.place, ANA)
        began = time.monotonic()
    studio.until(lambda: all(studio.shown(run)["calls"][0]["request_id"] for run in runs_), seconds=10)
    assert time.monotonic() - began < 15
    assert [studio.wait_for(run).state for run in runs_] == [RunState.SUCCEEDED] * 2
