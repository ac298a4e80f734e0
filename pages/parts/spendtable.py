"""What the spending is made of, name by name, with what came of it; the last line is their sum."""

from collections.abc import Sequence
from dataclasses import dataclass

from pages.parts import spendfigures, spendwords
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, tag
from pages.parts.spendask import DIMENSIONS, narrowed
from pages.parts.spendlook import Seen
from pages.parts.spendwords import averages, change, share
from pipeline.records import dollars
from pipeline.studio.spending import SUMS, Figures, Part

MOST = 50
HEAD = ("Spent", "Change", "Share", "Requests", "Success", "Per success", "Per approved", "Per published", "Waste")
TOLD = {
    "Spent": "Everything charged in these days, with what bills put right.",
    "Change": "Against the days that are compared; only days that are over count.",
    "Share": "Of everything spent in this table.",
    "Requests": "Paid requests that were sent; results used again are none.",
    "Success": "Requests with a usable result, of all that ended by themselves.",
    "Per success": "Everything spent, by usable results.",
    "Per approved": "Everything spent, by results that are approved now.",
    "Per published": "Everything spent, by avatars and clips that guests see now.",
    "Waste": "Share of the money for what nobody uses: failed but charged, rejected, retired.",
}
NOTE = "Sums are exact; averages are rounded."
PLURALS = {
    "model": "models",
    "style": "styles",
    "person": "people",
    "team": "teams",
    "feature": "features",
    "case": "customers",
    "kind": "kinds",
    "provider": "providers",
    "sweep": "sweeps",
}


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A row: its name, its figures, and what of them is compared (of the days that are over) with what came before; None where nothing is."""

    name: Child
    figures: Figures
    was: Figures
    earlier: Figures | None = None


def draw(seen: Seen) -> Html:
    """Draw the table; a name narrows everything to it."""
    by = seen.asked.by
    shown, rest = seen.parts[:MOST], seen.parts[MOST:]
    known = spendwords.called(seen, by, [part.name for part in shown])
    lines = [_line(seen, part, known[part.name]) for part in shown]
    if rest:
        others = added([part.figures for part in rest])
        lines.append(_Line(name=tag("span", f"The other {len(rest):,}"), figures=others, was=others))
    rows = _rows([*lines, _all(seen)])
    table = listing(f"Spent by {DIMENSIONS[by].lower()}", (DIMENSIONS[by], *HEAD), rows, numbers=range(1, len(HEAD) + 1), told=TOLD)
    every = tag("details", tag("summary", "Every column"), class_="every")
    section = tag("section", tag("h2", f"By {DIMENSIONS[by].lower()}"), every, table, tag("p", NOTE, class_="small"), class_="breakdown")
    return tag("div", section, class_="costs workshop")


def added(figures: list[Figures]) -> Figures:
    """Add figures up."""
    return Figures(**{name: sum(getattr(one, name) for one in figures) for name in SUMS})


def _all(seen: Seen) -> _Line:
    """Return the sum of every row; where one of them is chosen, the figures above are about that one only."""
    by = seen.asked.by
    words = f"All {len(seen.parts):,} {PLURALS[by]}" + (", without the filter" if by in seen.asked.only else "")
    earlier = added(list(seen.earlier_parts.values())) if seen.earlier is not None else None
    return _Line(
        name=tag("b", words), figures=added([part.figures for part in seen.parts]), was=added(list(seen.over_parts.values())), earlier=earlier
    )


def _line(seen: Seen, part: Part, words: str) -> _Line:
    chosen = seen.asked.only.get(seen.asked.by) == (part.name or "") if seen.asked.by in seen.asked.only else False
    link = tag("a", words, href=narrowed(seen.asked, part.name), data_go=True, dir="auto", aria_current="true" if chosen else None)
    earlier = seen.earlier_parts.get(part.name, Figures()) if seen.earlier is not None else None
    return _Line(name=link, figures=part.figures, was=seen.over_parts.get(part.name, Figures()), earlier=earlier)


def _rows(lines: Sequence[_Line]) -> list[tuple[Child, ...]]:
    """Write the table column by column, so that the amounts of a column have as many decimals; the last line is the sum."""
    figures = [line.figures for line in lines]
    spent = [one.charged_micro_usd for one in figures]
    columns: list[Sequence[Child]] = [
        [line.name for line in lines],
        [tag("b", words) for words in spendwords.sums(spent)],
        [_moved(line) for line in lines],
        [share(one / spent[-1], whole=".0") if spent[-1] > 0 else "–" for one in spent],
        [f"{one.requests:,}" for one in figures],
        [share(one.success_rate, whole=".0") for one in figures],
        *(averages([(one.charged_micro_usd, getattr(one, what)) for one in figures]) for what in ("succeeded", "approved", "published")),
        [share(one.waste_share, whole=".0") for one in figures],
    ]
    return list(zip(*columns, strict=True))


def _moved(line: _Line) -> Child:
    if line.earlier is None:
        return "–"
    before = line.earlier.charged_micro_usd
    moved = change(line.was.charged_micro_usd, before)
    return spendfigures.arrow(moved, f": {dollars(before)} before") or ("new" if line.was.charged_micro_usd else "–")
