"""Who is next: people take turns, support comes before sweeps, and while purchases are paused nobody is.

A turn is a number that rises with every run of one person while theirs wait. Somebody new begins where the work has got to, so that what
another asked for before delays them by the requests that run already and nothing else.
"""

from dataclasses import dataclass, field

from pipeline.database import Connection
from pipeline.records import Run
from pipeline.stages import Stage, in_line, paused

SINGLE, SWEEP = 10, 50  # priorities: the lower goes first, whatever the turn
TURNS = 10_000_000  # turns of one priority before it would run into the next; the engine's numbers end at 2³¹
PURCHASES = "purchases"
COUNTED = 100
LOOK_BACK = 500
LIVE = "('asked', 'queued', 'working')"
TO_BUY = "c.state = 'held' AND r.cancel_asked_at IS NULL"
WITH_CALL = "LEFT JOIN outputs o ON o.run_id = r.id LEFT JOIN calls c ON c.id = o.call_id"


@dataclass(frozen=True, kw_only=True, order=True)
class Turn:
    """What decides who goes first: the lower rank, then who asked first. A sweep's never takes the last place."""

    rank: int
    asked_at: str = ""
    sweep: bool = field(default=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Who paused purchases, when (UTC, as text) and why."""

    person: str
    at: str
    note: str

    @property
    def words(self) -> str:
        """What a run that waits for the end of the pause says."""
        return paused(self.person, self.note)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A run in our own line, and what its stage says now."""

    run_id: str
    stage: str


def turn_of(run: Run) -> Turn:
    """Return a run's turn."""
    return Turn(rank=run.priority * TURNS + min(run.turn, TURNS - 1), asked_at=run.asked_at, sweep=run.sweep is not None)


def next_turn(tx: Connection, person: str, priority: int) -> int:
    """Return the turn of a run that is asked for now: after this person's own, else where the newest started one of this priority stands.

    Where some wait that stand before it, as their photos took longer to upload, it is just before those. While nothing has started, as during
    a pause, it is the first that waits. Turns begin anew whenever nothing of this priority is live.
    """
    going = tx.execute(
        f"""SELECT min(r.asked_at) AS since, min(r.turn) AS first, max(r.turn) FILTER (WHERE r.person = ?) AS mine,
            max(r.turn) FILTER (WHERE r.state = 'working' AND c.state IS NOT 'held') AS reached
        FROM runs r {WITH_CALL} WHERE r.state IN {LIVE} AND r.priority = ?""",  # noqa: S608
        (person, priority),
    ).fetchone()
    ended = tx.execute(
        """SELECT max(turn) FILTER (WHERE person = ?) AS mine, max(turn) AS reached FROM (
            SELECT * FROM runs WHERE asked_at >= ? AND priority = ? AND state IN ('succeeded', 'partly', 'failed') ORDER BY asked_at DESC LIMIT ?) r
        WHERE EXISTS (SELECT 1 FROM calls c WHERE c.run_id = r.id AND c.sends > 0)""",
        (person, going["since"], priority, LOOK_BACK),
    ).fetchone()
    started = max((turn for turn in (going["reached"], ended["reached"]) if turn is not None), default=None)
    reached = going["first"] if started is None else _before_overtaken(tx, started, priority, going["since"])
    own = [turn + 1 for turn in (going["mine"], ended["mine"]) if turn is not None]
    return int(max([1 if reached is None else reached, *own]))


def _before_overtaken(tx: Connection, started: int, priority: int, since: str | None) -> int:
    """Return the newest started turn, or the one before those that it overtook: of people who had a request sent already."""
    overtaken = tx.execute(
        f"""SELECT min(r.turn) AS turn FROM runs r {WITH_CALL} WHERE r.state IN {LIVE} AND r.priority = ? AND {TO_BUY} AND r.turn <= ?
            AND r.person IN (SELECT s.person FROM runs s JOIN calls c ON c.run_id = s.id AND c.sends > 0
                WHERE s.asked_at >= ? AND s.priority = ? ORDER BY s.asked_at DESC LIMIT ?)""",  # noqa: S608
        (priority, started, since, priority, LOOK_BACK),
    ).fetchone()["turn"]
    return started if overtaken is None else min(started, int(overtaken) - 1)


def pause_of(db: Connection) -> Pause | None:
    """Return the pause of purchases; None while they go on."""
    row = db.execute("SELECT person, at, note FROM switches WHERE name = ? AND is_on = 1", (PURCHASES,)).fetchone()
    return Pause(person=row["person"], at=row["at"], note=row["note"]) if row else None


def first_words(db: Connection) -> str:
    """Return the stage of a run that was just asked for."""
    pause = pause_of(db)
    return pause.words if pause else Stage.ASKED.value


def line(db: Connection) -> list[Waiting]:
    """Return the runs that have something to buy and have not begun to, in the order in which they will."""
    rows = db.execute(
        f"SELECT r.id, r.stage FROM runs r {WITH_CALL} WHERE r.state IN {LIVE} AND {TO_BUY} ORDER BY r.priority, r.turn, r.asked_at"  # noqa: S608
    )
    return [Waiting(run_id=row["id"], stage=row["stage"]) for row in rows]


def words_in_line(db: Connection, run_id: str) -> str:
    """Return what a run that waits for a free place says."""
    if pause := pause_of(db):
        return pause.words
    places = [waiting.run_id for waiting in line(db)[:COUNTED]]
    return in_line(places.index(run_id) + 1) if run_id in places else Stage.IN_LINE.value


def outdated(waiting: list[Waiting], pause: Pause | None) -> dict[str, str]:
    """Return, by run, the words that differ from what its stage says; past a hundred nobody is counted."""
    words = [pause.words if pause else in_line(place) if place <= COUNTED else Stage.IN_LINE.value for place in range(1, len(waiting) + 1)]
    return {one.run_id: said for one, said in zip(waiting, words, strict=True) if one.stage != said}


def say(tx: Connection, words: dict[str, str]) -> None:
    """Tell waiting runs their words, unless they went on meanwhile."""
    tx.executemany(
        f"""UPDATE runs SET stage = ? WHERE id = ? AND state IN {LIVE} AND cancel_asked_at IS NULL
        AND EXISTS (SELECT 1 FROM outputs o JOIN calls c ON c.id = o.call_id WHERE o.run_id = runs.id AND c.state = 'held')""",  # noqa: S608
        [(said, run_id) for run_id, said in words.items()],
    )


def ready(db: Connection, *, ahead: int, pause: Pause | None) -> list[str]:
    """Return the asked runs that the engine may have, the most urgent first.

    Of each person at most `ahead` may wait at the gate, sweeps apart: whoever comes new is there at once, however many others wait.
    What has nothing to buy any more, or is cancelled, need not wait; during a pause only that goes on.
    """
    rows = db.execute(
        f"""WITH line AS (
            SELECT r.id, r.state, r.priority, r.turn, r.asked_at, coalesce({TO_BUY}, 0) AS buys,
                row_number() OVER (PARTITION BY r.person, r.sweep IS NULL, coalesce({TO_BUY}, 0)
                    ORDER BY r.state = 'asked', r.priority, r.turn, r.asked_at) AS number
            FROM runs r {WITH_CALL} WHERE r.state IN {LIVE})
        SELECT id FROM line WHERE state = 'asked' AND (NOT buys OR number <= ?) ORDER BY priority, turn, asked_at LIMIT 200""",  # noqa: S608
        (0 if pause else ahead,),
    )
    return [row["id"] for row in rows]
