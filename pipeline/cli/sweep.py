"""The command that compares settings: a plan file becomes a priced sweep, and the sweep a table of results."""

import math
import tomllib
from pathlib import Path
from typing import Any

import typer

from pipeline.cli.output import JsonFlag, Progress, exit_code, me, note, say, table
from pipeline.errors import BadParameter, UnknownName
from pipeline.records import dollars
from pipeline.settings import load
from pipeline.wording import counted

NOTED_STEPS = 10
SHOWN_FAILURES = 10
LARGEST_FILE_BYTES = 10_000_000


def add_to(app: typer.Typer) -> None:
    """Add this command to the tree."""
    app.command()(sweep)


def sweep(
    plan: Path = typer.Argument(..., help="A TOML file, as described above.", show_default=False),
    ceiling: float = typer.Option(None, help="The most that the sweep may cost in dollars, with what it has cost before."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what it would cost; nothing is bought, kept or started."),
    large: bool = typer.Option(False, "--large", help="Allow more than a hundred pictures to be bought."),
    keep_rest: bool = typer.Option(False, "--keep-rest", help="Leave out values that cannot be used; without it a plan that has any is refused."),
    as_json: bool = JsonFlag,
) -> int:
    """Compare settings: every combination of a plan file, priced before it is bought, under a ceiling.

    The file says `name` and `photos` (paths, from the file or from the working folder), and each axis or fixed setting by its own name, as a
    value, a list or in shorthand: `strength = "0.5..0.7 +0.05"`, `seed = "1-2"`, `style = ["pixar", "ghibli"]`, `steps = 40`. The axes are
    style, prompt, swap, model, strength, guidance, steps and seed. With `kind = "clip"` the file says `avatars` (the runs that made them)
    instead of photos, and the axes are motion, prompt, swap, model, resolution, guidance, steps, seed and take. `skip = ["strength=0.7
    style=ghibli"]` leaves combinations out. A file without a name has that of the file.

    The same name from the same person is the same sweep: a file that is run again buys nothing and shows the results, and of one that
    has grown only the new combinations are bought. The sweep is in Compare as well.

    Where cells failed, the exit code is that of the first failure; everything that was made is shown all the same.
    """
    from pipeline.processes import sweeping
    from pipeline.processes.sweep_quotes import ceiling_of, quote, refusal
    from pipeline.studio.place import Place
    from pipeline.sweeps.orders import read_order

    order = read_order(_read(plan), name=plan.stem)
    limit = None if ceiling is None else ceiling_of(ceiling)
    if limit is None and not dry_run:
        raise BadParameter("A sweep needs a ceiling.", next="Say how much it may cost at most: --ceiling 3.00, or ask for the price by --dry-run.")
    place = Place(load())
    quoted = quote(place, order, me(), folders=(plan.absolute().parent, Path.cwd()))
    shown = _shown(quoted)
    if limit is None or dry_run:
        refused = refusal(quoted, ceiling_micro_usd=limit, keep_rest=True, large=large)
        document = {**shown, "refused": refused.as_json() if refused else None}
        say(document, as_json, lambda: "\n".join([*_price(document), *([f"This would be refused: {refused.say} {refused.next}"] if refused else [])]))
        return 0
    for line in _price(shown):
        note(line)
    sweeping.buy(place, quoted, me(), ceiling_micro_usd=limit, keep_rest=keep_rest, large=large)
    progress = _Counted(quoted.name)
    try:
        sweeping.wait(place, quoted, on_change=progress.count)
    finally:
        progress.done()
    came_to = sweeping.outcome(place, quoted)
    document = {**shown, "failed": came_to.failed, "cost_micro_usd": came_to.cost_micro_usd, "results": came_to.rows}
    say(document, as_json, lambda: _results(document))
    return exit_code(came_to.failure) if came_to.failure else 0


class _Counted(Progress):
    """How many cells have ended: one line that moves on a terminal, elsewhere a line a tenth."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.noted: tuple[int, bool] | None = None

    def count(self, standing: Any) -> None:
        """Show how far it is."""
        self.stage = standing.words
        worth_noting = (NOTED_STEPS * standing.ended // standing.cells, bool(standing.paused))
        if not self.moves and worth_noting != self.noted:
            note(f"{self.what}: {self.stage}")
        self.noted = worth_noting
        self.tick()


def _read(plan: Path) -> dict[str, Any]:
    try:
        if plan.stat().st_size > LARGEST_FILE_BYTES:
            raise BadParameter("This file is far too large for a plan.", next="Name the plan's own file.")
        return tomllib.loads(plan.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if isinstance(error, tomllib.TOMLDecodeError):
            raise BadParameter(
                f"The plan is not valid TOML: {error}.", next="Correct that place; `sweep --help` shows how a plan is written."
            ) from error
        if isinstance(error, UnicodeDecodeError):
            raise BadParameter("The plan is not text in UTF-8.", next="Save it as UTF-8.") from error
        raise UnknownName("There is no readable plan by that name.", next="Check the path.") from error


def _shown(quoted: Any) -> dict[str, Any]:
    """Return what is said before anything is bought, in the shape of what is said at the end."""
    priced = quoted.priced
    each = [{"model": line.model, "count": line.count, "each_micro_usd": line.quote.micro_usd, "micro_usd": line.micro_usd} for line in priced.lines]
    warnings = [{"words": one.words, "cells": one.cells, "saves_micro_usd": one.saves_micro_usd} for one in priced.remarks]
    problems = [{"axis": one.axis.value if one.axis else None, "value": one.text, "why": one.why} for one in quoted.problems]
    counts = {"cells": priced.cells, "owned": quoted.owned, "failed": 0, "price_micro_usd": priced.micro_usd, "cost_micro_usd": 0}
    more = {"seconds": round(priced.seconds, 1), "lines": each, "problems": problems, "warnings": warnings, "results": []}
    return {"sweep": quoted.sweep_id, "name": quoted.name, "kind": quoted.plan.kind.value, **counts, **more}


def _price(document: dict[str, Any]) -> list[str]:
    free = f", {document['owned']} of them owned and free" if document["owned"] else ""
    lines = [f"Sweep {document['name']}: {counted(document['cells'], 'cell')}{free}"]
    for line in document["lines"]:
        lines.append(f"  {line['count']} × {line['model']} at {dollars(line['each_micro_usd'])} = {dollars(line['micro_usd'])}")
    about = f", about {max(math.ceil(document['seconds']), 1)} s" if document["lines"] else ""
    lines.append(f"  total {dollars(document['price_micro_usd'])}{about}")
    for warning in document["warnings"]:
        saves = f" Merging them saves {dollars(warning['saves_micro_usd'])}." if warning["saves_micro_usd"] else ""
        lines.append(f"Advice: {warning['words']}{saves}")
    return [*lines, *(f"Left out: {one['axis'] or 'plan'} {one['value']!r}: {one['why']}" for one in document["problems"])]


def _results(document: dict[str, Any]) -> str:
    rows = [{**row, "cost": dollars(row["cost_micro_usd"])} for row in document["results"]]
    hidden = {"cost_micro_usd", "price_micro_usd", "seconds", "served", "band", "why", "run", "path", "cost"}
    axes = [name for name in (document["results"] or [{}])[0] if name not in hidden]
    text = table(rows, (*axes, "cost", "path"))
    failed = f" · {document['failed']} failed" if document["failed"] else ""
    summary = (
        f"{counted(document['cells'], 'cell')}{failed} · shown {dollars(document['price_micro_usd'])} · came to {dollars(document['cost_micro_usd'])}"
    )
    return "\n".join([text, *_failures(document["results"], axes), summary])


def _failures(rows: list[dict[str, Any]], axes: list[str]) -> list[str]:
    """Say why cells have no picture, and how to try them again; the first ten."""
    bad = [row for row in rows if row["why"]]
    values = [" ".join(f"{axis}={row[axis]}" for axis in axes if axis not in ("state", "likeness", "model")) for row in bad]
    lines = [f"{row['state']}: {named}: {row['why']} Again: `retry {row['run']}`" for row, named in zip(bad, values, strict=True)]
    return lines[:SHOWN_FAILURES] + ([f"… and {len(lines) - SHOWN_FAILURES} more"] if len(lines) > SHOWN_FAILURES else [])
