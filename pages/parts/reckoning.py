"""Is it right? The ledger proven, the provider's bill held against it, differences decided on, months closed."""

from collections.abc import Iterator
from dataclasses import dataclass

import streamlit as st

from pages.parts import forms, monthlist, pieces, upload
from pages.parts.billcheck import bill_check, proof_check
from pages.parts.here import me, place, shared
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, join, tag
from pages.parts.numbers import read_whole
from pages.parts.pieces import ago, badge, barred, button, icon
from pages.parts.spendask import Asked, to
from pages.parts.told import What
from pipeline.errors import OutOfDate
from pipeline.ledger.watch import Proven
from pipeline.reckoning.causes import Cause, money
from pipeline.records import Role, dollars
from pipeline.studio import closing, differences, reconciling
from pipeline.studio.closing import Month
from pipeline.studio.differences import WAITS, Balance, Kept, Standing
from pipeline.studio.place import Place
from pipeline.studio.reconciling import Last
from pipeline.wording import counted

PART = "right"
DECIDED = {"accepted": ("check_circle", "Accepted", "good"), "left": ("pending", "Left", "quiet")}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What there is to see: the newest comparison, what waits for a decision, what was decided last, and the months."""

    last: Last | None
    balance: Balance | None
    undecided: tuple[Standing, ...]
    decided: tuple[Kept, ...]
    months: tuple[Month, ...]


def look() -> Seen:
    """Return what there is to see now."""
    return shared("is it right", _look)


def _look(there: Place) -> Seen:
    return Seen(
        last=reconciling.last(there),
        balance=differences.balance(there),
        undecided=differences.undecided(there),
        decided=differences.decided(there, rows=10),
        months=closing.months(there),
    )


def draw(seen: Seen) -> Html:
    """Draw the proof at one glance, what differs from the bill, and the months."""
    st.session_state["reckoning-errands"] = _errands()
    return join(_glance(seen), _differences(seen), monthlist.draw(seen.months), _decided(seen.decided))


def below() -> None:
    """Open the dialog for a file when it was asked for, and notice what errands found."""
    if upload.is_open():
        upload.dialog(lambda given, path, period: bill_check().ask(given, path, me(), period))
    st.fragment(_wake, run_every=1.0)()


def _wake() -> None:
    # A page is drawn anew when the database changes; what an errand found changes nothing there.
    if st.session_state.get("reckoning-errands", _errands()) != _errands():
        st.session_state.pop("drawn", None)


def _errands() -> list[tuple[str, str]]:
    return [(outcome.began_at, outcome.ended_at) for outcome in (proof_check().outcome, bill_check().outcome)]


def _glance(seen: Seen) -> Html:
    return tag("section", tag("h2", "At one glance"), tag("div", _proof(), _bill(seen), class_="checks"), id="glance")


def _proof() -> Html:
    outcome = proof_check().fresh()
    found = outcome.found
    if outcome.began_at and found is None:
        shown: Child = _turning("Proving every line of the ledger")
    elif found is None:
        shown = badge("error", outcome.trouble, "bad") if outcome.trouble else tag("p", "Nobody has proven the ledger yet.")
    elif found.wrong:
        shown = join(badge("error", "Something does not add up", "bad"), tag("ul", *(tag("li", words) for words in found.wrong)))
    else:
        shown = _holds(found.end)
    ended = f"Every line proven {ago(outcome.ended_at)}{f', up to line {found.end.last_id:,}' if found else ''}" if outcome.ended_at else ""
    again = button("Prove again", "prove-ledger", symbol="refresh", off="Being proven" if proof_check().outcome.began_at else None)
    return tag("div", tag("h3", "Sums and chain"), shown, tag("div", again, tag("span", ended, class_="small"), class_="row"), class_="card check")


def _holds(end: Proven) -> Html:
    """Say how far the ledger holds together: what was proven line by line, and what came since."""
    grown = proof_check().grown(end)
    if grown is None:
        proof_check().begin()
        return _turning("What came since does not follow: proving every line of the ledger again")
    good = badge("verified", "The ledger holds together", "good")
    total = tag("p", tag("b", dollars(grown.charged_micro_usd), class_="figure"), tag("span", " charged in all"))
    words = f"{end.lines:,} lines add up to every sum that is shown, and each follows from the one before it."
    count = grown.lines - end.lines
    since = f" {count:,} line{' has' if count == 1 else 's have'} come since: followed as well, and in the total." if count else ""
    return join(good, total, tag("p", words + since, class_="small"), tag("p", "Last hash ", tag("code", grown.last_hash[:16]), class_="small"))


def _bill(seen: Seen) -> Html:
    outcome, off = bill_check().outcome, barred(Role.MONEY, "changing money")
    off = off or ("Being compared" if outcome.began_at else None)
    ask = button("Ask the provider", "ask-bill", symbol="cloud_download", look="primary", off=off)
    bring = button("Upload its bill", "upload-bill", symbol="upload_file", off=off)
    going_on = _turning("Comparing the bill with the ledger, call by call") if outcome.began_at else None
    trouble = _trouble(outcome.trouble) if outcome.trouble and not outcome.began_at and outcome.ended_at > _newest(seen) else None
    shown = (
        _compared(seen.last, seen.balance, seen)
        if seen.last and seen.balance
        else tag("p", "The provider's bill was not compared with the ledger yet.")
    )
    return tag("div", tag("h3", "The provider's bill"), shown, going_on, trouble, tag("div", ask, bring, class_="row"), class_="card check")


def _newest(seen: Seen) -> str:
    """Return when the bill was last compared or decided on; what failed before that is no news."""
    return max([seen.last.at if seen.last else "", *(row.decided_at for row in seen.decided)])


def _trouble(words: str) -> Html:
    close = button("Close", "forget-bill", symbol="close", look="quiet", label="Close what went wrong")
    return tag("div", badge("error", words, "bad"), close, class_="row bill-trouble", role="alert")


def _compared(last: Last, stands: Balance, seen: Seen) -> Html:
    waiting = sum(one.count for one in seen.undecided)
    off = last.billed_nano_usd - 1000 * last.ours_micro_usd
    wait = "1 difference waits for you" if waiting == 1 else f"{waiting:,} differences wait for you"
    state = badge("rule", wait, "ask") if waiting else badge("verified", "Every difference is decided on", "good")
    if not (waiting or off or last.remarks or stands.more_nano_usd or stands.less_nano_usd):
        state = badge("verified", "It matches to the last cent", "good")
    where = "asked directly" if last.source == "provider" else f"from {last.name}"
    facts = (*_sums(last, stands, off), ("Requests that agree", f"{last.matched:,}"), ("Requests under way then", f"{last.open_requests:,}"))
    table = tag("dl", *(tag("div", tag("dt", name), tag("dd", words)) for name, words in facts if words), class_="sums")
    days = f"{last.since} to {last.until} (UTC), {counted(last.lines, 'line')} {where}, compared {ago(last.at)} by {last.person}."
    remarks = tag("ul", *(tag("li", words) for words in last.remarks), class_="small") if last.remarks else None
    return join(state, table, tag("p", days, class_="small"), remarks)


def _sums(last: Last, stands: Balance, off_nano_usd: int) -> Iterator[tuple[str, str]]:
    """Yield what bill and ledger came to, both sides of what they differed by, and what became of it."""
    sides = (stands.more_nano_usd, stands.less_nano_usd)
    yield "Billed", money(last.billed_nano_usd)
    yield "Ours then", dollars(last.ours_micro_usd)
    yield "Difference then", money(off_nano_usd)
    yield "The bill says more", money(sides[0]) if any(sides) else ""
    yield "The bill says less", money(sides[1]) if any(sides) else ""
    yield "Of that not decided yet", _both(stands.open_more_nano_usd, stands.open_less_nano_usd) if any(sides) else ""
    lines = counted(stands.booked_lines, "line")
    yield "Ours changed since by", f"{dollars(stands.booked_micro_usd)} in {lines}" if stands.booked_lines else ""
    yield "Ours now", dollars(last.ours_micro_usd + stands.booked_micro_usd) if stands.booked_lines else ""


def _both(more_nano_usd: int, less_nano_usd: int) -> str:
    """Say both sides, as sums of both signs would hide each other.

    >>> _both(33_000_000, -30_000_000), _both(0, -1_000_000), _both(0, 0)
    ('$0.033 and -$0.03', '-$0.001', 'nothing')
    """
    return " and ".join(money(side) for side in (more_nano_usd, less_nano_usd) if side) or "nothing"


def _turning(words: str) -> Html:
    return tag("p", icon("progress_activity"), tag("span", words), class_="said turning", role="status")


def _differences(seen: Seen) -> Html | None:
    if seen.last is None:
        return None
    if not seen.undecided:
        words = tag("p", badge("task_alt", "Nothing waits for a decision.", "good"))
        return tag("section", tag("h2", "Differences"), words, id="differences")
    lead = tag("p", "The bill minus ours, by its cause. Accepting books what is proposed, once, as an adjusting entry of the ledger.", class_="lead")
    return tag("section", tag("h2", "Differences"), lead, *(_cause(one) for one in seen.undecided), id="differences")


def _cause(one: Standing) -> Html:
    off = barred(Role.MONEY, "changing money")
    books = f"Accept {one.count:,} · book {dollars(one.proposed_micro_usd)}" if one.proposed_micro_usd else f"Accept {one.count:,} · nothing to book"
    accept = None if one.cause in WAITS else button(books, "accept-cause", symbol="done_all", off=off, cause=one.cause.value, mark=one.mark)
    waits = tag("p", f"Cannot be accepted: {WAITS[one.cause]}.", class_="small") if one.cause in WAITS else None
    head = tag("div", tag("h3", one.cause.value.capitalize()), accept, class_="head-of")
    rows = [_row(row, off) for row in one.rows]
    more = (
        tag("p", f"The {len(rows)} largest of {one.count:,} are shown; `reconcile --json` lists all.", class_="small")
        if one.count > len(rows)
        else None
    )
    columns = ("Request", "Billed", "Ours", "Difference", "To book", "")
    table = listing(f"Differences: {one.cause.value}", columns, rows, numbers={1, 2, 3, 4})
    figures = tag("p", tag("b", money(one.nano_usd)), tag("span", f" in {counted(one.count, 'request')}"))
    dialogs = (_leaving(row) for row in one.rows if off is None)
    return tag("div", head, figures, waits, table, more, *dialogs, class_="cause")


def _row(row: Kept, off: str | None) -> tuple[Child, ...]:
    accept = button("Accept", "accept-difference", off=off, id=str(row.id), mark=row.mark) if row.acceptable else None
    leave = forms.opener("Leave", _dialog_id(row), look="quiet", off=off)
    about = tag("span", f"{row.endpoint} · {row.day}", class_="small")
    return (
        tag("span", _named(row), about, tag("span", row.why), class_="whose"),
        money(row.billed_nano_usd),
        dollars(row.ours_micro_usd),
        money(row.nano_usd),
        dollars(row.proposed_micro_usd) if row.proposed_micro_usd else "nothing",
        tag("span", accept, leave, class_="decide"),
    )


def _named(row: Kept) -> Html:
    """Name the request; one of ours leads to all that is known of it."""
    name = tag("code", pieces.short(row.request_id or row.call_id or "no id", 40))
    return tag("a", name, href=to(Asked(), request=row.call_id), data_go=True, title="Look into this request") if row.call_id else name


def _dialog_id(row: Kept) -> str:
    return f"leave-{row.id}"


def _leaving(row: Kept) -> Html:
    note = forms.field("Why is it left?", "note", required=True, maxlength=differences.LONGEST_NOTE, autocomplete="off")
    words = tag("p", f"{money(row.nano_usd)} stays a difference between bill and ledger, and part of the month's error.")
    form = forms.form("leave-difference", f"form-{_dialog_id(row)}", words, note, forms.buttons(forms.submit("Leave it")), id=str(row.id))
    return forms.dialog(_dialog_id(row), "Leave this difference", form)


def _decided(rows: tuple[Kept, ...]) -> Html | None:
    if not rows:
        return None
    shown = list(_decisions(rows))
    table = listing("Decided last", ("Request", "Cause", "Difference", "Decision", "Booked", "By", "Note"), shown, numbers={2})
    return tag("section", tag("h2", "Decided last"), table, id="decided")


def _decisions(rows: tuple[Kept, ...]) -> Iterator[tuple[Child, ...]]:
    for row in rows:
        booked = f"line {row.entry_id:,}" if row.entry_id else "nothing"
        by = f"{row.person}, {ago(row.decided_at)}"
        yield (
            _named(row),
            row.cause.value,
            money(row.nano_usd),
            _decision(row),
            booked,
            by,
            row.note,
        )


def _decision(row: Kept) -> Html:
    later = tag("span", "A later bill says otherwise.", class_="small") if row.state == "gone" else None
    return tag("span", badge(*DECIDED[row.decision]), later, class_="state")


def _number(words: str) -> int:
    number = read_whole(words)
    if number is None:
        raise OutOfDate
    return number


def _upload() -> None:
    bill_check().forget()
    upload.ask()


def _accept_cause(what: What) -> None:
    if what["cause"] not in list(Cause):
        raise OutOfDate
    differences.accept_all(place(), me(), Cause(what["cause"]), mark=what["mark"])


ACTIONS = {
    "prove-ledger": lambda _: proof_check().begin(),
    "ask-bill": lambda _: bill_check().ask_provider(me()),
    "upload-bill": lambda _: _upload(),
    "forget-bill": lambda _: bill_check().forget(),
    "accept-cause": _accept_cause,
    "accept-difference": lambda what: differences.accept(place(), _number(what["id"]), me(), mark=what["mark"]),
    "leave-difference": lambda what: differences.leave(place(), _number(what["id"]), what["note"], me()),
    **monthlist.ACTIONS,
}
