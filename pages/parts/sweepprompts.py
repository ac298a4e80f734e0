"""Prompts to compare: the style's own text in view, variants A, B, C in a wide editor, and the words that tell them apart."""

from collections.abc import Sequence

from pages.parts import forms
from pages.parts.here import place
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import icon
from pages.parts.told import What
from pipeline.errors import StudioError
from pipeline.prompts import avatar_prompt, motion_prompt
from pipeline.records import RunKind
from pipeline.studio.sweep_words import style_words
from pipeline.studio.sweeps import Sweep
from pipeline.sweeps.plans import Axis, Plan
from pipeline.sweeps.wording import Part, changed_places, differences, letter
from pipeline.workflows.wishes import AvatarWish, ClipWish

OFFERED = 6
LONGEST_PROMPT = 1000
ADVICE = (
    "Change one thing from variant to variant: after two changes at once nobody can tell which of them helped.",
    "Name what you want to see exactly; “nice” and “cool” tell a model nothing.",
    "Keep the words that hold the likeness the same in all of them, and the seeds, too.",
)


def read(what: What) -> list[str]:
    """Return the variants that stand in a form, each once, blanks and line breaks made single spaces."""
    count = OFFERED + sum(name.startswith("variant-") for name in what)
    written = (" ".join(what[f"variant-{number}"].split()) for number in range(count))
    return list(dict.fromkeys(filter(None, written)))


def block_id(sweep: Sweep) -> str:
    """Return the id of the element that shows the differences: another one for every version of the plan."""
    return f"words-{sweep.id}-{sweep.version}"


def draw(sweep: Sweep) -> Html:
    """Draw the editor; a plan without prompts of its own offers to begin with the style's."""
    texts = sweep.plan.axes.get(Axis.PROMPT, ())
    typed = (*texts, texts[0]) if len(texts) == 1 else texts  # a second one to change begins as the first
    fields = [_field(number, typed[number] if number < len(typed) else "") for number in range(max(OFFERED, len(typed)))]
    add = tag(
        "button", icon("add"), tag("span", "Add a variant" if texts else "Compare prompts"), type="button", class_="plain", data_adds_variant=True
    )
    legend = tag("legend", "Prompts")
    shown = tag("div", told(sweep.plan), id=block_id(sweep), class_="wording-shown")
    return tag("fieldset", legend, shown, tag("div", *fields, class_="variants"), forms.buttons(add), class_="wording")


def told(plan: Plan) -> Html:
    """Draw the style's text, the words that tell the variants apart, and what is worth knowing when one writes them."""
    texts = plan.axes.get(Axis.PROMPT, ())
    title, text = base(plan)
    own = tag("p", tag("b", f"{title}’s own text: "), tag("span", text, data_base=True), class_="small base") if text else None
    return join(own, _marks(texts), _several(texts), tag("ul", *(tag("li", one) for one in ADVICE), class_="small word-advice") if texts else None)


def parts(plan: Plan, axis: Axis) -> Sequence[Sequence[Part]] | None:
    """Return what tells the prompts of a plan apart; None for any other axis, and for one prompt alone."""
    values = plan.axes.get(axis, ())
    return differences(values) if axis is Axis.PROMPT and len(values) > 1 else None


def _field(number: int, text: str) -> Html:
    name = letter(number)
    area = tag("textarea", text, name=f"variant-{number}", rows=4, maxlength=LONGEST_PROMPT, spellcheck="true", aria_label=f"Prompt {name}")
    return tag("label", tag("span", name, class_="lettered"), area, data_variant=True, hidden=not text)


def _marks(texts: Sequence[str]) -> Html | None:
    if len(texts) < 2:
        return None
    lines = [
        tag("li", tag("b", letter(number)), " ", *((tag("mark", one.words), " ") if one.differs else (f"{one.words} ",) for one in found))
        for number, found in enumerate(differences(texts))
    ]
    return tag("ul", *lines, class_="small marks", aria_label="The words that differ")


def _several(texts: Sequence[str]) -> Html | None:
    changed = [(letter(number), changed_places(texts[0], text)) for number, text in enumerate(texts) if number]
    said = [f"{name} differs from A in {count} places: which of them helped cannot be told." for name, count in changed if count > 1]
    return tag("p", icon("warning"), " ", " ".join(said), class_="small") if said else None


def base(plan: Plan) -> tuple[str, str]:
    """Return title and text of the style, or motion, that the plan starts from; empty where it is gone."""
    clip = plan.kind is RunKind.CLIP
    named = (plan.axes.get(Axis.MOTION if clip else Axis.STYLE) or (ClipWish.motion if clip else AvatarWish.style,))[0]
    try:
        prompt = motion_prompt(place().styles, named) if clip else avatar_prompt(place().styles, named)
    except StudioError:
        return named, ""
    return style_words(place(), named, "motion" if clip else "avatar"), prompt.text
