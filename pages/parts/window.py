"""What waits to be published and what guests see, case by case."""

import streamlit as st

from pages.parts import farewell, forms, pieces, ways
from pages.parts.here import shared
from pages.parts.markup import Html, tag
from pages.parts.numbers import read_whole
from pages.parts.pieces import barred, button, icon
from pipeline.records import AssetKind, Role
from pipeline.studio import shopwindow
from pipeline.studio.shopwindow import Line, Which, Window

PER_PAGE = 48
SHELVES = {Which.WAITING: "To publish", Which.SHOWN: "Published"}


def which() -> Which:
    """Return the shelf that the address names; what waits at first."""
    asked = st.query_params.get("show", "")
    return Which(asked) if asked in set(Which) else Which.WAITING


def words() -> str:
    """Return what is searched for."""
    return str(st.query_params.get("q", ""))


def look() -> Window:
    """Return the page of the shelf that the address names, the last one where that many are no longer there."""
    farewell.leave()
    seen = _at(page_number())
    return seen if seen.lines or page_number() == 1 else _at(_number(seen))


def _at(number: int) -> Window:
    shelf, text = which(), words()
    name = f"window {shelf} {number} {text}"
    return shared(name, lambda there: shopwindow.listing(there, shelf, text, limit=PER_PAGE, offset=(number - 1) * PER_PAGE))


def _number(seen: Window) -> int:
    return min(page_number(), max(-(-_total(seen) // PER_PAGE), 1))


def _total(seen: Window) -> int:
    return seen.waiting if which() is Which.WAITING else seen.shown


def page_number() -> int:
    """Return the page that the address names."""
    given = st.query_params.get("page", "1")
    return min(max(read_whole(given, 1), 1), 999_999)


def draw(seen: Window) -> Html:
    """Draw the shelves, the search and the cases."""
    shelf, text = which(), words()
    head = tag(
        "div", tag("header", tag("h1", "Publish"), _all(seen, shelf), class_="headbar"), _tabs(seen, shelf, text), _search(text), class_="stack tight"
    )
    body = tag("div", *(_tile(line, shelf) for line in seen.lines), class_="tiles window") if seen.lines else _nothing(seen, shelf, text)
    return tag("div", head, body, pieces.pager(_number(seen), PER_PAGE, _total(seen), "publish", q=text, show=shelf.value), class_="stack")


def _tabs(seen: Window, shelf: Which, text: str) -> Html:
    counts = {Which.WAITING: seen.waiting, Which.SHOWN: seen.shown}
    tabs = [
        tag(
            "a",
            f"{SHELVES[one]} · {counts[one]:,}",
            href=ways.to("publish", show=one.value, q=text),
            data_go=True,
            aria_current="page" if one is shelf else None,
        )
        for one in Which
    ]
    return tag("nav", *tabs, class_="shelves", aria_label="Shelves")


def _search(text: str) -> Html:
    box = tag(
        "input", type="search", name="q", value=text, placeholder="Name, invitation or owner", aria_label="Search by name, invitation id or owner id"
    )
    return tag(
        "form", box, forms.submit("Search", look="plain", symbol="search"), class_="search", data_do="search", id="search-published", role="search"
    )


def _all(seen: Window, shelf: Which) -> Html | None:
    able = [line for line in seen.lines if line.one_of_many]
    if shelf is not Which.WAITING or len(able) < 2:
        return None
    named = ",".join(f"{line.case.clip or line.case.avatar}" for line in able)
    cases = "\n".join(line.case.id for line in able)
    return button(
        f"Publish these {len(able)}",
        "publish-all",
        look="primary",
        symbol="public",
        off=barred(Role.PUBLISH, "publishing"),
        assets=named,
        cases=cases,
    )


def _tile(line: Line, shelf: Which) -> Html:
    case = line.case
    name = pieces.short(case.name)
    shown = pieces.picture(line.picture, name, lazy=True) if line.picture else icon("hide_image")
    newest = max(line.live.values(), key=lambda one: one.verified_at or "", default=None)
    when = tag("span", pieces.ago(newest.verified_at), class_="small") if newest and newest.verified_at else None
    about = tag(
        "span",
        tag("b", name, dir="auto"),
        tag("span", f"#{pieces.short(case.id, 40)}", class_="small"),
        tag("span", _state(line), when, class_="stands"),
        class_="about",
    )
    link = tag("a", tag("span", shown, class_="frame"), about, class_="tile", href=ways.to("publish", case=case.id), data_go=True, data_tile=True)
    return tag("div", link, _press(line) if shelf is Which.WAITING else None, class_="window-case", id=f"case-{case.id}")


def _state(line: Line) -> Html:
    if line.adds and line.withdrawn:
        return pieces.badge("public_off", f"Unpublished by {line.withdrawn.ended_by}, {pieces.ago(line.withdrawn.ended_at or '')}")
    return pieces.badge("schedule", line.adds, "ask") if line.adds else pieces.badge("public", _what(line), "good")


def _what(line: Line) -> str:
    return "Clip and avatar" if AssetKind.CLIP in line.live else "Avatar"


def _press(line: Line) -> Html | None:
    asset = line.case.clip or line.case.avatar
    if asset is None:
        return None
    return button(
        "Publish",
        "publish",
        symbol="public",
        off=barred(Role.PUBLISH, "publishing"),
        label=f"Publish {pieces.short(line.case.name)}",
        case=line.case.id,
        asset=asset,
    )


def _nothing(seen: Window, shelf: Which, text: str) -> Html:
    if text:
        every = tag("a", "Show every case", href=ways.to("publish", show=shelf.value), data_go=True)
        return tag("div", icon("search_off"), tag("p", f"Nothing here fits “{pieces.short(text)}”."), every, class_="friendly")
    if shelf is Which.SHOWN:
        said = "Guests see nothing yet. What you publish stands here, with its link and the way back."
        return tag("div", icon("public_off"), tag("p", said), class_="friendly")
    if seen.shown:
        return tag("div", icon("task_alt"), tag("p", "Everything that is approved is published."), class_="friendly")
    said = "Approved avatars and clips wait here to be published. Nothing is approved yet."
    return tag("div", icon("public"), tag("p", said), tag("a", "Make one in Cases", href=ways.to("cases"), data_go=True), class_="friendly")
