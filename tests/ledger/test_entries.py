"""Whatever happens in whatever order, the lines add up, cannot be changed, and nothing is booked twice."""

import importlib
import sqlite3
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import ledger
from pipeline.errors import BudgetReached, CallError, CannotPrice, NotNow
from pipeline.ledger import Cap
from pipeline.ledger.entries import adjust
from pipeline.ledger.reports import balance
from pipeline.records import Basis, EntryKind
from tests.examples import few
from tests.ledger.conftest import booking

CAP = Cap(scope_kind="studio", scope="all", period="ever", micro_usd=1_000_000)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["hold", "release", "charge"]),
        st.sampled_from([f"r{n}.avatar.1" for n in range(5)]),
        st.one_of(st.integers(0, 600_000), st.sampled_from([1, 999_999, 1_000_000, 1_000_001])),
        st.sampled_from(["anna", "ben"]),
        st.sampled_from(["case-1", "case-2"]),
        st.sampled_from([None, "sweep-1"]),
    ),
    max_size=25,
)


class Model:
    """What a person with a sheet of paper would have written down."""

    def __init__(self):
        self.hold, self.released, self.charged, self.whom = {}, set(), {}, {}

    def held(self, calls=None):
        return sum(amount for call, amount in self.hold.items() if call not in self.released and (calls is None or call in calls))

    def spent(self, calls=None):
        return sum(amount for call, amount in self.charged.items() if calls is None or call in calls)

    def of(self, position, value):
        return {call for call, whom in self.whom.items() if whom[position] == value}


def _do(tx, move, model):
    kind, call, amount, *whom = move
    if kind == "hold":
        refused = BudgetReached if model.held() + model.spent() + amount > CAP.micro_usd else CallError if call in model.hold else None
        return refused, lambda: ledger.hold(tx, booking(call, person=whom[0], case=whom[1], sweep=whom[2]), amount, (CAP,))
    if kind == "release":
        refused = NotNow if call not in model.hold else CallError if call in model.released else None
        return refused, lambda: ledger.release(tx, call)
    refused = NotNow if call not in model.hold else CallError if call in model.charged else None
    return refused, lambda: ledger.charge(tx, call, amount, quantity="1", basis=Basis.BILLED_UNITS)


def _note(move, model):
    kind, call, amount, *whom = move
    if kind == "hold":
        model.hold[call], model.whom[call] = amount, whom
    elif kind == "release":
        model.released.add(call)
    else:
        model.charged[call] = amount


def _at(moment, monkeypatch):
    """Let every booking happen at this moment; the module's name is also that of the function it gives its folder."""
    monkeypatch.setattr(sys.modules["pipeline.ledger.entries"], "now", lambda: moment)


@few
@given(moves=MOVES)
def test_any_sequence_of_bookings_adds_up(new_database, moves):
    database, model = new_database(), Model()
    for move in moves:
        with database.writing() as tx:
            refused, act = _do(tx, move, model)
            if refused:
                with pytest.raises(refused):
                    act()
            else:
                act()
                _note(move, model)
    with database.reading() as db:
        assert ledger.proof(db) == []
        assert ledger.totals(db) == ledger.Totals(held_micro_usd=model.held(), charged_micro_usd=model.spent())
        for position, (kind, names) in enumerate({"person": ("anna", "ben"), "case": ("case-1", "case-2"), "sweep": ("sweep-1",)}.items()):
            for name in names:
                mine = model.of(position, name)
                assert balance(db, kind, name, "ever") == ledger.Totals(held_micro_usd=model.held(mine), charged_micro_usd=model.spent(mine))
        lines = Counter((line.call_id, line.kind) for line in ledger.entries(db))
        assert set(lines.values()) <= {1}
        assert sum(line.micro_usd for line in ledger.entries(db)) == model.held() + model.spent()


def test_a_release_and_a_charge_count_for_the_day_of_the_hold(database, monkeypatch):
    _at("2026-03-31T23:59:59.999999+00:00", monkeypatch)
    with database.writing() as tx:
        ledger.hold(tx, booking(), 30_000, ())
    _at("2026-04-01T00:00:00.000001+00:00", monkeypatch)
    with database.writing() as tx:
        ledger.release(tx, "r1.avatar.1")
        ledger.charge(tx, "r1.avatar.1", 29_000, quantity="1", basis=Basis.ESTIMATE)
    with database.reading() as db:
        assert balance(db, "studio", "all", "2026-03-31") == ledger.Totals(held_micro_usd=0, charged_micro_usd=29_000)
        assert balance(db, "studio", "all", "2026-03") == ledger.Totals(held_micro_usd=0, charged_micro_usd=29_000)
        assert balance(db, "studio", "all", "2026-04-01") == ledger.Totals(held_micro_usd=0, charged_micro_usd=0)
        assert [date.fromisoformat(line.at[:10]).day for line in ledger.entries(db)] == [31, 1, 1]


def test_a_charge_above_its_hold_is_booked_in_full_flagged_and_counts_against_the_cap(database):
    cap = Cap(scope_kind="studio", scope="all", period="day", micro_usd=100_000)
    with database.writing() as tx:
        ledger.hold(tx, booking("r1.avatar.1"), 60_000, (cap,))
        ledger.release(tx, "r1.avatar.1")
        line = ledger.charge(tx, "r1.avatar.1", 90_000, quantity="3", basis=Basis.BILLED_UNITS)
        assert (line.micro_usd, line.flag) == (90_000, "above its hold")
        with pytest.raises(BudgetReached):
            ledger.hold(tx, booking("r2.avatar.1"), 10_001, (cap,))
        ledger.hold(tx, booking("r2.avatar.1"), 10_000, (cap,))


def test_a_charge_up_to_its_hold_has_no_flag(database):
    with database.writing() as tx:
        ledger.hold(tx, booking(), 60_000, ())
        assert ledger.charge(tx, "r1.avatar.1", 60_000, quantity="2", basis=Basis.BILLED_UNITS).flag is None


@pytest.mark.parametrize("change", ["UPDATE entries SET micro_usd = 0", "DELETE FROM entries", "UPDATE entries SET person = 'eve' WHERE id = 1"])
def test_lines_cannot_be_changed_or_removed(database, change):
    with database.writing() as tx:
        ledger.hold(tx, booking(), 30_000, ())
    with pytest.raises(sqlite3.IntegrityError, match="ledger lines"), database.writing() as tx:
        tx.execute(change)
    with database.reading() as db:
        assert ledger.totals(db).held_micro_usd == 30_000


@pytest.mark.parametrize("amount", [-1, -30_000])
def test_negative_money_is_refused(database, amount):
    with database.writing() as tx:
        with pytest.raises(CannotPrice):
            ledger.hold(tx, booking(), amount, ())
        ledger.hold(tx, booking(), 30_000, ())
        with pytest.raises(CannotPrice):
            ledger.charge(tx, "r1.avatar.1", amount, quantity="1", basis=Basis.ESTIMATE)


def test_a_line_and_its_neighbour_in_the_transaction_are_kept_together_or_not_at_all(database):
    with database.writing() as tx:
        ledger.hold(tx, booking(), 30_000, ())

    def charge_and_fail():
        with database.writing() as tx:
            ledger.release(tx, "r1.avatar.1")
            ledger.charge(tx, "r1.avatar.1", 30_000, quantity="1", basis=Basis.ESTIMATE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        charge_and_fail()
    with database.reading() as db:
        assert ledger.totals(db) == ledger.Totals(held_micro_usd=30_000, charged_micro_usd=0)
        assert ledger.proof(db) == []


LINES = importlib.import_module("pipeline.ledger.entries")  # the package's own `entries` is a function


def earlier(**back):
    return (datetime.now(UTC) - timedelta(**back)).isoformat(timespec="microseconds")


@pytest.mark.parametrize("back", [{"days": 1}, {"days": 40}, {"seconds": 5}])
def test_a_clock_that_went_back_neither_passes_a_limit_nor_dates_a_line_before_the_one_above(database, monkeypatch, back):
    caps = [Cap(scope_kind="studio", scope="all", period=period, micro_usd=70_000) for period in ("day", "month")]
    with database.writing() as tx:
        first = ledger.hold(tx, booking(), 30_000, caps)
        monkeypatch.setattr(LINES, "now", lambda: earlier(**back))
        second = ledger.hold(tx, booking("r2.avatar.1"), 30_000, caps)
        with pytest.raises(BudgetReached):
            ledger.hold(tx, booking("r3.avatar.1"), 30_000, caps)
        ends = [ledger.release(tx, "r1.avatar.1"), ledger.charge(tx, "r1.avatar.1", 30_000, quantity="1", basis=Basis.ESTIMATE)]
        adjust(tx, replace(second, at=earlier(**back), kind=EntryKind.ADJUST, basis=Basis.RECONCILED, micro_usd=5))
        assert {line.at for line in (first, second, *ends)} == {first.at}
        assert [row["at"] for row in tx.execute("SELECT DISTINCT at FROM entries")] == [first.at]
        assert {row["for_day"] for row in tx.execute("SELECT for_day FROM entries")} == {first.at[:10]}
        assert ledger.proof(tx) == []


def test_a_clock_that_had_been_years_ahead_is_believed_again_and_the_line_says_so(database, monkeypatch):
    with database.writing() as tx:
        monkeypatch.setattr(LINES, "now", lambda: earlier(days=-900))
        ledger.hold(tx, booking(), 30_000, ())
        monkeypatch.undo()
        second = ledger.hold(tx, booking("r2.avatar.1"), 30_000, ())
        assert second.for_day == second.at[:10] == datetime.now(UTC).date().isoformat()
        assert second.flag == "dated before the line above it: the clock had been ahead"
        assert ledger.proof(tx) == []
