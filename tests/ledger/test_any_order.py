"""Any sequence of hold, settle, release, adjust, crash and retry keeps the ledger right: a sheet of paper is kept beside it and never differs."""

import contextlib
import shutil
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, precondition, rule

from pipeline import ledger
from pipeline.database import Database
from pipeline.errors import BudgetReached, CallError, NotNow
from pipeline.ledger import Booking, Cap, Entry, set_budget
from pipeline.ledger.budgets import extend_budget
from pipeline.ledger.entries import adjust
from pipeline.ledger.limits import standing
from pipeline.records import Basis, EntryKind, now
from tests.ledger.conftest import booking

PEOPLE, CASES, SWEEPS = ("anna", "ben"), ("case-1", "case-2"), (None, "sweep-1")
AMOUNTS = st.one_of(st.integers(0, 400_000), st.sampled_from([0, 1, 30_000, 999_999]))
CAPS = (
    Cap(scope_kind="studio", scope="all", period="day", micro_usd=1_500_000),
    Cap(scope_kind="person", scope="*", period="month", micro_usd=1_000_000),
    Cap(scope_kind="case", scope="case-1", period="ever", requests=4),
)
BLANK: dict[str, Path] = {}


@dataclass
class Paper:
    """What was written down of one request."""

    booking: Booking
    held: int
    charged: int = 0
    released: bool = False
    settled: bool = False

    @property
    def used(self) -> int:
        return self.charged + (0 if self.released else self.held)

    @property
    def counts(self) -> int:
        return int(self.settled or not self.released)


class AnyOrder(RuleBasedStateMachine):
    """The ledger in a file, and the same on paper."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="any-order-"))
        shutil.copy(BLANK["path"], self.folder / "studio.db")
        self.database = Database(self.folder, "sandbox")
        self.paper: dict[str, Paper] = {}
        self.adjusted: list[tuple[Booking, int]] = []
        self.more = 0
        with self.database.writing() as tx:
            for cap in CAPS[1:]:
                set_budget(tx, cap, hard=True, person="boss")

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    def room(self, booked: Booking, micro_usd: int) -> bool:
        """Say whether every cap has room, from the paper alone."""
        mine = [one for one in self.paper.values() if one.booking.person == booked.person]
        studio = sum(one.used for one in self.paper.values()) + sum(amount for _, amount in self.adjusted)
        person = sum(one.used for one in mine) + sum(amount for whom, amount in self.adjusted if whom.person == booked.person)
        case = sum(one.counts for one in self.paper.values() if one.booking.case_id == "case-1")
        fits = studio + micro_usd <= CAPS[0].amount and person + micro_usd <= CAPS[1].amount + self.more
        return fits and (booked.case_id != "case-1" or case + 1 <= CAPS[2].amount)

    def hold(self, booked: Booking, micro_usd: int) -> bool:
        fits = self.room(booked, micro_usd)
        with contextlib.ExitStack() as expected, self.database.writing() as tx:
            if not fits:
                expected.enter_context(pytest.raises(BudgetReached))
            ledger.hold(tx, booked, micro_usd, CAPS[:1])
        if fits:
            self.paper[booked.call_id] = Paper(booking=booked, held=micro_usd)
        return fits

    @rule(target=calls, amount=AMOUNTS, person=st.sampled_from(PEOPLE), case=st.sampled_from(CASES), sweep=st.sampled_from(SWEEPS))
    def ask(self, amount: int, person: str, case: str, sweep: str | None):
        booked = booking(f"r{len(self.paper)}-{now()}.avatar.1", person=person, case=case, sweep=sweep)
        return booked.call_id if self.hold(booked, amount) else multiple()

    @rule(call=calls, amount=AMOUNTS)
    def ask_twice(self, call: str, amount: int) -> None:
        refused = CallError if self.room(self.paper[call].booking, amount) else BudgetReached
        with pytest.raises(refused), self.database.writing() as tx:
            ledger.hold(tx, self.paper[call].booking, amount, CAPS[:1])

    @rule(call=consumes(calls), change=st.sampled_from([-1.0, -0.5, 0.0, 0.5, 2.0]))
    def settle(self, call: str, change: float) -> None:
        """Charge below, at or above what was held; what is billed is booked in full, whatever the caps say."""
        one = self.paper[call]
        amount = round(one.held * (1 + change))
        with self.database.writing() as tx:
            ledger.release(tx, call)
            line = ledger.charge(tx, call, amount, quantity="1", basis=Basis.BILLED_UNITS)
        assert (line.flag is not None) == (amount > one.held)
        one.released, one.settled, one.charged = True, True, amount

    @rule(call=consumes(calls))
    def release(self, call: str) -> None:
        with self.database.writing() as tx:
            ledger.release(tx, call)
        self.paper[call].released = True

    @rule(target=calls, call=consumes(calls), amount=AMOUNTS)
    def retry(self, call: str, amount: int):
        """A try that failed is released and asked for again under the next number, in one transaction or not at all."""
        one = self.paper[call]
        stem, _, number = call.rpartition(".")
        again = booking(f"{stem}.{int(number) + 1}", person=one.booking.person, case=one.booking.case_id, sweep=one.booking.sweep)
        one.released = True
        if self.room(again, amount):
            self.try_again(call, again, amount)
            self.paper[again.call_id] = Paper(booking=again, held=amount)
            return multiple(again.call_id)
        with pytest.raises(BudgetReached):
            self.try_again(call, again, amount)
        one.released = False
        return multiple(call)

    def try_again(self, call: str, again: Booking, amount: int) -> None:
        with self.database.writing() as tx:
            ledger.release(tx, call)
            ledger.hold(tx, again, amount, CAPS[:1])

    @rule(person=st.sampled_from(PEOPLE), amount=st.sampled_from([-70_000, -1, 1, 250_000]))
    def adjust(self, person: str, amount: int) -> None:
        booked, at = booking("none.avatar.1", person=person), now()
        facts = {**vars(booked), "call_id": None, "run_id": None, "case_id": None}
        line = Entry(**facts, at=at, kind=EntryKind.ADJUST, basis=Basis.RECONCILED, micro_usd=amount, for_day=at[:10])
        with self.database.writing() as tx:
            adjust(tx, line)
        self.adjusted.append((booked, amount))

    @rule(amount=st.sampled_from([1, 100_000]))
    def extend(self, amount: int) -> None:
        with self.database.writing() as tx:
            extend_budget(tx, Cap(scope_kind="person", scope="*", period="month", micro_usd=amount), person="boss", reason="a fair")
        self.more += amount

    @rule(amount=st.integers(1, 100))
    def crash_while_holding(self, amount: int) -> None:
        """Whoever dies before the commit has held nothing."""
        lost = sqlite3.connect(self.database.path, isolation_level=None)
        lost.row_factory = sqlite3.Row
        lost.execute("BEGIN IMMEDIATE")
        with contextlib.suppress(BudgetReached):
            ledger.hold(lost, booking("lost.avatar.1"), amount, CAPS[:1])
        lost.close()
        self.reopen()

    @rule(call=calls)
    def crash_while_settling(self, call: str) -> None:
        """Whoever dies between release and charge has done neither."""

        def settle_and_die() -> None:
            with self.database.writing() as tx:
                ledger.release(tx, call)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            settle_and_die()
        self.reopen()

    def reopen(self) -> None:
        self.database.close()
        self.database = Database(self.folder, "sandbox")

    @precondition(lambda self: self.paper)
    @rule(data=st.data())
    def book_twice(self, data: st.DataObject) -> None:
        """What ended is not ended again, and what was never held is not booked."""
        for call in [name for name, one in self.paper.items() if one.released][-2:]:
            with pytest.raises(CallError), self.database.writing() as tx:
                ledger.release(tx, call)
        with pytest.raises(NotNow), self.database.writing() as tx:
            ledger.charge(tx, data.draw(st.sampled_from(["nobody", "lost.avatar.1"])), 5, quantity="1", basis=Basis.ESTIMATE)

    @invariant()
    def the_ledger_is_what_stands_on_the_paper(self) -> None:
        held = sum(one.held for one in self.paper.values() if not one.released)
        charged = sum(one.charged for one in self.paper.values()) + sum(amount for _, amount in self.adjusted)
        with self.database.reading() as db:
            assert ledger.proof(db) == []
            assert ledger.totals(db) == ledger.Totals(held_micro_usd=held, charged_micro_usd=charged)
            for sums in ("SELECT sum(held_micro_usd) AS held, sum(charged_micro_usd) AS charged FROM {}",):
                for table in ("costs", "daily_costs", "balances WHERE scope_kind = 'studio' AND period = 'ever'"):
                    row = db.execute(sums.format(table)).fetchone()
                    assert (row["held"] or 0, row["charged"] or 0) == (held, charged), table
            assert db.execute("SELECT coalesce(sum(micro_usd), 0) AS n FROM entries").fetchone()["n"] == held + charged

    @invariant()
    def the_running_sums_of_everybody_are_those_of_the_paper(self) -> None:
        used: dict[str, int] = defaultdict(int)
        for one in self.paper.values():
            used[one.booking.person] += one.used
        for whom, amount in self.adjusted:
            used[whom.person] += amount
        requests = sum(one.counts for one in self.paper.values() if one.booking.case_id == "case-1")
        with self.database.reading() as db:
            for person in PEOPLE:
                limits = {one.scope_kind: one for one in standing(db, CAPS[:1], person=person, feature="portrait", case_id="case-1")}
                assert (limits["person"].used, limits["person"].extended) == (used[person], self.more)
                assert limits["case"].used == requests


@pytest.fixture(scope="module", autouse=True)
def _blank_for_every_run(blank: Path) -> None:
    BLANK["path"] = blank


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=25, stateful_step_count=30, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
