"""What the command line says: one JSON document or text for people on stdout, progress on stderr."""

import json
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import typer

from pipeline.errors import (
    AccessError,
    Cancelled,
    CatalogueError,
    InputError,
    LimitError,
    MediaError,
    PlaceError,
    ProviderError,
    StoreError,
    StudioError,
)
from pipeline.records import Person, Run
from pipeline.settings import load

EXIT_CODES: tuple[tuple[type[StudioError], int], ...] = (
    (InputError, 3),
    (CatalogueError, 3),
    (AccessError, 4),
    (LimitError, 5),
    (ProviderError, 6),
    (MediaError, 7),
    (StoreError, 8),
    (PlaceError, 9),
    (Cancelled, 10),
)
JsonFlag = typer.Option(False, "--json", help="One JSON document on stdout.")
CHARGED = {True: "It was charged.", False: "Nothing was charged.", None: "Whether it is charged is not known yet."}


def exit_code(error: StudioError) -> int:
    """Return the process's exit code for an error: 3 input, 4 access, 5 limit, 6 provider, 7 media, 8 store, 9 place, 10 cancelled, else 1."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def say(document: Any, as_json: bool, text: Callable[[], str]) -> None:
    """Put the result on stdout, as one JSON document or as text."""
    out = json.dumps(document, ensure_ascii=False, indent=2, default=str) if as_json else text()
    sys.stdout.buffer.write((out + "\n").encode("utf-8", "backslashreplace"))
    sys.stdout.flush()


def fail(error: StudioError, as_json: bool) -> None:
    """Put an error where scripts or people read it."""
    if as_json:
        say(error.as_json(), True, str)
    else:
        note(f"{error.say} {CHARGED[error.charged]} {error.next}")


def note(text: str) -> None:
    """Put a remark on stderr."""
    sys.stderr.buffer.write((text + "\n").encode("utf-8", "backslashreplace"))
    sys.stderr.flush()


def table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> str:
    """Lay rows out in columns for a terminal."""
    cells = [[("" if row.get(name) is None else str(row[name])) for name in columns] for row in rows]
    widths = [max([len(name), *(len(line[i]) for line in cells)]) for i, name in enumerate(columns)]
    lines = ["  ".join(name.ljust(width) for name, width in zip(columns, widths, strict=True)).rstrip()]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join(lines)


@cache
def me() -> Person:
    """Return who asks: the person of STUDIO_PERSON."""
    return Person(name=load().person)


class Progress:
    """Stage words and elapsed time on stderr: one line that moves on a terminal, a line for each stage elsewhere."""

    def __init__(self, what: str) -> None:
        """Report on `what`."""
        self.what = what
        self.began = time.monotonic()
        self.moves = sys.stderr.isatty()
        self.stage = ""
        self._width = 0

    def see(self, run: Run) -> None:
        """Show a change of the run."""
        if run.stage != self.stage:
            self.stage = run.stage
            if not self.moves:
                note(f"{self.what}: {run.stage}")
        self.tick()

    def tick(self) -> None:
        """Move the line."""
        if self.moves:
            text = f"{self.what}: {self.stage} · {time.monotonic() - self.began:.0f} s"
            sys.stderr.write("\r" + text.ljust(self._width))
            sys.stderr.flush()
            self._width = len(text)

    def done(self) -> None:
        """Leave the line."""
        if self.moves:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
