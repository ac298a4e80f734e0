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
    spendlook,
    spendrequests,
    spendsketch,
    spendtable,
    spendwords,
    spendworth,
    strip,
    takeaway,
    ways,
)
from pages.parts.frame import do
from pages.parts.here import shared
from pages.parts.live import forget, live
from pages.parts.markup import Child, Html, join, tag
from pages.parts.pieces import icon
from pages.parts.spendask import DIMENSIONS, GRAINS, SPANS, VERSUS, Asked, before, narrowed, read, to, without
from pages.parts.spendlook import Seen
from pages.parts.spendwords import average, change, share
from pages.parts.told import What
from pipeline.errors import StudioError, UnknownName
from pipeline.records import dollars, now
from pipeline.studio import requests_made, spending
from pipeline.studio.requests_made import Single
from pipeline.studio.spending import Figures

BEAT_SECONDS = 5.0


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
    return join(_controls(seen), _chips(seen.asked), _figures(seen), _head(seen))


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
        if asked.request or seen.first is None:
            return
        ready = "charts" in st.session_state
        _follow(spendchart.draw(seen) if ready else spendchart.hold_place())
        live(
            "spend-table", join(spendtable.draw(seen), spendbudgets.draw(), None if ready else _once_shown()), pressed=lambda what: do(ACTIONS, what)
        )
        live("spend-closer", spendcloser.draw(asked), pressed=lambda what: do(ACTIONS, what))
        _follow(spendworth.draw(asked) if ready else None)
    except StudioError as error:
        st.error(f"{error.say} {error.next}", icon=":material/error:")


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


def _controls(seen: Seen) -> Html:
    asked = seen.asked
    period = forms.select("Period", "period", SPANS, asked.span)
    versus = forms.select("Compared with", "vs", VERSUS, asked.versus, disabled=asked.span == "all")
    form = forms_of("spend", tag("div", period, versus, class_="row"), at_once=True)
    compared = before(asked)
    against = f" · compared with {spendwords.days(compared)}" if compared else ""
    kept = tag("a", "Keep these days", href=to(asked, span="between"), data_go=True, title="The link then shows these days for ever")
    fixed = kept if asked.span not in ("all", "between") else None
    take = tag("a", "Take this view away", href=takeaway.address(asked), data_go=True)
    words = tag("p", f"{spendwords.days(asked.days)} (UTC){against}", tag("span", fixed), tag("span", take), class_="small days")
    return tag("div", form, _between(asked) if asked.span == "between" else None, words, class_="controls")


def forms_of(do_: str, *children: Child, at_once: bool = False) -> Html:
    """Draw a form that keeps nothing of its own: what it shows is the address."""
    return tag("form", *children, data_do=do_, data_at_once=at_once, id=do_)


def _between(asked: Asked) -> Html:
    since = forms.field("From", "since", type="date", value=asked.period.since, required=True)
    until = forms.field("To", "until", type="date", value=asked.period.until, required=True)
    return forms_of("spend-days", tag("div", since, until, forms.submit("Show", look="plain"), class_="row"))


def _chips(asked: Asked) -> Html | None:
    """Draw what the view is narrowed to, each as a link to the view without it."""
    chips = [_chip(words, href) for words, href in _narrowings(asked)]
    clear = tag("a", "Clear", href=to(asked, only={}, on=None), data_go=True, class_="clear") if len(chips) > 1 else None
    return tag("div", *chips, clear, class_="chips", id="narrowed") if chips else None


def _narrowings(asked: Asked) -> Iterator[tuple[str, str]]:
    if asked.on:
        yield spendwords.bar_words(asked, asked.on).capitalize(), to(asked, on=None)
    for by, name in asked.only.items():
        known = spendwords.customers(by, [name])
        yield f"{DIMENSIONS[by]}: {spendwords.name_of(by, name or None, known)}", without(asked, by)


def _chip(words: str, href: str) -> Html:
    return tag("a", tag("span", words, dir="auto"), icon("close"), href=href, data_go=True, class_="chip", aria_label=f"Take away: {words}")


def _figures(seen: Seen) -> Html:
    one, old = seen.now, seen.earlier
    parts = (
        f"{dollars(one.lost_micro_usd)} failed but charged · {dollars(one.rejected_micro_usd)} rejected · {dollars(one.retired_micro_usd)} retired"
    )
    figures = (
        _figure("Spent", dollars(one.charged_micro_usd), _proof(seen), of=(one.charged_micro_usd, old and old.charged_micro_usd), class_="main"),
        _figure("Set aside now", dollars(one.held_micro_usd), f"for {one.open:,} unfinished" if one.open else "nothing unfinished"),
        _figure("Saved by re-use", dollars(one.saved_micro_usd), f"{share(one.reuse_rate)} of results were owned already"),
        _each("Per success", seen, "succeeded", "results"),
        _each("Per approved", seen, "approved", "approved and in use"),
        _each("Per published", seen, "published", "seen by guests"),
        _figure("Success", share(one.success_rate), _alarm(seen), of=(one.success_rate, old and old.success_rate)),
        _figure(
            f"Waste, {share(one.waste_share)} of it all", dollars(one.waste_micro_usd), parts, of=(one.waste_micro_usd, old and old.waste_micro_usd)
        ),
        _queue(),
    )
    return tag("ul", *figures, class_="figures", aria_label="Figures")


def _figure(name: str, value: str, below: Child, *, of: tuple[float | None, float | None] | None = None, class_: str | None = None) -> Html:
    moved = change(*of) if of else None
    arrow = tag("span", moved[0], class_="moved", title=moved[1], aria_label=moved[1], role="img") if moved else None
    about = tag("span", "about ", class_="about") if value.startswith("about ") else None
    shown = tag("span", about, tag("b", value.removeprefix("about "), class_="figure"), arrow)
    return tag("li", tag("span", name, class_="name"), shown, tag("span", below, class_="small"), class_=class_)


def _each(name: str, seen: Seen, what: str, words: str) -> Html:
    """Draw what one of several came to on average, everything spent counting."""
    count = getattr(seen.now, what)
    of = (_exactly(seen.now, what), _exactly(seen.earlier, what))
    return _figure(name, average(seen.now.charged_micro_usd, count), f"{count:,} {words}", of=of)


def _exactly(figures: Figures | None, what: str) -> float | None:
    return figures.charged_micro_usd / getattr(figures, what) if figures and getattr(figures, what) else None


def _proof(seen: Seen) -> Html:
    proof = seen.proof
    lines = f"{proof.lines:,} ledger {'line' if proof.lines == 1 else 'lines'}"
    if not proof.holds:
        words = f"The ledger's lines say {dollars(proof.lines_micro_usd)}, the sums {dollars(proof.sums_micro_usd)}"
        return tag("a", icon("error"), words, href=ways.to("costs", part="right"), data_go=True, class_="proof bad")
    if not seen.asked.is_narrowed and proof.sums_micro_usd != seen.now.charged_micro_usd:
        return tag("span", icon("sync"), "more was booked meanwhile; added up again shortly", class_="proof")
    whole = f"part of {dollars(proof.sums_micro_usd)}, which equals {lines}" if seen.asked.is_narrowed else f"equals {lines}"
    return tag("a", icon("check_circle"), whole, href=ways.to("costs", part="right"), data_go=True, class_="proof good")


def _alarm(seen: Seen) -> Child:
    one = seen.now
    ended = f"{one.succeeded:,} of {one.succeeded + one.failed:,} requests"
    said = spending.unusual(one, seen.earlier) if seen.earlier else None
    return tag("span", icon("warning"), said, class_="alarm", role="alert") if said else ended


def _queue() -> Html:
    counts = strip.look().counts
    going = tag("a", f"{counts.running:,} running, {counts.waiting:,} waiting", href=ways.to("queue"), data_go=True)
    return _figure("Queue now", f"{counts.running + counts.waiting:,}", going)


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
    known = spendwords.customers(seen.asked.by, seen.named)
    names = [_named(seen, name, spendwords.name_of(seen.asked.by, name, known), at) for at, name in enumerate(seen.named)]
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
    given: dict[str, Any] = {**st.query_params.to_dict(), "period": what["period"], "vs": what.get("vs", "")}
    if what["period"] == "between":
        given |= {"since": _asked().period.since or "", "until": _asked().period.until or ""}
    given.pop("on", None)
    given.pop("page", None)
    view = read(given, now()[:10])
    ways.go(to(view))


def _days(what: What) -> None:
    given = {**st.query_params.to_dict(), "period": "between", "since": what["since"], "until": what["until"]}
    given.pop("on", None)
    ways.go(to(read(given, now()[:10])))


def _charts(_: What) -> None:
    st.session_state["charts"] = True


ACTIONS = {"spend": _spend, "spend-days": _days, "charts": _charts}
