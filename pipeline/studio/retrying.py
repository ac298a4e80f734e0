"""Retry many failed runs at once: at a price known before, never paying for what was bought, stopping where a limit is reached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline import cases, runs
from pipeline.buying import calls, price_again
from pipeline.buying.planning import fingerprint
from pipeline.database import Connection
from pipeline.errors import BeingLookedUp, BudgetReached, NotNow, StudioError, TooManyRequests
from pipeline.records import Person, Role, Run, RunState
from pipeline.studio import sweep_runs
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.portraits import check_limits, request_of
from pipeline.studio.requests import outdated, retry
from pipeline.studio.reviews import owner_of
from pipeline.workflows.wishes import SLOTS


@dataclass(frozen=True, kw_only=True)
class RetryPrice:
    """What retrying would hold, in micro-dollars: in all, for each run that can be retried, and why the others cannot."""

    total_micro_usd: int
    prices: Mapping[str, int]
    refused: Mapping[str, StudioError]


@dataclass(frozen=True, kw_only=True)
class Retried:
    """What became of one run: retried, or why not."""

    run_id: str
    why_not: StudioError | None

    @property
    def retried(self) -> bool:
        """True when the run goes on."""
        return self.why_not is None


def price_of_retrying(place: Place, run_ids: Iterable[str]) -> RetryPrice:
    """Return what retrying these runs would hold; what several of them ask for alike is paid once, what was bought costs nothing again."""
    prices: dict[str, int] = {}
    refused: dict[str, StudioError] = {}
    bought: set[str] = set()
    with place.database.reading() as db:
        db.execute("BEGIN")
        for run_id in dict.fromkeys(run_ids):
            try:
                prices[run_id] = _price(place, db, runs.get(db, run_id), bought)
            except StudioError as error:
                refused[run_id] = error
    return RetryPrice(total_micro_usd=sum(prices.values()), prices=prices, refused=refused)


def retry_all_failed(place: Place, by: Person, run_ids: Iterable[str]) -> tuple[Retried, ...]:
    """Retry what can be retried and return what became of each run, in the order given; raises NotAllowed.

    Once a budget or the pace of the person is used up nothing more is bought, while what costs nothing still goes on.
    """
    check(by, Role.MAKE)
    wanted = list(dict.fromkeys(run_ids))
    prices = price_of_retrying(place, wanted).prices
    stopped: StudioError | None = None
    done: list[Retried] = []
    for run_id in wanted:
        why_not = stopped if stopped and prices.get(run_id, 0) else _retry(place, run_id, by)
        stopped = why_not if isinstance(why_not, BudgetReached | TooManyRequests) else stopped
        done.append(Retried(run_id=run_id, why_not=why_not))
    return tuple(done)


def refusal(place: Place, db: Connection, run: Run, by: Person) -> StudioError | None:
    """Return why a retry of this run by this person would be refused now, budgets left out; None when it would go on. Nothing is written."""
    try:
        _check_retry(place, db, run, by)
    except StudioError as error:
        return error
    return None


def _check_retry(place: Place, db: Connection, run: Run, by: Person) -> None:
    check(by, Role.MAKE)
    if calls.filling(db, run.id, SLOTS[run.kind]).needs_decision:
        raise BeingLookedUp(screen="Decide about it in the queue.")
    cost = _price(place, db, run, set())
    case = cases.look_up(db, run.case_id)
    if run.sweep is not None:
        sweep_runs.check_cell(db, run)
    elif cost and case is not None:
        check_limits(place, db, case, by)


def _retry(place: Place, run_id: str, by: Person) -> StudioError | None:
    try:
        with place.database.reading() as db:
            run = runs.get(db, run_id)
        if run.state is not RunState.FAILED:
            return NotNow(f"This run is {run.state.value} by now.", next="Nothing is left to do.")
        retry(place, run_id, owner_of(place, run.case_id), by)
    except StudioError as error:
        return error
    return None


def _price(place: Place, db: Connection, run: Run, bought: set[str]) -> int:
    if run.state not in (RunState.FAILED, RunState.CANCELLED, RunState.PARTLY):
        raise NotNow(f"This run is {run.state.value}; only what failed or was cancelled can be retried.", next="Nothing is left to do.")
    wanted = request_of(place, db, run)
    cost = price_again(db, run, wanted)
    case = cases.look_up(db, run.case_id)
    if cost and case and (what := outdated(case, run)):
        raise NotNow(f"The {what} was replaced meanwhile, so this is not bought again.", next=f"Ask for a new one from the present {what}.")
    print_ = fingerprint(wanted, run.case_id)
    if print_ in bought:
        return 0
    bought.update([print_] if cost else [])
    return cost
