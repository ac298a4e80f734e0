"""What was spent, added up by whatever an analyst asks for; every sum is made of ledger lines and equals them.

Sums come from `daily_costs` where the question is about days, models, people and styles, else from the single requests in `costs`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pipeline.database import Connection
from pipeline.errors import BadParameter
from pipeline.studio.place import Place

# What sums can be cut by, and the column that says it; `model` is the catalogue's name of the endpoint.
DIMENSIONS: Mapping[str, str] = {
    "model": "endpoint",
    "endpoint": "endpoint",
    "provider": "provider",
    "person": "person",
    "team": "team",
    "feature": "feature",
    "kind": "kind",
    "style": "style",
    "case": "case_id",
    "sweep": "sweep",
    "unit": "unit",
    "outcome": "outcome",
    "verdict": "verdict",
    "day": "for_day",
    "month": "substr(for_day, 1, 7)",
}
SINGLE = frozenset({"case", "sweep", "unit", "outcome", "verdict"})  # not told by the sums of a day
_DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Requests that share the same names: what they came to in micro-dollars, and how many were charged."""

    names: Mapping[str, str | None]
    micro_usd: int
    calls: int

    def document(self) -> dict[str, Any]:
        """Return the names with `micro_usd` and `calls`."""
        return {**self.names, "micro_usd": self.micro_usd, "calls": self.calls}


@dataclass(frozen=True, kw_only=True)
class Period:
    """Days (UTC, YYYY-MM-DD) that count, both included; None leaves that end open. A charge counts for the day its money was held."""

    since: str | None = None
    until: str | None = None

    @property
    def days(self) -> int | None:
        """How many days it has; None while an end is open."""
        return (date.fromisoformat(self.until) - date.fromisoformat(self.since)).days + 1 if self.since and self.until else None

    def before(self) -> "Period | None":
        """Return as many days just before; None while an end is open.

        >>> Period(since="2026-03-01", until="2026-03-07").before()
        Period(since='2026-02-22', until='2026-02-28')
        """
        if self.since is None or self.days is None:
            return None
        first = date.fromisoformat(self.since)
        return Period(since=(first - timedelta(days=self.days)).isoformat(), until=(first - timedelta(days=1)).isoformat())


@dataclass(frozen=True, kw_only=True)
class Slice:
    """What is looked at: a period, and names that must fit by dimension; an empty name means what has none."""

    period: Period = Period()
    only: Mapping[str, str] = field(default_factory=dict)


def grouped(place: Place, by: Sequence[str], period: Period = Period()) -> tuple[Group, ...]:
    """Add up what was charged by these dimensions, the dearest first; by none, everything is one group.

    Raises BadParameter for a dimension there is none of, the same one twice, or a day that is no day.
    """
    rows = added(place, Slice(period=period), by, ("charged_micro_usd", "paid"))
    found = [
        Group(names={name: row[name] for name in by}, micro_usd=row["charged_micro_usd"], calls=row["paid"])
        for row in rows
        if row["paid"] or row["charged_micro_usd"]
    ]
    return tuple(sorted(found, key=lambda group: (-group.micro_usd, [str(name) for name in group.names.values()])))


def total(place: Place, period: Period = Period()) -> int:
    """Return everything that was charged in a period, in micro-dollars; raises BadParameter."""
    return sum(group.micro_usd for group in grouped(place, (), period))


def added(place: Place, looked_at: Slice, by: Sequence[str], sums: Sequence[str]) -> list[dict[str, Any]]:
    """Add up these columns of `daily_costs` by these dimensions: a row for each combination of names; raises BadParameter as `grouped`."""
    check(by, looked_at)
    with place.database.reading() as db:
        return _by_model(place, by, sums, _rows(place, db, looked_at, by, sums))


def condition(place: Place, looked_at: Slice) -> tuple[str, list[Any]]:
    """Return the WHERE of a slice, and its values; raises BadParameter for a name of a dimension there is none of."""
    check((), looked_at)
    parts, values = ["1"], list[Any]()
    for sign, day in ((">=", looked_at.period.since), ("<=", looked_at.period.until)):
        if day is not None:
            parts.append(f"for_day {sign} ?")
            values.append(day)
    for name, wanted in looked_at.only.items():
        fitting = _endpoints(place, wanted) if name == "model" else [wanted]
        column = f"coalesce({DIMENSIONS[name]}, '')" if name in SINGLE and not wanted else DIMENSIONS[name]
        parts.append(f"{column} IN ({', '.join('?' * len(fitting))})")
        values.extend(fitting)
    return " AND ".join(parts), values


def check(by: Sequence[str], looked_at: Slice) -> None:
    """Raise BadParameter for a dimension there is none of, one that is named twice, or a day that is no day."""
    unknown = [name for name in (*by, *looked_at.only) if name not in DIMENSIONS]
    if unknown:
        raise BadParameter(f"Costs cannot be added up by {unknown[0][:40]!r}.", next=f"Use one of: {', '.join(DIMENSIONS)}.")
    if len(set(by)) < len(by):
        raise BadParameter("The same thing is named twice to add up by.", next="Name each once.")
    for day in (looked_at.period.since, looked_at.period.until):
        if day is not None and not is_day(day):
            raise BadParameter(f"{day[:40]!r} is no day.", next="Write days as 2026-05-31.")


def is_day(text: str) -> bool:
    """Tell whether this is a day written as YYYY-MM-DD; of other millennia the studio knows nothing, and calendars end there.

    >>> is_day("2026-02-28"), is_day("2026-02-30"), is_day("today"), is_day("0001-01-01")
    (True, False, False, False)
    """
    try:
        return bool(_DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def model_names(place: Place) -> dict[str, str]:
    """Return the catalogue's name of each endpoint."""
    return {model.endpoint: name for name, model in place.catalogue.models.items()}


def _endpoints(place: Place, model: str) -> list[str]:
    return [endpoint for endpoint, name in model_names(place).items() if name == model] or [model]


def _rows(place: Place, db: Connection, looked_at: Slice, by: Sequence[str], sums: Sequence[str]) -> list[dict[str, Any]]:
    columns = list(dict.fromkeys("endpoint" if name == "model" else name for name in by))
    source = "costs_counted" if SINGLE & {*by, *looked_at.only} else "daily_costs"
    where, values = condition(place, looked_at)
    # The + keeps SQLite from reading the requests in the order of an index, which is one look-up for each: a whole read is faster.
    told = [
        *(f'{"+" if name in SINGLE else ""}{DIMENSIONS[name]} AS "{name}"' for name in columns),
        *(f"coalesce(sum({name}), 0) AS {name}" for name in sums),
    ]
    groups = f"GROUP BY {', '.join(str(at + 1) for at in range(len(columns)))}" if columns else ""
    return [dict(row) for row in db.execute(f"SELECT {', '.join(told)} FROM {source} WHERE {where} {groups}", values).fetchall()]  # noqa: S608


def _by_model(place: Place, by: Sequence[str], sums: Sequence[str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bring endpoints under the names of their models; several endpoints may belong to one."""
    if "model" not in by:
        return rows
    names, merged = model_names(place), dict[tuple[str | None, ...], dict[str, Any]]()
    for row in rows:
        key = tuple(names.get(row["endpoint"], row["endpoint"]) if name == "model" else row[name] for name in by)
        kept = merged.setdefault(key, {**dict(zip(by, key, strict=True)), **dict.fromkeys(sums, 0)})
        for name in sums:
            kept[name] += row[name]
    return list(merged.values())
