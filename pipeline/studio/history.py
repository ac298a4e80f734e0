"""Everything that was tried for a case: what was asked for, what came of it, what it cost, who judged it, and what to try next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import cases, runs
from pipeline.buying import calls
from pipeline.database import Connection
from pipeline.errors import Fault, UnknownName
from pipeline.records import Call, Case, Decision, Run, RunState
from pipeline.studio.comparing import Setting, model_title, settings_of
from pipeline.studio.place import Place
from pipeline.studio.requests import outdated
from pipeline.studio.seen import Seen, seen_of
from pipeline.workflows.wishes import SLOTS

MOST = 1000


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What somebody said of a result: approved, rejected or withdrawn, when (UTC) and why."""

    decision: Decision
    person: str
    at: str
    note: str


Said = dict[str, list[Judgement]]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One run of a case in people's words.

    `served` is the endpoint that did the work where the provider named it. Where it did not succeed, `fault` says who has to act, `charged`
    whether money was taken (None: not known yet) and `remedy` what to try.
    """

    seen: Seen
    model: str
    asked: str
    served: str | None
    settings: tuple[Setting, ...]
    outcome: str
    fault: Fault | None
    charged: bool | None
    remedy: str
    judgements: tuple[Judgement, ...]


def attempts_of(place: Place, case_id: str, *, limit: int = MOST) -> tuple[Attempt, ...]:
    """Return the attempts of a case, newest first, without cells of sweeps; raises UnknownName when there is no such case."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        case = cases.look_up(db, case_id)
        if case is None:
            raise UnknownName("There is no such case.", next="Search for it by name, case id or owner id.")
        return attempts(place, db, case, limit=limit)


def attempts(place: Place, db: Connection, case: Case, *, limit: int = MOST) -> tuple[Attempt, ...]:
    """Return the attempts of a case within a read that has begun, newest first."""
    said = _judgements(db, case)
    return tuple(_attempt(place, db, case, run, said) for run in runs.newest(db, limit, case_id=case.id, cells=False))


def _attempt(place: Place, db: Connection, case: Case, run: Run, said: Said) -> Attempt:
    seen, call = seen_of(place, db, run), _call(db, run)
    failed = run.error if run.state in (RunState.FAILED, RunState.CANCELLED, RunState.PARTLY) else None
    judgements = tuple(said.get(seen.made.sha256, ())) if seen.made else ()
    older = outdated(case, run)
    return Attempt(
        seen=seen,
        model=model_title(place, run),
        asked=call.endpoint if call else "",
        served=call.served_endpoint if call else None,
        settings=settings_of(place, run),
        outcome=_outcome(seen, call, judgements, older),
        fault=Fault(failed["fault"]) if failed else None,
        charged=_charged(seen) if run.ended else None,
        remedy=_remedy(failed, call, older) if failed else "",
        judgements=judgements,
    )


def _outcome(seen: Seen, call: Call | None, judgements: tuple[Judgement, ...], older: str | None) -> str:
    if call is not None and call.needs_decision:
        return "Needs a decision: nobody knows whether the provider took this request"
    if seen.run.state is RunState.SUCCEEDED:
        return _result(seen, judgements, older)
    return str(seen.run.error["say"]) if seen.run.ended and seen.run.error else seen.run.stage


def _result(seen: Seen, judgements: tuple[Judgement, ...], older: str | None) -> str:
    if seen.made is None:
        return "Removed"
    if seen.made.sha256 in (seen.case.avatar, seen.case.clip):
        return "Approved, and the current one"
    last = judgements[0].decision if judgements else None
    if last is Decision.APPROVED:
        return "Approved, and replaced since"
    if last is Decision.REJECTED:
        return "Rejected"
    if older:
        return f"Made from {'a photo' if older == 'photo' else 'an avatar'} that was replaced"
    return "Waits for a decision again" if last else "Waits for a decision"


def _charged(seen: Seen) -> bool | None:
    """Tell whether money was taken; None while some is still held for it."""
    return True if seen.charged_micro_usd > 0 else None if seen.held_micro_usd > 0 else False


def _remedy(error: Mapping[str, Any], call: Call | None, older: str | None) -> str:
    if call is not None and call.needs_decision:
        return "Decide: wait for it, send it again or give it up."
    return f"Make a new one from the present {older}." if older else str(error["next"])


def _call(db: Connection, run: Run) -> Call | None:
    try:
        return calls.filling(db, run.id, SLOTS[run.kind])
    except UnknownName:
        return None


def _judgements(db: Connection, case: Case) -> Said:
    said: Said = {}
    for row in db.execute("SELECT * FROM approvals WHERE scope = ? ORDER BY at DESC, rowid DESC", (case.id,)):
        judgement = Judgement(decision=Decision(row["decision"]), person=row["person"], at=row["at"], note=row["note"])
        said.setdefault(row["asset"], []).append(judgement)
    return said
