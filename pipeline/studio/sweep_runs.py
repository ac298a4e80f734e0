"""Buying a sweep: its cells become runs, the coarse ones first, at a price that was shown and under a ceiling; cancel the rest, retry failures."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import assets, cases, runs, turns
from pipeline.buying import plan as plan_call
from pipeline.buying import plan_again
from pipeline.database import Connection, insert, update
from pipeline.errors import BadParameter, BudgetReached, NotNow, StudioError
from pipeline.ledger import Cap
from pipeline.ledger.budgets import check_room
from pipeline.records import Person, Role, Run, RunState, dollars, now
from pipeline.studio import sweeps
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.portraits import check_key, request_of
from pipeline.studio.replays import is_replay
from pipeline.studio.sweep_prices import FEATURE, Priced, asked_for, price_within
from pipeline.studio.sweeps import Sweep
from pipeline.sweeps.cells import Cell
from pipeline.sweeps.remarks import USUAL_CELLS
from pipeline.wording import counted

AT_ONCE = 200


@dataclass(frozen=True, kw_only=True)
class Started:
    """What was asked for: the sweep, how many runs are new, how many of them cost nothing, and what was held in micro-dollars."""

    sweep: Sweep
    new: int
    owned: int
    micro_usd: int


def start(
    place: Place,
    sweep_id: str,
    by: Person,
    *,
    ceiling_micro_usd: int,
    told_micro_usd: int | None = None,
    version: int | None = None,
    large: bool = False,
) -> Started:
    """Buy what of a sweep's cells is new; pressed again, nothing more is bought. Of an extended plan only the new cells are.

    Nothing is bought unless all of it fits: raises NotAllowed, KeyRefused, BadParameter for a plan with nothing to make or of an unusual size
    that was not agreed to (`large`), NotNow when it would now cost more than was shown (`told_micro_usd`) or is another plan than the one seen
    (`version`), BudgetReached above the ceiling or a cap.
    """
    check(by, Role.MAKE)
    check_key(place)
    with place.database.writing() as tx:
        sweep = sweeps.get(tx, sweep_id)
        if version not in (None, sweep.version):
            raise NotNow(f"{sweep.changed_by} changed this sweep meanwhile.", next="Look at the plan again, then buy it.")
        priced = price_within(place, tx, sweep.plan, None, sweep_id=sweep.id)
        _check(place, tx, sweep, priced, by, ceiling_micro_usd, told_micro_usd, large)
        asked = asked_for(tx, sweep.id)
        cells = [cell for cell in _cells(priced) if f"{sweep.id}-{cell.key}" not in asked]
        if cells:
            begun = sweep.started_at or now()
            changes = {
                "price_micro_usd": (sweep.price_micro_usd or 0) + priced.micro_usd,
                "ceiling_micro_usd": ceiling_micro_usd,
                "started_at": begun,
            }
            update(tx, "sweeps", {"id": sweep.id}, {**changes, "changed_at": now()})
            _note(tx, sweep, "sweep", by, cells=len(cells), price_micro_usd=priced.micro_usd, ceiling_micro_usd=ceiling_micro_usd)
        _ask(place, tx, sweep, cells[:AT_ONCE], by, ceiling_micro_usd)
    for first in range(AT_ONCE, len(cells), AT_ONCE):  # others may write in between; what is left out by a crash is asked for by pressing again
        with place.database.writing() as tx:
            _ask(place, tx, sweep, cells[first : first + AT_ONCE], by, ceiling_micro_usd)
    return Started(sweep=sweeps.find(place, sweep.id), new=len(cells), owned=priced.owned, micro_usd=priced.micro_usd)


def cancel(place: Place, sweep_id: str, by: Person) -> int:
    """Ask everything of a sweep that has not ended to stop; return how many runs that are. What is made is kept."""
    check(by, Role.MAKE)
    with place.database.writing() as tx:
        sweep = sweeps.get(tx, sweep_id)
        rows = tx.execute("SELECT id FROM runs WHERE sweep = ? AND state IN ('asked', 'queued', 'working') AND cancel_asked_at IS NULL", (sweep_id,))
        live = [row["id"] for row in rows.fetchall()]
        for run_id in live:
            runs.ask_cancel(tx, run_id)
        if live:
            _note(tx, sweep, "cancel sweep", by, runs=len(live))
    return len(live)


def retry_failures(place: Place, sweep_id: str, by: Person, *, told_micro_usd: int) -> int:
    """Try the failed and cancelled cells of a sweep again, buying only what is missing; return how many go on.

    Raises NotAllowed, and NotNow when it would cost more than was told; nothing is retried then.
    """
    check(by, Role.MAKE)
    failed = failures(place, sweep_id)
    cost = price_of_retrying(place, failed)
    if cost > told_micro_usd:
        raise NotNow(f"Trying these again would now cost {dollars(cost)} instead of {dollars(told_micro_usd)}.", next="Look at the price again.")
    return sum(_retry(place, run, by) for run in failed)


def retry(place: Place, run_id: str, by: Person) -> Run:
    """Try one failed or cancelled cell again; raises NotAllowed, NotNow, BudgetReached and what its request is refused for."""
    check(by, Role.MAKE)
    with place.database.writing() as tx:
        run = runs.get(tx, run_id)
        if run.sweep is None:
            raise NotNow("This run is no cell of a sweep.", next="Retry it in the queue.")
        check_cell(tx, run)
        sweep = sweeps.get(tx, run.sweep)
        run = runs.again(tx, run_id)
        want = request_of(place, tx, run)
        plan_again(tx, run, want, _caps(place, sweep.id, sweep.ceiling_micro_usd), before_holding=lambda: _check_pace(place, tx, by))
        _note(tx, sweep, "retry cell", by, run=run_id)
        return run


def check_cell(db: Connection, run: Run) -> None:
    """Raise NotNow for a replay and for a cell whose picture was removed: neither is tried again."""
    if is_replay(run.id):
        raise NotNow("This is a replay of a cell, and a retry might show what is owned.", next="Replay the cell once more.")
    if assets.get(db, run.case_id, run.source).removed_at is not None:
        raise NotNow("The picture this cell is made from was removed.", next="Compare on another photo.")


def failures(place: Place, sweep_id: str) -> list[Run]:
    """Return the cells of a sweep that failed or were cancelled, oldest first."""
    query = "SELECT id FROM runs WHERE sweep = ? AND state IN ('failed', 'cancelled', 'partly') ORDER BY asked_at"
    with place.database.reading() as db:
        return [runs.get(db, row["id"]) for row in db.execute(query, (sweep_id,)).fetchall() if not is_replay(row["id"])]


def price_of_retrying(place: Place, failed: Sequence[Run]) -> int:
    """Return what trying these again would hold, in micro-dollars."""
    from pipeline.studio.retrying import price_of_retrying as price_all

    return price_all(place, [run.id for run in failed]).total_micro_usd


def _check(
    place: Place, tx: Connection, sweep: Sweep, priced: Priced, by: Person, ceiling_micro_usd: int, told_micro_usd: int | None, large: bool
) -> None:
    if not priced.cells:
        why = priced.problems[0].why if priced.problems else "Every combination is left out."
        raise BadParameter(f"This plan has no cell that could be made. {why}", next="Correct the plan.")
    if priced.to_buy > USUAL_CELLS and not large:
        raise BadParameter(
            f"{counted(priced.to_buy, 'picture')} are more than the usual {USUAL_CELLS}.",
            next="Say that so many are wanted, or make the plan smaller.",
        )
    if told_micro_usd is not None and priced.micro_usd > told_micro_usd:
        raise NotNow(f"This would now cost {dollars(priced.micro_usd)} instead of {dollars(told_micro_usd)}.", next="Look at the plan again.")
    spent = _spent(tx, sweep.id)
    if spent + priced.micro_usd > ceiling_micro_usd:
        before = f" after the {dollars(spent)} it has cost" if spent else ""
        raise BudgetReached(
            f"This costs {dollars(priced.micro_usd)}{before}, which is above the ceiling of {dollars(ceiling_micro_usd)}.",
            next="Raise the ceiling or make the plan smaller.",
        )
    if priced.micro_usd:
        check_room(tx, priced.micro_usd, place.caps, person=by.name, feature=FEATURE, sweep=sweep.id, requests=priced.to_buy)


def _cells(priced: Priced) -> list[Cell]:
    """Return each cell once: different places of a plan may ask for the very same."""
    return list({cell.key: cell for cell in reversed(priced.layout.cells)}.values())[::-1]


def _ask(place: Place, tx: Connection, sweep: Sweep, cells: Sequence[Cell], by: Person, ceiling_micro_usd: int) -> None:
    if not cells:
        return
    turn, caps = turns.next_turn(tx, by.name, turns.SWEEP), _caps(place, sweep.id, ceiling_micro_usd)
    for number, cell in enumerate(cells):
        run, new = runs.ask(
            tx,
            run_id=f"{sweep.id}-{cell.key}",
            kind=sweep.kind,
            case_id=cell.source.scope,
            person=by,
            feature=FEATURE,
            settings=cell.settings,
            source=cell.source.sha256,
            photo_version=_photo_version(tx, cell.source.scope),
            sweep=sweep.id,
            priority=turns.SWEEP,
            turn=turn + number,
        )
        if new:
            plan_call(tx, run, cell.wanted, caps, before_holding=lambda: _check_pace(place, tx, by))


def _caps(place: Place, sweep_id: str, ceiling_micro_usd: int | None) -> tuple[Cap, ...]:
    own = () if ceiling_micro_usd is None else (Cap(scope_kind="sweep", scope=sweep_id, period="ever", micro_usd=ceiling_micro_usd),)
    return (*place.caps, *own)


def _check_pace(place: Place, tx: Connection, by: Person) -> None:
    check_key(place)
    runs.check_pace(tx, by, FEATURE, place.pace(by))


def _photo_version(tx: Connection, case_id: str) -> int:
    case = cases.look_up(tx, case_id)
    return case.photo_version if case else 0


def _spent(tx: Connection, sweep_id: str) -> int:
    query = (
        "SELECT coalesce(sum(held_micro_usd + charged_micro_usd), 0) AS n FROM balances WHERE scope_kind = 'sweep' AND scope = ? AND period = 'ever'"
    )
    return int(tx.execute(query, (sweep_id,)).fetchone()["n"])


def _retry(place: Place, run: Run, by: Person) -> bool:
    if run.state not in (RunState.FAILED, RunState.CANCELLED, RunState.PARTLY):
        return False
    try:
        retry(place, run.id, by)
    except StudioError:
        return False
    return True


def _note(tx: Connection, sweep: Sweep, action: str, by: Person, **detail: object) -> None:
    insert(tx, "audit_log", {"at": now(), "person": by.name, "action": action, "subject": sweep.id, "detail": json.dumps(detail)})
