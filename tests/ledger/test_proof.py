"""Whoever gets past the triggers is found out."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import ledger
from pipeline.ledger import proving
from pipeline.ledger.entries import line_hash
from pipeline.records import Basis
from tests.examples import few
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
            "UPDATE balances SET held_micro_usd = held_micro_usd - 1, charged_micro_usd = charged_micro_usd + 1, requests = requests + 1"
            " WHERE scope_kind = ? AND length(period) = ?",
            (kind, lengths[period]),
        )
        assert changed.rowcount == 1
    assert [line.split(" (")[0] for line in _proof(filled)] == [f"The running balance of {kind} {_scope(kind)}"]


def test_an_invented_balance_is_found(filled):
    with filled.writing() as tx:
        tx.execute("INSERT INTO balances VALUES ('person', 'eve', 'ever', 0, 5, 1)")
    assert _proof(filled) == ["The running balance of person eve (ever) differs from the sum of its ledger lines."]


def test_lines_cut_off_at_the_end_are_missed_even_where_the_running_sums_were_brought_down_with_them(filled):
    with filled.writing() as tx:
        tx.execute("DELETE FROM entries WHERE id > 4")
        tx.execute("UPDATE balances SET charged_micro_usd = charged_micro_usd - 30000, held_micro_usd = held_micro_usd + 30000")
    assert _proof(filled) == ["The cost kept for r3.avatar.1 differs from its ledger lines and what became of it."]


@pytest.mark.parametrize("change", ["charged_micro_usd = 1", "outcome = 'succeeded'", "person = 'eve'", "published = 1", "for_day = '2020-01-01'"])
def test_a_changed_cost_of_a_request_is_named(filled, change):
    with filled.writing() as tx:
        tx.execute(f"UPDATE costs SET {change} WHERE id = 'r3.avatar.1'")
    assert _proof(filled) == ["The cost kept for r3.avatar.1 differs from its ledger lines and what became of it."]


def test_a_line_dated_before_the_one_above_is_named(filled):
    with filled.writing() as tx:
        line = replace(ledger.entries(tx)[-1], at="2020-01-01T00:00:00.000000+00:00")
        previous = tx.execute("SELECT previous_hash FROM entries WHERE id = 6").fetchone()[0]
        tx.execute("UPDATE entries SET at = ?, hash = ? WHERE id = 6", (line.at, line_hash(previous, line)))
    assert _proof(filled) == ["Ledger line 6 is dated before the line above it."]


def test_a_cost_that_was_removed_is_named(filled):
    with filled.writing() as tx:
        tx.execute("DELETE FROM costs WHERE id = 'r1.avatar.1'")
    assert _proof(filled) == ["The cost kept for r1.avatar.1 differs from its ledger lines and what became of it."]


def test_a_cost_that_was_invented_is_named(filled):
    with filled.writing() as tx:
        names = [row["name"] for row in tx.execute("PRAGMA table_info(costs)") if row["name"] != "id"]
        tx.execute(f"INSERT INTO costs(id, {', '.join(names)}) SELECT 'r9.avatar.1', {', '.join(names)} FROM costs WHERE id = 'r1.avatar.1'")
    assert _proof(filled) == ["The cost kept for r9.avatar.1 has no line in the ledger."]


@pytest.mark.parametrize("change", ["charged_micro_usd = charged_micro_usd + 1", "person = 'eve'", "requests = requests - 1"])
def test_a_changed_sum_of_a_day_is_named(filled, change):
    with filled.writing() as tx:
        tx.execute(f"UPDATE daily_costs SET {change}")
    assert _proof(filled)
    assert {line.split(" for ")[0] for line in _proof(filled)} == {"The sums of " + _day(filled)}


def test_a_day_whose_sums_went_back_to_nothing_is_no_fault(filled):
    with filled.writing() as tx:
        tx.execute("UPDATE costs SET team = 'other' WHERE id = 'r1.avatar.1'")
        tx.execute("UPDATE costs SET team = 'studio' WHERE id = 'r1.avatar.1'")
        assert tx.execute("SELECT count(*) AS rows FROM daily_costs").fetchone()["rows"] == 2
    assert _proof(filled) == []


def test_a_request_without_its_lines_is_named(filled):
    """Who removes lines and every sum of them still has to explain the request."""
    with filled.writing() as tx:
        for command in ("PRAGMA defer_foreign_keys=ON", "DELETE FROM entries", "DELETE FROM balances", "DELETE FROM costs"):
            tx.execute(command)
        columns = "id, run_id, slot, try_number, case_id, provider, endpoint, input, fingerprint, reuse, state, hold_micro_usd, unit, quantity"
        tx.execute("INSERT INTO cases(id, owner, name, plan, created_by, created_at) VALUES ('c', 'o', 'n', 'premium', 'me', '')")
        run = "id, kind, case_id, person, team, feature, channel, settings, priority, turn, state, attempt, stage, progress, photo_version, source"
        tx.execute(f"INSERT INTO runs({run}, asked_at) VALUES ('r3', 'avatar', 'c', 'p', 't', 'f', 's', '{{}}', 0, 0, 'x', 1, '', 1.0, 1, '', '')")
        values = "'r3.avatar.1', 'r3', 'avatar', 1, 'c', 'fal', 'e', '{}', 'f', 'never', 'succeeded', 1, 'image', '1', 1, 'p', ''"
        tx.execute(f"INSERT INTO calls({columns}, unit_micro_usd, price_id, created_at) VALUES ({values})")
    assert _proof(filled) == ["Request r3.avatar.1 was made, but the ledger lacks a line of it."]


def test_a_line_that_a_comparison_with_a_bill_remembers_cannot_be_another(filled):
    with filled.writing() as tx:
        tx.execute("INSERT INTO bills VALUES ('b', 'fal', 'file', 'bill.csv', 'x', '', '', '', 0, 0, 0, '', '', 'me', 0)")
        seen = "SELECT 'r', 'b', 'fal', '', '', '2020-02-01T00:00:00', 'me', 0, 0, 0, 0, id, hash FROM entries WHERE id = 6"
        tx.execute(f"INSERT INTO reconciliations {seen}")
    assert _proof(filled) == []
    with filled.writing() as tx:
        tx.execute("UPDATE reconciliations SET last_hash = 'x'")
    assert _proof(filled) == ["Ledger line 6 is not the one that the comparison with a bill of 2020-02-01 remembers."]


def test_of_many_faults_the_first_are_named_and_the_rest_counted(filled):
    with filled.writing() as tx:
        tx.executemany("INSERT INTO balances VALUES ('person', ?, 'ever', 0, 5, 1)", [(f"eve-{number}",) for number in range(8)])
    said = _proof(filled)
    assert len(said) == proving.NAMED + 1
    assert said[-1] == "… and 3 more of the same kind."


@few
@given(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text(st.characters(exclude_categories=["Cs"]))))
def test_the_proof_writes_a_value_as_the_chain_does(value):
    assert proving._json(value) == json.dumps(value, ensure_ascii=False)


def _day(database):
    with database.reading() as db:
        return db.execute("SELECT for_day FROM entries").fetchone()["for_day"]


def _scope(kind):
    return {"studio": "all", "person": "anna", "feature": "portrait", "case": "case-1", "sweep": "sweep-1"}[kind]
