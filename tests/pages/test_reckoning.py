"""Is it right? The proof at one glance, the bill compared beside the screen, differences decided on, months closed."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pages.parts import costbook, frame
from pages.parts.billcheck import bill_check, proof_check
from pages.parts.here import notice
from pipeline.records import Call, Role, now
from pipeline.studio import differences, people, portraits
from pipeline.studio.bills import BillFile
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.pages.screens import drawn, visit

PATIENCE_SECONDS = 40.0
HEAD = "request_id,endpoint_id,timestamp,cost_estimate_nano_usd"


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at."""
    return LittleStudio(own_data_folder, customer=True)


def seen() -> str:
    return drawn(visit("costs", part="right"))


def press(**what: str) -> str:
    """Do what a button says, and return what the screen would say about it."""
    frame.do(costbook.ACTIONS, what)
    return notice()


def until_ended(errand: object) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while errand.outcome.began_at or not errand.outcome.ended_at:  # type: ignore[attr-defined]
        assert time.monotonic() < end
        time.sleep(0.02)


def compared(studio: LittleStudio, *amounts: int, request: str | None = None) -> list[Call]:
    """Pay so many avatars and compare with a bill that names these amounts in nano-dollars; it is uploaded as a screen does."""
    made = []
    for seed in range(len(amounts)):
        made.append(studio.pay(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=f"r-{seed}").run))
    path = studio.place.settings.folder / "uploaded.csv"
    rows = [f"{request or call.request_id},{call.endpoint},{call.finished_at},{amount}" for call, amount in zip(made, amounts, strict=True)]
    path.write_text("\n".join([HEAD, *rows]))
    bill_check().ask(BillFile(path, name="october.csv"), path, ME)
    until_ended(bill_check())
    assert bill_check().outcome.trouble == ""
    assert not path.exists()
    return made


def test_an_empty_studio_is_right_and_says_what_to_do(studio: LittleStudio) -> None:
    first = seen()
    assert "Proving every line" in first or "The ledger holds together" in first
    until_ended(proof_check())
    page = seen()
    assert "The ledger holds together" in page
    assert "was not compared with the ledger yet" in page
    assert "Ask the provider" in page
    assert "Differences" not in page
    assert studio.rows("SELECT * FROM bills") == []


def test_a_bill_that_matches_says_so_to_the_last_cent(studio: LittleStudio) -> None:
    compared(studio, 30_000_000, 30_000_000)
    page = seen()
    assert "It matches to the last cent" in page
    assert "october.csv" in page
    assert "Nothing waits for a decision" in page
    assert f"<b>{now()[:7]}</b>" in page
    assert "not over before" in page


def test_a_difference_is_shown_with_its_cause_and_accepted_once(studio: LittleStudio) -> None:
    [call, _] = compared(studio, 33_000_000, 30_000_000)
    page = seen()
    assert "1 difference waits for you" in page
    assert "Price moved" in page
    assert str(call.request_id) in page
    assert "Accept 1 · book $0.003" in page
    [standing] = differences.undecided(studio.place)
    for _ in range(2):
        assert press(do="accept-cause", cause="price moved", mark=standing.mark) == ""
    assert [row["micro_usd"] for row in studio.rows("SELECT micro_usd FROM entries WHERE kind = 'adjust'")] == [3_000]
    page = seen()
    assert "Decided last" in page
    assert "Accepted" in page


def test_one_is_accepted_another_left_with_a_note_that_is_shown_as_it_was_written(studio: LittleStudio) -> None:
    compared(studio, 33_000_000, 34_000_000)
    [standing] = differences.undecided(studio.place)
    first, second = standing.rows
    assert press(do="accept-difference", id=str(first.id), mark=first.mark) == ""
    assert press(do="leave-difference", id=str(second.id), note="") != ""
    assert press(do="leave-difference", id=str(second.id), note="<b>claimed</b>") == ""
    page = seen()
    assert "&lt;b&gt;claimed&lt;/b&gt;" in page
    assert {row["state"] for row in studio.rows("SELECT state FROM differences")} == {"accepted", "left"}


def test_without_the_role_for_money_buttons_are_off_and_presses_change_nothing(studio: LittleStudio) -> None:
    compared(studio, 33_000_000)
    people.add(studio.place, studio.place.settings.person, "studio", frozenset({Role.VIEW, Role.ADMIN}), ME)
    page = seen()
    assert 'disabled title="Your role does not allow' in page
    before = studio.dump()
    for what in (
        {"do": "ask-bill"},
        {"do": "accept-cause", "cause": "price moved"},
        {"do": "accept-difference", "id": "1"},
        {"do": "leave-difference", "id": "1", "note": "x"},
        {"do": "close-month", "month": "2020-01"},
    ):
        assert "may not" in press(**what), what
    assert studio.dump() == before


@pytest.mark.parametrize("words", ["", "x", "-1", "9" * 30, "٣", "<script>", "' OR 1=1"])
def test_whatever_a_press_says_is_answered_in_a_sentence(studio: LittleStudio, words: str) -> None:
    before = studio.dump()
    for do in ("accept-cause", "accept-difference", "leave-difference", "close-month"):
        assert press(do=do, cause=words, id=words, note=words, month=words, reason=words) != ""
    assert studio.dump() == before


def test_trouble_with_a_file_is_said_on_the_screen_and_the_file_is_gone(studio: LittleStudio) -> None:
    path = studio.place.settings.folder / "uploaded.csv"
    path.write_text("what,ever\n1,2")
    bill_check().ask(BillFile(path), path, ME)
    until_ended(bill_check())
    assert "A column is missing" in seen()
    assert not path.exists()


def test_what_does_not_add_up_is_named(studio: LittleStudio) -> None:
    compared(studio, 30_000_000)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE balances SET charged_micro_usd = 1 WHERE scope_kind = 'studio' AND period = 'ever'")
    press(do="prove-ledger")
    until_ended(proof_check())
    page = seen()
    assert "Something does not add up" in page
    assert "The running balance of studio" in page


def test_screens_read_months_and_times_in_utc(studio: LittleStudio) -> None:
    compared(studio, 30_000_000)
    today = datetime.now(UTC).date().isoformat()
    assert f"{today} to {today} (UTC)" in seen()


def test_what_another_comparison_rewrote_meanwhile_is_not_booked_by_an_old_button(studio: LittleStudio) -> None:
    [call] = compared(studio, 33_000_000)
    [standing] = differences.undecided(studio.place)
    path = studio.place.settings.folder / "uploaded.csv"
    path.write_text(f"{HEAD}\n{call.request_id},{call.endpoint},{call.finished_at},39000000")
    bill_check().ask(BillFile(path), path, ME)
    until_ended(bill_check())
    before = studio.dump()
    assert "compared again" in press(do="accept-difference", id=str(standing.rows[0].id), mark=standing.rows[0].mark)
    assert "Other differences" in press(do="accept-cause", cause="price moved", mark=standing.mark)
    assert studio.dump() == before


def test_a_bill_with_lines_left_out_is_not_said_to_match(studio: LittleStudio) -> None:
    [call] = compared(studio, 30_000_000)
    path = studio.place.settings.folder / "uploaded.csv"
    path.write_text(f"{HEAD}\n{call.request_id},{call.endpoint},{call.finished_at},30000000\nx,{call.endpoint},yesterday,1")
    bill_check().ask(BillFile(path), path, ME)
    until_ended(bill_check())
    page = seen()
    assert "It matches to the last cent" not in page
    assert "Line 3 was left out" in page
    assert "no month can be closed with it" in page


def bill_of(studio: LittleStudio, *lines: str) -> None:
    """Upload another bill with these lines and wait until it is compared."""
    path = studio.place.settings.folder / "uploaded.csv"
    path.write_text("\n".join([HEAD, *lines]))
    bill_check().ask(BillFile(path, name="later.csv"), path, ME)
    until_ended(bill_check())
    press(do="dismiss")  # a press looks anew; without one a screen may be half a second behind


def line_of(call: Call, amount: int, request: str | None = None) -> str:
    return f"{request or call.request_id},{call.endpoint},{call.finished_at},{amount}"


def test_what_is_booked_is_in_the_proven_sum_at_once(studio: LittleStudio) -> None:
    compared(studio, 33_000_000)
    press(do="prove-ledger")
    until_ended(proof_check())
    assert "come since" not in seen()
    [standing] = differences.undecided(studio.place)
    press(do="accept-cause", cause="price moved", mark=standing.mark)
    page = seen()
    assert '<b class="figure">$0.033</b>' in page
    assert "1 line has come since" in page
    [last] = studio.rows("SELECT max(id) AS id, (SELECT hash FROM entries ORDER BY id DESC LIMIT 1) AS hash FROM entries")
    assert f"up to line {last['id'] - 1}" in page
    assert last["hash"][:16] in page


def test_a_line_that_came_since_and_does_not_follow_is_proven_and_named(studio: LittleStudio) -> None:
    compared(studio, 33_000_000)
    press(do="prove-ledger")
    until_ended(proof_check())
    [standing] = differences.undecided(studio.place)
    press(do="accept-cause", cause="price moved", mark=standing.mark)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE balances SET charged_micro_usd = 1 WHERE scope_kind = 'studio' AND period = 'ever'")
    assert "The ledger holds together" not in seen()
    until_ended(proof_check())
    assert "Something does not add up" in seen()


def test_a_decision_stays_listed_with_its_note_when_a_later_bill_says_otherwise(studio: LittleStudio) -> None:
    [call] = compared(studio, 33_000_000)
    [standing] = differences.undecided(studio.place)
    press(do="leave-difference", id=str(standing.rows[0].id), note="fal looks into it")
    bill_of(studio, line_of(call, 30_000_000))
    page = seen()
    assert "It matches to the last cent" in page
    assert "fal looks into it" in page
    assert "A later bill says otherwise." in page
    assert [(one.state, one.decision) for one in differences.decided(studio.place)] == [("gone", "left")]


def test_what_was_booked_for_a_stranger_is_ours_when_a_later_bill_leaves_it_out(studio: LittleStudio) -> None:
    [call] = compared(studio, 30_000_000)
    bill_of(studio, line_of(call, 30_000_000), line_of(call, 30_000_000, "stranger"))
    [standing] = differences.undecided(studio.place)
    press(do="accept-cause", cause=standing.cause.value, mark=standing.mark)
    page = seen()
    assert "<dt>Ours then</dt><dd>$0.03</dd>" in page
    assert "<dt>Ours changed since by</dt><dd>$0.03 in 1 line</dd>" in page
    assert "<dt>Ours now</dt><dd>$0.06</dd>" in page
    bill_of(studio, line_of(call, 30_000_000))
    page = seen()
    assert "<dt>Ours then</dt><dd>$0.06</dd>" in page
    assert "expected on the next one" in page
    assert "<dt>Of that not decided yet</dt><dd>-$0.03</dd>" in page
    assert "Ours now" not in page


def test_differences_that_net_out_are_told_by_both_sides_until_they_are_decided(studio: LittleStudio) -> None:
    compared(studio, 33_000_000, 27_000_000)
    page = seen()
    assert "<dt>Difference then</dt><dd>$0.00</dd>" in page
    assert "<dt>The bill says more</dt><dd>$0.003</dd>" in page
    assert "<dt>The bill says less</dt><dd>-$0.003</dd>" in page
    assert "<dt>Of that not decided yet</dt><dd>$0.003 and -$0.003</dd>" in page
    [standing] = differences.undecided(studio.place)
    press(do="accept-cause", cause="price moved", mark=standing.mark)
    page = seen()
    assert "<dt>Of that not decided yet</dt><dd>nothing</dd>" in page
    assert "It matches to the last cent" not in page


def test_a_request_of_a_difference_leads_to_all_that_is_known_of_it(studio: LittleStudio) -> None:
    [call, _] = compared(studio, 33_000_000, 30_000_000)
    page = seen()
    assert f"request={call.id}" in page
    assert str(call.request_id) in drawn(visit("costs", request=call.id))


def test_what_went_wrong_is_said_until_something_newer_happened_or_somebody_closed_it(studio: LittleStudio) -> None:
    compared(studio, 33_000_000)
    bill_of(studio, "x")
    assert "later.csv" not in seen()
    assert "Close what went wrong" in seen()
    [standing] = differences.undecided(studio.place)
    press(do="accept-cause", cause="price moved", mark=standing.mark)
    assert "Close what went wrong" not in seen()
    bill_of(studio, "x")
    assert "Close what went wrong" in seen()
    press(do="forget-bill")
    assert "Close what went wrong" not in seen()
