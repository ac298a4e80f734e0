"""Finding a customer: search, the list with pictures and states, and a new case."""

import streamlit as st

from pages.parts import caseviews, forms, intake, pieces, ways
from pages.parts.caseviews import View
from pages.parts.comments import badge
from pages.parts.here import me, place, shared
from pages.parts.markup import Html, tag
from pages.parts.numbers import read_whole
from pages.parts.pieces import icon
from pages.parts.told import What
from pipeline.records import Plan
from pipeline.studio import casebook, finding, photos
from pipeline.studio.finding import CaseLine, CasePage
from pipeline.studio.standing import CaseState

PER_PAGE = 48
OWNER = "The customer’s account: all of a customer’s cases are taken down by it. Empty: the invitation id stands for it."
STATES = {
    CaseState.NEEDS_DECISION: ("help", "Needs a decision", "bad"),
    CaseState.NO_PHOTO: ("add_a_photo", "Needs a photo", "quiet"),
    CaseState.PHOTO: ("photo", "Photo only", "quiet"),
    CaseState.WORKING: ("progress_activity", "Working", "quiet"),
    CaseState.TO_REVIEW: ("visibility", "To review", "ask"),
    CaseState.FAILED: ("error", "Failed", "bad"),
    CaseState.AVATAR: ("check_circle", "Avatar approved", "good"),
    CaseState.READY: ("task_alt", "Ready", "good"),
}


def look() -> CasePage:
    """Return the page of cases that the address names."""
    view, number = caseviews.present(), _page_number()
    states, of = (view.state,) if view.state else (), me().name if view.mine else ""
    wanted = {"states": states, "of": of, "limit": PER_PAGE, "offset": (number - 1) * PER_PAGE}
    return shared(f"cases {number} {view} {of}", lambda there: finding.search(there, view.words, **wanted))


def draw(seen: CasePage) -> Html:
    """Draw search, saved views, cases and pages."""
    view = caseviews.present()
    new = forms.opener("New case", "new-case", look="primary", symbol="add", data_key="n")
    bar = caseviews.bar(view, {state: words for state, (_, words, _) in STATES.items()}, seen.total)
    head = tag("div", tag("header", tag("h1", "Cases"), new, class_="headbar"), bar, caseviews.saved(view), class_="stack tight")
    talked = badge.counts_of_cases(tuple(line.case.id for line in seen.lines))
    body = tag("div", *(_tile(line, talked.get(line.case.id, 0)) for line in seen.lines), class_="tiles") if seen.lines else _nobody(view)
    return tag("div", head, body, pieces.pager(_page_number(), PER_PAGE, seen.total, "cases", **view.query), _new_case(seen), class_="stack")


def _tile(line: CaseLine, talked: int) -> Html:
    name = pieces.short(line.case.name)
    shown = pieces.picture(line.thumb, f"{name}", lazy=True) if line.thumb else icon("add_a_photo")
    facts = tag("span", f"#{pieces.short(line.case.id, 40)}", class_="small")
    more = tag("span", f"{line.to_review} to review", class_="corner") if line.to_review > 1 else None
    stands = tag("span", pieces.badge(*STATES[line.state]), tag("span", pieces.ago(line.last_at), class_="small"), class_="stands")
    about = tag("span", tag("b", name, dir="auto"), facts, stands, class_="about")
    to = {"href": ways.to("cases", case=line.case.id), "data_go": True, "data_tile": True}
    return tag("a", tag("span", shown, more, badge.corner(talked), class_="frame"), about, class_="tile", id=f"case-{line.case.id}", **to)


def _nobody(view: View) -> Html:
    if view.query:
        named = f"No case fits “{pieces.short(view.words)}”." if view.words else "No case fits."
        stands = f" Only cases that stand at “{STATES[view.state][1]}” are shown." if view.state else ""
        yours = " Only yours are shown." if view.mine else ""
        said = f"{named}{stands}{yours} Names, invitation ids and owner ids are searched; every word must fit."
        return tag("div", icon("search_off"), tag("p", said), tag("a", "Show every case", href=ways.to("cases"), data_go=True), class_="friendly")
    said = "A case is a customer’s invitation: a photo, an avatar, a living portrait. Open the first one with “New case”."
    return tag("div", icon("folder_shared"), tag("p", said), class_="friendly")


def _new_case(seen: CasePage) -> Html:
    name = forms.field("Name", "name", required=True, autofocus=True, maxlength=5000, placeholder="Lim & Sofia’s wedding", autocomplete="off")
    id_ = forms.field("Invitation id", "case", maxlength=200, placeholder="made up if left empty, with an owner id", autocomplete="off")
    said = {"aria_label": "Owner id", "aria_description": OWNER}  # the hint is no part of the field's name
    owner = forms.field("Owner id", "owner", hint=OWNER, maxlength=200, placeholder="u-77", autocomplete="off", **said)
    plans = [
        forms.tick("Premium", "plan", Plan.PREMIUM.value, ticked=True, radio=True),
        forms.tick("Free tier (no portraits)", "plan", Plan.FREE.value, radio=True),
    ]
    choice = tag("fieldset", tag("legend", "Plan"), tag("div", *plans, class_="choices"))
    fields = (name, tag("div", id_, owner, class_="row"), choice, forms.buttons(forms.submit("Open the case")))
    return forms.dialog("new-case", "New case", forms.form("open", f"new-{seen.total}", *fields))


def _page_number() -> int:
    given = st.query_params.get("page", "1")
    return min(max(read_whole(given, 1), 1), 999_999)


def _open(what: What) -> None:
    plan = Plan.FREE if what["plan"] == Plan.FREE else Plan.PREMIUM
    case = casebook.open_new(place(), case_id=what["case"].strip(), owner=what["owner"].strip(), name=what["name"].strip(), plan=plan, by=me())
    if said := photos.warn_of_look_alikes(place(), case):
        st.session_state["notice"] = said
    if case.photo is None and case.plan is Plan.PREMIUM:
        intake.ask_for_photo(case)
    ways.go(ways.to("cases", case=case.id))


ACTIONS = {**caseviews.ACTIONS, "open": _open}
