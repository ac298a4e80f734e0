"""Limits on requests beside those on money, their extensions for a day, and the count of requests that the limits are held against."""

from collections.abc import Iterator

from sqlite_utils import Database as SqliteUtils

from pipeline.schema import reconciling  # noqa: F401 - its step comes before these
from pipeline.schema.history import script, studio

SCOPES = {"studio": "'all'", "person": "{}person", "feature": "{}feature", "case": "{}case_id", "sweep": "{}sweep"}
PERIODS = {"day": "{}for_day", "month": "substr({}for_day, 1, 7)", "ever": "'ever'"}
HELD = "CASE WHEN {0}kind IN ('hold', 'release') THEN {0}micro_usd ELSE 0 END"
CHARGED = "CASE WHEN {0}kind IN ('charge', 'adjust') THEN {0}micro_usd ELSE 0 END"
REQUESTS = "CASE {0}kind WHEN 'hold' THEN 1 WHEN 'release' THEN -1 WHEN 'charge' THEN 1 ELSE 0 END"
KINDS = "scope_kind TEXT NOT NULL CHECK (scope_kind IN ('studio', 'person', 'feature', 'case', 'sweep')), scope TEXT NOT NULL"


@studio()
def m014_limits(db: SqliteUtils) -> None:
    """Count limits, reasons, ends and extensions of budgets; a running count of requests (held or charged, a released one is free)."""
    script(
        db,
        "ALTER TABLE balances ADD COLUMN requests INTEGER NOT NULL DEFAULT 0",
        *_counted(),
        "DROP TRIGGER entries_sum",
        f"CREATE TRIGGER entries_sum AFTER INSERT ON entries BEGIN {' '.join(_sums())} END",
        *_budgets(),
        *_extensions(),
    )


@studio()
def m015_dearest_cases(db: SqliteUtils) -> None:
    """Which of a hundred thousand cases has used most of a day, a month or for ever is found without reading them all."""
    script(
        db,
        "CREATE INDEX balances_of_cases ON balances(period, held_micro_usd + charged_micro_usd DESC, scope) WHERE scope_kind = 'case'",
        "CREATE INDEX requests_of_cases ON balances(period, requests DESC, scope) WHERE scope_kind = 'case'",
    )


def _counted() -> Iterator[str]:
    for kind, scope in SCOPES.items():
        for period in PERIODS.values():
            lines = f"SELECT {scope.format('')} AS whose, {period.format('')} AS at, sum({REQUESTS.format('')}) AS n FROM entries GROUP BY 1, 2"  # noqa: S608
            yield f"""UPDATE balances SET requests = counted.n FROM ({lines}) counted
                WHERE scope_kind = '{kind}' AND scope = counted.whose AND period = counted.at"""  # noqa: S608


def _sums() -> Iterator[str]:
    for kind, scope in SCOPES.items():
        whose = scope.format("new.")
        for period in PERIODS.values():
            yield f"""INSERT INTO balances(scope_kind, scope, period, held_micro_usd, charged_micro_usd, requests)
                SELECT '{kind}', {whose}, {period.format("new.")}, {HELD.format("new.")}, {CHARGED.format("new.")}, {REQUESTS.format("new.")}
                WHERE {whose} IS NOT NULL
                ON CONFLICT DO UPDATE SET held_micro_usd = held_micro_usd + excluded.held_micro_usd,
                    charged_micro_usd = charged_micro_usd + excluded.charged_micro_usd, requests = requests + excluded.requests;"""


def _budgets() -> Iterator[str]:
    yield "ALTER TABLE budgets RENAME TO budgets_before"
    yield f"""CREATE TABLE budgets (
        id TEXT PRIMARY KEY, {KINDS}, period TEXT NOT NULL CHECK (period IN ('day', 'month', 'ever')),
        cap_micro_usd INTEGER CHECK (cap_micro_usd >= 0), cap_requests INTEGER CHECK (cap_requests >= 0), hard INTEGER NOT NULL,
        set_by TEXT NOT NULL, set_at TEXT NOT NULL, reason TEXT NOT NULL, ended_at TEXT, ended_by TEXT, end_reason TEXT,
        CHECK ((cap_micro_usd IS NULL) <> (cap_requests IS NULL))) STRICT"""
    names = "id, scope_kind, scope, period, cap_micro_usd, hard, set_by, set_at, ended_at"
    yield f"INSERT INTO budgets ({names}, reason) SELECT {names}, '' FROM budgets_before"  # noqa: S608
    yield "DROP TABLE budgets_before"
    yield "CREATE INDEX budgets_now ON budgets(scope_kind, scope) WHERE ended_at IS NULL"
    yield """CREATE TRIGGER budgets_once BEFORE INSERT ON budgets WHEN EXISTS (SELECT 1 FROM budgets WHERE id = new.id OR rowid = new.rowid) BEGIN
        SELECT raise(ABORT, 'a budget is ended, never overwritten'); END"""
    yield """CREATE TRIGGER budgets_stay BEFORE UPDATE ON budgets WHEN old.ended_at IS NOT NULL OR new.ended_at IS NULL OR old.rowid <> new.rowid
        OR (old.id, old.scope_kind, old.scope, old.period, old.cap_micro_usd, old.cap_requests, old.hard, old.set_by, old.set_at, old.reason)
        IS NOT (new.id, new.scope_kind, new.scope, new.period, new.cap_micro_usd, new.cap_requests, new.hard, new.set_by, new.set_at, new.reason)
        BEGIN SELECT raise(ABORT, 'a budget is ended, never changed'); END"""
    yield "CREATE TRIGGER budgets_are_kept BEFORE DELETE ON budgets BEGIN SELECT raise(ABORT, 'a budget is ended, never removed'); END"


def _extensions() -> Iterator[str]:
    yield f"""CREATE TABLE extensions (
        id TEXT PRIMARY KEY, {KINDS}, period TEXT NOT NULL CHECK (period IN ('day', 'month')), day TEXT NOT NULL,
        micro_usd INTEGER NOT NULL CHECK (micro_usd >= 0), requests INTEGER NOT NULL CHECK (requests >= 0),
        person TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL CHECK (reason <> '')) STRICT"""
    yield "CREATE INDEX extensions_by_day ON extensions(day, scope_kind, period, scope, micro_usd, requests)"
    yield """CREATE TRIGGER extensions_once BEFORE INSERT ON extensions
        WHEN EXISTS (SELECT 1 FROM extensions WHERE id = new.id OR rowid = new.rowid) BEGIN
        SELECT raise(ABORT, 'extensions cannot be changed'); END"""
    yield "CREATE TRIGGER extensions_stay BEFORE UPDATE ON extensions BEGIN SELECT raise(ABORT, 'extensions cannot be changed'); END"
    yield "CREATE TRIGGER extensions_are_kept BEFORE DELETE ON extensions BEGIN SELECT raise(ABORT, 'extensions cannot be removed'); END"
