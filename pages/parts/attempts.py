"""Everything that was tried for a case, newest first: what it looked like, what it cost, who did it and what was said of it."""

from collections.abc import Iterable

import streamlit as st

from pages.parts import forms, pieces, ways
from pages.parts.here import me, place
from pages.parts.markup import Child, Html, tag
from pages.parts.pieces import button
from pipeline.records import Decision, Role, RunKind, RunState
from pipeline.studio.casebook import CaseView
from pipeline.studio.comparing import Difference, Side, difference
from pipeline.studio.history import Attempt, Judgement

ENDED_BADLY = (RunState.FAILED, RunState.CANCELLED, RunState.PARTLY)


def section(seen: CaseView) -> Html | None:
    """Draw the history, and the difference of two attempts when the address names them."""
    if not seen.history:
        return None
    rows = [_attempt(seen, one) for one in seen.history]
    compare = forms.submit("Compare two", look="plain", symbol="difference") if len(rows) > 1 else None
    head = tag("div", tag("h2", "History", tag("span", str(len(rows)), class_="count")), compare, class_="history-head")
    listed = tag("form", head, tag("div", *rows, class_="attempts card"), data_do="compare", id="history-form")
    return tag("section", _compared(seen), listed, id="history")


def _attempt(seen: CaseView, one: Attempt) -> Html:
    run = one.seen.run
    when = tag("span", pieces.ago(run.ended_at or run.asked_at), title=run.asked_at[:19].replace("T", " ") + " UTC", class_="small")
    first = tag("p", tag("b", pieces.what(run)), pieces.state_of(one.seen), when)
    is_said = run.state in ENDED_BADLY or not run.ended or one.outcome.lower() == one.seen.decision
    outcome = None if is_said else tag("p", one.outcome, class_="small")
    facts = " · ".join(filter(None, (pieces.settings_of(run), pieces.likeness(one.seen), pieces.cost(one.seen), run.person)))
    elsewhere = f", served by {one.served}" if one.served and one.served != one.asked else ""
    served = f"{one.model}, asked of {one.asked}{elsewhere}"
    bad = pieces.failure(one.seen) if run.state in ENDED_BADLY else None
    notes = [tag("p", _said(judgement), class_="small") for judgement in one.judgements]
    pick = tag("label", tag("input", type="checkbox", name="runs", value=run.id), "Compare", class_="to-compare")
    about = tag("div", first, tag("p", facts), outcome, tag("p", served, class_="small"), bad, *notes, class_="about")
    return tag("div", pieces.thumb(one.seen), about, tag("div", *_acts(seen, one), pick, class_="acts"), class_="attempt", id=f"attempt-{run.id}")


def _said(one: Judgement) -> str:
    why = f": {one.note}" if one.note else ""
    return f"{one.decision.value.capitalize()} by {one.person}, {pieces.ago(one.at)}{why}"


def _acts(seen: CaseView, one: Attempt) -> Iterable[Html | None]:
    run = one.seen.run
    again = tag("a", "Use these settings again", href=ways.to("cases", case=run.case_id, again=run.id), data_go=True, class_="linklike")
    if run.state in ENDED_BADLY:
        yield pieces.retry(one.seen, "Retry", "plain")
    elif _may_be_approved(seen, one):
        yield button("Approve", "decide", symbol="check", run=run.id, decision=Decision.APPROVED.value)
    yield again
    if one.seen.made is not None:
        yield tag("a", "Details", href=ways.to("library", scope=run.case_id, asset=one.seen.made.sha256), data_go=True, class_="linklike")


def _may_be_approved(seen: CaseView, one: Attempt) -> bool:
    """Tell whether what was rejected or withdrawn still belongs to the present photo or avatar."""
    run, case = one.seen.run, seen.case
    fits = run.photo_version == case.photo_version and (run.kind is RunKind.AVATAR or run.source == case.avatar)
    return fits and one.seen.made is not None and one.seen.decision in (Decision.REJECTED, Decision.WITHDRAWN) and Role.APPROVE in me().roles


def _compared(seen: CaseView) -> Html | None:
    known = {one.seen.run.id: one for one in seen.history}
    chosen = [known[name] for name in st.query_params.get("compare", "").split(",") if name in known][:2]
    if len(chosen) != 2:
        return None
    rows = [_row(row) for row in difference(place(), chosen[0].seen.run, chosen[1].seen.run)]
    heads = [tag("th", "Setting"), *(tag("th", pieces.thumb(one.seen), pieces.what(one.seen.run)) for one in chosen)]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows))
    close = tag("a", "Close", href=ways.to("cases", case=seen.case.id), data_go=True, class_="linklike")
    head = tag("div", tag("h2", "Two attempts compared"), close, class_="history-head")
    return tag("div", head, tag("div", table, class_="scroll"), class_="card stack", id="compared")


def _row(row: Difference) -> Html:
    left, right = (_side(row, side) for side in (Side.LEFT, Side.RIGHT))
    return tag("tr", tag("th", row.name), tag("td", left), tag("td", right), class_=None if row.same else "differs")


def _side(row: Difference, side: Side) -> Child:
    """Show one side of a row; in words that differ, what the other side lacks is marked."""
    if not row.pieces:
        return row.left if side is Side.LEFT else row.right
    mark = "del" if side is Side.LEFT else "ins"
    return [tag(mark, words) if where is side else words for where, words in row.pieces if where in (side, Side.BOTH)]
