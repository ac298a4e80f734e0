"""The Queue says what runs, who is next, what needs a decision and what it costs; retrying pays only for what is missing."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline import runs
from pipeline.buying import calls
from pipeline.database import update
from pipeline.errors import (
    AccountRefused,
    BadParameter,
    BudgetReached,
    DownloadFailed,
    Fault,
    GenerationTimedOut,
    NotAllowed,
    NotNow,
    TooManyRequests,
)
from pipeline.records import Call, CallState, Choice, Person, Role, Run, RunState
from pipeline.studio import photos, portraits, queue, requests, strip, switches
from pipeline.studio.undecided import Undecided
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.running import Running

ANA, BEN = Person(name="Ana"), Person(name="Ben")


@pytest.fixture
def little(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio", customer=True, STUDIO_ATTEMPTS="1000")


def ask(studio: LittleStudio, run_id: str, seed: int = 1, by: Person = ME) -> Run:
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), by, run_id=run_id).run


def paid_in_vain(studio: LittleStudio, run: Run) -> Run:
    """Let a run's picture be paid and its file not arrive."""
    studio.pay(run)
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, DownloadFailed(charged=True))
    return studio.run(run)


def lost(studio: LittleStudio, run: Run, error: Mapping[str, Any] | None = None, **changes: Any) -> Call:
    """Let a run's request be one that nobody can prove."""
    known = {"error": "BeingLookedUp", "say": "?", "charged": None, "next": "?", **(error or {})}
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sent_at="2026-03-05T09:08:07.000000+00:00", sends=1)
        call = calls.move(tx, call, CallState.UNKNOWN, needs_decision=1, error=known, **changes)
        runs.finish(tx, run.id, RunState.FAILED, GenerationTimedOut())
        return call


def look(studio: LittleStudio, **more: Any) -> queue.QueueView:
    return queue.look(studio.place, **more)


def names(some: tuple[queue.Underway, ...] | tuple[queue.Failed, ...]) -> list[str]:
    return [one.seen.run.id for one in some]


def test_an_empty_queue_is_empty(little: LittleStudio) -> None:
    seen = look(little)
    assert (seen.running, seen.waiting, seen.undecided, seen.failed, seen.done, seen.pause) == ((), (), (), (), (), None)
    assert seen.sizes == queue.Sizes(running=0, waiting=0, undecided=0, failed=0, done=0)


def test_what_waits_is_shown_in_the_order_in_which_it_will_go_with_what_is_held(little: LittleStudio) -> None:
    for number in range(4):
        ask(little, f"ana{number}", number, ANA)
    little.submit(little.run("ana0"))
    ask(little, "ben0", 10, BEN)
    seen = look(little)
    assert [(one.seen.run.id, one.place) for one in seen.running] == [("ana0", None)]
    assert [(one.seen.run.id, one.place) for one in seen.waiting] == [("ben0", 1), ("ana1", 2), ("ana2", 3), ("ana3", 4)]
    assert {one.seen.held_micro_usd for one in (*seen.running, *seen.waiting)} == {30_000}
    assert 0 <= seen.running[0].seconds < seen.waiting[-1].seconds + 10


def test_a_person_s_own_queue_keeps_the_places_among_all(little: LittleStudio) -> None:
    for number in range(3):
        ask(little, f"ana{number}", number, ANA)
    ask(little, "ben0", 10, BEN)
    seen = look(little, person="Ana")
    assert [(one.seen.run.id, one.place) for one in seen.waiting] == [("ana0", 1), ("ana1", 3), ("ana2", 4)]
    assert (seen.sizes.waiting, look(little, person="Nobody").sizes.waiting) == (3, 0)


def test_of_a_long_list_the_first_are_shown_and_all_are_counted(little: LittleStudio) -> None:
    for number in range(6):
        run = ask(little, f"r{number}", number)
        if number < 3:
            little.fail(run)
    seen = look(little, limit=2)
    assert (names(seen.failed), names(seen.waiting)) == (["r2", "r1"], ["r3", "r4"])
    assert (seen.sizes.failed, seen.sizes.waiting) == (3, 3)
    assert queue.failed_ids(little.place) == ["r2", "r1", "r0"]


def test_one_section_is_turned_over_page_by_page_and_the_others_are_counted(little: LittleStudio) -> None:
    for number in range(5):
        run = ask(little, f"r{number}", number)
        if number < 2:
            little.fail(run)
    seen = look(little, section=queue.Section.WAITING, limit=2, offset=1)
    assert [(one.seen.run.id, one.place) for one in seen.waiting] == [("r3", 2), ("r4", 3)]
    assert (seen.failed, seen.sizes.failed, seen.sizes.waiting) == ((), 2, 3)
    assert look(little, section=queue.Section.WAITING, offset=9).waiting == ()


def test_a_run_that_has_nothing_to_buy_has_no_place_in_line(little: LittleStudio) -> None:
    run = paid_in_vain(little, ask(little, "r"))
    requests.retry(little.place, run.id, OWNER, ME)
    assert [(one.seen.run.id, one.place) for one in look(little).waiting] == [("r", None)]


def test_a_failure_says_whose_fault_it_was_whether_it_was_charged_and_what_a_retry_costs(little: LittleStudio) -> None:
    little.fail(ask(little, "free", 1))
    paid_in_vain(little, ask(little, "paid", 2))
    run = ask(little, "refused", 3)
    with little.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, AccountRefused())
    refused, paid, free = look(little).failed
    assert (free.fault, free.charged, free.retry_micro_usd, free.why_not) == (Fault.PROVIDER, False, 30_000, None)
    assert (paid.charged, paid.retry_micro_usd, paid.seen.charged_micro_usd) == (True, 0, 30_000)
    assert (refused.fault, refused.say, refused.next) == (Fault.OURS, AccountRefused.say, AccountRefused.next)


def test_what_was_made_for_a_photo_that_was_replaced_is_not_bought_again_but_fetched(little: LittleStudio) -> None:
    little.fail(ask(little, "free", 1))
    paid_in_vain(little, ask(little, "paid", 2))
    photos.put_photo(little.place, CASE, OWNER, intake("red"), ME, replace=True)
    paid, free = look(little).failed
    assert (free.retry_micro_usd, free.why_not) == (0, "The photo was replaced meanwhile, so this is not bought again.")
    assert (paid.retry_micro_usd, paid.why_not) == (0, None)
    price = queue.price_of_retrying(little.place, ["free", "paid"])
    assert (price.prices, list(price.refused)) == ({"paid": 0}, ["free"])


def test_failures_of_the_last_seven_days_are_shown_until_a_retry_mended_them(little: LittleStudio) -> None:
    for number, name in enumerate(("old", "mended", "again", "fresh")):
        little.fail(ask(little, name, number))
    with little.place.database.writing() as tx:
        update(tx, "runs", {"id": "old"}, {"ended_at": strip.days_ago(8)})
        update(tx, "runs", {"id": "again"}, {"asked_at": strip.days_ago(30)})
    little.succeed(requests.retry(little.place, "mended", OWNER, ME))
    little.fail(requests.retry(little.place, "again", OWNER, ME))
    assert names(look(little).failed) == ["again", "fresh"]
    assert [seen.run.id for seen in look(little).done] == ["mended"]


def test_a_retry_keeps_the_old_error_until_it_succeeds(little: LittleStudio) -> None:
    failed = little.fail(ask(little, "r"))
    again = requests.retry(little.place, "r", OWNER, ME)
    assert again.error == failed.error is not None
    assert [one.seen.run.error for one in look(little).waiting] == [failed.error]
    little.submit(again)
    assert [one.seen.run.error for one in look(little).running] == [failed.error]


LOST = "The connection to fal broke while the request was on its way"
HAPPENED = {
    f"{LOST}, and fal's list does not show it. It costs too much to be sent again unasked.": {"asked": 3, "found": 0},
    f"{LOST}, and 2 requests there look like it: which one is ours cannot be told.": {"asked": 1, "found": 2},
    f"{LOST}, and fal did not answer when asked about it.": {"asked": 30, "found": None},
    f"{LOST}, and fal has no list in which it could be looked up.": {"asked": 0, "found": None},
}
KNOWN = ["Looked up 3 times, nothing found.", "Looked up once, 2 found.", "Looked up 30 times, without an answer.", None]


def undecided(studio: LittleStudio) -> Undecided:
    (one,) = look(studio).undecided
    return one


@pytest.mark.parametrize(("happened", "known"), list(zip(HAPPENED, KNOWN, strict=True)))
def test_a_lost_request_is_told_in_plain_words(little: LittleStudio, happened: str, known: str | None) -> None:
    lost(little, ask(little, "r"), HAPPENED[happened])
    seen = undecided(little)
    assert seen.happened == happened
    assert seen.known == tuple(filter(None, ("Sent once, last on 5 March, 09:08:07 UTC.", known, "$0.03 is held for it.")))
    assert look(little).failed == ()
    adopt, resend, write_off = seen.options
    assert (adopt.choice, adopt.needs_request_id, adopt.more_micro_usd) == (Choice.ADOPT, True, 0)
    assert (resend.choice, resend.more_micro_usd, resend.why_not) == (Choice.RESEND, 30_000, None)
    assert (write_off.choice, write_off.more_micro_usd) == (Choice.WRITE_OFF, 0)
    assert all("$0.03" in option.say for option in seen.options)


def test_a_request_past_its_deadline_can_be_waited_for_without_looking_anything_up(little: LittleStudio) -> None:
    lost(little, ask(little, "r"), request_id="q-1", ticket={}, status_requests=2)
    seen = undecided(little)
    assert seen.happened.startswith("fal took the request and has not finished it")
    assert seen.known[1] == "Accepted as q-1; looked at twice since."
    assert (seen.options[0].title, seen.options[0].needs_request_id) == ("Wait on", False)


def test_a_request_found_at_the_provider_is_named_by_an_id_and_nothing_else(little: LittleStudio) -> None:
    call = lost(little, ask(little, "r"))
    assert requests.ticket_named(call, "764cabcf-b745").status_url.endswith("/requests/764cabcf-b745/status")
    for wrong in ("", "../../account", "a b", "x" * 200):
        with pytest.raises(BadParameter):
            requests.ticket_named(call, wrong)
    with pytest.raises(NotNow):
        requests.ticket_named(replace(call, provider="other"), "a1")


def test_a_lost_request_for_a_photo_that_was_replaced_cannot_be_sent_again(little: LittleStudio) -> None:
    lost(little, ask(little, "r"))
    photos.put_photo(little.place, CASE, OWNER, intake("red"), ME, replace=True)
    resend = undecided(little).options[1]
    assert (resend.more_micro_usd, resend.why_not) == (0, "The photo was replaced meanwhile, so this is not bought again.")


def test_what_was_written_off_says_so_and_can_be_bought_anew(little: LittleStudio) -> None:
    call = lost(little, ask(little, "r"))
    requests.decide_call(little.place, call.id, OWNER, Choice.WRITE_OFF, ANA)
    (failed,) = look(little).failed
    assert (failed.charged, failed.next, failed.retry_micro_usd) == (True, "Retry to buy it anew.", 30_000)
    assert "Ana gave it up" in failed.say
    assert look(little).undecided == ()


def test_retrying_all_pays_for_what_is_missing_only_at_the_price_said_before(little: LittleStudio) -> None:
    little.fail(ask(little, "free", 1))
    paid_in_vain(little, ask(little, "paid", 2))
    little.succeed(ask(little, "done", 3))
    lost(little, ask(little, "asked", 4))
    wanted = ["free", "paid", "done", "asked", "nothing", "free"]
    price = queue.price_of_retrying(little.place, wanted)
    assert (price.total_micro_usd, price.prices) == (30_000, {"free": 30_000, "paid": 0, "asked": 0})
    made = queue.retry_all_failed(little.place, ANA, wanted)
    assert [(one.run_id, one.retried) for one in made] == [
        ("free", True),
        ("paid", True),
        ("done", False),
        ("asked", False),
        ("nothing", False),
    ]
    assert all(one.why_not is None or (one.why_not.say and one.why_not.next) for one in made)
    assert little.rows("SELECT sum(held_micro_usd) AS held FROM balances WHERE scope_kind = 'studio' AND period = 'ever'") == [{"held": 60_000}]
    assert [little.run(name).state for name in ("free", "paid", "done")] == [RunState.ASKED, RunState.ASKED, RunState.SUCCEEDED]


def test_what_two_runs_ask_for_alike_is_paid_once(little: LittleStudio) -> None:
    little.fail(ask(little, "one", 1))
    little.fail(ask(little, "two", 1))
    assert queue.price_of_retrying(little.place, ["one", "two"]).prices == {"one": 30_000, "two": 0}
    assert all(one.retried for one in queue.retry_all_failed(little.place, ME, ["one", "two"]))
    assert little.call(little.run("one")).id == little.call(little.run("two")).id


def test_retrying_all_stops_plainly_at_a_cap_and_still_fetches_what_was_paid(tmp_path: Path) -> None:
    little = LittleStudio(tmp_path / "studio", customer=True, STUDIO_DAILY_CAP_USD="0.10")
    for number in range(4):
        little.fail(ask(little, f"r{number}", number))
    paid_in_vain(little, ask(little, "paid", 9))
    made = queue.retry_all_failed(little.place, ME, ["r0", "r1", "r2", "r3", "paid"])
    assert [one.retried for one in made] == [True, True, False, False, True]
    assert made[2].why_not is made[3].why_not
    assert isinstance(made[2].why_not, BudgetReached)
    assert "$0.01 is left" in made[2].why_not.say
    assert little.run("r3").state is RunState.FAILED


def test_retrying_all_stops_at_the_pace_of_the_person(tmp_path: Path) -> None:
    little = LittleStudio(tmp_path / "studio", customer=True, STUDIO_STAFF_PER_HOUR="3")
    for number in range(2):
        little.fail(ask(little, f"r{number}", number, ANA))
    made = queue.retry_all_failed(little.place, ANA, ["r0", "r1"])
    assert [type(one.why_not) for one in made] == [type(None), TooManyRequests]


def test_who_may_not_make_may_not_retry(little: LittleStudio) -> None:
    little.fail(ask(little, "r"))
    with pytest.raises(NotAllowed):
        queue.retry_all_failed(little.place, replace(ANA, roles=frozenset({Role.VIEW})), ["r"])
    assert little.run("r").state is RunState.FAILED


def test_a_run_that_waits_for_a_decision_is_not_retried(little: LittleStudio) -> None:
    lost(little, ask(little, "r"))
    (one,) = queue.retry_all_failed(little.place, ME, ["r"])
    assert isinstance(one.why_not, NotNow)
    assert "Decide first" in one.why_not.next


def test_counts_agree_with_the_queue(little: LittleStudio) -> None:
    little.fail(ask(little, "failed", 1))
    lost(little, ask(little, "asked", 2))
    little.succeed(ask(little, "done", 3))
    little.submit(ask(little, "running", 4))
    ask(little, "waiting", 5)
    counts, sizes = queue.counts(little.place), look(little).sizes
    assert (counts.failed, counts.questions, counts.done, counts.running, counts.waiting) == (1, 1, 1, 1, 1)
    assert sizes == queue.Sizes(running=1, waiting=1, undecided=1, failed=1, done=1)
    assert (counts.to_review, counts.failed_today) == (1, 1)


def test_the_strip_shows_eight_of_what_runs_and_counts_all(little: LittleStudio) -> None:
    for number in range(10):
        ask(little, f"r{number}", number)
    little.submit(little.run("r9"))
    seen = strip.look(little.place)
    assert (len(seen.running), seen.running_count, seen.running[0].run.id) == (8, 10, "r9")
    assert (seen.counts.running, seen.counts.waiting, seen.newest, seen.pause) == (1, 9, None, None)
    assert (seen.today.held_micro_usd, seen.today.cap_micro_usd) == (300_000, 50_000_000)


def test_the_strip_offers_what_ended_last_however_long_ago_it_was_asked(little: LittleStudio) -> None:
    first, second = ask(little, "first", 1), ask(little, "second", 2)
    little.succeed(second)
    little.succeed(first)
    pause = switches.pause(little.place, ANA)
    seen = strip.look(little.place)
    assert seen.newest is not None
    assert (seen.newest.run.id, seen.counts.to_review, seen.pause) == ("first", 2, pause)


def test_a_retry_by_the_worker_keeps_the_error_until_it_succeeds_and_buys_nothing_that_was_bought(studio: Running) -> None:
    case = studio.customer()
    in_the_way = studio.settings.folder / "objects" / case.id / "avatar-display"
    in_the_way.write_text("a file where the store wants a folder")
    failed = studio.avatar(case)
    assert failed.error is not None
    assert queue.price_of_retrying(studio.place, [failed.id]).total_micro_usd == 0
    in_the_way.unlink()
    seen: list[Run] = []
    with studio.accepted() as accepted:
        assert [one.retried for one in queue.retry_all_failed(studio.place, ME, [failed.id])] == [True]
        seen.append(requests.find_run(studio.place, failed.id))
        ended = requests.wait_for(studio.place, failed.id, on_change=seen.append, meanwhile=studio.watch.look)
    assert accepted == []
    assert [run.error for run in seen if not run.ended] == [failed.error] * len([run for run in seen if not run.ended])
    assert not seen[0].ended
    assert (ended.state, ended.error) == (RunState.SUCCEEDED, None)
