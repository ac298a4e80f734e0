"""What the studio is made of: models with their prices, prompt styles, settings, and its version."""

import platform
import sqlite3
from itertools import groupby
from typing import Any

from pages.parts.here import place
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, join, tag
from pages.parts.pieces import badge
from pipeline.catalog import Model
from pipeline.prompts import Style
from pipeline.records import dollars
from pipeline.studio import about, prices
from pipeline.studio.about import Library, Option

MAKES = {"avatar": "Avatar", "clip": "Clip", "text-to-image": "Picture from words"}
A = {"megapixel": "a megapixel", "image": "an image", "second": "a second", "clip": "a clip", "character": "a character", "call": "a call"}
PURPOSES = {"avatar": ("brush", "Avatar"), "motion": ("animation", "Motion")}


def models() -> Html:
    """Draw every model with what it costs today, since when, and how long it usually takes."""
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in prices.price_lines(place().catalogue):
        lines.setdefault(line["model"], []).append(line)
    rows = [_model(model, lines[name]) for name, model in place().catalogue.models.items()]
    free = "In the sandbox nothing is charged; these are the prices of the real models, so that every button says what it would cost."
    lead = tag(
        "p",
        free if place().settings.is_sandbox else "What one picture or clip costs today. Earlier work keeps the price it was bought at.",
        class_="lead",
    )
    head = ("Model", "Makes", "Price today", "Usually takes", "Seed")
    return tag("section", tag("h2", "Models and prices"), lead, listing("Models and prices", head, rows))


def _model(model: Model, lines: list[dict[str, Any]]) -> tuple[Child, ...]:
    name = (
        tag("b", model.title),
        tag("span", model.endpoint, class_="small endpoint"),
        tag("span", model.note, class_="small") if model.note else None,
    )
    seed = "Yes" if model.takes_seed else "No, each take differs"
    return (tag("span", *name, class_="named"), MAKES[model.job.value], [_price(line) for line in lines], f"{model.expected_seconds:g} s", seed)


def _price(line: dict[str, Any]) -> Html:
    each = f"{dollars(line['unit_micro_usd'])} {A[line['unit']]}"
    counted = each if line["quantity"] == "1" else f"{line['quantity']} × {each}"
    words = "".join(f"{part} · " for part in (line["condition"].strip(" ()"), counted) if part)
    since = tag("span", f"since {line['valid_from']}", class_="whole")
    return tag("span", tag("b", dollars(line["micro_usd"])), tag("span", words, since, class_="small"), class_="price")


def styles() -> Html:
    """Draw every prompt template with its words; of several versions the newest is used."""
    known = sorted(place().styles.values(), key=lambda style: (style.purpose, style.name, -style.version))
    cards = [_style(list(versions)) for _, versions in groupby(known, key=lambda style: style.name)]
    lead = tag("p", "The words that are sent with the photo. Every result keeps the version that made it.", class_="lead")
    return tag("section", tag("h2", "Prompt styles"), lead, *cards)


def _style(versions: list[Style]) -> Html:
    newest = versions[0]
    head = tag("div", tag("h3", newest.title), badge(*PURPOSES.get(newest.purpose, ("notes", newest.purpose))), class_="head-of")
    return tag("article", head, *(_version(style, style is newest) for style in versions), class_="card style", id=f"style-{newest.name}")


def _version(style: Style, newest: bool) -> Html:
    state = badge("check_circle", "in use", "good") if newest else badge("history", "earlier")
    return join(tag("p", tag("code", style.id), state, class_="small badges"), tag("p", style.text, class_="prompt"))


def values() -> Html:
    """Draw every setting with its value and meaning."""
    rows = [(tag("code", option.name), _value(option), option.meaning.replace("`", "")) for option in about.options(place().settings)]
    lead = tag("p", "Settings are environment variables, read when the studio starts. Keys are never shown.", class_="lead")
    return tag("section", tag("h2", "Every setting"), lead, listing("Every setting", ("Name", "Value", "What it means"), rows))


def _value(option: Option) -> Child:
    mark = None if option.is_usual else badge("edit", "changed" if option.value == "set" else f"changed, usually {option.default}")
    return (tag("b", option.value, class_="value"), mark)


def version() -> Html:
    """Draw which version this is, what is new in it, and what it stands on."""
    release = about.release()
    news = tag("ul", *(tag("li", *_marked(change)) for change in release.changes), class_="news") if release.changes else None
    facts = (
        ("Living Portrait Studio", release.name),
        ("Python", platform.python_version()),
        ("SQLite", sqlite3.sqlite_version),
        ("System", _system()),
    )
    table = listing("Libraries", ("Library", "Installed", "Tested with"), [_library(one) for one in about.libraries()])
    return join(
        tag("section", tag("h2", "Version"), tag("dl", *(join(tag("dt", name), tag("dd", value)) for name, value in facts), class_="card facts-of")),
        tag("section", tag("h2", "What is new"), tag("div", news, class_="card")) if news else None,
        tag("section", tag("h2", "Libraries"), table),
    )


def _system() -> str:
    return f"{platform.system()} {platform.machine()}"


def _library(one: Library) -> tuple[Child, ...]:
    same = one.installed == one.tested
    state = None if same else badge("error", "not the version that was tested" if one.installed else "missing", "bad")
    return (one.name, (tag("span", one.installed or "–"), state), one.tested)


def _marked(words: str) -> list[Html | str]:
    """Draw what stands between backticks as code."""
    return [tag("code", piece) if at % 2 else piece for at, piece in enumerate(words.split("`"))]
