"""The two long looks behind "Is it right?": the ledger proven line by line, the provider's bill compared. Done beside the screens, shared by all."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from pages.parts.errand import Errand, Outcome
from pages.parts.here import place
from pipeline import ledger
from pipeline.errors import NotNow
from pipeline.ledger import watch
from pipeline.processes.bill import asked_provider
from pipeline.records import Person, Role, seconds_since
from pipeline.studio import reconciling
from pipeline.studio.bills import BillFile, Source
from pipeline.studio.costs import Period
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.reconciling import Reconciliation

STALE_SECONDS = 900.0
Opened = Callable[[], AbstractContextManager[Source]]


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What the thorough proof found: what is wrong, in words, and how far the ledger went."""

    wrong: tuple[str, ...]
    end: watch.Proven


class ProofCheck(Errand[Proven]):
    """The thorough proof of one place's ledger."""

    def __init__(self, there: Place) -> None:
        """Prove nothing yet."""
        super().__init__(lambda: _prove(there))
        self._there = there
        self._grown = watch.Proven()

    def fresh(self) -> Outcome[Proven]:
        """Return how it stands, begun by itself when nobody has looked for a quarter of an hour."""
        if not self.outcome.began_at and (not self.outcome.ended_at or seconds_since(self.outcome.ended_at) > STALE_SECONDS):
            self.begin()
        return self.outcome

    def grown(self, end: watch.Proven) -> watch.Proven | None:
        """Follow the lines that came since the proof ended there, and return how far they go; None when they do not agree with it."""
        known = self._grown if self._grown.last_id > end.last_id else end
        with self._there.database.reading() as db:
            db.execute("BEGIN")
            found = watch.extend(db, known)
        self._grown = found or watch.Proven()
        return found


class BillCheck(Errand[Reconciliation]):
    """The comparison of one place's ledger with a bill; who asks says with which."""

    def __init__(self, there: Place) -> None:
        """Compare nothing yet."""
        super().__init__(self._compare)
        self._there = there
        self._wish: tuple[Opened, Person, Period] | None = None

    def ask_provider(self, by: Person) -> None:
        """Begin to compare with what the provider answers; raises NotAllowed, NotNow while another comparison is under way."""
        self._ask(lambda: asked_provider(self._there.settings), by)

    def ask(self, given: BillFile, path: Path, by: Person, period: Period = Period()) -> None:
        """Begin to compare with a file for these days, and remove it afterwards; raises NotAllowed, NotNow."""
        self._ask(lambda: _removed_afterwards(given, path), by, period)

    def forget(self) -> None:
        """Forget why the last comparison failed, once somebody has read it."""
        with self._turn:
            self._outcome = replace(self._outcome, trouble="")

    def _ask(self, opened: Opened, by: Person, period: Period = Period()) -> None:
        check(by, Role.MONEY)
        if self.outcome.began_at:
            raise NotNow("The bill is being compared already.", next="Look again in a moment.")
        self._wish = (opened, by, period)
        self.begin()

    def _compare(self) -> Reconciliation:
        if self._wish is None:
            raise NotNow("Nobody said which bill to compare with.", next="Ask the provider, or upload its bill.")
        opened, by, period = self._wish
        with opened() as source:
            return reconciling.reconcile(self._there, source, by, period)


def proof_check() -> ProofCheck:
    """Return the proof of this place's ledger; every screen shares it."""
    return _proof_check(str(place().settings.folder), place())


def bill_check() -> BillCheck:
    """Return the comparison of this place's ledger with a bill; every screen shares it."""
    return _bill_check(str(place().settings.folder), place())


@st.cache_resource(show_spinner=False, max_entries=20)
def _proof_check(folder: str, _there: Place) -> ProofCheck:  # noqa: ARG001 - what tells one place from another
    return ProofCheck(_there)


@st.cache_resource(show_spinner=False, max_entries=20)
def _bill_check(folder: str, _there: Place) -> BillCheck:  # noqa: ARG001 - what tells one place from another
    return BillCheck(_there)


def _prove(there: Place) -> Proven:
    with there.database.reading() as db:
        db.execute("BEGIN")
        wrong, sums = tuple(ledger.proof(db)), ledger.totals(db)
        last = db.execute("SELECT id, hash, (SELECT count(*) FROM entries) AS lines FROM entries ORDER BY id DESC LIMIT 1").fetchone()
    line = {"last_id": last["id"], "last_hash": last["hash"], "lines": last["lines"]} if last else {}
    return Proven(wrong=wrong, end=watch.Proven(**line, **vars(sums)))


@contextmanager
def _removed_afterwards(given: BillFile, path: Path) -> Iterator[BillFile]:
    try:
        yield given
    finally:
        path.unlink(missing_ok=True)
