"""Screens with and without a browser."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from pipeline.routes import here as served
from tests.browser import FLAGS, find_browser, is_required
from tests.pages.running import RunningApp, free_port, running_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.pages.watching import Watched


@pytest.fixture(autouse=True)
def _places_close() -> Iterator[None]:
    """The place a screen looked at is let go of after each test, with the files it holds open."""
    yield
    served._opened.cache_clear()


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """A headless Chromium; without one the tests are skipped, in CI they fail."""
    path = find_browser()
    if path is None and not is_required():
        pytest.skip("there is no browser; `python -m tests.browser` looks for one")
    assert path is not None, "CI needs a browser"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A fresh studio, started as `make run` does; the tests of a file share it and do not count on its state."""
    port = free_port()
    folder = tmp_path_factory.mktemp("app") / "studio"
    with running_app(folder, port=port, STUDIO_SANDBOX_SPEED="1", STUDIO_PUBLIC_URL=f"http://127.0.0.1:{port}") as started:
        yield started


@pytest.fixture
def watched(browser: "Browser") -> Iterator["Watched"]:
    """A page in which nothing may go wrong and which asks nobody but our server."""
    from tests.pages.watching import Watched

    page = Watched(browser)
    yield page
    page.context.close()
    assert page.troubles == []
    assert page.outside == []
