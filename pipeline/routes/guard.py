"""Who may speak to the studio at all: its own pages under its own names. Checked before every route, every page and the websocket.

Until somebody signs in, whoever reaches the studio may act as anybody in it. A page of another web site reaches it through the browser of
whoever has that page open, under a foreign name that resolves to this machine or straight across origins; both are refused here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORTS = {"http": 80, "https": 443}
MISDIRECTED, FORBIDDEN = 421, 403
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1
# Read across origins by design: guests' pages on any site show what is published.
PUBLIC_PREFIX = "/p/"
# Framed by our own Publish screen.
FRAMED_PREFIX = "/guest/"


@dataclass(frozen=True, kw_only=True)
class OwnNames:
    """The authorities (host and port) and origins under which the studio may be addressed."""

    hosts: frozenset[str]
    origins: frozenset[str]

    @property
    def hostnames(self) -> list[str]:
        """The names without ports, as Streamlit's `server.allowedHosts` takes them."""
        return sorted({urlsplit(origin).hostname or "" for origin in self.origins})


def own_names(port: int, public_url: str = "") -> OwnNames:
    """Return the names of a studio that listens on `port` and is reached from outside at `public_url`, if it is.

    >>> sorted(own_names(8501, "https://studio.example.com").hosts)
    ['127.0.0.1:8501', '[::1]:8501', 'localhost:8501', 'studio.example.com', 'studio.example.com:443']
    """
    pairs = [("http", host, port) for host in LOOPBACK]
    if public_url:
        parts = urlsplit(public_url)
        name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        pairs.append((parts.scheme, name, parts.port or DEFAULT_PORTS.get(parts.scheme, 443)))
    hosts = {written for scheme, host, at in pairs for written in _authorities(scheme, host, at)}
    origins = {f"{scheme}://{written}" for scheme, host, at in pairs for written in _authorities(scheme, host, at)}
    return OwnNames(hosts=frozenset(hosts), origins=frozenset(origins))


def _authorities(scheme: str, host: str, port: int) -> set[str]:
    return {f"{host}:{port}"} | ({host} if DEFAULT_PORTS.get(scheme) == port else set())


class Guard:
    """ASGI middleware that lets in what is addressed to the studio by its own pages, and forbids others to frame what it answers."""

    def __init__(self, app: ASGIApp, *, public_url: Callable[[], str]) -> None:
        """Stand in front of `app`; `public_url` is asked at each request, as settings are read after the server has begun."""
        self.app, self.public_url = app, public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is let in; answer 421 to a foreign host and 403 to a foreign origin, in one sentence."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(_of_one_name(scope), receive, _unframed(send, scope))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": bytes(refusal.body).decode()[:120]})
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        names = own_names((scope.get("server") or ("", 0))[1] or 0, self.public_url())
        if headers.get("host", "").lower() not in names.hosts:
            return PlainTextResponse("This studio does not answer to that name. Open it at the address it printed when it started.", MISDIRECTED)
        origin = headers.get("origin")
        if origin is None or origin.lower() in names.origins or _is_read_across(scope):
            return None
        return PlainTextResponse("Another web site may not use this studio.", FORBIDDEN)


def _of_one_name(scope: Scope) -> Scope:
    """Let a websocket's Host say what its Origin says, as both are ours: a proxy may have changed the one.

    Where they differ Streamlit asks a service in the internet for this machine's address before it looks at what it was told to allow.
    """
    origin = Headers(scope=scope).get("origin")
    if scope["type"] != "websocket" or origin is None:
        return scope
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {**scope, "headers": [(b"host", urlsplit(origin).netloc.encode("latin-1")), *others]}


def _is_read_across(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in ("GET", "HEAD", "OPTIONS") and str(scope["path"]).startswith(PUBLIC_PREFIX)


def _unframed(send: Send, scope: Scope) -> Send:
    """Add to every answer who may show it in a frame: our own pages where that is meant, nobody elsewhere."""
    path = str(scope["path"])
    if scope["type"] != "http" or path.startswith(PUBLIC_PREFIX):
        return send
    whom: Mapping[str, str] = {"option": "SAMEORIGIN", "ancestors": "'self'"} if path.startswith(FRAMED_PREFIX) else _NOBODY

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-frame-options"] = whom["option"]
            policy = headers.get("content-security-policy", "")
            if "frame-ancestors" not in policy:
                headers["content-security-policy"] = "; ".join(filter(None, (policy, f"frame-ancestors {whom['ancestors']}")))
        await send(message)

    return with_headers


_NOBODY: Mapping[str, str] = {"option": "DENY", "ancestors": "'none'"}
