"""A cell bought once more, to prove what its settings still give: the same bytes, the same to the eye, or something else."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from pipeline import assets, ledger, runs, turns
from pipeline.buying import Wanted, calls, price_of
from pipeline.buying import plan as plan_call
from pipeline.catalog import Model, Quote
from pipeline.database import Connection, insert
from pipeline.errors import NotNow, UnknownName
from pipeline.ledger import Cap
from pipeline.media.alike import MOST_BLOCK, MOST_MEAN, Apart, apart
from pipeline.records import Asset, Call, Person, Reuse, Role, Run, RunKind, RunState, dollars, moment, now
from pipeline.studio import sweeps
from pipeline.studio.looks import files_of
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.portraits import check_key
from pipeline.studio.sweep_prices import FEATURE
from pipeline.workflows.wishes import SLOTS

# The key of a cell has sixteen digits, so no cell's own id can end like this.
REPLAY = re.compile(r"-replay-[0-9]{2,6}$")


class Verdict(StrEnum):
    """What a replay shows."""

    SAME_BYTES = "same bytes"
    SAME_TO_THE_EYE = "same to the eye"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True)
class Replay:
    """A cell's newest finished replay: its run, its picture or poster, the verdict, and in words why it may differ (empty for the same bytes).

    `difference` is measured as `media.alike` says; None for the same bytes and for pictures of another shape. `words` says it all in a
    sentence. `charged_micro_usd` is what it cost.
    """

    run: Run
    shown: Asset
    verdict: Verdict
    difference: Apart | None
    words: str
    why: str
    charged_micro_usd: int


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """One purchase of a cell: what was asked of whom, the file as it was delivered, and the picture to look at."""

    call: Call
    delivered: Asset
    shown: Asset


def is_replay(run_id: str) -> bool:
    """Tell whether a run is a replay, so no cell of its sweep.

    >>> is_replay("s1-0123456789abcdef-replay-01"), is_replay("s1-replay-0123456789abcdef")
    (True, False)
    """
    return REPLAY.search(run_id) is not None


def price(place: Place, run_id: str) -> Quote:
    """Return what buying a cell's request once more would cost now; raises like `replay`."""
    with place.database.reading() as db:
        return price_of(_same_request(place, db, _finished(db, run_id)))


def replay(place: Place, run_id: str, by: Person, *, told_micro_usd: int) -> Run:
    """Buy the very request of a finished cell once more, whatever is owned; while one is on its way, that one is meant.

    It is a run of its own under the sweep's ceiling. Raises NotAllowed, KeyRefused, UnknownName, BudgetReached, TooManyRequests, and NotNow
    for what is no finished cell, can no longer be asked for as it was, or costs more than was told.
    """
    check(by, Role.MAKE)
    check_key(place)
    with place.database.writing() as tx:
        cell = _finished(tx, run_id)
        before = of_cell(tx, cell.id)
        if before and not before[-1].ended:
            return before[-1]
        want = _same_request(place, tx, cell)
        if (cost := price_of(want).micro_usd) > told_micro_usd:
            raise NotNow(f"This replay would now cost {dollars(cost)} instead of {dollars(told_micro_usd)}.", next="Look at the price again.")
        run = _ask(tx, cell, by, number=len(before) + 1)
        plan_call(tx, run, want, _caps(place, tx, cell), before_holding=lambda: runs.check_pace(tx, by, FEATURE, place.pace(by)))
        detail = json.dumps({"run": run.id, "price_micro_usd": cost})
        insert(tx, "audit_log", {"at": now(), "person": by.name, "action": "replay cell", "subject": cell.sweep, "detail": detail})
        return run


def of_cell(db: Connection, run_id: str) -> list[Run]:
    """Return the replays of a cell, oldest first."""
    rows = db.execute(
        "SELECT id FROM runs WHERE sweep = (SELECT sweep FROM runs WHERE id = ?) AND parent_run = ? ORDER BY asked_at", (run_id, run_id)
    )
    return [runs.get(db, row["id"]) for row in rows.fetchall() if is_replay(row["id"])]


def verdict(place: Place, run_id: str) -> Replay | None:
    """Compare a cell with its newest replay that made something; None while there is none.

    The same bytes are those the provider delivered; else stills, or the posters of clips, are compared. Raises UnknownName, NotStored and
    BrokenMedia.
    """
    with place.database.reading() as db:
        first = _taken(db, runs.get(db, run_id))
        found = [(run, again) for run in reversed(of_cell(db, run_id)) if (again := _taken(db, run)) and again.call.run_id == run.id]
        if first is None or not found:
            return None
        run, again = found[0]
        charged = ledger.totals(db, run_id=run.id).charged_micro_usd
    if first.delivered.sha256 == again.delivered.sha256:
        said, difference, words = Verdict.SAME_BYTES, None, "The same bytes came again."
    else:
        difference = apart(assets.read(place.store, first.shown), assets.read(place.store, again.shown))
        said = Verdict.SAME_TO_THE_EYE if difference and difference.to_the_eye else Verdict.CHANGED
        words = _words(said, difference)
    why = "" if said is Verdict.SAME_BYTES else _why(_model(place, first.call), first, again, said)
    return Replay(run=run, shown=again.shown, verdict=said, difference=difference, words=words, why=why, charged_micro_usd=charged)


def _finished(db: Connection, run_id: str) -> Run:
    cell = runs.get(db, run_id)
    if cell.sweep is None or is_replay(cell.id):
        raise NotNow("Only the cells of a sweep are replayed.", next="Choose a cell.")
    if _taken(db, cell) is None:
        raise NotNow("This cell has no picture to compare a replay with.", next="Replay it once its picture is there.")
    return cell


def _taken(db: Connection, run: Run) -> _Taken | None:
    """Return what a run came to; None unless it succeeded and its files were not removed."""
    files = files_of(db, run) if run.state is RunState.SUCCEEDED else []
    if not files or any(one.removed_at for one in files):
        return None
    still = run.kind is RunKind.AVATAR
    delivered = files[0] if still else assets.get(db, run.case_id, files[0].parents[0])
    return _Taken(call=calls.filling(db, run.id, SLOTS[run.kind]), delivered=delivered, shown=files[0] if still else files[-1])


def _same_request(place: Place, db: Connection, cell: Run) -> Wanted:
    """Return what was asked for a cell, argument by argument, whatever the catalogue would ask for today."""
    call, source = calls.filling(db, cell.id, SLOTS[cell.kind]), assets.get(db, cell.case_id, cell.source)
    model = _model(place, call)
    if model is None or (model.provider, model.endpoint) != (call.provider, call.endpoint):
        raise NotNow(f"The catalogue no longer has {call.endpoint}, so this request cannot be bought again.", next="Compare with another cell.")
    if source.removed_at is not None:
        raise NotNow("What this cell was made from was removed.", next="Compare with another cell.")
    return Wanted(
        slot=SLOTS[cell.kind],
        model=model,
        arguments=call.input["arguments"],
        photo=call.input["photo"],
        width_px=source.width_px or 1024,
        height_px=source.height_px or 1024,
        reuse=Reuse.NEVER,
        take=cell.settings["take"],
    )


def _model(place: Place, call: Call) -> Model | None:
    try:
        return place.catalogue.find(call.input["model"])
    except UnknownName:
        return None


def _ask(tx: Connection, cell: Run, by: Person, *, number: int) -> Run:
    run, _ = runs.ask(
        tx,
        run_id=f"{cell.id}-replay-{number:02d}",
        kind=cell.kind,
        case_id=cell.case_id,
        person=by,
        feature=FEATURE,
        settings=cell.settings,
        source=cell.source,
        photo_version=cell.photo_version,
        parent_run=cell.id,
        sweep=cell.sweep,
        priority=turns.SWEEP,
    )
    return run


def _caps(place: Place, tx: Connection, cell: Run) -> tuple[Cap, ...]:
    sweep = sweeps.get(tx, str(cell.sweep))
    if sweep.ceiling_micro_usd is None:
        return place.caps
    return (*place.caps, Cap(scope_kind="sweep", scope=sweep.id, period="ever", micro_usd=sweep.ceiling_micro_usd))


def _words(said: Verdict, difference: Apart | None) -> str:
    if difference is None:
        return "Changed: the picture has another shape."
    limits = f"up to {MOST_MEAN:g} and {MOST_BLOCK:g} nobody sees it"
    figures = f"{difference.mean:.1f} of 255 in the mean and {difference.block:.1f} where it differs most; {limits}"
    return f"{'The same to the eye' if said is Verdict.SAME_TO_THE_EYE else 'Changed'}: it differs by {figures}."


def _why(model: Model | None, first: _Taken, again: _Taken, said: Verdict) -> str:
    served = [one.call.served_endpoint or one.call.endpoint for one in (first, again)]
    if served[0] != served[1]:
        return f"Another endpoint answered: {served[1]} instead of {served[0]}."
    if model is not None and not model.takes_seed:
        return f"{model.title} has no seed, so every take differs."
    if said is Verdict.SAME_TO_THE_EYE:
        return "It was computed on another machine or saved anew, as happens between two takes of one request."
    since = moment(first.call.created_at).date()
    return f"The same endpoint answered, {served[1]}: the model behind it may have moved since {since:%Y-%m-%d}."
