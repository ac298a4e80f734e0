"""Proof that a call to our hook came from fal: an Ed25519 signature over its headers and the hash of its body.

A proven call only wakes whoever waits for that request; nothing in its body is believed.
"""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from pipeline.errors import NotAllowed, ProviderError

LEEWAY_SECONDS = 300
_FRESH_SECONDS = 3600.0
_OLDEST_SECONDS = 86_400.0
_PAUSE_SECONDS = 60.0
_KEY_BYTES, _SIGNATURE_BYTES = 32, 64
UNPROVEN = "This call carries no valid signature."
_PARTS = ("x-fal-webhook-request-id", "x-fal-webhook-user-id", "x-fal-webhook-timestamp")


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What the headers of a call claim; nothing of it is believed before `prove`."""

    request_id: str
    account: str
    timestamp: str
    signature: bytes


def read_headers(headers: Mapping[str, str], now: datetime) -> Signed:
    """Return what a call claims that was signed within 300 s of `now`; NotAllowed where a header is missing or cannot be one of fal's.

    Needs no body, so that nothing is read of a call that could never be proven.
    """
    given = {name.lower(): value for name, value in headers.items()}
    request_id, account, timestamp = (given.get(part, "") for part in _PARTS)
    signature = _signature(given.get("x-fal-webhook-signature", ""))
    if not request_id or not account or not _is_near(timestamp, now) or len(signature) != _SIGNATURE_BYTES:
        raise NotAllowed(UNPROVEN)
    return Signed(request_id=request_id, account=account, timestamp=timestamp, signature=signature)


def prove(signed: Signed, body: bytes, *, keys: Callable[[], Sequence[bytes]]) -> None:
    """Return if one of `keys` signed these headers with this body; NotAllowed otherwise."""
    message = "\n".join((signed.request_id, signed.account, signed.timestamp, hashlib.sha256(body).hexdigest())).encode()
    if not any(_is_signed(key, message, signed.signature) for key in keys()):
        raise NotAllowed(UNPROVEN)


class JwksKeys:
    """The provider's public keys, asked for again each hour, and kept a day at most while it cannot be asked."""

    def __init__(self, fetch: Callable[[], bytes], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take `fetch`, which returns the key document or raises a ProviderError."""
        self._fetch, self._clock = fetch, clock
        self._keys: tuple[bytes, ...] = ()
        self._fetched_at = self._asked_at = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> Sequence[bytes]:
        """Return the keys, none when the provider could not be asked for a day."""
        with self._lock:
            now = self._clock()
            if now - self._fetched_at >= _FRESH_SECONDS and now - self._asked_at >= _PAUSE_SECONDS:
                self._ask(now)
            return self._keys if now - self._fetched_at < _OLDEST_SECONDS else ()

    def _ask(self, now: float) -> None:
        self._asked_at = now
        try:
            found = keys_in(self._fetch())
        except ProviderError:
            return
        if found:
            self._keys, self._fetched_at = found, now


def keys_in(document: bytes) -> tuple[bytes, ...]:
    """Return the Ed25519 keys of a JWKS document, leaving out whatever is not one.

    >>> keys_in(b'{"keys": [{"x": "AAAA"}]}')
    ()
    """
    try:
        listed = json.loads(document)["keys"]
        texts = [row["x"] for row in listed if isinstance(row, dict) and isinstance(row.get("x"), str)]
        decoded = [base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in texts]
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(key for key in decoded if len(key) == _KEY_BYTES)


def _is_near(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= LEEWAY_SECONDS


def _signature(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True
