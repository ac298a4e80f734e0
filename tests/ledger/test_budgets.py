"""Caps hold to the micro-dollar, whoever asks and however many ask at once."""

import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import ledger
from pipeline.errors import BudgetReached
from pipeline.ledger import Cap, set_budget
from pipeline.ledger.limits import period_of
from pipeline.records import Basis
from tests.examples import few
from tests.ledger.conftest import booking

THREADS, HOLDS = 20, 20


def _cap(micro_usd, kind="studio", scope="all", period="day"):
    return Cap(scope_kind=kind, scope=scope, period=period, micro_usd=micro_usd)


def _try(database, name, amount, cap, refused):
    try:
        with database.writing() as tx:
            ledger.hold(tx, booking(name), amount, (cap,))
    except BudgetReached:
        refused.append(amount)


def _at(moment, monkeypatch):
    """Let every booking happen at this moment; the module's name is also that of the function it gives its folder."""
    monkeypatch.setattr(sys.modules["pipeline.ledger.entries"], "now", lambda: moment)


@pytest.mark.parametrize("amount", [30_000, 33_333])
def test_many_threads_at_once_fill_a_cap_and_never_pass_it(database, amount):
    cap, refused = _cap(amount * 150 + amount - 1), []

    def place(thread):
        for number in range(HOLDS):
            _try(database, f"r{thread}-{number}.avatar.1", amount, cap, refused)

    threads = [threading.Thread(target=place, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as db:
        assert ledger.totals(db).held_micro_usd == amount * 150
        assert len(refused) == THREADS * HOLDS - 150
        assert ledger.proof(db) == []


@few
@given(cap=st.integers(0, 200_000), amounts=st.lists(st.integers(0, 100_000), max_size=12))
def test_what_fits_is_held_and_what_does_not_is_refused(new_database, cap, amounts):
    database, held = new_database(), 0
    for number, amount in enumerate(amounts):
        with database.writing() as tx:
            fits = held + amount <= cap
            if fits:
                ledger.hold(tx, booking(f"r{number}.avatar.1"), amount, (_cap(cap),))
                held += amount
            else:
                with pytest.raises(BudgetReached):
                    ledger.hold(tx, booking(f"r{number}.avatar.1"), amount, (_cap(cap),))
    with database.reading() as db:
        assert ledger.totals(db).held_micro_usd == held <= cap


def test_a_refusal_says_what_is_left_of_which_cap(database):
    with database.writing() as tx:
        ledger.hold(tx, booking("r1.avatar.1"), 30_000, ())
        with pytest.raises(BudgetReached) as caught:
            ledger.hold(tx, booking("r2.avatar.1"), 30_000, (_cap(50_000),))
    assert caught.value.say == "This needs $0.03, but $0.02 is left of the day cap of $0.05 for the studio."
    assert caught.value.charged is False


@pytest.mark.parametrize(
    ("kind", "scope", "other"), [("person", "anna", {"person": "ben"}), ("case", "case-1", {"case": "case-2"}), ("sweep", "sweep-1", {"sweep": None})]
)
def test_a_cap_on_one_scope_does_not_touch_another(database, kind, scope, other):
    with database.writing() as tx:
        set_budget(tx, _cap(30_000, kind, scope, "ever"), hard=True, person="boss")
        mine = {"sweep": "sweep-1"}
        ledger.hold(tx, booking("r1.avatar.1", **mine), 30_000, ())
        with pytest.raises(BudgetReached):
            ledger.hold(tx, booking("r2.avatar.1", **mine), 1, ())
        ledger.hold(tx, booking("r3.avatar.1", **{**mine, **other}), 30_000, ())


def test_a_star_caps_each_on_its_own(database):
    with database.writing() as tx:
        set_budget(tx, _cap(30_000, "person", "*"), hard=True, person="boss")
        ledger.hold(tx, booking("r1.avatar.1", person="anna"), 30_000, ())
        ledger.hold(tx, booking("r2.avatar.1", person="ben"), 30_000, ())
        with pytest.raises(BudgetReached, match="person ben"):
            ledger.hold(tx, booking("r3.avatar.1", person="ben"), 1, ())


def test_a_new_cap_replaces_the_one_before_and_a_soft_one_stops_nothing(database):
    with database.writing() as tx:
        set_budget(tx, _cap(10_000), hard=True, person="boss")
        set_budget(tx, _cap(20_000), hard=True, person="boss")
        set_budget(tx, _cap(5_000), hard=False, person="boss")
        ledger.hold(tx, booking("r1.avatar.1"), 20_000, ())
        with pytest.raises(BudgetReached):
            ledger.hold(tx, booking("r2.avatar.1"), 1, ())


def test_a_released_hold_makes_room_again(database):
    with database.writing() as tx:
        ledger.hold(tx, booking("r1.avatar.1"), 50_000, (_cap(50_000),))
        ledger.release(tx, "r1.avatar.1")
        ledger.charge(tx, "r1.avatar.1", 10_000, quantity="1", basis=Basis.BILLED_UNITS)
        ledger.hold(tx, booking("r2.avatar.1"), 40_000, (_cap(50_000),))


def test_yesterday_s_spending_leaves_today_s_cap_alone(database, monkeypatch):
    _at("2026-03-30T12:00:00.000000+00:00", monkeypatch)
    with database.writing() as tx:
        ledger.hold(tx, booking("r1.avatar.1"), 50_000, (_cap(50_000),))
    _at("2026-03-31T12:00:00.000000+00:00", monkeypatch)
    with database.writing() as tx:
        ledger.hold(tx, booking("r2.avatar.1"), 50_000, (_cap(50_000), _cap(100_000, period="month")))
        with pytest.raises(BudgetReached, match="month"):
            ledger.hold(tx, booking("r3.avatar.1"), 1, (_cap(100_000, period="month"),))


def test_periods_are_named_by_the_day_they_hold():
    assert [period_of("2026-03-31", period) for period in ("day", "month", "ever")] == ["2026-03-31", "2026-03", "ever"]
