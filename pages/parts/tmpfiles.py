"""Files that screens write to be read by somebody else: gone if that fails, and removed by tidying after a day if nobody else does."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
