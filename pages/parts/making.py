"""The forms that make things: style with examples, everything else folded away, and the price on the button."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.parts import forms
from pages.parts.here import place
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pipeline.catalog.models import Parameter
from pipeline.catalog.parameters import HIGHEST_SEED
from pipeline.records import RunKind, dollars
from pipeline.studio.casebook import CaseView
from pipeline.studio.comparing import FREE
from pipeline.studio.offers import ModelOffer, Offer
from pipeline.workflows.wishes import AvatarWish

WORDS = {"strength": "Strength", "steps": "Inference steps", "guidance": "Guidance scale", "resolution": "Resolution"}
HINTS = {"strength": "lower keeps the photo, higher gives more style"}
OWN = "Own words instead of the style’s prompt"


def section(seen: CaseView) -> Html:
    """Draw both forms: an avatar from the photo, a clip from the approved avatar."""
    free = not (seen.candidates or seen.running)
    avatar, clip = _avatar(seen, primary=free and seen.avatar is None), _clip(seen, primary=free and seen.avatar is not None and seen.clip is None)
    return tag("section", tag("h2", "Make"), avatar, clip, class_="card make", id="make")


def chosen(seen: CaseView, kind: RunKind) -> Mapping[str, Any]:
    """Return the settings of the attempt that the address says to use again; empty for the usual ones."""
    wanted = st.query_params.get("again")
    run = next((one.seen.run for one in seen.history if one.seen.run.id == wanted), None)
    return run.settings if run is not None and run.kind is kind else {}


def _avatar(seen: CaseView, *, primary: bool) -> Html:
    offer, again, number = seen.avatar_offer, chosen(seen, RunKind.AVATAR), seen.avatars + 1
    words = "Generate another" if number > 1 else "Generate avatar"
    own = str(again.get("prompt", "")) if again.get("style") == FREE else ""
    prompt = tag("label", OWN, tag("textarea", own, name="prompt", maxlength=1000, placeholder="The style’s own prompt"))
    make = _button(offer, words, again, primary, "g")
    return forms.form("make", _id("avatar", number), _styles(seen, again), _fine_tune(offer, again, prompt), make, number=number)


def _clip(seen: CaseView, *, primary: bool) -> Html:
    offer, again, number = seen.clip_offer, chosen(seen, RunKind.CLIP), seen.clips + 1
    loop = forms.tick("Loops without a seam", "loop", ticked=bool(again.get("loop", True)))
    upright = forms.tick("Upright, 720 × 960 px", "portrait", ticked=bool(again.get("portrait")))
    avatar = seen.case.avatar or ""
    make = _button(offer, "Animate again" if seen.clip else "Animate", again, primary, "v")
    fine = _fine_tune(offer, again, tag("div", loop, upright, class_="row"))
    words = tag("p", "A short loop: a light breeze, quiet breathing, a camera that stays still.", class_="small")
    return forms.form("animate", _id(f"clip-{avatar[:8]}", number), words, fine, make, number=number, avatar=avatar)


def _id(kind: str, number: int) -> str:
    """A form that was used is another form afterwards: it begins with the usual settings."""
    return f"{kind}-{number}-{st.query_params.get('again', '')}"


def _styles(seen: CaseView, again: Mapping[str, Any]) -> Html:
    """Offer the styles; a case goes on in the style it was last made in."""
    last = next((one.seen.run.settings for one in seen.history if one.seen.run.kind is RunKind.AVATAR), {})
    now = str((again or last).get("style", AvatarWish.style)).partition("@")[0]
    styles = sorted(place().styles.values(), key=lambda style: style.name != AvatarWish.style)
    rows = [_style(style.name, style.title, style.name == now) for style in styles if style.purpose == "avatar"]
    return tag("fieldset", tag("legend", "Style"), tag("div", *rows, class_="choices plain styles"))


def _style(name: str, title: str, is_chosen: bool) -> Html:
    example = tag("img", src=f"/samples/style-{name}.webp", alt=f"Example of the style {title}", width=72, height=72)
    return tag("label", tag("input", type="radio", name="style", value=name, checked=is_chosen), example, tag("span", title))


def _fine_tune(offer: Offer, again: Mapping[str, Any], *more: Html) -> Html:
    now = _now(offer, again).name
    options = [_option(one, one.name == now) for one in offer.models]
    model = tag("label", "Model", tag("select", *options, name="model", data_chooses=True))
    sets = [_settings(one, again if one.name == now else {}, one.name == now) for one in offer.models]
    return tag("details", tag("summary", "Fine-tune"), model, *sets, *more, class_="fine", open=bool(again))


def _now(offer: Offer, again: Mapping[str, Any]) -> ModelOffer:
    return next((one for one in offer.models if one.name == again.get("model")), offer.models[0])


def _option(one: ModelOffer, is_chosen: bool) -> Html:
    price = dollars(one.micro_usd)
    return tag("option", f"{one.title} · {price}", value=one.name, data_price=price, selected=is_chosen)


def _settings(offer: ModelOffer, again: Mapping[str, Any], shown: bool) -> Html:
    given = again.get("parameters", {})
    fields = [_field(offer, parameter, given.get(name, parameter.default)) for name, parameter in offer.parameters.items()]
    seed = again.get("seed")
    how = {"type": "number", "min": 0, "max": HIGHEST_SEED, "step": 1, "value": None if seed is None else str(seed), "placeholder": "random"}
    seeds = forms.field("Seed", "seed", hint="Empty draws a new one", **how)
    none = tag("p", "This model has no seed: every take differs.", class_="hint")
    return tag(
        "fieldset", tag("div", *fields, seeds if offer.takes_seed else none, class_="row"), data_for=offer.name, hidden=not shown, disabled=not shown
    )


def _field(offer: ModelOffer, parameter: Parameter, value: Any) -> Html:
    words = WORDS.get(parameter.name, parameter.name.capitalize())
    if parameter.choices:
        options = [_choice(str(choice), offer.by_resolution if parameter.name == "resolution" else {}, str(value)) for choice in parameter.choices]
        return tag("label", words, tag("select", *options, name=parameter.name))
    limits = {"min": str(parameter.low), "max": str(parameter.high), "value": str(value)}
    if parameter.recommended is None:
        return forms.field(words, parameter.name, type="number", step="1" if parameter.kind == "whole" else "any", **limits)
    low, high = parameter.recommended
    shown = tag("output", f"{float(value):.2f}", name=f"{parameter.name}-shown")
    hint = f"{low} to {high} recommended; {HINTS.get(parameter.name, '')}"
    label = (tag("span", words, " ", shown),)
    return forms.field(label, parameter.name, hint=hint, type="range", step="0.01", aria_label=words, **limits)


def _choice(choice: str, prices: Mapping[str, int], now: str) -> Html:
    price = dollars(prices[choice]) if choice in prices else None
    return tag("option", f"{choice} · {price}" if price else choice, value=choice, data_price=price, selected=choice == now)


def _button(offer: Offer, words: str, again: Mapping[str, Any], primary: bool, key: str) -> Html:
    price = tag("span", dollars(_now(offer, again).micro_usd), data_priced=True)
    look = "primary" if primary and offer.why is None else "plain"
    why = tag("span", icon("info"), tag("span", offer.why), class_="why") if offer.why else None
    return forms.buttons(forms.submit((f"{words} · ", price), look=look, off=offer.why, data_key=key), why)
