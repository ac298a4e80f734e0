"""The studio's own web addresses beside the pages. None has a login: each proves by itself what it gives away.

guard.py     who may speak to the studio at all, checked before everything else
here.py      the data folder they serve, opened once
media.py     /m/{token}        one stored file, for the bearer of a signed link that has not expired
published.py /p/{key}          what is published, where the studio itself is the public store
hooks.py     /hooks/fal        fal says that a request has ended
health.py    /health           is every part up
samples.py   /samples/{name}   the shipped photos, which are in the public domain
"""

from starlette.routing import Route

from pipeline.routes.health import health
from pipeline.routes.hooks import fal_hook
from pipeline.routes.media import media
from pipeline.routes.published import published
from pipeline.routes.samples import sample


def all_routes() -> list[Route]:
    """Return every route; settings are read at the first request, not before."""
    return [
        Route("/m/{token}", media, methods=["GET"]),
        Route("/p/{key:path}", published, methods=["GET"]),
        Route("/hooks/fal", fal_hook, methods=["POST"]),
        Route("/health", health, methods=["GET"]),
        Route("/samples/{name}", sample, methods=["GET"]),
    ]
