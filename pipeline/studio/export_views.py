"""Views of the Costs screen as rows of a file, in the order of their columns: likeness, prices, durations, budgets, differences."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pipeline.studio import budgets, paces
from pipeline.studio.budgets import Budget
from pipeline.studio.costs import Slice, condition
from pipeline.studio.export_columns import VIEWS, Table
from pipeline.studio.place import Place

Rows = list[tuple[Any, ...]]


def view(place: Place, table: Table, looked_at: Slice) -> Rows:
    """Return every row of a view; raises BadParameter for a slice that cannot be."""
    return _VIEWS[table](place, looked_at)


def _likeness(place: Place, looked_at: Slice) -> Rows:
    return [
        (one.name, one.pictures, one.charged_micro_usd, _exact(one.charged_micro_usd), one.likeness, one.approved)
        for one in paces.worth(place, looked_at)
    ]


def _prices(place: Place, looked_at: Slice) -> Rows:
    return [
        (one.day, one.model, one.unit, _exact(one.micro_units), one.charged_micro_usd, _exact(one.charged_micro_usd), one.micro_usd / 1e6)
        for one in paces.unit_prices(place, looked_at)
    ]


def _durations(place: Place, looked_at: Slice) -> Rows:
    return [(one.model, one.requests, one.typical_seconds, one.slow_seconds) for one in paces.paces(place, looked_at)]


def _budgets(place: Place, looked_at: Slice) -> Rows:
    condition(place, looked_at)
    return [_budget(one) for one in budgets.budgets(place)]


def _budget(one: Budget) -> tuple[Any, ...]:
    limit = one.limit
    who = (limit.scope_kind, limit.scope, limit.whose, limit.period, limit.measure.value)
    return (*who, limit.allowed, limit.used, limit.held, int(limit.hard), one.set_by, one.set_at, one.reason)


def _differences(place: Place, looked_at: Slice) -> Rows:
    """Return those of the days, and of the names that requests behind them have, where the view is narrowed."""
    where, values = condition(place, Slice(period=looked_at.period))
    columns = ", ".join(column.source for column in VIEWS[Table.DIFFERENCES])
    query = f"SELECT {columns} FROM (SELECT *, day AS for_day FROM differences) WHERE {where}"  # noqa: S608
    if looked_at.only:
        named, more = condition(place, Slice(only=looked_at.only))
        query, values = f"{query} AND call_id IN (SELECT call_id FROM costs WHERE {named})", [*values, *more]  # noqa: S608
    with place.database.reading() as db:
        return [tuple(row) for row in db.execute(f"{query} ORDER BY day, id", values).fetchall()]


def _exact(millionths: int) -> str:
    return f"{Decimal(millionths).scaleb(-6):.6f}"


_VIEWS: Mapping[Table, Callable[[Place, Slice], Rows]] = {
    Table.LIKENESS: _likeness,
    Table.PRICES: _prices,
    Table.DURATIONS: _durations,
    Table.BUDGETS: _budgets,
    Table.DIFFERENCES: _differences,
}
