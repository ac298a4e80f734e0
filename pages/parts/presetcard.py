"""The presets that support begins with: what a form says of them, and Settings' part with their evidence, history and the way back."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pages.parts import forms, sweepline, toasts, ways
from pages.parts.here import me, place
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, join, tag
from pages.parts.numbers import read_whole
from pages.parts.pieces import badge, button, icon
from pages.parts.told import What
from pipeline.errors import OutOfDate
from pipeline.records import Role, RunKind, dollars, moment
from pipeline.studio import presets, sweeplines
from pipeline.studio.comparing import FREE
from pipeline.studio.offers import Offer
from pipeline.studio.people import ROLE_WORDS
from pipeline.studio.presets import Preset

TITLES = {RunKind.AVATAR: "Avatars", RunKind.CLIP: "Clips"}
NAMES = {"style": "Style", "motion": "Motion", "prompt": "Words", "model": "Model", "strength": "Strength", "steps": "Inference steps"}
NAMES |= {"guidance": "Guidance scale", "resolution": "Resolution"}
PLAIN = ("style", "motion", "model", "resolution")
EVIDENCE: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "votes": ("Votes", "{:g}".format),
    "likeness": ("Likeness", "{:.2f}".format),
    "mean_stars": ("Stars", "{:.1f} of 5".format),
    "cost_micro_usd": ("Cost", lambda value: dollars(round(value))),
}


def whence(offer: Offer) -> Html | None:
    """Say whose preset a form begins with and where it comes from, with what has changed since."""
    if offer.preset is None:
        return None
    by = f"Preset by {offer.preset.person}, {_day(offer.preset)}"
    from_ = (", from ", sweepline.link(offer.preset.sweep, offer.preset_sweep, "sweep")) if offer.preset_sweep is not None else ()
    return tag("div", tag("p", tag("span", by, dir="auto"), *from_, class_="small"), *_troubles(offer.troubles), class_="whence")


def draw() -> Html:
    """Draw the preset of each kind."""
    lead = tag(
        "p", "What every form and button of support begins with. A preset is set from the cell of a sweep, with what spoke for it.", class_="lead"
    )
    return tag("section", tag("h2", "Presets for support"), lead, *(_kind(kind) for kind in RunKind))


def _kind(kind: RunKind) -> Html:
    known = presets.history(place(), kind)
    if not known:
        none = tag(
            "p", "None is set, so the built-in settings are used. ", tag("a", "Find better ones in a sweep", href=ways.to("compare"), data_go=True)
        )
        return tag("article", tag("h3", TITLES[kind]), none, class_="card style", id=f"preset-{kind.value}")
    now, troubles = known[0], presets.troubles(place(), known[0])
    used = presets.wish(place(), kind) == presets.wish_of(now)
    state = badge("check_circle", "in use", "good") if used else badge("error", "not used", "bad")
    head = tag("div", tag("h3", TITLES[kind]), state, class_="head-of")
    facts = tag("dl", *_told([*_settings(now), *_evidence(now)]), class_="facts-of")
    before = tag("details", tag("summary", f"History, {len(known)} newest"), _history(kind, known)) if len(known) > 1 else None
    return tag("article", head, *_troubles(troubles), facts, _whose(now), _back(known), before, class_="card style", id=f"preset-{kind.value}")


def _told(rows: list[tuple[str, Child]]) -> Iterator[Html]:
    return (join(tag("dt", name), tag("dd", words, dir="auto")) for name, words in rows)


def _settings(preset: Preset) -> Iterator[tuple[str, Child]]:
    if preset.is_built_in:
        yield "Settings", "Built-in"
    for name, value in preset.settings.items():
        if value is not None:
            yield NAMES.get(name, name.capitalize()), _in_words(name, value)


def _in_words(name: str, value: Any) -> str:
    if name == "model":
        model = place().catalogue.models.get(value)
        return model.title if model else str(value)
    if name in ("style", "motion"):
        style = place().styles.get(value)
        return "own words" if value == FREE else f"{style.title}, version {style.version}" if style else str(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _evidence(preset: Preset) -> Iterator[tuple[str, Child]]:
    told = preset.evidence
    if told.get("rank"):
        yield "Judged", str(told["rank"])
    if told.get("cells"):
        yield "Acceptable", f"{told.get('acceptable', 0)} of {told['cells']}"
    for name, (title, words) in EVIDENCE.items():
        value = told.get(name)
        if value is not None:
            yield title, words(value) if isinstance(value, int | float) else str(value)


def _whose(preset: Preset) -> Html:
    note = tag("p", preset.note, class_="small", dir="auto") if preset.note else None
    by = tag("p", f"Set by {preset.person}, {_day(preset)}", *_from(preset), class_="small", dir="auto")
    return join(by, note)


def _from(preset: Preset) -> Iterator[Child]:
    if preset.sweep is not None:
        with place().database.reading() as db:
            name = sweeplines.name_of(db, preset.sweep)
        yield ", from "
        yield sweepline.link(preset.sweep, name, "sweep")


def _back(known: tuple[Preset, ...]) -> Html:
    off = None if Role.ADMIN in me().roles else f"Only who may {ROLE_WORDS[Role.ADMIN]} can change this."
    none = "There was no preset before this one." if len(known) < 2 else None
    about = {"kind": known[0].kind.value, "leaving": str(known[0].id)}
    back = button("Return to the previous one", "preset-back", symbol="undo", off=off or none, **about)
    uses_it = "The built-in settings are used already." if known[0].is_built_in else None
    built_in = button("Use the built-in settings", "preset-built-in", off=off or uses_it, kind=known[0].kind.value)
    return forms.buttons(back, built_in)


def _history(kind: RunKind, known: tuple[Preset, ...]) -> Html:
    rows = [(_day(one), one.person, _short(one), [*_from(one)][1:] or "–", one.note or "–") for one in known]
    return listing(f"Presets of {TITLES[kind].lower()}", ("Set", "By", "Settings", "From", "Note"), rows)


def _short(preset: Preset) -> str:
    told = {name: value for name, value in preset.settings.items() if value is not None and name != "prompt"}
    return (
        "Built-in"
        if preset.is_built_in
        else " · ".join(_in_words(name, value) if name in PLAIN else f"{name} {_in_words(name, value)}" for name, value in told.items())
    )


def _troubles(said: tuple[str, ...]) -> Iterator[Html]:
    return (tag("p", icon("warning"), tag("span", words), class_="why") for words in said)


def _day(preset: Preset) -> str:
    when = moment(preset.at)
    return f"{when.day} {when:%b}"


def _go_back(what: What) -> None:
    leaving = read_whole(what["leaving"])
    if leaving is None:
        raise OutOfDate
    toasts.leave_preset(_kind_of(what), leaving)


def _kind_of(what: What) -> RunKind:
    if what["kind"] not in set(RunKind):
        raise OutOfDate
    return RunKind(what["kind"])


ACTIONS: Mapping[str, Callable[[What], object]] = {"preset-back": _go_back, "preset-built-in": lambda what: toasts.use_built_in(_kind_of(what))}
