"""The strip on top of every page: mode, what runs, today's money, who is here; and what offers itself wherever somebody is."""

import json
import time
from pathlib import Path
from urllib.parse import quote

import streamlit as st

from pages.parts import forms, pieces, searchbox, sweepline, ways
from pages.parts.actions import BOARD
from pages.parts.here import COOKIE, choose, everyone, kept, me, place, shared
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import barred, button, icon
from pages.parts.told import What
from pipeline.errors import NotNow
from pipeline.processes.claims import holder_of
from pipeline.records import Person, Role, dollars, seconds_since
from pipeline.studio import people, strip
from pipeline.studio.people import ROLE_WORDS
from pipeline.studio.run_standing import RunStanding, standing_of
from pipeline.studio.strip import Strip

ICON = "/app/static/icon.svg"
OFFERED_SECONDS = 45.0
LOST = "The studio cannot be reached. Work goes on there, and what you typed stays here."

AWAY_SECONDS = 6.0
USUAL = (Role.VIEW, Role.MAKE, Role.APPROVE)  # what a new colleague in support needs
_worker_seen = {"at": time.monotonic()}


def look() -> Strip:
    """Return what every page shows of now."""
    return shared("strip", strip.look)


def asks(seen: Strip) -> dict[str, int]:
    """Return by screen how many things there ask for somebody."""
    return {"home": seen.counts.to_review + seen.counts.questions, "queue": seen.counts.questions + seen.counts.failed}


def drawn(seen: Strip) -> Html:
    """Draw the strip, what offers itself, and the banner of a lost connection; once for all who see the same."""
    mine = (me(), st.session_state.get("screen"), sorted(_waved_away()), _worker_is_away())
    return shared(f"strip {mine}", lambda _: _drawn(seen))


def _drawn(seen: Strip) -> Html:
    sandbox = place().settings.is_sandbox
    mode = tag("strong", "SANDBOX" if sandbox else "LIVE")
    words = " · nothing here costs money" if sandbox else " · real money"
    brand = tag("span", tag("img", src=ICON, alt="", width=20, height=20), tag("span", "Living Portrait Studio", class_="words"), class_="brand")
    right = tag("span", searchbox.opener(), _running(seen), _money(seen), _who(), class_="right")
    bar = tag(
        "div", brand, tag("span", mode, tag("span", words, class_="words"), class_="mode"), right, class_=f"strip {'sandbox' if sandbox else 'paid'}"
    )
    counts = json.dumps({ways.to(name): count for name, count in asks(seen).items()})
    told = tag("span", hidden=True, data_asks=counts)
    return join(tag("div", bar, searchbox.box(), told, role="banner"), _lost(), _troubles(seen), _offer(seen))


def spoken(seen: Strip) -> str:
    """Say in words what runs and what has just ended, for screen readers."""
    if seen.running or seen.sweeps:
        singles = [f"{pieces.what(one.run)} of {one.case.name[:80]}: {one.run.stage}" for one in seen.running[:3]]
        return ". ".join([*singles, *(sweepline.spoken(one) for one in seen.sweeps[:3])])
    last = seen.newest
    return f"{pieces.what(last.run)} of {last.case.name[:80]}: {last.run.stage}" if last else ""


def _running(seen: Strip) -> Html:
    if not seen.running and not seen.sweeps:
        return tag("span", "nothing running", class_="words")
    rows = [tag("li", tag("b", run.case.name[:80]), pieces.progress(run), _stop(run.run.id), id=f"menu-{run.run.id}") for run in seen.running]
    rows += [sweepline.menu_row(one, me()) for one in seen.sweeps]
    more = seen.running_count - len(rows)
    queue = tag("li", tag("a", f"{more} more in the queue" if more else "Open the queue", href=ways.to("queue"), data_go=True))
    opens = tag("button", f"{seen.running_count} running", icon("expand_more"), type="button", popovertarget="running", class_="quiet")
    return join(opens, tag("ul", *rows, queue, id="running", popover="auto", class_="drop", aria_label="Running now"))


def _stop(run_id: str) -> Html:
    off = barred(Role.MAKE, "cancelling")
    return button("Cancel", "cancel", look="quiet", off=off, run=run_id)


def _money(seen: Strip) -> Html:
    today = seen.today
    used, cap = dollars(today.spent_micro_usd + today.held_micro_usd), dollars(today.cap_micro_usd)
    return tag("span", used, tag("span", f" of {cap}", class_="of-cap"), " today", class_="money-today")


def _who() -> Html:
    own = me()
    shown = (icon("person"), tag("span", own.name, class_="name"), icon("expand_more"))  # on a phone the name is hidden, so the label says it
    opens = tag(
        "button", *shown, type="button", popovertarget="people", class_="quiet who", aria_label=f"{own.name}: who is working, and light or dark"
    )
    rows = [_person(person, own) for person in everyone()]
    title = tag("p", "Who is working? Everything you do is kept under this name.", class_="small")
    return join(
        opens, tag("div", title, tag("ul", *rows), _add_person(), _themes(), id="people", popover="auto", class_="drop", aria_label="Who is working")
    )


def _themes() -> Html:
    """Draw the choice of light and dark; it is the browser's to keep."""
    paths = json.dumps([ways.to(name) for name, *_ in ways.SCREENS])
    choices = (("System", "As the system", "contrast"), ("Light", "Light", "light_mode"), ("Dark", "Dark", "dark_mode"))
    drawn = (
        tag("button", icon(symbol), tag("span", words), type="button", class_="plain", data_theme=name, data_paths=paths)
        for name, words, symbol in choices
    )
    return tag("div", tag("p", "Colours", class_="small", id="colours"), *drawn, class_="themes", role="group", aria_labelledby="colours")


def _person(person: Person, own: Person) -> Html:
    roles = "may do everything" if person.roles == frozenset(Role) else "may " + ", ".join(ROLE_WORDS[role] for role in Role if role in person.roles)
    symbol = "check" if person.name == own.name else "person"
    words = (tag("b", person.name), tag("small", f"{person.team} · {roles}"))
    cookie = f"{COOKIE}={quote(person.name)}"
    return tag("li", button(words, "person", symbol=symbol, look="quiet", name=person.name, cookie=cookie), id=f"person-{quote(person.name)}")


def _add_person() -> Html | None:
    if Role.ADMIN not in me().roles:
        return None
    name = tag("label", "Name", tag("input", name="name", required=True, maxlength=people.LONGEST_NAME, autocomplete="off"))
    team = tag("label", "Team", tag("input", name="team", value="support", maxlength=people.LONGEST_NAME, autocomplete="off"))
    boxes = [forms.tick(ROLE_WORDS[role], "roles", role.value, ticked=role in USUAL) for role in Role]
    may = tag("fieldset", tag("legend", "May"), *boxes)
    add = tag("button", "Add", type="submit", class_="plain")
    form = tag("form", name, team, may, add, data_do="add-person", id=f"add-person-{len(everyone())}", data_keep=True)
    return tag("details", tag("summary", "Add a colleague"), form)


def _lost() -> Html:
    return tag("div", icon("wifi_off"), tag("span", LOST), class_="lost", id="lost", role="alert", hidden=True)


def _troubles(seen: Strip) -> Html | None:
    if _worker_is_away():
        words = "The worker is not running. It starts again by itself, and running work goes on where it was."
        return tag("div", icon("warning"), tag("span", words), class_="trouble", role="status", id="worker-away")
    if seen.pause is not None and st.session_state.get("screen") != "queue":
        more = tag("a", "Open the queue", href=ways.to("queue"), data_go=True)
        return tag("div", icon("pause_circle"), tag("span", f"{seen.pause.words}."), more, class_="trouble", id="paused")
    return None


def _worker_is_away() -> bool:
    """Tell whether no worker was seen for so long that it is no mere restart."""
    if kept(lambda: _worker_lives(str(place().settings.folder))):
        _worker_seen["at"] = time.monotonic()
    return time.monotonic() - _worker_seen["at"] > AWAY_SECONDS


@st.cache_resource(ttl=1.0, show_spinner=False)
def _worker_lives(folder: str) -> bool:
    return holder_of(Path(folder), "worker") is not None


def _offer(seen: Strip) -> Html | None:
    """Offer the newest result that waits for a decision, unless its case is on the screen."""
    new = seen.newest
    if new is None or standing_of(new) is not RunStanding.TO_REVIEW or new.run.id in _waved_away():
        return None
    shown_here = st.session_state.get("screen") in ("home", f"case-{new.case.id}")
    if shown_here or seconds_since(new.run.ended_at or new.run.asked_at) > OFFERED_SECONDS:
        return None
    words = tag("span", tag("b", f"{pieces.KINDS[new.run.kind]} ready to review"), tag("span", new.case.name[:80]))
    look_at = tag("a", pieces.thumb(new), words, href=ways.to("cases", case=new.case.id), data_go=True)
    return tag("div", look_at, button(icon("close"), "wave", look="quiet", label="Not now", run=new.run.id), class_="offer", id=f"offer-{new.run.id}")


def _waved_away() -> set[str]:
    waved: set[str] = st.session_state.setdefault("waved", set())
    return waved


def _choose(what: What) -> None:
    if people.find(place(), what["name"]) is None:
        raise NotNow("This person is gone from the list.", next="Choose another one.")
    choose(what["name"])


def _add(what: What) -> None:
    roles = frozenset(Role(role) for role in what["roles"].split(",") if role in set(Role))
    people.add(place(), what["name"], what["team"], roles, me())


ACTIONS = {
    "cancel": BOARD["cancel"],
    "cancel-sweep": BOARD["cancel-sweep"],
    "person": _choose,
    "add-person": _add,
    "wave": lambda what: _waved_away().add(what["run"]),
}
