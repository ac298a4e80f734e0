"""What is decided about a candidate, how much it resembles the photo, and everything one may want to try instead."""

import hashlib
from collections.abc import Mapping
from typing import Any

from pages.parts import forms, pieces, ways
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import barred, button, icon
from pipeline.records import Decision, Role, RunKind, dollars
from pipeline.studio.casebook import CaseView
from pipeline.studio.comparing import FREE
from pipeline.studio.seen import Seen

REASONS = ("Does not look like them", "A face is distorted", "Too stylised", "Not stylised enough", "Hands or background are odd", "Motion is odd")
STEP = 0.05
STRENGTHS = (0.3, 0.8)
STYLES = ("pixar", "ghibli")
BANDS = {
    "strong": "Strong: close to the photo, as between two photos of one person.",
    "recognisable": "Recognisable: stylised, and still them. Compare eyes, mouth and hair yourself.",
    "weak": "Weak: it may be somebody else. Look closely before approving.",
}
LIMITS = "Measured by comparing faces in the photo with faces in the picture. Strong styles lower it, and it says nothing about beauty."

WITHDRAW = {Decision.APPROVED: "Withdraw approval", Decision.REJECTED: "Withdraw rejection"}


def decide(one: Seen) -> Html:
    """Draw the buttons that approve and reject a candidate; a press names the run it was drawn for and how that stood then."""
    off = barred(Role.APPROVE, "deciding")
    about = {"run": one.run.id, "stood": one.decision.value if one.decision else ""}
    approve = button(("Approve", hint("A")), "decide", symbol="check", look="primary", off=off, key="a", decision=Decision.APPROVED.value, **about)
    reject = forms.opener(("Reject", hint("R")), f"reject-{one.run.id}", symbol="thumb_down", off=off, data_key="r")
    why = tag("span", icon("lock"), tag("span", off), class_="why") if off else None
    return join(forms.buttons(approve, reject), why, _reject(one, about))


def hint(key: str) -> Html:
    """Draw the key that does the same; screen readers skip it."""
    return tag("kbd", key, aria_hidden="true")


def more(seen: CaseView, one: Seen) -> Html:
    """Draw what else is known of a candidate and can be done with it: what its approval retires, its likeness, another one like it."""
    return tag("div", tag("div", _replaces(seen, one), _likeness(one), class_="verdict"), _again(seen, one), class_="more-of")


def _replaces(seen: CaseView, one: Seen) -> Html | None:
    """Name what an approval retires."""
    if one.run.kind is RunKind.CLIP:
        gone = "the current clip" if seen.clip else None
    else:
        gone = " and ".join(filter(None, ("the current avatar" if seen.avatar else None, "its clip" if seen.clip else None)))
    return tag("p", f"Approving retires {gone}; nothing is deleted.", class_="small") if gone else None


def _likeness(one: Seen) -> Html | None:
    if one.likeness is None:
        return None
    score, band = one.likeness["score"], str(one.likeness["band"])
    if score is None:
        return tag("div", tag("p", f"Likeness could not be measured: {one.likeness['reason']}."), class_="likeness")
    figure = tag("p", tag("b", f"{score:.2f}", class_="figure"), " ", tag("span", f"likeness, {band}"))
    values = {"aria_valuemin": 0, "aria_valuemax": 1, "aria_valuenow": score}
    bar = tag("div", tag("i", style=f"--done:{round(100 * score)}%"), class_=f"bar {band}", role="meter", aria_label="Likeness", **values)
    reason = one.likeness.get("reason")
    faces = tag("p", f"{str(reason).capitalize()}.", class_="small") if reason else None
    more = tag("details", tag("summary", "What this number means"), tag("p", LIMITS, class_="small"))
    return tag("div", figure, bar, tag("p", BANDS.get(band, ""), class_="small"), faces, more, class_="likeness")


def reasons(kind: RunKind) -> tuple[str, ...]:
    """Name what can be wrong with what was made: a picture has no motion."""
    return REASONS if kind is RunKind.CLIP else REASONS[:-1]


def _reject(one: Seen, about: Mapping[str, str]) -> Html:
    id_ = f"reject-{one.run.id}"
    boxes = [forms.tick(reason, "reason", reason) for reason in reasons(one.run.kind)]
    words = forms.field("In your words", "note", maxlength=500, placeholder="for whoever looks at this later")
    fields = (tag("fieldset", tag("legend", "Why?"), *boxes), words, forms.buttons(forms.submit("Reject")))
    kept = tag("p", "It stays in the history, and can be approved later.", class_="small")
    asked = forms.form("decide", f"form-{id_}", *fields, decision=Decision.REJECTED.value, **about)
    return forms.dialog(id_, f"Reject this {one.run.kind.value}", asked, kept)


def _again(seen: CaseView, one: Seen) -> Html:
    made = _avatars_again(seen, one) if one.run.kind is RunKind.AVATAR else [_clip_again(seen, one)]
    to = ways.to("library", scope=one.run.case_id, asset=one.made.sha256 if one.made else None)
    more = tag("a", "Details, download, remove", href=to, data_go=True, class_="small")
    return tag("div", tag("p", "Not yet? Make another one:", class_="small"), forms.buttons(*made), more, class_="again")


def _avatars_again(seen: CaseView, one: Seen) -> list[Html]:
    settings, price = one.run.settings, price_of(seen, one)
    found = [_make(seen, f"New seed · {price}", settings, {}, "casino")]
    strength = settings.get("parameters", {}).get("strength")
    if strength is not None:
        less, more = round(max(strength - STEP, STRENGTHS[0]), 2), round(min(strength + STEP, STRENGTHS[1]), 2)
        found += [_make(seen, f"Closer likeness {less:.2f} · {price}", settings, {"strength": str(less)}, "face")] if less < strength else []
        found += [_make(seen, f"Stronger style {more:.2f} · {price}", settings, {"strength": str(more)}, "brush")] if more > strength else []
    others = [name for name in STYLES if name != pieces.style_name(one.run)]
    return [*found, *(_make(seen, f"{name.capitalize()} · {price}", settings, {"style": name, "prompt": ""}, "palette") for name in others)]


def _make(seen: CaseView, words: str, settings: Mapping[str, Any], changes: Mapping[str, str], symbol: str) -> Html:
    about = {**making_of(settings), **changes}
    return button(words, "make", symbol=symbol, off=seen.avatar_offer.why or _room(seen, settings), number=str(seen.avatars + 1), **about)


def _room(seen: CaseView, settings: Mapping[str, Any]) -> str | None:
    """Say why the model of these settings cannot be paid for now."""
    models = (*seen.avatar_offer.models, *seen.clip_offer.models)
    return next((model.room.words for model in models if model.name == settings["model"]), None)


def making_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return settings as a form would tell them; the seed is left to chance."""
    style = str(settings.get("style", "")).partition("@")[0]
    parameters = {name: str(value) for name, value in settings.get("parameters", {}).items()}
    ticks = {name: "yes" if settings.get(name) else "" for name in ("loop", "portrait")}
    return {"style": style, "model": str(settings["model"]), "prompt": settings["prompt"] if style == FREE else "", **parameters, **ticks}


def _clip_again(seen: CaseView, one: Seen) -> Html:
    about = {**making_of(one.run.settings), "avatar": seen.case.avatar or "", "number": str(seen.clips + 1)}
    about["motion"] = "" if about["style"] == FREE else about["style"]
    off = seen.clip_offer.why or _room(seen, one.run.settings)
    return button(f"Another take · {price_of(seen, one)}", "animate", symbol="movie", off=off, **about)


def price_of(seen: CaseView, one: Seen) -> str:
    """Return what another one with the model of this run costs now."""
    offer = seen.avatar_offer if one.run.kind is RunKind.AVATAR else seen.clip_offer
    found = next((model for model in offer.models if model.name == one.run.settings["model"]), offer.models[0])
    return dollars(found.micro_usd)


def withdraw(decision: Decision, shown: bool, off: str | None, **about: str) -> Html:
    """Draw the way back from a decision; what guests see is named first, and leaves with it."""
    named = WITHDRAW[decision]
    if not shown:
        return button(named, "decide", symbol="undo", look="quiet", off=off, decision="withdrawn", **about)
    id_ = f"withdraw-{hashlib.sha256(repr(sorted(about.items())).encode()).hexdigest()[:12]}"
    words = tag("p", "Guests see this now. With its approval withdrawn it is unpublished as well: its address stops answering.")
    told = {name: value for name, value in about.items() if name != "key"}
    yes = button("Withdraw approval and unpublish", "decide", look="danger", symbol="public_off", decision="withdrawn", **told)
    opener = forms.opener(named, id_, look="quiet", symbol="undo", off=off, data_key=about.get("key"))
    return join(opener, forms.dialog(id_, "Withdraw the approval of what guests see?", words, forms.buttons(forms.cancel(id_), yes)))
