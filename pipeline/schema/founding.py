"""The tables the studio began with: cases, runs, calls, the ledger, files, people, sweeps, publications."""

from sqlite_utils import Database as SqliteUtils

from pipeline.schema.history import script as _script
from pipeline.schema.history import studio


@studio()
def m001_cases_and_runs(db: SqliteUtils) -> None:
    """Who asked for what, for which customer."""
    _script(
        db,
        "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        """CREATE TABLE cases (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, plan TEXT NOT NULL CHECK (plan IN ('free', 'premium')),
            photo TEXT, crop TEXT, photo_version INTEGER NOT NULL DEFAULT 0, avatar TEXT, clip TEXT,
            created_by TEXT NOT NULL, created_at TEXT NOT NULL) STRICT""",
        """CREATE TABLE runs (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, case_id TEXT NOT NULL REFERENCES cases(id),
            person TEXT NOT NULL, team TEXT NOT NULL, feature TEXT NOT NULL, channel TEXT NOT NULL,
            settings TEXT NOT NULL, parent_run TEXT REFERENCES runs(id), sweep TEXT,
            priority INTEGER NOT NULL, turn INTEGER NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL,
            stage TEXT NOT NULL, progress REAL NOT NULL, photo_version INTEGER NOT NULL, source TEXT NOT NULL,
            cancel_asked_at TEXT, asked_at TEXT NOT NULL, started_at TEXT, ended_at TEXT, error TEXT) STRICT""",
        "CREATE INDEX runs_by_state ON runs(state, asked_at)",
        "CREATE INDEX runs_by_case ON runs(case_id, asked_at)",
        "CREATE INDEX runs_by_time ON runs(asked_at)",
        "CREATE INDEX runs_by_person ON runs(person, asked_at)",
    )


@studio()
def m002_calls(db: SqliteUtils) -> None:
    """Every paid request; identical requests in flight attach to one call, and a provider's request id belongs to one call."""
    _script(
        db,
        """CREATE TABLE calls (
            id TEXT PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs(id), slot TEXT NOT NULL, try_number INTEGER NOT NULL,
            case_id TEXT NOT NULL, provider TEXT NOT NULL, endpoint TEXT NOT NULL, input TEXT NOT NULL, fingerprint TEXT NOT NULL,
            reuse TEXT NOT NULL, state TEXT NOT NULL, hold_micro_usd INTEGER NOT NULL CHECK (hold_micro_usd >= 0),
            unit TEXT NOT NULL, quantity TEXT NOT NULL, unit_micro_usd INTEGER NOT NULL, price_id TEXT NOT NULL,
            counts INTEGER NOT NULL DEFAULT 1, sends INTEGER NOT NULL DEFAULT 0, sent_input TEXT, sent_at TEXT,
            ticket TEXT, request_id TEXT, served_endpoint TEXT, accepted_at TEXT, unfinished_at TEXT, finished_at TEXT,
            status_requests INTEGER NOT NULL DEFAULT 0, cancel_asked_at TEXT, needs_decision INTEGER NOT NULL DEFAULT 0,
            result TEXT, error TEXT, created_at TEXT NOT NULL, UNIQUE (run_id, slot, try_number)) STRICT""",
        "CREATE UNIQUE INDEX calls_by_request ON calls(provider, request_id) WHERE request_id IS NOT NULL",
        """CREATE UNIQUE INDEX calls_open_by_fingerprint ON calls(fingerprint) WHERE reuse = 'allow'
            AND state IN ('planned', 'held', 'submitting', 'unknown', 'submitted', 'running')""",
        "CREATE INDEX calls_by_fingerprint ON calls(fingerprint, state)",
        "CREATE INDEX calls_by_case ON calls(case_id, state)",
        "CREATE INDEX calls_by_state ON calls(state)",
        "CREATE INDEX calls_by_endpoint ON calls(endpoint, finished_at)",
        """CREATE TABLE outputs (
            run_id TEXT NOT NULL REFERENCES runs(id), slot TEXT NOT NULL, call_id TEXT REFERENCES calls(id), asset TEXT,
            reused INTEGER NOT NULL DEFAULT 0, unfit TEXT, PRIMARY KEY (run_id, slot)) STRICT""",
        "CREATE INDEX outputs_by_call ON outputs(call_id)",
        "CREATE INDEX outputs_by_asset ON outputs(asset)",
        "CREATE TABLE uploads (call_id TEXT NOT NULL, provider TEXT NOT NULL, asset TEXT NOT NULL, url TEXT NOT NULL, at TEXT NOT NULL) STRICT",
        """CREATE TABLE decisions (
            id TEXT PRIMARY KEY, call_id TEXT NOT NULL, choice TEXT NOT NULL, person TEXT NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL) STRICT""",
        """CREATE TABLE webhook_inbox (
            provider TEXT NOT NULL, request_id TEXT NOT NULL, received_at TEXT NOT NULL, PRIMARY KEY (provider, request_id)) STRICT""",
    )


@studio()
def m003_ledger(db: SqliteUtils) -> None:
    """Append-only money: lines that cannot be changed, sums kept by trigger, one hold, release and charge a call."""
    scopes = {"studio": "'all'", "person": "new.person", "feature": "new.feature", "case": "new.case_id", "sweep": "new.sweep"}
    periods = {"day": "new.for_day", "month": "substr(new.for_day, 1, 7)", "ever": "'ever'"}
    sums = "".join(
        f"""INSERT INTO balances(scope_kind, scope, period, held_micro_usd, charged_micro_usd)
            SELECT '{kind}', {scope}, {period},
                CASE WHEN new.kind IN ('hold', 'release') THEN new.micro_usd ELSE 0 END,
                CASE WHEN new.kind IN ('charge', 'adjust') THEN new.micro_usd ELSE 0 END
            WHERE {scope} IS NOT NULL
            ON CONFLICT DO UPDATE SET held_micro_usd = held_micro_usd + excluded.held_micro_usd,
                charged_micro_usd = charged_micro_usd + excluded.charged_micro_usd;"""
        for kind, scope in scopes.items()
        for period in periods.values()
    )
    _script(
        db,
        """CREATE TABLE entries (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('hold', 'release', 'charge', 'adjust')),
            call_id TEXT, run_id TEXT, case_id TEXT, person TEXT NOT NULL, team TEXT NOT NULL, feature TEXT NOT NULL, sweep TEXT,
            provider TEXT NOT NULL, endpoint TEXT NOT NULL, unit TEXT NOT NULL, quantity TEXT NOT NULL, unit_micro_usd INTEGER NOT NULL,
            price_id TEXT NOT NULL, basis TEXT NOT NULL, micro_usd INTEGER NOT NULL, for_day TEXT NOT NULL, flag TEXT,
            previous_hash TEXT NOT NULL, hash TEXT NOT NULL UNIQUE) STRICT""",
        "CREATE UNIQUE INDEX entries_once ON entries(call_id, kind) WHERE kind IN ('hold', 'release', 'charge')",
        "CREATE INDEX entries_by_run ON entries(run_id)",
        "CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT raise(ABORT, 'ledger lines cannot be changed'); END",
        "CREATE TRIGGER entries_are_kept BEFORE DELETE ON entries BEGIN SELECT raise(ABORT, 'ledger lines cannot be removed'); END",
        """CREATE TABLE balances (
            scope_kind TEXT NOT NULL, scope TEXT NOT NULL, period TEXT NOT NULL,
            held_micro_usd INTEGER NOT NULL, charged_micro_usd INTEGER NOT NULL,
            PRIMARY KEY (scope_kind, scope, period)) STRICT, WITHOUT ROWID""",
        f"CREATE TRIGGER entries_sum AFTER INSERT ON entries BEGIN {sums} END",
        """CREATE TABLE budgets (
            id TEXT PRIMARY KEY, scope_kind TEXT NOT NULL, scope TEXT NOT NULL, period TEXT NOT NULL CHECK (period IN ('day', 'month', 'ever')),
            cap_micro_usd INTEGER NOT NULL CHECK (cap_micro_usd >= 0), hard INTEGER NOT NULL, set_by TEXT NOT NULL, set_at TEXT NOT NULL,
            ended_at TEXT) STRICT""",
    )


@studio()
def m004_assets(db: SqliteUtils) -> None:
    """Files by scope and hash, where they come from, how alike they are, and what people decided."""
    _script(
        db,
        """CREATE TABLE assets (
            scope TEXT NOT NULL, sha256 TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL UNIQUE, media_type TEXT NOT NULL,
            bytes INTEGER NOT NULL, width_px INTEGER, height_px INTEGER, seconds REAL, run_id TEXT, call_id TEXT, parents TEXT NOT NULL,
            facts TEXT NOT NULL, created_at TEXT NOT NULL, removed_at TEXT, PRIMARY KEY (scope, sha256)) STRICT""",
        "CREATE INDEX assets_by_hash ON assets(sha256)",
        "CREATE INDEX assets_by_run ON assets(run_id)",
        "CREATE INDEX assets_by_time ON assets(created_at)",
        """CREATE TABLE likeness (
            scope TEXT NOT NULL, asset TEXT NOT NULL, reference TEXT NOT NULL, face INTEGER NOT NULL,
            distance REAL, detector_score REAL, band TEXT NOT NULL, reason TEXT, model_hash TEXT NOT NULL,
            PRIMARY KEY (scope, asset, reference, face)) STRICT""",
        """CREATE TABLE approvals (
            id TEXT PRIMARY KEY, scope TEXT NOT NULL, asset TEXT NOT NULL, case_id TEXT NOT NULL, purpose TEXT NOT NULL,
            decision TEXT NOT NULL, person TEXT NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL) STRICT""",
        "CREATE INDEX approvals_by_asset ON approvals(scope, asset, at)",
        """CREATE TABLE grants (
            id TEXT PRIMARY KEY, case_id TEXT NOT NULL, attempts INTEGER NOT NULL, person TEXT NOT NULL, at TEXT NOT NULL,
            reason TEXT NOT NULL) STRICT""",
        """CREATE TABLE audit_log (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
            detail TEXT NOT NULL) STRICT""",
    )


@studio()
def m005_people_and_review(db: SqliteUtils) -> None:
    """Who works here and what they may, what they starred, which switches are on, and the ways a library is looked through."""
    _script(
        db,
        """CREATE TABLE people (
            name TEXT PRIMARY KEY, team TEXT NOT NULL, roles TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL) STRICT""",
        """CREATE TABLE stars (
            scope TEXT NOT NULL, asset TEXT NOT NULL, person TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (scope, asset)) STRICT""",
        """CREATE TABLE switches (
            name TEXT PRIMARY KEY, is_on INTEGER NOT NULL, person TEXT NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL) STRICT""",
        "CREATE INDEX assets_kept_by_kind ON assets(kind, created_at) WHERE removed_at IS NULL",
        "CREATE INDEX grants_by_case ON grants(case_id)",
        "CREATE INDEX audit_by_subject ON audit_log(subject, id)",
        "CREATE INDEX cases_by_time ON cases(created_at)",
    )


@studio()
def m006_large_studios(db: SqliteUtils) -> None:
    """What is asked for at every click is found without reading a whole table: a call's lines and files, a person's waiting runs."""
    _script(
        db,
        "CREATE INDEX entries_by_call ON entries(call_id)",
        "CREATE INDEX assets_by_call ON assets(call_id)",
        "CREATE INDEX runs_by_person_and_state ON runs(person, state, turn)",
    )


@studio()
def m007_ends(db: SqliteUtils) -> None:
    """What ended today, failed this week or ended last is found without reading every run."""
    _script(db, "CREATE INDEX runs_by_end ON runs(state, ended_at)")


@studio()
def m008_library(db: SqliteUtils) -> None:
    """The library sorts and filters by sums and lowest likeness from indexes alone; a removed file says when its bytes were gone."""
    _script(
        db,
        "DROP INDEX entries_by_call",
        "CREATE INDEX entries_by_call ON entries(call_id, kind, micro_usd)",
        "CREATE INDEX likeness_by_distance ON likeness(scope, asset, distance, band)",
        "CREATE INDEX runs_by_model ON runs(json_extract(settings, '$.model'))",
        "CREATE INDEX runs_by_style ON runs(json_extract(settings, '$.style'))",
        "ALTER TABLE assets ADD COLUMN swept_at TEXT",
        "CREATE INDEX assets_to_sweep ON assets(removed_at) WHERE removed_at IS NOT NULL AND swept_at IS NULL",
    )


@studio()
def m009_library_in_few_pages(db: SqliteUtils) -> None:
    """A library of tens of thousands is filtered from indexes that hold all it asks for, also when nothing of the file is in memory yet."""
    _script(
        db,
        "DROP INDEX assets_kept_by_kind",
        "CREATE INDEX assets_kept_by_kind ON assets(kind, created_at, scope, sha256, run_id, call_id) WHERE removed_at IS NULL",
        "DROP INDEX approvals_by_asset",
        "CREATE INDEX approvals_by_asset ON approvals(scope, asset, at, decision)",
        "DROP INDEX outputs_by_asset",
        "CREATE INDEX outputs_by_asset ON outputs(asset, run_id, reused)",
        "CREATE INDEX cases_by_files ON cases(id, photo, crop, avatar, clip, photo_version)",
        "DROP INDEX runs_by_model",
        "DROP INDEX runs_by_style",
        "ALTER TABLE runs ADD COLUMN model TEXT GENERATED ALWAYS AS (json_extract(settings, '$.model')) VIRTUAL",
        "ALTER TABLE runs ADD COLUMN style TEXT GENERATED ALWAYS AS (json_extract(settings, '$.style')) VIRTUAL",
        "CREATE INDEX runs_by_model ON runs(model)",
        "CREATE INDEX runs_by_style ON runs(style)",
        "CREATE INDEX runs_in_short ON runs(id, case_id, photo_version, source, person, model, style)",
    )


@studio()
def m010_compare(db: SqliteUtils) -> None:
    """Sweeps with their plans, what people think of their cells, and the presets that came of it; none of it is ever overwritten but a plan."""
    _script(
        db,
        """CREATE TABLE sweeps (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, plan TEXT NOT NULL, version INTEGER NOT NULL,
            price_micro_usd INTEGER, ceiling_micro_usd INTEGER, started_at TEXT, person TEXT NOT NULL, team TEXT NOT NULL,
            created_at TEXT NOT NULL, changed_by TEXT NOT NULL, changed_at TEXT NOT NULL) STRICT""",
        "CREATE INDEX sweeps_by_time ON sweeps(changed_at)",
        "CREATE INDEX runs_by_sweep ON runs(sweep, asked_at, id, state, ended_at, person) WHERE sweep IS NOT NULL",
        "CREATE INDEX runs_alone_by_end ON runs(state, ended_at, person) WHERE sweep IS NULL",
        "CREATE INDEX runs_alone_by_asking ON runs(state, asked_at) WHERE sweep IS NULL",
        """CREATE TABLE ratings (
            id INTEGER PRIMARY KEY, sweep TEXT NOT NULL, run_id TEXT NOT NULL, person TEXT NOT NULL,
            stars INTEGER NOT NULL CHECK (stars BETWEEN 0 AND 5), rejected TEXT NOT NULL, note TEXT NOT NULL, at TEXT NOT NULL) STRICT""",
        "CREATE INDEX ratings_by_sweep ON ratings(sweep, run_id, person, id)",
        """CREATE TABLE votes (
            id INTEGER PRIMARY KEY, sweep TEXT NOT NULL, left_run TEXT NOT NULL, right_run TEXT NOT NULL, person TEXT NOT NULL,
            verdict TEXT NOT NULL CHECK (verdict IN ('left', 'right', 'tie', 'both bad')), at TEXT NOT NULL) STRICT""",
        "CREATE INDEX votes_by_sweep ON votes(sweep, person)",
        """CREATE TABLE presets (
            id INTEGER PRIMARY KEY, kind TEXT NOT NULL, settings TEXT NOT NULL, sweep TEXT, run_id TEXT, evidence TEXT NOT NULL,
            note TEXT NOT NULL, person TEXT NOT NULL, at TEXT NOT NULL) STRICT""",
        "CREATE INDEX presets_by_kind ON presets(kind, id)",
    )


@studio()
def m011_publish(db: SqliteUtils) -> None:
    """What guests see: one live publication of each kind a case, its history, and what was taken down for good with a receipt of every copy."""
    _script(
        db,
        """CREATE TABLE publications (
            id TEXT PRIMARY KEY, case_id TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('avatar', 'clip', 'poster')),
            asset TEXT NOT NULL, sha256 TEXT NOT NULL, store TEXT NOT NULL, key TEXT NOT NULL, url TEXT NOT NULL,
            media_type TEXT NOT NULL, bytes INTEGER NOT NULL, width_px INTEGER, height_px INTEGER,
            state TEXT NOT NULL CHECK (state IN ('publishing', 'published', 'refused', 'ending', 'replaced', 'withdrawn')),
            ends_as TEXT, error TEXT, person TEXT NOT NULL, asked_at TEXT NOT NULL, verified_at TEXT,
            ended_by TEXT, ended_at TEXT, reason TEXT NOT NULL DEFAULT '', removed_at TEXT, cleared TEXT NOT NULL DEFAULT '') STRICT""",
        "CREATE UNIQUE INDEX publications_live ON publications(case_id, kind) WHERE state = 'published'",
        "CREATE INDEX publications_by_case ON publications(case_id, asked_at)",
        "CREATE INDEX publications_by_key ON publications(key, state)",
        "CREATE INDEX publications_unfinished ON publications(state) WHERE state IN ('publishing', 'ending')",
        "CREATE INDEX publications_by_time ON publications(asked_at)",
        """CREATE TABLE takedowns (
            id TEXT PRIMARY KEY, scope TEXT NOT NULL, subject TEXT NOT NULL, person TEXT NOT NULL, reason TEXT NOT NULL,
            asked_at TEXT NOT NULL, ended_at TEXT) STRICT""",
        """CREATE TABLE takedown_copies (
            takedown TEXT NOT NULL REFERENCES takedowns(id), number INTEGER NOT NULL, what TEXT NOT NULL, place TEXT NOT NULL,
            address TEXT NOT NULL, case_id TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER, outcome TEXT NOT NULL, why TEXT NOT NULL, at TEXT,
            PRIMARY KEY (takedown, number)) STRICT""",
        """CREATE TABLE gone (
            scope TEXT NOT NULL, sha256 TEXT NOT NULL, takedown TEXT NOT NULL, at TEXT NOT NULL,
            PRIMARY KEY (scope, sha256)) STRICT, WITHOUT ROWID""",
    )
