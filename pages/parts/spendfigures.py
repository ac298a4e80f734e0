"""The figures that matter above the chart: what was spent with its proof, what one of several came to, success, waste and what changed."""

from pages.parts import strip, ways
from pages.parts.markup import Child, Html, tag
from pages.parts.pieces import icon
from pages.parts.spendlook import Seen
from pages.parts.spendwords import Moved, average, change, points, share
from pipeline.records import dollars
from pipeline.studio import spending
from pipeline.studio.spending import Figures, Portraits
from pipeline.wording import counted

COUNTED = "Every charge and every adjusting entry of these days, added up one by one"


def draw(seen: Seen) -> Html:
    """Draw every figure; what changed is told of the days that are over."""
    one, was, old = seen.now, seen.over, seen.earlier
    parts = (
        f"{dollars(one.lost_micro_usd)} failed but charged · {dollars(one.rejected_micro_usd)} rejected · {dollars(one.retired_micro_usd)} retired"
    )
    figures = (
        _figure("Spent", dollars(one.charged_micro_usd), _proof(seen), change(was.charged_micro_usd, old and old.charged_micro_usd), class_="main"),
        _figure("Held now", dollars(one.held_micro_usd), f"for {one.open:,} unfinished" if one.open else "nothing unfinished"),
        _figure("Saved by re-use", dollars(one.saved_micro_usd), f"{share(one.reuse_rate)} of results were owned already"),
        _portraits(seen.portraits),
        _each("Per success", seen, "succeeded", "usable results"),
        _each("Per approved", seen, "approved", "approved"),
        _each("Per published", seen, "published", "seen by guests"),
        _figure("Success", share(one.success_rate), _alarm(seen), points(was.success_rate, old and old.success_rate, good=True)),
        _figure(
            f"Waste, {share(one.waste_share)} of it all",
            dollars(one.waste_micro_usd),
            parts,
            change(was.waste_micro_usd, old and old.waste_micro_usd, good=False),
        ),
        _queue(),
    )
    return tag("ul", *figures, class_="figures", aria_label="Figures")


def _portraits(one: Portraits) -> Html:
    """Draw what a portrait came to that guests see, with experiments left out and named."""
    seen = counted(one.seen_by_guests, "avatar with clip", "avatars with clips")
    apart = f" · {dollars(one.experiments_micro_usd)} of experiments apart" if one.experiments_micro_usd else ""
    return _figure("Per portrait", average(one.made_micro_usd, one.seen_by_guests), f"{seen} seen by guests{apart}")


def _figure(name: str, value: str, below: Child, moved: Moved | None = None, *, class_: str | None = None) -> Html:
    about = tag("span", "about ", class_="about") if value.startswith("about ") else None
    shown = tag("span", about, tag("b", value.removeprefix("about "), class_="figure"), arrow(moved))
    return tag("li", tag("span", name, class_="name"), shown, tag("span", below, class_="small"), class_=class_)


def arrow(moved: Moved | None, words: str = "") -> Html | None:
    """Draw a change: sign and size to be seen, the same in words to be heard, with the colour of better or worse where it is either."""
    if moved is None:
        return None
    heard = f"{moved.words}{words}"
    return tag("span", moved.sign, title=heard, aria_label=heard, role="img", class_=f"moved {moved.look}".strip())


def _each(name: str, seen: Seen, what: str, words: str) -> Html:
    """Draw what one of several came to on average, everything spent counting."""
    count = getattr(seen.now, what)
    moved = change(_exactly(seen.over, what), _exactly(seen.earlier, what), good=False)
    return _figure(name, average(seen.now.charged_micro_usd, count), f"{count:,} {words}", moved)


def _exactly(figures: Figures | None, what: str) -> float | None:
    return figures.charged_micro_usd / getattr(figures, what) if figures and getattr(figures, what) else None


def _proof(seen: Seen) -> Html:
    proof = seen.proof
    lines = f"{counted(proof.lines, 'charge')} in the ledger"
    if not proof.holds:
        words = f"The ledger's lines say {dollars(proof.lines_micro_usd)}, the sums {dollars(proof.sums_micro_usd)}"
        return tag("a", icon("error"), words, href=ways.to("costs", part="right"), data_go=True, class_="proof bad")
    if not seen.asked.is_narrowed and proof.sums_micro_usd != seen.now.charged_micro_usd:
        return tag("span", icon("sync"), "more was booked meanwhile; added up again shortly", class_="proof")
    whole = f"part of {dollars(proof.sums_micro_usd)}, which equals {lines}" if seen.asked.is_narrowed else f"equals {lines}"
    return tag("a", icon("check_circle"), whole, href=ways.to("costs", part="right"), data_go=True, title=COUNTED, class_="proof good")


def _alarm(seen: Seen) -> Child:
    one = seen.now
    ended = f"{one.succeeded:,} of {one.succeeded + one.failed:,} that ended by themselves"
    said = spending.unusual(one, seen.earlier) if seen.earlier else None
    return tag("span", icon("warning"), said, class_="alarm", role="alert") if said else ended


def _queue() -> Html:
    counts = strip.look().counts
    going = tag("a", f"{counts.running:,} running, {counts.waiting:,} waiting", href=ways.to("queue"), data_go=True)
    return _figure("Queue now", f"{counts.running + counts.waiting:,}", going)
