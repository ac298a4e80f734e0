"""The sandbox: run it, read its bill, order faults."""

import typer

from pipeline.cli.output import JsonFlag, say, table
from pipeline.errors import NotNow
from pipeline.records import dollars
from pipeline.settings import Settings, load

sandbox = typer.Typer(help="The provider emulator: run it, read its bill, order faults.", invoke_without_command=True)
faults = typer.Typer(help="Faults the sandbox is to show; they can be ordered while it is down.", invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    sandbox.add_typer(faults, name="faults")
    app.add_typer(sandbox, name="sandbox")


@sandbox.callback()
def serve(
    context: typer.Context,
    port: int = typer.Option(0, min=0, max=65535, help="Port on loopback; 0 takes a free one."),
    idle: float = typer.Option(None, help="End after so many seconds without requests."),
    with_parent: bool = typer.Option(False, "--with-parent", hidden=True),
) -> None:
    """Run the provider emulator on loopback."""
    if context.invoked_subcommand is None:
        from pipeline.processes.emulator import run_sandbox

        run_sandbox(_settings(), port=port, idle_seconds=idle, with_parent=with_parent)


@sandbox.command()
def bill(as_json: bool = JsonFlag) -> None:
    """Show what the sandbox has accepted and billed, from its own books; works while it is down."""
    from pipeline.sandbox.bill import bill as read_bill

    found = read_bill(_settings().folder / "emulator")
    rows = [line._asdict() for line in found.requests]
    document = {"requests": rows, "total_micro_usd": found.total_micro_usd}
    shown = [{**row, "amount": dollars(row["micro_usd"])} for row in rows]
    columns = ("accepted_at", "amount", "endpoint", "request_id")
    say(document, as_json, lambda: f"{table(shown, columns)}\ntotal {dollars(found.total_micro_usd)}")


@faults.callback()
def list_faults(context: typer.Context, as_json: bool = JsonFlag) -> None:
    """List the ordered faults and every kind there is."""
    if context.invoked_subcommand is not None:
        return
    from pipeline.sandbox import faults as orders

    rows = [{**order._asdict(), "kind": order.kind.value} for order in orders.listing(_settings().folder / "emulator")]
    kinds = [{"kind": kind.value, "meaning": meaning} for kind, meaning in orders.MEANINGS.items()]
    columns = ("id", "kind", "endpoint", "remaining", "rate", "seconds", "fired")
    say({"orders": rows, "kinds": kinds}, as_json, lambda: f"{table(rows, columns)}\n\n{table(kinds, ('kind', 'meaning'))}")


@faults.command("add")
def add_fault(
    kind: str = typer.Argument(..., help="One of the kinds that `sandbox faults` lists.", show_default=False),
    endpoint: str = typer.Option("", help="Only endpoints that contain this."),
    count: int = typer.Option(None, min=1, help="How many times; once by default."),
    rate: float = typer.Option(None, help="Or with this probability, 0 to 1, until cleared."),
    seconds: float = typer.Option(None, help="How long, for kinds that take time."),
    skip: int = typer.Option(0, min=0, help="Let so many pass first."),
    as_json: bool = JsonFlag,
) -> None:
    """Order a fault."""
    from pipeline.sandbox import faults as orders

    fault = orders.Fault(kind=kind, endpoint=endpoint, count=count, rate=rate, seconds=seconds, skip=skip)
    number = orders.add(_settings().folder / "emulator", fault)
    say({"id": number, "kind": kind}, as_json, lambda: f"Ordered: {kind} (no. {number}).")


@faults.command("clear")
def clear_faults(as_json: bool = JsonFlag) -> None:
    """Forget every ordered fault."""
    from pipeline.sandbox import faults as orders

    cleared = orders.clear(_settings().folder / "emulator")
    say({"cleared": cleared}, as_json, lambda: f"Cleared {cleared} orders.")


def _settings() -> Settings:
    settings = load()
    if not settings.is_sandbox:
        raise NotNow("There is no sandbox in live mode.", next="Set STUDIO_MODE=sandbox.")
    return settings
