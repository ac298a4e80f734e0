"""A provider's bill held against the ledger; every difference is kept with its cause until a person has decided on it."""

import calendar
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from filelock import FileLock, Timeout

from pipeline.database import Connection, Row, insert, update
from pipeline.errors import BadParameter, NotNow
from pipeline.reckoning.causes import Cause, Difference
from pipeline.reckoning.comparing import Comparison, compare
from pipeline.reckoning.pile import Pile, pile
from pipeline.records import Person, Role, new_id, now
from pipeline.studio import own_side
from pipeline.studio.bills import Bill, Source, keep, read
from pipeline.studio.costs import Period, is_day
from pipeline.studio.people import check
from pipeline.studio.place import Place

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
# What was decided about another amount and never booked gives way, so that a request counts once.
_DECIDED_BEFORE = """UPDATE differences SET state = 'gone' WHERE provider = ? AND key = ? AND state IN ('accepted', 'left')
    AND entry_id IS NULL"""
TRIES = 3
_DECIDED_SINCE = "SELECT EXISTS (SELECT 1 FROM entries WHERE id > ? AND kind = 'adjust') OR EXISTS (SELECT 1 FROM differences WHERE decided_at >= ?)"
_UNBOOKED = "id, key, state FROM differences WHERE provider = ? AND state IN ('open', 'accepted', 'left') AND entry_id IS NULL"
_SHOWN = tuple(name for name in Difference.__dataclass_fields__ if name != "lines")


@dataclass(frozen=True, kw_only=True)
class CauseSum:
    """All undecided differences of one cause: how many, by how much the bill is above ours, and what would be booked for them."""

    cause: Cause
    count: int
    nano_usd: int
    proposed_micro_usd: int


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """A bill held against the ledger: what agrees, what differs and waits for a decision (`undecided`), what was decided before (`decided`).

    `last_entry` is the number of the ledger's last line then, with its hash; 0 in an empty one.
    """

    id: str
    bill: Bill
    comparison: Comparison
    undecided: tuple[Difference, ...]
    decided: int
    open_requests: int
    at: str
    last_entry: int
    last_hash: str

    @property
    def causes(self) -> tuple[CauseSum, ...]:
        """The undecided differences by cause, in the order of the causes."""
        return tuple(found for cause in Cause if (found := _summed(cause, self.undecided)).count)

    def document(self) -> dict[str, Any]:
        """Return counts (`matched`, `differences`, `unexplained`), sums and the differences by cause; money says its unit in its name."""
        terms, told = self.bill.terms, self.comparison
        counts = {"matched": told.matched, "differences": len(self.undecided), "decided_before": self.decided, "open_requests": self.open_requests}
        unexplained = sum(one.cause is Cause.UNEXPLAINED for one in self.undecided)
        sums = {"billed_nano_usd": told.billed_nano_usd, "ours_micro_usd": told.ours_micro_usd, "copies_nano_usd": told.copies_nano_usd}
        return {
            "id": self.id,
            "provider": self.bill.provider,
            "since": terms.since,
            "until": terms.until,
            **counts,
            "unexplained": unexplained,
            **sums,
            "difference_nano_usd": told.billed_nano_usd - 1000 * told.ours_micro_usd,
            "causes": [{**asdict(one), "rows": [row(each) for each in self.undecided if each.cause is one.cause]} for one in self.causes],
            "bill": self.bill.document(),
        }


def reconcile(place: Place, source: Source, by: Person, period: Period = Period(), *, dry_run: bool = False) -> Reconciliation:
    """Hold a provider's record against the ledger and keep what differs; a dry run keeps nothing.

    Days are UTC; a request counts for the day its money was held. Without days, a file covers the days it names, and the provider is asked
    for every day from the earliest month on that is not closed. It is compared with the ledger as it was at one moment; others go on writing.
    Raises NotAllowed, BadParameter, BadBill, ProviderError, and NotNow while somebody else is at it or decides on differences.
    """
    check(by, Role.MONEY)
    _check_days(period)
    with _alone(place), pile() as lines:
        bill = read(source, lines, period, first_open_day(place))
        if dry_run:
            return _compared(place, "", bill, lines)
        return _kept(place, bill, keep(place, bill, lines, by), lines, by)


def month_of(text: str) -> Period:
    """Return the days of a month written as 2026-10; raises BadParameter.

    >>> month_of("2026-02")
    Period(since='2026-02-01', until='2026-02-28')
    """
    if not _MONTH.fullmatch(text):
        raise BadParameter(f"{text[:40]!r} is no month.", next="Write months as 2026-10.")
    last = calendar.monthrange(int(text[:4]), int(text[5:]))[1]
    return Period(since=f"{text}-01", until=f"{text}-{last}")


def first_open_day(place: Place) -> str:
    """Return the first day (UTC) of the earliest month that the ledger has lines of and that is not closed; today while there is none."""
    query = "SELECT min(for_day) FROM daily_costs WHERE substr(for_day, 1, 7) NOT IN (SELECT month FROM closings)"
    with place.database.reading() as db:
        first = db.execute(query).fetchone()[0]
    return f"{first[:7]}-01" if first else now()[:10]


def row(one: Difference) -> dict[str, Any]:
    """Return a difference as a document, with the lines of the bill it rests on."""
    return {**{name: getattr(one, name) for name in _SHOWN}, "lines": [asdict(line) for line in one.lines]}


def _summed(cause: Cause, found: Sequence[Difference]) -> CauseSum:
    of_it = [one for one in found if one.cause is cause]
    proposed = sum(one.proposed_micro_usd or 0 for one in of_it)
    return CauseSum(cause=cause, count=len(of_it), nano_usd=sum(one.nano_usd for one in of_it), proposed_micro_usd=proposed)


def _check_days(period: Period) -> None:
    for day in (period.since, period.until):
        if day is not None and not is_day(day):
            raise BadParameter(f"{day[:40]!r} is no day.", next="Write days as 2026-05-31.")
    if period.since and period.until and period.since > period.until:
        raise BadParameter("The first day comes after the last one.", next="Name the earlier day first.")


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Let one reconciliation at a time read and keep a bill."""
    try:
        with FileLock(place.settings.folder / "reconciling.lock", timeout=0):
            yield
    except Timeout:
        raise NotNow("The bill is being compared already.", next="Look again in a moment.") from None


def _compared(place: Place, reconciliation_id: str, bill: Bill, lines: Pile) -> Reconciliation:
    """Compare with the ledger as it is at one moment; others may write meanwhile."""
    at = now()
    with place.database.reading() as db:
        db.execute("BEGIN")
        ours = own_side.requests(db, bill.provider, bill.terms)
        watched = {found["key"] for found in _of_other_days(db, bill)}
        compared = compare(lines.lines(), ours, lambda ids: own_side.look_up(db, bill.provider, ids), bill.terms, watched)
        return _told(db, reconciliation_id, bill, compared, at)


def _kept(place: Place, bill: Bill, bill_id: str, lines: Pile, by: Person) -> Reconciliation:
    """Compare and keep it; when somebody decided meanwhile, once more, as nothing that is booked may be proposed again."""
    for _ in range(TRIES):
        done = _compared(place, new_id("rec-"), bill, lines)
        with place.database.writing() as tx:
            if not tx.execute(_DECIDED_SINCE, (done.last_entry, done.at)).fetchone()[0]:
                _keep(tx, done, bill_id, by)
                return done
    raise NotNow("Differences were decided on while the bill was compared.", next="Compare it again once that is over.")


def _told(db: Connection, reconciliation_id: str, bill: Bill, compared: Comparison, at: str) -> Reconciliation:
    decided = _decided(db, bill)
    last = db.execute("SELECT id, hash FROM entries ORDER BY id DESC LIMIT 1").fetchone()
    undecided = tuple(one for one in compared.differences if decided.get(one.key) != (one.cause.value, one.nano_usd))
    return Reconciliation(
        id=reconciliation_id,
        bill=bill,
        comparison=compared,
        undecided=undecided,
        decided=len(compared.differences) - len(undecided),
        open_requests=own_side.open_requests(db, bill.terms.since, bill.terms.until),
        at=at,
        last_entry=last["id"] if last else 0,
        last_hash=last["hash"] if last else "",
    )


def _decided(db: Connection, bill: Bill) -> Mapping[str, tuple[str, int]]:
    """Return what was last decided by key without booking it: the same difference found again needs no second decision.

    What was booked is part of ours since, so that a difference found there again is another one.
    """
    query = """SELECT key, cause, nano_usd FROM differences WHERE provider = ? AND state IN ('accepted', 'left') AND entry_id IS NULL
        ORDER BY id"""
    return {found["key"]: (found["cause"], found["nano_usd"]) for found in db.execute(query, (bill.provider,))}


def _keep(tx: Connection, done: Reconciliation, bill_id: str, by: Person) -> None:
    terms, told = done.bill.terms, done.comparison
    facts = {"bill_id": bill_id, "provider": done.bill.provider, "since": terms.since, "until": terms.until, "at": done.at, "person": by.name}
    sums = {"matched": told.matched, "billed_nano_usd": told.billed_nano_usd, "ours_micro_usd": told.ours_micro_usd}
    line = {"last_entry": done.last_entry, "last_hash": done.last_hash}
    insert(tx, "reconciliations", {"id": done.id, **facts, **sums, "open_requests": done.open_requests, **line})
    _keep_differences(tx, done)
    detail = {"since": terms.since, "until": terms.until, "matched": told.matched, "differences": len(done.undecided)}
    insert(tx, "audit_log", {"at": done.at, "person": by.name, "action": "reconcile", "subject": done.id, "detail": json.dumps(detail)})


def _keep_differences(tx: Connection, done: Reconciliation) -> None:
    """Bring what is kept to what was found: new ones added, known ones renewed, those that are no more marked as gone."""
    provider = done.bill.provider
    open_ones = {
        found["key"]: found["id"] for found in tx.execute("SELECT id, key FROM differences WHERE provider = ? AND state = 'open'", (provider,))
    }
    for one in done.undecided:
        facts = _facts(one, done.id)
        if one.key in open_ones:
            update(tx, "differences", {"id": open_ones[one.key]}, facts)
        else:
            tx.execute(_DECIDED_BEFORE, (provider, one.key))
            insert(tx, "differences", {"provider": provider, "key": one.key, **facts, "state": "open", "found_at": done.at})
    _let_go(tx, done)


def _let_go(tx: Connection, done: Reconciliation) -> None:
    provider, terms = done.bill.provider, done.bill.terms
    there = {one.key for one in done.comparison.differences}
    pending = {one.key for one in done.undecided}
    of_days = tx.execute(f"SELECT {_UNBOOKED} AND day BETWEEN ? AND ?", (provider, terms.since, terms.until)).fetchall()
    met = [found for found in _of_other_days(tx, done.bill) if found["key"] in done.comparison.met]
    for found in (*of_days, *met):
        if found["key"] not in (pending if found["state"] == "open" else there):
            update(tx, "differences", {"id": found["id"]}, {"state": "gone"})


def _of_other_days(db: Connection, bill: Bill) -> Sequence[Row]:
    """Return the differences of other days that this bill can settle: what no bill has named yet, and what was not ours yet.

    Of a request that a bill of its own days has named this one may have a part of the lines only.
    """
    query = f"SELECT {_UNBOOKED} AND day NOT BETWEEN ? AND ? AND (call_id IS NULL OR lines = '[]')"
    return db.execute(query, (bill.provider, bill.terms.since, bill.terms.until)).fetchall()


def _facts(one: Difference, reconciliation_id: str) -> dict[str, Any]:
    kept = {name: getattr(one, name) for name in _SHOWN if name != "key"}
    lines = json.dumps([asdict(line) for line in one.lines], ensure_ascii=False)
    return {**kept, "cause": one.cause.value, "call_id": one.call_id or None, "lines": lines, "reconciliation_id": reconciliation_id}


@dataclass(frozen=True, kw_only=True)
class Last:
    """The newest comparison with a bill: by whom, of which days, how many requests agreed, and both sums as they were then."""

    at: str
    person: str
    since: str
    until: str
    matched: int
    billed_nano_usd: int
    ours_micro_usd: int
    open_requests: int
    source: str
    name: str
    sha256: str
    lines: int
    remarks: tuple[str, ...]


def last(place: Place) -> Last | None:
    """Return the newest comparison; None before the first."""
    query = """SELECT r.at, r.person, r.since, r.until, r.matched, r.billed_nano_usd, r.ours_micro_usd, r.open_requests, b.source, b.name,
        b.sha256, b.lines, b.remarks FROM reconciliations r JOIN bills b ON b.id = r.bill_id ORDER BY r.at DESC LIMIT 1"""
    with place.database.reading() as db:
        found = db.execute(query).fetchone()
    return Last(**{**dict(found), "remarks": tuple(json.loads(found["remarks"]))}) if found else None
