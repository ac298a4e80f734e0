"""fal's call when a request has ended: proven by its signature, noted once, and used only to look sooner.

Whoever has an account at fal can have it sign calls to us. So a call counts if it is about a request of ours, which shows whose account signs
for us, or if that account signed one before: a call may come before the answer that named its request.
"""

from datetime import UTC, datetime
from functools import cache

import anyio
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from pipeline.database import Connection, Database
from pipeline.errors import NotAllowed, StudioError
from pipeline.processes.worker import provider
from pipeline.providers.webhooks import JwksKeys, Signed, prove, read_headers
from pipeline.records import now
from pipeline.routes.here import here
from pipeline.settings import Settings

LARGEST_BYTES = 1_000_000
BODY_SECONDS = 5.0
# A body that was not read would otherwise be waited for, so that the connection can be used again.
LEAVE = {"connection": "close"}


async def fal_hook(request: Request) -> Response:
    """Answer 200 to a proven call, also to its repeats; the body is not read before the headers are right and their sender is ours.

    401 for any other call, 413 over 1 MB, 408 when the body takes longer than 5 s, 400 when it breaks off, 503 while the studio cannot note it:
    fal then calls again.
    """
    try:
        return Response(status_code=await _answer(request), headers=LEAVE)
    except NotAllowed:
        return Response(status_code=401, headers=LEAVE)
    except TimeoutError:
        return Response(status_code=408, headers=LEAVE)
    except ClientDisconnect:
        return Response(status_code=400, headers=LEAVE)
    except StudioError:
        return Response(status_code=503, headers=LEAVE)


async def _answer(request: Request) -> int:
    signed = read_headers(request.headers, datetime.now(UTC))
    await run_sync(_check_sender, signed)
    with anyio.fail_after(BODY_SECONDS):
        body = await _body(request)
    if body is None:
        return 413
    await run_sync(_take, signed, body)
    return 200


def _check_sender(signed: Signed) -> None:
    with here().database.reading() as db:
        if not _is_ours(db, "fal", signed.request_id) and not _is_known(db, "fal", signed.account):
            raise NotAllowed("This call comes from another account.")


def _take(signed: Signed, body: bytes) -> None:
    place = here()
    prove(signed, body, keys=_keys(place.settings))
    note(place.database, "fal", signed.request_id, signed.account)


def note(database: Database, provider_name: str, request_id: str, account: str) -> None:
    """Keep that a provider called about a request, for which of its accounts; the worker rings whoever waits for it. A repeat changes nothing."""
    with database.writing() as tx:
        tx.execute(
            "INSERT OR IGNORE INTO webhook_inbox(provider, request_id, received_at) VALUES (?, ?, ?)",
            (provider_name, request_id, now()),
        )
        if _is_ours(tx, provider_name, request_id):
            tx.execute("INSERT OR IGNORE INTO hook_accounts(provider, account, since) VALUES (?, ?, ?)", (provider_name, account, now()))


def _is_ours(db: Connection, provider_name: str, request_id: str) -> bool:
    return db.execute("SELECT 1 FROM calls WHERE provider = ? AND request_id = ?", (provider_name, request_id)).fetchone() is not None


def _is_known(db: Connection, provider_name: str, account: str) -> bool:
    return db.execute("SELECT 1 FROM hook_accounts WHERE provider = ? AND account = ?", (provider_name, account)).fetchone() is not None


@cache
def _keys(settings: Settings) -> JwksKeys:
    return JwksKeys(provider(settings).webhook_keys)


async def _body(request: Request) -> bytes | None:
    """Return the body, None for one over 1 MB, of which nothing is read where it says so itself."""
    declared = request.headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit() and len(declared) <= len(str(LARGEST_BYTES)) and int(declared) <= LARGEST_BYTES):
        return None
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > LARGEST_BYTES:
            return None
        pieces.append(piece)
    return b"".join(pieces)
