"""What proves a file: the exact request behind it, the ledger's lines, what people decided, and the bytes to take away."""

import json
import time
from functools import lru_cache

from pages.parts import pieces
from pages.parts.here import place
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pages.parts.storeroom import size
from pipeline.records import dollars
from pipeline.records import moment as parsed
from pipeline.studio import downloads
from pipeline.studio.details import Details, Request
from pipeline.studio.downloads import Download

__all__ = ["files", "judgements", "ledger", "moment", "request", "size"]


def moment(at: str) -> str:
    """Write a moment for people, to the second.

    >>> moment("2026-05-01T09:30:15.123456+00:00")
    '1 May 2026, 09:30:15 UTC'
    """
    when = parsed(at)
    return f"{when.day} {when:%b %Y, %H:%M:%S} UTC"


def files(seen: Details) -> Html:
    """Draw the links that save the file and what belongs to it."""
    rows = [_download(one) for one in _downloads(str(place().settings.folder), seen.asset.scope, seen.asset.sha256, _quarter())]
    return tag("section", tag("h3", "Download"), tag("ul", *rows, class_="downloads", role="list"))


def _quarter() -> int:
    return int(time.time() / (downloads.LINK_SECONDS / 4))


@lru_cache(maxsize=512)
def _downloads(folder: str, scope: str, sha256: str, quarter: int) -> tuple[Download, ...]:  # noqa: ARG001 - what tells one link from another
    """Return links that stay the same for a quarter of an hour, so that the page does too."""
    return downloads.downloads(place(), scope, sha256)


def _download(one: Download) -> Html:
    words = tag("span", one.words[:1].upper() + one.words[1:])
    facts = tag("span", f"{one.asset.width_px} × {one.asset.height_px} · {size(one.asset.bytes)}", class_="small")
    return tag("li", tag("a", icon("download"), words, href=one.url, download=one.name), facts)


def judgements(seen: Details) -> Html | None:
    """Draw every decision, newest first."""
    if not seen.judgements:
        return None
    rows = [
        tag(
            "li",
            pieces.badge(*pieces.DECISIONS[one.decision]),
            tag("span", f"by {one.person}, {moment(one.at)}", class_="small"),
            tag("p", one.reason, dir="auto") if one.reason else None,
        )
        for one in seen.judgements
    ]
    return tag("section", tag("h3", "Decisions"), tag("ul", *rows, class_="judgements", role="list"))


def request(seen: Details) -> Html | None:
    """Draw exactly what was asked of whom, folded."""
    one = seen.request
    if one is None:
        return None
    rows = [tag("div", tag("dt", name), tag("dd", words)) for name, words in _asked(one) if words]
    sent = tag("pre", json.dumps(dict(one.input), indent=2, ensure_ascii=False), id="request-input", dir="auto", tabindex=0)
    copy = tag("button", icon("content_copy"), tag("span", "Copy"), type="button", class_="quiet", data_copy="request-input")
    head = tag("div", tag("span", "What was sent"), copy, class_="history-head")
    again = tag("p", f"Used again for nothing by {len(seen.reused_by)} more.", class_="small") if seen.reused_by else None
    return tag(
        "details", tag("summary", "The exact request"), tag("dl", *rows, class_="facts-list"), head, sent, again, class_="asked-for", id="request"
    )


def _asked(one: Request) -> tuple[tuple[str, str | None], ...]:
    elsewhere = one.served_endpoint if one.served_endpoint != one.endpoint else None
    return (
        ("Provider", one.provider),
        ("Model", one.model),
        ("Endpoint", one.endpoint),
        ("Served by", elsewhere),
        ("Request id", one.request_id),
        ("Seed", str(one.seed) if one.seed is not None else None),
        ("Asked", moment(one.asked_at)),
        ("Sent", _after(one, one.sent_at)),
        ("Accepted", _after(one, one.accepted_at)),
        ("Finished", _after(one, one.finished_at)),
        ("Status asked", f"{one.status_requests} times" if one.status_requests != 1 else "once"),
        ("Run", one.run),
        ("Call", one.call),
    )


def _after(one: Request, at: str | None) -> str | None:
    if at is None:
        return None
    return f"{(parsed(at) - parsed(one.asked_at)).total_seconds():.1f} s after that"


def ledger(seen: Details) -> Html | None:
    """Draw the ledger's lines about the request, and their sum."""
    lines = seen.request.entries if seen.request else ()
    if not lines:
        return None
    head = tag("tr", *(tag("th", words, scope="col", class_="number" if words == "Amount" else None) for words in ("Line", "For", "Amount")))
    rows = [
        tag(
            "tr",
            tag("th", one.kind.value.capitalize(), tag("span", moment(one.at), class_="small"), scope="row"),
            tag("td", f"{one.quantity} {one.unit} at {dollars(one.unit_micro_usd)}, {one.basis.value}", tag("span", one.person, class_="small")),
            tag("td", dollars(one.micro_usd), class_="number"),
        )
        for one in lines
    ]
    spent = sum(one.micro_usd for one in lines if one.kind.value in ("charge", "adjust"))
    foot = tag("tr", tag("th", "Charged", scope="row"), tag("td"), tag("td", tag("b", dollars(spent)), class_="number"))
    table = tag("table", tag("thead", head), tag("tbody", *rows), tag("tfoot", foot), aria_label="Ledger lines")
    return tag("section", tag("h3", "Ledger"), table, class_="lines")
