"""The browser's half of the Compare grid on its own: script and style as they are served, a made-up sweep, and a stand-in for the page around."""

import io
import itertools
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import streamlit
import uvicorn
from PIL import Image, ImageEnhance, ImageOps
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pages.parts.bundle import MARK, bundle
from pages.parts.markup import tag
from pipeline.media import ffmpeg
from pipeline.settings import ROOT, SHIPPED
from pipeline.storage import links

SECRET = b"s" * 32
SYMBOLS = next((Path(streamlit.__file__).parent / "static").rglob("MaterialSymbols-Rounded*.woff2"))
STRENGTHS = ("0.50", "0.55", "0.60", "0.65", "0.70")
# What the screen library gives every element of ours: its colours by theme, and a shadow root with a place to draw in.
PAGE = """<!doctype html><html lang="en"><head><title>Compare</title><meta name="viewport" content="width=device-width"><style>
@font-face { font-family: "Material Symbols Rounded"; src: url(/symbols) }
@font-face { font-family: Inter; src: url(/static/inter-latin-wght-normal.woff2); font-weight: 100 900 }
:root { color-scheme: light dark; font-size: 15px; --st-font: Inter, sans-serif; --st-primary-color: #7a3b8f; --st-link-color: #7a3b8f;
  --st-background-color: #f2f2f2; --st-secondary-background-color: #fff; --st-text-color: #1c1c1c; --st-border-color: #d9d9d9;
  --st-red-text-color: #bd2b2b; --st-red-background-color: #fdecec; --st-green-text-color: #15703a }
@media (prefers-color-scheme: dark) { :root { --st-primary-color: #9a55b0; --st-link-color: #cf9ddd; --st-background-color: #1f1f1f;
  --st-secondary-background-color: #2b2b2b; --st-text-color: #ededed; --st-border-color: #404040; --st-red-text-color: #ff8d8d;
  --st-red-background-color: #4a2323; --st-green-text-color: #6fd394 } }
body { margin: 0; padding: clamp(12px, 3vw, 48px); background: var(--st-background-color) }
h1 { font: 650 1.75rem/1.2 Inter, sans-serif; color: var(--st-text-color); margin: 0 0 16px }
</style></head><body><main><h1>Compare</h1><div id="host"></div></main><script type="module">
import element from '/ui/MARK.js'
const root = document.querySelector('#host').attachShadow({ mode: 'open' })
root.innerHTML = "<link rel='stylesheet' href='/ui/MARK.css'><div class='live'></div><div class='spoken' role='status'></div>"
window.told = []
let html = null
const give = (heard) => element({ data: { key: 'page', html, mark: html, spoken: '', heard }, parentElement: root, setTriggerValue: (_, what) => {
  if (!told.some((one) => one.wish === what.wish)) told.push(what)
  setTimeout(() => give(what.wish))
} })
window.give = (drawn) => { html = drawn; give(null) }
root.querySelector('link').addEventListener('load', () => window.give(SECTION))
</script></body></html>"""


class GridServer:
    """A sweep on loopback: what is told of it, its pictures, and which of them were asked for."""

    def __init__(self, folder: Path, cells: list[dict[str, Any]], axes: list[dict[str, Any]], *, kind: str = "avatar") -> None:
        self.folder, self.axes, self.kind = folder, axes, kind
        self.revision, self.cells = 1, {cell["id"]: (1, cell) for cell in cells}
        self.asked: list[str] = []
        self.feeds: list[str] = []
        self.broken = False
        routes = [
            Route("/", self._page),
            Route("/grid/{token}", self._feed),
            Route("/m/{token}", self._media),
            Route("/ui/{name}", bundle),
            Route("/symbols", lambda _: FileResponse(SYMBOLS)),
            Route("/_stcore/health", lambda _: Response("ok")),
            Route("/favicon.ico", lambda _: Response()),
            Mount("/static", StaticFiles(directory=ROOT / "pages" / "static")),
        ]
        self._server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=0, log_level="critical", lifespan="off", ws="none"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> "GridServer":
        """Serve, and return when the port is known."""
        self._thread.start()
        end = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < end, "the server of the grid did not start"
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        return self

    def stop(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(20)

    def change(self, id_: str, **how: Any) -> None:
        """Let one cell be told anew to whoever knows the older one."""
        self.revision += 1
        self.cells[id_] = (self.revision, {**self.cells[id_][1], **how})

    def section(self, **how: str) -> str:
        """Return the element that Python draws, at the newest version."""
        about = {"data_feed": "/grid/signed", "data_version": str(self.revision), "data_title": "spring presets", "id": "grid-spring", **how}
        return tag("section", class_="grid", data_own=True, **about)

    def tell(self, page: Page, **how: str) -> None:
        """Draw the section as it is now, as the next beat of the page does."""
        page.evaluate("html => window.give(html)", self.section(**how))

    def pictures(self) -> list[str]:
        """Return the files of cells that were asked for, in order, the photos of heads left out."""
        return [name for name in self.asked if name.startswith("cell")]

    async def _page(self, _: Request) -> HTMLResponse:
        return HTMLResponse(PAGE.replace("MARK", MARK).replace("SECTION", json.dumps(self.section()).replace("<", "\\u003c")))

    async def _feed(self, request: Request) -> Response:
        since = request.query_params["since"]
        self.feeds.append(since)
        if self.broken:
            return Response(status_code=500)
        known = int(since or 0)
        cells = [cell for revision, cell in self.cells.values() if revision > known]
        whole = {"axes": self.axes, "reasons": ["likeness", "hands", "style"], "kind": self.kind, "name": "spring presets"} if not known else {}
        return JSONResponse({"cursor": str(self.revision), "whole": not known, "cells": cells, **whole})

    async def _media(self, request: Request) -> Response:
        name = links.open_link(request.path_params["token"], secret=SECRET).key
        self.asked.append(name)
        kept = {"cache-control": "private, max-age=3600, immutable"}
        if name.endswith(".mp4"):
            return FileResponse(self.folder / name, headers=kept)
        return Response((self.folder / name).read_bytes(), media_type="image/webp", headers=kept)


@contextmanager
def serving(folder: Path, cells: list[dict[str, Any]], axes: list[dict[str, Any]], **how: Any) -> Iterator[GridServer]:
    """Serve a sweep for as long as the block lasts."""
    server = GridServer(folder, cells, axes, **how).start()
    try:
        yield server
    finally:
        server.stop()


def address(name: str, *, seconds: int = 3600) -> str:
    """Return a signed address of a file as the studio gives it."""
    return f"/m/{links.sign(name, secret=SECRET, seconds=seconds)}"


def axis(name: str, *labels: str, pictures: bool = False) -> dict[str, Any]:
    """Return an axis as it is told."""
    photo = {"picture": address("photo.webp"), "large": address("photo.webp")}
    values = [{"label": label, "full": label, **(photo if pictures else {"picture": None})} for label in labels]
    return {"name": name, "title": name.capitalize(), "values": values}


def usual_axes(strengths: tuple[str, ...] = STRENGTHS) -> list[dict[str, Any]]:
    """Return two photos, two styles, some strengths, two seeds, and the steps that are the same for all."""
    return [
        axis("photo", "Ana & Ben", "Lim", pictures=True),
        axis("style", "Pixar", "Ghibli"),
        axis("strength", *strengths),
        axis("seed", "7", "8"),
        axis("steps", "40"),
    ]


def cells_of(folder: Path, axes: list[dict[str, Any]], *, size_px: int = 192) -> list[dict[str, Any]]:
    """Return a made cell for every combination, each with a picture of its own on disk."""
    with Image.open(SHIPPED / "samples" / "astronaut.jpg") as opened:
        photo = ImageOps.fit(opened.convert("RGB"), (size_px, size_px))
    (folder / "photo.webp").write_bytes(_webp(photo))
    places = itertools.product(*(range(len(one["values"])) for one in axes))
    return [_cell(folder, photo, number, at, axes) for number, at in enumerate(places)]


def _cell(folder: Path, photo: Image.Image, number: int, at: tuple[int, ...], axes: list[dict[str, Any]]) -> dict[str, Any]:
    name = f"cell{number}.webp"
    tint = Image.new("RGB", photo.size, (number * 53 % 256, number * 97 % 256, number * 31 % 256))
    (folder / name).write_bytes(_webp(Image.blend(ImageEnhance.Color(photo).enhance(1.6), tint, 0.25)))
    seen = [[one["title"], one["values"][place]["full"]] for one, place in zip(axes, at, strict=True)]
    endpoint = "fal-ai/flux/dev/image-to-image"
    shown = {"picture": address(name), "full": address(name), "clip": None, "width_px": photo.width, "height_px": photo.height}
    measured = {"likeness": round(0.3 + number * 37 % 50 / 100, 2), "band": "close", "unmeasured": None, "seconds": 9.1}
    judged = {"stars": 0, "mean_stars": None, "rejected": "", "unfit": None}
    state = {"state": "made", "words": "Made", "progress": None, "cost_micro_usd": 30_000, "owned": False}
    facts = [["Model", "FLUX.1 [dev]"], ["Endpoint asked", endpoint], ["Served by", endpoint], *seen]
    return {"id": f"c{number}", "at": list(at), **state, **shown, **measured, **judged, "facts": facts}


def _webp(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=80, method=0)
    return buffer.getvalue()


def clip(folder: Path, name: str, seconds: float) -> str:
    """Write a clip that shows its own time, and return its address."""
    look = f"testsrc2=size=192x192:rate=24:duration={seconds}"
    how = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    subprocess.run([ffmpeg.find(), "-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i", look, *how, str(folder / name)], check=True)
    return address(name)
