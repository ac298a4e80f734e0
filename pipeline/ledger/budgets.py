"""Caps on what may be held and charged: studio, person, feature, case or sweep; by day, month or for ever."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.database import Connection, insert
from pipeline.errors import BudgetReached
from pipeline.records import dollars, new_id, now


@dataclass(frozen=True, kw_only=True)
class Cap:
    """A limit in micro-dollars: `scope` is a name within `scope_kind`, or `*` for each of them on its own."""

    scope_kind: str
    scope: str
    period: str
    micro_usd: int


def set_budget(tx: Connection, cap: Cap, *, hard: bool, person: str) -> str:
    """Store a cap, ending the one it replaces; return its id."""
    at = now()
    tx.execute(
        "UPDATE budgets SET ended_at = ? WHERE scope_kind = ? AND scope = ? AND period = ? AND hard = ? AND ended_at IS NULL",
        (at, cap.scope_kind, cap.scope, cap.period, int(hard)),
    )
    row = {"id": new_id("b"), "scope_kind": cap.scope_kind, "scope": cap.scope, "period": cap.period, "cap_micro_usd": cap.micro_usd}
    insert(tx, "budgets", {**row, "hard": int(hard), "set_by": person, "set_at": at})
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
) -> None:
    """Raise BudgetReached if so much more would pass a stored hard cap or one of `caps`; final only under the write lock."""
    stored = db.execute("SELECT scope_kind, scope, period, cap_micro_usd FROM budgets WHERE hard = 1 AND ended_at IS NULL").fetchall()
    rows = [Cap(scope_kind=r["scope_kind"], scope=r["scope"], period=r["period"], micro_usd=r["cap_micro_usd"]) for r in stored]
    scopes = {"studio": "all", "person": person, "feature": feature, "case": case_id, "sweep": sweep}
    for cap in (*caps, *rows):
        scope = scopes[cap.scope_kind]
        if scope is not None and cap.scope in ("*", scope):
            _check(db, micro_usd, cap, scope, day or now()[:10])


def _check(db: Connection, micro_usd: int, cap: Cap, scope: str, day: str) -> None:
    used = _used(db, cap.scope_kind, scope, period_of(day, cap.period))
    if used + micro_usd > cap.micro_usd:
        left = max(cap.micro_usd - used, 0)
        what = "studio" if cap.scope_kind == "studio" else f"{cap.scope_kind} {scope}"
        raise BudgetReached(
            f"This needs {dollars(micro_usd)}, but {dollars(left)} is left of the {cap.period} cap of {dollars(cap.micro_usd)} for the {what}.",
        )


def period_of(day: str, period: str) -> str:
    """Return the key of the balance that a day (YYYY-MM-DD) falls in: the day, its month (YYYY-MM) or `ever`."""
    return {"day": day, "month": day[:7], "ever": "ever"}[period]


def _used(db: Connection, kind: str, scope: str, period: str) -> int:
    row = db.execute(
        "SELECT held_micro_usd + charged_micro_usd AS used FROM balances WHERE scope_kind = ? AND scope = ? AND period = ?", (kind, scope, period)
    ).fetchone()
    return int(row["used"]) if row else 0
