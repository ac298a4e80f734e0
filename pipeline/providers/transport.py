"""The way to the sandbox, and one bounded exchange over it or over the open network."""

import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
EMULATED_HOST = "X-Emulated-Host"
PIECE_BYTES = 1 << 18
CONNECTIONS = httpx.Limits(max_connections=200, max_keepalive_connections=50)


class ToSandbox(httpx.BaseTransport):
    """Send every request, whatever its host, to the sandbox, naming the host that was meant in X-Emulated-Host.

    `address` gives the sandbox's base address each time, because its port changes when it restarts; empty while it is down.
    """

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        # Loopback speaks plain http: a bare context spares loading every certificate authority.
        self._inner = httpx.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), limits=CONNECTIONS)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        base = self._base(request)
        headers = request.headers.copy()
        headers[EMULATED_HOST] = request.url.host
        headers["Host"] = base.netloc.decode("ascii")
        url = request.url.copy_with(scheme=base.scheme, host=base.host, port=base.port)
        return self._inner.handle_request(httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=request.extensions))

    def close(self) -> None:
        self._inner.close()

    def _base(self, request: httpx.Request) -> httpx.URL:
        try:
            base = httpx.URL(self._address())
        except (OSError, httpx.InvalidURL) as error:
            raise httpx.ConnectError("the sandbox has no address", request=request) from error
        if base.host not in LOOPBACK:
            raise httpx.ConnectError("the sandbox is not on this machine", request=request)
        return base


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole HTTP answer; `headers` ignores case."""

    status: int
    headers: httpx.Headers
    body: bytes

    def document(self) -> Mapping[str, object]:
        """Return the JSON object of the body, empty where it is not one."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Deadline:
    """A moment by which an exchange must have ended."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left_seconds(self) -> float:
        """Seconds until then, never negative."""
        return max(0.0, self._end - time.monotonic())

    def check(self, request: httpx.Request | None = None) -> None:
        """Raise httpx.ReadTimeout once the moment has passed."""
        if self.left_seconds() <= 0:
            raise httpx.ReadTimeout("the exchange took too long", request=request)


class Exchange:
    """One request and its answer, never repeated and never redirected, ended within twice `seconds` at the latest.

    httpx limits each read and write, not the whole, so a body that drips is cut off here.
    """

    def __init__(self, client: httpx.Client, method: str, url: str, *, seconds: float, **more: Any) -> None:
        self._client = client
        self._deadline = Deadline(seconds)
        step = seconds / 4
        timeout = httpx.Timeout(seconds, connect=min(5.0, step), pool=step, write=step)
        self._request = client.build_request(method, url, timeout=timeout, **more)

    def __enter__(self) -> Self:
        self.response = self._client.send(self._request, stream=True, follow_redirects=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.response.close()

    def pieces(self, *, raw: bool = False) -> Iterator[bytes]:
        """Yield the body as it comes, decoded unless `raw`; raises httpx.HTTPError."""
        for piece in self.response.iter_raw() if raw else self.response.iter_bytes():
            yield piece
            self._deadline.check(self._request)


def ask(client: httpx.Client, method: str, url: str, *, seconds: float, limit_bytes: int = 8 << 20, **more: Any) -> Answer:
    """Make one exchange and return its whole answer; raises httpx.HTTPError, also for a body over the limit."""
    body = bytearray()
    with Exchange(client, method, url, seconds=seconds, **more) as exchange:
        for piece in exchange.pieces():
            body += piece
            if len(body) > limit_bytes:
                raise httpx.DecodingError("the answer is too long")
        return Answer(status=exchange.response.status_code, headers=exchange.response.headers, body=bytes(body))


def in_pieces(data: bytes, deadline: Deadline) -> Iterator[bytes]:
    """Yield bytes to send piece by piece, so that a slow way up ends at the deadline."""
    for start in range(0, len(data), PIECE_BYTES):
        deadline.check()
        yield data[start : start + PIECE_BYTES]
