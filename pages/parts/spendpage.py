"""Spending from the top: which days, what is looked at, the figures that matter with their proof, and what the chart is cut by."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from pages.parts import (
    forms,
    pieces,
    spendbudgets,
    spendchart,
    spendcloser,
    spendfigures,
    spendlook,
    spendrequests,
    spendsketch,
    spendtable,
    spendwords,
    spendworth,
    takeaway,
    ways,
)
from pages.parts.frame import do
from pages.parts.here import shared
from pages.parts.live import forget, live
from pages.parts.markup import Child, Html, join, tag
from pages.parts.pieces import icon
from pages.parts.spendask import DIMENSIONS, GRAINS, SPANS, VERSUS, Asked, before, narrowed, read, to, unread, without
from pages.parts.spendlook import Seen
from pages.parts.told import What
from pipeline.errors import StudioError, UnknownName
from pipeline.records import now
from pipeline.studio import requests_made, spending
from pipeline.studio.requests_made import Single
from pipeline.studio.spending import Figures

BEAT_SECONDS = 5.0
ONE_BAR = "bar"  # what the choice of days shows while a single bar is looked at


def look() -> Seen | tuple[Asked, Single | None]:
    """Return what the address asks for: a view of the spending, or one request in full."""
    asked = _asked()
    return (asked, _one(asked.request)) if asked.request else spendlook.look(asked)


def draw(seen: Seen | tuple[Asked, Single | None]) -> Html:
    """Draw everything above the chart, or one request; in a studio in which nothing was ever asked for, what will be here."""
    if isinstance(seen, tuple):
        return spendrequests.single(*seen)
    if seen.first is None:
        return _fresh()
    if seen.now == Figures() and seen.earlier in (None, Figures()):
        return join(_controls(seen), _chips(seen), _empty(seen))
    return join(_controls(seen), _chips(seen), spendfigures.draw(seen), _head(seen))


def below() -> None:
    """Draw the chart, and below it what it is made of; drawn again every few seconds."""
    forget("spend-table")
    forget("spend-closer")
    st.fragment(_beat, run_every=BEAT_SECONDS)()


def _beat() -> None:
    ways.follow()
    asked = _asked()
    try:
        seen = spendlook.look(asked)
        if asked.request or seen.first is None or (seen.now == Figures() and seen.earlier in (None, Figures())):
            return
        ready = "charts" in st.session_state
        _follow(spendchart.draw(seen) if ready else spendchart.hold_place())
        live(
            "spend-table", join(spendtable.draw(seen), spendbudgets.draw(), None if ready else _once_shown()), pressed=lambda what: do(ACTIONS, what)
        )
        live("spend-closer", spendcloser.draw(asked), pressed=lambda what: do(ACTIONS, what))
        _follow(spendworth.draw(seen) if ready else None)
    except StudioError as error:
        st.error(error.on_screen, icon=":material/error:")


def _once_shown() -> Html:
    """Have the browser tell when the page is on its screen: what draws charts keeps it busy for most of a second when a tab first needs it."""
    return tag("span", hidden=True, data_shown="charts")


def _follow(address: str | None) -> None:
    """Go where a click on a chart leads."""
    if address:
        ways.go(address)
        ways.follow()


def _one(request: str) -> Single | None:
    try:
        return shared(f"request {request}", lambda there: requests_made.one(there, request))
    except UnknownName:
        return None


def _fresh() -> Html:
    words = "Every picture and clip will be here with what it cost: by day, model, style, person and customer, down to the single request."
    return pieces.friendly("bar_chart", "Nothing was spent yet", words, tag("a", "Make the first one in Cases", href=ways.to("cases"), data_go=True))


def _empty(seen: Seen) -> Html:
    """Say that nothing was asked for in these days, and lead to all that was ever spent."""
    words = f"Nothing was asked for, charged or used again from {spendwords.days(seen.asked.days)}" + (
        " of what is chosen." if seen.asked.only else "."
    )
    every = tag("a", "Show all time", href=to(seen.asked, span="all", only={}, on=None), data_go=True)
    return pieces.friendly("event_busy", "Nothing in these days", words, every)


def _controls(seen: Seen) -> Html:
    asked = seen.asked
    form = forms_of("spend", tag("div", *_selects(asked), class_="row"), at_once=True)
    kept = tag("a", "Keep these days", href=to(asked, span="between"), data_go=True, title="The link then shows these days for ever")
    fixed = kept if asked.span not in ("all", "between") else None
    take = tag("a", "Take this view away", href=takeaway.address(asked), data_go=True)
    words = tag("p", _days_in_words(asked), tag("span", fixed), tag("span", take), class_="small days")
    strange = unread(st.query_params.to_dict())
    told = tag("p", icon("info"), tag("span", strange), class_="small strange", role="status") if strange else None
    return tag("div", form, _between(asked) if asked.span == "between" else None, told, words, class_="controls")


def _selects(asked: Asked) -> tuple[Html, Html]:
    """Draw the choices of days; while one bar is looked at, it is what is chosen, and choosing anything else leaves it."""
    only = {ONE_BAR: f"Only {spendwords.bar_words(asked, asked.on)}"} if asked.on else {}
    period = forms.select("Period", "period", {**only, **SPANS}, ONE_BAR if asked.on else asked.span)
    return period, forms.select("Compared with", "vs", VERSUS, asked.versus, disabled=asked.span == "all")


def _days_in_words(asked: Asked) -> str:
    """Say which days count, and what they are compared with: only days that are over are."""
    said = f"{spendwords.days(asked.days)} (UTC)" + (f", of {spendwords.days(asked.period)}" if asked.on else "")
    compared, over = before(asked), asked.over
    if not asked.has_today:
        return f"{said} · compared with {spendwords.days(compared)}" if compared else said
    unfinished = f"{said}; today is not over"
    if compared and over:
        return f"{unfinished}, so changes leave it out: {spendwords.days(over)} compared with {spendwords.days(compared)}"
    return f"{unfinished} and not compared with anything" if asked.compared else unfinished


def forms_of(do_: str, *children: Child, at_once: bool = False) -> Html:
    """Draw a form that keeps nothing of its own: what it shows is the address."""
    return tag("form", *children, data_do=do_, data_at_once=at_once, id=do_)


def _between(asked: Asked) -> Html:
    since = forms.field("From", "since", type="date", value=asked.period.since, required=True)
    until = forms.field("To", "until", type="date", value=asked.period.until, required=True)
    return forms_of("spend-days", tag("div", since, until, forms.submit("Show", look="plain"), class_="row"))


def _chips(seen: Seen) -> Html | None:
    """Draw what the view is narrowed to, each as a link to the view without it."""
    chips = [_chip(words, href) for words, href in _narrowings(seen)]
    clear = tag("a", "Clear", href=to(seen.asked, only={}, on=None), data_go=True, class_="clear") if len(chips) > 1 else None
    return tag("div", *chips, clear, class_="chips", id="narrowed") if chips else None


def _narrowings(seen: Seen) -> Iterator[tuple[str, str]]:
    asked = seen.asked
    if asked.on:
        yield _bar(asked, asked.on), to(asked, on=None)
    for by, name in asked.only.items():
        yield f"{DIMENSIONS[by]}: {spendwords.called(seen, by, [name or None])[name or None]}", without(asked, by)


def _bar(asked: Asked, first: str) -> str:
    words = spendwords.bar_words(asked, first)
    return words[:1].upper() + words[1:]


def _chip(words: str, href: str) -> Html:
    return tag("a", tag("span", words, dir="auto"), icon("close"), href=href, data_go=True, class_="chip", aria_label=f"Take away: {words}")


def _head(seen: Seen) -> Html:
    """Draw what the chart is cut by, and its names in their colours; a name narrows everything to it."""
    asked = seen.asked
    cuts = [
        tag("a", words, href=to(asked, by=name, on=asked.on), data_go=True, aria_current="true" if name == asked.by else None)
        for name, words in DIMENSIONS.items()
    ]
    grains = [
        tag("a", words, href=to(asked, chosen_grain=name, grain=name, on=None), data_go=True, aria_current="true" if name == asked.grain else None)
        for name, words in GRAINS.items()
    ]
    head = tag(
        "div",
        tag("h2", "Spent over time"),
        tag("nav", *grains, class_="cuts", aria_label="Bars of"),
        class_="history-head",
    )
    return tag("section", head, tag("nav", *cuts, class_="cuts", aria_label="Cut by"), _legend(seen), spendsketch.draw(seen), class_="over-time")


def _legend(seen: Seen) -> Html:
    known = spendwords.called(seen, seen.asked.by, seen.named)
    names = [_named(seen, name, known[name], at) for at, name in enumerate(seen.named)]
    if any(point.name == spending.OTHERS for point in seen.points):
        names.append(tag("span", tag("i", style=f"--colour:{spendsketch.GREY}"), "Everything else"))
    return tag("div", *names, class_="legend", role="group", aria_label="Names in the chart")


def _named(seen: Seen, name: str | None, words: str, at: int) -> Html:
    chosen = seen.asked.only.get(seen.asked.by)
    pressed = chosen is not None and chosen == (name or "")
    swatch = tag("i", style=f"--colour:{spendsketch.colour(at)}")
    dim = "dim" if chosen is not None and not pressed else None
    return tag(
        "a",
        swatch,
        tag("span", words, dir="auto"),
        href=narrowed(seen.asked, name),
        data_go=True,
        aria_current="true" if pressed else None,
        class_=dim,
    )


def _asked() -> Asked:
    return read(st.query_params.to_dict(), now()[:10])


def _spend(what: What) -> None:
    asked, span = _asked(), what["period"]
    given: dict[str, Any] = {**st.query_params.to_dict(), "vs": what.get("vs", "")}
    if span != ONE_BAR:
        given |= {"period": span}
        given.pop("on", None)
    if span == "between":
        given |= {"since": asked.period.since or "", "until": asked.period.until or ""}
    given.pop("page", None)
    ways.go(to(read(given, now()[:10])))


def _days(what: What) -> None:
    given = {**st.query_params.to_dict(), "period": "between", "since": what["since"], "until": what["until"]}
    given.pop("on", None)
    ways.go(to(read(given, now()[:10])))


def _charts(_: What) -> None:
    st.session_state["charts"] = True


ACTIONS = {"spend": _spend, "spend-days": _days, "charts": _charts}
