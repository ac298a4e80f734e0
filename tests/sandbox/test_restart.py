"""The emulator survives its own SIGKILL and ends when it is told to."""

import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from pipeline.errors import PortTaken
from pipeline.sandbox import faults, server
from pipeline.sandbox.bill import Bill, bill
from pipeline.sandbox.faults import Fault
from tests.sandbox.conftest import KLING, Sandbox, photo_bytes, photo_uri


@pytest.mark.crash
def test_killed_at_work_it_goes_on_where_it_was(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(slots=2, speed="0.5").start()
    url = sandbox.fal.upload(photo_bytes(), "image/jpeg")
    asked = [sandbox.accepted({"prompt": f"portrait {n}", "image_url": url, "seed": n}) for n in range(6)]
    sandbox.ended(asked[0])
    first = sandbox.result(asked[0]).json()
    sandbox.kill()
    assert len(bill(sandbox.folder).requests) == 6
    sandbox.start()
    for request_id in asked:
        assert "error" not in sandbox.ended(request_id)
        picture = sandbox.result(request_id).json()["images"][0]
        assert sandbox.get(picture["url"]).content[:2] == b"\xff\xd8"
    assert sandbox.result(asked[0]).json() == first
    assert [line.micro_usd for line in bill(sandbox.folder).requests] == [30_000] * 6


@pytest.mark.crash
def test_killed_again_and_again_every_accepted_request_ends_once(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(slots=3, speed="0.2").start()
    asked = []
    for number in range(3):
        asked += [sandbox.accepted({"prompt": f"{number}.{n}", "image_url": photo_uri(128), "seed": n}) for n in range(3)]
        time.sleep(0.1 * number)
        sandbox.kill()
        sandbox.start()
    for request_id in asked:
        sandbox.ended(request_id)
    assert sorted(line.request_id for line in bill(sandbox.folder).requests) == sorted(asked)
    assert bill(sandbox.folder).total_micro_usd == 9 * 30_000
    assert list((sandbox.folder / "tmp").iterdir()) == []


@pytest.mark.crash
def test_orders_given_while_it_is_down_are_followed(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox().start()
    sandbox.kill()
    faults.add(sandbox.folder, Fault(kind="submit_500"))
    sandbox.start()
    assert [sandbox.submit().status_code for _ in range(2)] == [500, 200]


def submit_into_the_void(sandbox: Sandbox) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.submit()


def test_it_ends_soon_in_the_middle_of_a_clip_two_seconds_on_a_quiet_machine(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox().start()
    faults.add(sandbox.folder, Fault(kind="hang_after_queuing"))
    hanging = threading.Thread(target=submit_into_the_void, args=(sandbox,))
    hanging.start()
    while not bill(sandbox.folder).requests:
        time.sleep(0.01)
    for _ in range(3):
        sandbox.accepted({"prompt": "gentle motion", "start_image_url": photo_uri(1024), "duration": "10"}, KLING)
    assert sandbox.stop() < 10.0
    hanging.join()


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTaken) as taken:
        server.serve(tmp_path, port=other.getsockname()[1], on_ready=lambda port: None, should_stop=lambda: True)
    assert str(other.getsockname()[1] if other.fileno() > 0 else "") in taken.value.say


def test_it_knows_how_long_nobody_asked(tmp_path: Path) -> None:
    ports: list[int] = []
    stop = threading.Event()
    thread = threading.Thread(target=lambda: server.serve(tmp_path, speed="0.6", on_ready=ports.append, should_stop=stop.is_set))
    thread.start()
    while not ports:
        time.sleep(0.01)
    headers = {"Authorization": "Key test"}
    httpx.post(
        f"http://127.0.0.1:{ports[0]}/fal-ai/flux-pro/v1.1", json={"prompt": "sea", "image_size": "square"}, headers=headers
    ).raise_for_status()
    assert (server.busy(), server.idle_seconds()) == (True, 0)
    until = time.monotonic() + 10
    while server.idle_seconds() < 0.5:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert not server.busy()
    stop.set()
    thread.join(5)
    assert (thread.is_alive(), server.busy()) == (False, False)


def test_a_folder_without_a_bill_owes_nothing(tmp_path: Path) -> None:
    assert bill(tmp_path / "none") == Bill((), 0)
    assert not os.path.exists(tmp_path / "none")


def test_when_the_disk_was_full_for_a_while_what_was_accepted_ends_and_new_requests_are_taken(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(slots=1, speed="0.6", pictures="ready").start()
    assert sandbox.process is not None
    asked = [sandbox.accepted({"prompt": f"portrait {n}", "image_url": photo_uri(128), "seed": n}) for n in range(2)]
    usual = resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE, (1, usual[1]))  # no byte more is written, as on a full disk
    time.sleep(1.5)
    assert sandbox.submit().status_code == 500
    resource.prlimit(sandbox.process.pid, resource.RLIMIT_FSIZE, usual)
    for request_id in (*asked, sandbox.accepted()):
        sandbox.ended(request_id)
    assert len(bill(sandbox.folder).requests) == 3
