"""Prices and the ledger."""

import csv
import io
from pathlib import Path
from typing import Any

import typer

from pipeline.cli.output import JsonFlag, me, say, table
from pipeline.errors import PhotoUnreadable
from pipeline.records import dollars
from pipeline.settings import load


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(price)
    app.command("ledger")(show_ledger)
    app.command("costs")(show_costs)
    app.command()(verify)


def verify(
    anchor: list[str] = typer.Option([], "--anchor", help="An anchor noted before, as `backup`, `close-month` or `doctor` printed it; repeatable."),
    as_json: bool = JsonFlag,
) -> int:
    """Prove tables, chain and sums of the ledger, and hold it against anchors noted before. Exit code 1 if anything is wrong."""
    from pipeline.ledger.anchor import read_anchor
    from pipeline.studio import anchors
    from pipeline.studio.place import Place

    noted = tuple(read_anchor(text) for text in anchor)
    found = anchors.verify(Place(load()), noted, me())
    document = {"proven": not found.wrong, "held_against": found.held_against, "anchor": str(found.anchor), "wrong": list(found.wrong)}
    good = f"Proven, and as it was at {found.held_against} anchors noted before. Its anchor now: {found.anchor}"
    say(document, as_json, lambda: "\n".join(found.wrong) or good)
    return 1 if found.wrong else 0


def price(
    photo: Path = typer.Argument(None, help="A photo to price exactly; it is only checked.", show_default=False),
    model: list[str] = typer.Option([], "--model", help="A model; repeat for several. Default: all models, or a portrait of the photo."),
    resolution: str = typer.Option(None, help="For clip models that offer several."),
    as_json: bool = JsonFlag,
) -> None:
    """Say what something would cost; nothing is spent."""
    from pipeline.studio.place import Place
    from pipeline.studio.prices import price_list

    place = Place(load())
    names = model or (["flux-dev", "kling-2.6"] if photo else sorted(place.catalogue.models))
    width_px = height_px = 1024
    if photo is not None:
        width_px, height_px = _size(photo)
    rows = price_list(place, names, resolution=resolution, width_px=width_px, height_px=height_px)
    document = {"items": rows, "total_micro_usd": sum(row["micro_usd"] for row in rows)}
    say(document, as_json, lambda: _prices(rows, bool(photo)))


def show_ledger(
    as_csv: bool = typer.Option(False, "--csv", help="Comma-separated lines."),
    totals: bool = typer.Option(False, "--totals", help="Only held and charged money."),
    as_json: bool = JsonFlag,
) -> None:
    """Show the ledger, oldest line first."""
    from pipeline.studio import looks
    from pipeline.studio.place import Place

    place = Place(load())
    if totals:
        sums = looks.ledger_totals(place)
        say(sums, as_json, lambda: f"held {dollars(sums['held_micro_usd'])} · charged {dollars(sums['charged_micro_usd'])}")
        return
    lines = looks.ledger_lines(place)
    if as_csv and not as_json:
        say(None, False, lambda: _csv(lines))
        return
    shown = [{**line, "amount": dollars(line["micro_usd"])} for line in lines]
    say(lines, as_json, lambda: table(shown, ("at", "kind", "amount", "endpoint", "quantity", "unit", "call")))


def show_costs(
    by: str = typer.Option(
        "model",
        help="What to add up by, comma-separated: model, endpoint, provider, person, team, feature, kind, style, case, sweep, unit, outcome, "
        "verdict, day, month.",
    ),
    since: str = typer.Option(None, help="First day (UTC), as 2026-05-01."),
    until: str = typer.Option(None, help="Last day (UTC)."),
    as_csv: bool = typer.Option(False, "--csv", help="Comma-separated lines."),
    as_json: bool = JsonFlag,
) -> None:
    """Add up what was charged, the dearest first."""
    from pipeline.studio import costs
    from pipeline.studio.place import Place

    names = tuple(name.strip() for name in by.split(",") if name.strip())
    groups = costs.grouped(Place(load()), names, costs.Period(since=since, until=until))
    rows = [group.document() for group in groups]
    if as_csv and not as_json:
        say(None, False, lambda: _table_csv(rows, (*names, "micro_usd", "calls")))
        return
    shown = [{**row, "cost": dollars(row["micro_usd"])} for row in rows]
    whole = dollars(sum(group.micro_usd for group in groups))
    say(rows, as_json, lambda: f"{table(shown, (*names, 'cost', 'calls'))}\ntotal {whole}")


def _size(photo: Path) -> tuple[int, int]:
    from pipeline.studio.photos import take_in

    try:
        data = photo.read_bytes()
    except OSError as error:
        raise PhotoUnreadable("There is no readable file by that name.", next="Check the path.") from error
    crop = take_in(data, photo.name).crop
    return crop.width_px, crop.height_px


def _prices(rows: list[dict[str, Any]], with_total: bool) -> str:
    shown = [{**row, "price": dollars(row["micro_usd"]), "for": f"{row['quantity']} {row['unit']}", "since": row["valid_from"]} for row in rows]
    text = table(shown, ("model", "makes", "price", "for", "since", "endpoint"))
    return f"{text}\ntotal {dollars(sum(row['micro_usd'] for row in rows))}" if with_total else text


def _csv(lines: list[dict[str, Any]]) -> str:
    return _table_csv(lines, ("at", "kind", "call", "endpoint", "unit", "quantity", "micro_usd", "run", "case", "person", "price", "basis", "flag"))


def _table_csv(lines: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    from pipeline.spreadsheets import quote_formula

    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows({name: quote_formula(value) for name, value in line.items()} for line in lines)
    return out.getvalue().rstrip("\n")
