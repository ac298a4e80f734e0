"""studio.db keeps its promises when many write at once, when it is opened twice, and when its maker was killed."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database as SqliteUtils

from pipeline.database import KEPT_READERS, SCHEMA_VERSION, Database, insert, update
from pipeline.errors import DatabaseBusy, DatabaseReadOnly, DiskFull, PlaceError, WrongMode
from pipeline.schema import migrate, studio
from pipeline.settings import ROOT

NOBODY = 65_534
MIGRATIONS = [migration.name for migration in studio._migrations]
OPEN = """
import sys, time
from pathlib import Path
from pipeline import schema
from pipeline.database import Database
folder = Path(sys.argv[1])
(folder.parent / sys.argv[2]).touch()
while not (folder.parent / "go").exists(): time.sleep(0.001)
with Database(folder, "sandbox").reading() as db: print(db.execute("SELECT value FROM about WHERE name = 'mode'").fetchone()[0])
"""


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "data", "sandbox")


def _count(database: Database) -> int:
    with database.reading() as db:
        row = db.execute("SELECT value FROM about WHERE name = 'count'").fetchone()
        return int(row["value"]) if row else 0


def _add_one(database: Database) -> None:
    with database.writing() as tx:
        row = tx.execute("SELECT value FROM about WHERE name = 'count'").fetchone()
        if row is None:
            insert(tx, "about", {"name": "count", "value": "1"})
        else:
            update(tx, "about", {"name": "count"}, {"value": str(int(row["value"]) + 1)})


def _shape(path: Path) -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2")
        return [*rows, ("user_version", *db.execute("PRAGMA user_version").fetchone())]


def test_the_number_of_the_schema_is_the_number_of_its_migrations():
    assert len(MIGRATIONS) == SCHEMA_VERSION


@pytest.mark.parametrize("stop", MIGRATIONS)
def test_a_file_of_any_age_becomes_the_same_as_a_blank_one(tmp_path, database, stop):
    (tmp_path / "old").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "old" / "studio.db", isolation_level=None)) as old:
        studio.apply(SqliteUtils(old), stop_before=stop)
    Database(tmp_path / "old", "sandbox").close()
    assert _shape(tmp_path / "old" / "studio.db") == _shape(database.path)


def test_a_file_whose_maker_was_killed_before_it_noted_the_mode_opens_all_the_same(tmp_path):
    (tmp_path / "data").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "studio.db", isolation_level=None)) as half:
        migrate(half)
    with Database(tmp_path / "data", "sandbox").reading() as db:
        assert db.execute("SELECT value FROM about WHERE name = 'mode'").fetchone()["value"] == "sandbox"


def test_processes_that_make_the_file_at_the_same_moment_all_get_a_whole_one(tmp_path):
    names = [f"ready{n}" for n in range(3)]
    command = [sys.executable, "-c", OPEN, str(tmp_path / "data")]
    started = [subprocess.Popen([*command, name], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for name in names]
    until = time.monotonic() + 60
    while not all((tmp_path / name).exists() for name in names):
        assert time.monotonic() < until
        time.sleep(0.01)
    (tmp_path / "go").touch()
    said = [process.communicate(timeout=60) for process in started]
    assert said == [("sandbox\n", "")] * 3


def test_a_file_of_another_mode_is_refused(database):
    with pytest.raises(WrongMode, match="sandbox mode"):
        Database(database.folder, "live")


def test_it_writes_ahead_and_flushes_every_commit(database):
    with database.writing() as tx:
        assert tx.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert tx.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert tx.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_threads_that_read_and_then_write_lose_nothing(database):
    threads = [threading.Thread(target=lambda: [_add_one(database) for _ in range(20)]) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _count(database) == 200


def test_two_connections_that_read_and_then_write_lose_nothing(database):
    """Two opened databases share no lock inside the process, as two processes do not."""
    other = Database(database.folder, "sandbox")
    threads = [threading.Thread(target=lambda d=d: [_add_one(d) for _ in range(30)]) for d in (database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _count(database) == 60


def test_a_write_that_fails_leaves_nothing(database):
    def fail() -> None:
        with database.writing() as tx:
            insert(tx, "about", {"name": "count", "value": "1"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _count(database) == 0


def test_reading_cannot_change_anything(database):
    with pytest.raises(DatabaseReadOnly), database.reading() as db:
        insert(db, "about", {"name": "count", "value": "1"})
    assert _count(database) == 0


def test_a_lock_held_by_another_process_too_long_is_told_in_plain_words(database):
    impatient = Database(database.folder, "sandbox", busy_seconds=0.1)
    with contextlib.closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(DatabaseBusy), impatient.writing():
            pytest.fail("the write lock was given twice")
        assert time.monotonic() - begun < 5
        other.rollback()
    _add_one(impatient)
    assert _count(database) == 1


def test_a_lock_held_by_another_thread_too_long_is_told_in_plain_words(tmp_path):
    database = Database(tmp_path / "data", "sandbox", busy_seconds=0.1)
    with database.writing():
        failed: list[BaseException] = []

        def second() -> None:
            try:
                _add_one(database)
            except DatabaseBusy as error:
                failed.append(error)

        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(failed) == 1
    _add_one(database)
    assert _count(database) == 1


def test_a_full_disk_is_told_in_plain_words_and_keeps_what_was_there(database):
    def write_too_much() -> None:
        with database.writing() as tx:
            tx.execute(f"PRAGMA max_page_count = {tx.execute('PRAGMA page_count').fetchone()[0] + 2}")
            insert(tx, "about", {"name": "long", "value": "x" * 1_000_000})

    _add_one(database)
    with pytest.raises(DiskFull):
        write_too_much()
    assert _count(database) == 1


def test_a_folder_that_is_a_file_is_told_in_plain_words(tmp_path):
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(PlaceError, match="folder"):
        Database(tmp_path / "data", "sandbox")


def _write_nonsense(path: Path) -> None:
    path.write_bytes(b"this is no database" * 400)


@pytest.mark.parametrize("spoil", [_write_nonsense, Path.mkdir])
def test_a_file_that_is_no_database_is_told_in_plain_words(tmp_path, spoil):
    (tmp_path / "data").mkdir()
    spoil(tmp_path / "data" / "studio.db")
    with pytest.raises(PlaceError, match="database"):
        Database(tmp_path / "data", "sandbox")


def test_a_reader_left_open_in_a_write_does_not_keep_the_next_write_from_the_newest_state(tmp_path):
    ours, theirs = Database(tmp_path / "data", "sandbox"), Database(tmp_path / "data", "sandbox")
    with ours.writing() as tx:
        left_open = tx.execute("SELECT * FROM about")
        left_open.fetchone()
    _add_one(theirs)
    _add_one(ours)
    assert _count(theirs) == 2


def test_a_write_after_one_that_was_lost_goes_on_from_what_was_kept(database):
    _add_one(database)
    with contextlib.suppress(sqlite3.IntegrityError), database.writing() as tx:
        update(tx, "about", {"name": "count"}, {"value": "9"})
        insert(tx, "about", {"name": "count", "value": "9"})
    _add_one(database)
    assert _count(database) == 2


def test_a_relaxed_write_leaves_the_next_one_forced_to_the_disk(database):
    for relaxed, level in ((True, 1), (False, 2)):
        with database.writing(relaxed=relaxed) as tx:
            assert tx.execute("PRAGMA synchronous").fetchone()[0] == level


@contextlib.contextmanager
def as_somebody_without_rights(folder: Path) -> Iterator[None]:
    """Be who may only read, whoever runs the tests."""
    files = [*folder.iterdir(), folder]
    before = {path: path.stat().st_mode for path in files}
    for path in files:
        path.chmod(0o555 if path.is_dir() else 0o444)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        for path, mode in before.items():
            path.chmod(mode)


def test_a_file_that_may_only_be_read_is_said_to_be_so_and_stays_as_it_is():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        database = Database(folder, "sandbox")
        _add_one(database)
        database.close()
        before = database.path.read_bytes()
        with as_somebody_without_rights(folder), pytest.raises(DatabaseReadOnly):
            _add_one(Database(folder, "sandbox"))
        assert database.path.read_bytes() == before


def test_a_reader_sees_what_was_written_before_it_began_though_another_left_its_rows_half_read(database):
    with database.writing() as tx:
        for number in range(100):
            insert(tx, "about", {"name": f"row {number}", "value": "x"})
    with database.reading() as db:
        half_read = db.execute("SELECT * FROM about")
        half_read.fetchone()
    _add_one(database)
    assert _count(database) == 1
    with pytest.raises(sqlite3.ProgrammingError):
        half_read.fetchone()


def test_a_transaction_that_a_reader_began_ends_with_it(database):
    with database.reading() as db:
        db.execute("BEGIN")
        assert db.execute("SELECT count(*) FROM about").fetchone()
    _add_one(database)
    assert _count(database) == 1


def test_a_reader_cannot_write_however_often_its_connection_was_used(database):
    for _ in range(3):
        with pytest.raises(DatabaseReadOnly), database.reading() as db:
            db.execute("DELETE FROM about")


def test_many_threads_read_at_one_time_and_few_connections_stay(database):
    with contextlib.ExitStack() as together:
        for _ in range(20):
            together.enter_context(database.reading())
    assert len(database._readers) == KEPT_READERS
    database.close()
    assert database._readers == []
