"""The gate lets so many through at a time: people in turn, sweeps last and never into the last place, nobody while it is closed."""

import threading
import time
from contextlib import ExitStack
from itertools import pairwise

import pytest

from pipeline.buying import Gate
from pipeline.errors import Cancelled
from pipeline.turns import Turn


def single(rank=1, asked_at=""):
    return Turn(rank=rank, asked_at=asked_at)


def sweep(rank=100):
    return Turn(rank=rank, sweep=True)


class Visitors:
    """Threads that pass a gate; who is inside stays until told to leave."""

    def __init__(self, gate):
        self.gate, self.inside, self.refused, self._leave, self._threads = gate, [], [], {}, []
        self._waiting = threading.Semaphore(0)

    def come(self, name, turn, check=lambda: None):
        """Start a visit and return once it is inside or in line."""
        self._leave[name] = threading.Event()
        self._threads.append(threading.Thread(target=self._visit, args=(name, turn, check)))
        self._threads[-1].start()
        assert self._waiting.acquire(timeout=5)

    def leave(self, name, *, until=lambda: True):
        """Let one go and wait until that has had its effect."""
        self._leave[name].set()
        soon(lambda: name not in self.inside and until())

    def all_leave(self):
        for event in self._leave.values():
            event.set()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _visit(self, name, turn, check):
        try:
            with self.gate.place(turn, name, when_full=self._waiting.release, check=check):
                self.inside.append(name)
                self._waiting.release()
                self._leave[name].wait(10)
                self.inside.remove(name)
        except Cancelled:
            self.refused.append(name)


@pytest.fixture
def visitors():
    made = []

    def of(gate):
        made.append(Visitors(gate))
        return made[-1]

    yield of
    for one in made:
        one.gate.open()
        one.all_leave()


def soon(true):
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.002)


def test_never_more_than_so_many_are_inside():
    gate, inside, most, lock = Gate(3), [], [], threading.Lock()

    def visit():
        with gate.place(single(), when_full=lambda: None):
            with lock:
                inside.append(1)
                most.append(len(inside))
            time.sleep(0.002)
            with lock:
                inside.pop()

    threads = [threading.Thread(target=visit) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), gate.free, gate.waiting) == (3, 3, 0)


def test_the_lowest_turn_goes_first_then_who_asked_first_then_who_came_first(visitors):
    there = visitors(Gate(1))
    there.come("inside", single())
    for name, turn in (
        ("sweep", sweep(50)),
        ("came later", single(2, "b")),
        ("came last", single(2, "b")),
        ("asked first", single(2, "a")),
        ("urgent", single(1)),
    ):
        there.come(name, turn)
    order = ["inside", "urgent", "asked first", "came later", "came last", "sweep"]
    for now, then in pairwise(order):
        there.leave(now, until=lambda then=then: there.inside == [then])


def test_who_must_wait_is_told_and_who_need_not_is_not(visitors):
    gate = Gate(1)
    told, not_told = threading.Event(), threading.Event()

    def visit():
        with gate.place(single(), when_full=told.set):
            pass

    with gate.place(single(), when_full=not_told.set):
        thread = threading.Thread(target=visit)
        thread.start()
        assert told.wait(5)
        assert gate.waiting == 1
    thread.join(5)
    assert not not_told.is_set()


def test_a_place_is_given_back_when_work_breaks():
    gate = Gate(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), gate.place(single(), when_full=lambda: None):
            raise ValueError("broken")
    assert gate.free == 1


@pytest.mark.parametrize(("places", "sweeps"), [(1, 1), (2, 1), (10, 9)])
def test_a_sweep_never_takes_the_last_of_several_places(visitors, places, sweeps):
    there = visitors(Gate(places))
    for number in range(places + 3):
        there.come(f"cell {number}", sweep(100 + number))
    assert len(there.inside) == sweeps
    there.come("single", single())
    assert ("single" in there.inside) is (places > 1)
    there.leave(there.inside[0], until=lambda: "single" in there.inside)


def test_single_work_goes_before_sweeps_that_have_waited_longer(visitors):
    there = visitors(Gate(2))
    for number in range(5):
        there.come(f"cell {number}", sweep(100 + number))
    there.come("first", single(10))
    there.come("second", single(11))
    assert sorted(there.inside) == ["cell 0", "first"]
    there.leave("cell 0", until=lambda: sorted(there.inside) == ["first", "second"])


def test_a_closed_gate_lets_nobody_in_and_disturbs_nobody_inside(visitors):
    gate = Gate(2)
    there = visitors(gate)
    there.come("before", single())
    gate.close()
    there.come("after", single())
    assert not gate.lets_in(single(0))
    there.leave("before")
    assert (there.inside, gate.waiting, gate.free) == ([], 1, 2)
    gate.open()
    soon(lambda: there.inside == ["after"])


def test_what_the_provider_has_already_takes_a_place_even_of_a_closed_or_full_gate(visitors):
    gate = Gate(1)
    there = visitors(gate)
    gate.close()
    with ExitStack() as others:
        for _ in range(2):
            others.enter_context(gate.taken())
        gate.open()
        there.come("new", single())
        assert (gate.free, there.inside) == (-1, [])
    soon(lambda: there.inside == ["new"])


def test_who_is_nudged_checks_and_may_give_up(visitors):
    gate, cancelled = Gate(1), set()
    there = visitors(gate)

    def check(name):
        def look():
            if name in cancelled:
                raise Cancelled

        return look

    there.come("inside", single())
    for name in ("first", "second"):
        there.come(name, single(), check(name))
    gate.nudge("first")
    cancelled.add("first")
    assert gate.waiting == 2
    gate.nudge("first")
    gate.nudge("nobody")
    soon(lambda: there.refused == ["first"])
    there.leave("inside", until=lambda: there.inside == ["second"])
    assert (gate.waiting, gate.free) == (0, 0)


def test_a_free_place_is_for_who_would_be_next(visitors):
    gate = Gate(2)
    there = visitors(gate)
    assert gate.lets_in(single())
    there.come("one", single())
    there.come("cell", sweep())
    assert gate.waiting == 1
    assert gate.lets_in(single())
    assert not gate.lets_in(sweep(200))
    there.come("two", single())
    assert not gate.lets_in(single())
