"""What the month will come to if it goes on like the last four weeks, with the band it will probably end in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import fmean
from typing import Any

from pipeline.ledger.limits import Limit, Measure
from pipeline.records import now
from pipeline.studio.place import Place

LOOK_BACK_DAYS, LEAST_DAYS = 28, 5
Z_80 = 1.2815515655  # of a normal distribution, 80 % lies within so many standard deviations of the mean
ROUND_MICRO_USD = 10_000
SATURDAY = 5  # of a week that begins with Monday as 0


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A month's end as it looks today (UTC); amounts are micro-dollars or requests, as `measure` says.

    `used` is charged or held so far. Without enough days `expected`, `low` and `high` are None and `why_not` says so.
    """

    month: str
    measure: Measure
    used: int
    days: int
    expected: int | None = None
    low: int | None = None
    high: int | None = None
    why_not: str = ""

    @property
    def words(self) -> str:
        """Say it in one line."""
        if self.expected is None or self.low is None or self.high is None:
            return self.why_not
        low, high = (self.measure.said(amount) for amount in (self.low, self.high))
        return f"forecast for {self.month}: about {self.measure.said(self.expected)}, 4 times in 5 between {low} and {high}"

    def document(self) -> dict[str, Any]:
        """Return every field; amounts end in `_micro_usd` or `_requests`."""
        unit = "micro_usd" if self.measure is Measure.MONEY else "requests"
        amounts = {f"{name}_{unit}": getattr(self, name) for name in ("used", "expected", "low", "high")}
        return {"month": self.month, "measure": self.measure.value, **amounts, "days": self.days, "why_not": self.why_not}


def of_month(place: Place, scope_kind: str = "studio", scope: str = "all", measure: Measure = Measure.MONEY) -> Forecast:
    """Return what this month (UTC) will come to for a scope; see `expect` for the method."""
    today = date.fromisoformat(now()[:10])
    query = """SELECT period, held_micro_usd + charged_micro_usd AS money, requests FROM balances
        WHERE scope_kind = ? AND scope = ? AND period <= ? AND length(period) = 10"""
    with place.database.reading() as db:
        rows = db.execute(query, (scope_kind, scope, today.isoformat())).fetchall()
    return expect({date.fromisoformat(row["period"]): row[measure.value] for row in rows}, today, measure)


def of_limit(place: Place, limit: Limit) -> Forecast:
    """Return what this month will come to for whom a limit stands, counted as the limit counts."""
    return of_month(place, limit.scope_kind, limit.whose, limit.measure)


def expect(by_day: Mapping[date, int], today: date, measure: Measure = Measure.MONEY) -> Forecast:
    """Carry on the daily sums to the end of the month.

    Each day to come is expected to be the mean of the days of its kind (Monday to Friday, or weekend) among the last 28 full days; days before
    the first sum ever do not count, later ones without a sum are zeros. Today counts as what it already is, or as a usual day if that is more.
    The band holds the month's end with 80 % probability: the mean method's prediction interval (Hyndman and Athanasopoulos, "Forecasting:
    Principles and Practice", 3rd edition, sections 5.2 and 5.5), summed over the days, with Student's t for the few days there are
    (Abramowitz and Stegun, 26.7.5). With fewer than 5 full days there is no forecast.
    """
    used = sum(amount for day, amount in by_day.items() if (day.year, day.month) == (today.year, today.month))
    known = _full_days(by_day, today)
    about: dict[str, Any] = {"month": today.isoformat()[:7], "measure": measure, "used": used, "days": len(known)}
    if len(known) < LEAST_DAYS:
        return Forecast(**about, why_not=f"No forecast yet: it needs {LEAST_DAYS} full days, and there {_are(len(known))}.")
    means = _means(known)
    ahead = _days_ahead(by_day, today, means)
    more = sum(means[_is_weekend(day)] for day in ahead) - (by_day.get(today, 0) if today in ahead else 0)
    band = _band(known, means, ahead)
    step = ROUND_MICRO_USD if measure is Measure.MONEY else 1
    expected, low, high = (max(round(amount / step) * step, used) for amount in (used + more, used + more - band, used + more + band))
    return Forecast(**about, expected=expected, low=low, high=high)


def _full_days(by_day: Mapping[date, int], today: date) -> dict[date, int]:
    first = max(min(by_day, default=today), today - timedelta(days=LOOK_BACK_DAYS))
    days = [first + timedelta(days=number) for number in range((today - first).days)]
    return {day: by_day.get(day, 0) for day in days}


def _means(known: Mapping[date, int]) -> dict[bool, float]:
    overall = fmean(known.values())
    kinds = {kind: [amount for day, amount in known.items() if _is_weekend(day) is kind] for kind in (False, True)}
    return {kind: fmean(amounts) if amounts else overall for kind, amounts in kinds.items()}


def _days_ahead(by_day: Mapping[date, int], today: date, means: Mapping[bool, float]) -> list[date]:
    """Return the days still to come; today is one of them while it is less than usual."""
    following = (today + timedelta(days=number) for number in range(1, 32))
    rest = [day for day in following if day.month == today.month]
    return [today, *rest] if by_day.get(today, 0) < means[_is_weekend(today)] else rest


def _band(known: Mapping[date, int], means: Mapping[bool, float], ahead: Sequence[date]) -> float:
    """Return half the width of the band: of n days to come, each kind adds n + n²/m of the variance of m known days."""
    kinds = {kind: [day for day in known if _is_weekend(day) is kind] for kind in (False, True)}
    freedom = len(known) - sum(1 for days in kinds.values() if days)
    variance = sum((amount - means[_is_weekend(day)]) ** 2 for day, amount in known.items()) / freedom
    counts = {kind: sum(1 for day in ahead if _is_weekend(day) is kind) for kind in kinds}
    return _t_80(freedom) * sqrt(variance * sum(n + n * n / (len(kinds[kind]) or len(known)) for kind, n in counts.items()))


def _t_80(freedom: int) -> float:
    z = Z_80
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= SATURDAY


def _are(number: int) -> str:
    return "is 1" if number == 1 else f"are {number}"
