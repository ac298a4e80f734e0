"""The transaction that commits to a paid request: owned results are free, identical ones in flight are joined, all else is priced and held."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.buying import calls
from pipeline.catalog import Model, Quote, quote
from pipeline.database import Connection, insert, update
from pipeline.errors import NotNow
from pipeline.ledger import Booking, Cap, hold
from pipeline.records import CALL_OPEN, Call, CallState, Reuse, Run, now

# Charged, but of no use: another try buys anew.
SPOILT = ("Flagged", "NothingShown", "ClipTooShort", "ResultLost", "BrokenMedia", "NoPicture")
USABLE = """c.reuse = 'allow' AND (c.state IN ('planned', 'held', 'submitting', 'unknown', 'submitted', 'running')
    OR (c.state = 'succeeded' AND c.error IS NULL AND NOT EXISTS (
        SELECT 1 FROM outputs o JOIN assets a ON a.scope = c.case_id AND a.sha256 = o.asset AND a.removed_at IS NOT NULL WHERE o.call_id = c.id)))"""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One slot of a run: which model with which arguments on which photo (by hash), and the size in pixels its price depends on."""

    slot: str
    model: Model
    arguments: Mapping[str, Any]
    photo: str
    width_px: int
    height_px: int
    reuse: Reuse = Reuse.ALLOW
    take: int = 1


def price_of(wanted: Wanted) -> Quote:
    """Price a request without asking for it; raises CannotPrice."""
    return quote(wanted.model, wanted.arguments, width_px=wanted.width_px, height_px=wanted.height_px)


def fingerprint(wanted: Wanted, scope: str) -> str:
    """Return the SHA-256 that is the same exactly for requests whose results may stand in for each other."""
    take = None if wanted.model.takes_seed else wanted.take
    body = {"endpoint": wanted.model.endpoint, "input": wanted.arguments, "photo": wanted.photo, "scope": scope, "take": take}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def plan(tx: Connection, run: Run, wanted: Wanted, caps: Iterable[Cap], *, before_holding: Callable[[], None]) -> Call:
    """Fill a run's slot: with an owned result, with an identical request in flight, or with a new call and its hold.

    `before_holding` may refuse a new call by raising; raises BudgetReached, CannotPrice.
    """
    print_ = fingerprint(wanted, run.case_id)
    usable = _usable(tx, wanted, print_)
    if usable is not None:
        insert(tx, "outputs", {"run_id": run.id, "slot": wanted.slot, "call_id": usable.id, "asset": _asset_of(tx, usable), "reused": 1})
        return usable
    before_holding()
    call = _new_call(tx, run, wanted, print_, try_number=1, caps=caps)
    insert(tx, "outputs", {"run_id": run.id, "slot": wanted.slot, "call_id": call.id, "reused": 0})
    return call


def plan_again(tx: Connection, run: Run, wanted: Wanted, caps: Iterable[Cap], *, before_holding: Callable[[], None], force: bool = False) -> Call:
    """Make a slot fit for another attempt: keep what was bought or is in flight, hold anew only where the last try ended without a result.

    What another run bought or asked for meanwhile is taken as in `plan`; `force` buys in any case.
    """
    last = calls.filling(tx, run.id, wanted.slot)
    if _worth_keeping(last) and not force:
        if last.needs_decision:
            raise NotNow(
                "Whether the provider took this request is not known.",
                next=f"Decide first: `decide {last.id} adopt`, `resend` or `write-off`.",
                screen="Decide about it first, in the queue.",
            )
        return last
    print_ = fingerprint(wanted, run.case_id)
    call = None if force else _usable(tx, wanted, print_)
    filling: dict[str, Any] = {"reused": 1, "asset": _asset_of(tx, call) if call else None, "unfit": None}
    if call is None:
        before_holding()
        tries = tx.execute("SELECT max(try_number) AS n FROM calls WHERE run_id = ? AND slot = ?", (run.id, wanted.slot)).fetchone()["n"] or 0
        call = _new_call(tx, run, wanted, print_, try_number=tries + 1, caps=caps)
        filling["reused"] = 0
    update(tx, "outputs", {"run_id": run.id, "slot": wanted.slot}, {"call_id": call.id, **filling})
    return call


def price_again(db: Connection, run: Run, wanted: Wanted) -> int:
    """Return what `plan_again` would hold now, in micro-dollars: nothing for what was bought, may still arrive or is owned meanwhile."""
    if _worth_keeping(calls.filling(db, run.id, wanted.slot)) or _usable(db, wanted, fingerprint(wanted, run.case_id)) is not None:
        return 0
    return price_of(wanted).micro_usd


def _worth_keeping(call: Call) -> bool:
    return call.state in CALL_OPEN or (call.state is CallState.SUCCEEDED and not _spoilt(call))


def _spoilt(call: Call) -> bool:
    return call.error is not None and call.error["error"] in SPOILT


def owned_prints(db: Connection, prints: Collection[str]) -> frozenset[str]:
    """Return which of these fingerprints cost nothing any more, as they are owned or in flight."""
    query = f"SELECT DISTINCT c.fingerprint AS p FROM json_each(?) wanted CROSS JOIN calls c ON c.fingerprint = wanted.value WHERE {USABLE}"  # noqa: S608
    return frozenset(row["p"] for row in db.execute(query, (json.dumps(sorted(prints)),)))


def _usable(tx: Connection, wanted: Wanted, print_: str) -> Call | None:
    """Find a request that may stand in: in flight, or bought and either on its way into the store or there and not removed."""
    if wanted.reuse is not Reuse.ALLOW:
        return None
    query = f"SELECT c.* FROM calls c WHERE c.fingerprint = ? AND {USABLE} ORDER BY c.created_at DESC LIMIT 1"  # noqa: S608
    row = tx.execute(query, (print_,)).fetchone()
    return calls.call_of(row) if row else None


def _asset_of(tx: Connection, call: Call) -> str | None:
    row = tx.execute("SELECT asset FROM outputs WHERE call_id = ? AND asset IS NOT NULL LIMIT 1", (call.id,)).fetchone()
    return row["asset"] if row else None


def _new_call(tx: Connection, run: Run, wanted: Wanted, print_: str, *, try_number: int, caps: Iterable[Cap]) -> Call:
    price = price_of(wanted)
    booking = Booking(
        call_id=f"{run.id}.{wanted.slot}.{try_number}",
        run_id=run.id,
        case_id=run.case_id,
        person=run.person,
        team=run.team,
        feature=run.feature,
        sweep=run.sweep,
        provider=wanted.model.provider,
        endpoint=wanted.model.endpoint,
        unit=price.unit.value,
        quantity=str(price.quantity),
        unit_micro_usd=price.unit_micro_usd,
        price_id=price.price_id,
    )
    hold(tx, booking, price.micro_usd, caps)
    body = {"arguments": dict(wanted.arguments), "photo_field": wanted.model.photo_field, "photo": wanted.photo, "model": wanted.model.name}
    row = {"id": booking.call_id, "run_id": run.id, "slot": wanted.slot, "try_number": try_number, "case_id": run.case_id}
    row |= {"provider": booking.provider, "endpoint": booking.endpoint, "input": json.dumps(body), "fingerprint": print_}
    row |= {"reuse": wanted.reuse.value, "state": "held", "hold_micro_usd": price.micro_usd, "unit": booking.unit, "quantity": booking.quantity}
    insert(tx, "calls", {**row, "unit_micro_usd": price.unit_micro_usd, "price_id": price.price_id, "created_at": now()})
    return calls.get(tx, booking.call_id)
