"""The emulator's process: one port on loopback that answers for every host of the provider."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline import settings
from pipeline.errors import PortTaken
from pipeline.sandbox.book import Book
from pipeline.sandbox.crew import Crew
from pipeline.sandbox.hosts import Hosts
from pipeline.sandbox.platform import Platform
from pipeline.sandbox.queue import Queue
from pipeline.sandbox.shelf import Shelf
from pipeline.sandbox.uploads import Uploads
from pipeline.sandbox.webhooks import Webhooks

HOST = "127.0.0.1"
POLL_SECONDS = 0.5
# Far above any client's own pool: a server that hangs up first makes a client's next POST look half-sent.
KEEP_ALIVE_SECONDS = 600


class Emulator:
    """One emulator on one folder; `serve` runs it, and other threads may ask how busy it is."""

    def __init__(self, folder: Path, *, speed: str = "fast", slots: int = 10, pictures: str = "rendered", public_url: str = "") -> None:
        self.folder, self.speed, self.slots, self.pictures, self.public_url = folder, speed, slots, pictures, public_url
        self.open_requests = 0
        self.at_work = 0
        self.last_request_at = time.monotonic()

    def busy(self) -> bool:
        """True while a request is being answered, or work is queued or in progress."""
        return self.open_requests > 0 or self.at_work > 0

    def idle_seconds(self) -> float:
        """Seconds since the last request was answered; zero while busy."""
        return 0.0 if self.busy() else time.monotonic() - self.last_request_at

    def run(self, *, port: int, on_ready: Callable[[int], None], should_stop: Callable[[], bool]) -> None:
        """Serve until told to stop; raises PortTaken when something else listens there."""
        listener = _listen(port)
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            runner.run(self._serve(listener, on_ready, should_stop))

    async def _serve(self, listener: socket.socket, on_ready: Callable[[int], None], should_stop: Callable[[], bool]) -> None:
        cv2.setNumThreads(max(1, (os.cpu_count() or 2) - 1))
        book = Book(self.folder)
        webhooks = Webhooks(book, public_url=self.public_url)
        shelf = Shelf(self.folder, book.db)
        crew = Crew(book, shelf, slots=self.slots, speed=self.speed, ready_set=self.pictures == "ready", on_end=webhooks.ended)
        hosts = Hosts(book, Queue(book, crew), Uploads(book, shelf), Platform(book, shelf), webhooks)
        crew.start()
        webhooks.start()
        server = _Server(_config(self._counted(hosts, crew)))
        watch = asyncio.get_running_loop().create_task(self._watch(server, crew, listener.getsockname()[1], on_ready, should_stop))
        try:
            await server.serve([listener])
        finally:
            watch.cancel()
            await webhooks.stop()
            await crew.stop()
            book.close()
            listener.close()
        if watch.done() and not watch.cancelled():
            watch.result()

    async def _watch(self, server: "_Server", crew: Crew, port: int, on_ready: Callable[[int], None], should_stop: Callable[[], bool]) -> None:
        """Say when the server listens, then ask every half second whether to stop; a caller that fails stops it too."""
        try:
            while not server.started:
                await asyncio.sleep(0.005)
            on_ready(port)
            while not should_stop():
                crew.go_on()
                self.at_work = crew.at_work()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            crew.stopping.set()
            server.should_exit = True

    def _counted(self, hosts: Hosts, crew: Crew) -> Callable[[Scope, Receive, Send], Any]:
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            self.open_requests += 1
            try:
                await hosts(scope, receive, send)
                self.at_work = crew.at_work()
            finally:
                self.last_request_at = time.monotonic()
                self.open_requests -= 1

        return application


def serve(
    folder: Path,
    *,
    port: int = 0,
    speed: str = "fast",
    slots: int = 10,
    pictures: str = "rendered",
    on_ready: Callable[[int], None],
    should_stop: Callable[[], bool],
) -> None:
    """Run the emulator on `folder` until `should_stop` says so, which is asked every half second.

    `port` 0 takes a free one; `on_ready` hears which, once the server listens. `speed` is `fast`, `real` or seconds for every
    model; `pictures` is `rendered` or `ready`. No signal handler is changed. Raises PortTaken.
    """
    global _current
    given = settings.load()
    if given.ffmpeg:
        os.environ["FFMPEG_BINARY"] = given.ffmpeg  # moviepy reads it when it is first imported
    _current = Emulator(folder, speed=speed, slots=slots, pictures=pictures, public_url=given.public_url)
    try:
        _current.run(port=port, on_ready=on_ready, should_stop=should_stop)
    finally:
        _current = None


_current: Emulator | None = None


def busy() -> bool:
    """True while the emulator of this process answers a request or has work queued or in progress."""
    return _current is not None and _current.busy()


def idle_seconds() -> float:
    """Seconds since the emulator of this process answered its last request; zero while it is busy."""
    return 0.0 if _current is None else _current.idle_seconds()


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: the caller decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave every signal to the caller."""
        yield


class _Protocol(H11Protocol):
    """Lets a response reach its connection, so that it can break it on purpose."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the connection where the application finds it."""
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


def _config(application: Callable[[Scope, Receive, Send], Any]) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise PortTaken(f"Port {port} is taken by another program.", next="Choose another port for the sandbox.") from None
    listener.listen(2048)
    return listener


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
