"""The plan of a sweep: its axes as one form, what they come to, what is worth knowing before paying, and the button that pays."""

from urllib.parse import quote

from pages.parts import forms, pieces, sweepwords
from pages.parts.here import place
from pages.parts.markup import Html, tag
from pages.parts.pieces import barred, button, icon
from pages.parts.told import What
from pipeline.catalog import Job
from pipeline.records import STUDIO_SCOPE, Role, RunKind, dollars
from pipeline.studio import testphotos
from pipeline.studio.sweep_prices import Line, Priced
from pipeline.studio.sweep_view import SweepView
from pipeline.studio.sweep_words import style_words
from pipeline.sweeps.plans import ONLY, Axis, Plan
from pipeline.sweeps.remarks import USUAL_CELLS, Remark

HINTS = {
    Axis.STRENGTH: "0.5..0.7 +0.05 · 0.5, 0.6 · 0-1 [5]",
    Axis.GUIDANCE: "5, 7.5 · 1-20 [4]",
    Axis.STEPS: "20, 40 · 10-50 (+10)",
    Axis.SEED: "1-3: the same seeds in every cell",
    Axis.TAKE: "1-3: takes, for models without a seed",
    Axis.RESOLUTION: "480p, 720p",
}
NUMBERS = (Axis.STRENGTH, Axis.SEED, Axis.TAKE, Axis.GUIDANCE, Axis.STEPS, Axis.RESOLUTION)
USUAL_SHOWN = frozenset({Axis.STRENGTH, Axis.SEED, Axis.TAKE})


def draw(seen: SweepView) -> Html:
    """Draw the plan with its price."""
    return tag("section", tag("h2", "Plan"), _form(seen), _worth_knowing(seen.priced), _price(seen), class_="card plan")


def _form(seen: SweepView) -> Html:
    plan, sweep = seen.sweep.plan, seen.sweep
    few = [_numbers(plan, axis) for axis in NUMBERS if axis in ONLY[plan.kind] and axis in USUAL_SHOWN]
    rest = [_numbers(plan, axis) for axis in NUMBERS if axis in ONLY[plan.kind] and axis not in USUAL_SHOWN]
    more = [
        _models(plan),
        *rest,
        _words(plan, Axis.PROMPT, "Own prompts, one a line"),
        _words(plan, Axis.SWAP, "Words: the first is sought, each takes its place"),
        _skips(plan),
    ]
    open_ = any(plan.axes.get(axis) for axis in (Axis.MODEL, Axis.PROMPT, Axis.SWAP, Axis.GUIDANCE, Axis.STEPS, Axis.RESOLUTION)) or bool(plan.skips)
    fold = tag("details", tag("summary", "More axes"), *more, open=open_)
    save = forms.submit("Update the plan", look="plain", symbol="calculate", off=barred(Role.MAKE, "making"))
    return forms.form(
        "plan", f"plan-{sweep.id}-{sweep.version}", _photos(seen), _styles(plan), *few, fold, forms.buttons(save), version=sweep.version
    )


def _photos(seen: SweepView) -> Html:
    plan, avatar = seen.sweep.plan, seen.sweep.kind is RunKind.AVATAR
    chosen = plan.axes.get(Axis.PHOTO, ())
    known = {source.id: source for source in (*(testphotos.listing(place()) if avatar else ()), *seen.priced.sources.values())}
    tiles = [
        tag(
            "label",
            tag("input", type="checkbox", name="photo", value=quote(id_), checked=id_ in chosen),
            pieces.picture(source.asset, source.name),
            tag("span", pieces.short(source.name, 24)),
            class_="photo-pick",
        )
        for id_, source in known.items()
    ]
    words = "Cases, by invitation id" if avatar else "Cases with an approved avatar, by invitation id"
    cases = forms.field(words, "cases", placeholder="A-1042, A-1043", autocomplete="off")
    off = barred(Role.MAKE, "making")
    add = (
        button("Add a test photo", "test-photo", symbol="add_a_photo", look="quiet", off=off, dialog="opens") if avatar else None,
        button("Add the sample photo", "sample-photo", symbol="face", look="quiet", off=off)
        if avatar and not any(one.startswith(STUDIO_SCOPE) for one in known)
        else None,
    )
    legend = tag("legend", "Photos" if avatar else "Avatars")
    return tag("fieldset", legend, tag("div", *tiles, class_="photo-picks"), tag("div", *add, class_="row"), cases)


def _styles(plan: Plan) -> Html:
    axis, purpose = (Axis.STYLE, "avatar") if plan.kind is RunKind.AVATAR else (Axis.MOTION, "motion")
    chosen = plan.axes.get(axis, ())
    names = dict.fromkeys(style.name for style in place().styles.values() if style.purpose == purpose)
    several = [
        style.id for style in place().styles.values() if style.purpose == purpose and sum(s.name == style.name for s in place().styles.values()) > 1
    ]
    options = [*names, *several, *(value for value in chosen if value not in names and value not in several)]
    ticks = [forms.tick(pieces.short(style_words(place(), value, purpose), 40), axis.value, value, ticked=value in chosen) for value in options]
    return tag("fieldset", tag("legend", "Style" if axis is Axis.STYLE else "Motion"), tag("div", *ticks, class_="choices"))


def _models(plan: Plan) -> Html:
    job, chosen = Job(plan.kind.value), plan.axes.get(Axis.MODEL, ())
    models = [model for model in place().catalogue.models.values() if model.job is job]
    ticks = [forms.tick(model.title, "model", model.name, ticked=model.name in chosen) for model in models]
    return tag("fieldset", tag("legend", "Model"), tag("div", *ticks, class_="choices"))


def _numbers(plan: Plan, axis: Axis) -> Html:
    value = ", ".join(plan.axes.get(axis, ()))
    return forms.field(sweepwords.title(axis), axis.value, hint=HINTS[axis], value=value, autocomplete="off", spellcheck="false")


def _words(plan: Plan, axis: Axis, words: str) -> Html:
    return tag("label", words, tag("textarea", "\n".join(plan.axes.get(axis, ())), name=axis.value, rows=3, spellcheck="false"))


def _skips(plan: Plan) -> Html:
    lines = "\n".join(" ".join(f"{axis.value}={value}" for axis, value in skip.items()) for skip in plan.skips)
    return tag(
        "label",
        "Leave out, a combination a line",
        tag("textarea", lines, name="skips", rows=2, placeholder="strength=0.7 style=ghibli", spellcheck="false"),
    )


def _worth_knowing(priced: Priced) -> Html | None:
    bad = [
        tag("li", icon("error"), tag("span", tag("b", problem.text), " ", problem.why) if problem.text else tag("span", problem.why), class_="bad")
        for problem in priced.problems
    ]
    said = [_remark(number, remark) for number, remark in enumerate(priced.remarks)]
    return tag("ul", *bad, *said, class_="remarks", aria_label="Worth knowing before paying") if bad or said else None


def _remark(number: int, remark: Remark) -> Html:
    words = f"Merge them and save {dollars(remark.saves_micro_usd)}" if remark.saves_micro_usd else "Merge them"
    merge = (
        button(words, "merge", look="plain", off=barred(Role.MAKE, "making"), number=str(number), said=remark.words[:200]) if remark.merged else None
    )
    return tag("li", icon("warning"), tag("span", remark.words), merge)


def _price(seen: SweepView) -> Html | None:
    priced = seen.priced
    if not priced.cells:
        return None
    known = [f"{priced.asked:,} asked for already" if priced.asked else "", f"{priced.owned:,} owned, free" if priced.owned else ""]
    sum_ = tag("p", tag("b", f"{priced.cells:,} cells"), *(f" − {words}" for words in filter(None, known)), f" = {priced.to_buy:,} to buy")
    lines = [
        tag("li", f"{line.count:,} × {_unit(line)} = {dollars(line.micro_usd)}", tag("span", line.model, class_="small")) for line in priced.lines
    ]
    left = tag("p", f"{dollars(priced.left_today_micro_usd)} is left of today’s cap.", class_="small")
    return tag("div", sum_, tag("ul", *lines, class_="lines"), left, _buy(seen), class_="priced")


def _unit(line: Line) -> str:
    one = line.quote
    units = f"{one.quantity.normalize():f} {one.unit.value}{'s' if one.quantity != 1 else ''}"
    return f"{dollars(one.micro_usd)} ({units} at {dollars(one.unit_micro_usd)})"


def _buy(seen: SweepView) -> Html | None:
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
    noun = ("picture" if sweep.kind is RunKind.AVATAR else "clip") + ("" if priced.to_buy == 1 else "s")
    words = f"Make {priced.to_buy:,} {noun} · {dollars(priced.micro_usd)}" if priced.to_buy else f"Show {priced.owned:,} owned {noun} · free"
    large = forms.tick(f"Yes, {priced.to_buy:,} {noun} are wanted", "large") if priced.to_buy > USUAL_CELLS else None
    about = tag("p", f"About {_time(priced.seconds)} with every free place at work.", class_="small")
    off = barred(Role.MAKE, "making") or priced.why_not
    said = off or " ".join(priced.room.warnings)
    note = tag("p", said, class_="small bad" if off else "small") if said else None
    parts = (ceiling, large, about, forms.submit(words, symbol="brush", off=off), note)
    return forms.form("buy", f"buy-{sweep.id}-{sweep.version}-{priced.asked}", *parts, price=str(priced.micro_usd), version=sweep.version)


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def written(what: What) -> list[tuple[str, str]]:
    """Return the axes of the form as names and shorthand; boxes that were ticked come as one text with commas."""
    return [(axis.value, what[axis.value]) for axis in Axis]
