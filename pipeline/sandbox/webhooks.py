"""Webhooks: the signing key, the signature, and delivery with retries."""

import asyncio
import base64
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from nacl.signing import SigningKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.sandbox.book import Book, Entry
from pipeline.sandbox.faults import Kind

USER = "sandbox-user"
TIMEOUT_SECONDS = 15.0
PAUSES_SECONDS = (0.2, 1.0, 3.0, 10.0)
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Webhooks:
    """Tells whoever asked for it that a request has ended."""

    def __init__(self, book: Book, *, public_url: str) -> None:
        self.book, self.public_url = book, public_url
        self.key = _signing_key(book.folder / "webhook.key")
        self.deliveries: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """List the route that publishes the key."""
        return [Route("/.well-known/jwks.json", self.jwks, methods=["GET"])]

    async def jwks(self, request: Request) -> Response:  # noqa: ARG002
        """Publish the key that verifies our signatures."""
        x = base64.urlsafe_b64encode(bytes(self.key.verify_key)).rstrip(b"=").decode()
        return JSONResponse({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "sandbox", "x": x}]})

    def start(self) -> None:
        """Deliver what was due when the emulator went down."""
        for entry in self.book.webhooks_due():
            self.ended(entry)

    def ended(self, entry: Entry) -> None:
        """Begin delivering the webhook of an ended request, if it has one."""
        if entry.webhook_state == "due":
            task = asyncio.get_running_loop().create_task(self._deliver(entry))
            self.deliveries.add(task)
            task.add_done_callback(self.deliveries.discard)

    async def stop(self) -> None:
        """Leave off; what is still due is delivered after a restart."""
        for task in list(self.deliveries):
            task.cancel()
        await asyncio.gather(*self.deliveries, return_exceptions=True)

    async def _deliver(self, entry: Entry) -> None:
        if not may_call(entry.webhook, self.public_url):
            self.book.webhook_ended(entry.id, "refused")
            return
        orders = self.book.faults((Kind.DUPLICATE_WEBHOOK, Kind.BAD_SIGNATURE_WEBHOOK), entry.endpoint)
        arrived = await self._attempts(entry, spoiled=Kind.BAD_SIGNATURE_WEBHOOK in orders)
        if arrived and Kind.DUPLICATE_WEBHOOK in orders:
            await self._attempts(entry, spoiled=False)
        self.book.webhook_ended(entry.id, "done" if arrived else "failed")

    async def _attempts(self, entry: Entry, *, spoiled: bool) -> bool:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client:
            for pause_seconds in (*PAUSES_SECONDS, None):
                if await self._post(client, entry, spoiled=spoiled):
                    return True
                spoiled = False
                if pause_seconds is not None:
                    await asyncio.sleep(pause_seconds)
        return False

    async def _post(self, client: httpx.AsyncClient, entry: Entry, *, spoiled: bool) -> bool:
        body = json.dumps(_message(entry)).encode()
        headers = {**sign(self.key, entry.id, body), "Content-Type": "application/json"}
        if spoiled:
            headers["X-Fal-Webhook-Signature"] = "00" * 64
        try:
            answer = await client.post(entry.webhook, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.is_success


def sign(key: SigningKey, request_id: str, body: bytes) -> dict[str, str]:
    """Make the four headers that prove a webhook came from us."""
    timestamp = str(int(time.time()))
    message = "\n".join((request_id, USER, timestamp, hashlib.sha256(body).hexdigest()))
    return {
        "X-Fal-Webhook-Request-Id": request_id,
        "X-Fal-Webhook-User-Id": USER,
        "X-Fal-Webhook-Timestamp": timestamp,
        "X-Fal-Webhook-Signature": key.sign(message.encode()).signature.hex(),
    }


def may_call(address: str, public_url: str) -> bool:
    """True for loopback and for the studio's own public address, the only places a webhook may go.

    >>> may_call("http://127.0.0.1:8501/hooks/fal", ""), may_call("https://example.com/hooks", "")
    (True, False)
    >>> may_call("https://studio.example.com/hooks/fal", "https://studio.example.com")
    True
    """
    try:
        asked, ours = urlsplit(address), urlsplit(public_url)
        same_place = (asked.scheme, asked.hostname, asked.port) == (ours.scheme, ours.hostname, ours.port)
    except ValueError:
        return False
    return asked.scheme in ("http", "https") and (asked.hostname in LOOPBACK or (bool(public_url) and same_place))


def _message(entry: Entry) -> dict[str, Any]:
    payload = json.loads(entry.answer or "null")
    message = {"request_id": entry.id, "gateway_request_id": entry.id, "payload": payload}
    return {**message, "status": "ERROR", "error": entry.error} if entry.error else {**message, "status": "OK"}


def _signing_key(path: Path) -> SigningKey:
    """Read the key, making it on the first start; it stays the same from then on."""
    if not path.exists():
        partial = path.with_name(f"{path.name}.tmp")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(bytes(SigningKey.generate()))
        partial.replace(path)
    return SigningKey(path.read_bytes())
