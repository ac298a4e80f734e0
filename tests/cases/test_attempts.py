"""Eight successful generations a case; what is in flight holds its place, and failures are free."""

import threading

import pytest

from pipeline import cases
from pipeline.buying import calls, decide
from pipeline.buying.settling import drop
from pipeline.database import insert
from pipeline.errors import AttemptsUsed, BudgetReached
from pipeline.records import CallState, Choice, Decision, RunState, new_id, now
from pipeline.runs import finish
from pipeline.studio import portraits, requests, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER


def ask(studio, number):
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=number), ME, run_id=f"r{number}").run


def standing(studio):
    with studio.place.database.reading() as db:
        found = cases.attempts(db, CASE, studio.place.settings.attempts)
    return found.used, found.in_flight, found.left


def test_the_ninth_success_is_refused_in_words_that_say_why(studio):
    for number in range(8):
        studio.succeed(ask(studio, number))
    with pytest.raises(AttemptsUsed) as caught:
        ask(studio, 8)
    assert caught.value.say == "This case has no attempts left: 8 made and 0 in flight of 8. Failures are free."
    assert standing(studio) == (8, 0, 0)


def test_what_is_in_flight_holds_its_place(studio):
    for number in range(8):
        ask(studio, number)
    assert standing(studio) == (0, 8, 0)
    with pytest.raises(AttemptsUsed, match="0 made and 8 in flight"):
        ask(studio, 8)


def test_ten_people_asking_at_once_cannot_make_nine(studio):
    refused, barrier = [], threading.Barrier(10)

    def person(number):
        barrier.wait()
        try:
            ask(studio, number)
        except AttemptsUsed as error:
            refused.append(error)

    threads = [threading.Thread(target=person, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refused), standing(studio)) == (2, (0, 8, 0))
    assert len(studio.rows("SELECT * FROM calls")) == len(studio.rows("SELECT * FROM runs")) == 8
    assert studio.rows("SELECT sum(micro_usd) AS held FROM entries") == [{"held": 8 * 30_000}]


def test_a_refused_wish_leaves_nothing(studio):
    for number in range(8):
        ask(studio, number)
    before = studio.dump()
    with pytest.raises(AttemptsUsed):
        ask(studio, 8)
    assert studio.dump() == before


def test_failures_and_cancels_are_free(studio):
    for number in range(10):
        studio.fail(ask(studio, number))
    run = ask(studio, 10)
    drop(studio.desk, studio.call(run))
    assert standing(studio) == (0, 0, 8)


def test_a_flagged_result_is_paid_but_is_no_attempt(studio):
    call = studio.pay(ask(studio, 1), has_nsfw_concepts=[True])
    assert (call.state, call.counts, call.error["error"], call.error["charged"]) == (CallState.SUCCEEDED, False, "Flagged", True)
    assert standing(studio) == (0, 0, 8)
    assert studio.rows("SELECT sum(micro_usd) AS paid FROM entries WHERE kind = 'charge'") == [{"paid": 30_000}]


def test_avatars_and_clips_are_counted_together(studio):
    avatar = studio.succeed(ask(studio, 1))
    reviews.decide_on(studio.place, avatar, OWNER, Decision.APPROVED, ME)
    studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="clip").run)
    assert standing(studio) == (2, 0, 6)


def test_a_result_owned_already_costs_neither_money_nor_an_attempt(studio):
    studio.succeed(ask(studio, 1))
    again = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="again")
    assert again.new
    assert standing(studio) == (1, 0, 7)
    assert len(studio.rows("SELECT * FROM entries WHERE kind = 'hold'")) == 1


def test_an_owned_result_is_had_again_when_every_attempt_is_used(studio):
    for number in range(8):
        studio.succeed(ask(studio, number))
    assert portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=3), ME, run_id="again").new


def test_a_request_nobody_can_prove_holds_its_place_until_somebody_decides(studio):
    run = ask(studio, 1)
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING)
        call = calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1)
        finish(tx, run.id, RunState.FAILED)
    assert standing(studio) == (0, 1, 7)
    requests.decide_call(studio.place, call.id, OWNER, Choice.WRITE_OFF, ME)
    assert standing(studio) == (0, 0, 8)


def test_sending_again_takes_the_place_of_the_one_written_off(studio):
    for number in range(8):
        run = ask(studio, number)
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING)
        call = calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1)
        decide(tx, run, call, Choice.RESEND, by=ME, note="", wanted=portraits.request_of(studio.place, tx, run), caps=(), ticket=None)
    assert standing(studio) == (0, 8, 0)


def test_a_grant_adds_attempts(studio):
    for number in range(8):
        studio.succeed(ask(studio, number))
    with studio.place.database.writing() as tx:
        insert(tx, "grants", {"id": new_id("g"), "case_id": CASE, "attempts": 2, "person": "boss", "at": now(), "reason": "a gift"})
    studio.succeed(ask(studio, 8))
    studio.succeed(ask(studio, 9))
    with pytest.raises(AttemptsUsed, match="10 made and 0 in flight of 10"):
        ask(studio, 10)


def test_one_customer_s_attempts_are_not_another_s(studio):
    studio.customer("case-2", "ben")
    for number in range(8):
        ask(studio, number)
    portraits.ask_avatar(studio.place, "case-2", "ben", AvatarWish(seed=1), ME, run_id="other")
    assert standing(studio) == (0, 8, 0)


def test_a_retry_takes_a_place_only_for_what_is_bought_anew(studio):
    failed = studio.fail(ask(studio, 0))
    for number in range(1, 8):
        ask(studio, number)
    requests.retry(studio.place, failed.id, OWNER, ME)
    assert standing(studio) == (0, 8, 0)
    second = studio.fail(studio.run("r1"))
    ask(studio, 8)
    before = studio.dump()
    with pytest.raises(AttemptsUsed):
        requests.retry(studio.place, second.id, OWNER, ME)
    assert studio.dump() == before


def test_the_number_of_attempts_is_a_setting(new_studio):
    studio = new_studio(STUDIO_ATTEMPTS="1")
    studio.succeed(ask(studio, 1))
    with pytest.raises(AttemptsUsed, match="no attempts left: 1 made and 0 in flight of 1"):
        ask(studio, 2)


def test_a_cap_is_checked_with_the_hold_and_leaves_nothing(new_studio):
    studio = new_studio(STUDIO_DAILY_CAP_USD="0.07")
    ask(studio, 1)
    ask(studio, 2)
    before = studio.dump()
    with pytest.raises(BudgetReached) as caught:
        ask(studio, 3)
    assert studio.dump() == before
    assert caught.value.say == "This needs $0.03, but $0.01 is left of the day cap of $0.07 for the studio."
