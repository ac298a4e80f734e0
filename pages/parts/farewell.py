"""Taking down a case or everything of a customer: every copy is named before it goes, and the receipt says what became of each."""

from collections.abc import Iterable

import streamlit as st

from pages.parts import evidence, forms, pieces, takedown_pictures, ways
from pages.parts.here import me, place, shared
from pages.parts.markup import Html, tag
from pages.parts.pieces import barred, icon
from pipeline.errors import StudioError
from pipeline.records import Case, Role
from pipeline.studio import takedown, takedown_receipt
from pipeline.studio.takedown import TakeDownPlan
from pipeline.studio.takedown_copies import Copy, Outcome, Scope, Subject
from pipeline.studio.takedown_receipt import Receipt
from pipeline.wording import counted

PLAN = "takedown-plan"
WORDS = {Scope.CASE: "this invitation", Scope.CUSTOMER: "everything of this customer"}
SHOWN = {
    Outcome.WAITING: ("hourglass_bottom", "Still to be removed", "quiet"),
    Outcome.REMOVED: ("check_circle", "Removed", "good"),
    Outcome.KEPT: ("lock", "Kept", "quiet"),
    Outcome.STUCK: ("error", "Could not be removed", "bad"),
}


def asked() -> Scope | None:
    """Return how much the address asks to take down; None when it asks nothing of the kind."""
    given = st.query_params.get("takedown", "")
    return Scope(given) if given in (Scope.CASE, Scope.CUSTOMER) else None


def subject(case: Case, scope: Scope) -> Subject:
    """Return what is meant from this case's point of view."""
    return Subject(owner=case.owner, case_id=case.id if scope is Scope.CASE else "")


def section(case: Case) -> Html:
    """Draw what would go, the receipt that was asked for, or the way to both."""
    if (scope := asked()) is not None:
        return _plan(case, scope)
    leave()
    if receipt_id := st.query_params.get("receipt", ""):
        return _receipt(case, receipt_id)
    return _ways(case)


def _ways(case: Case) -> Html:
    words = (
        "Removes photos, results, publications, what was said of them and every other copy for good. "
        "Every copy is named before anything goes; what it cost stays on record."
    )
    links = [
        tag("a", icon("folder_delete"), "Take down this invitation", href=_to(case, takedown=Scope.CASE.value), data_go=True, class_="linklike"),
        tag(
            "a",
            icon("person_remove"),
            "Take down everything of this customer",
            href=_to(case, takedown=Scope.CUSTOMER.value),
            data_go=True,
            class_="linklike",
        ),
    ]
    done = _receipts(case)
    shown = tag("ul", *(_line(case, one) for one in done), class_="small receipts") if done else None
    return tag(
        "section",
        tag("h2", "Take down"),
        tag("p", words, class_="small"),
        tag("div", *links, class_="buttons"),
        shown,
        class_="card stack tight",
        id="takedown",
    )


def _receipts(case: Case) -> tuple[Receipt, ...]:
    return shared(f"takedowns {case.id!r} {case.owner!r}", lambda there: takedown_receipt.of_case(there, case.id, case.owner))


def _line(case: Case, one: Receipt) -> Html:
    copies = counted(len(one.copies), "copy", "copies")
    words = f"Taken down by {one.person}, {evidence.moment(one.asked_at)}: {one.counts['removed']} of {copies} removed"
    return tag("li", tag("a", icon("receipt_long"), words, href=_to(case, receipt=one.id), data_go=True))


def _plan(case: Case, scope: Scope) -> Html:
    try:
        seen = _looked(subject(case, scope))
    except StudioError as error:
        return tag("section", tag("h2", "Take down"), tag("p", error.on_screen), _back(case), class_="card stack tight", id="takedown")
    if not seen.going:
        none = tag("p", "There is nothing left to take down.")
        return tag(
            "section",
            tag("h2", f"Take down {WORDS[scope]}"),
            none,
            _copies(seen.copies, planned=True),
            _back(case),
            class_="card stack tight",
            id="takedown",
        )
    count = counted(len(seen.going), "copy", "copies")
    lead = tag("p", f"{count} would be removed. This cannot be undone: nothing of it is kept again. What it cost stays on record, without pictures.")
    return tag(
        "section",
        tag("h2", f"Take down {WORDS[scope]}?"),
        lead,
        *takedown_pictures.draw(seen),
        tag("details", tag("summary", f"Every copy, {len(seen.copies)} in all"), _copies(seen.copies, planned=True)),
        _form(case, scope, seen, count),
        class_="card stack tight",
        id="takedown",
    )


def _looked(meant: Subject) -> TakeDownPlan:
    """Return what was found when this was opened: the stores are looked through once, and once more when it is carried out."""
    kept: TakeDownPlan | None = st.session_state.get(PLAN)
    if kept is None or kept.subject != meant:
        kept = st.session_state[PLAN] = takedown.plan(place(), meant)
    return kept


def leave() -> None:
    """Forget what was found; who comes back looks again."""
    st.session_state.pop(PLAN, None)


def _form(case: Case, scope: Scope, seen: TakeDownPlan, count: str) -> Html:
    off = barred(Role.PUBLISH, "publishing") or barred(Role.APPROVE, "deciding")
    why = forms.field("Reason", "reason", required=True, maxlength=500, placeholder="The customer asked for it", hint="It stands on the receipt.")
    cancel = tag("a", "Cancel", href=ways.to("publish", case=case.id), data_go=True, class_="button")
    buttons = forms.buttons(forms.submit(f"Take down {count}", look="danger", symbol="delete_forever", off=off), cancel)
    about = {"case": case.id, "scope": scope.value, "mark": seen.mark}
    return forms.form("take-down", f"takedown-{seen.mark[:12]}", why, buttons, **about)


def _receipt(case: Case, receipt_id: str) -> Html:
    one = next((one for one in _receipts(case) if one.id == receipt_id), None)
    if one is None:
        return tag("section", tag("p", "There is no such receipt."), _back(case), class_="card", id="takedown")
    copied = (icon("content_copy"), tag("span", "Copy"))
    copy = tag("button", *copied, type="button", class_="plain", data_copy="receipt-text", data_key="c")
    words = tag("pre", one.text(), id="receipt-text", tabindex=0, aria_label="Receipt")
    heading = tag("div", tag("h2", "Receipt"), copy, class_="history-head")
    details = tag("details", tag("summary", "For staff: where every copy was"), _copies(one.copies, planned=False))
    return tag("section", heading, words, details, _back(case), class_="card stack tight receipt", id="takedown")


def _copies(copies: Iterable[Copy], *, planned: bool) -> Html:
    rows = [
        tag(
            "tr",
            tag("td", one.what),
            tag("td", one.where.value),
            tag(
                "td",
                "would go" if planned and one.outcome is Outcome.WAITING else pieces.badge(*SHOWN[one.outcome]),
                tag("span", one.why, class_="small") if one.why else None,
            ),
        )
        for one in copies
    ]
    head = tag("thead", tag("tr", *(tag("th", words, scope="col") for words in ("Copy", "Where", "What becomes of it"))))
    return tag("div", tag("table", head, tag("tbody", *rows)), class_="listing copies", tabindex=0, role="region", aria_label="Copies")


def _back(case: Case) -> Html:
    return tag("a", "Back", href=ways.to("publish", case=case.id), data_go=True, class_="linklike")


def _to(case: Case, **query: str) -> str:
    return ways.to("publish", case=case.id, **query)


def take_down(case: Case, scope: Scope, mark: str, reason: str) -> Receipt:
    """Carry out what was shown, and return its receipt; what was shown is looked for anew after that, however it went."""
    leave()
    return takedown.take_down(place(), subject(case, scope), me(), reason, expected=mark)
