"""A backup is whole, proven and of one moment, whatever happens meanwhile; going back to one loses nothing that was there."""

import contextlib
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database as SqliteUtils

from pipeline import ledger, schema
from pipeline.database import SCHEMA_VERSION, Database
from pipeline.errors import BackupUnusable, BadOutputFolder, DatabaseDamaged, DiskFull, NotAllowed, StudioError, UnknownName, WrongMode
from pipeline.records import Person, Role
from pipeline.studio import backups, looks, portraits, space, switches
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    studio = LittleStudio(tmp_path, customer=True)
    studio.approved_avatar()
    return studio


def damage(path: Path) -> None:
    """Write over the middle of a database, past its first page."""
    whole = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(8_192)
        file.write(b"\xff" * (whole // 2))


def test_a_backup_holds_what_was_there_and_says_so(studio: LittleStudio) -> None:
    made, facts = backups.back_up(studio.place, ME)
    totals = looks.ledger_totals(studio.place)
    assert (facts.charged_micro_usd, facts.lines, facts.runs) == (totals["charged_micro_usd"], 3, 1)
    assert [one.path for one in backups.backups(studio.place.settings)] == [made.path]
    assert [path.name for path in made.path.parent.iterdir()] == [made.name]
    with contextlib.closing(sqlite3.connect(made.path)) as copy:
        assert copy.execute("SELECT sum(micro_usd) FROM entries WHERE kind = 'charge'").fetchone()[0] == totals["charged_micro_usd"]


def test_what_backups_take_is_shown_with_the_other_files(studio: LittleStudio) -> None:
    made, _ = backups.back_up(studio.place, ME)
    shares = {share.title: (share.files, share.bytes) for share in space.measure(studio.place).shares}
    assert shares["Backups"] == (1, made.bytes)


def test_who_may_not_change_how_the_studio_is_run_makes_no_backup_and_restores_none(studio: LittleStudio) -> None:
    guest = Person(name="guest", roles=frozenset(Role) - {Role.ADMIN})
    with pytest.raises(NotAllowed):
        backups.back_up(studio.place, guest)
    with pytest.raises(NotAllowed):
        backups.restore(studio.place.settings, "any", guest)
    assert backups.backups(studio.place.settings) == ()


@pytest.fixture
def writers(studio: LittleStudio) -> Iterator[list[float]]:
    """Three threads that book without a pause, each through a database of its own; yields how long every booking took, in seconds."""
    took: list[float] = []
    stop = threading.Event()
    line = studio.rows("SELECT * FROM entries LIMIT 1")[0]

    def write(number: int) -> None:
        own = Database(studio.place.database.folder, "sandbox")
        count = 0
        while not stop.is_set():
            count += 1
            names = {name: line[name] for name in ledger.Booking.__dataclass_fields__}
            began = time.monotonic()
            with own.writing() as tx:
                ledger.hold(tx, ledger.Booking(**names | {"call_id": f"w{number}-{count}"}), 10, ())
            took.append(time.monotonic() - began)
        own.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    yield took
    stop.set()
    for thread in threads:
        thread.join()


def test_a_backup_while_others_write_is_of_one_moment_ends_and_keeps_nobody_waiting(
    studio: LittleStudio, writers: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PAGES_AT_ONCE", 4)
    shares: list[float] = []
    before = len(writers)
    _, facts = backups.back_up(studio.place, ME, progress=shares.append)
    assert len(shares) > 20
    assert shares == sorted(shares), "the copying began anew"
    assert len(writers) > before, "nobody could write meanwhile"
    assert max(writers) < studio.place.settings.busy_seconds / 3
    assert facts.held_micro_usd == 10 * (facts.lines - 3)


def test_a_backup_never_writes_over_a_file(studio: LittleStudio, tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    path.write_text("mine")
    with pytest.raises(BadOutputFolder, match="already"):
        backups.back_up(studio.place, ME, path)
    assert path.read_text() == "mine"
    with pytest.raises(BadOutputFolder):
        backups.back_up(studio.place, ME, path / "below.db")


def test_a_name_that_was_taken_meanwhile_is_left_to_who_took_it(studio: LittleStudio, tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    with pytest.raises(BadOutputFolder, match="already"):
        backups.back_up(studio.place, ME, path, progress=lambda _: path.write_text("theirs") and None)
    assert path.read_text() == "theirs"
    assert [one.name for one in tmp_path.glob(".*.tmp")] == []


def test_a_ledger_that_does_not_add_up_makes_no_backup(studio: LittleStudio) -> None:
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE balances SET charged_micro_usd = 1")
    with pytest.raises(BackupUnusable, match="does not add up"):
        backups.back_up(studio.place, ME)
    assert list((studio.place.settings.folder / "backups").iterdir()) == []


def test_a_full_disk_is_said_before_anything_is_copied(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(DiskFull, match="MB"):
        backups.back_up(studio.place, ME)


def test_going_back_brings_what_was_there_and_keeps_what_came_after_under_another_name(studio: LittleStudio) -> None:
    made, facts = backups.back_up(studio.place, ME)
    studio.approved_clip()
    after = looks.ledger_totals(studio.place)
    studio.place.database.close()
    done = backups.restore(studio.place.settings, made.name, ME)
    assert done.facts == facts
    assert not done.paused
    again = Place(studio.place.settings)
    assert looks.ledger_totals(again)["charged_micro_usd"] == facts.charged_micro_usd < after["charged_micro_usd"]
    with contextlib.closing(sqlite3.connect(studio.place.settings.folder / done.kept_as)) as kept:
        assert kept.execute("SELECT sum(micro_usd) FROM entries WHERE kind = 'charge'").fetchone()[0] == after["charged_micro_usd"]
    with again.database.reading() as db:
        assert ledger.proof(db) == []
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("SELECT person, subject FROM audit_log WHERE action = 'restore'").fetchone()[:] == ("me", made.name)


def test_a_backup_of_an_earlier_version_is_brought_up_to_date_on_the_way(studio: LittleStudio, tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as old:
        schema.studio.apply(SqliteUtils(old), stop_before="m012_spending")
        old.execute("PRAGMA user_version = 11")
    before = path.read_bytes()
    studio.place.database.close()
    assert backups.restore(studio.place.settings, str(path), ME).facts.lines == 0
    assert path.read_bytes() == before
    with Place(studio.place.settings).database.reading() as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION


def test_where_runs_were_under_way_purchases_are_paused(studio: LittleStudio) -> None:
    portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=9), ME, run_id="r-open")
    made, _ = backups.back_up(studio.place, ME)
    studio.place.database.close()
    assert backups.restore(studio.place.settings, made.name, ME).paused
    with Place(studio.place.settings).database.reading() as db:
        paused = switches.state(db)
    assert paused
    assert "backup" in paused.note


def test_a_damaged_database_is_said_to_be_so_with_the_newest_backup_and_restored_from_it(studio: LittleStudio) -> None:
    made, facts = backups.back_up(studio.place, ME)
    studio.place.database.close()
    path = studio.place.database.path
    damage(path)
    bytes_before = path.read_bytes()
    with pytest.raises(DatabaseDamaged) as caught:
        looks.ledger_lines(Place(studio.place.settings))
    assert made.name in caught.value.next
    assert path.read_bytes() == bytes_before
    done = backups.restore(studio.place.settings, made.name, ME)
    assert looks.ledger_totals(Place(studio.place.settings))["charged_micro_usd"] == facts.charged_micro_usd
    assert (studio.place.settings.folder / done.kept_as).read_bytes() == bytes_before


def broken(studio: LittleStudio, path: Path) -> None:
    damage(path)


def text(studio: LittleStudio, path: Path) -> None:
    path.write_text("a text of some length that is no database at all")


def empty(studio: LittleStudio, path: Path) -> None:
    path.write_bytes(b"")


def foreign(studio: LittleStudio, path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (name TEXT)")


def newer(studio: LittleStudio, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 999")


def forged(studio: LittleStudio, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("DROP TRIGGER entries_stay")
        db.execute("UPDATE entries SET micro_usd = 1 WHERE kind = 'charge'")
        db.commit()


@pytest.mark.parametrize("spoil", [broken, text, empty, foreign, newer, forged], ids=lambda one: one.__name__)
def test_what_cannot_be_trusted_is_not_restored_and_nothing_changes(studio: LittleStudio, spoil) -> None:
    made, _ = backups.back_up(studio.place, ME)
    spoil(studio, made.path)
    before = studio.dump()
    with pytest.raises(BackupUnusable) as caught:
        backups.restore(studio.place.settings, str(made.path), ME)
    assert studio.place.settings.folder.as_posix() not in caught.value.say
    assert studio.dump() == before
    names = {path.name for path in studio.place.settings.folder.iterdir()}
    assert not [name for name in names if name.startswith(("restoring-", "studio-before"))]


def test_a_backup_of_the_other_mode_or_of_no_name_is_refused(studio: LittleStudio) -> None:
    made, _ = backups.back_up(studio.place, ME)
    with pytest.raises(UnknownName, match="no backup"):
        backups.restore(studio.place.settings, "nothing.db", ME)
    with contextlib.closing(sqlite3.connect(made.path)) as db:
        db.execute("UPDATE about SET value = 'live' WHERE name = 'mode'")
        db.commit()
    with pytest.raises(WrongMode, match="live"):
        backups.restore(studio.place.settings, made.name, ME)


@pytest.mark.parametrize("spoil", [text, foreign, newer], ids=lambda one: one.__name__)
def test_a_file_that_is_no_database_of_ours_is_refused_and_left_as_it_is(studio: LittleStudio, spoil) -> None:
    studio.place.database.close()
    path = studio.place.database.path
    spoil(studio, path)
    before = path.read_bytes()
    with pytest.raises(StudioError) as caught:
        Place(studio.place.settings)
    assert "Nothing was" in caught.value.say
    assert path.read_bytes() == before


def test_what_a_restore_put_aside_comes_back_by_the_name_it_was_given(studio: LittleStudio) -> None:
    made, _ = backups.back_up(studio.place, ME)
    studio.avatar()
    before = looks.ledger_totals(studio.place)
    studio.place.database.close()
    done = backups.restore(studio.place.settings, made.name, ME)
    backups.restore(studio.place.settings, done.kept_as, ME)
    assert looks.ledger_totals(Place(studio.place.settings)) == before


def test_two_backups_within_a_second_are_two(studio: LittleStudio, tmp_path: Path) -> None:
    kept = [backups.back_up(studio.place, ME, folder)[0].path for folder in (None, None, None, tmp_path, tmp_path)]
    assert len(set(kept)) == 5
    assert {path.name for path in kept[:3]} == {one.name for one in backups.backups(studio.place.settings)}
