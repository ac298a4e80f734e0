"""What the command line says: one JSON document or text for people on stdout, progress on stderr."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TextIO

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
    """Put the result on stdout, as one JSON document or as text; where nobody takes it, the exit code is 1."""
    out = json.dumps(document, ensure_ascii=False, indent=2, default=str) if as_json else text()
    try:
        _write(sys.stdout, out)
    except BrokenPipeError as error:
        raise typer.Exit(1) from error
    except OSError as error:
        note("The result could not be written out. Nothing is lost: `python -m pipeline runs` lists what was made.")
        raise typer.Exit(1) from error


def fail(error: StudioError, as_json: bool) -> None:
    """Put an error where scripts or people read it."""
    if as_json:
        with contextlib.suppress(typer.Exit):
            say(error.as_json(), True, str)
    else:
        note(f"{error.say} {CHARGED[error.charged]} {error.next}")


def note(text: str) -> None:
    """Put a remark on stderr; work does not stop where nobody takes it."""
    with contextlib.suppress(OSError):
        _write(sys.stderr, text)


def _write(stream: TextIO | None, text: str) -> None:
    """Write a line; raises OSError. Python would complain at its end about bytes it could not get rid of, so they are let go."""
    if stream is None:
        raise OSError("closed")
    try:
        stream.buffer.write((text + "\n").encode("utf-8", "backslashreplace"))
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        raise


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
        self.moves = sys.stderr is not None and sys.stderr.isatty()
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
            self._draw("\r" + text.ljust(self._width))
            self._width = len(text)

    def done(self) -> None:
        """Leave the line."""
        if self.moves:
            self._draw("\r" + " " * self._width + "\r")

    def _draw(self, text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()
