"""A bell wakes exactly who waits."""

import threading
import time

from pipeline.buying.desk import Bells


def test_a_bell_wakes_its_waiter_and_nobody_else():
    bells, woken = Bells(), {}

    def wait(name):
        woken[name] = bells.wait(name, 0.5)

    threads = [threading.Thread(target=wait, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
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
