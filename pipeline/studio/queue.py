"""The Queue: what runs, what waits and in which order, what needs a decision, what failed, what was done today. A sweep is one line."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from pipeline import runs, turns
from pipeline.database import Connection, Row
from pipeline.errors import Fault, StudioError
from pipeline.records import seconds_since
from pipeline.studio import sweeplines
from pipeline.studio.place import Place
from pipeline.studio.requests import outdated
from pipeline.studio.retrying import Retried, RetryPrice, price_of_retrying, retry_all_failed
from pipeline.studio.seen import Seen, question_of, seen_of
from pipeline.studio.strip import FAILED_DAYS, Counts, counts_of, days_ago, failed_since, today
from pipeline.studio.sweeplines import SweepLine
from pipeline.studio.undecided import Option, Undecided, explain
from pipeline.turns import Pause

__all__ = [
    "Counts",
    "Failed",
    "Option",
    "QueueView",
    "Retried",
    "RetryPrice",
    "Section",
    "Sizes",
    "SweepLine",
    "Undecided",
    "Underway",
    "counts",
    "failed_ids",
    "failure",
    "look",
    "price_of_retrying",
    "retry_all_failed",
]
T = TypeVar("T")
Looks = list[Callable[[], T]]


class Section(StrEnum):
    """The parts of the Queue."""

    RUNNING = "running"
    WAITING = "waiting"
    UNDECIDED = "undecided"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, kw_only=True)
class Underway:
    """A run that has not ended: for how long it runs (or waits, from its asking), and its place in our line, counted from 1.

    `place` is None once its request went out; then its stage says its place in the provider's line.
    """

    seen: Seen
    seconds: float
    place: int | None


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A run that failed and was not mended: whose fault it was, whether it was charged (None: not known), what to try, what a retry would hold.

    `why_not` is why it cannot be retried, if so; its price is 0 then.
    """

    seen: Seen
    fault: Fault
    charged: bool | None
    say: str
    next: str
    retry_micro_usd: int
    why_not: str | None


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many there are of each, however many are shown; a sweep counts once wherever it stands."""

    running: int
    waiting: int
    undecided: int
    failed: int
    done: int


@dataclass(frozen=True, kw_only=True)
class QueueView:
    """Everything at one moment: what runs, what waits in the order in which it will go, questions oldest first, failures and ends newest first.

    Sweeps go last in line and stand last there; they come first among what failed or was done. Requests nobody can prove stand each by itself.
    """

    running: tuple[Underway | SweepLine, ...]
    waiting: tuple[Underway | SweepLine, ...]
    undecided: tuple[Undecided, ...]
    failed: tuple[Failed | SweepLine, ...]
    done: tuple[Seen | SweepLine, ...]
    sizes: Sizes
    pause: Pause | None


def look(place: Place, *, person: str | None = None, section: Section | None = None, limit: int = 50, offset: int = 0) -> QueueView:
    """Look at everything in one short read, at most `limit` of each; of one person if named, whose places are those among all.

    Of one section if named, from `offset` on; the others are counted only.
    """

    def shown(one: Section, found: Looks[T]) -> tuple[T, ...]:
        return tuple(look_at() for look_at in found[offset : offset + limit]) if section in (None, one) else ()

    with place.database.reading() as db:
        db.execute("BEGIN")
        (running, waiting), asked = _live(place, db, person), _asked(place, db, person)
        failed, done = _failed(place, db, person), _done(place, db, person)
        return QueueView(
            running=shown(Section.RUNNING, running),
            waiting=shown(Section.WAITING, waiting),
            undecided=shown(Section.UNDECIDED, asked),
            failed=shown(Section.FAILED, failed),
            done=shown(Section.DONE, done),
            sizes=Sizes(running=len(running), waiting=len(waiting), undecided=len(asked), failed=len(failed), done=len(done)),
            pause=turns.pause_of(db),
        )


def counts(place: Place) -> Counts:
    """Return how much there is of everything, for a menu: takes a millisecond or three."""
    return counts_of(place)


def failed_ids(place: Place, *, person: str | None = None) -> list[str]:
    """Return every run that failed within seven days and was not mended, newest first, but no cells of sweeps; of one person if named."""
    with place.database.reading() as db:
        return failed_since(db, days_ago(FAILED_DAYS), person)


def failure(place: Place, db: Connection, run_id: str) -> Failed:
    """Return what is known of a run that failed, within a read that has begun."""
    seen = seen_of(place, db, runs.get(db, run_id))
    error = StudioError.from_json(seen.run.error) if seen.run.error else StudioError()
    why_not = _why_not(place, seen)
    return Failed(
        seen=seen,
        fault=error.fault,
        charged=error.charged,
        say=error.say,
        next=error.next,
        retry_micro_usd=0 if why_not else seen.again_micro_usd,
        why_not=why_not,
    )


def _live(place: Place, db: Connection, person: str | None) -> tuple[Looks[Underway | SweepLine], Looks[Underway | SweepLine]]:
    """Return what runs, oldest first, and what waits with its place, in the order of turns."""
    rows = db.execute(
        f"""SELECT r.id, r.person, r.state, r.started_at, coalesce({turns.TO_BUY}, 0) AS buys FROM runs r {turns.WITH_CALL}
        WHERE r.state IN {turns.LIVE} AND r.sweep IS NULL ORDER BY r.priority, r.turn, r.asked_at"""  # noqa: S608
    ).fetchall()
    places = {row["id"]: number for number, row in enumerate((row for row in rows if row["buys"]), 1)}
    mine = [row for row in rows if person in (None, row["person"])]
    begun = sorted((row for row in mine if not _waits(row)), key=lambda row: row["started_at"] or "~")
    running: Looks[Underway | SweepLine] = [partial(_underway, place, db, row["id"], None) for row in begun]
    waiting: Looks[Underway | SweepLine] = [partial(_underway, place, db, row["id"], places.get(row["id"])) for row in mine if _waits(row)]
    for sweep_id, works in sweeplines.live(db, person).items():
        (running if works else waiting).append(partial(sweeplines.line, db, sweep_id))
    return running, waiting


def _waits(row: Row) -> bool:
    return bool(row["buys"]) or row["state"] != "working"


def _asked(place: Place, db: Connection, person: str | None) -> Looks[Undecided]:
    rows = db.execute(
        """SELECT c.id, r.person FROM calls c JOIN runs r ON r.id = c.run_id WHERE c.state = 'unknown' AND c.needs_decision = 1
        ORDER BY c.created_at"""
    ).fetchall()
    return [partial(_question, place, db, row["id"]) for row in rows if person in (None, row["person"])]


def _question(place: Place, db: Connection, call_id: str) -> Undecided:
    return explain(place, db, question_of(place, db, call_id))


def _failed(place: Place, db: Connection, person: str | None) -> Looks[Failed | SweepLine]:
    since = days_ago(FAILED_DAYS)
    sweeps: Looks[Failed | SweepLine] = [partial(sweeplines.line, db, sweep_id) for sweep_id in sweeplines.failed_since(db, since, person)]
    return [*sweeps, *(partial(failure, place, db, run_id) for run_id in failed_since(db, since, person))]


def _done(place: Place, db: Connection, person: str | None) -> Looks[Seen | SweepLine]:
    rows = db.execute(
        """SELECT id, person FROM runs WHERE state IN ('succeeded', 'partly', 'cancelled') AND sweep IS NULL AND ended_at >= ?
        ORDER BY ended_at DESC""",
        (today(),),
    ).fetchall()
    sweeps: Looks[Seen | SweepLine] = [partial(sweeplines.line, db, sweep_id) for sweep_id in sweeplines.done_since(db, today(), person)]
    return [*sweeps, *(partial(_ended, place, db, row["id"]) for row in rows if person in (None, row["person"]))]


def _ended(place: Place, db: Connection, run_id: str) -> Seen:
    return seen_of(place, db, runs.get(db, run_id))


def _underway(place: Place, db: Connection, run_id: str, number: int | None) -> Underway:
    run = runs.get(db, run_id)
    return Underway(seen=seen_of(place, db, run), seconds=seconds_since(run.started_at or run.asked_at), place=number)


def _why_not(place: Place, seen: Seen) -> str | None:
    try:
        place.catalogue.find(seen.run.settings["model"])
    except StudioError as error:
        return error.say
    older = outdated(seen.case, seen.run) if seen.again_micro_usd else None
    return f"The {older} was replaced meanwhile, so this is not bought again." if older else None
