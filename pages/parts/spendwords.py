"""The words of Spending: what names, days, money and changes are called."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pages.parts import filterbar, pieces
from pages.parts.here import place, shared
from pages.parts.spendask import Asked
from pages.parts.spendlook import Seen
from pipeline.records import RunKind, dollars
from pipeline.studio import spread
from pipeline.studio.costs import Period, model_names
from pipeline.studio.presets import FREE
from pipeline.studio.spending import OTHERS
from pipeline.studio.sweep_words import model_words

OWN_WORDS = "Own words"
BOOKED = "Booked from the bill"
WITHOUT = {"style": "No style", "sweep": "Single pictures", "case": "No customer", "kind": "Other"}


def name_of(by: str, name: str | None, customers: dict[str, str] | None = None) -> str:
    """Return what people call a name of a dimension; None is what has no name."""
    if name is None:
        return WITHOUT.get(by, "Not named")
    if name == OTHERS:
        return "Everything else"
    if by == "case":
        return f"{pieces.short(customers[name], 40)} · {pieces.short(name, 24)}" if customers and customers.get(name) else pieces.short(name, 40)
    if by == "kind" and name in set(RunKind):
        return pieces.KINDS[RunKind(name)]
    words = {"model": lambda: model_words(place(), name), "style": lambda: _style(name)}
    return pieces.short(words[by]() if by in words else name, 60)


def _style(name: str) -> str:
    """Name a style; what was asked for in a person's own words has no style, and `free` would read as free of charge."""
    return OWN_WORDS if name.partition("@")[0] == FREE else filterbar.style_in_words(name)


def called(seen: Seen, by: str, names: Iterable[str | None]) -> dict[str | None, str]:
    """Return what names of a dimension are called in a view; money without a name and without any request was booked from a bill."""
    wanted = tuple(names)
    known = customers(by, wanted)
    return {name: BOOKED if name is None and by == seen.asked.by and seen.booked else name_of(by, name, known) for name in wanted}


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


def averages(several: Sequence[tuple[int, int]]) -> list[str]:
    """Write averages of money by counts so that they can be compared: all with as many decimals, four at most, fewer where they are large.

    >>> averages([(53_040_000, 145), (7_060_000, 34), (0, 0)]), averages([(90_000, 3), (700_000, 2)])
    (['$0.366', '$0.208', '–'], ['$0.03', '$0.35'])
    """
    each = [Decimal(money) / count / 1_000_000 for money, count in several if count]
    least = min((abs(one) for one in each if one), default=Decimal(1))
    most = 2 if least >= 1 else 3 if least >= Decimal("0.1") else 4
    places = next((few for few in range(2, most) if all(one == round(one, few) for one in each)), most)
    return [_written(Decimal(money) / count / 1_000_000, places) if count else "–" for money, count in several]


def sums(several: Sequence[int]) -> list[str]:
    """Write sums exactly, all with as many decimals as the longest of them needs.

    >>> sums([53_040_000, 39_800, -1])
    ['$53.040000', '$0.039800', '-$0.000001']
    """
    places = max((len(dollars(one).partition(".")[2]) for one in several), default=2)
    return [_written(Decimal(one) / 1_000_000, places) for one in several]


def _written(amount: Decimal, places: int) -> str:
    return f"{'-' if round(amount, places) < 0 else ''}${abs(amount):,.{places}f}"


def share(part: float | None, *, whole: str = "") -> str:
    """Write a share in per cent; `whole` stands for a decimal that is nought.

    >>> share(0.98249), share(None), share(1.0), share(0.99999), share(1.0, whole=".0")
    ('98.2 %', '–', '100 %', 'over 99.9 %', '100.0 %')
    """
    if part is None:
        return "–"
    if 0.999 < part < 1:
        return "over 99.9 %"
    return "under 0.1 %" if 0 < part < 0.001 else f"{part * 100:.1f}".replace(".0", whole) + " %"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A change: how it is seen, how it is heard, and the look of better or worse (empty where it is neither)."""

    sign: str
    words: str
    look: str = ""


def change(now: float | None, earlier: float | None, *, good: bool | None = None) -> Moved | None:
    """Return how much more or less it is than before; `good` says whether more is better. None where that cannot be said.

    >>> change(112, 100).sign, change(50, 100, good=False).words, change(5, 0), change(None, 3)
    ('▲ 12 %', '50 % less than before, which is better', None, None)
    """
    if now is None or not earlier:
        return None
    by = (now - earlier) / abs(earlier)
    size = f"{abs(by) * 100:,.0f} %" if abs(by) >= 0.095 or by == 0 else f"{abs(by) * 100:.1f} %"
    return _moved(by, size, good)


def points(now: float | None, earlier: float | None, *, good: bool | None = None) -> Moved | None:
    """Return by how many points a share (0 to 1) rose or fell.

    >>> points(0.971, 0.934, good=True)
    Moved(sign='▲ 3.7 points', words='3.7 points more than before, which is better', look='better')
    """
    return None if now is None or earlier is None else _moved(now - earlier, f"{abs(now - earlier) * 100:.1f} points", good)


def _moved(by: float, size: str, good: bool | None) -> Moved:
    if by == 0 or size.startswith("0.0 "):
        return Moved(sign="= same", words="the same as before")
    up = by > 0
    look = "" if good is None else "better" if up is good else "worse"
    judged = f", which is {look}" if look else ""
    return Moved(sign=f"{'▲' if up else '▼'} {size}", words=f"{size} {'more' if up else 'less'} than before{judged}", look=look)
