"""Budgets: set, shown, extended for a day, ended, and their history."""

import math

import typer

from pipeline.cli.output import JsonFlag, me, say, table
from pipeline.errors import BadParameter
from pipeline.ledger import Cap
from pipeline.settings import load

Kind = typer.Argument(..., metavar="KIND", help="studio, person, feature, case or sweep.", show_default=False)
Name = typer.Argument("", metavar="NAME", help="Whose; `*` for each of them on its own. Left out for the studio.", show_default=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    budget = typer.Typer(help="Budgets: how much may be spent or asked for, by whom, in which time.", no_args_is_help=True)
    budget.command("set")(set_budget)
    budget.command("show")(show_budgets)
    budget.command("extend")(extend_budget)
    budget.command("end")(end_budget)
    budget.command("history")(show_history)
    app.add_typer(budget, name="budget")


def set_budget(
    scope_kind: str = Kind,
    scope: str = Name,
    usd: float = typer.Option(None, "--usd", help="Dollars; zero stops all spending."),
    requests: int = typer.Option(None, "--requests", help="Paid requests instead of dollars; a released one does not count."),
    period: str = typer.Option("month", help="day, month or ever."),
    soft: bool = typer.Option(False, "--soft", help="Only warn, at 50, 80 and 100 %."),
    reason: str = typer.Option("", help="Why; kept in the history."),
    as_json: bool = JsonFlag,
) -> None:
    """Set a budget in the place of the one for the same."""
    from pipeline.studio import budgets
    from pipeline.studio.place import Place

    done = budgets.set_cap(Place(load()), _cap(scope_kind, scope, period, usd, requests), me(), hard=not soft, reason=reason)
    say(done.document(), as_json, lambda: f"Now {done.words}.")


def show_budgets(as_json: bool = JsonFlag) -> None:
    """List the budgets that hold now: what is used of them, which of 50, 80 and 100 % is reached, and what the month will come to."""
    from pipeline.studio import budgets, forecast
    from pipeline.studio.place import Place

    place = Place(load())
    found = budgets.budgets(place)
    outlooks = {one.limit.budget_id: forecast.of_limit(place, one.limit) for one in found if one.limit.period == "month" and one.limit.whose}
    document = [
        {**one.document(), "forecast": outlooks[one.limit.budget_id].document() if one.limit.budget_id in outlooks else None} for one in found
    ]
    lines = [f"{one.limit.budget_id or '(settings)'}  {one.words}." for one in found]
    more = {at: f"    {outlooks[one.limit.budget_id].words}" for at, one in enumerate(found) if one.limit.budget_id in outlooks}
    say(document, as_json, lambda: "\n".join(words for at, line in enumerate(lines) for words in (line, more.get(at)) if words))


def extend_budget(
    scope_kind: str = Kind,
    scope: str = Name,
    usd: float = typer.Option(None, "--usd", help="So many dollars more today (UTC)."),
    requests: int = typer.Option(None, "--requests", help="So many requests more today."),
    period: str = typer.Option("day", help="Which budget: day or month."),
    reason: str = typer.Option(..., help="Why."),
    as_json: bool = JsonFlag,
) -> None:
    """Allow more for today under a day or month budget; several extensions add up, none can be changed."""
    from pipeline.studio import budgets
    from pipeline.studio.place import Place

    done = budgets.extend(Place(load()), _cap(scope_kind, scope, period, usd, requests), me(), reason)
    say(done.document(), as_json, lambda: f"Now {done.words}.")


def end_budget(
    budget_id: str = typer.Argument(..., metavar="BUDGET", help="Its id, as `budget show` lists it.", show_default=False),
    reason: str = typer.Option("", help="Why; kept in the history."),
    as_json: bool = JsonFlag,
) -> None:
    """End a budget: it limits nothing from now on."""
    from pipeline.studio import budgets
    from pipeline.studio.place import Place

    budgets.end(Place(load()), budget_id, me(), reason)
    say({"ended": budget_id}, as_json, lambda: f"Budget {budget_id} has ended.")


def show_history(
    scope_kind: str = typer.Argument("", metavar="KIND", help="Only of these: studio, person, feature, case or sweep.", show_default=False),
    scope: str = typer.Argument("", metavar="NAME", help="Only of this one.", show_default=False),
    as_json: bool = JsonFlag,
) -> None:
    """List what was done to the budgets, newest first: when, by whom, what and why."""
    from pipeline.studio.budget_history import history
    from pipeline.studio.place import Place

    found = history(Place(load()), scope_kind, scope)
    rows = [{"at": one.at[:16].replace("T", " "), "by": one.person, "what": one.words, "why": one.reason} for one in found]
    say([one.document() for one in found], as_json, lambda: table(rows, ("at", "by", "what", "why")))


def _cap(scope_kind: str, scope: str, period: str, usd: float | None, requests: int | None) -> Cap:
    if (usd is None) == (requests is None):
        raise BadParameter("A budget is either an amount of dollars or a number of requests.", next="Use --usd or --requests.")
    named = "all" if scope_kind == "studio" and not scope else scope
    if usd is None:
        return Cap(scope_kind=scope_kind, scope=named, period=period, requests=requests)
    return Cap(scope_kind=scope_kind, scope=named, period=period, micro_usd=round(usd * 1_000_000) if math.isfinite(usd) else -1)
