"""Take away: what the costs are as files and what their columns mean, backups of all records, and the ways to ask questions of one's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from pages.parts import spendask, spendwords, takefiles
from pages.parts.errand import Errand, Outcome
from pages.parts.here import me, place
from pages.parts.listing import listing
from pages.parts.markup import Html, join, tag
from pages.parts.pieces import ago, badge, barred, button, icon
from pages.parts.spendask import Asked
from pages.parts.steady import steady
from pages.parts.storeroom import size
from pipeline.records import Person, Role, dollars, now
from pipeline.studio import backups, spending
from pipeline.studio.backups import Backup, Facts
from pipeline.studio.export_columns import ABOUT, CLOCK, TOTAL, Table, columns_of
from pipeline.studio.exports import Format
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.wording import counted

PART = "takeaway"
SHOWN_BACKUPS = 10
TITLES = {Table.REQUESTS: "Requests", Table.DAILY: "Sums by day", Table.COSTS: "Sums", Table.LEDGER: "Ledger lines"}
MORE = {
    Table.LIKENESS: "Likeness and approval",
    Table.PRICES: "Prices of units",
    Table.DURATIONS: "Durations",
    Table.BUDGETS: "Budgets",
    Table.DIFFERENCES: "Differences to the bill",
}
FORMS = {Format.CSV: "CSV", Format.PARQUET: "Parquet"}
WAYS = (
    ("Datasette", "The ledger in the browser, read-only, with the usual questions ready: what was spent, waste, dearest cases, what is on no bill."),
    ("Notebook", "The ten usual questions answered with pandas and Plotly, straight from the file."),
    ("Command line", "The same files without a screen, and sums by anything as JSON."),
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The view whose figures are taken away, what it comes to in micro-dollars, and the backups there are."""

    asked: Asked
    charged_micro_usd: int
    backups: tuple[Backup, ...]
    outcome: Outcome[tuple[Backup, Facts]]


def look() -> Seen:
    """Return what the address asks for."""
    asked = spendask.read(dict(st.query_params), now()[:10])
    figures = steady(("taken", asked.key), lambda there: spending.figures(there, asked.slice))
    there = place().settings
    return Seen(asked=asked, charged_micro_usd=figures.charged_micro_usd, backups=backups.backups(there), outcome=errand().outcome)


def draw(seen: Seen) -> Html:
    """Draw the files, the backups and the other ways."""
    return join(_files(seen), _backups(seen), _ways())


def _files(seen: Seen) -> Html:
    rows = [_file(seen.asked, table, title) for table, title in (TITLES | MORE).items()]
    of = tag("p", tag("span", f"{_said(seen.asked)}: "), tag("b", dollars(seen.charged_micro_usd)), tag("span", " spent. "), _other(seen.asked))
    lead = tag("p", f"Every file adds up to what the screen says and the ledger proves. {CLOCK}", class_="small lead")
    head = ("What", "In it", "Take", "Columns")
    whole = [_file(seen.asked, Table.LEDGER, "The whole ledger", whole=True), _file(seen.asked, Table.REQUESTS, "All requests", whole=True)]
    all_of_it = listing("Everything as files", head, whole)
    view = listing("This view as files", head, rows)
    return tag("section", tag("h2", "Files"), lead, of, view, tag("h3", "Everything, whatever the view is"), all_of_it, class_="takeaway")


def _said(asked: Asked) -> str:
    days = asked.days
    told = "All time" if days.since is None else f"{days.since} to {days.until}"
    narrowed = [f"{spendask.DIMENSIONS[name].lower()} {spendwords.name_of(name, value or None)}" for name, value in asked.only.items()]
    return ", ".join([told, *narrowed])


def _other(asked: Asked) -> Html:
    return tag("a", "Choose other days or narrow it down", href=spendask.to(asked), data_go=True)


def _file(asked: Asked, table: Table, title: str, *, whole: bool = False) -> tuple[Html, ...]:
    by = f" by {spendask.DIMENSIONS[asked.by].lower()}" if table is Table.COSTS else ""
    links = [
        tag(
            "a",
            icon("download"),
            tag("span", words),
            href=takefiles.link(asked, table, form, whole=whole),
            download=True,
            class_="quiet",
            aria_label=f"{title}{by} as {words}",
        )
        for form, words in FORMS.items()
    ]
    return tag("b", f"{title}{by}"), tag("span", ABOUT[table]), tag("span", *links, class_="takes"), _columns(asked, table)


def _columns(asked: Asked, table: Table) -> Html:
    columns = columns_of(table, (asked.by,) if table is Table.COSTS else ())
    parts = [
        (tag("dt", tag("code", one.name)), tag("dd", _plain(one.meaning), tag("small", _plain(" · ".join(filter(None, (one.kind.value, one.unit)))))))
        for one in columns
    ]
    told = tag("p", _plain(TOTAL[table]), class_="small")
    return tag("details", tag("summary", f"{counted(len(columns), 'column')}"), told, tag("dl", *parts, class_="columns"))


def _plain(words: str) -> str:
    """Leave out the marks that name a column in Markdown."""
    return words.replace("`", "")


def _backups(seen: Seen) -> Html:
    doing = bool(seen.outcome.began_at)
    off = "A backup is being made" if doing else barred(Role.ADMIN, "backups")
    press = button("Back up now", "back-up", symbol="save", look="primary", off=off)
    words = tag("p", f"{backups.INSIDE} {backups.OUTSIDE}", class_="small lead")
    rows = [(tag("code", one.name), ago(one.made_at), size(one.bytes)) for one in seen.backups[:SHOWN_BACKUPS]]
    table = listing("Backups", ("Name", "Made", "Size"), rows, numbers={2}) if rows else tag("p", "There is no backup yet.", class_="small")
    back = tag("p", "An engineer goes back to one while the studio is stopped. The records that are there now are kept under a dated name.")
    head = tag("div", tag("h2", "Backups"), press, class_="head-of")
    return tag("section", head, words, _made(seen.outcome), table, back, class_="takeaway", id="backups")


def _made(outcome: Outcome[tuple[Backup, Facts]]) -> Html:
    """Say how the backup that was asked for stands, for eyes and for ears."""
    if outcome.began_at:
        clock = tag("span", class_="clock", data_since=outcome.began_at)
        words = tag("span", "Copying and proving; everybody goes on working")
        return tag("p", icon("progress_activity"), words, clock, class_="said turning", role="status", id="backup-under-way")
    if outcome.trouble:
        return tag("p", badge("error", outcome.trouble, "bad"), class_="said", role="status", id="backup-said")
    if outcome.found is None:
        return tag("p", class_="said", role="status", id="backup-said")
    _, facts = outcome.found
    words_ = f"Backed up and proven: {counted(facts.runs, 'run')}, {counted(facts.lines, 'ledger line')}, {dollars(facts.charged_micro_usd)} spent"
    return tag("p", badge("check_circle", words_, "good"), class_="said", role="status", id="backup-said")


def _ways() -> Html:
    table = listing("Other ways", ("What", "What for"), [(tag("b", name), what_for) for name, what_for in WAYS])
    return tag("section", tag("h2", "Questions of your own"), tag("p", "The README says how to open each.", class_="small"), table, class_="takeaway")


def address(asked: Asked) -> str:
    """Return the way to this part with the same view."""
    there = spendask.to(asked)
    return f"{there}{'&' if '?' in there else '?'}part={PART}"


def errand() -> Errand[tuple[Backup, Facts]]:
    """Return the backup of this place; every screen shares it."""
    return _errand(str(place().settings.folder), place())


@st.cache_resource(show_spinner=False, max_entries=20)
def _errand(folder: str, _there: Place) -> Errand[tuple[Backup, Facts]]:  # noqa: ARG001 - what tells one place from another
    # Whether whoever presses may, is checked at the press: the errand itself belongs to all screens.
    return Errand(lambda: backups.back_up(_there, Person(name=_there.settings.person)))


@st.fragment(run_every=1.0)
def below() -> None:
    """Have the part drawn anew when a backup has begun or ended: that changes nothing in the database."""
    outcome = errand().outcome
    state = (outcome.began_at, outcome.ended_at)
    if st.session_state.get("backup", state) != state:
        st.session_state.pop("drawn", None)
    st.session_state["backup"] = state


def _back_up(_: Mapping[str, str]) -> None:
    check(me(), Role.ADMIN)
    errand().begin()


ACTIONS: Mapping[str, Callable[[Mapping[str, str]], object]] = {"back-up": _back_up}
