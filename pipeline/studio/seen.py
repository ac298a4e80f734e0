"""A run as people see it: whose it is, its picture, what it costs, how long it takes, what was decided."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import assets, cases, ledger, runs
from pipeline.buying import calls, price_again
from pipeline.database import Connection
from pipeline.errors import StudioError, UnknownName
from pipeline.records import CALL_OPEN, Asset, AssetKind, Call, CallState, Case, Decision, Run, RunKind, RunState
from pipeline.studio import portraits
from pipeline.studio.looks import files_of, likeness_of
from pipeline.studio.place import Place
from pipeline.studio.portraits import request_of
from pipeline.studio.sweeplines import name_of
from pipeline.workflows.wishes import SLOTS

LEARN_FROM = 20


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A run as people see it: whose it is, its picture (else what it is made from), what it cost, and what was decided about it.

    `clips` were asked for of this avatar; `next_clip` is the number by which the case's next one is asked for. `sweep` is what people call the
    sweep that this run is a cell of, None for an attempt. `unsettled` is the run's request where nobody knows yet what became of it.
    """

    run: Run
    case: Case
    source: Asset
    made: Asset | None
    picture: Asset | None
    likeness: Mapping[str, Any] | None
    decision: Decision | None
    reused: bool
    held_micro_usd: int
    charged_micro_usd: int
    expected_seconds: float | None
    clips: int
    next_clip: int
    again_micro_usd: int
    sweep: str | None
    unsettled: Call | None

    @property
    def can_be_animated(self) -> bool:
        """True for the case's approved avatar."""
        return self.made is not None and self.run.kind is RunKind.AVATAR and self.case.avatar == self.made.sha256


@dataclass(frozen=True, kw_only=True)
class Question:
    """A paid request whose outcome only a person can settle."""

    call: Call
    seen: Seen


def questions(place: Place, db: Connection, limit: int) -> tuple[Question, ...]:
    """Return what only a person can settle, oldest first."""
    query = "SELECT id FROM calls WHERE state = ? AND needs_decision = 1 ORDER BY created_at LIMIT ?"
    return tuple(question_of(place, db, row["id"]) for row in db.execute(query, (CallState.UNKNOWN.value, limit)).fetchall())


def question_of(place: Place, db: Connection, call_id: str) -> Question:
    """Return the question about a call."""
    call = calls.get(db, call_id)
    return Question(call=call, seen=seen_of(place, db, runs.get(db, call.run_id)))


def see(place: Place, run_id: str) -> Seen:
    """Return one run as people see it; raises UnknownName."""
    with place.database.reading() as db:
        return seen_of(place, db, runs.get(db, run_id))


def usual_seconds(place: Place, db: Connection, run: Run) -> float | None:
    """Return how long such a run usually takes once its request goes out: the median of the last twenty of its model.

    Until three are known, live mode trusts the catalogue; the sandbox says what it has, or None.
    """
    try:
        model = place.catalogue.find(run.settings["model"])
    except UnknownName:
        return None
    rows = db.execute(
        """SELECT (julianday(r.ended_at) - julianday(r.started_at)) * 86400 AS seconds FROM calls c JOIN runs r ON r.id = c.run_id
        WHERE c.endpoint = ? AND c.finished_at IS NOT NULL AND c.state = 'succeeded' AND r.state = 'succeeded' AND r.kind = ?
            AND r.started_at IS NOT NULL
        ORDER BY c.finished_at DESC LIMIT ?""",
        (model.endpoint, run.kind.value, LEARN_FROM),
    ).fetchall()
    if rows and (len(rows) >= 3 or place.settings.is_sandbox):
        return float(statistics.median(row["seconds"] for row in rows))
    return None if place.settings.is_sandbox else model.expected_seconds


def seen_of(place: Place, db: Connection, run: Run) -> Seen:
    """Return a run as people see it, within a read that has begun; raises UnknownName when its case is gone."""
    case = cases.look_up(db, run.case_id)
    if case is None:
        raise UnknownName("The case of this run is gone.")
    files = files_of(db, run) if run.state is RunState.SUCCEEDED else []
    made = files[0] if files and files[0].removed_at is None else None
    money = ledger.totals(db, run_id=run.id)
    output = db.execute("SELECT reused FROM outputs WHERE run_id = ? LIMIT 1", (run.id,)).fetchone()
    return Seen(
        run=run,
        case=case,
        source=_shown(db, assets.get(db, run.case_id, run.source)),
        made=made,
        picture=files[-1] if made else None,
        likeness=likeness_of(db, made.scope, made.sha256) if made and run.kind is RunKind.AVATAR else None,
        decision=cases.decision_of(db, made.scope, made.sha256) if made else None,
        reused=bool(output and output["reused"]),
        held_micro_usd=money.held_micro_usd,
        charged_micro_usd=money.charged_micro_usd,
        expected_seconds=None if run.ended else usual_seconds(place, db, run),
        again_micro_usd=_price_again(place, db, run) if run.ended and not made else 0,
        clips=_clips(db, made) if made and run.kind is RunKind.AVATAR else 0,
        next_clip=portraits.next_number(db, case.id, RunKind.CLIP),
        sweep=name_of(db, run.sweep) if run.sweep else None,
        unsettled=_unsettled(db, run),
    )


def _unsettled(db: Connection, run: Run) -> Call | None:
    """Return the request of a run that has made nothing, if a person has to decide about it or it outlived the run."""
    if run.state is RunState.SUCCEEDED:
        return None
    try:
        call = calls.filling(db, run.id, SLOTS[run.kind])
    except UnknownName:
        return None
    return call if call.needs_decision or (run.ended and call.state in CALL_OPEN) else None


def _price_again(place: Place, db: Connection, run: Run) -> int:
    """Return what a retry would hold: nothing where the request was paid and fits, or may still arrive."""
    try:
        return price_again(db, run, request_of(place, db, run))
    except StudioError:  # it cannot be retried, as its model or photo is gone; what it cost then is what it says
        return calls.filling(db, run.id, SLOTS[run.kind]).hold_micro_usd


def _clips(db: Connection, avatar: Asset) -> int:
    """Count the clips that were asked for of an avatar."""
    query = "SELECT count(*) AS n FROM runs WHERE case_id = ? AND kind = 'clip' AND source = ? AND sweep IS NULL"
    return int(db.execute(query, (avatar.scope, avatar.sha256)).fetchone()["n"])


def _shown(db: Connection, asset: Asset) -> Asset:
    """Return the small copy of an avatar where there is one."""
    small = assets.children(db, asset.scope, asset.sha256, AssetKind.AVATAR_DISPLAY) if asset.kind is AssetKind.AVATAR else []
    return small[0] if small else asset
