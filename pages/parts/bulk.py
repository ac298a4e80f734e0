"""Many files at once: what is done to all that are ticked, what removing takes along before it goes, and what could not be done."""

import hashlib
from dataclasses import dataclass

import streamlit as st

from pages.parts import forms, pieces, ways
from pages.parts.here import me
from pages.parts.judging import REASONS
from pages.parts.markup import Html, tag
from pages.parts.pieces import barred, button, icon
from pages.parts.standing import not_deciding, not_starring
from pipeline.records import Asset, AssetKind, Role, new_id
from pipeline.studio.downloads import WORDS
from pipeline.studio.many import Done
from pipeline.studio.removal import Dependent, Dependents
from pipeline.wording import counted

SHOWN_MISSES = 20


@dataclass(frozen=True, kw_only=True)
class Going:
    """What was shown before a removal: each named file with everything that goes with it; `id` is one showing."""

    id: str
    chosen: tuple[tuple[Asset, Dependents], ...]

    @property
    def files(self) -> tuple[tuple[Dependents, Dependent], ...]:
        """Every file once, with what it goes with."""
        found = {(one.asset.scope, one.asset.sha256): (whole, one) for _, whole in self.chosen for one in whole.files}
        return tuple(found.values())


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of many: in one sentence, and each that stayed as it was, with its name."""

    words: str
    misses: tuple[tuple[str, Done], ...]


def form_id(address: str) -> str:
    """Return the name of the ticks of a view; once something was done with them they begin anew."""
    token = st.session_state.setdefault("ticks", new_id("t"))
    return f"ticks-{hashlib.blake2s(f'{token} {address}'.encode(), digest_size=6).hexdigest()}"


def begin_anew() -> None:
    """Take every tick away."""
    st.session_state.pop("ticks", None)


def bar(form: str) -> Html:
    """Draw what can be done with all that are ticked; the browser shows it while any is."""
    off, no_star = not_deciding(me()), not_starring(me())
    count = tag("b", data_own=True, data_picked=True, aria_live="polite")
    none = tag("button", "Select none", type="button", class_="quiet", data_none=True)
    acts = (
        forms.submit("Approve", look="plain", symbol="check", off=off, data_bulk="approve"),
        forms.opener("Reject", f"reject-{form}", symbol="thumb_down", off=off),
        forms.submit("Star", look="plain", symbol="star", off=no_star, data_bulk="star"),
        forms.submit("Publish", look="plain", symbol="public", off=barred(Role.PUBLISH, "publishing"), data_bulk="publish"),
        forms.submit("Remove", look="plain danger-quiet", symbol="delete", off=off, data_bulk="remove"),
    )
    return tag("form", count, *acts, none, _reject(form), class_="bulk", id=form, data_do="bulk", data_keep=True, aria_label="What is selected")


def _reject(form: str) -> Html:
    boxes = tag("fieldset", tag("legend", "Why?"), *(forms.tick(reason, "reason", reason) for reason in REASONS))
    words = forms.field("In your words", "note", maxlength=500, placeholder="for whoever looks at this later")
    kept = tag("p", "They stay in the history, and can be approved later.", class_="small")
    return forms.dialog(
        f"reject-{form}", "Reject what is selected", boxes, words, kept, forms.buttons(forms.submit("Reject them", data_bulk="reject"))
    )


def show_going(going: Going) -> None:
    """Show what would go, and wait for a yes."""
    st.session_state["going"] = going


def shown_going() -> Going | None:
    """Return what was shown last and is neither removed nor kept yet."""
    shown: Going | None = st.session_state.get("going")
    return shown


def keep() -> None:
    """Remove nothing."""
    st.session_state.pop("going", None)


def going() -> Html | None:
    """Draw everything that would go, and ask for the reason; nothing while nobody wants to remove anything."""
    shown = shown_going()
    if shown is None:
        return None
    files = shown.files
    only = shown.chosen[0][0] if len(shown.chosen) == 1 else None
    title = f"Remove this {WORDS[only.kind]}?" if only else f"Remove {len(shown.chosen)} selected files?"
    others = len(files) - len(shown.chosen)
    along = f"Everything made from {'it' if only else 'them'} goes too" if others else "Nothing else depends on it" if only else "Nothing else goes"
    lead = tag("p", f"{along}: {counted(len(files), 'file')} in all. This cannot be undone. Costs and history stay.")
    rows = [_row(whole, one, files, several=only is None) for whole, one in files]
    reason = forms.field("Reason", "reason", required=True, maxlength=500, placeholder="The customer asked for it")
    yes = forms.submit(f"Remove {counted(len(files), 'file')}", look="danger", symbol="delete")
    form = forms.form("remove", f"form-{shown.id}", reason, forms.buttons(forms.cancel(shown.id), yes), going=shown.id)
    list_ = tag("ul", *rows, class_="removed-list", tabindex=0, role="list", aria_label="What goes")
    close = tag("button", icon("close"), type="button", class_="quiet", popovertarget=shown.id, popovertargetaction="hide", aria_label="Close")
    head = tag("div", tag("h2", title), close, class_="history-head")
    return tag(
        "div",
        head,
        lead,
        list_,
        form,
        popover="auto",
        id=shown.id,
        class_="dialog going",
        role="dialog",
        aria_label=title,
        data_opens=True,
        data_closes="keep",
    )


def _row(whole: Dependents, one: Dependent, files: tuple[tuple[Dependents, Dependent], ...], *, several: bool) -> Html:
    poster = next((other.asset for _, other in files if other.asset.kind is AssetKind.POSTER and other.asset.call_id == one.asset.call_id), None)
    still = one.asset if one.asset.media_type.startswith("image/") else poster
    shown = tag("span", pieces.picture(still, "", lazy=True) if still else icon("movie"), class_="thumb")
    said = one.decision.value if one.decision else None
    facts = " · ".join(filter(None, ("current" if one.current else None, said, pieces.short(whole.case.name, 60) if several else None)))
    return tag("li", shown, tag("div", tag("b", WORDS[one.asset.kind].capitalize()), tag("p", facts, class_="small", dir="auto")))


def say(outcome: Outcome) -> None:
    """Say what became of many, until it is taken away."""
    st.session_state["outcome"] = outcome


def forget() -> None:
    """Take away what was said of many."""
    st.session_state.pop("outcome", None)


def outcome() -> Html | None:
    """Draw what became of many, and why some stayed as they were."""
    said: Outcome | None = st.session_state.get("outcome")
    if said is None:
        return None
    misses = [_miss(name, one) for name, one in said.misses[:SHOWN_MISSES]]
    rest = len(said.misses) - len(misses)
    more = tag("li", f"And {rest} more.") if rest > 0 else None
    symbol, look = ("task_alt", "good") if not said.misses else ("error", "bad")
    head = tag(
        "div", pieces.badge(symbol, said.words, look), button("", "forget", symbol="close", look="quiet", label="Close"), class_="history-head"
    )
    return tag("div", head, tag("ul", *misses, more, role="list") if misses else None, class_="card outcome", role="status", id="outcome")


def _miss(name: str, one: Done) -> Html:
    link = tag("a", tag("b", name, dir="auto"), href=ways.to("library", scope=one.scope, asset=one.sha256), data_go=True)
    return tag("li", link, f" {one.why} {one.next}")
