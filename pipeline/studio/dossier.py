"""One run in full: what was done and by whom, what was asked of the provider, what it cost."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline import runs
from pipeline.buying import calls
from pipeline.database import Connection
from pipeline.records import Call, Run, RunState
from pipeline.studio.details import Request, request_behind
from pipeline.studio.place import Place
from pipeline.studio.queue import Failed, failure
from pipeline.studio.seen import Seen, question_of, seen_of
from pipeline.studio.undecided import Undecided, explain
from pipeline.turns import line


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Something somebody did about a run, when (UTC, as text), and why; `action` is ask, cancel, retry, or what was decided about a request."""

    at: str
    action: str
    person: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A paid request of a run: how it stands, and what was sent; `asked_by` is another run when that one asked for it."""

    call: Call
    request: Request
    asked_by: str | None


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """Everything about one run; `place` is its place in our line, counted from 1; deeds and requests are oldest first."""

    seen: Seen
    place: int | None
    failed: Failed | None
    undecided: Undecided | None
    requests: tuple[Asked, ...]
    deeds: tuple[Deed, ...]


def in_full(place: Place, run_id: str) -> Dossier:
    """Return everything about one run; raises UnknownName when there is none by this id, or its case is gone."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        run = runs.get(db, run_id)
        asked = _calls(db, run)
        unclear = next((call for call in asked if call.needs_decision), None)
        return Dossier(
            seen=seen_of(place, db, run),
            place=_place_of(db, run),
            failed=failure(place, db, run.id) if run.state is RunState.FAILED and not unclear else None,
            undecided=explain(place, db, question_of(place, db, unclear.id)) if unclear else None,
            requests=tuple(_asked(db, run, call) for call in asked),
            deeds=tuple(sorted(_deeds(db, run, asked), key=lambda deed: deed.at)),
        )


def _calls(db: Connection, run: Run) -> list[Call]:
    """Return the requests a run made, and the one it waits for or re-used."""
    rows = db.execute(
        "SELECT id FROM calls WHERE run_id = ? UNION SELECT call_id FROM outputs WHERE run_id = ? AND call_id IS NOT NULL", (run.id, run.id)
    ).fetchall()
    return sorted((calls.get(db, row["id"]) for row in rows), key=lambda call: (call.created_at, call.try_number))


def _asked(db: Connection, run: Run, call: Call) -> Asked:
    return Asked(call=call, request=request_behind(db, call), asked_by=call.run_id if call.run_id != run.id else None)


def _place_of(db: Connection, run: Run) -> int | None:
    waiting = [] if run.ended else [one.run_id for one in line(db)]
    return waiting.index(run.id) + 1 if run.id in waiting else None


def _deeds(db: Connection, run: Run, asked: list[Call]) -> Iterator[Deed]:
    yield Deed(at=run.asked_at, action="ask", person=run.person)
    rows = db.execute(
        "SELECT at, action, person FROM audit_log WHERE subject = ? AND action IN ('cancel', 'retry') AND json_extract(detail, '$.run') = ?",
        (run.case_id, run.id),
    )
    for row in rows:
        yield Deed(at=row["at"], action=row["action"], person=row["person"])
    for call in asked:
        for row in db.execute("SELECT at, choice, person, note FROM decisions WHERE call_id = ?", (call.id,)):
            yield Deed(at=row["at"], action=row["choice"], person=row["person"], note=row["note"])
