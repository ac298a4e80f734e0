"""Only a call that fal signed, just now, over exactly this body, gets in."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from nacl.signing import SigningKey

from pipeline import errors
from pipeline.providers.fal import FalProvider
from pipeline.providers.webhooks import JwksKeys, keys_in, prove, read_headers
from tests.providers.little_server import LittleServer

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
KEY = SigningKey(b"k" * 32)
OTHER = SigningKey(b"o" * 32)
BODY = b'{"request_id": "r-1", "status": "OK"}'


def document(*keys: SigningKey) -> bytes:
    texts = [base64.urlsafe_b64encode(bytes(key.verify_key)).rstrip(b"=").decode() for key in keys]
    return json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": text} for text in texts]}).encode()


def signed(key: SigningKey = KEY, body: bytes = BODY, at: datetime = NOW) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    message = f"r-1\nu-1\n{timestamp}\n{hashlib.sha256(body).hexdigest()}".encode()
    return {
        "X-Fal-Webhook-Request-Id": "r-1",
        "X-Fal-Webhook-User-Id": "u-1",
        "X-Fal-Webhook-Timestamp": timestamp,
        "X-Fal-Webhook-Signature": key.sign(message).signature.hex(),
    }


def check(headers: dict[str, str], body: bytes = BODY, now: datetime = NOW) -> str:
    call = read_headers(headers, now)
    prove(call, body, keys=lambda: keys_in(document(OTHER, KEY)))
    return call.request_id


def test_a_signed_call_gives_its_request_id() -> None:
    assert check(signed()) == "r-1"
    assert check({name.upper(): value for name, value in signed().items()}) == "r-1"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_of_clock_difference_are_allowed(seconds: int) -> None:
    assert check(signed(), now=NOW + timedelta(seconds=seconds)) == "r-1"


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_call_from_another_time_is_refused(seconds: int) -> None:
    with pytest.raises(errors.NotAllowed):
        check(signed(), now=NOW + timedelta(seconds=seconds))


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(errors.NotAllowed):
        check(signed(), BODY + b" ")


def test_a_signature_by_a_foreign_key_is_refused() -> None:
    with pytest.raises(errors.NotAllowed):
        check(signed(SigningKey(b"x" * 32)))


@pytest.mark.parametrize("name", list(signed()))
@pytest.mark.parametrize("value", [None, "", "r-2", "\u0663", "-1", "zz", "00" * 64, "9" * 40])
def test_any_changed_or_missing_header_is_refused(name: str, value: str | None) -> None:
    headers = {key: text for key, text in signed().items() if key != name} | ({name: value} if value is not None else {})
    with pytest.raises(errors.NotAllowed):
        check(headers)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"keys": 7}', b'{"keys": [1, {"x": 2}, {"x": "AA"}]}', b'{"keys": [{"x": "\\u00e9"}]}', b"\xff"]
)
def test_a_strange_key_document_holds_no_keys(text: bytes) -> None:
    assert keys_in(text) == ()


def test_keys_are_kept_for_an_hour_and_for_a_day_when_fal_cannot_be_asked() -> None:
    asked, clock = [], [0.0]

    def fetch() -> bytes:
        asked.append(clock[0])
        if clock[0] > 3600:
            raise errors.ProviderUnreachable
        return document(KEY)

    keys = JwksKeys(fetch, clock=lambda: clock[0])
    for second in (0.0, 3599.0, 3600.0, 7200.0, 7230.0, 7261.0, 80_000.0):
        clock[0] = second
        assert keys() == keys_in(document(KEY))
    assert asked == [0.0, 3600.0, 7200.0, 7261.0, 80_000.0]
    clock[0] = 3600.0 + 86_400.0
    assert keys() == ()


def test_keys_come_from_the_provider_over_the_same_way(fal: FalProvider, server: LittleServer) -> None:
    server.always(body=document(KEY))
    prove(read_headers(signed(), NOW), BODY, keys=JwksKeys(fal.webhook_keys))
    assert (server.asked[0].host, server.asked[0].path) == ("rest.alpha.fal.ai", "/.well-known/jwks.json")
    server.always(status=503)
    with pytest.raises(errors.NotAllowed):
        prove(read_headers(signed(), NOW), BODY, keys=JwksKeys(fal.webhook_keys))
