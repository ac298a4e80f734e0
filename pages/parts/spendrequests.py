"""The requests behind the figures, page by page, and any one of them in full: what was asked, its ledger lines, its picture."""

import json
from collections.abc import Iterator

from pages.parts import pieces, spendwords, ways
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, join, tag
from pages.parts.pieces import badge, icon
from pages.parts.spendask import SORTS, Asked, to
from pages.parts.steady import steady
from pipeline.records import EntryKind, dollars, moment
from pipeline.studio import requests_made
from pipeline.studio.requests_made import Line, Page, Single

SIZE = 25
COUNTED = "Requests, results used again and adjusting entries"
OUTCOMES = {
    "succeeded": ("check_circle", "Succeeded", "good"),
    "open": ("progress_activity", "Under way", "ask"),
    "failed": ("error", "Failed", "bad"),
    "spoilt": ("broken_image", "Unusable result", "bad"),
    "written off": ("money_off", "Written off", "bad"),
    "cancelled": ("cancel", "Cancelled", "quiet"),
    "reused": ("recycling", "Used again", "quiet"),
    "adjusted": ("edit_note", "Adjusting entry", "quiet"),
}
TOLD = {
    "Time (UTC)": "When its money was held, an entry was booked, or a result was used again.",
    "What": "Avatar or clip, with its style; or an entry booked from a bill.",
    "Model": "The model that was asked, as the catalogue calls it.",
    "Customer": "The case it was made for; sweeps on test photos have none.",
    "Person": "Who asked for it.",
    "Outcome": "What became of it: its request, or what was decided about its picture since.",
    "Took": "Seconds from sending the request to its end.",
    "Cost": "What was charged, or is held for it; of a result used again, what that saved.",
}
SPENT = (EntryKind.CHARGE, EntryKind.ADJUST)


def draw(asked: Asked) -> Html:
    """Draw one page of the requests of what is looked at."""
    name = ("requests", asked.key, asked.order, asked.page)
    seen: Page = steady(name, lambda there: requests_made.page(there, asked.slice, asked.order, number=asked.page, size=SIZE))
    orders = [
        tag("a", words, href=to(asked, order=order), data_go=True, aria_current="true" if order is asked.order else None)
        for order, words in SORTS.items()
    ]
    head = tag("p", f"{COUNTED}: {seen.count:,}, {dollars(seen.charged_micro_usd)} in all", class_="small", id="in-all", data_only=bool(asked.only))
    bar = tag("div", head, tag("nav", *orders, class_="cuts", aria_label="Sorted by"), class_="history-head")
    if not seen.lines:
        return join(bar, tag("p", tag("span", "Nothing was asked for here."), class_="nothing"))
    known = spendwords.customers("case", [line.case_id for line in seen.lines])
    columns = ("Time (UTC)", "What", "Model", "Customer", "Person", "Outcome", "Took", "Cost")
    table = listing("Requests", columns, [_row(asked, line, known) for line in seen.lines], numbers=(6, 7), told=TOLD)
    return join(bar, table, _pager(asked, seen))


def _row(asked: Asked, line: Line, known: dict[str, str]) -> tuple[Child, ...]:
    return (
        tag("a", _time(line), href=to(asked, request=line.id), data_go=True, aria_label=f"Request of {line.for_day}: look into"),
        _what(line),
        spendwords.model_of(line.endpoint),
        spendwords.name_of("case", line.case_id, known) if line.case_id else "–",
        pieces.short(line.person, 40),
        _came(line),
        f"{line.seconds:.1f} s" if line.seconds is not None else "–",
        tag("b", dollars(line.charged_micro_usd)) if line.charged_micro_usd else _unpaid(line),
    )


def _time(line: Line) -> str:
    """Say when: day and time, and the day it counts for where that is another one."""
    if line.at is None:
        return spendwords.day(line.for_day)
    said = f"{spendwords.day(line.at[:10])}, {line.at[11:16]}"
    return said if line.at[:10] == line.for_day else f"{said}, for {spendwords.day(line.for_day)}"


def _what(line: Line) -> str:
    if line.outcome == "adjusted" and line.call_id is None:
        return spendwords.BOOKED
    style = spendwords.name_of("style", line.style) if line.style else None
    return " · ".join(filter(None, (spendwords.name_of("kind", line.kind or None), style)))


def _came(line: Line) -> Html:
    if line.published:
        return badge("public", "Published", "good")
    verdicts = {"approved": ("check_circle", "Approved", "good"), "rejected": ("thumb_down", "Rejected"), "retired": ("history", "Retired")}
    judged = verdicts.get(line.verdict) if line.outcome != "adjusted" else None  # of an adjusting entry: of the picture it is for
    return badge(*(judged or OUTCOMES[line.outcome]))


def _unpaid(line: Line) -> str:
    if line.outcome == "reused":
        return f"{dollars(line.saved_micro_usd)} saved"
    return f"{dollars(line.held_micro_usd)} held" if line.held_micro_usd else dollars(0)


def _pager(asked: Asked, seen: Page) -> Html | None:
    pages = -(-seen.count // SIZE)
    if pages <= 1:
        return None
    back = tag("a", "Before", href=to(asked, page=asked.page - 1), data_go=True, rel="prev") if asked.page > 1 else None
    on = tag("a", "Next", href=to(asked, page=asked.page + 1), data_go=True, rel="next") if asked.page < pages else None
    return tag("nav", back, tag("span", f"Page {asked.page:,} of {pages:,}"), on, class_="pager", aria_label="Pages")


def single(asked: Asked, seen: Single | None) -> Html:
    """Draw one request in full."""
    back = tag("a", icon("arrow_back"), "Back to the figures", href=to(asked, page=asked.page), data_go=True, class_="back")
    if seen is None:
        return join(back, pieces.friendly("search_off", "No such request", "It is not among the costs, or its address was cut."))
    line = seen.line
    title = tag("div", tag("h2", spendwords.model_of(line.endpoint)), badge(*OUTCOMES[line.outcome]), class_="title")
    facts = tag("dl", *(join(tag("dt", name), tag("dd", value)) for name, value in _facts(seen) if value))
    about = tag("div", tag("div", title, facts, class_="card request"), _picture(seen), class_="one-request")
    return tag("div", back, about, _ledger(seen), _input(seen), class_="stack single")


def _facts(seen: Single) -> Iterator[tuple[str, Child]]:
    line = seen.line
    known = spendwords.customers("case", [line.case_id])
    yield "Cost", tag("b", dollars(line.charged_micro_usd))
    yield "Held before", dollars(line.estimate_micro_usd) if line.call_id else None
    yield "Saved", dollars(line.saved_micro_usd) if line.saved_micro_usd else None
    yield "Counts for", f"{spendwords.day(line.for_day)} (UTC)"
    yield "What", _what(line)
    yield "What became of it", _came(line)
    yield "Customer", _to_case(line, known) if line.case_id else None
    yield "Asked by", f"{pieces.short(line.person, 60)}, {pieces.short(line.team, 60)}"
    yield "For", line.feature
    yield "Run", tag("a", "Look at the run", href=ways.to("queue", run=line.run_id), data_go=True) if line.run_id else None
    yield "Sweep", tag("a", "Look at the sweep", href=ways.to("compare", sweep=line.sweep), data_go=True) if line.sweep else None
    yield "Took", f"{line.seconds:.1f} s" if line.seconds is not None else None
    yield "Endpoint", tag("code", line.endpoint)
    yield "Served by", tag("code", seen.served_endpoint) if seen.served_endpoint and seen.served_endpoint != line.endpoint else None
    yield "Request id", tag("code", seen.request_id) if seen.request_id else None
    yield "What went wrong", str(seen.error["say"]) if seen.error and seen.error.get("say") else None


def _to_case(line: Line, known: dict[str, str]) -> Html:
    return tag("a", spendwords.name_of("case", line.case_id, known), href=ways.to("cases", case=line.case_id), data_go=True, dir="auto")


def _picture(seen: Single) -> Html | None:
    made = seen.made
    if made is None:
        return None
    words = f"{pieces.KINDS.get(made.kind, 'File')} that was made"  # type: ignore[call-overload]
    shown = pieces.clip(made, None, words, id_="made") if made.media_type.startswith("video/") else pieces.picture(made, words, whole=True)
    link = tag("a", "Open in the library", href=ways.to("library", scope=made.scope, asset=made.sha256), data_go=True)
    return tag("figure", tag("div", shown, class_="frame"), tag("figcaption", link), class_="card made")


def _ledger(seen: Single) -> Html:
    """Draw the ledger's lines of the request; what was charged is their sum."""
    if not seen.entries:
        return tag("section", tag("h2", "Ledger lines"), tag("p", tag("span", "None: what is owned already costs nothing."), class_="nothing"))
    rows: list[tuple[Child, ...]] = [
        (
            one.kind.value.capitalize(),
            f"{moment(one.at):%Y-%m-%d %H:%M:%S} UTC",
            f"{one.quantity} {one.unit} × {dollars(one.unit_micro_usd)}",
            one.basis.value + (f", {one.flag}" if one.flag else ""),
            dollars(one.micro_usd),
        )
        for one in seen.entries
    ]
    spent = sum(one.micro_usd for one in seen.entries if one.kind in SPENT)
    rows.append((tag("b", "Charged"), "", "", "", tag("b", dollars(spent))))
    head = ("Line", "When", "For", "Basis", "Amount")
    return tag("section", tag("h2", "Ledger lines"), listing("Ledger lines", head, rows, numbers=(4,)), class_="ledger-lines")


def _input(seen: Single) -> Html | None:
    if not seen.input:
        return None
    sent = tag("pre", json.dumps(dict(seen.input), indent=2, ensure_ascii=False), id="request-input", dir="auto", tabindex=0)
    copy = tag("button", icon("content_copy"), tag("span", "Copy"), type="button", class_="quiet", data_copy="request-input")
    head = tag("div", tag("h2", "What was asked"), copy, class_="history-head")
    return tag("section", head, tag("div", sent, class_="card asked-for"))
