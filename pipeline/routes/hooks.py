"""fal's call when a request has ended: proven by its signature, noted once, and used only to look sooner."""

from datetime import UTC, datetime
from functools import cache

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from pipeline.database import Database
from pipeline.errors import NotAllowed
from pipeline.processes.worker import provider
from pipeline.providers.webhooks import JwksKeys, verify
from pipeline.records import now
from pipeline.routes.here import here
from pipeline.settings import Settings

LARGEST_BYTES = 1_000_000


async def fal_hook(request: Request) -> Response:
    """Answer 200 to a proven call, also to its repeats; 401 to any other, 413 to one over 1 MB."""
    body = await _body(request)
    if body is None:
        return Response(status_code=413)
    try:
        await run_sync(_take, dict(request.headers), body)
    except NotAllowed:
        return Response(status_code=401)
    return Response(status_code=200)


def _take(headers: dict[str, str], body: bytes) -> None:
    place = here()
    request_id = verify(headers, body, keys=_keys(place.settings), now=datetime.now(UTC))
    note(place.database, "fal", request_id)


def note(database: Database, provider_name: str, request_id: str) -> None:
    """Keep that a provider called about a request; the worker rings whoever waits for it. A repeat changes nothing."""
    with database.writing() as tx:
        tx.execute(
            "INSERT OR IGNORE INTO webhook_inbox(provider, request_id, received_at) VALUES (?, ?, ?)",
            (provider_name, request_id, now()),
        )


@cache
def _keys(settings: Settings) -> JwksKeys:
    return JwksKeys(provider(settings).webhook_keys)


async def _body(request: Request) -> bytes | None:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > LARGEST_BYTES:
            return None
        pieces.append(piece)
    return b"".join(pieces)
