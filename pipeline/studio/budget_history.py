"""What was ever done to budgets: set, replaced, ended, extended for a day; by whom, when and why."""

from dataclasses import dataclass
from typing import Any

from pipeline.database import Row
from pipeline.ledger.budgets import REPLACED
from pipeline.ledger.limits import Measure
from pipeline.studio.budgets import A_PERIOD, whom
from pipeline.studio.place import Place

MOST = 500


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that was done to a budget; `did` is set, replaced, ended or extended, `amount` counts as `measure` says."""

    at: str
    person: str
    did: str
    scope_kind: str
    scope: str
    period: str
    measure: Measure
    amount: int
    hard: bool
    day: str
    reason: str

    @property
    def words(self) -> str:
        """Say it in one line."""
        amount = self.measure.said(self.amount)
        if self.did == "extended":
            return f"{amount} more on {self.day} for {whom(self.scope_kind, self.scope)}, {self.period} budget"
        return f"{amount} {A_PERIOD[self.period]} for {whom(self.scope_kind, self.scope)}{'' if self.hard else ', a warning only'}: {self.did}"

    def document(self) -> dict[str, Any]:
        """Return every field; the amount is named by its unit."""
        unit = "micro_usd" if self.measure is Measure.MONEY else "requests"
        told = {name: value for name, value in vars(self).items() if name not in ("measure", "amount")}
        return {**told, "measure": self.measure.value, unit: self.amount}


def history(place: Place, scope_kind: str = "", scope: str = "", *, most: int = MOST) -> tuple[Change, ...]:
    """Return what was done to the budgets, newest first; of one scope if named."""
    about = "(?1 = '' OR scope_kind = ?1) AND (?2 = '' OR scope = ?2)"
    query = f"""SELECT set_at AS at, set_by AS person, 'set' AS did, scope_kind, scope, period, cap_micro_usd AS micro_usd, cap_requests AS requests,
            hard, '' AS day, reason FROM budgets WHERE {about}
        UNION ALL SELECT ended_at, coalesce(ended_by, ''), 'ended', scope_kind, scope, period, cap_micro_usd, cap_requests, hard, '',
            coalesce(end_reason, '') FROM budgets WHERE ended_at IS NOT NULL AND end_reason IS NOT '{REPLACED}' AND {about}
        UNION ALL SELECT at, person, 'extended', scope_kind, scope, period, iif(requests > 0, NULL, micro_usd), iif(requests > 0, requests, NULL),
            1, day, reason FROM extensions WHERE {about}
        ORDER BY 1 DESC LIMIT ?3"""  # noqa: S608
    with place.database.reading() as db:
        return tuple(_change(row) for row in db.execute(query, (scope_kind, scope, most)))


def _change(row: Row) -> Change:
    names = ("at", "person", "did", "scope_kind", "scope", "period", "day", "reason")
    counts = row["requests"] is not None
    measure, amount = (Measure.REQUESTS, row["requests"]) if counts else (Measure.MONEY, row["micro_usd"])
    return Change(**{name: row[name] for name in names}, hard=bool(row["hard"]), measure=measure, amount=amount)
