"""The fal adapter against the sandbox: the contract, and every fault the sandbox can be ordered to commit."""

import dataclasses
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipeline import errors
from pipeline.providers import addresses
from pipeline.providers.fal import FalProvider
from pipeline.providers.port import Phase, billed_units
from pipeline.providers.webhooks import JwksKeys, prove, read_headers
from pipeline.sandbox import bill, faults
from tests.providers.contract import LIMITS, Place, ProviderContract
from tests.sandbox.conftest import FLUX, Sandbox, photo_bytes


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox with a single slot, slow enough to see a request wait."""
    sandbox = Sandbox(tmp_path_factory.mktemp("far"), speed="0.3", slots=1, pictures="ready").start()
    yield sandbox
    sandbox.close()


@pytest.fixture
def place(far: Sandbox) -> Iterator[Place]:
    made: list[FalProvider] = []

    def provider(key: str = "k:s") -> FalProvider:
        made.append(FalProvider(key, emulator=lambda: f"http://127.0.0.1:{far.port}", timeout_seconds=2.0))
        return made[-1]

    faults.clear(far.folder)
    yield Place(
        provider=provider(),
        endpoint=FLUX,
        photo=photo_bytes(),
        arguments=lambda url, seed: {"prompt": "a Pixar-style portrait", "image_url": url, "seed": seed, "strength": 0.6},
        strangers=lambda: provider("bad:key"),
        stranger_ticket=addresses.ticket(FLUX, "11111111-2222-3333-4444-555555555555"),
    )
    for one in made:
        one.close()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of its own, which the test may kill."""
    sandbox = Sandbox(tmp_path / "mortal", slots=1, pictures="ready").start()
    yield sandbox
    sandbox.close()


class TestFalInTheSandbox(ProviderContract):
    """Everything every provider must do."""


def order(far: Sandbox, kind: str, **more: float) -> None:
    faults.add(far.folder, faults.Fault(kind=kind, **more))  # type: ignore[arg-type]


def accepted(far: Sandbox) -> int:
    return len(bill.bill(far.folder).requests)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("drop_before", errors.OutcomeUnknown),
        ("nginx_503", errors.OutcomeUnknown),
        ("submit_500", errors.OutcomeUnknown),
        ("submit_429", errors.RateLimited),
        ("submit_401", errors.KeyRefused),
        ("submit_403", errors.AccountRefused),
        ("submit_404", errors.EndpointGone),
        ("submit_422", errors.InputRefused),
    ],
)
def test_a_fault_at_the_door_accepts_nothing_and_hides_nothing(place: Place, far: Sandbox, kind: str, expected: type) -> None:
    before, since = accepted(far), datetime.now(UTC)
    order(far, kind)
    arguments = place.arguments(place.provider.upload(place.photo, "image/jpeg", "a.jpg"), 1)
    with pytest.raises(expected):
        place.provider.submit(FLUX, arguments)
    assert accepted(far) == before
    assert place.provider.find(FLUX, arguments, since) == ()


@pytest.mark.parametrize("kind", ["hang_after_queuing", "close_after_body"])
def test_a_lost_answer_leaves_one_billed_request_that_is_found_again(place: Place, far: Sandbox, kind: str) -> None:
    before, since = accepted(far), datetime.now(UTC)
    order(far, kind)
    arguments = place.arguments(place.provider.upload(place.photo, "image/jpeg", "a.jpg"), 1)
    with pytest.raises(errors.OutcomeUnknown):
        place.provider.submit(FLUX, arguments)
    [found] = place.provider.find(FLUX, arguments, since)
    assert place.ended(found.ticket).phase is Phase.DONE
    assert place.provider.result(found.ticket).body["images"]
    assert accepted(far) == before + 1


def test_fals_own_client_buys_again_and_again_where_ours_buys_once(place: Place, far: Sandbox) -> None:
    """Why this adapter exists: the same fault, the real client's submit, and more than one job on the bill."""
    order(far, "close_after_body", count=2)
    before = accepted(far)
    theirs = far.client(timeout=2.0)
    theirs.submit(FLUX, dict(place.arguments("https://v3.fal.media/files/none.jpg", 1)))
    assert accepted(far) - before == 3


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("result_422", errors.InputRefused), ("result_500", errors.GenerationFailed), ("result_404", errors.RequestUnknown)],
)
def test_a_failed_result_is_told_apart(place: Place, far: Sandbox, kind: str, expected: type) -> None:
    order(far, kind)
    ticket, _ = place.ask()
    place.ended(ticket)
    with pytest.raises(expected) as caught:
        place.provider.result(ticket)
    assert billed_units(caught.value) is None


def test_completed_with_an_error_has_failed(place: Place, far: Sandbox) -> None:
    order(far, "completed_with_error")
    ticket, _ = place.ask()
    progress = place.ended(ticket)
    assert (progress.phase, progress.error_type) == (Phase.FAILED, "runner_server_error")
    with pytest.raises(errors.GenerationFailed):
        place.provider.result(ticket)


def test_a_status_survives_missing_logs_and_passing_trouble(place: Place, far: Sandbox) -> None:
    ticket, _ = place.ask()
    order(far, "missing_logs")
    assert place.provider.status(ticket).lines == ()
    for kind, expected in (("status_500", errors.NotSent), ("status_429", errors.RateLimited)):
        order(far, kind)
        with pytest.raises(expected):
            place.provider.status(ticket)
    assert place.ended(ticket).phase is Phase.DONE


@pytest.mark.parametrize(
    ("kind", "expected"), [("half_body", errors.DownloadFailed), ("zero_bytes", errors.DownloadFailed), ("slow_download", errors.DownloadFailed)]
)
def test_a_broken_download_is_fetched_again_whole(place: Place, far: Sandbox, kind: str, expected: type) -> None:
    url = place.bought().body["images"][0]["url"]
    order(far, kind)
    with pytest.raises(expected):
        place.provider.download(url, limit_bytes=20_000_000, seconds=0.5)
    assert len(place.provider.download(url, **LIMITS)) > 1000


def test_an_expired_file_is_lost(place: Place, far: Sandbox) -> None:
    order(far, "expired_output")
    url = place.bought().body["images"][0]["url"]
    with pytest.raises(errors.ResultLost):
        place.provider.download(url, **LIMITS)


def test_a_file_over_the_limit_is_not_taken(place: Place) -> None:
    url = place.provider.upload(b"x" * 2000, "image/png", "a.png")
    assert len(place.provider.download(url, limit_bytes=2000, seconds=5)) == 2000
    with pytest.raises(errors.ResultLost):
        place.provider.download(url, limit_bytes=1999, seconds=5)


def test_an_upload_survives_passing_trouble(place: Place, far: Sandbox) -> None:
    order(far, "upload_500", count=2)
    assert place.provider.download(place.provider.upload(b"x", "image/png", "a.png"), **LIMITS) == b"x"


def test_no_other_endpoint_may_serve_a_request_and_if_one_does_it_is_told(place: Place, far: Sandbox) -> None:
    order(far, "served_elsewhere")
    assert place.bought().served_endpoint == FLUX
    order(far, "served_elsewhere_anyway")
    assert place.bought().served_endpoint not in (None, FLUX)


def test_a_cancel_of_running_work_is_asked_for(place: Place) -> None:
    ticket, _ = place.ask()
    until = time.monotonic() + 5
    while place.provider.status(ticket).phase is Phase.QUEUED and time.monotonic() < until:
        time.sleep(0.01)
    assert place.provider.cancel(ticket) == "asked"
    assert place.ended(ticket).phase is Phase.DONE


def test_a_cancel_that_comes_in_time_ends_as_cancelled(place: Place, far: Sandbox) -> None:
    order(far, "cancel_in_time")
    first, _ = place.ask()
    while place.provider.status(first).phase is Phase.QUEUED:
        time.sleep(0.01)
    place.provider.cancel(first)
    place.ended(first)
    with pytest.raises(errors.Cancelled) as caught:
        place.provider.result(first)
    assert billed_units(caught.value) is None


def test_a_signed_call_to_our_hook_is_believed(place: Place, far: Sandbox) -> None:
    calls: list[tuple[dict[str, str], bytes]] = []
    rung = threading.Event()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            rung.set()

        def log_message(self, *words: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        arguments = place.arguments(place.provider.upload(place.photo, "image/jpeg", "a.jpg"), 1)
        ticket = place.provider.submit(FLUX, arguments, webhook_url=f"http://127.0.0.1:{server.server_port}/hooks/fal")
        arrived = rung.wait(10)
        server.shutdown()
        thread.join()
    assert arrived
    headers, body = calls[0]
    keys = JwksKeys(place.provider.webhook_keys)
    call = read_headers(headers, datetime.now(UTC))
    prove(call, body, keys=keys)
    assert call.request_id == ticket.request_id
    with pytest.raises(errors.NotAllowed):
        prove(call, body + b" ", keys=keys)
    with pytest.raises(errors.NotAllowed):
        read_headers(headers, datetime.now(UTC) + timedelta(seconds=302))


def test_a_killed_sandbox_is_unreachable_and_found_again_on_its_new_port(place: Place, mortal: Sandbox) -> None:
    sandbox = mortal
    with FalProvider("k:s", emulator=lambda: f"http://127.0.0.1:{sandbox.port}", timeout_seconds=2.0) as provider:
        here = dataclasses.replace(place, provider=provider)
        ticket, arguments = here.ask()
        sandbox.kill()
        for verb in (lambda: provider.submit(FLUX, arguments), lambda: provider.status(ticket), provider.ping):
            with pytest.raises(errors.ProviderUnreachable):
                verb()
        sandbox.start()
        assert here.ended(ticket).phase is Phase.DONE
        assert len(bill.bill(sandbox.folder).requests) == 1


def test_the_listing_is_read_over_several_pages(place: Place, far: Sandbox) -> None:
    since = datetime.now(UTC)
    url = place.provider.upload(place.photo, "image/jpeg", "a.jpg")
    tickets = [place.provider.submit(FLUX, place.arguments(url, seed)) for seed in range(110)]
    [first] = place.provider.find(FLUX, place.arguments(url, 0), since)
    assert first.request_id == tickets[0].request_id
    for ticket in tickets:
        place.provider.cancel(ticket)
