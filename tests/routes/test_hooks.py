"""fal's calls: proven ones of our own account are noted once; of all others not even the body is read."""

import base64
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from nacl.signing import SigningKey

from pipeline.processes.claims import Claim, Holder
from pipeline.routes import hooks
from pipeline.routes.hooks import LARGEST_BYTES
from pipeline.sandbox import webhooks
from pipeline.studio import portraits
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import ME, OWNER, LittleStudio

BODY = json.dumps({"status": "OK", "payload": {}}).encode()


class KeyServer(BaseHTTPRequestHandler):
    """Publishes one key, as the sandbox does."""

    document = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.document)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def key(place: Place) -> Iterator[SigningKey]:
    """The sandbox's signing key, whose other half is published where the studio looks for it."""
    key = SigningKey.generate()
    public = base64.urlsafe_b64encode(bytes(key.verify_key)).rstrip(b"=").decode()
    KeyServer.document = json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": public}]}).encode()
    with HTTPServer(("127.0.0.1", 0), KeyServer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        Claim(place.settings.folder, "sandbox").tell(Holder(pid=os.getpid(), mode="sandbox", port=server.server_port, lasts=True))
        yield key
        server.shutdown()
        thread.join()


@pytest.fixture
def ours(place: Place) -> Iterator[str]:
    """The id of a request that the studio has sent."""
    studio = LittleStudio(place.settings.data)
    case = studio.customer()
    call = studio.submit(portraits.ask_next_avatar(studio.place, case.id, OWNER, AvatarWish(), ME, 1).run)
    yield str(call.request_id)
    studio.place.database.close()


def begin(server: str, head: dict[str, str], body: bytes = b"") -> tuple[str, float]:
    """Send a call's headers and the beginning of its body; return the first line of the answer and the seconds until the line was closed."""
    asked = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "127.0.0.1", **head}.items())
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", int(server.rpartition(":")[2])), timeout=10) as line:
        line.sendall(f"POST /hooks/fal HTTP/1.1\r\n{asked}\r\n".encode() + body)
        told = b"".join(iter(lambda: line.recv(4096), b""))
    return told.decode().splitlines()[0], time.monotonic() - began


def inbox(place: Place) -> list[tuple[str, str]]:
    with place.database.reading() as db:
        return [(row["provider"], row["request_id"]) for row in db.execute("SELECT * FROM webhook_inbox")]


def test_a_signed_call_is_noted_once_however_often_it_comes(web: httpx.Client, place: Place, key: SigningKey, ours: str) -> None:
    answers = [web.post("/hooks/fal", content=BODY, headers=webhooks.sign(key, ours, BODY)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert inbox(place) == [("fal", ours)]


def test_a_signature_of_another_key_is_refused(web: httpx.Client, place: Place, key: SigningKey, ours: str) -> None:
    answer = web.post("/hooks/fal", content=BODY, headers=webhooks.sign(SigningKey.generate(), ours, BODY))
    assert (answer.status_code, answer.content, inbox(place)) == (401, b"", [])


def test_another_body_under_the_same_signature_is_refused(web: httpx.Client, place: Place, key: SigningKey, ours: str) -> None:
    answer = web.post("/hooks/fal", content=BODY + b" ", headers=webhooks.sign(key, ours, BODY))
    assert (answer.status_code, inbox(place)) == (401, [])


def test_an_old_call_is_refused(web: httpx.Client, place: Place, key: SigningKey, ours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = time.time() - 301
    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: moment)
        headers = webhooks.sign(key, ours, BODY)
    assert web.post("/hooks/fal", content=BODY, headers=headers).status_code == 401
    assert inbox(place) == []


def test_a_call_without_signature_is_refused(web: httpx.Client, place: Place, key: SigningKey) -> None:
    assert web.post("/hooks/fal", content=BODY).status_code == 401
    assert web.post("/hooks/fal").status_code == 401
    assert inbox(place) == []


def test_a_body_over_a_megabyte_is_not_even_read_to_its_end(web: httpx.Client, place: Place, key: SigningKey, ours: str) -> None:
    body = b"x" * (LARGEST_BYTES + 1)
    assert web.post("/hooks/fal", content=body, headers=webhooks.sign(key, ours, body)).status_code == 413
    assert inbox(place) == []


def test_without_keys_nothing_is_believed(web: httpx.Client, place: Place, ours: str) -> None:
    answer = web.post("/hooks/fal", content=BODY, headers=webhooks.sign(SigningKey.generate(), ours, BODY))
    assert (answer.status_code, inbox(place)) == (401, [])


def test_the_hook_answers_calls_only(web: httpx.Client) -> None:
    assert web.get("/hooks/fal").status_code == 405


def test_a_call_is_refused_by_its_headers_before_its_body_comes(server: str, place: Place, key: SigningKey, ours: str) -> None:
    old = {**webhooks.sign(key, ours, BODY), "X-Fal-Webhook-Timestamp": "1"}
    unsigned = {name: text for name, text in webhooks.sign(key, ours, BODY).items() if name != "X-Fal-Webhook-Signature"}
    for head in ({}, old, unsigned, webhooks.sign(key, "request-of-somebody", BODY)):
        answer, seconds = begin(server, {**head, "Content-Length": "900000"}, b"x")
        assert answer.startswith("HTTP/1.1 401")
        assert seconds < hooks.BODY_SECONDS


def test_a_body_that_says_it_is_too_large_is_not_waited_for(server: str, key: SigningKey, ours: str) -> None:
    for length in (str(LARGEST_BYTES + 1), "9" * 18):
        answer, seconds = begin(server, {**webhooks.sign(key, ours, BODY), "Content-Length": length}, b"x")
        assert answer.startswith("HTTP/1.1 413")
        assert seconds < hooks.BODY_SECONDS


def test_a_body_that_comes_too_slowly_is_left(server: str, place: Place, key: SigningKey, ours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hooks.BODY_SECONDS == 5
    monkeypatch.setattr(hooks, "BODY_SECONDS", 0.2)
    answer, seconds = begin(server, {**webhooks.sign(key, ours, BODY), "Content-Length": "900"}, b"x")
    assert answer.startswith("HTTP/1.1 408")
    assert seconds < 5
    assert inbox(place) == []


def test_another_account_s_signed_call_is_refused(
    web: httpx.Client, place: Place, key: SigningKey, ours: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(request_id: str, account: str = webhooks.USER) -> int:
        with monkeypatch.context() as sender:
            sender.setattr(webhooks, "USER", account)
            headers = webhooks.sign(key, request_id, BODY)
        return web.post("/hooks/fal", content=BODY, headers=headers).status_code

    assert ask("request-before-we-know") == 401
    assert ask(ours) == 200
    assert ask("request-before-we-know") == 200  # our account by now, though the answer that names the request has not come yet
    assert ask("request-of-theirs", "somebody-else") == 401
    assert [request_id for _, request_id in inbox(place)] == [ours, "request-before-we-know"]
