"""Proofs cover the schema, and an anchor noted elsewhere finds a rewrite that agrees with itself."""

import contextlib
import sqlite3
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pipeline import doctor, ledger
from pipeline.errors import BackupUnusable, BadParameter
from pipeline.ledger.anchor import check_anchor, read_anchor, take_anchor
from pipeline.ledger.entries import GENESIS, entry_of, line_hash
from pipeline.schema.shape import compare_shape
from pipeline.studio import anchors, backups
from pipeline.studio.place import Place
from tests.little_studio import ME, LittleStudio
from tests.public_store import r2_settings


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    studio = LittleStudio(tmp_path / "studio", customer=True)
    studio.approved_avatar()
    yield studio
    studio.place.database.close()


def tamper(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


WRONG = {
    "a trigger is gone": ("DROP TRIGGER entries_stay", "The trigger entries_stay is missing."),
    "a foreign trigger": ("CREATE TRIGGER sly AFTER INSERT ON entries BEGIN SELECT 1; END", "The trigger sly is none of the studio's."),
    "a foreign table": ("CREATE TABLE sly (x)", "The table sly is none of the studio's."),
    "an index is gone": ("DROP INDEX calls_by_state", "The index calls_by_state is missing."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_backup_whose_tables_are_not_the_studio_s_is_not_restored(studio: LittleStudio, name: str) -> None:
    made, _ = backups.back_up(studio.place, ME)
    statement, words = WRONG[name]
    tamper(made.path, statement)
    with pytest.raises(BackupUnusable, match=words.rstrip(".")):
        backups.prove(made.path)


@pytest.mark.parametrize("name", WRONG)
def test_doctor_names_what_was_changed_in_the_tables(studio: LittleStudio, name: str) -> None:
    statement, words = WRONG[name]
    tamper(studio.place.database.path, statement)
    found = {one.part: one for one in doctor.examine(studio.place.settings)}
    assert not found["database"].ok
    assert words in found["database"].say


def test_a_weaker_trigger_of_the_same_name_is_another_one(studio: LittleStudio) -> None:
    tamper(studio.place.database.path, "DROP TRIGGER entries_stay", "CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT 1; END")
    with studio.place.database.reading() as db:
        assert compare_shape(db) == ["The trigger entries_stay is not as this version makes it."]


def rewrite(path: Path) -> None:
    """Change what the first charge cost and make every hash and every sum agree with it, as somebody with much patience could."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for trigger in triggers:
            db.execute(f"DROP TRIGGER {trigger['name']}")
        previous = GENESIS
        for row in db.execute("SELECT * FROM entries ORDER BY id").fetchall():
            line = entry_of(row)
            if line.kind.value == "charge":
                line = replace(line, micro_usd=line.micro_usd - 10_000)
            own = line_hash(previous, line)
            db.execute("UPDATE entries SET micro_usd = ?, previous_hash = ?, hash = ? WHERE id = ?", (line.micro_usd, previous, own, row["id"]))
            previous = own
        for table in ("balances", "costs"):
            db.execute(f"UPDATE {table} SET charged_micro_usd = charged_micro_usd - 10000 WHERE charged_micro_usd > 0")
        db.execute("DELETE FROM daily_costs")
        db.execute("INSERT INTO daily_costs SELECT * FROM daily_costs_told")
        for trigger in triggers:
            db.execute(trigger["sql"])
        db.commit()


def test_a_rewrite_that_agrees_with_itself_is_found_by_an_anchor_noted_before(studio: LittleStudio) -> None:
    noted = anchors.keep_anchor(studio.place)
    assert anchors.verify(studio.place, (noted,), ME).wrong == ()
    rewrite(studio.place.database.path)
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []  # the chain and every sum agree: nothing inside the file gives it away
    wrong = anchors.verify(studio.place, (read_anchor(str(noted)),), ME).wrong
    assert len(wrong) == 2
    assert all("than when the anchor was noted" in words for words in wrong)


def test_an_anchor_still_holds_after_the_ledger_has_grown_and_finds_lines_cut_off(studio: LittleStudio) -> None:
    early = anchors.keep_anchor(studio.place)
    studio.avatar()
    late = anchors.keep_anchor(studio.place)
    with studio.place.database.reading() as db:
        assert check_anchor(db, early) == check_anchor(db, late) == []
        longer = replace(late, lines=late.lines + 1)
        assert check_anchor(db, longer) == [f"The ledger has {late.lines:,} lines; {longer.lines:,} were there when the anchor was noted."]
        assert take_anchor(db, early.lines) == early
    assert read_anchor(str(late)) == late


@pytest.mark.parametrize("text", ["", "1:2:3", "1:2:3:xyz", "-1:0:0:" + "0" * 64, "1:2:3:" + "0" * 63])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(BadParameter):
        read_anchor(text)


def test_a_backup_names_the_anchor_of_what_it_holds(studio: LittleStudio) -> None:
    made, facts = backups.back_up(studio.place, ME)
    with studio.place.database.reading() as db:
        assert facts.anchor == take_anchor(db)
    assert made.path.exists()
    assert set(asdict(facts)) >= {"anchor", "lines"}


def test_with_a_private_bucket_the_anchor_lies_there_and_a_rewrite_is_found_without_any_note(tmp_path: Path, s3_address: str) -> None:
    settings = r2_settings(s3_address)
    settings["R2_PRIVATE_BUCKET_NAME"] = r2_settings(s3_address)["R2_BUCKET_NAME"]
    studio = LittleStudio(tmp_path / "studio", customer=True, **settings)
    studio.approved_avatar()
    anchors.keep_anchor(studio.place)
    anchors.keep_anchor(studio.place)
    assert len(anchors.kept_anchors(studio.place)) == 1
    rewrite(studio.place.database.path)
    assert anchors.verify(Place(studio.place.settings), (), ME).wrong
