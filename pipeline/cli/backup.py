"""Backups of studio.db and the way back."""

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipeline.cli.output import JsonFlag, me, note, say, table
from pipeline.errors import AlreadyRunning, NotNow
from pipeline.records import dollars
from pipeline.settings import Settings, load
from pipeline.wording import counted

if TYPE_CHECKING:
    from pipeline.studio.backups import Facts

HOLDERS = ("studio", "worker", "sandbox")
SAID_EVERY_SECONDS = 5.0


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(backup)
    app.command()(restore)


def backup(
    to: Path = typer.Argument(None, help="A file or a folder. Default: the data folder's own `backups`.", show_default=False),
    listed: bool = typer.Option(False, "--list", help="Only list the backups of the data folder, the newest first."),
    as_json: bool = JsonFlag,
) -> None:
    """Back up studio.db while everything runs; the copy is opened and its ledger proven before it counts. Media is not in it."""
    from pipeline.studio import backups
    from pipeline.studio.place import Place

    settings = load()
    if listed:
        rows = [{"name": one.name, "made_at": one.made_at, "bytes": one.bytes} for one in backups.backups(settings)]
        say(rows, as_json, lambda: table(rows, ("name", "made_at", "bytes")) if rows else "There is no backup yet.")
        return
    made, facts = backups.back_up(Place(settings), me(), to, progress=_Said().see)
    document = {"file": str(made.path), "bytes": made.bytes, **_document(facts)}
    say(document, as_json, lambda: f"{made.path}: {_words(facts)}. {backups.INSIDE} {backups.OUTSIDE}")


def restore(
    file: str = typer.Argument(..., help="A backup: its name in the data folder's `backups`, or a path.", show_default=False),
    yes: bool = typer.Option(False, "--yes", help="Do it without asking."),
    as_json: bool = JsonFlag,
) -> None:
    """Put a backup in the place of studio.db. Whatever has it open must be stopped first; the present file is kept under a dated name."""
    from pipeline.studio import backups

    settings = load()
    with contextlib.ExitStack() as held:
        _hold_all(settings, held)
        if not yes:
            _ask(file)
        done = backups.restore(settings, file, me())
    document = {"kept_as": done.kept_as, "purchases_paused": done.paused, **_document(done.facts)}
    kept = f" The file before is kept as {done.kept_as}." if done.kept_as else ""
    paused = " Purchases are paused until somebody resumes them." if done.paused else ""
    say(document, as_json, lambda: f"Restored: {_words(done.facts)}.{kept} {backups.AFTERWARDS}{paused}")


def _hold_all(settings: Settings, held: contextlib.ExitStack) -> None:
    """Keep everything that has the database open from starting meanwhile; raises AlreadyRunning when something runs."""
    from pipeline.processes.claims import claim

    for name in HOLDERS:
        try:
            held.enter_context(claim(settings.folder, name))
        except AlreadyRunning as error:
            raise AlreadyRunning(f"The {name} is running; nothing was changed.", next=f"Stop the {name} first, then restore.") from error


def _ask(file: str) -> None:
    if not sys.stdin.isatty() or not typer.confirm(f"Put {file} in the place of the present database?", err=True):
        raise NotNow("Nothing was restored.", next="Add --yes to do it; the present file is kept under a dated name.")


def _words(facts: "Facts") -> str:
    until = f" until {facts.last_at[:19]} UTC" if facts.last_at else ""
    counts = f"{counted(facts.runs, 'run')} and {counted(facts.lines, 'ledger line')}"
    return f"{counts}{until}, {dollars(facts.charged_micro_usd)} spent, proven; anchor {facts.anchor}"


def _document(facts: "Facts") -> dict[str, Any]:
    sums = {"charged_micro_usd": facts.charged_micro_usd, "held_micro_usd": facts.held_micro_usd}
    return {"lines": facts.lines, "runs": facts.runs, "last_at": facts.last_at, "anchor": str(facts.anchor), **sums}


class _Said:
    """Says every few seconds how far the copying is."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def see(self, share: float) -> None:
        if time.monotonic() - self._last >= SAID_EVERY_SECONDS:
            self._last = time.monotonic()
            note(f"{share:.0%} copied")
