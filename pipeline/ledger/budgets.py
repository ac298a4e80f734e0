"""Budgets: set, ended and extended for a day, never changed; and the check that no hold passes a hard one."""

from collections.abc import Iterable

from pipeline.database import Connection, insert
from pipeline.errors import BudgetReached
from pipeline.ledger.limits import Cap, Limit, Measure, standing
from pipeline.records import new_id, now

REPLACED = "replaced"


def set_budget(tx: Connection, cap: Cap, *, hard: bool, person: str, reason: str = "") -> str:
    """Store a cap, ending the one it replaces (same scope, period, hardness and measure); return its id."""
    at = now()
    column = "cap_micro_usd" if cap.measure is Measure.MONEY else "cap_requests"
    tx.execute(
        f"""UPDATE budgets SET ended_at = ?, ended_by = ?, end_reason = ?
        WHERE scope_kind = ? AND scope = ? AND period = ? AND hard = ? AND ended_at IS NULL AND {column} IS NOT NULL""",  # noqa: S608
        (at, person, REPLACED, cap.scope_kind, cap.scope, cap.period, int(hard)),
    )
    row = {"id": new_id("b"), "scope_kind": cap.scope_kind, "scope": cap.scope, "period": cap.period, column: cap.amount}
    insert(tx, "budgets", {**row, "hard": int(hard), "set_by": person, "set_at": at, "reason": reason})
    return str(row["id"])


def end_budget(tx: Connection, budget_id: str, *, person: str, reason: str) -> bool:
    """End a budget that holds; return whether there was one of this id."""
    done = tx.execute(
        "UPDATE budgets SET ended_at = ?, ended_by = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL", (now(), person, reason, budget_id)
    )
    return done.rowcount > 0


def extend_budget(tx: Connection, cap: Cap, *, person: str, reason: str) -> str:
    """Allow so much more for the present day (UTC) under the budgets of this scope and period; return the extension's id. Several add up."""
    at = now()
    row = {"id": new_id("x"), "scope_kind": cap.scope_kind, "scope": cap.scope, "period": cap.period, "day": at[:10]}
    insert(tx, "extensions", {**row, "micro_usd": cap.micro_usd or 0, "requests": cap.requests or 0, "person": person, "at": at, "reason": reason})
    return str(row["id"])


def check_room(
    db: Connection,
    micro_usd: int,
    caps: Iterable[Cap],
    *,
    person: str,
    feature: str,
    case_id: str | None = None,
    sweep: str | None = None,
    day: str | None = None,
    requests: int = 1,
) -> None:
    """Raise BudgetReached if so much more would pass a stored hard cap or one of `caps`; final only under the write lock."""
    for limit in standing(db, caps, person=person, feature=feature, case_id=case_id, sweep=sweep, day=day):
        more = requests if limit.measure is Measure.REQUESTS else micro_usd
        if limit.hard and not limit.fits(more):
            raise BudgetReached(refusal(limit, more), next=remedy(limit))


def refusal(limit: Limit, more: int) -> str:
    """Say that so much more would pass a limit."""
    over = f"; it is passed by {limit.measure.said(limit.over)} already" if limit.over else ""
    return f"This needs {limit.measure.said(more)}, but {limit.measure.said(limit.left)} is left of {limit.name}{over}."


def remedy(limit: Limit, who: str = "Whoever may change budgets") -> str:
    """Say who can make room: by an extension for the present day, by a higher budget, or only where the studio is started."""
    if not limit.budget_id:
        again = "It begins anew at midnight UTC; whoever starts the studio can change it."
        return again if limit.scope_kind == "studio" else "Raise the ceiling or make the plan smaller."
    return f"{who} may {'raise it' if limit.period == 'ever' else 'extend it for today'} at Costs, Budgets."
