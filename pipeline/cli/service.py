"""The processes, and the check of every part."""

import typer

from pipeline.cli.output import JsonFlag, me, say
from pipeline.settings import load


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(worker)
    app.command()(doctor)
    app.command()(pause)
    app.command()(resume)


def worker(
    idle: float = typer.Option(None, help="End after so many seconds without work."),
    with_parent: bool = typer.Option(False, "--with-parent", hidden=True),
    queues: str = typer.Option("", help="Only these queues, comma-separated, for a machine that encodes alone: `cpu`."),
) -> None:
    """Run the worker: the only process that buys, encodes and uploads."""
    from pipeline.errors import BadParameter
    from pipeline.processes.worker import run_worker

    only = tuple(name.strip() for name in queues.split(",") if name.strip())
    if set(only) - {"cpu"}:
        raise BadParameter("Only the queue `cpu` can be worked on apart.", next="Leave --queues out, or say `--queues cpu`.")
    run_worker(load(), idle_seconds=idle, with_parent=with_parent, only=only)


def doctor(as_json: bool = JsonFlag) -> int:
    """Check every part; each failure comes with its remedy. Exit code 1 if any failed."""
    from pipeline.doctor import examine

    findings = examine(load())
    rows = [{"part": f.part, "ok": f.ok, "say": f.say, "next": f.remedy} for f in findings]
    marks = {True: "ok   ", False: "FAIL "}
    say(rows, as_json, lambda: "\n".join(f"{marks[f.ok]} {f.part:12} {f.say}{'' if f.ok else ' → ' + f.remedy}" for f in findings))
    return 0 if all(f.ok for f in findings) else 1


def pause(note: str = typer.Option("", help="Why; shown at everything that waits."), as_json: bool = JsonFlag) -> None:
    """Pause new purchases: what is asked for waits, what is under way goes on to its end."""
    from pipeline.studio import switches
    from pipeline.studio.place import Place

    paused = switches.pause(Place(load()), me(), note)
    say({"paused": True, "person": paused.person, "at": paused.at, "note": paused.note}, as_json, lambda: f"{paused.words}.")


def resume(as_json: bool = JsonFlag) -> None:
    """Let new purchases go on."""
    from pipeline.studio import switches
    from pipeline.studio.place import Place

    switches.resume(Place(load()), me())
    say({"paused": False}, as_json, lambda: "Purchases go on.")
