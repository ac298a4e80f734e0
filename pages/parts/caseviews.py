"""How the list of cases is narrowed: words, status and whose, all in the address; and the views that somebody saved of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from pages.parts import forms, pieces, ways
from pages.parts.here import me, place, shared
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pages.parts.told import What
from pipeline.studio import saved_views
from pipeline.studio.saved_views import SavedView
from pipeline.studio.standing import CaseState
from pipeline.wording import counted

LONGEST_WORDS = 200
ANY = "any status"
MINE = "Opened by you, or you had something made in it"


@dataclass(frozen=True, kw_only=True)
class View:
    """What the address asks of the list: words, one status or any, everybody's cases or one's own."""

    words: str = ""
    state: CaseState | None = None
    mine: bool = False

    @property
    def query(self) -> dict[str, str]:
        """The words of the address; empty for the whole list."""
        told = {"q": self.words, "state": self.state.value if self.state else "", "mine": "1" if self.mine else ""}
        return {name: value for name, value in told.items() if value}


def read(given: Mapping[str, str]) -> View:
    """Return the view that an address or a form asks for; what it says of no status that there is, is left out."""
    state = given.get("state", "")
    words = given.get("q", "").strip()[:LONGEST_WORDS]
    return View(words=words, state=CaseState(state) if state in set(CaseState) else None, mine=given.get("mine", "") == "1")


def present() -> View:
    """Return the view that is open."""
    return read(st.query_params.to_dict())


def bar(view: View, words_for: Mapping[CaseState, str], total: int) -> Html:
    """Draw the search with its filters, and how many cases fit."""
    label = "Search cases by name, invitation id or owner id"
    box = tag("input", type="search", name="q", value=view.words, placeholder="Name, invitation or owner", aria_label=label, maxlength=LONGEST_WORDS)
    options = [tag("option", ANY.capitalize(), value="", selected=view.state is None)]
    options += [tag("option", words, value=state.value, selected=state is view.state) for state, words in words_for.items()]
    chosen = tag("select", *options, name="state", aria_label="Status")
    mine = tag(
        "span", forms.tick("Mine", "mine", "1", ticked=view.mine), class_="choices plain", title="Opened by you, or you had something made in it"
    )
    count = tag("span", counted(total, "case"), class_="small")
    find = forms.submit("Search", look="plain", symbol="search")
    return tag("form", box, find, chosen, mine, count, class_="search", data_do="search", data_at_once=True, id="search", role="search")


def saved(view: View) -> Html | None:
    """Draw the views that were saved, and the way to save the one that is open."""
    name = me().name
    kept = shared(f"saved views {name}", lambda there: saved_views.saved_views(there, name))
    chips = [_chip(one, view) for one in kept]
    known = any(dict(parse_qsl(one.query)) == view.query for one in kept)
    save = forms.opener("Save this view", "save-view", look="quiet", symbol="bookmark_add") if view.query and not known else None
    clear = tag("a", "Show every case", href=ways.to("cases"), data_go=True, class_="small") if view.query else None
    if not (chips or save):
        return None
    dialog = _save(view) if save else None
    return tag("div", *chips, save, clear, dialog, class_="views chips", role="group", aria_label="Saved views")


def _chip(one: SavedView, view: View) -> Html:
    query = dict(parse_qsl(one.query))
    here = "true" if query == view.query else None
    to = tag("a", icon("bookmark"), pieces.short(one.name, 60), href=ways.to("cases", **query), data_go=True, aria_current=here, dir="auto")
    off = pieces.button(icon("close"), "remove-view", look="quiet", label=f"Remove the view {pieces.short(one.name, 60)}", view=one.id)
    return tag("span", to, off, class_="chip", id=f"view-{one.id}")


def _save(view: View) -> Html:
    what = " · ".join(filter(None, (f"“{pieces.short(view.words, 40)}”" if view.words else "", view.state or "", "mine" if view.mine else "")))
    field = forms.field(
        "Name", "name", required=True, autofocus=True, maxlength=saved_views.LONGEST_NAME, placeholder="Waiting for me", autocomplete="off"
    )
    said = tag("p", f"Saved for you: {what}. Its link shows the same to everybody, with “mine” read as theirs.", class_="small")
    buttons = forms.buttons(forms.cancel("save-view"), forms.submit("Save"))
    return forms.dialog("save-view", "Save this view", forms.form("save-view", "save-view-form", said, field, buttons, query=urlencode(view.query)))


def _find(what: What) -> None:
    ways.go(ways.to("cases", **read(what).query))


def _keep(what: What) -> None:
    query = read(dict(parse_qsl(what["query"]))).query
    saved_views.save_view(place(), what["name"], urlencode(query), me())


ACTIONS = {"search": _find, "save-view": _keep, "remove-view": lambda what: saved_views.remove_view(place(), what["view"], me())}
