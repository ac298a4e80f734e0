"""Judging a sweep: blind pairs whose settings show only after the vote, and the ranking that comes of them with how sure it is."""

from typing import Any

import streamlit as st

from pages.parts import pieces, sweepwords, ways
from pages.parts.here import me, place, shared
from pages.parts.judge_actions import PAIR, SHOWN
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import button, icon
from pipeline.errors import StudioError
from pipeline.records import Role, dollars
from pipeline.studio import judging, pairs, presets
from pipeline.studio.judging import Judged, Setting
from pipeline.studio.pairs import Pair
from pipeline.studio.sweep_view import Made, SeenCell, SweepView
from pipeline.studio.sweeps import Sweep
from pipeline.sweeps.ranking import Standing, Verdict
from pipeline.wording import counted

HEADS = ("Settings", "Blind votes", "Won and lost", "Stars", "Likeness", "Acceptable", "Each acceptable costs", "")
VERDICTS = (
    (Verdict.LEFT, "Left is better", "1"),
    (Verdict.TIE, "The same", "2"),
    (Verdict.BOTH_BAD, "Both bad", "3"),
    (Verdict.RIGHT, "Right is better", "4"),
)
SAID = {verdict: words for verdict, words, _ in VERDICTS}


def draw(seen: SweepView) -> Html:
    """Draw a pair to judge without its settings, or what the pair was that was just judged."""
    across = bool(st.query_params.get("styles"))
    count = pairs.tally(place(), seen, me())
    back = tag("a", icon("arrow_back"), seen.sweep.name, href=ways.to("compare", sweep=seen.sweep.id), data_go=True, class_="back")
    head = tag("div", back, tag("header", tag("h1", "Which is better?"), _about(seen, count, across=across), class_="headbar"))
    try:
        pair = st.session_state.get(PAIR) or pairs.pair(place(), seen.sweep.id, me(), across_styles=across)
    except StudioError as error:
        return tag("div", head, _nothing(error.on_screen), class_="stack")
    if pair is None:
        return tag("div", head, _nothing("You have judged every pair. The ranking is on the sweep’s page."), class_="stack")
    st.session_state[PAIR] = pair
    return tag("div", head, _pair(seen, pair), class_="stack")


def _about(seen: SweepView, count: pairs.Tally, *, across: bool) -> Html:
    """Say how many pairs were judged; offer the way back, and styles against each other where there are several."""
    own = counted(count.own, "pair")
    words = tag("span", f"{own} judged by you, {count.all} by all", class_="small", role="status")
    undo = button("Undo the last vote", "undo-vote", symbol="undo", look="quiet", key="u", off=None if count.own else "You have not voted yet.")
    switch = ways.to("compare", sweep=seen.sweep.id, judge="1", styles=None if across else "1")
    said = "Only within a style" if across else "Also styles against each other"
    styles = tag("a", said, href=switch, data_go=True, class_="small") if count.several_styles else None
    return tag("div", words, styles, undo, class_="row")


def results(seen: SweepView) -> Html | None:
    """Draw what was judged: candidates from best to worst, what they cost, and how far people agree."""
    if seen.count("made") < 2:
        return None
    if seen.live:
        blind = button("Judge blind", "judge", symbol="visibility_off", look="plain", off=_off())
        words = tag("p", "The ranking stands here once every cell has ended.", class_="small")
        return tag("section", tag("div", tag("h2", "Judged"), blind, class_="history-head"), words, class_="card", id="judged")
    found = shared(f"judged {seen.sweep.id}", lambda there: judging.standing(there, seen.sweep.id))
    preset = presets.current(place(), seen.sweep.kind)
    rows = [_row(found, setting, is_preset=preset is not None and preset.run_id in setting.run_ids) for setting in found.settings]
    heads = tag("tr", *(tag("th", words, role="columnheader") for words in HEADS), role="row")
    body = tag("tbody", *rows, role="rowgroup")
    table = tag("table", tag("thead", heads, role="rowgroup"), body, class_="ranking", role="table", aria_label="Settings from best to worst")
    next_ = "plain" if found.winner or seen.priced.cells != seen.priced.asked else "primary"
    head = tag("div", tag("h2", "Judged"), button("Judge blind", "judge", symbol="visibility_off", look=next_, off=_off()), class_="history-head")
    return tag(
        "section",
        head,
        tag("p", found.words, class_="lead"),
        tag("div", table, class_="scroll"),
        _agreement(found),
        class_="card",
        id="judged",
    )


def evidence_of(sweep: Sweep, run_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of a cell as a preset keeps them, and what speaks for them; raises NotNow for a cell that was not made."""
    return judging.settings_of_cell(place(), run_id), judging.evidence(place(), sweep.id, run_id)


def _nothing(words: str) -> Html:
    return tag("div", icon("done_all"), tag("p", words), class_="friendly")


def _off() -> str | None:
    return None if {Role.MAKE, Role.APPROVE} & me().roles else "Your role does not allow judging."


def _pair(seen: SweepView, pair: Pair) -> Html:
    cells = {f"{seen.sweep.id}-{one.cell.key}": one for one in seen.cells}
    left, right, told = cells.get(pair.left), cells.get(pair.right), st.session_state.get(SHOWN)
    if left is None or right is None or left.made is None or right.made is None:
        st.session_state.pop(PAIR, None)
        return _nothing("This pair changed meanwhile; the next one comes in a moment.")
    photo = tag("figure", pieces.picture(left.cell.source, "The photo", whole=True), tag("figcaption", "The photo"), class_="photo")
    words = [_settings(seen, one) if told else "" for one in (left, right)]
    shown = tag(
        "div",
        _figure(left.made, "Left", words[0], chosen=told == Verdict.LEFT),
        photo,
        _figure(right.made, "Right", words[1], chosen=told == Verdict.RIGHT),
        class_="blind",
        id=f"pair-{pair.left}-{pair.right}",
    )
    if told:
        kept = tag("p", icon("check"), f"Kept: {SAID[Verdict(told)].lower()}.", role="status")
        next_ = button("Next pair", "next-pair", look="primary", symbol="arrow_forward", any_key="1")
        hint = tag("p", "Any key goes on, U takes the vote back.", class_="small", style="text-align:center")
        return join(shown, tag("div", kept, next_, class_="verdicts"), hint)
    about = {"left": pair.left, "right": pair.right}
    press = [button(words, "vote", look="plain", verdict=verdict.value, off=_off(), key=key, **about) for verdict, words, key in VERDICTS]
    hint = tag(
        "p",
        "Keys 1 to 4, U takes the last vote back. The settings show after your vote; sides are by chance.",
        class_="small",
        style="text-align:center",
    )
    return join(shown, tag("div", *press, class_="verdicts"), hint)


def _figure(made: Made, side: str, words: str, *, chosen: bool) -> Html:
    clip = made.whole is not None and made.whole.media_type.startswith("video/")
    drawn = (
        pieces.clip(made.whole, made.shown, side, id_=f"blind-{side}")
        if clip and made.whole
        else pieces.picture(made.shown or made.whole, side, whole=True)
    )  # type: ignore[arg-type]
    mark = tag("b", icon("check_circle"), "Your choice", class_="badge good") if chosen else None
    return tag("figure", drawn, tag("figcaption", mark, " ", words or side), class_="chosen" if chosen else None)


def _settings(seen: SweepView, one: SeenCell) -> str:
    named = [axis for axis, values in seen.sweep.plan.axes.items() if len(values) > 1]
    words = " · ".join(f"{sweepwords.title(axis)} {sweepwords.label(seen, axis, one.cell.values[axis])}" for axis in named)
    likeness = one.made.likeness.score if one.made and one.made.likeness else None
    return (
        f"{words} · likeness {likeness:.2f} · {dollars(one.cell.micro_usd)}" if likeness is not None else f"{words} · {dollars(one.cell.micro_usd)}"
    )


def _row(found: Judged, one: Setting, *, is_preset: bool) -> Html:
    span = max((abs(value) for other in found.settings if other.standing for value in (other.standing.low, other.standing.high)), default=1.0)
    votes = _whisker(one.standing, min(span, 6.0)) if one.standing else tag("span", "no votes yet", class_="small")
    stars = f"{one.mean_stars:.1f}" if one.mean_stars is not None else "–"
    like = _likeness(one)
    cost = dollars(round(one.cost_per_acceptable_micro_usd)) if one.cost_per_acceptable_micro_usd is not None else "–"
    best = tag("span", icon("trophy"), "winner", class_="badge good") if one.id in found.winners else None
    worth = tag("span", "best for its price", class_="badge ask") if one.efficient else None
    used = tag("span", icon("verified"), "preset for support", class_="badge good") if is_preset else None
    look = "primary" if best else "plain"
    preset = used or button("Make this the preset", "preset", look=look, off=_preset_off(), cell=one.run_ids[0]) if one.run_ids else None
    name = tag("th", one.words, " ", best, " ", worth, scope="row", role="rowheader")
    facts = (votes, _counts(one), stars, like, f"{one.acceptable} of {one.cells}", cost, preset)
    cells = (tag("td", fact, role="cell", data_label=head or None) for head, fact in zip(HEADS[1:], facts, strict=True))
    return tag("tr", name, *cells, id=f"setting-{one.id}", role="row")


def _likeness(one: Setting) -> str:
    if one.likeness is None:
        return "not measurable"
    return f"{one.likeness:.2f}" + (f" ± {one.likeness_spread:.2f}" if one.likeness_spread else "")


def _whisker(said: Standing, span: float) -> Html:
    low, at, high = (round(50 + 50 * max(-1.0, min(1.0, value / span))) for value in (said.low, said.strength, said.high))
    words = f"strength {said.strength:.2f}, between {said.low:.2f} and {said.high:.2f}"
    return tag("span", class_="whisker", role="img", aria_label=words, title=words, style=f"--low:{low}%;--at:{at}%;--high:{high}%")


def _counts(one: Setting) -> str:
    if one.standing is None:
        return ""
    said = one.standing
    return (
        f"{said.wins} won, {said.losses} lost"
        + (f", {said.ties} the same" if said.ties else "")
        + (f", {said.both_bad} both bad" if said.both_bad else "")
    )


def _preset_off() -> str | None:
    return None if Role.ADMIN in me().roles else "Your role does not allow changing presets."


def _agreement(found: Judged) -> Html | None:
    if found.agreement.share is None:
        return None
    words = f"Where two people judged the same pair they agreed in {found.agreement.agreed} of {found.agreement.pairs}."
    return tag("p", words, class_="small")
