"""From held money to what it really cost: release, charge and the call's end in one transaction."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pipeline.buying import calls
from pipeline.buying.desk import Desk
from pipeline.catalog import charge_for_units
from pipeline.database import Connection
from pipeline.errors import Flagged, InputRefused, StudioError
from pipeline.ledger import charge, release
from pipeline.providers.port import Delivery, billed_units
from pipeline.records import Basis, Call, CallState


def settle(desk: Desk, call: Call, delivery: Delivery, finished_at: str) -> Call:
    """Book what was delivered, from billed units where the provider names them; a flagged result is charged but is no attempt."""
    units = delivery.billable_units
    error = Flagged() if is_flagged(delivery.body) else None
    changes: dict[str, Any] = {"result": dict(delivery.body), "finished_at": finished_at, "served_endpoint": delivery.served_endpoint}
    changes |= {"status_requests": call.status_requests, "unfinished_at": call.unfinished_at}
    if error:
        changes |= {"counts": 0, "error": error.as_json()}
    with desk.database.writing() as tx:
        release(tx, call.id)
        _charge(tx, call, units)
        call = calls.move(tx, call, CallState.SUCCEEDED, **changes)
    desk.points.reach("after-settling")
    return call


def settle_failure(desk: Desk, call: Call, error: StudioError, finished_at: str | None) -> Call:
    """End a call that the provider accepted and failed: charged only if the provider billed units, or refused an input it charges for."""
    units = billed_units(error)
    model = desk.catalogue.models.get(call.input["model"])
    pays = (units is not None and units > 0) or (
        units is None and isinstance(error, InputRefused) and model is not None and model.charged_when_refused
    )
    pays = pays or error.charged is True
    with desk.database.writing() as tx:
        release(tx, call.id)
        error.charged = pays
        if pays:
            _charge(tx, call, units)
        return calls.move(tx, call, CallState.FAILED, error=_told(error), finished_at=finished_at, counts=0, status_requests=call.status_requests)


def give_up(desk: Desk, call: Call, error: StudioError) -> Call:
    """End a call that was surely never accepted: its money is free again."""
    with desk.database.writing() as tx:
        release(tx, call.id)
        return calls.move(tx, call, CallState.FAILED, error=_told(error))


def drop(desk: Desk, call: Call) -> Call:
    """End a call that was cancelled before the provider worked on it: its money is free again."""
    with desk.database.writing() as tx:
        return drop_unsent(tx, call)


def drop_unsent(tx: Connection, call: Call) -> Call:
    """End a call that no provider works on, inside the caller's transaction."""
    release(tx, call.id)
    return calls.move(tx, call, CallState.CANCELLED)


def write_off(tx: Connection, call: Call) -> Call:
    """End a call nobody can prove anything about: charged on its estimate until the provider's bill says otherwise."""
    release(tx, call.id)
    charge(tx, call.id, call.hold_micro_usd, quantity=call.quantity, basis=Basis.ESTIMATE)
    return calls.move(tx, call, CallState.WRITTEN_OFF, counts=0, needs_decision=0)


def is_flagged(body: Mapping[str, Any]) -> bool:
    """Tell whether the provider's safety check marked any of the results."""
    marks = body.get("has_nsfw_concepts")
    return isinstance(marks, list) and any(mark is True for mark in marks)


def _charge(tx: Connection, call: Call, units: Decimal | None) -> None:
    if units is None or not math.isfinite(units) or units < 0:
        charge(tx, call.id, call.hold_micro_usd, quantity=call.quantity, basis=Basis.ESTIMATE)
    else:
        charge(tx, call.id, charge_for_units(units, call.unit_micro_usd), quantity=str(units), basis=Basis.BILLED_UNITS)


def _told(error: StudioError) -> dict[str, Any]:
    return {**error.as_json(), "fault": error.fault.value, "retry": error.retry}
