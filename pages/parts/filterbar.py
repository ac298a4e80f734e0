"""The filters of the library: one form whose every change is an address, and what is on, piece by piece, to take away again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from pages.parts import forms, pieces, ways
from pages.parts.markup import Child, Html, tag
from pages.parts.pieces import icon
from pipeline.media.likeness import Band
from pipeline.records import AssetKind, dollars
from pipeline.studio.filters import FIELDS, LONGEST_SEARCH, SHOWN, Filter, Sort, State, from_query, to_query
from pipeline.studio.library import Facets

KINDS = {AssetKind.AVATAR: "Avatars", AssetKind.CLIP: "Clips", AssetKind.PHOTO: "Photos"}
QUICK = (State.TO_REVIEW, State.APPROVED, State.REJECTED)
SORTS = {sort.value: sort.value.capitalize() for sort in Sort}
MOST_USD = 1_000_000
# A range in the form: what is said, the fields it fills, the unit of its ends.
USD = {"usd_from": "cost_from", "usd_to": "cost_to"}


def draw(wanted: Filter, sort: Sort, facets: Facets, opened: Mapping[str, str | None]) -> Html:
    """Draw the bar and, below it, everything that is on; `opened` is what stays in the address besides."""
    chips = list(_chips(wanted, sort))
    count = f" · {len(chips)}" if chips else ""
    search = tag(
        "input",
        type="search",
        name="q",
        value=wanted.text,
        maxlength=LONGEST_SEARCH,
        placeholder="Search prompts and names",
        aria_label="Search prompts and names",
    )
    more = tag("button", icon("tune"), tag("span", "Filters", count), type="button", popovertarget="filters", class_="plain")
    order = tag("select", *(_option(value, words, sort) for value, words in SORTS.items()), name="sort", aria_label="Sort")
    unfold = tag("label", tag("input", type="checkbox"), "Kind and state", class_="unfold")
    first = tag("div", search, tag("div", more, order, unfold, class_="row"), class_="bar-row")
    kept = [tag("input", type="hidden", name=name, value=value) for name, value in {"case": wanted.case_id, **opened}.items() if value]
    form = tag(
        "form",
        first,
        _quick(wanted),
        _panel(wanted, facets),
        *kept,
        class_="filterbar",
        data_do="filter",
        data_at_once=True,
        id="filter",
        role="search",
    )
    clear = (
        tag("a", "Clear", href=ways.to("library", sort="" if sort is Sort.NEWEST else sort.value), data_go=True, class_="clear") if chips else None
    )
    return tag("div", form, tag("div", *chips, clear, class_="chips") if chips else None, class_="filters-of")


def _option(value: str, words: str, sort: Sort) -> Html:
    return tag("option", words, value=value, selected=value == sort.value)


def _quick(wanted: Filter) -> Html:
    kinds = [_tick("kind", kind.value, words, kind in wanted.kinds) for kind, words in KINDS.items()]
    states = [_tick("state", state.value, state.value.capitalize(), state in wanted.states) for state in QUICK]
    starred = _tick("starred", "1", (icon("star"), "Starred"), wanted.starred)
    swept = _tick("sweeps", "1", (icon("grid_view"), "From sweeps"), wanted.from_sweeps)
    rows = (
        tag("div", *some, class_="choices plain", role="group", aria_label=label)
        for label, some in (("Kind", kinds), ("State", [*states, starred, swept]))
    )
    return tag("div", *rows, class_="quick")


def _panel(wanted: Filter, facets: Facets) -> Html:
    states = [_tick("state", state.value, state.value.capitalize(), state in wanted.states) for state in State if state not in QUICK]
    removed = _tick("removed", "1", "Removed too", wanted.removed)
    bands = [_tick("band", band.value, band.value.replace("_", " ").capitalize(), band in wanted.bands) for band in Band]
    alike = {"type": "number", "min": 0, "max": 1, "step": "0.01", "placeholder": "0–1"}
    usd = {"type": "number", "min": 0, "max": MOST_USD, "step": "any"}
    drawn = (
        _group("State", [*states, removed]),
        _listed("Style", "style", facets.styles, wanted.styles, style_in_words),
        _listed("Model", "model", facets.models, wanted.models, str),
        _listed("Person", "person", facets.people, wanted.people, pieces.short),
        _group("Likeness", bands),
        _range("Likeness", ("From", "alike_from", _plain(wanted.likeness_at_least)), ("To", "alike_to", _plain(wanted.likeness_at_most)), **alike),
        _range(
            "Cost in dollars",
            ("From", "usd_from", _usd(wanted.cost_at_least_micro_usd)),
            ("To", "usd_to", _usd(wanted.cost_at_most_micro_usd)),
            **usd,
        ),
        _range("Made", ("Since", "since", _plain(wanted.since)), ("Until", "until", _plain(wanted.until)), type="date"),
    )
    return forms.dialog("filters", "Filters", tag("div", *drawn, class_="facets"))


def _group(title: str, ticks: Iterable[Html]) -> Html:
    return tag("fieldset", tag("legend", title), tag("div", *ticks, class_="choices plain"))


def _listed(title: str, name: str, known: Iterable[str], chosen: Iterable[str], words: Callable[[str], str]) -> Html | None:
    """Draw the values that there are, and those that an address asks for although there are none."""
    values = list(dict.fromkeys([*known, *chosen]))
    return _group(title, [_tick(name, _written(value), words(value), value in chosen) for value in values]) if values else None


def _range(title: str, *ends: tuple[str, str, str], **how: forms.Value) -> Html:
    fields = [forms.field(words, name, value=value, **how) for words, name, value in ends]
    return tag("fieldset", tag("legend", title), tag("div", *fields, class_="row"))


def _tick(name: str, value: str, words: Child, ticked: bool) -> Html:
    return tag("label", tag("input", type="checkbox", name=name, value=value, checked=ticked), tag("span", words))


def style_in_words(style: str) -> str:
    """Name a style as people know it; only a later version says which it is.

    >>> style_in_words("pixar@1"), style_in_words("pixar@2")
    ('Pixar', 'Pixar, version 2')
    """
    name, _, version = style.partition("@")
    return pieces.short(name.capitalize() + (f", version {version}" if version not in ("", "1") else ""))


def _written(value: str) -> str:
    """Write a value as an address does, where a comma parts several."""
    return value.replace("%", "%25").replace(",", "%2C")


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def _usd(micro_usd: int | None) -> str:
    return "" if micro_usd is None else f"{Decimal(micro_usd) / 1_000_000:f}".rstrip("0").rstrip(".") if micro_usd else "0"


def _chips(wanted: Filter, sort: Sort) -> Iterator[Html]:
    """Draw each thing that is on, as a link to the view without it."""
    for words, quick, without in _on(wanted):
        to = ways.to("library", **to_query(without, sort))
        shown = (tag("span", words, dir="auto"), icon("close"))
        yield tag("a", *shown, href=to, data_go=True, class_="chip quickly" if quick else "chip", aria_label=f"Take away: {words}")


def _on(wanted: Filter) -> Iterator[tuple[str, bool, Filter]]:
    """Yield what is on in words, whether the bar shows it as a switch too, and the filter without it."""
    lists = (
        ("kinds", KINDS.get),
        ("states", str.capitalize),
        ("styles", style_in_words),
        ("models", pieces.short),
        ("people", pieces.short),
        ("bands", _band),
    )
    for name, words in lists:
        values = getattr(wanted, name)
        for value in values:
            rest = tuple(one for one in values if one != value)
            yield str(words(value)), value in SHOWN or value in QUICK, replace(wanted, **{name: rest})
    singles = {
        "since": "since {}",
        "until": "until {}",
        "likeness_at_least": "likeness from {}",
        "likeness_at_most": "likeness to {}",
        "case_id": "case {}",
        "text": "“{}”",
    }
    for name, text in singles.items():
        value = getattr(wanted, name)
        if value not in (None, ""):
            yield text.format(pieces.short(str(value), 40)), False, replace(wanted, **{name: Filter.__dataclass_fields__[name].default})
    for name, text in {"cost_at_least_micro_usd": "cost from {}", "cost_at_most_micro_usd": "cost to {}"}.items():
        if getattr(wanted, name) is not None:
            yield text.format(dollars(getattr(wanted, name))), False, replace(wanted, **{name: None})
    for name, text, quick in (("starred", "Starred", True), ("from_sweeps", "From sweeps", True), ("removed", "removed too", False)):
        if getattr(wanted, name):
            yield text, quick, replace(wanted, **{name: False})


def _band(band: Band) -> str:
    return f"likeness {band.value.replace('_', ' ')}"


def read(what: Mapping[str, str]) -> str:
    """Return the address that the form asks for; what cannot be read is as usual."""
    given = {name: what[name] for name in (*FIELDS, "sort") if name in what}
    given |= {name: _micro_usd(what[field]) for field, name in USD.items() if field in what}
    wanted, sort, _ = from_query(given)
    return ways.to("library", **to_query(wanted, sort), scope=what.get("scope"), asset=what.get("asset"))


def _micro_usd(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return ""
    return str(int(number * 1_000_000)) if number.is_finite() and 0 <= number <= MOST_USD else ""
