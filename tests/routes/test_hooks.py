"""fal's calls: proven ones are noted once, all others change nothing."""

import base64
import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from nacl.signing import SigningKey

from pipeline.processes.claims import Claim, Holder
from pipeline.routes.hooks import LARGEST_BYTES
from pipeline.sandbox import webhooks
from pipeline.studio.place import Place

BODY = json.dumps({"request_id": "r-1", "status": "OK", "payload": {}}).encode()


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


def inbox(place: Place) -> list[tuple[str, str]]:
    with place.database.reading() as db:
        return [(row["provider"], row["request_id"]) for row in db.execute("SELECT * FROM webhook_inbox")]


def test_a_signed_call_is_noted_once_however_often_it_comes(web: httpx.Client, place: Place, key: SigningKey) -> None:
    answers = [web.post("/hooks/fal", content=BODY, headers=webhooks.sign(key, "r-1", BODY)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert inbox(place) == [("fal", "r-1")]


def test_a_signature_of_another_key_is_refused(web: httpx.Client, place: Place, key: SigningKey) -> None:
    answer = web.post("/hooks/fal", content=BODY, headers=webhooks.sign(SigningKey.generate(), "r-1", BODY))
    assert (answer.status_code, answer.content, inbox(place)) == (401, b"", [])


def test_another_body_under_the_same_signature_is_refused(web: httpx.Client, place: Place, key: SigningKey) -> None:
    answer = web.post("/hooks/fal", content=BODY + b" ", headers=webhooks.sign(key, "r-1", BODY))
    assert (answer.status_code, inbox(place)) == (401, [])


def test_an_old_call_is_refused(web: httpx.Client, place: Place, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = time.time() - 301
    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: moment)
        headers = webhooks.sign(key, "r-1", BODY)
    assert web.post("/hooks/fal", content=BODY, headers=headers).status_code == 401
    assert inbox(place) == []


def test_a_call_without_signature_is_refused(web: httpx.Client, place: Place, key: SigningKey) -> None:
    assert web.post("/hooks/fal", content=BODY).status_code == 401
    assert web.post("/hooks/fal").status_code == 401
    assert inbox(place) == []


def test_a_body_over_a_megabyte_is_not_even_read_to_its_end(web: httpx.Client, place: Place, key: SigningKey) -> None:
    body = b"x" * (LARGEST_BYTES + 1)
    assert web.post("/hooks/fal", content=body, headers=webhooks.sign(key, "r-1", body)).status_code == 413
    assert inbox(place) == []


def test_without_keys_nothing_is_believed(web: httpx.Client, place: Place) -> None:
    answer = web.post("/hooks/fal", content=BODY, headers=webhooks.sign(SigningKey.generate(), "r-1", BODY))
    assert (answer.status_code, inbox(place)) == (401, [])


def test_the_hook_answers_calls_only(web: httpx.Client) -> None:
    assert web.get("/hooks/fal").status_code == 405
