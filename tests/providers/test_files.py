"""Files up and down: fresh addresses, whole bodies, limits, and the key never sent to a storage host."""

import time
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from pipeline import errors
from pipeline.providers.fal import FalProvider
from tests.providers.little_server import Asked, LittleServer, Reply

URL = "https://v3.fal.media/files/a.png"
LIMITS = {"limit_bytes": 1000, "seconds": 0.5}


def token(seconds: float = 3600) -> Reply:
    expires_at = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    return Reply(body={"token": "t", "token_type": "Bearer", "base_url": "https://v3.fal.media", "expires_at": expires_at})


def storage(server: LittleServer, *uploads: Reply, tokens: Reply | None = None) -> None:
    """Answer token requests, then each upload with the next of `uploads`, then with fresh addresses."""
    waiting, number = list(uploads), count()

    def script(asked: Asked) -> Reply:
        if asked.path.startswith("/storage/auth/token"):
            return tokens or token()
        return waiting.pop(0) if waiting else Reply(body={"access_url": f"https://v3.fal.media/files/{next(number)}.png"})

    server.script = script


def uploads(server: LittleServer) -> list[Asked]:
    return [asked for asked in server.asked if asked.path == "/files/upload"]


def test_each_upload_has_its_own_address_and_sends_the_token_not_the_key(fal: FalProvider, server: LittleServer) -> None:
    storage(server)
    data = bytes(range(256)) * 4000
    urls = {fal.upload(data, "image/png", "Zoë's photo.png") for _ in range(3)}
    assert len(urls) == 3
    assert len(server.asked) == 4
    sent = uploads(server)[0]
    assert (sent.host, sent.body == data) == ("v3.fal.media", True)
    headers = {name.lower(): value for name, value in sent.headers.items()}
    assert (headers["authorization"], headers["content-type"], headers["x-fal-file-name"]) == ("Bearer t", "image/png", "Zo_s_photo.png")
    assert (server.asked[0].host, server.asked[0].headers["Authorization"]) == ("rest.fal.ai", "Key k:s")


@pytest.mark.parametrize("trouble", [Reply(drop=True), Reply(status=503), Reply(status=429), Reply(status=401), Reply(body=b"{}"), Reply(send=1)])
def test_an_upload_survives_passing_trouble(server: LittleServer, trouble: Reply) -> None:
    storage(server, trouble, trouble)
    with FalProvider("k:s", emulator=lambda: server.address, timeout_seconds=10) as patient:
        assert patient.upload(b"x", "image/png", "a.png").startswith("https://v3.fal.media/")
    assert len(uploads(server)) == 3


def test_a_storage_that_stays_down_is_unreachable_within_the_time_limit(fal: FalProvider, server: LittleServer) -> None:
    began = time.monotonic()
    for reply in (Reply(status=503), Reply(wait_seconds=3)):
        storage(server, *[reply] * 9)
        with pytest.raises(errors.ProviderUnreachable):
            fal.upload(b"x", "image/png", "a.png")
    assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("answer", [Reply(body=b"<html>"), Reply(body={"token": "t"}), Reply(status=500), Reply(body={"expires_at": "soon"})])
def test_a_token_that_cannot_be_had_is_passing_trouble(fal: FalProvider, server: LittleServer, answer: Reply) -> None:
    storage(server, tokens=answer)
    with pytest.raises(errors.NotSent):
        fal.upload(b"x", "image/png", "a.png")
    assert uploads(server) == []


def test_a_wrong_key_is_refused_at_the_token(fal: FalProvider, server: LittleServer) -> None:
    storage(server, tokens=Reply(status=401))
    with pytest.raises(errors.KeyRefused):
        fal.upload(b"x", "image/png", "a.png")
    assert len(server.asked) == 1


def test_an_expired_token_is_replaced(fal: FalProvider, server: LittleServer) -> None:
    storage(server, tokens=token(seconds=-1))
    fal.upload(b"x", "image/png", "a.png")
    fal.upload(b"x", "image/png", "a.png")
    assert len(server.asked) == 4


@pytest.mark.parametrize(("status", "expected"), [(413, errors.InputRefused), (403, errors.AccountRefused)])
def test_a_refused_upload_is_not_repeated(fal: FalProvider, server: LittleServer, status: int, expected: type) -> None:
    storage(server, Reply(status=status))
    with pytest.raises(expected):
        fal.upload(b"x", "image/png", "a.png")
    assert len(uploads(server)) == 1


def test_an_address_elsewhere_is_not_taken_for_an_upload(fal: FalProvider, server: LittleServer) -> None:
    storage(server, *[Reply(body={"access_url": "https://evil.example/a.png"})] * 3)
    with pytest.raises(errors.ProviderUnreachable):
        fal.upload(b"x", "image/png", "a.png")


def test_a_file_comes_whole_and_the_key_stays_home(fal: FalProvider, server: LittleServer) -> None:
    server.always(body=b"x" * 1000)
    assert fal.download(URL, **LIMITS) == b"x" * 1000
    assert (server.asked[0].host, server.asked[0].path) == ("v3.fal.media", "/files/a.png")
    assert "authorization" not in {name.lower() for name in server.asked[0].headers}


def test_a_file_without_an_announced_length_is_taken(fal: FalProvider, server: LittleServer) -> None:
    server.always(body=b"x" * 900, without_length=True)
    assert len(fal.download(URL, **LIMITS)) == 900


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(body=b"x" * 900, send=450), errors.DownloadFailed),
        (Reply(body=b"x" * 900, send=0), errors.DownloadFailed),
        (Reply(body=b""), errors.DownloadFailed),
        (Reply(body=b"", without_length=True), errors.DownloadFailed),
        (Reply(drop=True), errors.DownloadFailed),
        (Reply(wait_seconds=3), errors.DownloadFailed),
        (Reply(body=b"x" * 900, drip_seconds=0.3), errors.DownloadFailed),
        (Reply(status=500), errors.DownloadFailed),
        (Reply(status=503), errors.DownloadFailed),
        (Reply(status=206, body=b"x"), errors.DownloadFailed),
        (Reply(body=b"x", headers={"Content-Encoding": "gzip"}), errors.DownloadFailed),
        (Reply(status=404), errors.ResultLost),
        (Reply(status=410), errors.ResultLost),
        (Reply(body=b"x" * 1001), errors.ResultLost),
        (Reply(body=b"x" * 1001, without_length=True), errors.ResultLost),
        (Reply(status=302, headers={"Location": "http://169.254.169.254/"}), errors.ResultLost),
        (Reply(status=302, headers={"Location": "/files/a.png"}), errors.DownloadFailed),
    ],
)
def test_a_file_that_is_not_whole_is_never_taken(fal: FalProvider, server: LittleServer, reply: Reply, expected: type) -> None:
    server.script = lambda asked: reply
    began = time.monotonic()
    with pytest.raises(errors.ProviderError) as caught:
        fal.download(URL, **LIMITS)
    assert (type(caught.value), caught.value.charged) == (expected, True)
    assert time.monotonic() - began < 2.0


def test_a_redirect_inside_the_storage_is_followed(fal: FalProvider, server: LittleServer) -> None:
    server.script = lambda asked: Reply(body=b"x") if asked.path == "/b" else Reply(status=302, headers={"Location": "https://v3b.fal.media/b"})
    assert fal.download(URL, **LIMITS) == b"x"
    assert [asked.host for asked in server.asked] == ["v3.fal.media", "v3b.fal.media"]


def test_the_sandbox_may_name_addresses_on_this_machine_and_fal_may_not(fal: FalProvider, server: LittleServer) -> None:
    server.always(body=b"x")
    assert fal.download("http://127.0.0.1:1/a.png", **LIMITS) == b"x"
    with FalProvider("k:s") as live, pytest.raises(errors.ResultLost):
        live.download("http://127.0.0.1:1/a.png", **LIMITS)
