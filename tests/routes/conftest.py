"""The routes behind a real server, on a data folder of the test's own."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from pipeline.routes import all_routes
from pipeline.routes.here import here
from pipeline.studio.place import Place


@pytest.fixture
def place() -> Place:
    """The place the routes serve."""
    return here()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server with our routes alone."""
    config = uvicorn.Config(Starlette(routes=all_routes()), host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none")
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not serving.started:
        assert time.monotonic() < until, "the server did not start"
        time.sleep(0.01)
    yield f"http://127.0.0.1:{serving.servers[0].sockets[0].getsockname()[1]}"
    serving.should_exit = True
    thread.join(10)


@pytest.fixture
def web(server: str) -> Iterator[httpx.Client]:
    """A client of that server."""
    with httpx.Client(base_url=server, trust_env=False) as client:
        yield client
