"""Files that screens write to be read by somebody else: gone if that fails, and removed by tidying after a day if nobody else does."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from pages.parts.here import place

FOLDER = "tmp-screens"  # tidying looks into every tmp*; `tmp` alone is emptied by a worker that begins


@contextmanager
def begun(ending: str) -> Iterator[Path]:
    """Lend an empty file whose name ends like this; what is done with it owns it, unless it fails."""
    folder = place().settings.folder / FOLDER
    folder.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=ending, delete=False) as file:
        path = Path(file.name)
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


class LentFile(FileResponse):
    """An answer with such a file, which is gone afterwards however the answer ends: sent, refused for its range, or broken off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file and remove it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            Path(self.path).unlink(missing_ok=True)
