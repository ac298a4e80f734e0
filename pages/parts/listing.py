"""Tables that stay readable on a phone: there every row becomes a card, and every cell says what it is."""

from collections.abc import Collection, Iterable, Sequence

from pages.parts.markup import Child, Html, tag


def listing(label: str, head: Sequence[str], rows: Iterable[Sequence[Child]], *, numbers: Collection[int] = ()) -> Html:
    """Draw a table with a name for screen readers; columns in `numbers` stand to the right."""
    # Roles are named because cells drawn as blocks would lose theirs.
    titles = [tag("th", words, role="columnheader", scope="col", class_="number" if at in numbers else None) for at, words in enumerate(head)]
    body = [tag("tr", *(_cell(head[at], at, child, at in numbers) for at, child in enumerate(row)), role="row") for row in rows]
    table = tag(
        "table", tag("thead", tag("tr", *titles, role="row"), role="rowgroup"), tag("tbody", *body, role="rowgroup"), role="table", aria_label=label
    )
    return tag("div", table, class_="card listing")


def _cell(title: str, at: int, child: Child, number: bool) -> Html:
    label = title or None
    if at == 0:
        return tag("th", child, role="rowheader", scope="row")
    return tag("td", tag("span", child), role="cell", data_label=label, class_="number" if number else None)
