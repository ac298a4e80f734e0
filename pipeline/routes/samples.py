"""The shipped pictures: the sample photo, which is in the public domain, and what the sandbox makes of it in every style."""

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from pipeline.settings import SHIPPED

TYPES = {".jpg": "image/jpeg", ".webp": "image/webp"}


async def sample(request: Request) -> Response:
    """Answer with a shipped picture, 404 for any other name."""
    wanted = request.path_params["name"]
    found = next((path for path in (SHIPPED / "samples").iterdir() if path.name == wanted and path.suffix in TYPES), None)
    if found is None:
        return Response(status_code=404)
    return FileResponse(found, media_type=TYPES[found.suffix], headers={"cache-control": "public, max-age=86400"})
