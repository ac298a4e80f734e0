"""A bill held against the ledger of a studio: every difference is decided on once, booked once, and survives a process that dies between two."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import ledger
from pipeline.buying import calls
from pipeline.buying.settling import write_off
from pipeline.errors import BadParameter, MonthClosed, NotAllowed, NotNow, UnknownName
from pipeline.ledger.closings import Closing, close
from pipeline.ledger.entries import Entry, adjust
from pipeline.providers.port import Billed
from pipeline.reckoning.causes import Cause
from pipeline.reckoning.pile import Pile
from pipeline.records import Basis, Call, CallState, EntryKind, Person, Role, now
from pipeline.settings import ROOT
from pipeline.studio import closing, differences, portraits, reconciling
from pipeline.studio.costs import Period
from pipeline.studio.reconciling import Reconciliation
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

PRICE = 30_000_000
TODAY = now()[:10]
ONLOOKER = Person(name="eve", roles=frozenset(Role) - {Role.MONEY})
DYING = """
import os, signal, sys
from pathlib import Path
from pipeline.settings import load
from pipeline.studio import differences
from pipeline.studio.place import Place
from tests.little_studio import ME
place = Place(load({"STUDIO_DATA": sys.argv[1]}))
differences.AT_ONCE = 1
real, count = differences._decide, [0]
def dying(*given, **more):
    count[0] += 1
    if count[0] == 3: os.kill(os.getpid(), signal.SIGKILL)
    real(*given, **more)
differences._decide = dying
differences.accept_all(place, ME)
"""


class GivenBill:
    """A bill made of these lines, complete until it was read."""

    provider, kind, name = "fal", "provider", "given"

    def __init__(self, lines: Sequence[Billed]) -> None:
        self.given = lines

    def lines(self, start: datetime | None, end: datetime | None) -> Iterator[Billed]:
        return (line for line in self.given if (start is None or line.at >= start) and (end is None or line.at < end))

    def sha256(self, pile: Pile) -> str:
        return pile.sha256()

    def complete_until(self, end: datetime, began: datetime) -> datetime:
        return min(end + timedelta(days=1), began)

    def resolution_nano_usd(self) -> int:
        return 1

    def remarks(self) -> tuple[str, ...]:
        return ()


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path, customer=True)


def paid(studio: LittleStudio, count: int) -> list[Call]:
    """Make so many avatars that were paid."""
    made = []
    for seed in range(count):
        run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=f"r-{seed}").run
        made.append(studio.pay(run))
    return made


def billed(call: Call, nano_usd: int = PRICE) -> Billed:
    return Billed(request_id=str(call.request_id), endpoint=call.endpoint, at=datetime.fromisoformat(str(call.finished_at)), nano_usd=nano_usd)


def held_against(studio: LittleStudio, *lines: Billed, period: Period = Period(), by: Person = ME, dry_run: bool = False) -> Reconciliation:
    return reconciling.reconcile(studio.place, GivenBill(lines), by, period, dry_run=dry_run)


def charged(studio: LittleStudio) -> int:
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []
        return ledger.totals(db).charged_micro_usd


def one_of_each(studio: LittleStudio) -> list[Billed]:
    """Return a bill of four requests with one dearer, one missing and a stranger."""
    same, dearer, missing, _ = paid(studio, 4)
    lines = [billed(same), billed(dearer, 33_000_000), replace(billed(same), request_id="stranger"), billed(_)]
    assert missing.request_id
    return lines


def test_a_dry_run_keeps_nothing(studio: LittleStudio) -> None:
    lines = one_of_each(studio)
    before = studio.dump()
    told = held_against(studio, *lines, dry_run=True)
    assert (len(told.undecided), told.comparison.matched) == (3, 2)
    assert studio.dump() == before


def test_accepting_books_each_difference_once_and_the_next_comparison_finds_none(studio: LittleStudio) -> None:
    lines = one_of_each(studio)
    held_against(studio, *lines)
    waiting = {one.cause: one.rows[0] for one in differences.undecided(studio.place)}
    assert set(waiting) == {Cause.UNKNOWN_TO_US, Cause.NOT_BILLED, Cause.PRICE_MOVED}
    before = charged(studio)
    moved = differences.accept(studio.place, waiting[Cause.PRICE_MOVED].id, ME, mark=waiting[Cause.PRICE_MOVED].mark)
    again = differences.accept(studio.place, waiting[Cause.PRICE_MOVED].id, ME, mark=waiting[Cause.PRICE_MOVED].mark)
    assert moved == again
    assert (moved.state, moved.person, charged(studio) - before) == ("accepted", "me", 3_000)
    [entry] = studio.rows("SELECT * FROM entries WHERE id = ?", moved.entry_id)
    assert (entry["kind"], entry["basis"], entry["flag"], entry["call_id"]) == ("adjust", "reconciled", "price moved", moved.call_id)
    assert differences.accept_all(studio.place, ME).count == 2
    assert charged(studio) == sum(line.nano_usd for line in lines) // 1000
    told = held_against(studio, *lines)
    assert (told.undecided, told.document()["unexplained"]) == ((), 0)
    assert told.comparison.billed_nano_usd == 1000 * told.comparison.ours_micro_usd
    assert differences.accept_all(studio.place, ME).count == 0


def test_the_stranger_is_booked_for_nobody_and_found_again(studio: LittleStudio) -> None:
    lines = one_of_each(studio)
    held_against(studio, *lines)
    differences.accept_all(studio.place, ME, Cause.UNKNOWN_TO_US)
    [entry] = studio.rows("SELECT * FROM entries WHERE kind = 'adjust'")
    assert (entry["person"], entry["call_id"], entry["micro_usd"]) == ("unknown", None, 30_000)
    dearer = [replace(line, nano_usd=40_000_000) if line.request_id == "stranger" else line for line in lines]
    told = held_against(studio, *dearer)
    [late] = [one for one in told.undecided if one.request_id == "stranger"]
    assert (late.cause, late.proposed_micro_usd, late.ours_micro_usd) == (Cause.PRICE_MOVED, 10_000, 30_000)


def test_a_line_that_comes_late_is_new_and_one_that_goes_is_gone(studio: LittleStudio) -> None:
    first, second = paid(studio, 2)
    held_against(studio, billed(first))
    [missing] = differences.undecided(studio.place)
    assert missing.cause is Cause.NOT_BILLED
    differences.accept_all(studio.place, ME)
    told = held_against(studio, billed(first), billed(second))
    [late] = told.undecided
    assert (late.cause, late.proposed_micro_usd) == (Cause.PRICE_MOVED, 30_000)
    assert held_against(studio, billed(first)).undecided == ()
    assert differences.undecided(studio.place) == ()


def test_the_same_bill_is_kept_once_and_an_older_answer_gives_way(studio: LittleStudio) -> None:
    first, second = paid(studio, 2)
    held_against(studio, billed(first))
    held_against(studio, billed(first))
    assert studio.rows("SELECT count(*) AS n FROM bills") == [{"n": 1}]
    held_against(studio, billed(first), billed(second))
    assert [row["request_id"] for row in studio.rows("SELECT * FROM bill_lines ORDER BY n")] == sorted([first.request_id, second.request_id])
    assert studio.rows("SELECT count(*) AS n FROM bills") == [{"n": 2}]
    held_against(studio, billed(first))
    assert [row["request_id"] for row in studio.rows("SELECT * FROM bill_lines")] == [first.request_id]


def test_what_a_crash_left_half_read_is_let_go_of(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call))
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE bills SET whole = 0")
    assert held_against(studio, billed(call)).comparison.matched == 1
    [whole] = studio.rows("SELECT id FROM bills WHERE whole = 1")
    assert {row["bill_id"] for row in studio.rows("SELECT bill_id FROM bill_lines")} == {whole["id"]}


@pytest.mark.parametrize("days", [("2031-01-01", None), ("1900-01-01", "2026-01-01"), ("2026-01-02", "2026-01-01"), ("2026-02-30", None)])
def test_days_that_cannot_be_asked_for_are_refused(studio: LittleStudio, days: tuple[str, str | None]) -> None:
    with pytest.raises(BadParameter):
        held_against(studio, period=Period(since=days[0], until=days[1]))
    assert studio.rows("SELECT * FROM bills") == []


def test_what_was_left_stays_left_until_the_bill_says_otherwise(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call, 33_000_000))
    [waiting] = differences.undecided(studio.place)
    left = differences.leave(studio.place, waiting.rows[0].id, "  claimed \n back ", ME)
    assert (left.state, left.note, left.entry_id) == ("left", "claimed back", None)
    told = held_against(studio, billed(call, 33_000_000))
    assert (told.undecided, told.decided) == ((), 1)
    assert len(held_against(studio, billed(call, 34_000_000)).undecided) == 1
    with pytest.raises(NotNow):
        differences.leave(studio.place, left.id, "again", ME)
    for note in ("", " ", "x" * 501):
        with pytest.raises(BadParameter):
            differences.leave(studio.place, left.id, note, ME)


def lost(studio: LittleStudio) -> Call:
    """Return a request that was sent, never answered, and written off on its estimate."""
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="r-1").run
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sent_at=now())
        return write_off(tx, calls.move(tx, call, CallState.UNKNOWN))


def test_a_written_off_request_that_was_never_billed_is_given_back(studio: LittleStudio) -> None:
    lost(studio)
    told = held_against(studio)
    assert [(one.cause, one.proposed_micro_usd) for one in told.undecided] == [(Cause.NOT_BILLED, -30_000)]
    differences.accept_all(studio.place, ME)
    assert charged(studio) == 0


def test_a_written_off_request_is_settled_by_the_one_line_that_can_be_meant(studio: LittleStudio) -> None:
    call = lost(studio)
    line = Billed(request_id="theirs", endpoint=call.endpoint, at=datetime.now(UTC), nano_usd=PRICE)
    told = held_against(studio, line)
    assert (told.undecided, told.comparison.matched) == ((), 1)


def test_what_is_still_open_or_has_changed_cannot_be_accepted(studio: LittleStudio) -> None:
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="r-1").run
    call = studio.submit(run)
    line = Billed(request_id=str(call.request_id), endpoint=call.endpoint, at=datetime.now(UTC), nano_usd=PRICE)
    told = held_against(studio, line)
    assert ([one.cause for one in told.undecided], told.open_requests) == ([Cause.STILL_OPEN], 1)
    assert differences.accept_all(studio.place, ME).count == 0
    [waiting] = differences.undecided(studio.place)
    with pytest.raises(NotNow, match="by itself"):
        differences.accept(studio.place, waiting.rows[0].id, ME, mark=waiting.rows[0].mark)
    with pytest.raises(UnknownName):
        differences.accept(studio.place, 999, ME, mark="")
    [paid_one] = paid(studio, 1)
    held_against(studio, line, billed(paid_one, 33_000_000))
    moved = next(one.rows[0] for one in differences.undecided(studio.place) if one.cause is Cause.PRICE_MOVED)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE differences SET ours_micro_usd = 1 WHERE id = ?", (moved.id,))
    with pytest.raises(NotNow, match="changed"):
        differences.accept(studio.place, moved.id, ME, mark=moved.mark)
    assert differences.accept_all(studio.place, ME).changed == 1


def test_a_process_that_dies_between_two_differences_leaves_whole_ones(studio: LittleStudio) -> None:
    held_against(studio, *(billed(call, 31_000_000) for call in paid(studio, 5)))
    command = [sys.executable, "-c", DYING, str(studio.place.settings.data)]
    assert subprocess.run(command, cwd=ROOT, env=os.environ, timeout=60, check=False).returncode == -signal.SIGKILL
    [counts] = studio.rows(
        "SELECT count(*) FILTER (WHERE state = 'accepted') AS accepted, count(entry_id) AS booked, "
        "(SELECT count(*) FROM entries WHERE kind = 'adjust') AS entries FROM differences"
    )
    assert counts == {"accepted": 2, "booked": 2, "entries": 2}
    assert charged(studio) == 5 * 30_000 + 2 * 1_000
    assert differences.accept_all(studio.place, ME).count == 3
    assert charged(studio) == 5 * 31_000


def test_nobody_without_the_role_decides(studio: LittleStudio) -> None:
    [call] = paid(studio, 1)
    held_against(studio, billed(call, 33_000_000))
    [waiting] = differences.undecided(studio.place)
    before = studio.dump()
    for decide in (
        lambda: differences.accept(studio.place, waiting.rows[0].id, ONLOOKER, mark=waiting.rows[0].mark),
        lambda: differences.accept_all(studio.place, ONLOOKER),
        lambda: differences.leave(studio.place, waiting.rows[0].id, "why not", ONLOOKER),
    ):
        with pytest.raises(NotAllowed):
            decide()
    assert studio.dump() == before


def test_nobody_without_the_role_and_no_two_at_once(studio: LittleStudio) -> None:
    with pytest.raises(NotAllowed):
        held_against(studio, by=ONLOOKER)
    with pytest.raises(BadParameter):
        held_against(studio, period=Period(since="2026-02-30"))

    class Within(GivenBill):
        def lines(self, start: datetime | None, end: datetime | None) -> Iterator[Billed]:
            with pytest.raises(NotNow, match="already"):
                held_against(studio)
            return super().lines(start, end)

    assert reconciling.reconcile(studio.place, Within([]), ME).undecided == ()


# Closing


def last_month(studio: LittleStudio) -> tuple[str, list[Call]]:
    """Make two paid requests of last month, as if they had been made then."""
    day = date.fromisoformat(TODAY).replace(day=1) - timedelta(days=3)
    made = paid(studio, 2)
    _move(studio, day.isoformat())
    return day.isoformat()[:7], made


def _move(studio: LittleStudio, day: str) -> None:
    """Date everything back; what keeps the ledger from being changed is put aside for that and put back."""
    from pipeline.ledger.entries import GENESIS, entry_of, line_hash

    with studio.place.database.writing() as tx:
        triggers = tx.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('entries', 'costs')").fetchall()
        for trigger in triggers:
            tx.execute(f"DROP TRIGGER {trigger['name']}")
        tx.execute("UPDATE entries SET for_day = ?", (day,))
        tx.execute("UPDATE costs SET for_day = ?", (day,))
        tx.execute("UPDATE daily_costs SET for_day = ?", (day,))
        tx.execute("UPDATE balances SET period = ? WHERE period = ?", (day, TODAY))
        tx.execute("UPDATE balances SET period = ? WHERE period = ?", (day[:7], TODAY[:7]))
        tx.execute("UPDATE calls SET finished_at = ? || substr(finished_at, 11), sent_at = ? || substr(sent_at, 11)", (day, day))
        previous = GENESIS
        for row in tx.execute("SELECT * FROM entries ORDER BY id").fetchall():
            own = line_hash(previous, entry_of(dict(row)))
            tx.execute("UPDATE entries SET previous_hash = ?, hash = ? WHERE id = ?", (previous, own, row["id"]))
            previous = own
        for trigger in triggers:
            tx.execute(trigger["sql"])


def of_month(studio: LittleStudio, month: str, *amounts: int) -> Reconciliation:
    made = studio.rows("SELECT request_id, endpoint, finished_at FROM calls ORDER BY id")
    lines = [
        Billed(request_id=call["request_id"], endpoint=call["endpoint"], at=datetime.fromisoformat(call["finished_at"]), nano_usd=amount)
        for call, amount in zip(made, amounts, strict=False)
    ]
    return held_against(studio, *lines, period=reconciling.month_of(month))


def test_a_month_is_closed_with_its_error_and_cannot_change_any_more(studio: LittleStudio) -> None:
    month, _ = last_month(studio)
    with pytest.raises(NotNow, match="not compared"):
        closing.close_month(studio.place, month, ME)
    of_month(studio, month, PRICE, 30_000_007)
    differences.accept_all(studio.place, ME)
    told = closing.close_month(studio.place, month, ME, dry_run=True)
    assert closing.months(studio.place)[0].closable
    done = closing.close_month(studio.place, month, ME)
    assert replace(done, at="") == replace(told, at="")
    assert (done.ours_micro_usd, done.error_nano_usd, done.billed_nano_usd) == (60_000, 7, 60_000_007)
    assert done.error_percent == pytest.approx(100 * 7 / 60_000_007)
    with pytest.raises(NotNow, match="closed already"):
        closing.close_month(studio.place, month, ME)
    [row] = studio.rows("SELECT * FROM entries WHERE kind = 'charge' LIMIT 1")
    entry = Entry(**{**{name: row[name] for name in Entry.__dataclass_fields__}, "kind": EntryKind.ADJUST, "basis": Basis.RECONCILED})
    with pytest.raises(MonthClosed), studio.place.database.writing() as tx:
        adjust(tx, entry)
    assert charged(studio) == 60_000


def test_what_is_found_later_is_booked_today_and_names_the_closed_month(studio: LittleStudio) -> None:
    month, _ = last_month(studio)
    of_month(studio, month, PRICE, PRICE)
    closing.close_month(studio.place, month, ME)
    of_month(studio, month, PRICE, 36_000_000)
    assert differences.accept_all(studio.place, ME).micro_usd == 6_000
    [entry] = studio.rows("SELECT * FROM entries WHERE kind = 'adjust'")
    assert (entry["for_day"], month in entry["flag"]) == (now()[:10], True)
    assert of_month(studio, month, PRICE, 36_000_000).undecided == ()
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []


@pytest.mark.parametrize("change", ["ours_micro_usd = 1", "error_nano_usd = error_nano_usd + 1", "reason = 'nothing to see'"])
def test_a_closed_month_that_was_changed_with_other_tools_is_found(studio: LittleStudio, change: str) -> None:
    month, _ = last_month(studio)
    of_month(studio, month, PRICE, PRICE)
    closing.close_month(studio.place, month, ME)
    with studio.place.database.writing() as tx:
        tx.execute("DROP TRIGGER closings_stay")
        tx.execute(f"UPDATE closings SET {change}")
    with studio.place.database.reading() as db:
        assert any(month in words for words in ledger.proof(db))


def test_what_keeps_a_month_open_is_named(studio: LittleStudio) -> None:
    month, _ = last_month(studio)
    this = now()[:7]
    with pytest.raises(NotNow, match="not over") as caught:
        closing.close_month(studio.place, this, ME)
    assert caught.value.next == "Close it after that."
    of_month(studio, month, PRICE, PRICE)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET state = 'running' WHERE id = (SELECT min(id) FROM calls)")
    with pytest.raises(NotNow, match="still open"):
        closing.close_month(studio.place, month, ME)
    with pytest.raises(NotAllowed):
        closing.close_month(studio.place, month, ONLOOKER)


def test_an_unexplained_difference_needs_an_admin_and_a_reason(studio: LittleStudio) -> None:
    month, _ = last_month(studio)
    of_month(studio, month, PRICE, 33_000_000)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE differences SET cause = 'unexplained', proposed_micro_usd = NULL")
    with pytest.raises(NotNow, match="nobody can explain"):
        closing.close_month(studio.place, month, ME)
    with pytest.raises(BadParameter):
        closing.close_month(studio.place, month, ME, accept_error=True)
    clerk = Person(name="cleo", roles=frozenset({Role.VIEW, Role.MONEY}))
    with pytest.raises(NotAllowed):
        closing.close_month(studio.place, month, clerk, accept_error=True, reason="small")
    done = closing.close_month(studio.place, month, ME, accept_error=True, reason="fal looks into it")
    assert (done.error_nano_usd, done.reason) == (3_000_000, "fal looks into it")
    [log] = studio.rows("SELECT * FROM audit_log WHERE action = 'close month'")
    assert json.loads(log["detail"])["reason"] == "fal looks into it"


def test_entries_made_after_the_comparison_ask_for_another(studio: LittleStudio) -> None:
    month, _ = last_month(studio)
    of_month(studio, month, PRICE, PRICE)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE reconciliations SET last_entry = 1")
    with pytest.raises(NotNow, match="changed since"):
        closing.close_month(studio.place, month, ME)


def test_rows_of_what_is_decided_and_closed_cannot_be_changed(studio: LittleStudio) -> None:
    import sqlite3

    [call] = paid(studio, 1)
    held_against(studio, billed(call, 33_000_000))
    differences.accept_all(studio.place, ME)
    closed = Closing(
        month="2020-01",
        at=now(),
        person="me",
        reason="",
        reconciliation_id="x",
        ours_micro_usd=0,
        error_nano_usd=0,
        entries=0,
        last_entry=0,
        last_hash="",
    )
    with studio.place.database.writing() as tx:
        close(tx, closed)
    for statement in (
        "UPDATE differences SET state = 'open'",
        "DELETE FROM differences",
        "UPDATE closings SET reason = 'x'",
        "DELETE FROM closings",
    ):
        with pytest.raises(sqlite3.IntegrityError), studio.place.database.writing() as tx:
            tx.execute(statement)
