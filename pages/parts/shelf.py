"""The library as a wall of pictures: what the address asks for, page by page, each with what is known of it and what can be done."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import streamlit as st

from pages.parts import bulk, drawer, filterbar, judging, pieces, stage, sweepline, ways
from pages.parts.comments import address, badge, panel
from pages.parts.comments.badge import Counts
from pages.parts.here import me, shared
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pages.parts.standing import likeness_in_words, named, not_approving, not_deciding, not_starring, standing
from pipeline.errors import UnknownName
from pipeline.records import Asset, AssetKind, Decision, Person, dollars
from pipeline.studio import details, library
from pipeline.studio.details import Details
from pipeline.studio.filters import MOST_PAGES, Filter, Sort, State, from_query, to_query
from pipeline.studio.library import Item, LibraryPage
from pipeline.wording import counted

PER_PAGE = 60
KEYS = (("← → ↑ ↓", "walk"), ("A", "approve"), ("R", "reject"), ("S", "star"), ("X", "select"), ("Space", "full screen"), ("Enter", "details"))


@dataclass(frozen=True, kw_only=True)
class View:
    """Who asks for what, and what there is: the page, and the file that is looked into (`lost` when there is none by that name).

    `talked` is how many comments are open on what is shown, by case and hash.
    """

    by: Person
    wanted: Filter
    sort: Sort
    number: int
    page: LibraryPage
    opened: Details | None
    lost: bool
    talked: Counts

    def address(self, **more: str | int | None) -> str:
        """Return the address of this view."""
        return ways.to("library", **to_query(self.wanted, self.sort, self.number), **more)


def look() -> View:
    """Return what the address asks for; a page behind the last one is the last one."""
    wanted, sort, number = from_query(st.query_params.to_dict())
    page = _page(wanted, sort, number)
    if not page.items and page.total:
        number = -(-page.total // PER_PAGE)
        page = _page(wanted, sort, number)
    scope, asset = opened_file()
    opened = _details(scope, asset) if asset else None
    shown = tuple(item.asset for item in page.items) + ((opened.asset,) if opened else ())
    lost, talked = bool(asset) and opened is None, badge.counts_of(shown)
    return View(by=me(), wanted=wanted, sort=sort, number=number, page=page, opened=opened, lost=lost, talked=talked)


def opened_file() -> tuple[str, str]:
    """Return the file that the address looks into: its case and its hash, empty when there is none."""
    return st.query_params.get("scope", ""), st.query_params.get("asset", "")


def _page(wanted: Filter, sort: Sort, number: int) -> LibraryPage:
    first = (min(number, MOST_PAGES) - 1) * PER_PAGE
    return shared(f"library {number} {to_query(wanted, sort)}", lambda there: library.find(there, wanted, sort, limit=PER_PAGE, offset=first))


def _details(scope: str, asset: str) -> Details | None:
    try:
        return shared(f"details {scope} {asset}", lambda there: details.details(there, scope, asset))
    except UnknownName:
        return None


def draw(seen: View) -> Html:
    """Draw filters, wall and pages, and beside them the file that is looked into."""
    wall = tag(
        "div",
        filterbar.draw(seen.wanted, seen.sort, seen.page.facets, {"scope": st.query_params.get("scope"), "asset": st.query_params.get("asset")}),
        bulk.outcome(),
        _wall(seen),
        pieces.pager(seen.number, PER_PAGE, seen.page.total, "library", **to_query(seen.wanted, seen.sort)),
        class_="stack shelf",
    )
    beside = drawer.draw(seen.opened, *_neighbours(seen), close=seen.address(), talked=_talked(seen)) if seen.opened or seen.lost else None
    said = panel.draw(scope, lambda sha256: address.of_library(scope, sha256)) if (scope := opened_file()[0]) else None
    head = tag("header", tag("h1", "Library"), _hint(), class_="headbar")
    return tag("div", head, wall, beside, bulk.going(), stage.draw(), said, class_=f"library {'opened' if beside else ''}")


def _talked(seen: View) -> Html | None:
    """Draw the way to the comments of the file that is looked into."""
    if seen.opened is None or seen.opened.item is None:
        return None
    scope, sha256 = seen.opened.asset.scope, seen.opened.asset.sha256
    return badge.way_in(seen.talked.get((scope, sha256), 0), seen.address(scope=scope, asset=sha256, comments=sha256), sha256)


def _hint() -> Html:
    keys = [tag("span", tag("kbd", key), f" {words}") for key, words in KEYS]
    return tag("p", *keys, class_="keys small", aria_label="Keyboard")


def _wall(seen: View) -> Html:
    if not seen.page.items:
        return _nothing(seen)
    form = bulk.form_id(seen.address())
    total = seen.page.total
    everything = tag("label", tag("input", type="checkbox", data_all=True), "Select all on this page", class_="all")
    count = tag("p", tag("b", f"{total:,}"), counted(total, "file").removeprefix(f"{total:,}"), role="status", class_="total")
    head = tag("div", count, everything, class_="wall-head")
    tiles = [_tile(seen, item, form) for item in seen.page.items]
    return tag("section", head, tag("ul", *tiles, class_="tiles", role="list"), bulk.bar(form), aria_label="Files")


def _nothing(seen: View) -> Html:
    if seen.wanted.is_empty:
        words = "Every photo, avatar and clip of every case is shown here. Open a case and add a photo to begin."
        return tag("div", icon("photo_library"), tag("p", words), tag("a", "Go to the cases", href=ways.to("cases"), data_go=True), class_="friendly")
    only_review = Filter(states=(State.TO_REVIEW,)) == seen.wanted
    words = "Nothing waits for a decision." if only_review else "No file fits all of this. Take a filter away, or look for other words."
    everything = tag("a", "Show everything", href=ways.to("library"), data_go=True)
    return tag("div", icon("task_alt" if only_review else "search_off"), tag("p", words), everything, class_="friendly")


def mark(asset: Asset) -> str:
    """Return a short name of a file on the page; the same bytes in another case are another file."""
    return hashlib.blake2s(f"{asset.scope}/{asset.sha256}".encode(), digest_size=8).hexdigest()


def _tile(seen: View, item: Item, form: str) -> Html:
    id_, asset = mark(item.asset), item.asset
    opened = seen.opened is not None and seen.opened.asset == asset
    pick = tag(
        "input", type="checkbox", name="pick", value=f"{asset.sha256}/{quote(asset.scope, safe='')}", form=form, id=f"{form}-{id_}", data_key="x"
    )
    about = tag("div", _name(item), _when(seen, item), _how(item), class_="about")
    return tag(
        "li",
        tag(
            "div",
            _picture(seen, item),
            tag("label", pick, tag("span", "Select", class_="unseen"), class_="pick"),
            _star(item, seen.by),
            badge.corner(_open(seen, item)),
            class_="frame",
        ),
        about,
        tag("div", *_acts(item, seen.by), class_="acts"),
        class_=f"tile {'current' if opened else ''}",
        id=f"tile-{id_}",
        tabindex=0,
        data_tile=True,
        data_large=pieces.address(asset) if asset.removed_at is None else None,
        data_film=asset.kind is AssetKind.CLIP,
        aria_label=_words(seen, item),
    )


def _open(seen: View, item: Item) -> int:
    return seen.talked.get((item.asset.scope, item.asset.sha256), 0)


def _words(seen: View, item: Item) -> str:
    """Describe a tile to people who do not see it."""
    style = pieces.style_of(item.run) if item.run else None
    alike = likeness_in_words(item.likeness)
    said = badge.in_words(_open(seen, item))
    liked = (f"likeness {alike}" if alike else None, "starred" if item.starred else None, said)
    return ", ".join(filter(None, (named(item.asset, item.case), style, standing(item)[1], *liked)))


def _picture(seen: View, item: Item) -> Html:
    clip = item.asset.kind is AssetKind.CLIP and item.asset.removed_at is None
    still = (
        pieces.picture(item.thumbnail, named(item.asset, item.case), lazy=True)
        if item.thumbnail
        else icon("delete" if item.asset.removed_at else "image")
    )
    film = (
        tag("video", src=pieces.address(item.asset), preload="none", data_hover=True, muted=True, loop=True, playsinline=True, aria_hidden="true")
        if clip
        else None
    )
    badge = tag("span", icon("play_arrow"), "Clip", class_="corner") if item.asset.kind is AssetKind.CLIP else None
    to = seen.address(scope=item.asset.scope, asset=item.asset.sha256)
    label = f"Details: {named(item.asset, item.case)}"
    return tag("a", still, film, badge, href=to, data_go=True, data_key="enter", class_="shown", aria_label=label)


def _star(item: Item, by: Person) -> Html | None:
    if item.asset.removed_at is not None:
        return None
    off = not_starring(by)
    words = off or ("Starred. Press to take the star away (S)" if item.starred else "Star it for your colleagues (S)")
    return tag(
        "button",
        icon("star"),
        type="button",
        class_="star",
        data_do="star",
        data_key="s",
        data_on="" if item.starred else "yes",
        data_scope=item.asset.scope,
        data_asset=item.asset.sha256,
        aria_pressed="true" if item.starred else "false",
        aria_label="Star",
        title=words,
        disabled=off is not None,
    )


def _name(item: Item) -> Html:
    return sweepline.link(item.run.sweep, item.sweep) if item.run and item.sweep is not None else pieces.case_link(item.case)


def _when(seen: View, item: Item) -> Html:
    """Say what it is, and when it was made, or what it cost where that is the order."""
    dear = seen.sort in (Sort.DEAREST, Sort.CHEAPEST)
    style = pieces.style_of(item.run) if item.run else None
    kind = " · ".join(filter(None, (item.asset.kind.value.capitalize(), style)))
    return _line(tag("span", kind), dollars(item.cost_micro_usd) if dear else pieces.ago(item.asset.created_at))


def _how(item: Item) -> Html:
    """Say how it stands, and how much it resembles the photo."""
    return _line(pieces.badge(*standing(item)), likeness_in_words(item.likeness))


def _line(left: Html, right: str | None) -> Html:
    return tag("span", left, tag("span", right, title=right) if right else None, class_="foot small")


def _acts(item: Item, by: Person) -> Iterator[Html]:
    if item.asset.removed_at is not None:
        return
    if item.run is not None and item.sweep is None:
        yield _decide(item, Decision.APPROVED, "check", "Approve", "a", not_approving(item, by))
        rejected = "It is rejected already." if item.decision is Decision.REJECTED else None
        yield _decide(item, Decision.REJECTED, "thumb_down", "Reject", "r", not_deciding(by) or rejected)
    if item.decision in (Decision.APPROVED, Decision.REJECTED):
        yield _decide(item, Decision.WITHDRAWN, "undo", judging.WITHDRAW[item.decision], "w", not_deciding(by))
    yield tag(
        "button",
        icon("fullscreen"),
        type="button",
        class_="quiet",
        data_full=True,
        data_key="space",
        aria_label="Full screen",
        title="Full screen (Space)",
    )


def _decide(item: Item, decision: Decision, symbol: str, words: str, key: str, off: str | None) -> Html:
    return tag(
        "button",
        icon(symbol),
        type="button",
        class_="quiet",
        data_do="decide",
        data_decision=decision.value,
        data_scope=item.asset.scope,
        data_asset=item.asset.sha256,
        data_key=key,
        data_moves=decision is not Decision.WITHDRAWN,
        aria_label=words,
        title=off or f"{words} ({key.upper()})",
        disabled=off is not None,
    )


def _neighbours(seen: View) -> tuple[str | None, str | None]:
    """Return the addresses of the files before and after the one that is looked into, on this page."""
    known = [(item.asset.scope, item.asset.sha256) for item in seen.page.items]
    here = opened_file()
    if here not in known:
        return None, None
    at = known.index(here)
    to = [seen.address(scope=scope, asset=asset) for scope, asset in known]
    return to[at - 1] if at else None, to[at + 1] if at + 1 < len(to) else None
