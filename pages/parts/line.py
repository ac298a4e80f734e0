"""The Queue: how well everything runs, what runs and waits, what asks for somebody, what was done today."""

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from pages.parts import forms, mishaps, pausing, pieces, sweepline, ways
from pages.parts.here import everyone, me, shared
from pages.parts.markup import Child, Html, tag
from pages.parts.numbers import read_whole
from pages.parts.pieces import icon
from pipeline.records import Person, RunState
from pipeline.stages import ordinal
from pipeline.studio import queue
from pipeline.studio.place import Place
from pipeline.studio.queue import Failed, QueueView, RetryPrice, Section, SweepLine, Underway
from pipeline.studio.seen import Seen
from pipeline.turns import Pause

PER_PAGE, AT_A_GLANCE, DONE_AT_A_GLANCE = 48, 8, 4
TITLES = {
    Section.RUNNING: ("progress_activity", "Running", "Nothing runs."),
    Section.WAITING: ("schedule", "Waiting", "Nothing waits."),
    Section.UNDECIDED: ("help", "Needs a decision", "No lost request needs a decision. Results to review are on Home."),
    Section.FAILED: ("error", "Failed", "Nothing failed in the last seven days."),
    Section.DONE: ("task_alt", "Done today", "Nothing was done yet today."),
}
EVERYTHING = "Everything"
HELD_BACK = "Keeps its place until purchases are resumed"


@dataclass(frozen=True, kw_only=True)
class Line:
    """What the address asks for, and what retrying the failures shown would hold."""

    view: QueueView
    price: RetryPrice


def look() -> Line:
    """Return what the address names: everything at a glance, or one section page by page; of everybody, or of one person."""
    section, who, number = _section(), _who(), _page()
    return shared(f"queue {section} {number} {who}", lambda there: _look(there, section, who, number))


def _look(there: Place, section: Section | None, who: str, number: int) -> Line:
    size = PER_PAGE if section else AT_A_GLANCE
    view = queue.look(there, person=who or None, section=section, limit=size, offset=(number - 1) * size if section else 0)
    return Line(view=view, price=queue.price_of_retrying(there, [one.seen.run.id for one in view.failed if isinstance(one, Failed)]))


def draw(seen: Line) -> Html:
    """Draw the Queue."""
    view = seen.view
    head = tag("header", tag("h1", "Queue"), pausing.switch(view.pause), class_="headbar")
    well = tag("div", pausing.well(), _whose(view), class_="well-of")
    return tag("div", head, _heard(view), pausing.card(view), well, _ways(view), _body(seen), class_="queue stack")


def _heard(view: QueueView) -> Html:
    """Tell screen readers when something went from one section to another."""
    said = [f"{getattr(view.sizes, section.value)} {TITLES[section][1].lower()}" for section in Section]
    return tag("p", ", ".join(said), role="status", class_="unseen", id="heard")


def _ways(view: QueueView) -> Html:
    chosen, who = _section(), _who()
    links = [_tab(EVERYTHING, None, None, chosen, who)]
    links += [_tab(TITLES[section][1], section, getattr(view.sizes, section.value), chosen, who) for section in Section]
    return tag("nav", *links, class_="tabs", aria_label="Sections of the queue")


def _tab(title: str, section: Section | None, size: int | None, chosen: Section | None, who: str) -> Html:
    count = tag("span", f"{size:,}", class_="count") if size is not None else None
    current = "page" if section == chosen else None
    return tag("a", tag("span", title), count, href=ways.to("queue", show=section, who=who), data_go=True, aria_current=current)


def _whose(view: QueueView) -> Html:
    own, who = me().name, _who()
    names = dict.fromkeys([*(person.name for person in everyone()), *_seen_in(view), *filter(None, [who])])
    options = {"": "Everybody", own: f"Mine ({own})", **{name: pieces.short(name, 40) for name in names if name != own}}
    box = forms.select("Whose", "who", options, who)
    return tag("form", box, id="whose", data_do="whose", data_at_once=True)


def _seen_in(view: QueueView) -> Iterable[str]:
    everything = (*view.running, *view.waiting, *view.failed, *view.done)
    yield from (one.person for one in everything if isinstance(one, SweepLine))
    yield from (one.seen.run.person for one in everything if isinstance(one, Underway | Failed))
    yield from (one.run.person for one in everything if isinstance(one, Seen))
    yield from (one.question.seen.run.person for one in view.undecided)


def _body(seen: Line) -> Html:
    chosen, drawn = _section(), {section: _rows(seen, section) for section in Section}
    if chosen:
        return _part(seen, chosen, drawn[chosen])
    now = (Section.RUNNING, Section.WAITING)
    left, right = (tag("div", *(_part(seen, one, drawn[one]) for one in Section if (one in now) is left), class_="stack") for left in (True, False))
    return tag("div", left, right, class_="both")


def _rows(seen: Line, section: Section) -> list[Html]:
    view, own = seen.view, me()
    drawn: dict[Section, Iterable[Html]] = {
        Section.RUNNING: (_live(one, own) for one in view.running),
        Section.WAITING: (_live(one, own, view.pause) for one in view.waiting),
        Section.UNDECIDED: (mishaps.question(one, own) for one in view.undecided),
        Section.FAILED: (_failed(one) for one in view.failed),
        Section.DONE: (_done(one) for one in view.done[: None if _section() else DONE_AT_A_GLANCE]),
    }
    return list(drawn[section])


def _part(seen: Line, section: Section, rows: list[Html]) -> Html:
    (symbol, title, nothing), size = TITLES[section], getattr(seen.view.sizes, section.value)
    act = mishaps.retry_all(seen.view, seen.price, me()) if section is Section.FAILED and rows else None
    head = tag("div", tag("h2", icon(symbol), title, tag("span", f"{size:,}", class_="count")), act, class_="history-head")
    told = mishaps.outcome() if section is Section.FAILED else None
    listed = tag("ol" if section is Section.WAITING else "ul", *rows, class_="rows card") if rows else _nothing(nothing)
    return tag("section", head, told, listed, _more(section, size, len(rows)), id=section.value)


def _nothing(words: str) -> Html:
    whose = f" Only what {pieces.short(_who(), 40)} asked for is shown." if _who() else ""
    return tag("p", tag("span", words + whose), class_="nothing")


def _more(section: Section, size: int, shown: int) -> Html | None:
    """Lead to what does not fit here."""
    if _section():
        return pieces.pager(_page(), PER_PAGE, size, "queue", show=section, who=_who())
    if size <= shown:
        return None
    return tag("a", f"Show all {size:,}", href=ways.to("queue", show=section, who=_who()), data_go=True, class_="all")


def _live(one: Underway | SweepLine, own: Person, pause: Pause | None = None) -> Html:
    if isinstance(one, SweepLine):
        return sweepline.live_row(one, own, HELD_BACK if pause and one.words == pause.words else None)
    return _underway(one, pause)


def _failed(one: Failed | SweepLine) -> Html:
    return sweepline.failed_row(one) if isinstance(one, SweepLine) else mishaps.failed(one)


def _underway(one: Underway, pause: Pause | None = None) -> Html:
    seen, run = one.seen, one.seen.run
    number = tag("span", ordinal(one.place), class_="place", title="Place in line") if one.place else None
    facts: list[Child] = [pieces.cost(seen), f" · attempt {run.attempt}" if run.attempt > 1 else None]
    if run.state is not RunState.WORKING or one.place is not None:
        words = HELD_BACK if pause and run.stage == pause.words else run.stage
        stands, facts = tag("p", words, class_="doing"), [*facts, *_since(seen)]
    else:
        stands = pieces.progress(seen)
    top = tag("div", mishaps.named(seen), tag("div", pieces.cancel(seen), mishaps.more(seen), class_="acts"), class_="top")
    about = tag("div", top, stands, tag("p", *facts, class_="small"), mishaps.before(seen), class_="about")
    return tag("li", number, pieces.thumb(seen), about, id=f"run-{run.id}")


def _since(seen: Seen) -> tuple[Child, ...]:
    """Say for how long a run waits; of one that is tried again only when it was asked for is known."""
    if seen.run.attempt > 1:
        return (f" · asked {pieces.ago(seen.run.asked_at)}",)
    return " · waits ", pieces.elapsed(seen)


def _done(seen: Seen | SweepLine) -> Html:
    if isinstance(seen, SweepLine):
        return sweepline.done_row(seen)
    again = pieces.retry(seen) if seen.run.state in (RunState.CANCELLED, RunState.PARTLY) else None
    facts = tag("p", f"{pieces.cost(seen)} · {pieces.ago(seen.run.ended_at or seen.run.asked_at)}", class_="small")
    acts = tag("div", pieces.state_of(seen), again, mishaps.more(seen), class_="acts")
    top = tag("div", tag("div", mishaps.named(seen), facts), acts, class_="top")
    return tag("li", pieces.thumb(seen), tag("div", top, class_="about"), id=f"run-{seen.run.id}")


def _section() -> Section | None:
    given = st.query_params.get("show", "")
    return Section(given) if given in set(Section) else None


def _who() -> str:
    return st.query_params.get("who", "")


def _page() -> int:
    given = st.query_params.get("page", "1")
    return min(max(read_whole(given, 1), 1), 999_999)
