"""What waits for people, what runs, what was made and what it cost: everything the first screen shows, for looking only."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import assets, cases, ledger, runs
from pipeline.buying import calls
from pipeline.database import Connection
from pipeline.errors import UnknownName
from pipeline.ledger.reports import balance
from pipeline.records import CALL_OPEN, Asset, AssetKind, Call, CallState, Case, Decision, Run, RunKind, RunState, now
from pipeline.studio.looks import files_of, likeness_of
from pipeline.studio.place import Place
from pipeline.studio.samples import PREFIX
from pipeline.workflows.wishes import SLOTS

LOOK_BACK = 500
LEARN_FROM = 20


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A run as people see it: whose it is, its picture (else what it is made from), what it cost, and what was decided about it."""

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
    again_micro_usd: int

    @property
    def can_be_animated(self) -> bool:
        """True for the case's approved avatar."""
        return self.made is not None and self.run.kind is RunKind.AVATAR and self.case.avatar == self.made.sha256


@dataclass(frozen=True, kw_only=True)
class Question:
    """A paid request whose outcome only a person can settle."""

    call: Call
    seen: Seen


@dataclass(frozen=True, kw_only=True)
class Today:
    """Money and work of the present day (UTC), in micro-dollars and runs."""

    spent_micro_usd: int
    held_micro_usd: int
    cap_micro_usd: int
    made: int
    failed: int
    failed_charged: int
    reused: int
    saved_micro_usd: int


@dataclass(frozen=True, kw_only=True)
class FirstSteps:
    """The sample's case while it is the only one used: its newest avatar, that one's newest clip, how many avatars were asked for."""

    case: Case
    avatar: Seen
    clip: Seen | None
    avatars: int


@dataclass(frozen=True, kw_only=True)
class Home:
    """Everything at one moment."""

    to_do: tuple[Seen, ...]
    questions: tuple[Question, ...]
    running: tuple[Seen, ...]
    newest: tuple[Seen, ...]
    today: Today
    samples: int
    first_steps: FirstSteps | None

    @property
    def untouched(self) -> bool:
        """True while nothing was ever asked for."""
        return not (self.running or self.newest)


def look(place: Place, *, newest: int = 12) -> Home:
    """Look at everything in one short read."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        latest = runs.newest(db, newest)
        return Home(
            to_do=_to_do(place, db),
            questions=_questions(place, db),
            running=tuple(seen_of(place, db, run) for run in runs.live(db)),
            newest=tuple(seen_of(place, db, run) for run in latest if run.ended),
            today=_today(place, db),
            samples=_samples(db),
            first_steps=_first_steps(place, db, latest),
        )


def see(place: Place, run_id: str) -> Seen:
    """Return one run as people see it; raises UnknownName."""
    with place.database.reading() as db:
        return seen_of(place, db, runs.get(db, run_id))


def usual_seconds(place: Place, db: Connection, run: Run) -> float | None:
    """Return how long such a run usually takes: the median of the last twenty of its model.

    Until three are known, live mode trusts the catalogue; the sandbox says what it has, or None.
    """
    rows = db.execute(
        """SELECT (julianday(r.ended_at) - julianday(r.started_at)) * 86400 AS seconds FROM runs r JOIN outputs o ON o.run_id = r.id
        WHERE r.state = 'succeeded' AND r.kind = ? AND json_extract(r.settings, '$.model') = ? AND o.reused = 0
        ORDER BY r.asked_at DESC LIMIT ?""",
        (run.kind.value, run.settings["model"], LEARN_FROM),
    ).fetchall()
    if len(rows) >= 3:
        return float(statistics.median(row["seconds"] for row in rows))
    if place.settings.is_sandbox:
        return float(statistics.median(row["seconds"] for row in rows)) if rows else None
    return place.catalogue.find(run.settings["model"]).expected_seconds


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
        again_micro_usd=_price_again(db, run) if run.ended and not made else 0,
        clips=_clips(db, made) if made and run.kind is RunKind.AVATAR else 0,
    )


def _price_again(db: Connection, run: Run) -> int:
    """Return what a retry would hold: nothing where the request was paid and fits, or may still arrive."""
    call = calls.filling(db, run.id, SLOTS[run.kind])
    kept = call.state in CALL_OPEN or (call.state is CallState.SUCCEEDED and call.error is None)
    return 0 if kept else call.hold_micro_usd


def _clips(db: Connection, avatar: Asset) -> int:
    """Count the clips that were asked for of an avatar."""
    asked = db.execute("SELECT count(*) AS n FROM runs WHERE case_id = ? AND kind = 'clip' AND source = ?", (avatar.scope, avatar.sha256))
    return int(asked.fetchone()["n"])


def _shown(db: Connection, asset: Asset) -> Asset:
    """Return the small copy of an avatar where there is one."""
    small = assets.children(db, asset.scope, asset.sha256, AssetKind.AVATAR_DISPLAY) if asset.kind is AssetKind.AVATAR else []
    return small[0] if small else asset


def _to_do(place: Place, db: Connection) -> tuple[Seen, ...]:
    """Finished avatars and clips that nobody has decided on and that still belong to their case's photo and avatar, newest first."""
    rows = db.execute(
        """SELECT max(r.id) AS id FROM (SELECT * FROM runs WHERE state = 'succeeded' ORDER BY asked_at DESC LIMIT ?) r
        JOIN outputs o ON o.run_id = r.id JOIN cases c ON c.id = r.case_id
        JOIN assets a ON a.scope = r.case_id AND a.sha256 = o.asset AND a.removed_at IS NULL
        WHERE r.sweep IS NULL AND r.photo_version = c.photo_version AND (r.kind = 'avatar' OR r.source = c.avatar)
            AND NOT EXISTS (SELECT 1 FROM approvals p WHERE p.scope = a.scope AND p.asset = a.sha256)
        GROUP BY a.scope, a.sha256 ORDER BY max(r.asked_at) DESC""",
        (LOOK_BACK,),
    ).fetchall()
    return tuple(seen_of(place, db, runs.get(db, row["id"])) for row in rows)


def _questions(place: Place, db: Connection) -> tuple[Question, ...]:
    rows = db.execute("SELECT * FROM calls WHERE state = ? AND needs_decision = 1 ORDER BY created_at", (CallState.UNKNOWN.value,)).fetchall()
    asked = [calls.call_of(row) for row in rows]
    return tuple(Question(call=call, seen=seen_of(place, db, runs.get(db, call.run_id))) for call in asked)


def _today(place: Place, db: Connection) -> Today:
    day = now()[:10]
    money = balance(db, "studio", "all", day)
    row = db.execute(
        """SELECT count(*) FILTER (WHERE state = 'succeeded' AND NOT o.reused) AS made, count(*) FILTER (WHERE state = 'failed') AS failed,
            count(*) FILTER (WHERE state = 'failed' AND EXISTS (
                SELECT 1 FROM entries e WHERE e.run_id = r.id AND e.kind = 'charge' AND e.micro_usd > 0)) AS failed_charged,
            count(*) FILTER (WHERE state = 'succeeded' AND o.reused) AS reused,
            coalesce(sum(c.hold_micro_usd) FILTER (WHERE state = 'succeeded' AND o.reused), 0) AS saved
        FROM (SELECT id, state FROM runs WHERE asked_at >= ?) r JOIN outputs o ON o.run_id = r.id
        LEFT JOIN (SELECT id AS call, hold_micro_usd FROM calls) c ON c.call = o.call_id""",
        (day,),
    ).fetchone()
    return Today(
        spent_micro_usd=money.charged_micro_usd,
        held_micro_usd=money.held_micro_usd,
        cap_micro_usd=_cap(place, db),
        made=row["made"],
        failed=row["failed"],
        failed_charged=row["failed_charged"],
        reused=row["reused"],
        saved_micro_usd=row["saved"],
    )


def _cap(place: Place, db: Connection) -> int:
    """Return the lowest hard cap on the studio's day."""
    stored = db.execute(
        "SELECT min(cap_micro_usd) AS cap FROM budgets WHERE scope_kind = 'studio' AND period = 'day' AND hard = 1 AND ended_at IS NULL"
    ).fetchone()["cap"]
    imposed = [cap.micro_usd for cap in place.caps if (cap.scope_kind, cap.period) == ("studio", "day")]
    return int(min([*imposed, *([stored] if stored is not None else [])]))


def _samples(db: Connection) -> int:
    return int(db.execute("SELECT count(*) AS n FROM cases WHERE id GLOB ?", (f"{PREFIX}*",)).fetchone()["n"])


def _first_steps(place: Place, db: Connection, latest: list[Run]) -> FirstSteps | None:
    cases_of = {run.case_id for run in latest}
    if len(cases_of) != 1 or not latest[0].case_id.startswith(PREFIX):
        return None
    asked = runs.newest(db, LOOK_BACK, case_id=latest[0].case_id)
    avatars = [run for run in asked if run.kind is RunKind.AVATAR]
    clips = [run for run in asked if run.kind is RunKind.CLIP]
    if not avatars:
        return None
    avatar = seen_of(place, db, avatars[0])
    clip = next((run for run in clips if avatar.made and run.source == avatar.made.sha256), None)
    shown = seen_of(place, db, clip) if clip else None
    return FirstSteps(case=avatar.case, avatar=avatar, clip=shown, avatars=len(avatars))
