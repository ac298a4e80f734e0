"""What the address asks of the spending: which days, against which, cut by what, and narrowed to what."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from pages.parts import ways
from pages.parts.numbers import read_whole
from pipeline.studio.costs import Period, Slice, is_day
from pipeline.studio.requests_made import Order

SPANS: Mapping[str, str] = {
    "today": "Today",
    "7d": "Last 7 days",
    "last-week": "Last week",
    "30d": "Last 30 days",
    "this-month": "This month",
    "last-month": "Last month",
    "90d": "Last 90 days",
    "all": "All time",
    "between": "From – to",
}
VERSUS: Mapping[str, str] = {"before": "The time before", "year": "A year before", "none": "Nothing"}
# What the sums can be cut by and narrowed to, and what one of them is called.
DIMENSIONS: Mapping[str, str] = {
    "model": "Model",
    "style": "Style",
    "person": "Person",
    "team": "Team",
    "feature": "Feature",
    "case": "Customer",
    "kind": "Kind",
    "provider": "Provider",
    "sweep": "Sweep",
}
CLOSER: Mapping[str, str] = {
    "requests": "Requests",
    "customers": "Dearest customers",
    "worth": "Likeness and approval",
    "prices": "Prices of units",
    "durations": "Durations",
}
GRAINS: Mapping[str, str] = {"day": "Days", "week": "Weeks", "month": "Months"}
SORTS: Mapping[str, str] = {Order.NEWEST: "Newest", Order.DEAREST: "Dearest", Order.SLOWEST: "Slowest"}
# What an address chooses from: its word, how people call that, the choices, and the usual one.
CHOICES = (
    ("period", "period", SPANS, "30d"),
    ("vs", "comparison", VERSUS, "before"),
    ("by", "way to cut", DIMENSIONS, "model"),
    ("grain", "length of bars", GRAINS, ""),
    ("closer", "closer look", CLOSER, "requests"),
    ("sort", "order", SORTS, Order.NEWEST.value),
)
USUAL = {"span": "30d", "versus": "before", "by": "model", "closer": "requests", "order": Order.NEWEST.value}
NONE = "(none)"  # in an address: those that have no name, such as a request for no sweep
EVER = Period()
LAST_N = {"today": 1, "7d": 7, "30d": 30, "90d": 90}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One view of the spending; `on` is the first day of a bar that was chosen, `only` holds names by dimension (an empty one: without a name).

    `today` is a day that is not over; without it every day counts as over.
    """

    span: str = USUAL["span"]
    period: Period = EVER
    versus: str = USUAL["versus"]
    compared: Period | None = None
    by: str = USUAL["by"]
    grain: str = "day"
    chosen_grain: str = ""
    only: Mapping[str, str] = field(default_factory=dict)
    on: str | None = None
    closer: str = USUAL["closer"]
    order: Order = Order.NEWEST
    page: int = 1
    request: str = ""
    today: str = ""

    @property
    def days(self) -> Period:
        """The days that count: those of the chosen bar, else the whole period."""
        return bar(self.on, self.grain, self.period) if self.on else self.period

    @property
    def over(self) -> Period | None:
        """The days that count and are over, which is what can be compared; None where none is."""
        days = self.days
        if not self.has_today:
            return days
        last = (date.fromisoformat(self.today) - timedelta(days=1)).isoformat()
        return Period(since=days.since, until=last) if days.since is None or days.since <= last else None

    @property
    def has_today(self) -> bool:
        """Whether a day that is not over is among those that count."""
        days = self.days
        return bool(self.today) and (days.since or "") <= self.today <= (days.until or "9999")

    @property
    def slice(self) -> Slice:
        """What everything below the chart is about."""
        return Slice(period=self.days, only=self.only)

    @property
    def key(self) -> tuple[Period, tuple[tuple[str, str], ...]]:
        """What tells one such slice from another."""
        return self.days, tuple(sorted(self.only.items()))

    @property
    def others(self) -> Mapping[str, str]:
        """What the sums are narrowed to besides what they are cut by: the chart goes on showing what a chosen name stands beside."""
        return {name: value for name, value in self.only.items() if name != self.by}

    @property
    def is_narrowed(self) -> bool:
        """Whether less than the whole period is looked at."""
        return bool(self.only or self.on)


def read(given: Mapping[str, str], today: str) -> Asked:
    """Return what an address asks for; what cannot be read is as usual.

    >>> asked = read({"period": "last-week", "by": "style", "person": "Ana"}, "2026-05-20")
    >>> asked.period, asked.by, asked.only
    (Period(since='2026-05-11', until='2026-05-17'), 'style', {'person': 'Ana'})
    """
    span, period = _period(given, today)
    versus, chosen = _one_of(given, "vs", VERSUS, "versus"), given.get("grain", "")
    grain = chosen if chosen in GRAINS else _grain(period)
    on = given.get("on", "")
    number = given.get("page", "1")
    return Asked(
        span=span,
        period=period,
        versus=versus,
        compared=_compared(span, period, versus),
        by=_one_of(given, "by", DIMENSIONS, "by"),
        grain=grain,
        chosen_grain=chosen if chosen in GRAINS else "",
        only={name: "" if given[name] == NONE else given[name] for name in DIMENSIONS if given.get(name)},
        on=on if is_day(on) else None,
        closer=_one_of(given, "closer", CLOSER, "closer"),
        order=Order(_one_of(given, "sort", {order.value: "" for order in Order}, "order")),
        page=min(max(read_whole(number, 1), 1), 99_999),
        request=given.get("request", ""),
        today=today,
    )


def unread(given: Mapping[str, str]) -> str | None:
    """Say which choices of an address there are none of, and what is shown in their place; None where all is known.

    >>> unread({"period": "week"}), unread({"period": "7d"})
    ('There is no period called “week”: Last 30 days is shown.', None)
    """
    said = [
        f"There is no {words} called “{given[name][:40]}”: {choices.get(usual, 'what fits the period')} is shown."
        for name, words, choices, usual in CHOICES
        if given.get(name) and given[name] not in choices
    ]
    if given.get("period") == "between" and not any(is_day(given.get(name, "")) for name in ("since", "until")):
        said.append("The address names no days: the last 30 are shown.")
    return " ".join(said) or None


def to(asked: Asked, **changes: Any) -> str:
    """Return the address of a view, with these of its fields changed; anything but a request leads to the first page of the list."""
    view = replace(asked, **{"page": asked.page if "request" in changes else 1, "request": "", **changes})
    between = view.span == "between"
    return ways.to(
        "costs",
        period=_unless(view.span, "span"),
        since=view.period.since if between else None,
        until=view.period.until if between else None,
        vs=_unless(view.versus, "versus"),
        by=_unless(view.by, "by"),
        grain=view.chosen_grain,
        **{name: value or NONE for name, value in view.only.items()},
        on=view.on,
        closer=_unless(view.closer, "closer"),
        sort=_unless(view.order.value, "order"),
        page=view.page if view.page > 1 else None,
        request=view.request,
    )


def narrowed(asked: Asked, name: str | None) -> str:
    """Return the address narrowed to one name of what the sums are cut by, or without it where it is chosen already."""
    wanted = name or ""
    only = {**asked.others} if asked.only.get(asked.by) == wanted else {**asked.only, asked.by: wanted}
    return to(asked, only=only)


def without(asked: Asked, name: str) -> str:
    """Return the address that is not narrowed to a name of this dimension."""
    return to(asked, only={other: value for other, value in asked.only.items() if other != name})


def bar(first: str, grain: str, within: Period) -> Period:
    """Return the days of a day, week or month that begins on a day, as far as they lie within a period.

    >>> bar("2026-05-01", "month", Period(since="2026-05-10", until="2026-06-30"))
    Period(since='2026-05-10', until='2026-05-31')
    """
    begins = date.fromisoformat(first)
    following = (begins.replace(day=1) + timedelta(days=32)).replace(day=1)
    ends = {"day": begins, "week": begins + timedelta(days=6), "month": following - timedelta(days=1)}[grain]
    since, until = max(first, within.since or first), min(ends.isoformat(), within.until or ends.isoformat())
    return Period(since=since, until=max(until, since))


def before(asked: Asked) -> Period | None:
    """Return the days that those looked at are compared with; None for none.

    A day that is not over is never held against a whole one: its counterpart is left out, as it is itself (`Asked.over`).
    """
    period, over = _all_before(asked), asked.over
    if not asked.has_today or period is None:
        return period
    if period.since is None or period.until is None or over is None or over.days is None:
        return None
    last = date.fromisoformat(period.since) + timedelta(days=over.days - 1)
    return Period(since=period.since, until=min(period.until, last.isoformat()))


def _all_before(asked: Asked) -> Period | None:
    if asked.on is None or asked.compared is None:
        return asked.compared
    return asked.days.before() if asked.versus == "before" else _year_before(asked.days)


def _one_of(given: Mapping[str, str], name: str, known: Mapping[str, str], usual: str) -> str:
    return given[name] if given.get(name) in known else USUAL[usual]


def _unless(value: str, usual: str) -> str | None:
    return None if value == USUAL[usual] else value


def _period(given: Mapping[str, str], today: str) -> tuple[str, Period]:
    span, day = _one_of(given, "period", SPANS, "span"), date.fromisoformat(today)
    if span == "all":
        return span, Period()
    if span == "between":
        ends = sorted(given[name] for name in ("since", "until") if is_day(given.get(name, "")))
        return (span, Period(since=ends[0], until=ends[-1])) if ends else (span, _days(day - timedelta(days=29), day))
    monday, first = day - timedelta(days=day.weekday()), day.replace(day=1)
    last = first - timedelta(days=1)
    fixed = {
        "last-week": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "this-month": (first, day),
        "last-month": (last.replace(day=1), last),
    }
    return span, _days(*(fixed.get(span) or (day - timedelta(days=LAST_N[span] - 1), day)))


def _days(since: date, until: date) -> Period:
    return Period(since=since.isoformat(), until=until.isoformat())


def _compared(span: str, period: Period, versus: str) -> Period | None:
    """Return what a period is compared with; months with months, and a month that has not ended with as many days of the one before."""
    if versus == "none" or period.since is None or period.until is None:
        return None
    if versus == "year":
        return _year_before(period)
    if span in ("this-month", "last-month"):
        last = date.fromisoformat(period.since) - timedelta(days=1)
        ends = last if span == "last-month" else last.replace(day=min(last.day, date.fromisoformat(period.until).day))
        return _days(last.replace(day=1), ends)
    return period.before()


def _year_before(period: Period) -> Period:
    return _days(*(_a_year_back(date.fromisoformat(day)) for day in (period.since, period.until) if day))


def _a_year_back(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _grain(period: Period) -> str:
    days = period.days or 400
    return "day" if days <= 62 else "week" if days <= 250 else "month"
