"""One stored file for the bearer of a signed link; everything else is the same bare 404."""

from functools import lru_cache
from pathlib import Path

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from pipeline.errors import AccessError, MediaError, StoreError
from pipeline.media.stills import small_copy
from pipeline.routes.here import here
from pipeline.storage.folder import FolderStore
from pipeline.storage.links import attachment, open_link, secret_for
from pipeline.storage.port import StoredObject

KEEP_SECONDS = 3600
SMALL_KEPT = 2000
HEADERS = {
    "cache-control": f"private, max-age={KEEP_SECONDS}, immutable",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


async def media(request: Request) -> Response:
    """Answer 200, 206 or 304 with the file a valid link names, 403 for a link that is not valid, 404 where nothing is stored.

    With `?small` a picture comes as a copy of at most 192 px, as a grid of hundreds shows it.
    """
    try:
        found, path, save_as = await run_sync(_find, request.path_params["token"])
    except AccessError:
        return Response(status_code=403)
    except StoreError:
        return Response(status_code=404)
    small = "small" in request.query_params and found.media_type.startswith("image/")
    mark = f"{found.sha256}-small" if small else found.sha256
    headers = {**HEADERS, "etag": f'"{mark}"', **({"content-disposition": attachment(save_as)} if save_as else {})}
    if _known(request.headers.get("if-none-match", ""), mark):
        return Response(status_code=304, headers=headers)
    if small:
        try:
            return Response(await run_sync(_small, path, found.sha256), media_type="image/webp", headers=headers)
        except MediaError:
            return Response(status_code=404)
    return FileResponse(path, media_type=found.media_type, headers=headers)


@lru_cache(maxsize=SMALL_KEPT)
def _small(path: Path, sha256: str) -> bytes:  # noqa: ARG001 - what tells one file's content from another's
    """Return the small copy of a file; kept in memory alone, so that nothing of a removed picture stays behind on the disk."""
    return small_copy(path.read_bytes())


def _find(token: str) -> tuple[StoredObject, Path, str]:
    place = here()
    link = open_link(token, secret=secret_for(place.settings.folder))
    if not isinstance(place.store, FolderStore):
        raise StoreError  # media lies elsewhere, under links of its own
    return place.store.head(link.key), place.store.path_of(link.key), link.save_as


def _known(given: str, sha256: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")]
    return sha256 in tags or "*" in tags
