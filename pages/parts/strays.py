"""Stores beside the records: what lies there without a row, what rows miss, what it takes and costs a month; deleted only after it was shown."""

from collections.abc import Callable, Iterator, Mapping

import streamlit as st

from pages.parts import evidence, storeroom
from pages.parts.errand import Errand
from pages.parts.here import me, place, shared
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, join, tag
from pages.parts.pieces import ago, badge, barred, button, icon
from pipeline.records import Role, dollars
from pipeline.studio import keeping, orphans
from pipeline.studio.keeping import StorageCost
from pipeline.studio.orphan_file import OrphanReport, StoreReport
from pipeline.studio.place import Place
from pipeline.wording import counted

SHOWN = 50
NAMES = {"private": "Private media", "public": "Published"}


def draw() -> Html:
    """Draw what is kept and what it costs, and what the last look at the stores found."""
    outcome, report = errand().outcome, orphans.last(place())
    look = button("Look now", "look-for-strays", symbol="search", off="Being looked at" if outcome.began_at else None)
    said = f"Looked {ago(report.at)}; the worker looks once a week." if report else "The worker looks once a week; nobody has looked yet."
    trouble = badge("error", outcome.trouble, "bad") if outcome.trouble else None
    going_on = tag("p", icon("progress_activity"), tag("span", "Looking through the stores"), class_="said turning", role="status")
    under_way = going_on if outcome.began_at else tag("p", tag("span", said, class_="small"), trouble, role="status")
    head = tag("div", tag("h2", "Stores and records"), look, class_="head-of")
    return join(tag("section", head, _cost(shared("storage cost", keeping.storage_cost)), under_way), _found(report) if report else None)


def _cost(cost: StorageCost) -> Html:
    rows = [
        (
            tag("b", words),
            tag("code", kept.where),
            f"{kept.files:,}",
            storeroom.size(kept.bytes),
            dollars(kept.micro_usd_a_month) if kept.micro_usd_a_month else "nothing",
        )
        for words, kept in (("Private media", cost.private), ("Published", cost.public))
    ]
    note = tag(
        "p", f"R2 costs {dollars(cost.price_micro_usd_per_gb_month)} per GB and month ({cost.source_date}); reading costs nothing.", class_="small"
    )
    return join(listing("What is stored", ("What", "Where", "Files", "Size", "A month"), rows, numbers={2, 3, 4}), note)


def _found(report: OrphanReport) -> Html:
    parts = (report.private, report.public)
    count, size = sum(len(one.orphans) for one in parts), sum(one.orphan_bytes for one in parts)
    missing = sum(len(one.missing) for one in parts)
    if not count and not missing:
        return tag("section", tag("p", badge("task_alt", "Every file has its row, and every row its file.", "good")))
    rows = [row for one in parts for row in _rows(one)][:SHOWN]
    words = tag("p", f"{counted(count, 'file')} without a row ({storeroom.size(size)}), {counted(missing, 'row')} without a file.")
    more = tag("p", f"The first {SHOWN} are shown; `orphans --json` lists all.", class_="small") if count + missing > SHOWN else None
    delete = button(
        f"Delete {counted(count, 'file')} without a row",
        "delete-strays",
        look="danger",
        symbol="delete",
        off=barred(Role.PUBLISH, "publishing"),
        mark=report.mark,
    )
    table = listing("What does not fit together", ("Store", "Key", "What", "Size", "Since"), rows, numbers={3})
    return tag("section", words, table, more, delete if count else None)


def _rows(one: StoreReport) -> Iterator[tuple[Child, ...]]:
    name = NAMES.get(one.name, one.name)
    for stray in one.orphans:
        yield tag("span", name), tag("code", stray.key), "no row knows it", storeroom.size(stray.bytes), evidence.moment(stray.modified_at)
    for row in one.missing:
        what = "its file is missing" if row.held_bytes is None else f"its file has {storeroom.size(row.held_bytes)}"
        yield tag("span", name), tag("code", row.key), what, storeroom.size(row.bytes), evidence.moment(row.since)


def errand() -> Errand[OrphanReport]:
    """Return the look at this place's stores; every screen shares it."""
    return _errand(str(place().settings.folder), place())


@st.cache_resource(show_spinner=False, max_entries=20)
def _errand(folder: str, _there: Place) -> Errand[OrphanReport]:  # noqa: ARG001 - what tells one place from another
    return Errand(lambda: orphans.scan(_there))


def _delete(what: Mapping[str, str]) -> None:
    orphans.delete(place(), what["mark"], me())
    errand().begin()


ACTIONS: Mapping[str, Callable[[Mapping[str, str]], object]] = {"look-for-strays": lambda _: errand().begin(), "delete-strays": _delete}
