"""The shipped photos, which are in the public domain."""

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from pipeline.settings import SHIPPED

NAMES = frozenset({"astronaut.jpg"})


async def sample(request: Request) -> Response:
    """Answer with a shipped photo, 404 for any other name."""
    name = request.path_params["name"]
    if name not in NAMES:
        return Response(status_code=404)
    return FileResponse(SHIPPED / "samples" / name, media_type="image/jpeg", headers={"cache-control": "public, max-age=86400"})
