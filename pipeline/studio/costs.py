"""What was spent, added up by whatever an analyst asks for; every sum is made of ledger lines and equals them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.database import Connection
from pipeline.errors import BadParameter
from pipeline.studio.place import Place

# What lines can be added up by, and the column of the ledger that says it; `model` is the catalogue's name of the endpoint.
DIMENSIONS: Mapping[str, str] = {
    "model": "endpoint",
    "endpoint": "endpoint",
    "provider": "provider",
    "person": "person",
    "team": "team",
    "feature": "feature",
    "case": "case_id",
    "sweep": "sweep",
    "unit": "unit",
    "day": "for_day",
    "month": "substr(for_day, 1, 7)",
}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
SPENT = "kind IN ('charge', 'adjust')"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Lines that share the same names: what they came to in micro-dollars, and how many requests were charged."""

    names: Mapping[str, str | None]
    micro_usd: int
    calls: int

    def document(self) -> dict[str, Any]:
        """Return the names with `micro_usd` and `calls`."""
        return {**self.names, "micro_usd": self.micro_usd, "calls": self.calls}


@dataclass(frozen=True, kw_only=True)
class Period:
    """Days (UTC, YYYY-MM-DD) that count, both included; None leaves that end open. A charge counts for the day its money was set aside."""

    since: str | None = None
    until: str | None = None


def grouped(place: Place, by: Sequence[str], period: Period = Period()) -> tuple[Group, ...]:
    """Add up what was charged by these dimensions, the dearest first; by none, everything is one group.

    Raises BadParameter for a dimension there is none of, the same one twice, or a day that is no day.
    """
    _check(by, period)
    with place.database.reading() as db:
        rows = _rows(db, [name for name in by if name != "model"] + (["endpoint"] if "model" in by and "endpoint" not in by else []), period)
    return _merged(place, by, rows)


def total(place: Place, period: Period = Period()) -> int:
    """Return everything that was charged in a period, in micro-dollars; raises BadParameter."""
    return sum(group.micro_usd for group in grouped(place, (), period))


def _rows(db: Connection, columns: Sequence[str], period: Period) -> list[dict[str, Any]]:
    named = [f'{DIMENSIONS[name]} AS "{name}"' for name in columns]
    groups = ", ".join(str(at + 1) for at in range(len(columns)))
    query = f"""SELECT {", ".join([*named, "sum(micro_usd) AS micro_usd", "count(DISTINCT call_id) AS calls"])} FROM entries
        WHERE {SPENT} AND (?1 IS NULL OR for_day >= ?1) AND (?2 IS NULL OR for_day <= ?2) {f"GROUP BY {groups}" if groups else ""}"""  # noqa: S608
    return [dict(row) for row in db.execute(query, (period.since, period.until)).fetchall() if row["calls"]]


def _merged(place: Place, by: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> tuple[Group, ...]:
    """Bring endpoints under the names of their models; several endpoints may belong to one."""
    models = {model.endpoint: name for name, model in place.catalogue.models.items()} if "model" in by else {}
    sums: dict[tuple[str | None, ...], list[int]] = {}
    for row in rows:
        names = tuple(models.get(row["endpoint"], row["endpoint"]) if name == "model" else row[name] for name in by)
        kept = sums.setdefault(names, [0, 0])
        kept[0] += row["micro_usd"]
        kept[1] += row["calls"]
    found = [Group(names=dict(zip(by, names, strict=True)), micro_usd=money, calls=calls) for names, (money, calls) in sums.items()]
    return tuple(sorted(found, key=lambda group: (-group.micro_usd, [str(name) for name in group.names.values()])))


def _check(by: Sequence[str], period: Period) -> None:
    unknown = [name for name in by if name not in DIMENSIONS]
    if unknown:
        raise BadParameter(f"Costs cannot be added up by {unknown[0][:40]!r}.", next=f"Use one of: {', '.join(DIMENSIONS)}.")
    if len(set(by)) < len(by):
        raise BadParameter("The same thing is named twice to add up by.", next="Name each once.")
    for day in (period.since, period.until):
        if day is not None and not _is_day(day):
            raise BadParameter(f"{day[:40]!r} is no day.", next="Write days as 2026-05-31.")


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and bool(date.fromisoformat(text))
    except ValueError:
        return False
