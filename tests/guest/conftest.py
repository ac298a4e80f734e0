"""A guest with a browser, and the site that is visited."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import FLAGS, find_browser, is_required
from tests.guest import pictures
from tests.guest.server import GuestServer, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="package")
def guest_browser() -> Iterator[object]:
    """A headless Chromium that is closed before other tests want their own; without one the tests are skipped, in CI they fail."""
    path = find_browser()
    if path is None and not is_required():
        pytest.skip("there is no browser; `python -m tests.browser` looks for one")
    assert path is not None, "CI needs a browser"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="package")
def drawn_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestServer]:
    """A site with all pictures of the made-up hero."""
    folder = tmp_path_factory.mktemp("guest")
    pictures.draw(folder)
    with serving(folder) as server:
        yield server


@pytest.fixture
def site(drawn_site: GuestServer) -> GuestServer:
    """The site, with nothing asked for yet."""
    drawn_site.asked.clear()
    return drawn_site


@pytest.fixture
def visits(guest_browser: "Browser") -> Iterator[Any]:
    """Open a page as a guest does; nothing on it may raise or write to the console."""
    from tests.guest.visit import Visit

    opened: list[Visit] = []

    def visit(**how: Any) -> "Visit":
        opened.append(Visit(guest_browser, **how))
        return opened[-1]

    yield visit
    for one in opened:
        one.context.close()
    assert [trouble for one in opened for trouble in one.troubles] == []
