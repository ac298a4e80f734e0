"""One search for everything that has a page of its own: cases and sweeps by name or id, runs and requests by id as screens show it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline import runs
from pipeline.buying import calls
from pipeline.database import Connection, Row
from pipeline.folding import LONGEST_SEARCH, words_of
from pipeline.records import STUDIO_SCOPE, Call, RunKind
from pipeline.studio import finding
from pipeline.studio.finding import CaseLine
from pipeline.studio.place import Place
from pipeline.studio.seen import Seen, seen_of

MOST_OF_A_KIND = 8
FEWEST_LETTERS_OF_AN_ID = 4
AROUND_AN_ID = "#…“”\"'`., "
LAST = "\U0010ffff"  # after every text that begins with what stands before it
CASES = """SELECT c.id, coalesce((SELECT asked_at FROM runs WHERE case_id = c.id AND sweep IS NULL ORDER BY asked_at DESC LIMIT 1),
        c.created_at) AS last_at
    FROM cases c WHERE c.id <> ? AND {fitting} ORDER BY c.id = ? DESC, c.created_at DESC LIMIT ?"""
SWEEPS = """SELECT c.id, c.name, c.kind, c.changed_at, (SELECT count(*) FROM runs r WHERE r.sweep = c.id) AS runs
    FROM sweeps c WHERE {fitting} ORDER BY c.changed_at DESC LIMIT ?"""
RUNS = "SELECT id FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
CALLS = """SELECT id FROM calls WHERE id >= :from AND id < :to
    UNION SELECT k.id FROM (SELECT DISTINCT provider FROM calls) p JOIN calls k ON k.provider = p.provider
        AND k.request_id >= :from AND k.request_id < :to LIMIT :most"""


@dataclass(frozen=True, kw_only=True)
class SweepHit:
    """A sweep that was found: what it makes, how many cells were bought, and when it was last changed (ISO 8601, UTC)."""

    id: str
    name: str
    kind: RunKind
    runs: int
    changed_at: str


@dataclass(frozen=True, kw_only=True)
class RunHit:
    """A run that was found, or the run of a request that was; `request` is None for the former."""

    seen: Seen
    request: Call | None


@dataclass(frozen=True, kw_only=True)
class Found:
    """At most eight of each kind: cases with what is called exactly so first, all others with the newest first."""

    cases: tuple[CaseLine, ...]
    sweeps: tuple[SweepHit, ...]
    runs: tuple[RunHit, ...]

    @property
    def count(self) -> int:
        """How many were found."""
        return len(self.cases) + len(self.sweeps) + len(self.runs)


def look_for(place: Place, text: str) -> Found:
    """Return what holds every word of a text, or has an id that begins with it; nothing for an empty one.

    Ids are found as screens show them: behind `#`, cut off by `…`, in any capitals; runs and requests from their fourth letter on.
    """
    said = text[:LONGEST_SEARCH].encode(errors="ignore").decode().replace("\0", "")
    words, prefix = words_of(" ".join(said.replace("#", " ").replace("…", " ").split())), said.strip(AROUND_AN_ID)
    if not words:
        return Found(cases=(), sweeps=(), runs=())
    with place.database.reading() as db:
        db.execute("BEGIN")
        wanted = finding.fitting_words(words)
        lines = finding.lines(db, db.execute(CASES.format(fitting=wanted), (STUDIO_SCOPE, *words, prefix, MOST_OF_A_KIND)).fetchall())
        rows = db.execute(SWEEPS.format(fitting=wanted), (*words, MOST_OF_A_KIND)).fetchall()
        return Found(cases=lines, sweeps=tuple(map(_sweep, rows)), runs=tuple(_by_id(place, db, prefix)))


def _sweep(row: Row) -> SweepHit:
    return SweepHit(id=row["id"], name=row["name"], kind=RunKind(row["kind"]), runs=row["runs"], changed_at=row["changed_at"])


def _by_id(place: Place, db: Connection, prefix: str) -> Iterator[RunHit]:
    """Yield runs, then requests, whose id begins so."""
    if len(prefix) < FEWEST_LETTERS_OF_AN_ID or " " in prefix:
        return
    told = set()
    for begin in dict.fromkeys((prefix, prefix.lower())):
        for row in db.execute(RUNS, (begin, begin + LAST, MOST_OF_A_KIND)).fetchall():
            told.add(row["id"])
            yield RunHit(seen=seen_of(place, db, runs.get(db, row["id"])), request=None)
        for row in db.execute(CALLS, {"from": begin, "to": begin + LAST, "most": MOST_OF_A_KIND}).fetchall():
            call = calls.get(db, row["id"])
            if call.run_id not in told:  # a request's own id begins with its run's
                yield RunHit(seen=seen_of(place, db, runs.get(db, call.run_id)), request=call)
