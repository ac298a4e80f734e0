"""What every page shows of now: what runs, today's money, what asks for somebody. Every page draws it each second, so it is light."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline import runs
from pipeline.database import Connection
from pipeline.ledger.limits import Measure, standing
from pipeline.ledger.reports import balance
from pipeline.records import RunState, now
from pipeline.studio import sweeplines
from pipeline.studio.place import Place
from pipeline.studio.seen import Seen, seen_of
from pipeline.studio.sweeplines import SweepLine
from pipeline.turns import Pause, pause_of

SHOWN = 8
LOOK_BACK = 500
FAILED_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Money:
    """What the present day (UTC) has cost, what is held, and the lowest hard cap on the studio's day, in micro-dollars."""

    spent_micro_usd: int
    held_micro_usd: int
    cap_micro_usd: int


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much there is: finished results nobody has decided on, requests only a person can settle, failures of the last seven days nobody mended.

    What runs has begun and pays or paid, what waits has not; `done` and `failed_today` ended today (UTC). Of results to review and failures a
    sweep's cells are none; with them, whatever runs, waits, failed or was done counts a sweep once.
    """

    to_review: int
    questions: int
    failed: int
    failed_today: int
    running: int
    waiting: int
    done: int


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Everything at one moment: at most eight of the runs that have not ended, the sweeps among them as a line each, how many these are in all,
    and which run ended last, however it ended.
    """

    running: tuple[Seen, ...]
    sweeps: tuple[SweepLine, ...]
    running_count: int
    today: Money
    counts: Counts
    pause: Pause | None
    newest: Seen | None


def look(place: Place) -> Strip:
    """Look at everything in one short read."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        counts, newest = count(db), _newest(db)
        return Strip(
            running=tuple(seen_of(place, db, run) for run in runs.live(db, SHOWN, cells=False)),
            sweeps=tuple(sweeplines.line(db, sweep_id) for sweep_id in list(sweeplines.live(db))[:SHOWN]),
            running_count=counts.running + counts.waiting,
            today=money_today(place, db),
            counts=counts,
            pause=pause_of(db),
            newest=seen_of(place, db, runs.get(db, newest)) if newest else None,
        )


def counts_of(place: Place) -> Counts:
    """Return how much there is of everything, for a menu."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        return count(db)


def count(db: Connection) -> Counts:
    """Return how much there is of everything, within a read that has begun."""
    live = db.execute(
        """SELECT count(*) AS live, count(*) FILTER (WHERE r.state <> 'working' OR c.state = 'held') AS waiting FROM runs r
        LEFT JOIN outputs o ON o.run_id = r.id LEFT JOIN calls c ON c.id = o.call_id
        WHERE r.state IN ('asked', 'queued', 'working') AND r.sweep IS NULL"""
    ).fetchone()
    sweeps = list(sweeplines.live(db).values())
    open_questions = "SELECT count(*) AS n FROM calls WHERE state = 'unknown' AND needs_decision = 1"
    return Counts(
        to_review=len(to_review(db)),
        questions=db.execute(open_questions).fetchone()["n"],
        failed=_failed(db, days_ago(FAILED_DAYS)),
        failed_today=_failed(db, today()),
        running=live["live"] - live["waiting"] + sum(sweeps),
        waiting=live["waiting"] + len(sweeps) - sum(sweeps),
        done=done_since(db, today()),
    )


def to_review(db: Connection) -> list[str]:
    """Return the runs, newest first, whose avatar or clip nobody has decided on and that still belongs to its case's photo and avatar.

    A decision that was withdrawn is none. The last five hundred successes are looked at; cells of sweeps are none of them.
    """
    rows = db.execute(
        """SELECT max(r.id) AS id FROM (
            SELECT r.id, r.case_id, r.kind, r.source, r.photo_version, r.asked_at, o.asset
            FROM runs r JOIN outputs o ON o.run_id = r.id WHERE r.state = 'succeeded' AND r.sweep IS NULL ORDER BY r.asked_at DESC LIMIT ?) r
        CROSS JOIN cases c ON c.id = r.case_id
        WHERE r.photo_version = c.photo_version AND (r.kind = 'avatar' OR r.source = c.avatar)
            AND coalesce((SELECT nullif(decision, 'undone') FROM approvals p WHERE p.scope = r.case_id AND p.asset = r.asset
                ORDER BY p.at DESC, p.rowid DESC LIMIT 1), 'withdrawn') = 'withdrawn'
            AND EXISTS (SELECT 1 FROM assets a WHERE a.scope = r.case_id AND a.sha256 = r.asset AND a.removed_at IS NULL)
        GROUP BY r.case_id, r.asset ORDER BY max(r.asked_at) DESC""",
        (LOOK_BACK,),
    )
    return [row["id"] for row in rows]


def failed_since(db: Connection, moment: str, person: str | None = None) -> list[str]:
    """Return the runs that failed since a moment and were not mended by a retry, newest first; of one person if named.

    Those that wait for a decision are none of them, and no cells of sweeps.
    """
    rows = db.execute(
        """SELECT id, person FROM runs WHERE state = 'failed' AND sweep IS NULL AND ended_at >= ? AND NOT EXISTS (
            SELECT 1 FROM outputs o JOIN calls c ON c.id = o.call_id WHERE o.run_id = runs.id AND c.needs_decision = 1)
        ORDER BY ended_at DESC""",
        (moment,),
    )
    return [row["id"] for row in rows if person in (None, row["person"])]


def done_since(db: Connection, moment: str) -> int:
    """Count the runs that succeeded or were cancelled since a moment, a sweep that has ended as one."""
    query = "SELECT count(*) AS n FROM runs WHERE state IN ('succeeded', 'partly', 'cancelled') AND sweep IS NULL AND ended_at >= ?"
    return int(db.execute(query, (moment,)).fetchone()["n"]) + len(sweeplines.done_since(db, moment))


def money_today(place: Place, db: Connection) -> Money:
    """Return today's money against the cap."""
    day = balance(db, "studio", "all", today())
    limits = standing(db, place.caps, person="", feature="")
    cap = min(one.allowed for one in limits if one.hard and one.measure is Measure.MONEY and (one.scope_kind, one.period) == ("studio", "day"))
    return Money(spent_micro_usd=day.charged_micro_usd, held_micro_usd=day.held_micro_usd, cap_micro_usd=cap)


def today() -> str:
    """Return the present day (UTC) as text that every moment of it follows."""
    return now()[:10]


def days_ago(days: int) -> str:
    """Return the moment so many days ago, as text."""
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")


def _failed(db: Connection, moment: str) -> int:
    return len(failed_since(db, moment)) + len(sweeplines.failed_since(db, moment))


def _newest(db: Connection) -> str | None:
    last = "SELECT id, ended_at FROM runs WHERE state = ? AND sweep IS NULL ORDER BY ended_at DESC LIMIT 1"
    ends = [db.execute(last, (state.value,)).fetchone() for state in ENDED]
    found = [(row["ended_at"], row["id"]) for row in ends if row and row["ended_at"]]
    return max(found)[1] if found else None


ENDED = (RunState.SUCCEEDED, RunState.PARTLY, RunState.FAILED)
