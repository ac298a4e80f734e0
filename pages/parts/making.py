"""The forms that make things: style with examples, everything else folded away, and the price on the button."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from pages.parts import forms, presetcard
from pages.parts.here import place
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pipeline.catalog.models import Parameter
from pipeline.catalog.parameters import HIGHEST_SEED
from pipeline.errors import UnknownName
from pipeline.prompts import Style
from pipeline.records import RunKind, dollars
from pipeline.studio import home, presets
from pipeline.studio.casebook import CaseView
from pipeline.studio.comparing import FREE
from pipeline.studio.offers import ModelOffer, Offer
from pipeline.workflows.wishes import AvatarWish, ClipWish

WORDS = {"strength": "Strength", "steps": "Inference steps", "guidance": "Guidance scale", "resolution": "Resolution"}
HINTS = {"strength": "lower keeps the photo, higher gives more style"}
OWN = "Own words instead of the style’s prompt"
OWN_MOTION = "Own words for the motion"


def section(seen: CaseView) -> Html:
    """Draw both forms: an avatar from the photo, a clip from the approved avatar."""
    return tag("section", tag("h2", "Make"), _avatar(seen), _clip(seen), class_="card make", id="make")


def press(seen: CaseView, kind: RunKind, words: str) -> Html:
    """Draw a button elsewhere that sends a form as it stands, at the price that its own button shows."""
    offer, again = _offer(seen, kind), chosen(seen, kind)
    begins = again or _preset(offer)
    price = tag("span", dollars(_price(_now(offer, begins), begins)), data_priced=True)
    return forms.purchase((f"{words} · ", price), off=offer.why, form=form_id(seen, kind))


def form_id(seen: CaseView, kind: RunKind) -> str:
    """Name the form that makes such a thing next; one that was used is another afterwards, and so is one that begins with another preset."""
    offer, number = _offer(seen, kind), (seen.avatars if kind is RunKind.AVATAR else seen.clips) + 1
    name = "avatar" if kind is RunKind.AVATAR else f"clip-{(seen.case.avatar or '')[:8]}"
    return f"{name}-{number}-{st.query_params.get('again', '')}{f'-{offer.preset.id}' if offer.preset else ''}"


def _offer(seen: CaseView, kind: RunKind) -> Offer:
    return seen.avatar_offer if kind is RunKind.AVATAR else seen.clip_offer


def chosen(seen: CaseView, kind: RunKind) -> Mapping[str, Any]:
    """Return the settings of the run that the address says to use again, an attempt of this case or a cell on its photo; empty for the usual ones."""
    wanted = st.query_params.get("again")
    run = next((one.seen.run for one in seen.history if one.seen.run.id == wanted), None)
    if run is None and wanted:
        try:
            run = home.see(place(), wanted).run
        except UnknownName:
            return {}
    return run.settings if run is not None and run.kind is kind and run.case_id == seen.case.id else {}


def _avatar(seen: CaseView) -> Html:
    offer, again, number = seen.avatar_offer, chosen(seen, RunKind.AVATAR), seen.avatars + 1
    last = next((one.seen.run.settings for one in seen.history if one.seen.run.kind is RunKind.AVATAR), {})
    begins = again or _preset(offer)
    words = "Generate another" if number > 1 else "Generate avatar"
    goes_on = str(last.get("style", FREE)) != FREE and not again
    prompt = _own_words(OWN, "The style’s own prompt", {} if goes_on else begins, preset=not again)
    make = _button(offer, words, begins)
    styles = _styles(str((again or last or begins).get("style", AvatarWish.style)), offer)
    return forms.form("make", form_id(seen, RunKind.AVATAR), styles, _fine_tune(offer, again, prompt), make, _unused(offer), number=number)


def _clip(seen: CaseView) -> Html:
    offer, again, number = seen.clip_offer, chosen(seen, RunKind.CLIP), seen.clips + 1
    begins = again or _preset(offer)
    loop = forms.tick("Loops without a seam", "loop", ticked=bool(again.get("loop", True)))
    upright = forms.tick("Upright, 720 × 960 px", "portrait", ticked=bool(again.get("portrait")))
    style = str(begins.get("style", ClipWish.motion))
    motion = tag("input", type="hidden", name="motion", value=ClipWish.motion if style == FREE else style)
    prompt = _own_words(OWN_MOTION, "The motion’s own prompt", begins, preset=not again)
    avatar = seen.case.avatar or ""
    make = _button(offer, "Animate again" if seen.clip else "Animate", begins)
    fine = _fine_tune(offer, again, prompt, tag("div", loop, upright, class_="row"))
    words = tag("p", "A short loop: a light breeze, quiet breathing, a camera that stays still.", class_="small")
    return forms.form("animate", form_id(seen, RunKind.CLIP), words, motion, fine, make, _unused(offer), number=number, avatar=avatar)


def _preset(offer: Offer) -> Mapping[str, Any]:
    return presets.settings_of(offer.preset) if offer.preset else {}


def _own_words(label: str, otherwise: str, begins: Mapping[str, Any], *, preset: bool) -> Html:
    own = str(begins.get("prompt", "")) if begins.get("style") == FREE else ""
    words = (label, _mark(own) if own and preset else None)
    return tag("label", tag("span", *words), tag("textarea", own, name="prompt", maxlength=1000, placeholder=otherwise))


def _mark(value: str) -> Html:
    """Say that a value is the preset's, for as long as it is."""
    return tag("span", " (preset)", class_="small", data_preset=value)


def _styles(now: str, offer: Offer) -> Html:
    """Offer the newest version of each style, and of the preset's the version that it names; a case goes on in the style it was last made in."""
    named = str(_preset(offer).get("style", ""))
    newest = {style.name: style for style in sorted(place().styles.values(), key=lambda style: style.version) if style.purpose == "avatar"}
    known = [place().styles.get(named, style) if named.partition("@")[0] == style.name else style for style in newest.values()]
    known.sort(key=lambda style: style.name != AvatarWish.style)
    rows = [_style(style, chosen=style.name == now.partition("@")[0], preset=style.id == named) for style in known]
    return tag("fieldset", tag("legend", "Style"), tag("div", *rows, class_="choices plain styles"))


def _style(style: Style, *, chosen: bool, preset: bool) -> Html:
    example = tag("img", src=f"/samples/style-{style.name}.webp", alt=f"Example of the style {style.title}", width=72, height=72)
    value = style.id if preset else style.name
    title = tag("span", style.title, tag("span", " (preset)", class_="small") if preset else None)
    return tag("label", tag("input", type="radio", name="style", value=value, checked=chosen), example, title)


def _fine_tune(offer: Offer, again: Mapping[str, Any], *more: Html) -> Html:
    begins = again or _preset(offer)
    now = _now(offer, begins).name
    options = [_option(one, one.name == now) for one in offer.models]
    named = _mark(offer.preset.settings["model"]) if offer.preset and not again else None
    model = tag("label", tag("span", "Model", named), tag("select", *options, name="model", data_chooses=True))
    sets = [_settings(one, begins if one.name == begins.get("model") else {}, one.name == now, preset=not again) for one in offer.models]
    return tag("details", tag("summary", "Fine-tune"), presetcard.whence(offer), model, *sets, *more, class_="fine", open=bool(again))


def _now(offer: Offer, begins: Mapping[str, Any]) -> ModelOffer:
    """Return the model that the form begins with: the one asked for, else the usual one, else the first that can be paid for."""
    named = next((one for one in offer.models if one.name == begins.get("model")), offer.models[0])
    return named if named.why is None else next((one for one in offer.models if one.why is None), named)


def _option(one: ModelOffer, is_chosen: bool) -> Html:
    price = dollars(one.micro_usd)
    words = f"{one.title} · {price}{' · above a budget' if one.why else ''}"
    return tag("option", words, value=one.name, data_price=price, selected=is_chosen, disabled=bool(one.why), title=one.room.words)


def _settings(offer: ModelOffer, begins: Mapping[str, Any], shown: bool, *, preset: bool) -> Html:
    given = begins.get("parameters", {})
    fields = [_field(offer, parameter, given.get(name, parameter.default), preset and name in given) for name, parameter in offer.parameters.items()]
    seed = begins.get("seed")
    how = {"type": "number", "min": 0, "max": HIGHEST_SEED, "step": 1, "value": None if seed is None else str(seed), "placeholder": "random"}
    seeds = forms.field("Seed", "seed", hint="Empty draws a new one", **how)
    none = tag("p", "This model has no seed: every take differs.", class_="hint")
    return tag(
        "fieldset", tag("div", *fields, seeds if offer.takes_seed else none, class_="row"), data_for=offer.name, hidden=not shown, disabled=not shown
    )


def _field(offer: ModelOffer, parameter: Parameter, value: Any, preset: bool) -> Html:
    words = WORDS.get(parameter.name, parameter.name.capitalize())
    mark = _mark(str(value)) if preset else None
    if parameter.choices:
        options = [_choice(str(choice), offer.by_resolution if parameter.name == "resolution" else {}, str(value)) for choice in parameter.choices]
        return tag("label", tag("span", words, mark), tag("select", *options, name=parameter.name))
    limits = {"min": str(parameter.low), "max": str(parameter.high), "value": str(value)}
    if parameter.recommended is None:
        return forms.field(tag("span", words, mark), parameter.name, type="number", step="1" if parameter.kind == "whole" else "any", **limits)
    low, high = parameter.recommended
    digits = max(2, -int(Decimal(str(value)).as_tuple().exponent))  # a slider moves a value that lies between its steps
    shown = tag("output", f"{float(value):.{digits}f}", name=f"{parameter.name}-shown")
    hint = f"{low} to {high} recommended; {HINTS.get(parameter.name, '')}"
    return forms.field(
        tag("span", words, " ", shown, mark), parameter.name, hint=hint, type="range", step=f"{10**-digits:.{digits}f}", aria_label=words, **limits
    )


def _choice(choice: str, prices: Mapping[str, int], now: str) -> Html:
    price = dollars(prices[choice]) if choice in prices else None
    return tag("option", f"{choice} · {price}" if price else choice, value=choice, data_price=price, selected=choice == now)


def _button(offer: Offer, words: str, begins: Mapping[str, Any]) -> Html:
    price = tag("span", dollars(_price(_now(offer, begins), begins)), data_priced=True)
    said = f"{offer.why} {offer.remedy}" if offer.why else " ".join(_now(offer, begins).room.warnings)
    why = tag("span", icon("info"), tag("span", said), class_="why") if said else None
    return forms.buttons(forms.purchase((f"{words} · ", price), look="plain", off=offer.why), why)


def _price(model: ModelOffer, begins: Mapping[str, Any]) -> int:
    """Return what a model costs at the resolution that the form begins with."""
    given = begins.get("parameters", {}) if begins.get("model") == model.name else {}
    return model.by_resolution.get(str(given.get("resolution")), model.micro_usd)


def _unused(offer: Offer) -> Html | None:
    """Say why the preset is not what this form begins with."""
    unused = offer.preset is None and offer.troubles
    return tag("p", icon("warning"), tag("span", offer.troubles[0]), class_="why") if unused else None
