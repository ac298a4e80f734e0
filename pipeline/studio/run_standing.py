"""How a run, or a file that was made, stands in one word: the same on Home, in its case, in the library, in the queue and on its own page."""

from enum import StrEnum

from pipeline.records import Decision, RunState
from pipeline.studio.requests import outdated
from pipeline.studio.seen import Seen


class RunStanding(StrEnum):
    """What people would say of a run."""

    WAITING = "waiting"
    WORKING = "working"
    CANCELLING = "cancelling"
    UNDECIDED = "needs a decision"
    NOT_KNOWN = "being looked up"
    TO_REVIEW = "to review"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    CELL = "of a sweep"
    REMOVED = "removed"
    PARTLY = "partly done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDS = {
    RunState.FAILED: RunStanding.FAILED,
    RunState.PARTLY: RunStanding.PARTLY,
    RunState.CANCELLED: RunStanding.CANCELLED,
}


def standing_of(seen: Seen) -> RunStanding:
    """Say how a run stands: nothing has failed, and nothing is free to be tried again, while its request may still arrive and be charged."""
    if seen.unsettled is not None:
        return RunStanding.UNDECIDED if seen.unsettled.needs_decision else RunStanding.NOT_KNOWN
    if not seen.run.ended:
        return _of_live(seen)
    if seen.run.state in ENDS:
        return ENDS[seen.run.state]
    return _of_result(seen)


def of_file(decision: Decision | None, *, current: bool, fitting: bool) -> RunStanding:
    """Say how a file stands: approved is only what its case has now, however it was judged before.

    `current` is the case's avatar or clip, `fitting` what was made for its present photo or avatar.
    """
    if current:
        return RunStanding.APPROVED
    if decision is Decision.REJECTED:
        return RunStanding.REJECTED
    if decision is Decision.APPROVED or not fitting:
        return RunStanding.REPLACED
    return RunStanding.WITHDRAWN if decision else RunStanding.TO_REVIEW


def _of_live(seen: Seen) -> RunStanding:
    if seen.run.cancel_asked_at:
        return RunStanding.CANCELLING
    return RunStanding.WORKING if seen.run.state is RunState.WORKING else RunStanding.WAITING


def _of_result(seen: Seen) -> RunStanding:
    if seen.made is None:
        return RunStanding.REMOVED
    current = seen.made.sha256 in (seen.case.avatar, seen.case.clip)
    if seen.sweep is not None and not current and seen.decision is None:
        return RunStanding.CELL
    return of_file(seen.decision, current=current, fitting=outdated(seen.case, seen.run) is None)
