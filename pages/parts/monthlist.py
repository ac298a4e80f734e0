"""Months of the ledger: open ones with what keeps them from being closed, closed ones with their error."""

from collections.abc import Sequence

from pages.parts import evidence, forms
from pages.parts.here import me, place
from pages.parts.listing import listing
from pages.parts.markup import Child, Html, tag
from pages.parts.pieces import badge, barred
from pages.parts.told import What
from pipeline.ledger.closings import Closing
from pipeline.reckoning.causes import money
from pipeline.records import Role, dollars
from pipeline.studio import closing
from pipeline.studio.closing import LONGEST_REASON, Month


def draw(months: Sequence[Month]) -> Html | None:
    """Draw every month with its button or its error; nothing before the first request."""
    if not months:
        return None
    words = "In a closed month nothing is booked any more; what is found later counts for the day it is found. It cannot be opened again."
    lead = tag("p", words, class_="lead")
    table = listing("Months", ("Month", "Ours", "Error", "State", ""), [_row(one) for one in months], numbers={1, 2})
    dialogs = (_dialog(one) for one in months if one.closable)
    return tag("section", tag("h2", "Months"), lead, table, *dialogs, id="months")


def _row(one: Month) -> tuple[Child, ...]:
    return (tag("b", one.month), dollars(one.ours_micro_usd), _error(one), _state(one), _button(one))


def _error(one: Month) -> str:
    if one.closing:
        return f"{money(one.error_nano_usd)} ({one.closing.error_percent:.4g} %)"
    return money(one.error_nano_usd) if not one.obstacles else "–"


def _state(one: Month) -> Html:
    if one.closing:
        return tag("span", badge("lock", "Closed", "good"), tag("span", _closed(one.closing), class_="small"), class_="state")
    if one.obstacles:
        words = "; ".join(words.rstrip(".") for words in one.obstacles)
        return tag("span", badge("lock_open", "Open", "quiet"), tag("span", f"{words[:1].upper()}{words[1:]}.", class_="small"), class_="state")
    return tag("span", badge("lock_open", "Can be closed", "ask"), class_="state")


def _closed(done: Closing) -> str:
    why = f" “{done.reason}”" if done.reason else ""
    return f"by {done.person}, {evidence.moment(done.at)}; the ledger ended with line {done.last_entry:,} ({done.last_hash[:12]}).{why}"


def _button(one: Month) -> Html | None:
    if not one.closable:
        return None
    return forms.opener("Close", _id(one), symbol="lock", off=barred(Role.MONEY, "changing money"), aria_label=f"Close {one.month}")


def _id(one: Month) -> str:
    return f"close-{one.month}"


def _dialog(one: Month) -> Html:
    words = tag("p", f"Ours {dollars(one.ours_micro_usd)}, the bill is {money(one.error_nano_usd)} above it. Closing cannot be taken back.")
    unexplained = tag("p", badge("help", "Something is unexplained: only an admin closes it, with a reason.", "ask")) if one.accepting else None
    reason = forms.field("Reason", "reason", required=one.accepting, maxlength=LONGEST_REASON, autocomplete="off")
    off = barred(Role.ADMIN, "accepting an error") if one.accepting else None
    end = forms.buttons(forms.submit(f"Close {one.month}", symbol="lock", off=off))
    form = forms.form("close-month", f"form-{_id(one)}", words, unexplained, reason, end, month=one.month, accepting="yes" if one.accepting else "")
    return forms.dialog(_id(one), f"Close {one.month}?", form)


def _close(what: What) -> None:
    closing.close_month(place(), what["month"], me(), accept_error=what["accepting"] == "yes", reason=what["reason"])


ACTIONS = {"close-month": _close}
