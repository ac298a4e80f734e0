"""What waits for people, what runs, what was made and what it cost: everything the first screen shows, for looking only."""

from dataclasses import dataclass

from pipeline import runs
from pipeline.database import Connection
from pipeline.records import Case, Run, RunKind
from pipeline.studio import shopwindow, strip, sweeplines
from pipeline.studio.place import Place
from pipeline.studio.samples import PREFIX
from pipeline.studio.seen import Question, Seen, questions, see, seen_of
from pipeline.studio.shopwindow import Line
from pipeline.studio.strip import Money
from pipeline.studio.sweeplines import SweepLine
from pipeline.studio.undecided import Undecided, explain

__all__ = ["FirstSteps", "Home", "Question", "Seen", "Today", "look", "see", "seen_of"]

MOST_TO_DO, MOST_RUNNING, MOST_QUESTIONS, MOST_TO_PUBLISH = 12, 8, 12, 6
MOST_SAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class Today(Money):
    """Money and work of the present day (UTC), in micro-dollars and runs; what sweeps made is counted apart."""

    made: int
    failed: int
    failed_charged: int
    reused: int
    saved_micro_usd: int
    made_in_sweeps: int


@dataclass(frozen=True, kw_only=True)
class FirstSteps:
    """The sample's case while it is the only one used: its newest avatar, that one's newest clip, how many avatars were asked for."""

    case: Case
    avatar: Seen
    clip: Seen | None
    avatars: int


@dataclass(frozen=True, kw_only=True)
class Home:
    """Everything at one moment; of what may be long the newest, and how much there is in all. A sweep that runs is one line."""

    to_do: tuple[Seen, ...]
    to_do_count: int
    questions: tuple[Undecided, ...]
    questions_count: int
    running: tuple[Seen, ...]
    sweeps: tuple[SweepLine, ...]
    running_count: int
    newest: tuple[Seen, ...]
    to_publish: tuple[Line, ...]
    to_publish_count: int
    today: Today
    samples: int
    first_steps: FirstSteps | None

    @property
    def untouched(self) -> bool:
        """True while nothing was ever asked for."""
        return not (self.running or self.newest or self.sweeps)


def look(place: Place, *, newest: int = 12) -> Home:
    """Look at everything in one short read."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        latest, waiting, counts = runs.newest(db, newest, cells=False), strip.to_review(db), strip.count(db)
        to_publish, to_publish_count = shopwindow.waiting(db, MOST_TO_PUBLISH)
        return Home(
            to_do=tuple(seen_of(place, db, runs.get(db, run_id)) for run_id in waiting[:MOST_TO_DO]),
            to_do_count=len(waiting),
            questions=tuple(explain(place, db, one) for one in questions(place, db, MOST_QUESTIONS)),
            questions_count=counts.questions,
            running=tuple(seen_of(place, db, run) for run in runs.live(db, MOST_RUNNING, cells=False)),
            sweeps=tuple(sweeplines.line(db, sweep_id) for sweep_id in list(sweeplines.live(db))[:MOST_RUNNING]),
            running_count=counts.running + counts.waiting,
            newest=tuple(seen_of(place, db, run) for run in latest if run.ended),
            to_publish=to_publish,
            to_publish_count=to_publish_count,
            today=_today(place, db),
            samples=_samples(db),
            first_steps=_first_steps(place, db, latest),
        )


def _today(place: Place, db: Connection) -> Today:
    money = strip.money_today(place, db)
    row = db.execute(
        """SELECT count(*) FILTER (WHERE state = 'succeeded' AND NOT o.reused) AS made,
            count(*) FILTER (WHERE state = 'failed' AND coalesce(c.needs_decision, 0) = 0) AS failed,
            count(*) FILTER (WHERE state = 'failed' AND EXISTS (
                SELECT 1 FROM entries e WHERE e.run_id = r.id AND e.kind = 'charge' AND e.micro_usd > 0)) AS failed_charged,
            count(*) FILTER (WHERE state = 'succeeded' AND o.reused) AS reused,
            coalesce(sum(c.hold_micro_usd) FILTER (WHERE state = 'succeeded' AND o.reused), 0) AS saved
        FROM (SELECT id, state FROM runs WHERE asked_at >= ? AND sweep IS NULL) r JOIN outputs o ON o.run_id = r.id
        LEFT JOIN (SELECT id AS call, hold_micro_usd, needs_decision FROM calls) c ON c.call = o.call_id""",
        (strip.today(),),
    ).fetchone()
    return Today(
        spent_micro_usd=money.spent_micro_usd,
        held_micro_usd=money.held_micro_usd,
        cap_micro_usd=money.cap_micro_usd,
        made=row["made"],
        failed=row["failed"],
        failed_charged=row["failed_charged"],
        reused=row["reused"],
        saved_micro_usd=row["saved"],
        made_in_sweeps=_made_in_sweeps(db),
    )


def _made_in_sweeps(db: Connection) -> int:
    row = db.execute(
        """SELECT count(*) AS n FROM runs r JOIN outputs o ON o.run_id = r.id
        WHERE r.sweep IS NOT NULL AND r.asked_at >= ? AND r.state = 'succeeded' AND o.reused = 0""",
        (strip.today(),),
    ).fetchone()
    return int(row["n"])


def _samples(db: Connection) -> int:
    return int(db.execute("SELECT count(*) AS n FROM cases WHERE id >= ? AND id < ?", (PREFIX, PREFIX + "\U0010ffff")).fetchone()["n"])


def _first_steps(place: Place, db: Connection, latest: list[Run]) -> FirstSteps | None:
    cases_of = {run.case_id for run in latest}
    if len(cases_of) != 1 or not latest[0].case_id.startswith(PREFIX):
        return None
    asked = runs.newest(db, MOST_SAMPLES, case_id=latest[0].case_id, cells=False)
    avatars = [run for run in asked if run.kind is RunKind.AVATAR]
    clips = [run for run in asked if run.kind is RunKind.CLIP]
    if not avatars:
        return None
    avatar = seen_of(place, db, avatars[0])
    clip = next((run for run in clips if avatar.made and run.source == avatar.made.sha256), None)
    shown = seen_of(place, db, clip) if clip else None
    return FirstSteps(case=avatar.case, avatar=avatar, clip=shown, avatars=len(avatars))
