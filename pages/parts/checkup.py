"""The health of every part: a light look that is always there, and the thorough one by button."""

from collections.abc import Callable, Mapping

import streamlit as st

from pages.parts.errand import Errand, Outcome
from pages.parts.here import health, place
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import ago, badge, button, icon
from pipeline import doctor
from pipeline.doctor import Finding
from pipeline.errors import without_commands
from pipeline.studio.place import Place

TITLES = {
    "settings": "Settings",
    "disk": "Disk",
    "database": "Database",
    "ledger": "Ledger",
    "requests": "Requests at the provider",
    "models": "Models and prices",
    "prompts": "Prompt styles",
    "ffmpeg": "ffmpeg, which encodes clips",
    "pictures": "The reader of pictures",
    "likeness": "Likeness",
    "store": "Media, private and published",
    "worker": "Worker",
    "provider": "Provider",
}


def draw() -> Html:
    """Draw what is known at once, and what the last thorough check found."""
    outcome = errand().outcome
    check = button(
        "Check every part", "check-all", symbol="troubleshoot", look="primary", off="Every part is being checked" if outcome.began_at else None
    )
    now_ = [Finding(part=part.title, ok=part.ok, say=part.say, remedy=part.remedy) for part in health()]
    title = tag("h2", f"Every part, checked {ago(outcome.ended_at)}" if outcome.ended_at else "Every part")
    return join(
        tag("section", tag("h2", "Right now"), _rows(now_)),
        tag(
            "section",
            tag("div", title, check, class_="head-of"),
            _said(outcome),
            _rows(outcome.found or []) if outcome.found else None,
            id="every-part",
        ),
    )


def _said(outcome: Outcome[list[Finding]]) -> Html:
    """Say how the thorough check stands, for eyes and for ears."""
    if outcome.began_at:
        clock = tag("span", class_="clock", data_since=outcome.began_at)
        return tag(
            "p", icon("progress_activity"), tag("span", "Checking every part"), clock, class_="said turning", role="status", id="said-under-way"
        )
    return tag("p", _verdict(outcome), class_="said", role="status", id="said")


def _verdict(outcome: Outcome[list[Finding]]) -> Html:
    if outcome.trouble:
        return badge("error", outcome.trouble, "bad")
    if outcome.found is None:
        words = "Not checked since the studio started. A check takes a few seconds, spends nothing, and names the remedy of whatever is wrong."
        return tag("span", words, class_="small")
    wrong = sum(not finding.ok for finding in outcome.found)
    if wrong:
        return badge("error", f"{wrong} of {len(outcome.found)} parts {'needs' if wrong == 1 else 'need'} attention", "bad")
    return badge("check_circle", f"All {len(outcome.found)} parts are well", "good")


def _rows(findings: list[Finding]) -> Html:
    return tag("ul", *(_row(finding) for finding in findings), class_="card rows findings")


def _row(finding: Finding) -> Html:
    words = without_commands(finding.remedy)
    remedy = tag("span", icon("build"), tag("span", words), class_="remedy") if words else None
    state = badge("check_circle", "Well", "good") if finding.ok else badge("error", "Needs attention", "bad")
    return tag("li", tag("b", TITLES.get(finding.part, finding.part)), tag("span", finding.say, remedy, class_="say"), state)


def errand() -> Errand[list[Finding]]:
    """Return the thorough check of this place; every screen shares it."""
    return _errand(str(place().settings.folder), place())


@st.cache_resource(show_spinner=False, max_entries=20)
def _errand(folder: str, _there: Place) -> Errand[list[Finding]]:  # noqa: ARG001 - what tells one place from another
    return Errand(lambda: doctor.examine(_there.settings))


ACTIONS: Mapping[str, Callable[[Mapping[str, str]], object]] = {"check-all": lambda _: errand().begin()}
