"""The browser's half of the screens: every script and every style as one file each, loaded once and kept."""

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

BESIDE = Path(__file__).parent
YEAR = "public, max-age=31536000, immutable"


def _together(folder: str) -> str:
    """Return every file of a folder as one text, in the order of their names."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((BESIDE / folder).iterdir()) if path.is_file())


SCRIPT, STYLE = _together("scripts"), _together("styles")
MARK = hashlib.sha256(f"{SCRIPT}\n{STYLE}".encode()).hexdigest()[:16]
FILES = {f"{MARK}.js": (SCRIPT, "text/javascript"), f"{MARK}.css": (STYLE, "text/css")}


async def bundle(request: Request) -> Response:
    """Answer with the script or the style of this version, 404 for any other name."""
    text, media_type = FILES.get(request.path_params["name"], ("", ""))
    if not text:
        return Response(status_code=404)
    return Response(text, media_type=media_type, headers={"cache-control": YEAR, "x-content-type-options": "nosniff"})
