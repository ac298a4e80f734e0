"""Runs and what can be done with them."""

import typer

from pipeline.cli.output import JsonFlag, Progress, me, say, table
from pipeline.cli.portrait import Owner
from pipeline.errors import NotNow
from pipeline.records import Choice, dollars
from pipeline.settings import load


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command("runs")(list_runs)
    app.command()(show)
    app.command()(cancel)
    app.command()(retry)
    app.command()(decide)
    app.command("assets")(list_assets)


def list_runs(
    limit: int = typer.Option(50, min=1, max=100_000, help="How many of the newest."),
    case: str = typer.Option(None, help="Of one case."),
    as_json: bool = JsonFlag,
) -> None:
    """List runs, newest first."""
    from pipeline.studio import looks
    from pipeline.studio.place import Place

    place = Place(load())
    rows = [looks.run_line(place, run) for run in looks.newest_runs(place, limit, case_id=case)]
    shown = [{**row, "cost": dollars(row["cost_micro_usd"])} for row in rows]
    say(rows, as_json, lambda: table(shown, ("run", "kind", "case", "state", "stage", "cost", "asked_at")))


def show(run: str = typer.Argument(..., help="A run's id or its beginning.", show_default=False), as_json: bool = JsonFlag) -> None:
    """Show a run with its settings, files, calls and ledger lines."""
    from pipeline.studio import looks, requests
    from pipeline.studio.place import Place

    place = Place(load())
    document = looks.run_in_full(place, requests.find_run(place, run), lambda asset: looks.path_of(place, asset))
    say(document, as_json, lambda: _shown(document))


def cancel(
    run: str = typer.Argument(..., help="A run's id or its beginning.", show_default=False), owner: str = Owner, as_json: bool = JsonFlag
) -> None:
    """Cancel a run; what the provider has not begun costs nothing."""
    from pipeline.processes.bring_up import Watch
    from pipeline.studio import looks, requests, reviews
    from pipeline.studio.place import Place

    place = Place(load())
    found = requests.find_run(place, run)
    requests.cancel(place, found.id, owner or reviews.owner_of(place, found.case_id), me())
    progress = Progress("Cancelling")
    ended = requests.wait_for(place, found.id, on_change=progress.see, meanwhile=Watch(place.settings).look)
    progress.done()
    document = looks.run_line(place, ended)
    say(document, as_json, lambda: f"Run {ended.id} is {ended.state.value}; {dollars(document['cost_micro_usd'])} was charged.")


def retry(
    run: str = typer.Argument(..., help="A run's id or its beginning.", show_default=False), owner: str = Owner, as_json: bool = JsonFlag
) -> None:
    """Try a failed or cancelled run again; what was bought is not bought again."""
    from pipeline.cli.portrait import finish
    from pipeline.studio import looks, requests, reviews
    from pipeline.studio.place import Place

    place = Place(load())
    found = requests.find_run(place, run)
    requests.retry(place, found.id, owner or reviews.owner_of(place, found.case_id), me())
    ended = finish(place, found, "Retry")
    document = looks.portrait(place, ended, lambda asset: looks.path_of(place, asset))
    say(document, as_json, lambda: f"Run {ended.id} {ended.state.value}; {dollars(document['cost_micro_usd'])} charged in all.")


def decide(
    call: str = typer.Argument(..., help="A call's id; `show` names it.", show_default=False),
    choice: Choice = typer.Argument(..., help="adopt: the provider has it; resend: pay anew; write-off: give it up.", show_default=False),
    request: str = typer.Option(None, "--request", help="With adopt: the provider's request id."),
    note: str = typer.Option("", help="Why."),
    owner: str = Owner,
    as_json: bool = JsonFlag,
) -> None:
    """Decide about a request nobody can prove: adopt it, send it again, or write it off."""
    from pipeline.studio import requests, reviews
    from pipeline.studio.place import Place

    place = Place(load())
    known = requests.find_call(place, call)
    if request is not None and choice is not Choice.ADOPT:
        raise NotNow("A request id belongs to adopt only.", next="Leave --request out.")
    ticket = requests.ticket_named(known, request) if request else None
    run = requests.find_run(place, known.run_id)
    after = requests.decide_call(place, known.id, owner or reviews.owner_of(place, run.case_id), choice, me(), note=note, ticket=ticket)
    document = {"call": after.id, "state": after.state.value, "run": after.run_id, "choice": choice.value}
    say(document, as_json, lambda: f"Decided: {choice.value}. Call {after.id} is {after.state.value}.")


def list_assets(limit: int = typer.Option(100, min=1, max=100_000, help="How many of the newest."), as_json: bool = JsonFlag) -> None:
    """List stored files, newest first."""
    from pipeline import assets
    from pipeline.studio import looks
    from pipeline.studio.place import Place

    place = Place(load())
    with place.database.reading() as db:
        found = assets.newest(db, limit)
    rows = [looks.asset_line(place, asset, lambda a: looks.path_of(place, a)) for asset in found]
    shown = [{**row, "asset": row["sha256"][:12]} for row in rows]
    say(rows, as_json, lambda: table(shown, ("asset", "kind", "case", "decision", "bytes", "created_at")))


def _shown(document: dict[str, object]) -> str:
    import json

    return json.dumps(document, ensure_ascii=False, indent=2, default=str)
