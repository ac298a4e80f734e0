"""Tables that stay readable on a phone: there every row becomes a card, and every cell says what it is."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from pages.parts.markup import Child, Html, tag

NOTHING_TOLD: Mapping[str, str] = {}


def listing(
    label: str, head: Sequence[str], rows: Iterable[Sequence[Child]], *, numbers: Collection[int] = (), told: Mapping[str, str] = NOTHING_TOLD
) -> Html:
    """Draw a table with a name for screen readers; columns in `numbers` stand to the right.

    `told` says by the title of a column what stands in it; that is shown while somebody points at the title or stands on it.
    """
    # Roles are named because cells drawn as blocks would lose theirs.
    titles = [
        tag("th", explained(words, told.get(words)), role="columnheader", scope="col", class_="number" if at in numbers else None)
        for at, words in enumerate(head)
    ]
    body = [tag("tr", *(_cell(head[at], at, child, at in numbers) for at, child in enumerate(row)), role="row") for row in rows]
    table = tag(
        "table", tag("thead", tag("tr", *titles, role="row"), role="rowgroup"), tag("tbody", *body, role="rowgroup"), role="table", aria_label=label
    )
    return tag("div", table, class_="card listing")


def explained(words: str, told: str | None) -> Child:
    """Draw words with what they mean behind them, for mouse, keyboard, finger and screen reader alike."""
    return tag("span", words, tag("span", told, class_="told", role="tooltip"), class_="explained", tabindex=0) if told else words


def _cell(title: str, at: int, child: Child, number: bool) -> Html:
    label = title or None
    if at == 0:
        return tag("th", child, role="rowheader", scope="row")
    return tag("td", tag("span", child), role="cell", data_label=label, class_="number" if number else None)
