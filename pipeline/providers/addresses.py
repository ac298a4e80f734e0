"""Which addresses of fal we ask, and which ones an answer may send us to."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import httpx
from fal_client.client import AppId

from pipeline.errors import EndpointGone
from pipeline.providers.port import Ticket
from pipeline.providers.transport import LOOPBACK

# Not fal_client's own constants: those follow FAL_QUEUE_RUN_HOST, which would send our key to any host named there.
QUEUE = "https://queue.fal.run/"
TOKENS = "https://rest.fal.ai/storage/auth/token?storage_type=fal-cdn-v3"
UPLOADS = "https://v3.fal.media/files/upload"
REQUESTS = "https://api.fal.ai/v1/models/requests"
LISTING = f"{REQUESTS}/by-endpoint"
BILLING_EVENTS = "https://api.fal.ai/v1/models/billing-events"
WEBHOOK_KEYS = "https://rest.alpha.fal.ai/.well-known/jwks.json"

_QUEUE_HOSTS = frozenset({"queue.fal.run", "queue.falrun.com"})
_OLD_STORAGE = ("storage.googleapis.com", "/falserverless/")
_ENDPOINT = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def submit_url(endpoint: str) -> str:
    """Return where to ask for an endpoint's work; EndpointGone for a text that cannot name one.

    >>> submit_url("fal-ai/flux/dev")
    'https://queue.fal.run/fal-ai/flux/dev'
    """
    if not is_endpoint(endpoint):
        raise EndpointGone()
    return QUEUE + endpoint


def payloads_url(request_id: str) -> str:
    """Return where what fal keeps of a request can be removed.

    >>> payloads_url("a1"), payloads_url("../a1")[-14:]
    ('https://api.fal.ai/v1/models/requests/a1/payloads', '%2Fa1/payloads')
    """
    return f"{REQUESTS}/{quote(request_id, safe='')}/payloads"


def is_endpoint(text: object) -> bool:
    """True for a text of the form owner/name, with further parts or without.

    >>> is_endpoint("fal-ai/flux/dev"), is_endpoint("flux"), is_endpoint("../x")
    (True, False, False)
    """
    return isinstance(text, str) and bool(_ENDPOINT.fullmatch(text))


def ticket(endpoint: str, request_id: str, answer: Mapping[str, object] | None = None) -> Ticket:
    """Return the ticket of a request, with the addresses fal answered where they are fal's, else built from the id.

    >>> ticket("fal-ai/flux/dev/image-to-image", "a1").status_url
    'https://queue.fal.run/fal-ai/flux/requests/a1/status'
    """
    app = AppId.from_endpoint_id(endpoint)
    base = QUEUE + "/".join(part for part in (app.namespace, app.owner, app.alias, "requests", request_id) if part)
    built = {"status_url": base + "/status", "response_url": base, "cancel_url": base + "/cancel"}
    given = {name: url for name in built if isinstance(url := (answer or {}).get(name), str) and _is_queue(url)}
    return Ticket(provider="fal", endpoint=endpoint, request_id=request_id, **(built | given))


def request_id_of(answer: Mapping[str, object]) -> str | None:
    """Return the request id in an answer, None where there is none that can stand in an address."""
    found = answer.get("request_id")
    return found if isinstance(found, str) and _REQUEST_ID.fullmatch(found) else None


def is_media(url: str, *, sandbox: bool) -> bool:
    """True for an address of fal's storage over https, in the sandbox also for one on this machine.

    >>> is_media("https://v3.fal.media/files/a.png", sandbox=False), is_media("https://fal.media.example/a.png", sandbox=False)
    (True, False)
    """
    parsed = _parsed(url)
    if parsed is None:
        return False
    if sandbox and parsed.scheme == "http" and parsed.host in LOOPBACK:
        return True
    if parsed.scheme != "https" or parsed.userinfo or parsed.port not in (None, 443):
        return False
    host, folder = _OLD_STORAGE
    return parsed.host == "fal.media" or parsed.host.endswith(".fal.media") or (parsed.host == host and parsed.path.startswith(folder))


def media_urls(body: object) -> Iterator[object]:
    """Yield what stands under every key `url` of a result, however deep."""
    if isinstance(body, Mapping):
        for key, value in body.items():
            if key == "url":
                yield value
            else:
                yield from media_urls(value)
    elif isinstance(body, list):
        for item in body:
            yield from media_urls(item)


def _is_queue(url: str) -> bool:
    parsed = _parsed(url)
    return parsed is not None and parsed.scheme == "https" and parsed.host in _QUEUE_HOSTS and parsed.port in (None, 443) and not parsed.userinfo


def _parsed(url: str) -> httpx.URL | None:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        return None
