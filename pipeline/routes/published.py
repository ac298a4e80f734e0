"""What guests read where the studio itself is the public store: published files and the script that shows them, and nothing else."""

import re
from pathlib import Path

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from pipeline.errors import StudioError
from pipeline.guest.hero import script, script_key
from pipeline.publishing import publications
from pipeline.publishing.addresses import PUBLIC, SANDBOX_PREFIX, is_public
from pipeline.publishing.publications import Publication
from pipeline.routes.here import here
from pipeline.storage.folder import FolderStore

SCRIPT = "text/javascript"
OLDER_SCRIPT = re.compile(r"scripts/living-portrait-[0-9a-f]{12}\.js")
HEADERS = {
    "cache-control": PUBLIC,
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": "*",
}


async def published(request: Request) -> Response:
    """Answer 200, 206, 304 or 416 with a file that is published now; a bare 404 for everything else, whatever the address tries."""
    key = request.path_params["key"]
    if key == script_key():
        return Response(script(), media_type=SCRIPT, headers={**HEADERS, "etag": f'"{script_key()}"'})
    if OLDER_SCRIPT.fullmatch(key):
        older = await run_sync(_older_script, key)
        return FileResponse(older, media_type=SCRIPT, headers=HEADERS) if older else Response(status_code=404)
    found = await run_sync(_find, key)
    if found is None:
        return Response(status_code=404)
    publication, path = found
    if path is None:  # published in another store since this address was given away
        return RedirectResponse(publication.url, 307, {"cache-control": "no-store"})
    headers = {**HEADERS, "etag": f'"{publication.sha256}"'}
    if _known(request.headers.get("if-none-match", ""), publication.sha256):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type=publication.media_type, headers=headers)


def _find(key: str) -> tuple[Publication, Path | None] | None:
    if not is_public(key):
        return None
    place = here()
    with place.database.reading() as db:
        publication = publications.shown_under(db, key) or publications.shown_under(db, SANDBOX_PREFIX + key)
    if publication is None or publication.store != "folder":
        return (publication, None) if publication else None
    path = _in_folder(key)
    return (publication, path) if path else None


def _older_script(key: str) -> Path | None:
    """Pages that were made with an older script still name it."""
    return _in_folder(key)


def _in_folder(key: str) -> Path | None:
    try:
        store = here().storefront_of("folder").store
        return store.path_of(key) if isinstance(store, FolderStore) else None
    except StudioError:
        return None


def _known(given: str, sha256: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")]
    return sha256 in tags or "*" in tags
