"""One stored file for the bearer of a signed link; everything else is the same bare 404."""

from pathlib import Path

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from pipeline.errors import AccessError, StoreError
from pipeline.routes.here import here
from pipeline.storage.folder import FolderStore
from pipeline.storage.links import attachment, open_link, secret_for
from pipeline.storage.port import StoredObject

KEEP_SECONDS = 3600
HEADERS = {
    "cache-control": f"private, max-age={KEEP_SECONDS}, immutable",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


async def media(request: Request) -> Response:
    """Answer 200, 206 or 304 with the file a valid link names, 403 for a link that is not valid, 404 where nothing is stored."""
    try:
        found, path, save_as = await run_sync(_find, request.path_params["token"])
    except AccessError:
        return Response(status_code=403)
    except StoreError:
        return Response(status_code=404)
    headers = {**HEADERS, "etag": f'"{found.sha256}"', **({"content-disposition": attachment(save_as)} if save_as else {})}
    if _known(request.headers.get("if-none-match", ""), found.sha256):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type=found.media_type, headers=headers)


def _find(token: str) -> tuple[StoredObject, Path, str]:
    place = here()
    link = open_link(token, secret=secret_for(place.settings.folder))
    if not isinstance(place.store, FolderStore):
        raise StoreError  # media lies elsewhere, under links of its own
    return place.store.head(link.key), place.store.path_of(link.key), link.save_as


def _known(given: str, sha256: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")]
    return sha256 in tags or "*" in tags
