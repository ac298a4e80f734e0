"""A closer look at whatever is chosen: its requests, its dearest customers, what the money buys, what units cost, how long it takes.

Each has a place of its own, so that only the one that is looked at is read.
"""

from collections.abc import Callable, Mapping

from pages.parts import spendbias, spendlook, spendrequests, spendwords, spendworth, ways
from pages.parts.listing import listing
from pages.parts.markup import Html, join, tag
from pages.parts.spendask import CLOSER, Asked, to
from pages.parts.steady import steady
from pipeline.records import dollars
from pipeline.studio import paces, requests_made
from pipeline.studio.paces import Pace
from pipeline.studio.requests_made import Customer

DEAREST = 25


def draw(asked: Asked) -> Html:
    """Draw the way to each closer look, and the one that is chosen; charts stand below it."""
    looks = [
        tag("a", words, href=to(asked, closer=name), data_go=True, aria_current="true" if name == asked.closer else None)
        for name, words in CLOSER.items()
    ]
    inside = DRAWN[asked.closer](asked)
    head = tag("div", tag("h2", "A closer look"), tag("nav", *looks, class_="cuts", aria_label="A closer look"), class_="history-head")
    return tag("div", tag("section", head, inside, id="closer"), class_="costs workshop closer")


def _customers(asked: Asked) -> Html:
    found = steady(("dearest", asked.key), lambda there: requests_made.dearest(there, asked.slice, DEAREST))
    if not found:
        return _nothing("No customer's requests cost anything here.")
    head = ("Customer", "Spent", "Requests", "Seen by guests", "")
    return listing("Dearest customers", head, [_customer(asked, one) for one in found], numbers=(1, 2, 3))


def _customer(asked: Asked, one: Customer) -> tuple[str | Html, ...]:
    only = {**asked.only, "case": one.case_id}
    known = {one.case_id: one.name} if one.name else {}
    name = tag("a", spendwords.name_of("case", one.case_id, known), href=to(asked, only=only, by="model"), data_go=True, dir="auto")
    opens = tag("a", "Open the case", href=ways.to("cases", case=one.case_id), data_go=True)
    return name, tag("b", dollars(one.charged_micro_usd)), f"{one.requests:,}", f"{one.published:,}", opens


def _durations(asked: Asked) -> Html:
    found = steady(("paces", asked.key), lambda there: paces.paces(there, asked.slice))
    if not found:
        return _nothing("Nothing has ended here yet.")
    head = ("Model", "Requests", "Typical", "Slowest of twenty")
    lead = tag("p", "From sending to the end. Half are done within the typical time, nineteen of twenty within the other.", class_="small")
    return tag("div", listing("Durations", head, [_pace(asked, one) for one in found], numbers=(1, 2, 3)), lead, class_="stack tight")


def _pace(asked: Asked, one: Pace) -> tuple[str | Html, ...]:
    only = {**asked.only, "model": one.model}
    name = tag("a", spendwords.name_of("model", one.model), href=to(asked, only=only), data_go=True)
    return name, f"{one.requests:,}", seconds(one.typical_seconds), seconds(one.slow_seconds)


def seconds(long: float) -> str:
    """Write how long something took.

    >>> seconds(7.24), seconds(71.6), seconds(600)
    ('7.2 s', '72 s', '10:00 min')
    """
    if long < 9.95:
        return f"{long:.1f} s"
    whole = round(long)
    return f"{whole} s" if whole < 120 else f"{whole // 60}:{whole % 60:02d} min"


def _nothing(words: str) -> Html:
    return tag("p", tag("span", words), class_="nothing")


DRAWN: Mapping[str, Callable[[Asked], Html]] = {
    "requests": spendrequests.draw,
    "customers": _customers,
    "worth": lambda asked: spendworth.listed(spendlook.look(asked)),
    "prices": lambda asked: join(spendbias.draw(asked), tag("p", "What one unit of each model really cost, as it was charged.", class_="small")),
    "durations": _durations,
}
