"""Limits as they stand for whoever asks: what each allows now, what is used of it, and whether more would fit."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from pipeline.database import Connection, Row
from pipeline.records import dollars, now
from pipeline.wording import counted

STEPS = (100, 80, 50)  # the shares of a limit, in per cent, at which people are told
PERIOD = "CASE f.period WHEN 'day' THEN :day WHEN 'month' THEN substr(:day, 1, 7) ELSE 'ever' END"
EXTENDED = """coalesce((SELECT sum({}) FROM extensions e WHERE e.day = :day AND e.scope_kind = f.kind AND e.period = f.period
    AND e.scope IN (f.scope, f.whose) AND f.id <> ''), 0)"""
MOST = f"""coalesce((SELECT m.scope FROM balances m WHERE m.scope_kind = {{kind}} AND m.period = {PERIOD}
    ORDER BY {{used}} DESC, m.scope LIMIT 1), '')"""  # noqa: S608
TOLD = f"""SELECT f.*, s.held_micro_usd, s.charged_micro_usd, s.requests,
        iif(f.cap_requests IS NULL, {EXTENDED.format("micro_usd")}, {EXTENDED.format("requests")}) AS extended
    FROM found f LEFT JOIN balances s ON s.scope_kind = f.kind AND s.scope = f.whose AND s.period = {PERIOD}"""  # noqa: S608
IMPOSED = """c.value ->> 1 AS scope, c.value ->> 2 AS period, c.value ->> 3 AS cap_micro_usd, c.value ->> 4 AS cap_requests, 1 AS hard"""
STORED = "b.scope, b.period, b.cap_micro_usd, b.cap_requests, b.hard"


def _most() -> Iterator[str]:
    """Write how the name that used most is found; for cases with their kind spelt out, as the indexes of cases are for these alone."""
    for condition, kind in (("f.kind = 'case'", "'case'"), ("f.kind <> 'case'", "f.kind")):
        yield f"WHEN {condition} AND f.cap_requests IS NULL THEN {MOST.format(kind=kind, used='m.held_micro_usd + m.charged_micro_usd')}"
        yield f"WHEN {condition} THEN {MOST.format(kind=kind, used='m.requests')}"


STANDING = f"""WITH whose(kind, name) AS (
        VALUES ('studio', 'all'), ('person', :person), ('feature', :feature), ('case', :case_id), ('sweep', :sweep)),
    found AS (
        SELECT '' AS id, w.kind, w.name AS whose, {IMPOSED} FROM json_each(:caps) c
            JOIN whose w ON w.kind = c.value ->> 0 AND c.value ->> 1 IN ('*', w.name)
        UNION ALL
        SELECT b.id, w.kind, w.name, {STORED} FROM whose w
            CROSS JOIN budgets b ON b.scope_kind = w.kind AND b.scope IN ('*', w.name) AND b.ended_at IS NULL)
    {TOLD}"""  # noqa: S608
EVERY = f"""WITH caps AS (
        SELECT '' AS id, c.value ->> 0 AS kind, {IMPOSED} FROM json_each(:caps) c
        UNION ALL SELECT b.id, b.scope_kind, {STORED} FROM budgets b WHERE b.ended_at IS NULL),
    found AS (SELECT f.*, CASE WHEN f.scope <> '*' THEN f.scope {" ".join(_most())} END AS whose FROM caps f)
    {TOLD}"""  # noqa: S608


class Measure(StrEnum):
    """What a limit counts: micro-dollars, or paid requests (held or charged; a released one is free)."""

    MONEY = "money"
    REQUESTS = "requests"

    def said(self, amount: int) -> str:
        """Write an amount for people.

        >>> Measure.MONEY.said(1_500_000), Measure.REQUESTS.said(1), Measure.REQUESTS.said(1200)
        ('$1.50', '1 request', '1,200 requests')
        """
        return dollars(amount) if self is Measure.MONEY else counted(amount, "request")


@dataclass(frozen=True, kw_only=True)
class Cap:
    """A limit in micro-dollars or else in requests: `scope` is a name within `scope_kind`, or `*` for each of them on its own."""

    scope_kind: str
    scope: str
    period: str
    micro_usd: int | None = None
    requests: int | None = None

    @property
    def measure(self) -> Measure:
        """What it counts."""
        return Measure.MONEY if self.requests is None else Measure.REQUESTS

    @property
    def amount(self) -> int:
        """How much it allows, in micro-dollars or requests."""
        return (self.micro_usd or 0) if self.requests is None else self.requests


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit as it stands for one scope: amounts are micro-dollars or requests, as `measure` says.

    `budget_id` is empty for what settings or a sweep's ceiling impose; `scope` may be `*`, `whose` is the name it stands for here; `extended` is
    what was added for the present day; `used` counts what is charged and what is held, `held` only the latter.
    """

    budget_id: str
    scope_kind: str
    scope: str
    whose: str
    period: str
    measure: Measure
    hard: bool
    cap: int
    extended: int
    used: int
    held: int

    @property
    def allowed(self) -> int:
        """What may be used in all, with today's extensions."""
        return self.cap + self.extended

    @property
    def left(self) -> int:
        """What may still be used; nothing where it is over."""
        return max(self.allowed - self.used, 0)

    @property
    def over(self) -> int:
        """How far it is passed already."""
        return max(self.used - self.allowed, 0)

    @property
    def name(self) -> str:
        """Name it within a sentence, as "the day cap of $5.00 for the studio"."""
        more = f" (with {self.measure.said(self.extended)} more today)" if self.extended else ""
        period = {"day": "day", "month": "month", "ever": "total"}[self.period]
        whom = "studio" if self.scope_kind == "studio" else f"{self.scope_kind} {self.whose}"
        return f"the {period} cap of {self.measure.said(self.cap)}{more} for the {whom}"

    def fits(self, more: int) -> bool:
        """Tell whether so much more would not pass it."""
        return self.used + more <= self.allowed

    def reached(self, more: int = 0) -> int:
        """Return the highest of 50, 80 and 100 per cent that is reached, with so much more; 0 below all of them.

        A limit of zero is used up as soon as anything is asked of it.
        """
        used = self.used + more
        return next((step for step in STEPS if used * 100 >= self.allowed * step and (used or not self.allowed)), 0)


def standing(
    db: Connection,
    caps: Iterable[Cap] = (),
    *,
    person: str,
    feature: str,
    case_id: str | None = None,
    sweep: str | None = None,
    day: str | None = None,
) -> list[Limit]:
    """Return every limit that stands for such a request, `caps` first, then the stored ones; in one query, as every hold asks it."""
    whose = {"person": person, "feature": feature, "case_id": case_id, "sweep": sweep, "day": day or now()[:10]}
    return [_limit(row) for row in db.execute(STANDING, {**whose, "caps": _imposed(caps)})]


def every_limit(db: Connection, caps: Iterable[Cap] = (), *, day: str | None = None) -> list[Limit]:
    """Return every limit that holds now, `caps` first; one for `*` as it stands for whoever used most of it."""
    return [_limit(row) for row in db.execute(EVERY, {"day": day or now()[:10], "caps": _imposed(caps)})]


def _imposed(caps: Iterable[Cap]) -> str:
    return json.dumps([(cap.scope_kind, cap.scope, cap.period, cap.micro_usd, cap.requests) for cap in caps])


def period_of(day: str, period: str) -> str:
    """Return the key of the balance that a day (YYYY-MM-DD) falls in: the day, its month (YYYY-MM) or `ever`."""
    return {"day": day, "month": day[:7], "ever": "ever"}[period]


def _limit(row: Row) -> Limit:
    counts_requests = row["cap_requests"] is not None
    held, charged = row["held_micro_usd"] or 0, row["charged_micro_usd"] or 0
    return Limit(
        budget_id=row["id"],
        scope_kind=row["kind"],
        scope=row["scope"],
        whose=row["whose"],
        period=row["period"],
        measure=Measure.REQUESTS if counts_requests else Measure.MONEY,
        hard=bool(row["hard"]),
        cap=row["cap_requests"] if counts_requests else row["cap_micro_usd"],
        extended=row["extended"],
        used=(row["requests"] or 0) if counts_requests else held + charged,
        held=0 if counts_requests else held,
    )
