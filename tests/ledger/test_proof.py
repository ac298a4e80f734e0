"""Whoever gets past the triggers is found out."""

import pytest

from pipeline import ledger
from pipeline.records import Basis
from tests.ledger.conftest import booking


@pytest.fixture
def filled(database):
    """Three calls: one held, one released, one charged."""
    with database.writing() as tx:
        for name in ("r1.avatar.1", "r2.avatar.1", "r3.avatar.1"):
            ledger.hold(tx, booking(name, sweep="sweep-1"), 30_000, ())
        ledger.release(tx, "r2.avatar.1")
        ledger.release(tx, "r3.avatar.1")
        ledger.charge(tx, "r3.avatar.1", 30_000, quantity="1", basis=Basis.ESTIMATE)
        tx.execute("DROP TRIGGER entries_stay")
        tx.execute("DROP TRIGGER entries_are_kept")
    return database


def _proof(database):
    with database.reading() as db:
        return ledger.proof(db)


def test_an_honest_ledger_proves_itself(filled):
    assert _proof(filled) == []


@pytest.mark.parametrize("column", ["micro_usd", "person", "at", "quantity", "for_day", "price_id", "hash", "previous_hash", "basis"])
def test_a_changed_line_is_named(filled, column):
    value = {"micro_usd": 1, "for_day": "2020-01-01", "basis": "reconciled"}.get(column, "x")
    with filled.writing() as tx:
        tx.execute(f"UPDATE entries SET {column} = ? WHERE id = 2", (value,))
    assert "Ledger line 2 does not follow from the line before it." in _proof(filled)


@pytest.mark.parametrize("line", [1, 3, 6])
def test_a_missing_line_is_found(filled, line):
    with filled.writing() as tx:
        tx.execute("DELETE FROM entries WHERE id = ?", (line,))
    assert _proof(filled) != []


def test_a_line_that_was_swapped_for_another_is_found(filled):
    with filled.writing() as tx:
        names = [row["name"] for row in tx.execute("PRAGMA table_info(entries)") if row["name"] != "id"]
        tx.execute(f"INSERT OR REPLACE INTO entries(id, {', '.join(names)}) SELECT 2, {', '.join(names)} FROM entries WHERE id = 4")
    assert _proof(filled) != []


@pytest.mark.parametrize("period", ["day", "month", "ever"])
@pytest.mark.parametrize("kind", ["studio", "person", "feature", "case", "sweep"])
def test_a_changed_balance_is_named_in_every_period(filled, kind, period):
    lengths = {"day": 10, "month": 7, "ever": 4}
    with filled.writing() as tx:
        changed = tx.execute(
            "UPDATE balances SET held_micro_usd = held_micro_usd - 1, charged_micro_usd = charged_micro_usd + 1"
            " WHERE scope_kind = ? AND length(period) = ?",
            (kind, lengths[period]),
        )
        assert changed.rowcount == 1
    assert [line.split(" (")[0] for line in _proof(filled)] == [f"The running balance of {kind} {_scope(kind)}"]


def test_an_invented_balance_is_found(filled):
    with filled.writing() as tx:
        tx.execute("INSERT INTO balances VALUES ('person', 'eve', 'ever', 0, 5)")
    assert _proof(filled) == ["The running balance of person eve (ever) differs from the sum of its ledger lines."]


def _scope(kind):
    return {"studio": "all", "person": "anna", "feature": "portrait", "case": "case-1", "sweep": "sweep-1"}[kind]
