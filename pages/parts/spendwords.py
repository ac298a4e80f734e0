"""The words of Spending: what names, days, money and changes are called."""

from collections.abc import Iterable
from datetime import date

from pages.parts import filterbar, pieces
from pages.parts.here import place, shared
from pages.parts.spendask import Asked
from pipeline.records import RunKind, dollars
from pipeline.studio import spread
from pipeline.studio.costs import Period, model_names
from pipeline.studio.spending import OTHERS
from pipeline.studio.sweep_words import model_words

WITHOUT = {"style": "No style", "sweep": "Single pictures", "case": "No customer", "kind": "Other"}


def name_of(by: str, name: str | None, customers: dict[str, str] | None = None) -> str:
    """Return what people call a name of a dimension; None is what has no name."""
    if name is None:
        return WITHOUT.get(by, "Not named")
    if name == OTHERS:
        return "Everything else"
    if by == "case":
        return pieces.short((customers or {}).get(name, name), 40)
    if by == "kind" and name in set(RunKind):
        return pieces.KINDS[RunKind(name)]
    words = {"model": lambda: model_words(place(), name), "style": lambda: filterbar.style_in_words(name)}
    return pieces.short(words[by]() if by in words else name, 60)


def model_of(endpoint: str) -> str:
    """Return what people call the model behind an endpoint; an endpoint that belongs to none any more keeps its own name."""
    return name_of("model", model_names(place()).get(endpoint, endpoint))


def customers(by: str, names: Iterable[str | None]) -> dict[str, str]:
    """Return what customers are called, by the id of their case; nothing for any other dimension."""
    wanted = tuple(name for name in names if name)
    return shared(f"customers {wanted}", lambda there: spread.customers(there, wanted)) if by == "case" and wanted else {}


def day(text: str, *, year: bool = True) -> str:
    """Write a day as people do.

    >>> day("2026-05-03"), day("2026-05-03", year=False)
    ('3 May 2026', '3 May')
    """
    at = date.fromisoformat(text)
    return f"{at.day} {at:%b %Y}" if year else f"{at.day} {at:%b}"


def days(period: Period | None) -> str:
    """Write a period as people do.

    >>> days(Period(since="2026-05-01", until="2026-05-30")), days(Period(since="2026-05-03", until="2026-05-03"))
    ('1 – 30 May 2026', '3 May 2026')
    """
    if period is None or period.since is None or period.until is None:
        return "all days"
    if period.since == period.until:
        return day(period.since)
    same_month, same_year = period.since[:7] == period.until[:7], period.since[:4] == period.until[:4]
    first = str(date.fromisoformat(period.since).day) if same_month else day(period.since, year=not same_year)
    return f"{first} – {day(period.until)}"


def bar_words(asked: Asked, first: str) -> str:
    """Name the days of a bar that begins on a day."""
    at = date.fromisoformat(first)
    return {"day": day(first), "week": f"the week of {day(first)}", "month": f"{at:%B %Y}"}[asked.grain]


def average(money: int, count: int) -> str:
    """Write what one of several came to on average; `about` where digits had to go.

    >>> average(90_000, 3), average(100_000, 3), average(10_000_000, 3), average(5, 0)
    ('$0.03', 'about $0.0333', 'about $3.33', '–')
    """
    if not count:
        return "–"
    each = money / count
    keep = 10_000 if abs(each) >= 1_000_000 else 100 if abs(each) >= 1_000 else 1
    rounded = round(each / keep) * keep
    return dollars(rounded) if rounded * count == money else f"about {dollars(rounded)}"


def share(part: float | None) -> str:
    """Write a share in per cent.

    >>> share(0.98249), share(None), share(1.0), share(0.99999)
    ('98.2 %', '–', '100 %', 'over 99.9 %')
    """
    if part is None:
        return "–"
    if 0.999 < part < 1:
        return "over 99.9 %"
    return "under 0.1 %" if 0 < part < 0.001 else f"{part * 100:.1f}".removesuffix(".0") + " %"


def change(now: float | None, earlier: float | None) -> tuple[str, str] | None:
    """Return how much more or less it is than before, to be seen and to be heard; None where that cannot be said.

    >>> change(112, 100), change(50, 100), change(5, 0), change(None, 3)
    (('▲ 12 %', '12 % more than before'), ('▼ 50 %', '50 % less than before'), None, None)
    """
    if now is None or not earlier:
        return None
    by = (now - earlier) / abs(earlier)
    size = f"{abs(by) * 100:,.0f} %" if abs(by) >= 0.095 or by == 0 else f"{abs(by) * 100:.1f} %"
    if by == 0 or size == "0.0 %":
        return ("= same", "the same as before")
    return (f"▲ {size}", f"{size} more than before") if by > 0 else (f"▼ {size}", f"{size} less than before")
