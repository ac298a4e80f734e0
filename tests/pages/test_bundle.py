"""The browser's half of the screens is served whole, kept for ever under its own name, and by no other."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from pages.parts.bundle import MARK, SCRIPT, STYLE, bundle


def get(name: str) -> httpx.Response:
    """Ask for a file as a browser does."""
    app = Starlette(routes=[Route("/ui/{name}", bundle)])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio") as client:
            return await client.get(f"/ui/{name}")

    with ThreadPoolExecutor(1) as apart:  # a browser that other tests opened keeps an event loop in this thread
        return apart.submit(lambda: asyncio.run(ask())).result()


@pytest.mark.parametrize(("name", "text", "media_type"), [(f"{MARK}.js", SCRIPT, "text/javascript"), (f"{MARK}.css", STYLE, "text/css")])
def test_script_and_style_are_whole_and_kept(name: str, text: str, media_type: str) -> None:
    answer = get(name)
    assert answer.text == text
    assert answer.headers["content-type"].startswith(media_type)
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", ["", "app.js", f"{MARK}.py", "..%2Fbundle.py", f"{MARK}"])
def test_nothing_else_is_served(name: str) -> None:
    assert get(name).status_code == 404


def test_only_one_script_is_the_way_in() -> None:
    assert SCRIPT.count("export default") == 1
