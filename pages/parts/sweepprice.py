"""What a plan comes to: cells, price, time, what is worth knowing before paying, and the button that buys exactly that."""

from decimal import Decimal

from pages.parts import forms
from pages.parts.markup import Html, tag
from pages.parts.pieces import button, icon
from pipeline.records import Person, Role, RunKind, dollars
from pipeline.studio.sweep_prices import Line, Priced
from pipeline.studio.sweep_view import SweepView
from pipeline.studio.sweeps import Sweep
from pipeline.sweeps.plans import plan_hash
from pipeline.sweeps.remarks import USUAL_CELLS, Remark
from pipeline.wording import counted


def block_id(sweep: Sweep) -> str:
    """Return the id of the element that shows the price: another one for every version of the plan."""
    return f"priced-{sweep.id}-{sweep.version}"


def block(seen: SweepView, by: Person) -> Html:
    """Draw what the plan comes to; the browser fills this element itself while somebody types."""
    return tag("div", *parts(seen, by), class_="plan-price", id=block_id(seen.sweep))


def parts(seen: SweepView, by: Person) -> tuple[Html | None, Html | None]:
    """Draw the price of a plan, saved or only typed, and what is worth knowing of it."""
    off = None if Role.MAKE in by.roles else "Your role does not allow making."
    return _price(seen, off), _worth_knowing(seen.priced, off)


def _worth_knowing(priced: Priced, off: str | None) -> Html | None:
    bad = [
        tag("li", icon("error"), tag("span", tag("b", problem.text), " ", problem.why) if problem.text else tag("span", problem.why), class_="bad")
        for problem in priced.problems
    ]
    said = [_remark(number, remark, off) for number, remark in enumerate(priced.remarks)]
    return tag("ul", *bad, *said, class_="remarks", aria_label="Worth knowing before paying") if bad or said else None


def _remark(number: int, remark: Remark, off: str | None) -> Html:
    words = f"Merge them and save {dollars(remark.saves_micro_usd)}" if remark.saves_micro_usd else "Merge them"
    merge = button(words, "merge", look="plain", off=off, number=str(number), said=remark.words[:200]) if remark.merged else None
    return tag("li", icon("warning"), tag("span", remark.words), merge)


def _price(seen: SweepView, off: str | None) -> Html | None:
    priced = seen.priced
    if not priced.cells:
        return None
    known = [f"{priced.asked:,} asked for already" if priced.asked else "", f"{priced.owned:,} owned, free" if priced.owned else ""]
    sum_ = tag(
        "p",
        tag("b", counted(priced.cells, "cell")),
        *(f" − {words}" for words in filter(None, known)),
        f" = {priced.to_buy:,} to buy",
        class_="sum",
    )
    lines = [
        tag("li", f"{line.count:,} × {_unit(line)} = {dollars(line.micro_usd)}", tag("span", line.model, class_="small")) for line in priced.lines
    ]
    left = tag("p", f"{dollars(priced.left_today_micro_usd)} is left of today’s cap.", class_="small")
    return tag("div", sum_, tag("ul", *lines, class_="lines"), left, _buy(seen, off), class_="priced")


def _plural(quantity: Decimal) -> str:
    return "" if quantity == 1 else "s"


def _unit(line: Line) -> str:
    one = line.quote
    units = f"{one.quantity.normalize():f} {one.unit.value}{_plural(one.quantity)}"
    return f"{dollars(one.micro_usd)} ({units} at {dollars(one.unit_micro_usd)})"


def _buy(seen: SweepView, barred: str | None) -> Html | None:
    priced, sweep = seen.priced, seen.sweep
    if priced.cells == priced.asked:
        return tag("p", icon("check_circle"), "Every cell of this plan was asked for. Extend an axis to buy more.", class_="small")
    spent = seen.charged_micro_usd + seen.held_micro_usd
    usual = max(sweep.ceiling_micro_usd or 0, spent + priced.micro_usd)
    ceiling = forms.field(
        "Ceiling of this sweep, in dollars",
        "ceiling",
        value=f"{usual / 1e6:.2f}" if usual % 10_000 == 0 else f"{usual / 1e6}",
        inputmode="decimal",
        required=True,
    )
    noun = "picture" if sweep.kind is RunKind.AVATAR else "clip"
    many = counted(priced.to_buy, noun)
    words = f"Make {many} · {dollars(priced.micro_usd)}" if priced.to_buy else f"Show {counted(priced.owned, f'owned {noun}')} · free"
    large = forms.tick(f"Yes, {many} are wanted", "large") if priced.to_buy > USUAL_CELLS else None
    about = tag("p", f"About {_time(priced.seconds)} {priced.seconds_from}.", class_="small about") if priced.to_buy else None
    off = barred or priced.why_not
    said = off or " ".join(priced.room.warnings)
    note = tag("p", said, class_="small bad" if off else "small") if said else None
    said_there = tag("span", class_="at-field", role="alert", data_ceiling_says=True)
    fields = (ceiling, said_there, large, about, forms.purchase(words, symbol="brush", off=off), note)
    shown = {"price": str(priced.micro_usd), "spent": str(spent), "version": sweep.version, "plan": plan_hash(priced.plan)}
    return forms.form("buy", f"buy-{sweep.id}-{sweep.version}-{priced.asked}", *fields, **shown)


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
