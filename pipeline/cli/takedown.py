"""Taking down for good: every copy is named, then removed, and the receipt is printed."""

import sys
from typing import TYPE_CHECKING

import typer

from pipeline.cli.output import JsonFlag, Progress, me, note, say, table
from pipeline.cli.portrait import Owner
from pipeline.errors import BadParameter, NotNow
from pipeline.records import STUDIO_SCOPE
from pipeline.settings import load
from pipeline.wording import counted

if TYPE_CHECKING:
    from pipeline.studio.place import Place
    from pipeline.studio.takedown import TakeDownPlan
    from pipeline.studio.takedown_copies import Subject
    from pipeline.studio.takedown_receipt import Receipt

COLUMNS = ("what", "where", "case", "file", "outcome", "why")
SHOWN_HASH = 12


def add_to(app: typer.Typer) -> None:
    """Add this command to the tree."""
    app.command()(takedown)


def takedown(
    case: str = typer.Argument(None, help="The case; everything of it, unless one file is named.", show_default=False),
    asset: str = typer.Option(None, help="sha256 of one file of the case, with all that was made of it; a unique beginning is enough."),
    customer: str = typer.Option(None, help="Owner id: everything of this customer, photos too."),
    owner: str = Owner,
    reason: str = typer.Option("", help="Why; it stands on the receipt."),
    yes: bool = typer.Option(False, "--yes", help="Do it without asking."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Name every copy; change nothing."),
    as_json: bool = JsonFlag,
) -> int:
    """Take a case, one file or a customer down for good: every copy is named first, then removed; nothing of it is kept again.

    Cost rows stay, without pictures. The exit code is 1 while some copy still waits to be removed; the worker goes on with it.
    """
    from pipeline.studio import takedown as verbs
    from pipeline.studio.place import Place

    place = Place(load())
    shown = verbs.plan(place, _subject(place, case, asset, customer, owner))
    if dry_run:
        say({"dry_run": True, **shown.document()}, as_json, lambda: _named(shown))
        return 0
    if not yes:
        _ask(shown)
    receipt = _to_its_end(place, verbs.take_down(place, shown.subject, me(), reason, expected=shown.mark))
    say(receipt.document(), as_json, receipt.text)
    return 0 if receipt.ended_at else 1


def _subject(place: "Place", case: str | None, asset: str | None, customer: str | None, owner: str | None) -> "Subject":
    from pipeline.studio import reviews
    from pipeline.studio.takedown_copies import Subject

    if (case is None and asset is None) == (customer is None):
        raise BadParameter("A take-down is of a case, or of a customer.", next="Name a case, `--asset HASH`, or `--customer OWNER` alone.")
    if customer is not None:
        return Subject(owner=customer)
    if case == STUDIO_SCOPE and asset is None:
        return Subject(case_id=STUDIO_SCOPE, owner=STUDIO_SCOPE)
    if asset is None:
        found_case = reviews.case_of(place, case or "")
        return Subject(case_id=found_case.id, owner=owner or found_case.owner)
    found = reviews.only_asset(place, asset, case_id=case)
    return Subject(case_id=found.scope, owner=owner or reviews.owner_of(place, found.scope), sha256=found.sha256)


def _ask(shown: "TakeDownPlan") -> None:
    """Name every copy and ask; where nobody can answer, nothing is taken down."""
    note(_named(shown))
    if sys.stdin is None or not sys.stdin.isatty():
        raise NotNow("Nobody can be asked here, so nothing was taken down.", next="Look with `--dry-run`, then say `--yes`.")
    if not typer.confirm(f"Take down {counted(len(shown.going), 'copy', 'copies')} for good?", err=True):
        raise NotNow("Nothing was taken down.", next="Say yes, or `--yes`, when it is meant.")


def _to_its_end(place: "Place", receipt: "Receipt") -> "Receipt":
    """Wait until what was being made has stopped, as its last copies can go only then."""
    from pipeline.processes.bring_up import Watch
    from pipeline.studio import requests, takedown_receipt
    from pipeline.studio import takedown as verbs
    from pipeline.studio.takedown_copies import Outcome, Where

    going_on = [one.address for one in receipt.copies if one.where is Where.WORK and one.outcome is Outcome.WAITING]
    for run in going_on:
        progress = Progress("Stopping what is being made")
        requests.wait_for(place, run, on_change=progress.see, meanwhile=Watch(place.settings).look)
        progress.done()
    if going_on:
        verbs.resume(place)
    return takedown_receipt.receipt(place, receipt.id)


def _named(shown: "TakeDownPlan") -> str:
    if not shown.copies:
        return f"No copy of {shown.subject.name} was found; nothing of it would be kept again."
    rows = [{**one, "file": one["sha256"][:SHOWN_HASH]} for one in shown.document()["copies"]]
    return table(rows, COLUMNS)
