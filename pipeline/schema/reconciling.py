"""Bills of providers, what differs between them and the ledger, and months that are closed."""

from collections.abc import Iterator

from sqlite_utils import Database as SqliteUtils

from pipeline.schema import spending  # noqa: F401 - its step comes before this one
from pipeline.schema.history import script, studio


@studio()
def m013_reconciling(db: SqliteUtils) -> None:
    """What a provider says it charged, the differences a person decides on, and closed months whose ledger lines are complete."""
    script(db, *_bills(), *_differences(), *_closings())


def _bills() -> Iterator[str]:
    yield """CREATE TABLE bills (
        id TEXT PRIMARY KEY, provider TEXT NOT NULL, source TEXT NOT NULL CHECK (source IN ('provider', 'file')), name TEXT NOT NULL,
        sha256 TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL, complete_until TEXT NOT NULL, lines INTEGER NOT NULL,
        nano_usd INTEGER NOT NULL, resolution_nano_usd INTEGER NOT NULL, remarks TEXT NOT NULL, read_at TEXT NOT NULL, read_by TEXT NOT NULL,
        whole INTEGER NOT NULL DEFAULT 0) STRICT"""
    yield "CREATE INDEX bills_by_source ON bills(provider, sha256)"
    yield """CREATE TABLE bill_lines (
        bill_id TEXT NOT NULL REFERENCES bills(id), request_id TEXT NOT NULL, n INTEGER NOT NULL, endpoint TEXT NOT NULL, at TEXT NOT NULL,
        nano_usd INTEGER NOT NULL, units TEXT, unit_price_usd TEXT, discount_percent TEXT, copies INTEGER NOT NULL,
        PRIMARY KEY (bill_id, request_id, n)) STRICT, WITHOUT ROWID"""
    yield """CREATE TABLE reconciliations (
        id TEXT PRIMARY KEY, bill_id TEXT NOT NULL REFERENCES bills(id), provider TEXT NOT NULL, since TEXT NOT NULL, until TEXT NOT NULL,
        at TEXT NOT NULL, person TEXT NOT NULL, matched INTEGER NOT NULL, billed_nano_usd INTEGER NOT NULL, ours_micro_usd INTEGER NOT NULL,
        open_requests INTEGER NOT NULL, last_entry INTEGER NOT NULL, last_hash TEXT NOT NULL) STRICT"""
    yield "CREATE INDEX reconciliations_by_moment ON reconciliations(at)"


def _differences() -> Iterator[str]:
    yield """CREATE TABLE differences (
        id INTEGER PRIMARY KEY, provider TEXT NOT NULL, key TEXT NOT NULL, cause TEXT NOT NULL, day TEXT NOT NULL, call_id TEXT,
        request_id TEXT NOT NULL, endpoint TEXT NOT NULL, billed_nano_usd INTEGER NOT NULL, ours_micro_usd INTEGER NOT NULL,
        nano_usd INTEGER NOT NULL, proposed_micro_usd INTEGER, why TEXT NOT NULL, lines TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'left', 'gone')), found_at TEXT NOT NULL,
        reconciliation_id TEXT NOT NULL REFERENCES reconciliations(id), person TEXT, decided_at TEXT, note TEXT, entry_id INTEGER UNIQUE) STRICT"""
    yield "CREATE UNIQUE INDEX differences_open ON differences(provider, key) WHERE state = 'open'"
    yield "CREATE INDEX differences_by_key ON differences(provider, key)"
    yield "CREATE INDEX differences_by_cause ON differences(state, cause, day)"
    # Who inserts or updates OR REPLACE takes rows away without a DELETE that a trigger would see.
    yield """CREATE TRIGGER differences_once BEFORE INSERT ON differences WHEN EXISTS (SELECT 1 FROM differences d
        WHERE d.id = new.id OR d.entry_id = new.entry_id
            OR (d.provider = new.provider AND d.key = new.key AND d.state = 'open' AND new.state = 'open')) BEGIN
        SELECT raise(ABORT, 'a difference cannot be overwritten'); END"""
    yield """CREATE TRIGGER differences_stay BEFORE UPDATE ON differences WHEN old.entry_id IS NOT NULL OR new.id IS NOT old.id
        OR EXISTS (SELECT 1 FROM differences d WHERE d.id <> old.id AND d.entry_id = new.entry_id) BEGIN
        SELECT raise(ABORT, 'a difference that was booked cannot be changed'); END"""
    yield """CREATE TRIGGER differences_are_kept BEFORE DELETE ON differences BEGIN
        SELECT raise(ABORT, 'differences cannot be removed'); END"""


def _closings() -> Iterator[str]:
    yield """CREATE TABLE closings (
        month TEXT PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, reason TEXT NOT NULL, reconciliation_id TEXT NOT NULL,
        ours_micro_usd INTEGER NOT NULL, error_nano_usd INTEGER NOT NULL, entries INTEGER NOT NULL, last_entry INTEGER NOT NULL,
        last_hash TEXT NOT NULL) STRICT"""
    yield """CREATE TRIGGER closings_once BEFORE INSERT ON closings
        WHEN EXISTS (SELECT 1 FROM closings WHERE month = new.month OR rowid = new.rowid) BEGIN
        SELECT raise(ABORT, 'closed months cannot be changed'); END"""
    yield "CREATE TRIGGER closings_stay BEFORE UPDATE ON closings BEGIN SELECT raise(ABORT, 'closed months cannot be changed'); END"
    yield "CREATE TRIGGER closings_are_kept BEFORE DELETE ON closings BEGIN SELECT raise(ABORT, 'closed months cannot be opened'); END"
    yield "CREATE INDEX entries_by_day ON entries(for_day)"
    yield """CREATE TRIGGER entries_of_closed_months BEFORE INSERT ON entries
        WHEN EXISTS (SELECT 1 FROM closings WHERE month = substr(new.for_day, 1, 7)) BEGIN
        SELECT raise(ABORT, 'the month is closed'); END"""
