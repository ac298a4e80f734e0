"""No other web site can use the studio: foreign names and foreign origins are refused before any route, any page and the websocket."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from pipeline.routes.guard import FORBIDDEN, MISDIRECTED, Guard, own_names
from tests.pages.running import RunningApp, running_app

OWN, PUBLIC = "http://127.0.0.1:8501", "https://studio.example.com"


async def _answer(_: Request) -> Response:
    return PlainTextResponse("a customer's photo", headers={"content-security-policy": "default-src 'none'"})


def ask(path: str, method: str = "GET", *, public_url: str = "", **headers: str) -> httpx.Response:
    """Ask a guarded app that listens on port 8501."""
    paths = ("/m/token", "/p/key", "/guest/token", "/hooks/fal", "/")
    routes = [Route(path, _answer, methods=["GET", "POST"]) for path in paths]
    app = Starlette(routes=routes, middleware=[Middleware(Guard, public_url=lambda: public_url)])

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=OWN) as web:
            return await web.request(method, path, headers=headers)

    return anyio.run(asked)


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "[::1]:8501", "LOCALHOST:8501"])
def test_the_studio_answers_to_the_names_of_this_machine_with_its_own_port(host: str) -> None:
    assert ask("/", host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.test:8501", "127.0.0.1:8502", "localhost", "127.0.0.1.evil.test:8501", "", "[::1]", "localhost:8501@evil.test"]
)
@pytest.mark.parametrize("path", ["/", "/m/token", "/p/key", "/hooks/fal"])
def test_a_foreign_name_that_resolves_to_this_machine_is_refused_everywhere(host: str, path: str) -> None:
    answer = ask(path, host=host)
    assert answer.status_code == MISDIRECTED
    assert "photo" not in answer.text


@pytest.mark.parametrize("origin", ["http://evil.test", "http://localhost:3000", "https://127.0.0.1:8501", "http://127.0.0.1:8501.evil.test", "null"])
def test_a_foreign_origin_is_refused_though_it_is_another_port_of_this_machine(origin: str) -> None:
    for method in ("GET", "POST"):
        assert ask("/m/token", method, origin=origin).status_code == FORBIDDEN


def test_our_own_pages_post_under_each_of_our_names() -> None:
    for origin in ("http://127.0.0.1:8501", "http://localhost:8501"):
        assert ask("/", "POST", origin=origin).status_code == 200


def test_what_is_published_is_read_by_guests_pages_of_any_site_and_only_read() -> None:
    assert ask("/p/key", origin="https://wedding.example").status_code == 200
    assert ask("/p/key", "POST", origin="https://wedding.example").status_code == FORBIDDEN


def test_a_service_that_calls_us_sends_no_origin_and_is_let_in() -> None:
    assert ask("/hooks/fal", "POST", public_url=PUBLIC, host="studio.example.com").status_code == 200


def test_the_public_address_is_one_of_our_names_and_no_other_scheme_or_port_of_it() -> None:
    for host, expected in {"studio.example.com": 200, "studio.example.com:443": 200, "studio.example.com:80": MISDIRECTED}.items():
        assert ask("/", public_url=PUBLIC, host=host).status_code == expected
    for origin, expected in {"https://studio.example.com": 200, "http://studio.example.com": FORBIDDEN}.items():
        assert ask("/", "POST", public_url=PUBLIC, host="studio.example.com", origin=origin).status_code == expected


def test_a_websocket_through_a_proxy_that_changes_its_host_reaches_streamlit_under_one_name() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(Headers(scope=scope)["host"])

    async def ignore(*_: object) -> None: ...

    guard = Guard(inner, public_url=lambda: PUBLIC)
    for host, origin in [("127.0.0.1:8501", PUBLIC), ("localhost:8501", OWN), ("127.0.0.1:8501", "http://evil.test")]:
        headers = [(b"host", host.encode()), (b"origin", origin.encode())]
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": headers, "server": ("127.0.0.1", 8501)}
        anyio.run(guard, scope, ignore, ignore)
    assert seen == ["studio.example.com", "127.0.0.1:8501"]


def test_streamlit_is_told_the_same_names() -> None:
    assert own_names(8501, PUBLIC).hostnames == ["127.0.0.1", "::1", "localhost", "studio.example.com"]


def test_nothing_is_framed_but_the_guest_preview_and_that_by_ourselves_alone() -> None:
    told = {path: ask(path).headers for path in ("/", "/m/token", "/guest/token")}
    assert {path: headers["x-frame-options"] for path, headers in told.items()} == {"/": "DENY", "/m/token": "DENY", "/guest/token": "SAMEORIGIN"}
    assert told["/m/token"]["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert told["/guest/token"]["content-security-policy"] == "default-src 'none'; frame-ancestors 'self'"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("guarded") / "studio") as app:
        yield app


def _ask(app: RunningApp, path: str, **headers: str) -> tuple[int, str]:
    line = http.client.HTTPConnection("127.0.0.1", app.port, timeout=10)
    line.request("GET", path, headers=headers)
    answer = line.getresponse()
    told = answer.status, answer.read().decode(errors="replace")
    line.close()
    return told


def _handshake(app: RunningApp, host: str, origin: str) -> str:
    """Open the websocket of the screens as a browser would, and return the first line of the answer."""
    asked = f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    asked += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    with socket.create_connection(("127.0.0.1", app.port), timeout=10) as line:
        line.sendall(asked.encode())
        return line.recv(200).decode(errors="replace").splitlines()[0]


@pytest.mark.browser
def test_the_running_studio_lets_no_foreign_page_look_or_connect_whatever_port_it_was_started_on(app: RunningApp) -> None:
    own = f"127.0.0.1:{app.port}"
    assert _ask(app, "/health", Host=own)[0] == 200
    assert json.loads(_ask(app, "/health", Host=f"localhost:{app.port}")[1])["ok"]
    for path in ("/", "/health", "/_stcore/health", "/_stcore/host-config", "/samples/astronaut.jpg"):
        assert _ask(app, path, Host=f"evil.test:{app.port}")[0] == MISDIRECTED, path
        assert _ask(app, path, Host=own, Origin="http://localhost:9999")[0] == FORBIDDEN, path
    assert _handshake(app, own, f"http://{own}").startswith("HTTP/1.1 101")
    for host, origin in ((f"evil.test:{app.port}", f"http://evil.test:{app.port}"), (own, "http://evil.test"), (own, "http://localhost:1")):
        assert _handshake(app, host, origin).startswith("HTTP/1.1 403"), (host, origin)


@pytest.mark.browser
def test_data_folder_and_files_of_the_running_studio_are_closed_to_other_accounts(app: RunningApp) -> None:
    folder: Path = app.settings.folder
    opened = [path for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & 0o077 and not path.is_symlink() and not path.is_socket()]
    assert opened == []
