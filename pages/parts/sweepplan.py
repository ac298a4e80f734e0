"""The plan of a sweep as one form: photos, styles, prompts, numbers, and beside it what it comes to."""

from urllib.parse import quote

from pages.parts import daylinks, forms, pieces, sweepprice, sweepprompts, sweepwords
from pages.parts.here import me, place
from pages.parts.markup import Html, tag
from pages.parts.pieces import barred, button
from pipeline.catalog import Job
from pipeline.records import STUDIO_SCOPE, Role, RunKind
from pipeline.studio import testphotos
from pipeline.studio.sweep_view import SweepView
from pipeline.studio.sweep_words import style_words
from pipeline.sweeps.plans import ONLY, Axis, Plan
from pipeline.wording import counted

HINTS = {
    Axis.STRENGTH: "0.5..0.7 +0.05 · 0.5, 0.6 · 0-1 [5]",
    Axis.GUIDANCE: "5, 7.5 · 1-20 [4]",
    Axis.STEPS: "20, 40 · 10-50 (+10)",
    Axis.SEED: "1-3: the same seeds in every cell",
    Axis.TAKE: "1-3: takes, for models without a seed",
    Axis.RESOLUTION: "480p, 720p",
}
SKIPS_EXAMPLE = "strength=0.7 style=ghibli"
NUMBERS = (Axis.STRENGTH, Axis.SEED, Axis.TAKE, Axis.GUIDANCE, Axis.STEPS, Axis.RESOLUTION)
USUAL_SHOWN = frozenset({Axis.STRENGTH, Axis.SEED, Axis.TAKE})


def draw(seen: SweepView) -> Html:
    """Draw the plan with its price: unfolded before anything is bought, folded by every purchase."""
    asked, cells = seen.priced.asked, seen.priced.cells
    summary = tag("summary", tag("h2", "Plan"), tag("span", _in_short(seen), class_="small"))
    body = tag("div", _form(seen), sweepprice.block(seen, me()), class_="plan-body")
    return tag("details", summary, body, id=f"plan-fold-{asked}", open=not asked or cells > asked, class_="card plan")


def _in_short(seen: SweepView) -> str:
    axes = [counted(len(values), axis.value) for axis, values in seen.sweep.plan.axes.items()]
    return f"{' × '.join(axes)} = {counted(seen.priced.cells, 'cell')}"


def _form(seen: SweepView) -> Html:
    plan, sweep = seen.sweep.plan, seen.sweep
    few = [_numbers(plan, axis) for axis in NUMBERS if axis in ONLY[plan.kind] and axis in USUAL_SHOWN]
    rest = [_numbers(plan, axis) for axis in NUMBERS if axis in ONLY[plan.kind] and axis not in USUAL_SHOWN]
    more = [
        _models(plan),
        *rest,
        _words(plan, Axis.SWAP, "Words: the first is sought, each takes its place"),
        _skips(plan),
    ]
    open_ = any(plan.axes.get(axis) for axis in (Axis.MODEL, Axis.SWAP, Axis.GUIDANCE, Axis.STEPS, Axis.RESOLUTION)) or bool(plan.skips)
    fold = tag("details", tag("summary", "More axes"), tag("div", *more, class_="more-axes"), open=open_)
    save = forms.submit("Save the plan", look="plain", symbol="save", off=barred(Role.MAKE, "making"))
    follows = {"drafts": address(sweep.id, me().name), "shows": sweepprice.block_id(sweep), "words": sweepprompts.block_id(sweep)}
    parts = (_photos(seen), _styles(plan), tag("div", *few, class_="numbers"), sweepprompts.draw(sweep), fold, forms.buttons(save))
    return forms.form("plan", f"plan-{sweep.id}-{sweep.version}", *parts, version=sweep.version, **follows)


def address(sweep_id: str, person: str) -> str:
    """Return the signed address that prices what a person types into the plan, the same for the day."""
    return f"/draft/{daylinks.sign('draft', sweep_id, person)}"


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
        tag("textarea", lines, name="skips", rows=2, placeholder=SKIPS_EXAMPLE, spellcheck="false"),
    )
