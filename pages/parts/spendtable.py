"""What the spending is made of, name by name, with what came of it; the last line is their sum."""

from pages.parts import spendwords
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, tag
from pages.parts.spendask import DIMENSIONS, narrowed
from pages.parts.spendlook import Seen
from pages.parts.spendwords import average, change, share
from pipeline.records import dollars
from pipeline.studio.spending import SUMS, Figures, Part

MOST = 50
HEAD = ("Spent", "Change", "Share", "Requests", "Success", "Per success", "Per approved", "Per published", "Waste")
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


def draw(seen: Seen) -> Html:
    """Draw the table; a name narrows everything to it."""
    by = seen.asked.by
    shown, rest = seen.parts[:MOST], seen.parts[MOST:]
    known = spendwords.customers(by, [part.name for part in shown])
    whole = added([part.figures for part in seen.parts])
    rows = [_row(seen, part, spendwords.name_of(by, part.name, known), whole) for part in shown]
    if rest:
        rows.append(_cells(tag("span", f"The other {len(rest):,}"), added([part.figures for part in rest]), None, whole))
    rows.append(_cells(tag("b", f"All {len(seen.parts):,} {PLURALS[by]}"), whole, _whole_before(seen), whole))
    table = listing(f"Spent by {DIMENSIONS[by].lower()}", (DIMENSIONS[by], *HEAD), rows, numbers=range(1, len(HEAD) + 1))
    return tag("div", tag("section", tag("h2", f"By {DIMENSIONS[by].lower()}"), table, class_="breakdown"), class_="costs workshop")


def added(figures: list[Figures]) -> Figures:
    """Add figures up."""
    return Figures(**{name: sum(getattr(one, name) for one in figures) for name in SUMS})


def _whole_before(seen: Seen) -> Figures | None:
    return added(list(seen.earlier_parts.values())) if seen.earlier is not None else None


def _row(seen: Seen, part: Part, words: str, whole: Figures) -> tuple[Child, ...]:
    chosen = seen.asked.only.get(seen.asked.by) == (part.name or "") if seen.asked.by in seen.asked.only else False
    link = tag("a", words, href=narrowed(seen.asked, part.name), data_go=True, dir="auto", aria_current="true" if chosen else None)
    earlier = seen.earlier_parts.get(part.name, Figures()) if seen.earlier is not None else None
    return _cells(link, part.figures, earlier, whole)


def _cells(name: Child, figures: Figures, earlier: Figures | None, whole: Figures) -> tuple[Child, ...]:
    spent, all_spent = figures.charged_micro_usd, whole.charged_micro_usd
    moved = change(spent, earlier.charged_micro_usd) if earlier else None
    return (
        name,
        tag("b", dollars(spent)),
        tag("span", moved[0], title=f"{dollars(earlier.charged_micro_usd)} before") if moved and earlier else ("new" if earlier and spent else "–"),
        share(spent / all_spent) if all_spent > 0 else "–",
        f"{figures.requests:,}",
        share(figures.success_rate),
        average(spent, figures.succeeded),
        average(spent, figures.approved),
        average(spent, figures.published),
        share(figures.waste_share),
    )
