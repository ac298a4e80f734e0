"""The four kinds of ledger lines. Every function takes the transaction that also changes the call, so that money and state cannot part.

Time in the ledger never goes back: while a clock is behind the last line, lines get that line's moment, and what is held counts for its day.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from pipeline.database import Connection, insert
from pipeline.errors import CallError, CannotPrice, MonthClosed, NotNow
from pipeline.ledger.budgets import check_room
from pipeline.ledger.limits import Cap
from pipeline.records import Basis, EntryKind, moment, now

GENESIS = "0" * 64
# A clock that is this far behind the last line did not go back: it had been ahead when that line was written. From then on it is believed again.
BELIEVED_DAYS = 62
AHEAD_BEFORE = "dated before the line above it: the clock had been ahead"


@dataclass(frozen=True, kw_only=True)
class Booking:
    """Whom and what a line is for; the quantity is a decimal number as text."""

    call_id: str
    run_id: str
    case_id: str
    person: str
    team: str
    feature: str
    sweep: str | None
    provider: str
    endpoint: str
    unit: str
    quantity: str
    unit_micro_usd: int
    price_id: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One ledger line; `micro_usd` is signed (a release is negative)."""

    at: str
    kind: EntryKind
    call_id: str | None
    run_id: str | None
    case_id: str | None
    person: str
    team: str
    feature: str
    sweep: str | None
    provider: str
    endpoint: str
    unit: str
    quantity: str
    unit_micro_usd: int
    price_id: str
    basis: Basis
    micro_usd: int
    for_day: str
    flag: str | None = None


def hold(tx: Connection, booking: Booking, micro_usd: int, caps: Iterable[Cap]) -> Entry:
    """Set money aside for a call; raises BudgetReached when a hard cap would be passed, CallError when the call has a hold already."""
    if micro_usd < 0:
        raise CannotPrice("A hold cannot be negative.")
    at, _ = _moment(now(), _last(tx)[0])
    line = _line(booking, EntryKind.HOLD, at=at, micro_usd=micro_usd, basis=Basis.ESTIMATE, for_day=at[:10])
    check_room(
        tx,
        micro_usd,
        caps,
        person=line.person,
        feature=line.feature,
        case_id=line.case_id,
        sweep=line.sweep,
        day=line.for_day,
    )
    return _append(tx, line)


def release(tx: Connection, call_id: str) -> Entry:
    """Give a call's held money back, on the day it was held for; raises NotNow when there is no hold."""
    held = _hold_of(tx, call_id)
    return _append(tx, replace(held, kind=EntryKind.RELEASE, at=now(), micro_usd=-held.micro_usd, flag=None))


def charge(tx: Connection, call_id: str, micro_usd: int, *, quantity: str, basis: Basis) -> Entry:
    """Book what a call really cost, in full even above its hold (flagged then); counts for the day it was held for."""
    if micro_usd < 0:
        raise CannotPrice("A charge cannot be negative.")
    held = _hold_of(tx, call_id)
    flag = "above its hold" if micro_usd > held.micro_usd else None
    return _append(tx, replace(held, kind=EntryKind.CHARGE, at=now(), micro_usd=micro_usd, quantity=quantity, basis=basis, flag=flag))


def adjust(tx: Connection, line: Entry) -> int:
    """Book what a provider's bill says beyond what was charged, signed, and return the line's id; MonthClosed when its day is in a closed month."""
    if line.kind is not EntryKind.ADJUST or line.basis is not Basis.RECONCILED or not line.micro_usd:
        raise CannotPrice("An adjusting entry says an amount that was reconciled.")
    _append(tx, line)
    return int(tx.execute("SELECT max(id) FROM entries").fetchone()[0])


def entry_of(row: Mapping[str, Any]) -> Entry:
    """Read one line from its row."""
    values = {name: row[name] for name in Entry.__dataclass_fields__}
    return Entry(**{**values, "kind": EntryKind(values["kind"]), "basis": Basis(values["basis"])})


def line_hash(previous: str, entry: Entry) -> str:
    """Return the SHA-256 that chains a line to the one before: the previous hash followed by the line as canonical JSON."""
    return hashlib.sha256((previous + json.dumps(asdict(entry), sort_keys=True, ensure_ascii=False)).encode()).hexdigest()


def _line(booking: Booking, kind: EntryKind, *, at: str, micro_usd: int, basis: Basis, for_day: str) -> Entry:
    return Entry(**asdict(booking), kind=kind, at=at, micro_usd=micro_usd, basis=basis, for_day=for_day)


def _hold_of(tx: Connection, call_id: str) -> Entry:
    row = tx.execute("SELECT * FROM entries WHERE call_id = ? AND kind = 'hold'", (call_id,)).fetchone()
    if row is None:
        raise NotNow("There is no hold for this call, so nothing can be booked on it.")
    return entry_of(dict(row))


def _append(tx: Connection, entry: Entry) -> Entry:
    last_at, previous = _last(tx)
    at, remark = _moment(entry.at, last_at)
    entry = replace(entry, at=at, flag="; ".join(filter(None, (entry.flag, remark))) or None)
    row = {**asdict(entry), "kind": entry.kind.value, "basis": entry.basis.value}
    try:
        insert(tx, "entries", {**row, "previous_hash": previous, "hash": line_hash(previous, entry)})
    except sqlite3.IntegrityError as error:
        if "closed" in str(error):
            remedy = None if entry.kind is EntryKind.ADJUST else "Check this machine's clock; if it is right, tell an engineer."
            raise MonthClosed(f"The month {entry.for_day[:7]} is closed: nothing more is booked in it.", next=remedy) from error
        raise CallError(f"This call already has a {entry.kind.value} in the ledger; it is booked once.") from error
    return entry


def _moment(wished: str, last: str) -> tuple[str, str]:
    """Return the moment of a line, and a remark for one that is dated before the line above it."""
    if wished >= last:
        return wished, ""
    if moment(last) - moment(wished) <= timedelta(days=BELIEVED_DAYS):
        return last, ""
    return wished, AHEAD_BEFORE


def _last(tx: Connection) -> tuple[str, str]:
    """Return the moment and the hash of the last line."""
    row = tx.execute("SELECT at, hash FROM entries ORDER BY id DESC LIMIT 1").fetchone()
    return (row["at"], row["hash"]) if row else ("", GENESIS)
