"""Which routes answer for which of the provider's hosts."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.sandbox.answers import request_error
from pipeline.sandbox.billing import Billing
from pipeline.sandbox.book import Book, State
from pipeline.sandbox.platform import Platform
from pipeline.sandbox.queue import Queue
from pipeline.sandbox.uploads import Uploads
from pipeline.sandbox.webhooks import Webhooks

HEADER = b"x-emulated-host"


class Hosts:
    """One application for every host: the name comes in a header, or else follows from the path."""

    def __init__(self, book: Book, queue: Queue, uploads: Uploads, platform: Platform, webhooks: Webhooks) -> None:
        self.book = book
        self.routers: dict[str, ASGIApp] = {}
        self._serve(["queue.fal.run", "queue.falrun.com"], queue.routes())
        self._serve(["fal.run", "falrun.com"], queue.direct_routes())
        self._serve(["rest.fal.ai", "rest.alpha.fal.ai"], uploads.token_routes() + webhooks.routes())
        self._serve(["v3.fal.media", "v3b.fal.media"], uploads.file_routes())
        self._serve(["api.fal.ai"], platform.routes() + Billing(book).routes())
        self._serve(["127.0.0.1"], [Route("/health", self.health, methods=["GET"])])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the host it was meant for."""
        given = dict(scope["headers"]).get(HEADER, b"").decode("latin-1")
        await self.routers.get(given or host_of(scope["path"]), _no_host)(scope, receive, send)

    async def health(self, request: Request) -> Response:  # noqa: ARG002
        """Say what the emulator is doing."""
        return JSONResponse({"sandbox": True, "queued": self.book.count(State.QUEUED), "running": self.book.count(State.RUNNING)})

    def _serve(self, names: list[str], routes: list[Route]) -> None:
        router = Router(routes=routes, default=_no_route, redirect_slashes=False)
        self.routers |= dict.fromkeys(names, router)


def host_of(path: str) -> str:
    """Guess the host a path belongs to.

    >>> host_of("/files/upload"), host_of("/fal-ai/flux/dev/image-to-image")
    ('v3.fal.media', 'queue.fal.run')
    """
    if path == "/health":
        return "127.0.0.1"
    for start, host in (("/storage/", "rest.fal.ai"), ("/.well-known/", "rest.fal.ai"), ("/files/", "v3.fal.media"), ("/v1/", "api.fal.ai")):
        if path.startswith(start):
            return host
    return "queue.fal.run"


async def _no_route(scope: Scope, receive: Receive, send: Send) -> None:
    await request_error(404, "Not found")(scope, receive, send)


async def _no_host(scope: Scope, receive: Receive, send: Send) -> None:
    await request_error(421, "The sandbox does not stand in for this host")(scope, receive, send)
