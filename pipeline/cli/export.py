"""Costs to take away as files."""

from pathlib import Path

import typer

from pipeline.cli.output import JsonFlag, say
from pipeline.errors import BadParameter
from pipeline.settings import load
from pipeline.studio.export_columns import Table


def add_to(app: typer.Typer) -> None:
    """Add this command to the tree."""
    app.command()(export)


def export(
    what: Table = typer.Argument(
        ...,
        metavar="TABLE",
        help="ledger, requests (one by one), daily (sums), costs (added up by --by), likeness, prices, durations, budgets or differences.",
        show_default=False,
    ),
    out: Path = typer.Option(..., "--out", help="The file to write; what its columns mean is written beside it.", show_default=False),
    as_csv: bool = typer.Option(False, "--csv", help="Comma-separated lines."),
    as_parquet: bool = typer.Option(False, "--parquet", help="Parquet; by itself for a name that ends so."),
    since: str = typer.Option(None, help="First day (UTC), as 2026-05-01."),
    until: str = typer.Option(None, help="Last day (UTC)."),
    only: list[str] = typer.Option([], "--only", help="Narrow down, as model=flux-dev; repeat for more.", show_default=False),
    by: str = typer.Option("", help="For `costs`: what to add up by, comma-separated, as model,style. Default: model."),
    replace: bool = typer.Option(False, "--replace", help="Write over a file of that name."),
    as_json: bool = JsonFlag,
) -> None:
    """Write the ledger or costs to a file, a part at a time; days and moments are UTC."""
    from pipeline.studio import exports
    from pipeline.studio.costs import Period, Slice
    from pipeline.studio.place import Place

    names = tuple(name.strip() for name in by.split(",") if name.strip())
    if as_csv and as_parquet:
        raise BadParameter("A file is either CSV or Parquet.", next="Name one of them.")
    parquet = as_parquet or (not as_csv and out.suffix == ".parquet")
    wish = exports.Wish(
        table=what,
        format=exports.Format.PARQUET if parquet else exports.Format.CSV,
        looked_at=Slice(period=Period(since=since, until=until), only=dict(_pair(text) for text in only)),
        by=names or (("model",) if what is Table.COSTS else ()),
    )
    done, beside = exports.export_to(Place(load()), wish, out, replace=replace)
    document = {"file": str(out), "columns": str(beside), "rows": done.rows, "charged_micro_usd": done.charged_micro_usd}
    say(document, as_json, lambda: f"{out}: {done.words}. What each column means: {beside}")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadParameter(f"{text[:40]!r} narrows nothing down.", next="Write it as model=flux-dev.")
    return name.strip(), value.strip()
