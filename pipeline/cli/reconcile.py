"""The provider's bill held against the ledger, and months closed."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from pipeline.cli.output import JsonFlag, me, note, say, table
from pipeline.errors import BadParameter
from pipeline.records import dollars
from pipeline.settings import Settings, load
from pipeline.wording import counted

if TYPE_CHECKING:
    from pipeline.ledger.closings import Closing
    from pipeline.reckoning.causes import Cause
    from pipeline.studio.bills import Source
    from pipeline.studio.costs import Period
    from pipeline.studio.differences import Accepted
    from pipeline.studio.place import Place
    from pipeline.studio.reconciling import Reconciliation

SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command()(reconcile)
    app.command()(close_month)


def reconcile(
    since: str = typer.Option(None, help="First day (UTC), as 2026-10-01."),
    until: str = typer.Option(None, help="Last day (UTC)."),
    month: str = typer.Option(None, help="All days of a month, as 2026-10."),
    file: Path = typer.Option(None, help="The provider's own export as CSV; without it the provider is asked.", show_default=False),
    zone: str = typer.Option(None, help="Where the times of the file were written, such as Europe/Berlin, if they do not say it themselves."),
    accept: str = typer.Option(None, metavar="CAUSE|all", help="Then accept every difference found of this cause: its adjusting entry is booked."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Compare; keep and book nothing."),
    as_json: bool = JsonFlag,
) -> None:
    """Compare the provider's bill with the ledger, call by call; every difference gets a cause and what to book.

    Without days, everything is compared that is not closed, or the days of the file's lines up to the last one; to close a month, name it.
    """
    from pipeline.studio import reconciling
    from pipeline.studio.place import Place

    settings = load()
    place, period, cause = Place(settings), _period(since, until, month), _cause(accept)
    if accept and dry_run:
        raise BadParameter("A dry run books nothing.", next="Leave out --accept or --dry-run.")
    with ExitStack() as stack:
        done = reconciling.reconcile(place, _source(settings, file, zone, stack), me(), period, dry_run=dry_run)
    accepted = _accepted(place, cause, done.id) if accept else None
    document = {**done.document(), "dry_run": dry_run, "accepted": vars(accepted) if accepted else None}
    say(document, as_json, lambda: _told(done, accepted))


def close_month(
    month: str = typer.Argument(..., help="The month, as 2026-10.", show_default=False),
    accept_error: bool = typer.Option(False, "--accept-error", help="Close it although something is unexplained; needs the role admin."),
    reason: str = typer.Option("", help="Why; needed with --accept-error."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say how it would be closed; change nothing."),
    as_json: bool = JsonFlag,
) -> None:
    """Close a month that is over and compared with the bill: its error is stated, and nothing can be booked in it any more."""
    from pipeline.studio import anchors, closing
    from pipeline.studio.place import Place

    place = Place(load())
    done = closing.close_month(place, month, me(), accept_error=accept_error, reason=reason, dry_run=dry_run)
    anchor = anchors.keep_anchor(place)
    document = {**closing.document(done), "dry_run": dry_run, "anchor": str(anchor)}
    say(document, as_json, lambda: f"{_closed(done, dry_run)}\nNote the anchor outside the data folder: {anchor}")


def _period(since: str | None, until: str | None, month: str | None) -> "Period":
    from pipeline.studio.costs import Period
    from pipeline.studio.reconciling import month_of

    if month and (since or until):
        raise BadParameter("Days and a month are named at once.", next="Name either --month, or --since and --until.")
    return month_of(month) if month else Period(since=since, until=until)


def _cause(accept: str | None) -> "Cause | None":
    from pipeline.reckoning.causes import Cause

    if accept in (None, "all"):
        return None
    if accept not in list(Cause):
        raise BadParameter(f"There is no cause {str(accept)[:40]!r}.", next=f"Use all, or one of: {', '.join(Cause)}.")
    return Cause(accept)


def _source(settings: Settings, file: Path | None, zone: str | None, stack: ExitStack) -> "Source":
    from pipeline.reckoning.moments import zone_of
    from pipeline.studio.bills import BillFile

    if file is not None:
        return BillFile(file, zone=zone_of(zone) if zone else None)
    if zone:
        raise BadParameter("A zone is for the times of a file.", next="Name the file, or leave the zone out.")
    from pipeline.processes.bill import asked_provider

    note("Asking the provider for its bill.")
    return stack.enter_context(asked_provider(settings))


def _accepted(place: "Place", cause: "Cause | None", found_by: str) -> "Accepted":
    from pipeline.studio.differences import accept_all

    return accept_all(place, me(), cause, found_by=found_by)


def _told(done: "Reconciliation", accepted: "Accepted | None") -> str:
    terms, told = done.bill.terms, done.comparison
    lines = [
        f"{terms.since} to {terms.until} (UTC) · {counted(done.bill.lines, 'line')} of {done.bill.provider}, {done.bill.name}",
        *done.bill.remarks,
    ]
    agree = counted(told.matched, "request")
    off = told.billed_nano_usd - 1000 * told.ours_micro_usd
    lines += [f"billed {_money(told.billed_nano_usd)} · ours {dollars(told.ours_micro_usd)} · difference {_money(off)}"]
    lines += [f"{agree} as billed · {done.open_requests} still open · {len(done.undecided)} to decide · {done.decided} decided before"]
    rows = [{"cause": one.cause, "count": one.count, "sum": _money(one.nano_usd), "to book": dollars(one.proposed_micro_usd)} for one in done.causes]
    lines += ["", table(rows, ("cause", "count", "sum", "to book"))] if rows else []
    lines += ["", table(_rows(done), ("day", "cause", "sum", "request", "why"))] if rows else []
    if accepted:
        lines += ["", f"Accepted {accepted.count}; booked {dollars(accepted.micro_usd)}."]
    return "\n".join(lines)


def _rows(done: "Reconciliation") -> list[dict[str, Any]]:
    return [
        {"day": one.day, "cause": one.cause, "sum": _money(one.nano_usd), "request": one.request_id or one.call_id, "why": one.why}
        for one in done.undecided[:SHOWN]
    ]


def _closed(done: "Closing", dry_run: bool) -> str:
    said = "would be closed" if dry_run else "is closed"
    return (
        f"{done.month} {said}: ours {dollars(done.ours_micro_usd)}, billed {_money(done.billed_nano_usd)}, "
        f"error {_money(done.error_nano_usd)} ({done.error_percent:.4g} %).\n"
        f"{done.entries} ledger lines; the ledger ends with line {done.last_entry} ({done.last_hash[:12]})."
    )


def _money(nano_usd: int) -> str:
    from pipeline.reckoning.causes import money

    return money(nano_usd)
