"""Webhooks: signed with a key anyone can check, retried, and sent nowhere else."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from pipeline.sandbox import faults
from pipeline.sandbox.database import opened
from pipeline.sandbox.faults import Fault
from tests.sandbox.conftest import FLUX, Sandbox, photo_uri


class Listener(HTTPServer):
    """Hears webhooks; answers 500 as often as `failures` says."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hearing)
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.failures = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/fal"

    def wait_for(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        until = time.monotonic() + 10
        while len(self.heard) < count:
            assert time.monotonic() < until, "the webhook never came"
            time.sleep(0.02)
        return self.heard


class Hearing(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.server.failures -= 1
        self.send_response(500 if self.server.failures >= 0 else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(sandbox: Sandbox, url: str, **body: Any) -> str:
    arguments = {"prompt": "a portrait", "image_url": photo_uri(128), **body}
    return sandbox.fal.submit(FLUX, arguments, webhook_url=url).request_id


def verify(sandbox: Sandbox, headers: dict[str, str], body: bytes) -> None:
    x = sandbox.get("https://rest.alpha.fal.ai/.well-known/jwks.json").json()["keys"][0]["x"]
    names = ("request-id", "user-id", "timestamp")
    message = "\n".join([*(headers[f"x-fal-webhook-{name}"] for name in names), hashlib.sha256(body).hexdigest()])
    key = VerifyKey(base64.urlsafe_b64decode(x + "=" * (-len(x) % 4)))
    key.verify(message.encode(), bytes.fromhex(headers["x-fal-webhook-signature"]))


def test_a_webhook_brings_the_result_under_a_good_signature(sandbox: Sandbox, listener: Listener) -> None:
    request_id = ask(sandbox, listener.url)
    headers, body = listener.wait_for(1)[0]
    verify(sandbox, headers, body)
    message = json.loads(body)
    assert (message["request_id"], message["status"]) == (request_id, "OK")
    assert message["payload"] == sandbox.result(request_id).json()
    assert abs(int(headers["x-fal-webhook-timestamp"]) - time.time()) < 60
    with pytest.raises(BadSignatureError):
        verify(sandbox, headers, body + b" ")


def test_a_failure_is_told_too(sandbox: Sandbox, listener: Listener) -> None:
    ask(sandbox, listener.url, strength=9)
    message = json.loads(listener.wait_for(1)[0][1])
    assert (message["status"], message["error"]) == ("ERROR", "Invalid status code: 422")
    assert message["payload"]["detail"][0]["type"] == "less_than_equal"


def test_a_webhook_is_tried_again_until_it_is_heard(sandbox: Sandbox, listener: Listener) -> None:
    listener.failures = 2
    ask(sandbox, listener.url)
    assert len({body for _, body in listener.wait_for(3)}) == 1


def test_an_ordered_duplicate_and_a_wrong_signature_come(sandbox: Sandbox, listener: Listener) -> None:
    faults.add(sandbox.folder, Fault(kind="duplicate_webhook"))
    ask(sandbox, listener.url)
    assert len({body for _, body in listener.wait_for(2)}) == 1
    faults.add(sandbox.folder, Fault(kind="bad_signature_webhook"))
    listener.failures = 1
    ask(sandbox, listener.url)
    wrong, right = listener.wait_for(4)[2:]
    with pytest.raises(BadSignatureError):
        verify(sandbox, *wrong)
    verify(sandbox, *right)


def test_no_webhook_leaves_for_a_foreign_address(sandbox: Sandbox) -> None:
    request_id = ask(sandbox, "https://example.com/hooks/fal")
    sandbox.ended(request_id)
    time.sleep(0.1)
    with opened(sandbox.folder) as db:
        assert db.execute("select webhook_state from requests where id = ?", (request_id,)).fetchone()[0] == "refused"


@pytest.mark.crash
def test_a_webhook_that_was_due_when_it_was_killed_is_sent_after_the_restart(new_sandbox: Callable[..., Sandbox], listener: Listener) -> None:
    sandbox = new_sandbox(speed="0.05").start()
    listener.failures = 3
    request_id = ask(sandbox, listener.url)
    listener.wait_for(2)
    sandbox.kill()
    heard = len(listener.heard)
    sandbox.start()
    headers, body = listener.wait_for(heard + 1)[-1]
    verify(sandbox, headers, body)
    assert json.loads(body)["request_id"] == request_id
