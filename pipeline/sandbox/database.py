"""The tables of the emulator: one SQLite file that survives the process."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "emulator.db"
BUSY_SECONDS = 10.0

TABLES = """
create table if not exists requests (
    seq integer primary key autoincrement,
    id text not null unique,
    endpoint text not null,
    served text not null,
    body text not null,
    state text not null,
    priority integer not null default 0,
    accepted_at real not null,
    started_at real,
    ended_at real,
    queue_seconds real,
    keep_seconds real,
    webhook text not null default '',
    webhook_state text not null default '',
    store_io integer not null default 1,
    cancel_asked integer not null default 0,
    orders text not null default '{}',
    status_code integer,
    answer text,
    error text not null default '',
    error_type text not null default '',
    units real not null default 0,
    micro_usd integer not null default 0
) strict;
create index if not exists requests_by_state on requests (state, priority, seq);
create index if not exists requests_by_endpoint on requests (endpoint, seq);
create table if not exists files (
    id text primary key,
    name text not null,
    media_type text not null,
    bytes integer not null,
    made_at real not null,
    expires_at real
) strict;
create table if not exists tokens (token text primary key, expires_at real not null) strict;
create table if not exists uploads (
    id text primary key,
    file_id text not null,
    name text not null,
    media_type text not null,
    keep_seconds real
) strict;
create table if not exists faults (
    id integer primary key autoincrement,
    kind text not null,
    endpoint text not null,
    remaining integer,
    rate real,
    seconds real not null,
    skip integer not null,
    seen integer not null default 0,
    fired integer not null default 0
) strict;
"""
# Added later, so it is looked for by itself in a folder made before.
BILLING = """
create table if not exists events (
    seq integer primary key autoincrement,
    source text not null,
    request_id text not null,
    endpoint text not null,
    at real not null,
    units real not null,
    nano_usd integer not null,
    hidden integer not null default 0,
    fault text not null default ''
) strict;
create index if not exists events_by_moment on events (at, seq);
create index if not exists events_by_source on events (source);
"""


def connect(folder: Path, *, synchronous: str = "FULL") -> sqlite3.Connection:
    """Open the emulator's database in `folder`, making folder and tables when they are absent; the caller closes it."""
    folder.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(folder / FILE, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("pragma journal_mode = wal")
    db.execute(f"pragma synchronous = {synchronous}")
    if db.execute("select count(*) from sqlite_master where name = 'faults'").fetchone()[0] == 0:
        db.executescript(TABLES)
    if db.execute("select count(*) from sqlite_master where name = 'events'").fetchone()[0] == 0:
        db.executescript(BILLING)
    return db


@contextmanager
def opened(folder: Path) -> Iterator[sqlite3.Connection]:
    """Lend a connection and close it afterwards."""
    db = connect(folder)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Take the write lock first, so that what is read inside cannot change before it is written."""
    db.execute("begin immediate")
    try:
        yield db
    except BaseException:
        db.execute("rollback")
        raise
    db.execute("commit")
