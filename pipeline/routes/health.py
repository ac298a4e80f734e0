"""Is every part up: for whoever starts or watches the studio."""

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse

from pipeline.errors import StudioError
from pipeline.processes.health import examine
from pipeline.routes.here import here


async def health(_: Request) -> JSONResponse:
    """Answer with `ok`, the mode and each part's own `ok`; 503 while any is not."""
    answer = await run_sync(_look)
    return JSONResponse(answer, status_code=200 if answer["ok"] else 503, headers={"cache-control": "no-store"})


def _look() -> dict[str, object]:
    try:
        place = here()
        parts = examine(place)
    except StudioError as error:
        return {"ok": False, "say": error.say}
    return {"ok": all(part.ok for part in parts), "mode": place.settings.mode, **{part.name: part.ok for part in parts}}
