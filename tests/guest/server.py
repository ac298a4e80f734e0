"""A guest's site on loopback: pages as strings, media with range support, and what was asked for with which answer."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from pipeline.guest.hero import Hero, head, script, script_key, snippet

SCRIPT = f"/{script_key()}"
YEAR = "public, max-age=31536000, immutable"
HOST = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Ana and Ben</title>
<meta name="viewport" content="width=device-width, initial-scale=1">%s<style>body { margin: 0 }</style></head>
<body>%s<h1 id="after">Ana and Ben</h1></body></html>"""


def host(hero: Hero, *, before: str = "", styled: bool = True) -> str:
    """Return a customer's page with the snippet pasted into it, and something before it."""
    return HOST % (head(hero), before + snippet(hero, SCRIPT, styled=styled))


class _Hanging(Response):
    """Says that a clip is coming, sends its first bytes, and then nothing for as long as somebody waits."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"video/mp4"), (b"content-length", b"1000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"\0\0\0\x20ftypisom", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass


class GuestServer:
    """Pages put by name, the files of a folder under /media/, and a log of what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        self.asked: list[tuple[str, str, int]] = []
        routes = [
            Route("/pages/{name}", self._page),
            Route("/media/{name}", self._media),
            Route("/hanging.mp4", self._hanging),
            Route(SCRIPT, lambda _: Response(script(), media_type="text/javascript")),
            Route("/favicon.ico", lambda _: Response()),
        ]
        self._server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=0, log_level="critical", lifespan="off", ws="none"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> "GuestServer":
        """Serve, and return when the port is known."""
        self._thread.start()
        end = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < end, "the guest's site did not start"
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        return self

    def stop(self) -> None:
        """Stop serving, and drop whoever still waits."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(20)

    def put(self, name: str, html: str, **headers: str) -> str:
        """Keep a page and return its address."""
        self.pages[name] = (html, {key.replace("_", "-"): value for key, value in headers.items()})
        return f"{self.url}/pages/{name}"

    def asked_for(self, ending: str) -> list[tuple[str, int]]:
        """Return the range and the status of every request for files of this ending."""
        return [(range_, status) for name, range_, status in self.asked if name.endswith(ending)]

    async def _page(self, request: Request) -> Response:
        html, headers = self.pages[request.path_params["name"]]
        return HTMLResponse(html, headers={"cache-control": "no-store", **headers})

    async def _media(self, request: Request) -> Response:
        name, range_ = request.path_params["name"], request.headers.get("range", "")
        path = self.folder / name
        answer = FileResponse(path, headers={"cache-control": YEAR}) if path.is_file() else Response(status_code=404)
        self.asked.append((name, range_, 404 if not path.is_file() else 206 if range_ else 200))
        return answer

    async def _hanging(self, _: Request) -> Response:
        return _Hanging()


@contextmanager
def serving(folder: Path) -> Iterator[GuestServer]:
    """Serve a folder for as long as the block lasts."""
    server = GuestServer(folder).start()
    try:
        yield server
    finally:
        server.stop()
