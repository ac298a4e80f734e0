"""Whether the prices are right."""

import typer

from pipeline.cli.output import JsonFlag, say, table
from pipeline.records import dollars
from pipeline.settings import load


def add_to(app: typer.Typer) -> None:
    """Add this command to the tree."""
    prices = typer.Typer(help="Prices: whether they are right.", no_args_is_help=True)
    prices.command("bias")(bias)
    app.add_typer(prices, name="prices")


def bias(
    since: str = typer.Option(None, help="First day (UTC), as 2026-05-01."),
    until: str = typer.Option(None, help="Last day (UTC)."),
    as_json: bool = JsonFlag,
) -> None:
    """Hold estimates against what was charged, model by model; more than 2 % either way over at least 20 requests is flagged."""
    from pipeline.studio import price_bias
    from pipeline.studio.costs import Period, Slice
    from pipeline.studio.place import Place

    found = price_bias.look(Place(load()), Slice(period=Period(since=since, until=until)))
    shown = [
        {
            "model": one.model,
            "requests": one.requests,
            "estimated": dollars(one.estimated_micro_usd),
            "settled": dollars(one.settled_micro_usd),
            "bias": "–" if one.percent is None else f"{one.percent:+.2f} %",
            "": one.words,
        }
        for one in found
    ]
    columns = ("model", "requests", "estimated", "settled", "bias", "")
    say([one.document() for one in found], as_json, lambda: table(shown, columns) if found else "No request has succeeded yet.")
