"""A backup is put in place only by whoever has the database to itself, and no log of the file before is read into it."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import ledger
from pipeline.errors import AlreadyRunning
from pipeline.studio import backups
from pipeline.studio.place import Place
from tests.little_studio import ME, LittleStudio

HOLDING = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("SELECT count(*) FROM entries").fetchone()
for command in sys.argv[2:]:
    db.execute(command)
print("there", flush=True)
sys.stdin.read()
"""
NOTED = "INSERT INTO audit_log(at, person, action, subject, detail) VALUES ('', 'me', 'noted', '', '')"
IDLE, READING, WRITING = (), ("BEGIN", "SELECT * FROM entries"), ("BEGIN IMMEDIATE", NOTED)


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    studio = LittleStudio(tmp_path, customer=True)
    studio.approved_avatar()
    return studio


@contextlib.contextmanager
def another_process(path: Path, *commands: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process that has the file open and has run these commands on it."""
    program = [sys.executable, "-c", HOLDING, str(path), *commands]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "there\n"
        yield process
        process.kill()


@pytest.mark.parametrize("commands", [IDLE, READING, WRITING], ids=["idle", "reading", "writing"])
def test_nothing_is_restored_while_another_process_has_the_file_open(studio: LittleStudio, commands: tuple[str, ...]) -> None:
    made, _ = backups.back_up(studio.place, ME)
    studio.approved_clip()
    before = studio.dump()
    studio.place.database.close()
    with another_process(studio.place.database.path, *commands), pytest.raises(AlreadyRunning, match="open"):
        backups.restore(studio.place.settings, made.name, ME)
    assert LittleStudio(studio.place.settings.folder.parent).dump() == before
    assert not [path.name for path in studio.place.settings.folder.iterdir() if path.name.startswith(("restoring-", "studio-before"))]


def test_nothing_is_restored_while_this_process_has_the_file_open(studio: LittleStudio) -> None:
    made, _ = backups.back_up(studio.place, ME)
    with pytest.raises(AlreadyRunning):
        backups.restore(studio.place.settings, made.name, ME)
    studio.approved_clip()
    assert ledger_is_sound(studio.place)


@pytest.mark.parametrize("is_lost", [False, True], ids=["whole", "lost"])
def test_the_log_of_a_process_that_died_is_not_read_into_what_was_restored(studio: LittleStudio, is_lost: bool) -> None:
    made, facts = backups.back_up(studio.place, ME)
    path = studio.place.database.path
    studio.place.database.close()
    with another_process(path, NOTED):
        pass
    assert path.with_name("studio.db-wal").stat().st_size
    if is_lost:
        path.unlink()
    done = backups.restore(studio.place.settings, made.name, ME)
    again = Place(studio.place.settings)
    assert done.facts == facts
    with again.database.reading() as db:
        assert not db.execute("SELECT 1 FROM audit_log WHERE action = 'noted'").fetchall()
    if not is_lost:
        with contextlib.closing(sqlite3.connect(path.with_name(done.kept_as))) as kept:
            assert len(kept.execute("SELECT 1 FROM audit_log WHERE action = 'noted'").fetchall()) == 1
    assert ledger_is_sound(again)


def ledger_is_sound(place: Place) -> bool:
    with place.database.reading() as db:
        return ledger.proof(db) == [] and db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
