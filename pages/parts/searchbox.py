"""One search from every screen: a button in the strip and Ctrl-K or ⌘-K open it, and it answers while somebody types."""

from collections.abc import Iterable

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pages.parts import daylinks, pieces, ways
from pages.parts.caselist import STATES
from pages.parts.here import place
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import icon
from pipeline.errors import AccessError
from pipeline.studio import search
from pipeline.studio.finding import CaseLine
from pipeline.studio.run_standing import standing_of
from pipeline.studio.search import Found, RunHit, SweepHit

HINT = "A customer’s name, an invitation or owner id, a sweep, or the id of a run or request as a screen shows it."
SHORTCUTS = "Control+K Meta+K"
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def opener() -> Html:
    """Draw the button of the strip."""
    shown = (icon("search"), tag("span", "Search", class_="words"), tag("kbd", class_="words", data_shortcut="K", data_own=True))
    return tag("button", *shown, type="button", popovertarget="finder", class_="quiet finds", aria_label="Search", aria_keyshortcuts=SHORTCUTS)


def box() -> Html:
    """Draw the dialog; what it finds is the browser's to fill."""
    field = tag(
        "input",
        type="search",
        name="q",
        placeholder="Search the studio",
        maxlength=200,
        autocomplete="off",
        spellcheck="false",
        role="combobox",
        aria_label="Search the studio",
        aria_expanded="true",
        aria_controls="found",
        aria_autocomplete="list",
    )
    close = tag("button", icon("close"), type="button", class_="quiet", popovertarget="finder", popovertargetaction="hide", aria_label="Close")
    head = tag("div", icon("search"), field, close, class_="finder-head")
    found = tag("div", id="found", role="listbox", aria_label="What was found", data_own=True)
    about = {"data_finds": f"/find/{daylinks.sign('find')}", "role": "dialog", "aria_label": "Search"}
    return tag("div", head, tag("p", HINT, class_="small"), found, popover="auto", id="finder", class_="dialog finder", **about)


async def find(request: Request) -> Response:
    """Answer with what fits the words, drawn; 403 for an address that was not given out today or yesterday."""
    try:
        daylinks.read("find", request.path_params["token"])
    except AccessError:
        return Response(status_code=403)
    return HTMLResponse(await run_sync(_drawn, request.query_params.get("q", "")), headers=HEADERS)


def _drawn(words: str) -> Html:
    found = search.look_for(place(), words)
    groups = (("Cases", map(_case, found.cases)), ("Sweeps", map(_sweep, found.sweeps)), ("Runs and requests", map(_run, found.runs)))
    return join(_said(words, found), *(_group(title, hits) for title, hits in groups))


def _said(words: str, found: Found) -> Html:
    """Say how many there are; what comes as a list is heard as one only where somebody walks through it."""
    if not words.strip():
        return tag("p", "", role="status")
    more = "Ids of runs and requests are found from their fourth letter on."
    many = f"{found.count} found" if found.count else f"Nothing fits “{pieces.short(words.strip(), 40)}”. Every word must fit. {more}"
    return tag("p", many, class_="small" if found.count else "nothing", role="status")


def _group(title: str, hits: Iterable[Html]) -> Html | None:
    drawn = list(hits)
    return tag("div", tag("h3", title), *drawn, role="group", aria_label=title) if drawn else None


def _hit(to: str, picture: Html, name: str, facts: Iterable[str | Html]) -> Html:
    about = tag("span", tag("b", pieces.short(name), dir="auto"), tag("span", *facts, class_="small"), class_="about")
    return tag("a", tag("span", picture, class_="thumb"), about, href=to, data_go=True, role="option", class_="hit", tabindex=-1)


def _case(line: CaseLine) -> Html:
    shown = pieces.picture(line.thumb, "", lazy=True) if line.thumb else icon("add_a_photo")
    facts = f"#{pieces.short(line.case.id, 40)} · {STATES[line.state][1]} · {pieces.ago(line.last_at)}"
    return _hit(ways.to("cases", case=line.case.id), shown, line.case.name, [facts])


def _sweep(one: SweepHit) -> Html:
    facts = f"{pieces.KINDS[one.kind]}s · {f'{one.runs:,} bought' if one.runs else 'a plan'} · {pieces.ago(one.changed_at)}"
    return _hit(ways.to("compare", sweep=one.id), icon("grid_view"), one.name, [facts])


def _run(one: RunHit) -> Html:
    run = one.seen.run
    id_ = one.request.request_id or one.request.id if one.request else run.id
    facts = [tag("code", pieces.short(str(id_), 40)), f" · {pieces.STANDINGS[standing_of(one.seen)][1]} · {pieces.ago(run.asked_at)}"]
    return _hit(ways.to("queue", run=run.id), pieces.thumb(one.seen), f"{pieces.what(run)} of {one.seen.case.name}", facts)
