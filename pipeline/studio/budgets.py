"""Budgets: who may spend how much in which time, who said so, and how much of it is used."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.database import Connection, insert
from pipeline.errors import BadParameter
from pipeline.ledger import Cap, set_budget
from pipeline.ledger.budgets import period_of
from pipeline.records import Person, Role, dollars, now
from pipeline.studio.people import check
from pipeline.studio.place import Place

KINDS = ("studio", "person", "feature", "case", "sweep")
PERIODS = ("day", "month", "ever")
MOST_MICRO_USD = 10**15
ACTION = "budget"
IMPOSED = {"set_by": "STUDIO_DAILY_CAP_USD", "set_at": ""}


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A limit and what is used of it now: money charged and money held, in micro-dollars; for `*` the one that has used most, named in `used_by`."""

    scope_kind: str
    scope: str
    period: str
    cap_micro_usd: int
    used_micro_usd: int
    used_by: str
    set_by: str
    set_at: str

    @property
    def left_micro_usd(self) -> int:
        """What may still be spent; nothing where it is over."""
        return max(self.cap_micro_usd - self.used_micro_usd, 0)

    def document(self) -> dict[str, Any]:
        """Return every field, with `left_micro_usd`."""
        return {**vars(self), "left_micro_usd": self.left_micro_usd}

    @property
    def words(self) -> str:
        """Say it in one line."""
        whom = "the studio" if self.scope_kind == "studio" else f"every {self.scope_kind}" if self.scope == "*" else f"{self.scope_kind} {self.scope}"
        over = ", which is more than that already" if self.used_micro_usd > self.cap_micro_usd else ""
        when = {"day": "a day", "month": "a month", "ever": "in all"}[self.period]
        return f"{whom} may spend {dollars(self.cap_micro_usd)} {when}: {dollars(self.used_micro_usd)} used{over}"


def set_cap(place: Place, cap: Cap, by: Person) -> Budget:
    """Set a budget in the place of the one for the same scope and period, and return it with what is used of it; zero stops all spending.

    Raises NotAllowed without the role `money`, BadParameter for a scope, a period or an amount there is none of.
    """
    check(by, Role.MONEY)
    _check(cap)
    with place.database.writing() as tx:
        budget_id = set_budget(tx, cap, hard=True, person=by.name)
        told = {"cap_micro_usd": cap.micro_usd, "period": cap.period}
        row = {"at": now(), "person": by.name, "action": ACTION, "subject": f"{cap.scope_kind} {cap.scope}", "detail": json.dumps(told)}
        insert(tx, "audit_log", row)
        return next(one for found, one in _budgets(tx) if found == budget_id)


def budgets(place: Place) -> tuple[Budget, ...]:
    """Return every budget that holds now: those that were set, and the daily cap of the settings."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        imposed = [_budget(db, {**asdict(cap), "cap_micro_usd": cap.micro_usd, **IMPOSED}) for cap in place.caps]
        return (*imposed, *(one for _, one in _budgets(db)))


def _budgets(db: Connection) -> list[tuple[str, Budget]]:
    rows = db.execute("SELECT * FROM budgets WHERE hard = 1 AND ended_at IS NULL ORDER BY scope_kind, scope, period").fetchall()
    return [(row["id"], _budget(db, dict(row))) for row in rows]


def _budget(db: Connection, row: dict[str, Any]) -> Budget:
    used = db.execute(
        """SELECT scope, held_micro_usd + charged_micro_usd AS used FROM balances
        WHERE scope_kind = ?1 AND period = ?2 AND (?3 = '*' OR scope = ?3) ORDER BY used DESC LIMIT 1""",
        (row["scope_kind"], period_of(now()[:10], row["period"]), row["scope"]),
    ).fetchone()
    names = ("scope_kind", "scope", "period", "cap_micro_usd", "set_by", "set_at")
    kept = {name: row[name] for name in names}
    return Budget(**kept, used_micro_usd=used["used"] if used else 0, used_by=used["scope"] if used else "")


def _check(cap: Cap) -> None:
    if cap.scope_kind not in KINDS:
        raise BadParameter(f"There is no budget for {cap.scope_kind[:40]!r}.", next=f"Use one of: {', '.join(KINDS)}.")
    if cap.period not in PERIODS:
        raise BadParameter(f"{cap.period[:40]!r} is no period of a budget.", next=f"Use one of: {', '.join(PERIODS)}.")
    if not cap.scope.strip() or (cap.scope_kind == "studio" and cap.scope != "all"):
        raise BadParameter("It was not said whose budget this is.", next="Name the person, feature, case or sweep, or `*` for each of them.")
    if not 0 <= cap.micro_usd <= MOST_MICRO_USD:
        raise BadParameter("A budget is an amount of dollars, zero or more.", next="Zero stops all spending.")
