"""The gate lets so many through at a time, the most urgent first; a bell wakes exactly who waits."""

import threading
import time

from pipeline.buying import Gate
from pipeline.buying.desk import Bells


def _start(target, *arguments):
    thread = threading.Thread(target=target, args=arguments)
    thread.start()
    return thread


def test_never_more_than_so_many_are_inside():
    gate, inside, most, lock = Gate(3), [], [], threading.Lock()

    def visit():
        with gate.place(1, lambda: None):
            with lock:
                inside.append(1)
                most.append(len(inside))
            time.sleep(0.002)
            with lock:
                inside.pop()

    threads = [_start(visit) for _ in range(30)]
    for thread in threads:
        thread.join()
    assert (max(most), gate.free) == (3, 3)


def test_the_most_urgent_goes_first_and_among_equals_who_came_first():
    gate, order, waiting = Gate(1), [], threading.Semaphore(0)

    def visit(priority, name):
        with gate.place(priority, waiting.release):
            order.append(name)

    with gate.place(1, lambda: None):
        threads = []
        for priority, name in ((5, "sweep"), (2, "first"), (2, "second"), (1, "urgent")):
            threads.append(_start(visit, priority, name))
            assert waiting.acquire(timeout=5)
    for thread in threads:
        thread.join()
    assert order == ["urgent", "first", "second", "sweep"]


def test_who_must_wait_is_told_and_who_need_not_is_not():
    gate, told, not_told = Gate(1), threading.Event(), threading.Event()

    def visit():
        with gate.place(1, told.set):
            pass

    with gate.place(1, not_told.set):
        thread = _start(visit)
        assert told.wait(5)
    thread.join()
    assert not not_told.is_set()


def test_a_place_is_given_back_when_work_breaks():
    gate = Gate(1)
    for _ in range(3):
        try:
            with gate.place(1, lambda: None):
                raise ValueError
        except ValueError:
            pass
    assert gate.free == 1


def test_a_bell_wakes_its_waiter_and_nobody_else():
    bells, woken = Bells(), {}

    def wait(name):
        woken[name] = bells.wait(name, 0.5)

    threads = [_start(wait, name) for name in ("a", "b")]
    until = time.monotonic() + 5
    while len(bells._bells) < 2:
        assert time.monotonic() < until
    bells.ring("a")
    bells.ring("nobody")
    for thread in threads:
        thread.join()
    assert woken == {"a": True, "b": False}


def test_waiting_without_a_ring_ends_with_its_time():
    assert Bells().wait("a", 0.01) is False
