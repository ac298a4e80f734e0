"""What differs between bills and ledger: looked at, accepted with its adjusting entry, or left with a note."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.database import Connection, Row, insert, update
from pipeline.errors import BadParameter, NotNow, OutOfDate, UnknownName
from pipeline.ledger.entries import Entry, adjust, entry_of
from pipeline.reckoning.causes import Cause
from pipeline.records import Basis, EntryKind, Person, Role, now
from pipeline.studio import own_side
from pipeline.studio.people import check
from pipeline.studio.place import Place

NOBODY = "unknown"  # whom, and for what, a line of a bill is booked that no request of ours explains
LONGEST_NOTE = 500
AT_ONCE = 200
WAITS = {
    Cause.STILL_OPEN: "it is booked by itself when the request ends, or is on the next bill",
    Cause.UNEXPLAINED: "nobody can say what to book",
}

_BOOKED_SINCE = """SELECT count(*) AS booked_lines, coalesce(sum(micro_usd), 0) AS booked_micro_usd FROM entries
    WHERE id > ? AND kind IN ('charge', 'adjust') AND provider = ? AND for_day BETWEEN ? AND ?"""
# Of the newest bill: what it found itself, and what it found again after somebody had decided on it without booking.
_SIDES = """SELECT coalesce(sum(max(nano_usd, 0)), 0) AS more_nano_usd, coalesce(sum(min(nano_usd, 0)), 0) AS less_nano_usd,
    coalesce(sum(max(nano_usd, 0)) FILTER (WHERE state = 'open'), 0) AS open_more_nano_usd,
    coalesce(sum(min(nano_usd, 0)) FILTER (WHERE state = 'open'), 0) AS open_less_nano_usd
    FROM differences WHERE provider = ? AND state IN ('open', 'accepted', 'left') AND key NOT LIKE '%|copy%'
    AND (reconciliation_id = ? OR (entry_id IS NULL AND day BETWEEN ? AND ?))"""
_BOOKED_BESIDE = """SELECT coalesce(sum(e.micro_usd), 0) FROM differences o JOIN differences d ON d.provider = o.provider AND d.key = o.key
    JOIN entries e ON e.id = d.entry_id WHERE o.id = ?"""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A difference as it stands: `state` is open, accepted, left or gone; `entry_id` is the adjusting entry, None where none was booked."""

    id: int
    provider: str
    cause: Cause
    day: str
    call_id: str
    request_id: str
    endpoint: str
    billed_nano_usd: int
    ours_micro_usd: int
    nano_usd: int
    proposed_micro_usd: int | None
    why: str
    lines: tuple[dict[str, Any], ...]
    state: str
    found_at: str
    person: str
    decided_at: str
    note: str
    entry_id: int | None

    @property
    def decision(self) -> str:
        """What a person decided: accepted, left, or nothing yet; it is still told when a later bill says otherwise (`state` is gone)."""
        if self.state in ("accepted", "left") or not self.decided_at:
            return self.state if self.decided_at else ""
        return "left" if self.note else "accepted"

    @property
    def acceptable(self) -> bool:
        """Whether a person can accept it now."""
        return self.state == "open" and self.cause not in WAITS

    @property
    def mark(self) -> str:
        """The value to hand to `accept`, so that nothing is booked that was not shown."""
        return _mark(self.cause, self.nano_usd, self.proposed_micro_usd)


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What accepting came to: how many differences, the entries' sum in micro-dollars, and how many were left as they had changed meanwhile."""

    count: int
    micro_usd: int
    changed: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One cause with its undecided differences: how many, their sum, what would be booked, and the first rows."""

    cause: Cause
    count: int
    nano_usd: int
    proposed_micro_usd: int
    rows: tuple[Kept, ...]

    @property
    def mark(self) -> str:
        """The value to hand to `accept_all`, so that nothing is booked that was not shown."""
        return _mark(self.count, self.nano_usd, self.proposed_micro_usd)


@dataclass(frozen=True, kw_only=True)
class Balance:
    """What the newest bill says more and less than the ledger did, what of it waits for a decision, and what was booked for its days since.

    `more_nano_usd` and `open_more_nano_usd` are 0 or above, the ones of `less` 0 or below; further copies of a line count for nothing.
    """

    more_nano_usd: int
    less_nano_usd: int
    open_more_nano_usd: int
    open_less_nano_usd: int
    booked_micro_usd: int
    booked_lines: int


def balance(place: Place) -> Balance | None:
    """Return how the newest comparison stands by now; None before the first."""
    with place.database.reading() as db:
        last = db.execute("SELECT * FROM reconciliations ORDER BY at DESC LIMIT 1").fetchone()
        if last is None:
            return None
        days = (last["provider"], last["since"], last["until"])
        booked = db.execute(_BOOKED_SINCE, (last["last_entry"], *days)).fetchone()
        return Balance(**dict(db.execute(_SIDES, (last["provider"], last["id"], *days[1:])).fetchone()), **dict(booked))


def undecided(place: Place, *, rows: int = 20) -> tuple[Standing, ...]:
    """Return what waits for a decision, by cause, the largest sums first within each; of every cause so many rows."""
    sums = """SELECT cause, count(*) AS count, sum(nano_usd) AS nano_usd, sum(coalesce(proposed_micro_usd, 0)) AS proposed_micro_usd
        FROM differences WHERE state = 'open' GROUP BY cause"""
    most = "SELECT * FROM differences WHERE state = 'open' AND cause = ? ORDER BY abs(nano_usd) DESC, id LIMIT ?"
    with place.database.reading() as db:
        found = {row["cause"]: dict(row) for row in db.execute(sums)}
        shown = {cause: tuple(_kept(row) for row in db.execute(most, (cause, rows))) for cause in found}
    return tuple(Standing(**{**found[cause], "cause": cause, "rows": shown[cause]}) for cause in Cause if cause in found)


def decided(place: Place, *, rows: int = 20) -> tuple[Kept, ...]:
    """Return what was decided last, also where a later bill says otherwise."""
    query = """SELECT * FROM differences WHERE state IN ('accepted', 'left', 'gone') AND decided_at IS NOT NULL
        ORDER BY decided_at DESC, id DESC LIMIT ?"""
    with place.database.reading() as db:
        return tuple(_kept(row) for row in db.execute(query, (rows,)))


def find(place: Place, difference_id: int) -> Kept:
    """Return one difference; raises UnknownName."""
    with place.database.reading() as db:
        return _find(db, difference_id)


def accept(place: Place, difference_id: int, by: Person, *, mark: str) -> Kept:
    """Accept a difference that was shown under this mark: its adjusting entry, if it proposes one, and its state are written together, once.

    A second acceptance changes nothing. In a closed month the entry counts for the present day and names the month. Raises NotAllowed,
    UnknownName, OutOfDate when another bill says another amount by now, NotNow for what cannot be accepted or has changed in the ledger.
    """
    check(by, Role.MONEY)
    with place.database.writing() as tx:
        one = _find(tx, difference_id)
        if one.mark != mark:
            raise OutOfDate("The bill was compared again and says something else by now.", next="Look at the new amount, then decide.")
        if one.state != "accepted":
            _check_acceptable(tx, one)
            _accept(tx, one, by)
        return _find(tx, difference_id)


def accept_all(place: Place, by: Person, cause: Cause | None = None, *, mark: str | None = None, found_by: str | None = None) -> Accepted:
    """Accept every difference of a cause, or all that can be; each on its own, so that what is cut short leaves whole ones.

    `mark` says what was shown of a cause, `found_by` is the one comparison whose differences are meant. What another comparison rewrites on the
    way is left. Raises NotAllowed, and OutOfDate when others wait by now than were shown.
    """
    check(by, Role.MONEY)
    waiting = _waiting(place, cause, found_by)
    if mark is not None and waiting and mark != _mark_of(waiting):
        raise OutOfDate("Other differences wait by now than were shown.", next="Look at the new sum, then decide.")
    count = money = changed = 0
    for batch in (waiting[at : at + AT_ONCE] for at in range(0, len(waiting), AT_ONCE)):
        with place.database.writing() as tx:
            for shown, one in ((shown, _find(tx, shown["id"])) for shown in batch):
                if not one.acceptable:
                    continue
                if one.mark != _mark(shown["cause"], shown["nano_usd"], shown["proposed_micro_usd"]) or _has_changed(tx, one):
                    changed += 1
                    continue
                _accept(tx, one, by)
                count, money = count + 1, money + (one.proposed_micro_usd or 0)
    return Accepted(count=count, micro_usd=money, changed=changed)


def leave(place: Place, difference_id: int, note: str, by: Person) -> Kept:
    """Leave a difference as it is, with the reason; it comes back when the bill says another amount. Raises NotAllowed, BadParameter, NotNow."""
    check(by, Role.MONEY)
    note = " ".join(note.split())
    if not note or len(note) > LONGEST_NOTE or not note.isprintable():
        raise BadParameter(f"Say why in 1 to {LONGEST_NOTE} characters.", next="Colleagues read it when the month is closed.")
    with place.database.writing() as tx:
        one = _find(tx, difference_id)
        if one.state != "open":
            raise NotNow("This difference was decided already.", next="Look at what was decided.")
        _decide(tx, one, "left", by, note=note)
        return _find(tx, difference_id)


def _waiting(place: Place, cause: Cause | None, found_by: str | None) -> Sequence[Row]:
    query = """SELECT id, cause, nano_usd, proposed_micro_usd FROM differences
        WHERE state = 'open' AND (? IS NULL OR cause = ?) AND (? IS NULL OR reconciliation_id = ?) ORDER BY id"""
    with place.database.reading() as db:
        return db.execute(query, (cause, cause, found_by, found_by)).fetchall()


def _mark_of(waiting: Sequence[Row]) -> str:
    sums = (sum(row[name] or 0 for row in waiting) for name in ("nano_usd", "proposed_micro_usd"))
    return _mark(len(waiting), *sums)


def _mark(*shown: object) -> str:
    return " ".join(map(str, shown))


def _check_acceptable(tx: Connection, one: Kept) -> None:
    if one.state != "open":
        raise NotNow("This difference is not open any more.", next="Compare the bill again.")
    if one.cause in WAITS:
        raise NotNow(f"This cannot be accepted: {WAITS[one.cause]}.", next="Leave it with a note, or compare the bill again later.")
    if _has_changed(tx, one):
        raise NotNow("The ledger has changed since the bill was compared.", next="Compare the bill again.")


def _has_changed(tx: Connection, one: Kept) -> bool:
    if one.call_id:
        return own_side.booked_for(tx, one.call_id) != one.ours_micro_usd
    return bool(one.proposed_micro_usd) and tx.execute(_BOOKED_BESIDE, (one.id,)).fetchone()[0] != one.ours_micro_usd


def _accept(tx: Connection, one: Kept, by: Person) -> None:
    entry_id = adjust(tx, _entry(tx, one)) if one.proposed_micro_usd else None
    _decide(tx, one, "accepted", by, entry_id=entry_id)


def _decide(tx: Connection, one: Kept, state: str, by: Person, *, note: str = "", entry_id: int | None = None) -> None:
    at = now()
    update(tx, "differences", {"id": one.id}, {"state": state, "person": by.name, "decided_at": at, "note": note, "entry_id": entry_id})
    detail = {"cause": one.cause.value, "micro_usd": one.proposed_micro_usd if entry_id else 0, "entry": entry_id, "note": note}
    insert(tx, "audit_log", {"at": at, "person": by.name, "action": f"difference {state}", "subject": str(one.id), "detail": json.dumps(detail)})


def _entry(tx: Connection, one: Kept) -> Entry:
    """Return the adjusting entry of a difference: for the day of its request, or for today once that month is closed."""
    at = now()
    closed = tx.execute("SELECT 1 FROM closings WHERE month = ?", (one.day[:7],)).fetchone() is not None
    flag = f"{one.cause.value}, belongs to {one.day[:7]}, which is closed" if closed else one.cause.value
    base = _of_the_call(tx, one) if one.call_id else _of_nobody(one)
    return replace(
        base,
        at=at,
        kind=EntryKind.ADJUST,
        basis=Basis.RECONCILED,
        quantity="0",
        micro_usd=one.proposed_micro_usd or 0,
        for_day=at[:10] if closed else one.day,
        flag=flag,
    )


def _of_the_call(tx: Connection, one: Kept) -> Entry:
    row = tx.execute("SELECT * FROM entries WHERE call_id = ? AND kind = 'hold'", (one.call_id,)).fetchone()
    if row is None:
        raise NotNow("There is no hold for this request, so nothing can be booked on it.")
    return entry_of(dict(row))


def _of_nobody(one: Kept) -> Entry:
    whom = {"person": NOBODY, "team": NOBODY, "feature": NOBODY, "sweep": None, "call_id": None, "run_id": None, "case_id": None}
    price = {"unit": "request", "quantity": "0", "unit_micro_usd": 0, "price_id": "bill"}
    what = {"kind": EntryKind.ADJUST, "basis": Basis.RECONCILED, "micro_usd": 0, "at": "", "for_day": one.day}
    return Entry(**whom, **price, **what, provider=one.provider, endpoint=one.endpoint)  # type: ignore[arg-type]


def _find(db: Connection, difference_id: int) -> Kept:
    row = db.execute("SELECT * FROM differences WHERE id = ?", (difference_id,)).fetchone()
    if row is None:
        raise UnknownName("There is no such difference.", next="Compare the bill again.")
    return _kept(row)


def _kept(row: Row) -> Kept:
    values = {name: row[name] for name in Kept.__dataclass_fields__}
    texts = {name: values[name] or "" for name in ("call_id", "person", "decided_at", "note")}
    return Kept(**{**values, **texts, "cause": Cause(values["cause"]), "lines": tuple(json.loads(values["lines"]))})
