"""A studio whose ledger holds a year of requests, as many as wanted: written as whole tables, with sums that the studio's own views say."""

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.catalog import Job, Model, load_catalogue
from pipeline.database import Database
from pipeline.schema.spending import COLUMNS, DIMENSIONS, MEASURES
from pipeline.settings import SHIPPED

CASES, PEOPLE, SWEEPS, DAYS = 5_000, 20, 300, 365
STYLES = ("pixar@1", "ghibli@1", "painting@1", "comic@1", "clay@1", "sketch@1")
TEAMS = ("support", "product", "studio")
# Shares, each including the one before: what remains was cancelled, or nobody decided on it.
SUCCEEDED, FAILED, SPOILT = 0.95, 0.98, 0.99
REJECTED, APPROVED = 0.12, 0.45
SWEPT = 0.3
ERROR = '{"say": "The provider could not make it.", "next": "Try again.", "fault": "the provider\'s"}'
REQUESTS = "CASE kind WHEN 'hold' THEN 1 WHEN 'release' THEN -1 WHEN 'charge' THEN 1 ELSE 0 END"
SCOPES = {"studio": "'all'", "person": "person", "feature": "feature", "case": "case_id", "sweep": "sweep"}
PERIODS = {"day": "for_day", "month": "substr(for_day, 1, 7)", "ever": "'ever'"}
MADE = """CREATE TEMP TABLE made (n INTEGER PRIMARY KEY, id TEXT, case_id TEXT, person TEXT, team TEXT, feature TEXT, sweep TEXT, endpoint TEXT,
    kind TEXT, model TEXT, style TEXT, unit TEXT, held INTEGER, charged INTEGER, state TEXT, error TEXT, sent TEXT, ended TEXT, day TEXT,
    verdict TEXT, distance REAL)"""

ASSET = """INSERT INTO assets (scope, sha256, kind, key, media_type, bytes, width_px, height_px, run_id, call_id, parents, facts, created_at)"""


def fill(folder: Path, requests: int) -> None:
    """Write a studio.db with so many requests over the last year; one that is there already is kept."""
    path = folder / "sandbox" / "studio.db"
    if path.exists():
        return
    Database(path.parent, "sandbox").close()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA cache_size=-400000")
        with _without_triggers_and_indexes(db):
            _write(db, requests)
        db.execute("PRAGMA journal_mode=WAL")


@contextlib.contextmanager
def _without_triggers_and_indexes(db: sqlite3.Connection) -> Iterator[None]:
    kept = db.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL ORDER BY type").fetchall()
    for kind, name, _ in kept:
        db.execute(f"DROP {kind} {name}")
    yield
    for kind, _, sql in kept:
        if kind == "index":
            db.execute(sql)
    _add_up(db)
    for kind, _, sql in kept:
        if kind == "trigger":
            db.execute(sql)


def _write(db: sqlite3.Connection, requests: int) -> None:
    db.execute("BEGIN")
    db.execute(MADE)
    db.executemany(f"INSERT INTO made VALUES ({', '.join('?' * 21)})", _requests(requests))
    for statement in _tables():
        db.execute(statement)
    db.execute("COMMIT")


def _requests(count: int) -> Iterator[tuple[object, ...]]:
    dice, models = random.Random(7), _models()
    begins = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    # What was sent last has ended before today's noon of the bench; nothing lies in the future.
    step = (datetime.now(UTC) - timedelta(minutes=10) - begins) / count
    for n in range(1, count + 1):
        model, kind, unit, price = models[int(len(models) * dice.random() ** 2)]
        person, sent = int(PEOPLE * dice.random() ** 1.5), begins + step * (n - 1)
        state, error = _outcome(dice.random())
        swept = f"sweep-{int(SWEEPS * n / count)}" if dice.random() < SWEPT else None
        yield (
            n,
            f"{n:08d}",
            f"case-{int(CASES * dice.random())}",
            f"Person {person + 1:02d}",
            TEAMS[person % len(TEAMS)],
            "compare" if swept else "portrait",
            swept,
            model.endpoint,
            kind,
            model.name,
            STYLES[int(len(STYLES) * dice.random() ** 2)],
            unit,
            price,
            price if state == "succeeded" else 0,
            state,
            error,
            sent.isoformat(timespec="microseconds"),
            (sent + timedelta(seconds=model.expected_seconds * (0.6 + dice.expovariate(1.5)))).isoformat(timespec="microseconds"),
            sent.date().isoformat(),
            "" if state != "succeeded" or error or swept else _verdict(dice.random()),
            dice.uniform(0.2, 0.7),
        )


def _models() -> list[tuple[Model, str, str, int]]:
    """Return every model that makes avatars or clips, with what one result costs in micro-dollars."""
    found = [model for model in load_catalogue(SHIPPED / "models").models.values() if model.job in (Job.AVATAR, Job.CLIP)]
    return [(model, model.job.value, model.prices[0].unit.value, model.prices[0].micro_usd * (model.clip_seconds or 1)) for model in found]


def _outcome(dice: float) -> tuple[str, str | None]:
    if dice < SUCCEEDED:
        return "succeeded", None
    return ("failed", ERROR) if dice < FAILED else ("succeeded", ERROR) if dice < SPOILT else ("cancelled", None)


def _verdict(dice: float) -> str:
    return "rejected" if dice < REJECTED else "approved" if dice < APPROVED else ""


def _tables() -> Iterator[str]:
    """Yield what fills each table from the requests that were made up; of each case the newest approved pictures are in use, and published."""
    yield "CREATE INDEX temp.made_by_case ON made(case_id, kind, state, error, id)"
    yield f"""INSERT INTO cases (id, owner, name, plan, created_by, created_at, photo, crop, photo_version, avatar, clip)
        SELECT case_id, 'owner-' || case_id, 'Customer ' || case_id, 'premium', 'Person 01', min(sent), 'photo', 'photo', 1,
        {_newest("avatar")}, {_newest("clip")} FROM made GROUP BY case_id"""
    yield """INSERT INTO runs (id, kind, case_id, person, team, feature, channel, settings, sweep, priority, turn, state, attempt, stage, progress,
        photo_version, source, asked_at, started_at, ended_at, error)
        SELECT 'r' || id, kind, case_id, person, team, feature, 'staff',
            json_object('model', model, 'style', style, 'seed', n, 'prompt', 'a portrait', 'take', 1,
            'parameters', json_object('strength', 0.6)), sweep, 0, n, iif(error IS NULL, state, 'failed'), 1, 'Done', 1, 1,
            iif(kind = 'clip', coalesce((SELECT 'a' || min(m.id) FROM made m WHERE m.case_id = made.case_id AND m.kind = 'avatar'
            AND m.state = 'succeeded' AND m.error IS NULL), 'photo'), 'photo'), sent, sent,
            ended, error FROM made"""
    yield """INSERT INTO calls (id, run_id, slot, try_number, case_id, provider, endpoint, input, fingerprint, reuse, state, hold_micro_usd, unit,
        quantity, unit_micro_usd, price_id, sends, sent_at, request_id, served_endpoint, accepted_at, finished_at, error, created_at)
        SELECT 'c' || id, 'r' || id, kind, 1, case_id, 'fal', endpoint, '{"prompt": "a portrait", "seed": ' || n || '}', 'f' || id, 'allow', state,
            held, unit, '1', held, 'price-1', 1, sent, 'request-' || id, endpoint, sent, ended, error, sent FROM made"""
    yield f"""{ASSET} SELECT id, 'photo', 'photo', id || '/photo', 'image/webp', 1000, 512, 512, NULL, NULL, '[]', '{{}}', created_at FROM cases"""
    yield f"""{ASSET} SELECT case_id, 'a' || id, kind, case_id || '/a' || id, 'image/webp', 1000, 512, 512, 'r' || id, 'c' || id, '["photo"]', '{{}}',
            ended FROM made WHERE state = 'succeeded' AND error IS NULL"""
    yield """INSERT INTO outputs (run_id, slot, call_id, asset)
        SELECT 'r' || id, kind, 'c' || id, iif(state = 'succeeded' AND error IS NULL, 'a' || id, NULL) FROM made"""
    yield """INSERT INTO likeness SELECT case_id, 'a' || id, 'photo', 0, distance, 1.0, 'strong', NULL, 'm' FROM made
        WHERE kind = 'avatar' AND state = 'succeeded' AND error IS NULL"""
    yield "INSERT INTO approvals SELECT 'd' || id, case_id, 'a' || id, case_id, kind, verdict, person, ended, '' FROM made WHERE verdict <> ''"
    yield """INSERT INTO publications (id, case_id, kind, asset, sha256, store, key, url, media_type, bytes, state, person, asked_at, verified_at)
        SELECT 'p-' || k.id || m.kind, k.id, m.kind, 'a' || m.id, 'a' || m.id, 'folder', 'p/' || m.id, 'http://127.0.0.1/p/' || m.id, 'image/webp',
            1000, 'published', m.person, m.ended, m.ended FROM cases k
        JOIN made m ON m.n IN (CAST(substr(k.avatar, 2) AS INTEGER), CAST(substr(k.clip, 2) AS INTEGER))"""
    yield from _ledger()


def _ledger() -> Iterator[str]:
    """Yield the lines: each request's hold, its release and, where it has a result, its charge; the chain is not what is measured here."""
    for at, (kind, money, which) in enumerate((("hold", "held", "1"), ("release", "-held", "1"), ("charge", "charged", "state = 'succeeded'"))):
        when, basis = ("sent", "estimate") if kind == "hold" else ("ended", "billed units")
        yield f"""INSERT INTO entries (id, at, kind, call_id, run_id, case_id, person, team, feature, sweep, provider, endpoint, unit, quantity,
            unit_micro_usd, price_id, basis, micro_usd, for_day, flag, previous_hash, hash)
            SELECT n * 3 + {at}, {when}, '{kind}', 'c' || id, 'r' || id, case_id, person, team, feature, sweep, 'fal', endpoint, unit, '1', held,
                'price-1', '{basis}', {money}, day, NULL, printf('%064x', n * 3 + {at} - 1), printf('%064x', n * 3 + {at})
            FROM made WHERE {which} ORDER BY n"""


def _newest(kind: str) -> str:
    return f"max(iif(kind = '{kind}' AND verdict = 'approved', 'a' || id, NULL))"


def _add_up(db: sqlite3.Connection) -> None:
    """Fill what triggers would have kept, from the views that say the same."""
    db.execute(f"INSERT INTO costs ({COLUMNS}) SELECT * FROM costs_told")
    db.execute(f"INSERT INTO daily_costs ({', '.join((*DIMENSIONS, *MEASURES))}) SELECT * FROM daily_costs_told")
    held, charged = (f"sum(iif(kind IN {kinds}, micro_usd, 0))" for kinds in (("hold", "release"), ("charge", "adjust")))
    for scope_kind, scope in SCOPES.items():
        for period in PERIODS.values():
            db.execute(f"""INSERT INTO balances (scope_kind, scope, period, held_micro_usd, charged_micro_usd, requests)
                SELECT '{scope_kind}', {scope}, {period}, {held}, {charged}, sum({REQUESTS}) FROM entries WHERE {scope} IS NOT NULL GROUP BY 2, 3""")
