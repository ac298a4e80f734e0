"""A submit is one POST, whatever happens to it, and its answer says whether anything can have been bought."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pipeline import errors
from pipeline.providers.fal import FalProvider
from tests.providers.little_server import Asked, LittleServer, Reply, little_server

FLUX = "fal-ai/flux/dev/image-to-image"
ARGUMENTS = {"prompt": "a couple", "seed": 7, "strength": 0.6}
NGINX = b"<html><center>nginx</center></html>"
ACCEPTED = {"status": "IN_QUEUE", "request_id": "r-1", "queue_position": 0}
QUEUE = "https://queue.fal.run/fal-ai/flux/requests/r-1"


def test_an_accepted_submit_gives_a_ticket_that_finds_the_request_again(fal: FalProvider, server: LittleServer) -> None:
    urls = {"status_url": f"{QUEUE}/status", "response_url": QUEUE, "cancel_url": f"{QUEUE}/cancel"}
    server.always(body=ACCEPTED | urls)
    ticket = fal.submit(FLUX, ARGUMENTS)
    assert (ticket.provider, ticket.endpoint, ticket.request_id) == ("fal", FLUX, "r-1")
    assert {name: getattr(ticket, name) for name in urls} == urls


def test_what_is_sent_is_the_bare_input_with_the_key_and_without_fallbacks(fal: FalProvider, server: LittleServer) -> None:
    server.always(body=ACCEPTED)
    fal.submit(FLUX, ARGUMENTS, webhook_url="https://studio.example/hooks/fal?a=1&b=2")
    [asked] = server.asked
    assert (asked.method, asked.host) == ("POST", "queue.fal.run")
    assert asked.path == f"/{FLUX}?fal_webhook=https%3A%2F%2Fstudio.example%2Fhooks%2Ffal%3Fa%3D1%26b%3D2"
    assert json.loads(asked.body) == ARGUMENTS
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert (headers["authorization"], headers["x-app-fal-disable-fallback"], headers["x-fal-no-retry"]) == ("Key k:s", "true", "1")
    assert headers["user-agent"].startswith("fal-client/1.0.3")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(drop=True), errors.OutcomeUnknown),
        (Reply(body=ACCEPTED, wait_seconds=3), errors.OutcomeUnknown),
        (Reply(status=503, body=NGINX), errors.OutcomeUnknown),
        (Reply(status=503, body={"detail": "x"}, headers={"x-fal-request-id": "r"}), errors.OutcomeUnknown),
        (Reply(status=500), errors.OutcomeUnknown),
        (Reply(status=502, body=NGINX), errors.OutcomeUnknown),
        (Reply(status=504), errors.OutcomeUnknown),
        (Reply(status=408), errors.OutcomeUnknown),
        (Reply(status=409), errors.OutcomeUnknown),
        (Reply(status=307, headers={"Location": "https://queue.fal.run/other"}), errors.OutcomeUnknown),
        (Reply(body=b"<html>"), errors.OutcomeUnknown),
        (Reply(body=b"[]"), errors.OutcomeUnknown),
        (Reply(body={"status": "IN_QUEUE"}), errors.OutcomeUnknown),
        (Reply(body={"request_id": "../../other"}), errors.OutcomeUnknown),
        (Reply(body=ACCEPTED, send=9), errors.OutcomeUnknown),
        (Reply(body=ACCEPTED, drip_seconds=0.2), errors.OutcomeUnknown),
        (Reply(status=429, headers={"Retry-After": "7"}), errors.RateLimited),
        (Reply(status=401, body={"detail": "no"}), errors.KeyRefused),
        (Reply(status=402), errors.AccountRefused),
        (Reply(status=403, body={"detail": "Exhausted balance"}), errors.AccountRefused),
        (Reply(status=404), errors.EndpointGone),
        (Reply(status=410), errors.EndpointGone),
        (Reply(status=400), errors.InputRefused),
        (Reply(status=413), errors.InputRefused),
        (Reply(status=422, body={"detail": [{"type": "missing", "msg": "m"}]}), errors.InputRefused),
    ],
    ids=lambda value: getattr(value, "__name__", None) or f"{value.status}{'-drop' * value.drop}",
)
def test_every_answer_is_classified_after_exactly_one_post(fal: FalProvider, server: LittleServer, reply: Reply, expected: type) -> None:
    server.script = lambda asked: reply
    with pytest.raises(errors.ProviderError) as caught:
        fal.submit(FLUX, ARGUMENTS)
    assert type(caught.value) is expected
    assert [asked.method for asked in server.asked] == ["POST"]


def test_ten_submits_at_once_are_ten_posts_although_every_second_one_breaks(fal: FalProvider, server: LittleServer) -> None:
    def script(asked: Asked) -> Reply:
        return Reply(drop=True) if json.loads(asked.body)["seed"] % 2 else Reply(body=ACCEPTED)

    def submit(seed: int) -> bool:
        try:
            fal.submit(FLUX, {"seed": seed})
        except errors.OutcomeUnknown:
            return False
        return True

    server.script = script
    with ThreadPoolExecutor(10) as pool:
        accepted = list(pool.map(submit, range(10)))
    assert accepted == [True, False] * 5
    assert sorted(json.loads(asked.body)["seed"] for asked in server.asked) == list(range(10))


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        with FalProvider("k:s", emulator=lambda: address) as fal, pytest.raises(errors.ProviderUnreachable):
            fal.submit(FLUX, ARGUMENTS)


@pytest.fixture
def full_backlog() -> Iterator[str]:
    """A port that never completes a connection: its queue of waiting ones is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for one in waiting:
            one.close()


def test_a_connection_that_never_opens_is_surely_not_sent(full_backlog: str) -> None:
    with FalProvider("k:s", emulator=lambda: full_backlog, timeout_seconds=0.8) as fal, pytest.raises(errors.ProviderUnreachable):
        fal.submit(FLUX, ARGUMENTS)


@pytest.mark.parametrize("address", ["", "http://10.0.0.1:80", "not an address at all:::"])
def test_a_sandbox_without_a_loopback_address_is_unreachable(address: str) -> None:
    with FalProvider("k:s", emulator=lambda: address) as fal, pytest.raises(errors.ProviderUnreachable):
        fal.submit(FLUX, ARGUMENTS)


def test_the_sandbox_may_come_back_on_another_port(server: LittleServer) -> None:
    addresses = [server.address]
    server.always(body=ACCEPTED)
    with FalProvider("k:s", emulator=lambda: addresses[-1], timeout_seconds=1.0) as fal:
        fal.submit(FLUX, ARGUMENTS)
        with little_server() as other:
            other.always(body=ACCEPTED | {"request_id": "r-2"})
            addresses.append(other.address)
            assert fal.submit(FLUX, ARGUMENTS).request_id == "r-2"


def test_a_slow_submit_ends_within_twice_its_limit(fal: FalProvider, server: LittleServer) -> None:
    server.always(body=ACCEPTED, drip_seconds=0.3)
    began = time.monotonic()
    with pytest.raises(errors.OutcomeUnknown):
        fal.submit(FLUX, ARGUMENTS)
    assert time.monotonic() - began < 2.0


def test_retry_after_is_understood_as_seconds_and_as_a_date(fal: FalProvider, server: LittleServer) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    waits = []
    for text in ("7", moment, "soon", "-3", "9" * 400):
        server.always(status=429, headers={"Retry-After": text})
        with pytest.raises(errors.RateLimited) as caught:
            fal.submit(FLUX, ARGUMENTS)
        waits.append(caught.value.after_seconds)
    assert waits[0] == 7
    assert 50 < waits[1] <= 60
    assert waits[2:] == [None, None, 3600]


def test_addresses_that_are_not_fals_never_get_our_key(fal: FalProvider, server: LittleServer) -> None:
    foreign = {
        "status_url": "https://evil.example/status",
        "response_url": "http://queue.fal.run/r",
        "cancel_url": "https://queue.fal.run@evil.example/",
    }
    server.always(body=ACCEPTED | foreign)
    ticket = fal.submit(FLUX, ARGUMENTS)
    assert (ticket.status_url, ticket.response_url, ticket.cancel_url) == (f"{QUEUE}/status", QUEUE, f"{QUEUE}/cancel")


@pytest.mark.parametrize(
    ("endpoint", "arguments"), [(FLUX, {"strength": float("nan")}), (FLUX, {"photo": b"x"}), ("../../x", {}), ("fal-ai", {}), ("", {})]
)
def test_what_cannot_be_sent_is_refused_before_any_post(fal: FalProvider, server: LittleServer, endpoint: str, arguments: dict[str, object]) -> None:
    with pytest.raises(errors.Refused):
        fal.submit(endpoint, arguments)
    assert server.asked == []


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_at_once(key: str) -> None:
    with pytest.raises(errors.KeyRefused):
        FalProvider(key)


def test_no_error_repeats_what_the_provider_wrote(fal: FalProvider, server: LittleServer) -> None:
    for status in (400, 401, 403, 404, 422, 429, 500):
        server.always(status=status, body={"detail": [{"type": "image_load_error", "msg": "SECRET", "input": "SECRET"}], "error": "SECRET"})
        with pytest.raises(errors.ProviderError) as caught:
            fal.submit(FLUX, ARGUMENTS)
        assert "SECRET" not in f"{caught.value.as_json()} {caught.value!r} {caught.value.__cause__!r}"
