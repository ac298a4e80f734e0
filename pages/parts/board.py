"""The usual Home: what waits for a decision, what runs, what was made last."""

from pages.parts import mishaps, pieces, sweepline, ways
from pages.parts.here import me
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import barred, button
from pipeline.records import Decision, Role, RunKind, RunState, dollars
from pipeline.studio.home import Home
from pipeline.studio.seen import Seen
from pipeline.studio.shopwindow import Line
from pipeline.studio.undecided import Undecided
from pipeline.wording import counted


def sections(seen: Home) -> Html:
    """Show the three lists, those with nothing in them in one line."""
    waiting = [*(_question(question) for question in seen.questions), *(_candidate(one) for one in seen.to_do)]
    sample = pieces.sample(f"Make a sample portrait · {pieces.price_of_avatar()}", "sample", seen.samples + 1)
    head = tag("header", tag("h1", "Home"), sample)
    running = [*(_running(one) for one in seen.running), *(sweepline.home_row(one, me()) for one in seen.sweeps)]
    to_do = tag("div", *waiting, class_="wall") if waiting else _nothing("task_alt", "Nothing waits for you.")
    return join(
        head,
        tag("section", tag("h2", "To do now", _count(seen)), to_do, _rest(seen), class_="to-do"),
        _to_publish(seen),
        _section("Running", running) if running else None,
        _section("Newest", [_made(one) for one in seen.newest]) if seen.newest else None,
    )


def _section(title: str, rows: list[Html]) -> Html:
    return tag("section", tag("h2", title), tag("ul", *rows, class_="rows card"))


def _to_publish(seen: Home) -> Html | None:
    """Lead to what is approved and guests do not see yet."""
    if not seen.to_publish:
        return None
    more = seen.to_publish_count - len(seen.to_publish)
    rest = tag("a", f"{counted(more, 'more case')} on Publish", href=ways.to("publish"), data_go=True) if more > 0 else None
    rows = tag("ul", *map(_unseen, seen.to_publish), class_="rows card")
    head = tag("h2", "Approved, not published", tag("span", f"{seen.to_publish_count:,}", class_="count"))
    return tag("section", head, rows, rest, id="to-publish")


def _unseen(line: Line) -> Html:
    shown = pieces.picture(line.picture, "", lazy=True) if line.picture else pieces.icon("hide_image")
    about = tag("div", tag("p", pieces.case_link(line.case), tag("span", line.adds)), class_="about")
    to = {"href": ways.to("publish", case=line.case.id), "data_go": True, "class_": "linklike"}
    leads = tag("a", pieces.icon("public"), "Publish", aria_label=f"Publish {pieces.short(line.case.name)}", **to)
    return tag("li", tag("span", shown, class_="thumb"), about, leads, id=f"publish-{line.case.id}")


def _count(seen: Home) -> Html | None:
    everything = seen.to_do_count + seen.questions_count
    return tag("span", str(everything), class_="count") if everything else None


def _rest(seen: Home) -> Html | None:
    """Lead to what does not fit here."""
    more = seen.to_do_count - len(seen.to_do)
    return tag("a", f"{more} more to review in the library", href=ways.to("library", state="to review"), data_go=True) if more > 0 else None


def _nothing(symbol: str, words: str) -> Html:
    return tag("p", pieces.icon(symbol), tag("span", words), class_="nothing")


def _candidate(seen: Seen) -> Html:
    alt = pieces.alt_of(seen)
    if seen.made is not None and seen.run.kind is RunKind.CLIP:
        shown = pieces.clip(seen.made, seen.picture, alt, id_=f"clip-{seen.run.id}")
    else:
        shown = pieces.picture(seen.picture or seen.source, alt)
    off = barred(Role.APPROVE, "deciding")
    approve = button("Approve", "decide", symbol="check", off=off, run=seen.run.id, decision=Decision.APPROVED.value)
    reject = button("Reject", "decide", symbol="thumb_down", look="quiet", off=off, run=seen.run.id, decision=Decision.REJECTED.value)
    facts = " · ".join(filter(None, (pieces.what(seen.run), pieces.likeness(seen), pieces.cost(seen))))
    from_ = tag("span", pieces.picture(seen.source, f"What it was made from: {seen.case.name}"), class_="thumb")
    words = tag("div", from_, tag("p", pieces.case_link(seen.case), tag("span", facts), class_="small"), class_="caption")
    return tag(
        "article",
        tag("div", shown, class_="frame"),
        words,
        tag("div", approve, reject, class_="buttons"),
        class_="card",
        id=f"do-{seen.run.id}",
    )


def _question(one: Undecided) -> Html:
    seen, call = one.question.seen, one.question.call
    held = f"{dollars(call.hold_micro_usd)} is held for it."
    return tag(
        "article",
        tag("div", pieces.picture(seen.source, pieces.alt_of(seen)), tag("span", pieces.icon("help"), class_="mark"), class_="frame"),
        tag("p", sweepline.whose(seen), tag("span", pieces.what(seen.run)), class_="small"),
        pieces.state_of(seen),
        tag("p", f"{one.happened} {held}", class_="small"),
        *mishaps.short_ways(one, me()),
        class_="card",
        id=f"ask-{call.id}",
    )


def _running(seen: Seen) -> Html:
    about = tag(
        "div",
        tag("p", pieces.case_link(seen.case), tag("span", f"{pieces.what(seen.run)} · {seen.run.person}")),
        pieces.progress(seen),
        class_="about",
    )
    return tag("li", pieces.thumb(seen), about, pieces.cancel(seen), id=f"run-{seen.run.id}")


def _made(seen: Seen) -> Html:
    failed = seen.run.state in (RunState.FAILED, RunState.CANCELLED, RunState.PARTLY)
    price = None if failed else pieces.cost(seen)
    when = pieces.ago(seen.run.ended_at or seen.run.asked_at)
    facts = " · ".join(filter(None, (pieces.what(seen.run), price, seen.run.person, when)))
    about = tag("div", tag("p", pieces.case_link(seen.case), tag("span", facts)), pieces.failure(seen) if failed else None, class_="about")
    return tag("li", pieces.thumb(seen), about, pieces.state_of(seen), _next(seen), id=f"run-{seen.run.id}")


def _next(seen: Seen) -> Html | None:
    if seen.run.state in (RunState.FAILED, RunState.CANCELLED, RunState.PARTLY):
        return pieces.retry(seen, "Retry", "quiet")
    if seen.can_be_animated and not seen.clips:
        return pieces.animate(seen, f"Animate · {pieces.price_of_clip()}", "plain")
    return None
