"""Closing a month: over, compared with the bill, its error stated; afterwards no ledger line can count for it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.database import Connection, insert
from pipeline.errors import BadParameter, NotNow
from pipeline.ledger.closings import Closing, close, closings, month_sum
from pipeline.reckoning.causes import Cause
from pipeline.records import Person, Role, dollars, now
from pipeline.studio.own_side import open_requests
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.reconciling import month_of
from pipeline.wording import counted

LONGEST_REASON = 500
# What the bill says beyond the ledger and no entry put right: undecided, left, or too small to be booked. A copy of a line is no money.
_UNSETTLED = """SELECT coalesce(sum(nano_usd), 0) AS nano_usd, coalesce(sum(cause = ?), 0) AS unexplained FROM differences
    WHERE day BETWEEN ? AND ? AND state IN ('open', 'left', 'accepted') AND entry_id IS NULL AND key NOT LIKE '%|copy%'"""
_EXPECTED = "SELECT count(*) FROM differences WHERE state = 'open' AND cause = ? AND day BETWEEN ? AND ?"
_COVERING = """SELECT r.* FROM reconciliations r JOIN bills b ON b.id = r.bill_id
    WHERE r.since <= ? AND r.until >= ? AND b.complete_until >= ? ORDER BY r.at DESC LIMIT 1"""
_BY_DAY = "SELECT coalesce(sum(charged_micro_usd), 0) FROM daily_costs WHERE for_day BETWEEN ? AND ?"
# Day by day: within one day the index has the newest lines last, so that older ones are not read.
CHANGED_SINCE = f"""SELECT EXISTS (SELECT 1 FROM entries e WHERE e.for_day IN ({", ".join("?" * 31)}) AND e.id > ?
    AND NOT EXISTS (SELECT 1 FROM differences d WHERE d.entry_id = e.id))"""  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month of the ledger as it stands: closed or not, and if not, what keeps it from being closed.

    `accepting` says that only a person with the role admin can close it, with a reason.
    """

    month: str
    ours_micro_usd: int
    error_nano_usd: int
    closing: Closing | None
    obstacles: tuple[str, ...]
    accepting: bool

    @property
    def closable(self) -> bool:
        """Whether it can be closed now, be it with a reason."""
        return self.closing is None and not self.obstacles


def months(place: Place) -> tuple[Month, ...]:
    """Return every month that the ledger has lines of, the newest first."""
    with place.database.reading() as db:
        closed = {one.month: one for one in closings(db)}
        found = {row[0] for row in db.execute("SELECT DISTINCT substr(for_day, 1, 7) FROM daily_costs")}
        return tuple(_month(db, month, closed.get(month)) for month in sorted(found | set(closed), reverse=True))


def close_month(place: Place, month: str, by: Person, *, accept_error: bool = False, reason: str = "", dry_run: bool = False) -> Closing:
    """Close a month (2026-10) and return how; a dry run only says how it would be.

    It has to be over, compared with a bill that is complete, without open requests and without unexplained differences; those a person with the
    role admin may accept with a reason. Raises NotAllowed, BadParameter, NotNow with what is missing.
    """
    check(by, Role.MONEY)
    month_of(month)
    reason = " ".join(reason.split())
    if len(reason) > LONGEST_REASON or not reason.isprintable() or (accept_error and not reason):
        raise BadParameter(f"A reason needs 1 to {LONGEST_REASON} characters.", next="Say why the month is closed with this error.")
    if accept_error:
        check(by, Role.ADMIN)
    with place.database.reading() if dry_run else place.database.writing() as tx:
        closing = _closing(tx, month, by, accept_error=accept_error, reason=reason)
        if not dry_run:
            close(tx, closing)
            insert(tx, "audit_log", {"at": closing.at, "person": by.name, "action": "close month", "subject": month, "detail": _detail(closing)})
    return closing


def document(closing: Closing) -> dict[str, Any]:
    """Return a closing with its error in dollars' fractions and per cent."""
    return {**vars(closing), "billed_nano_usd": closing.billed_nano_usd, "error_percent": closing.error_percent}


def _closing(db: Connection, month: str, by: Person, *, accept_error: bool, reason: str) -> Closing:
    if any(one.month == month for one in closings(db)):
        said = "Look at its error on the screen, or with `close-month` of another month."
        raise NotNow(f"{month} is closed already.", next=said, screen="Look at its error.")
    obstacles, unexplained = _obstacles(db, month)
    if obstacles:
        raise NotNow(f"{month} cannot be closed: {obstacles[0]}", next=_remedy(month))
    if unexplained and not accept_error:
        said = f"{month} has {counted(unexplained, 'difference')} that nobody can explain."
        accept = "Settle them, or have somebody with the role {} accept the error with a reason."
        raise NotNow(said, next=accept.format("`admin`"), screen=accept.format("“admin”"))
    period, sums = month_of(month), month_sum(db, month)
    last = db.execute("SELECT id, hash FROM entries ORDER BY id DESC LIMIT 1").fetchone()
    return Closing(
        month=month,
        at=now(),
        person=by.name,
        reason=reason,
        reconciliation_id=_reconciled(db, month)["id"],
        ours_micro_usd=sums.charged_micro_usd,
        error_nano_usd=db.execute(_UNSETTLED, (Cause.UNEXPLAINED, period.since, period.until)).fetchone()["nano_usd"],
        entries=sums.entries,
        last_entry=last["id"] if last else 0,
        last_hash=last["hash"] if last else "",
    )


def _month(db: Connection, month: str, closing: Closing | None) -> Month:
    if closing:
        facts = {"ours_micro_usd": closing.ours_micro_usd, "error_nano_usd": closing.error_nano_usd}
        return Month(month=month, closing=closing, obstacles=(), accepting=False, **facts)
    period = month_of(month)
    obstacles, unexplained = _obstacles(db, month)
    unsettled = db.execute(_UNSETTLED, (Cause.UNEXPLAINED, period.since, period.until)).fetchone()
    return Month(
        month=month,
        ours_micro_usd=db.execute(_BY_DAY, (period.since, period.until)).fetchone()[0],
        error_nano_usd=unsettled["nano_usd"],
        closing=None,
        obstacles=tuple(obstacles),
        accepting=bool(unexplained),
    )


def _obstacles(db: Connection, month: str) -> tuple[Sequence[str], int]:
    """Say what keeps a month from being closed, and count its unexplained differences."""
    period = month_of(month)
    since, until = str(period.since), str(period.until)
    unexplained = int(db.execute(_UNSETTLED, (Cause.UNEXPLAINED, since, until)).fetchone()["unexplained"])
    if now()[:7] <= month:
        return [f"it is not over before the end of {until} (UTC)."], unexplained
    found = []
    if waiting := open_requests(db, since, until):
        found.append(f"{waiting} of its requests {'is' if waiting == 1 else 'are'} still open.")
    elif expected := db.execute(_EXPECTED, (Cause.STILL_OPEN, since, until)).fetchone()[0]:
        found.append(_expected_words(expected))
    reconciled = _reconciled(db, month)
    if reconciled is None:
        found.append("it was not compared with a bill that covers all of it.")
    elif db.execute(CHANGED_SINCE, (*(f"{month}-{day:02}" for day in range(1, 32)), reconciled["last_entry"])).fetchone()[0]:
        found.append("the ledger has changed since it was compared with the bill.")
    return found, unexplained


def _expected_words(count: int) -> str:
    are, them = ("is", "it") if count == 1 else ("are", "each")
    return f"{count} of its requests {are} expected on a later bill: compare that one too, or leave {them} with a note."


def _reconciled(db: Connection, month: str) -> Any:
    period = month_of(month)
    after = f"{int(month[:4]) + (month[5:] == '12')}-{int(month[5:]) % 12 + 1:02}-01T00:00:00.000000+00:00"
    return db.execute(_COVERING, (period.since, period.until, after)).fetchone()


def _remedy(month: str) -> str:
    if now()[:7] <= month:
        return "Close it after that."
    return f"Let open requests end, compare it again with `reconcile --month {month}`, and try once more."


def _detail(closing: Closing) -> str:
    told = {"ours": dollars(closing.ours_micro_usd), "error_nano_usd": closing.error_nano_usd, "reason": closing.reason}
    return json.dumps(told, ensure_ascii=False)
