"""The quick look at the ledger proves what is new, remembers what it proved, and does not forget an alarm."""

import pytest

from pipeline import ledger
from pipeline.ledger import watch
from pipeline.ledger.watch import Proven
from pipeline.records import Basis
from tests.ledger.conftest import booking


@pytest.fixture
def filled(database):
    with database.writing() as tx:
        for name in ("r1.avatar.1", "r2.avatar.1"):
            ledger.hold(tx, booking(name), 30_000, ())
        tx.execute("DROP TRIGGER entries_stay")
        tx.execute("DROP TRIGGER entries_are_kept")
    return database


def look(database, known=None):
    with database.reading() as db:
        db.execute("BEGIN")
        return watch.extend(db, known or Proven())


def settle(database, name="r1.avatar.1"):
    with database.writing() as tx:
        ledger.release(tx, name)
        ledger.charge(tx, name, 20_000, quantity="1", basis=Basis.ESTIMATE)


def test_an_empty_ledger_agrees_with_itself(database):
    assert look(database) == Proven()


def test_new_lines_are_added_to_what_was_proven(filled):
    first = look(filled)
    assert (first.lines, first.held_micro_usd, first.charged_micro_usd) == (2, 60_000, 0)
    assert look(filled, first) == first
    settle(filled)
    second = look(filled, first)
    assert (second.lines, second.held_micro_usd, second.charged_micro_usd) == (4, 30_000, 20_000)
    assert second == look(filled)


def test_what_was_proven_is_not_read_again(filled):
    known = look(filled)
    settle(filled)
    with filled.writing() as tx:
        tx.execute("DELETE FROM entries WHERE id = 1")
    assert look(filled, known).lines == 4
    assert look(filled) is None


@pytest.mark.parametrize("column", ["micro_usd", "person", "hash", "previous_hash"])
def test_a_new_line_that_does_not_follow_is_noticed_at_every_look(filled, column):
    known = look(filled)
    settle(filled)
    with filled.writing() as tx:
        tx.execute(f"UPDATE entries SET {column} = ? WHERE id = 3", (1 if column == "micro_usd" else "x",))
    assert look(filled, known) is None
    assert look(filled, known) is None


def test_a_ledger_that_lost_its_newest_lines_is_noticed(filled):
    settle(filled)
    known = look(filled)
    with filled.writing() as tx:
        tx.execute("DELETE FROM entries WHERE id = 4")
    assert look(filled, known) is None


def test_a_running_sum_that_lies_is_noticed(filled):
    known = look(filled)
    with filled.writing() as tx:
        tx.execute("UPDATE balances SET charged_micro_usd = charged_micro_usd + 1 WHERE scope_kind = 'studio' AND period = 'ever'")
    assert look(filled, known) is None
    assert look(filled) is None
