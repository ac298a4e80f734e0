"""The transaction that commits: owned results are free, what is in flight is joined, and nothing is bought twice."""

from dataclasses import replace

import pytest

from pipeline import assets, runs
from pipeline.buying import calls, plan, plan_again
from pipeline.buying.settling import give_up
from pipeline.database import update
from pipeline.errors import CannotPrice, GenerationFailed, NotNow, ResultLost
from pipeline.records import AssetKind, CallState, Reuse, RunKind, RunState, now
from pipeline.studio import portraits, requests
from pipeline.studio.portraits import request_of
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER


def ask(studio, run_id, seed=1):
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=run_id).run


def output(studio, run):
    return studio.rows("SELECT call_id, asset, reused FROM outputs WHERE run_id = ?", run.id)[0]


def holds(studio):
    return len(studio.rows("SELECT 1 FROM entries WHERE kind = 'hold'"))


def bare_run(studio, run_id):
    """Write a run down without planning anything for it."""
    case, settings = studio.case(), studio.run("first").settings
    with studio.place.database.writing() as tx:
        asked = {"kind": RunKind.AVATAR, "case_id": CASE, "person": ME, "feature": "portrait", "source": case.crop, "photo_version": 1}
        run, _ = runs.ask(tx, run_id=run_id, settings=settings, **asked)
        return run


def test_a_new_wish_is_held_at_its_price_before_anything_is_sent(studio):
    run = ask(studio, "first")
    call = studio.call(run)
    assert (call.state, call.hold_micro_usd, call.price_id) == (CallState.HELD, 30_000, "flux-dev@2026-03-01")
    assert (call.unit, call.quantity, call.unit_micro_usd) == ("megapixel", "1", 30_000)
    assert studio.rows("SELECT kind, micro_usd, call_id FROM entries") == [{"kind": "hold", "micro_usd": 30_000, "call_id": "first.avatar.1"}]


def test_an_owned_result_fills_the_slot_and_nothing_is_held(studio):
    made = studio.succeed(ask(studio, "first"))
    second = ask(studio, "second")
    assert output(studio, second) == {"call_id": "first.avatar.1", "asset": made.sha256, "reused": 1}
    assert holds(studio) == 1


@pytest.mark.parametrize("state", [CallState.HELD, CallState.SUBMITTING, CallState.UNKNOWN, CallState.SUBMITTED, CallState.RUNNING])
def test_the_same_wish_in_flight_joins_the_one_that_is(studio, state):
    ask(studio, "first")
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET state = ?", (state.value,))
    second = ask(studio, "second")
    assert output(studio, second) == {"call_id": "first.avatar.1", "asset": None, "reused": 1}
    assert holds(studio) == 1


def test_a_result_that_is_paid_but_not_fetched_yet_is_joined_too(studio):
    studio.pay(ask(studio, "first"))
    second = ask(studio, "second")
    assert output(studio, second) == {"call_id": "first.avatar.1", "asset": None, "reused": 1}
    assert holds(studio) == 1


def test_a_paid_clip_that_only_waits_to_be_encoded_is_joined(studio):
    first = ask(studio, "first")
    call = studio.pay(first)
    studio.keep(first, call, AssetKind.AVATAR, "image/jpeg", ())
    assert output(studio, ask(studio, "second"))["call_id"] == call.id


@pytest.mark.parametrize("body", [{"has_nsfw_concepts": [True]}, {}], ids=["flagged", "lost"])
def test_a_result_nobody_can_have_is_not_joined(studio, body):
    call = studio.pay(ask(studio, "first"), **body)
    if not body:
        with studio.place.database.writing() as tx:
            calls.note(tx, call, counts=0, error=ResultLost().as_json())
    assert output(studio, ask(studio, "second"))["call_id"] == "second.avatar.1"
    assert holds(studio) == 2


def test_a_removed_picture_is_not_owned(studio):
    made = studio.succeed(ask(studio, "first"))
    with studio.place.database.writing() as tx:
        update(tx, "assets", {"scope": CASE, "sha256": made.sha256}, {"removed_at": now()})
    assert output(studio, ask(studio, "second"))["call_id"] == "second.avatar.1"


def test_another_customer_s_picture_is_not_owned(studio):
    studio.succeed(ask(studio, "first"))
    studio.customer("case-2", "ben")
    other = portraits.ask_avatar(studio.place, "case-2", "ben", AvatarWish(seed=1), ME, run_id="second").run
    assert output(studio, other)["call_id"] == "second.avatar.1"


def test_who_never_wants_an_owned_result_buys_anew(studio):
    studio.succeed(ask(studio, "first"))
    run = bare_run(studio, "second")
    with studio.place.database.writing() as tx:
        call = plan(tx, run, request_of(studio.place, tx, run, reuse=Reuse.NEVER), (), before_holding=lambda: None)
    assert (call.id, call.reuse) == ("second.avatar.1", Reuse.NEVER)
    assert holds(studio) == 2


def test_two_that_never_share_may_be_in_flight_together(studio):
    ask(studio, "first")
    for run_id in ("second", "third"):
        run = bare_run(studio, run_id)
        with studio.place.database.writing() as tx:
            plan(tx, run, request_of(studio.place, tx, run, reuse=Reuse.NEVER), (), before_holding=lambda: None)
    assert holds(studio) == 3


def test_a_limit_that_refuses_leaves_nothing(studio):
    ask(studio, "first")
    run = bare_run(studio, "second")
    before = studio.dump()

    def refuse():
        raise NotNow

    def plan_it():
        with studio.place.database.writing() as tx:
            wanted = request_of(studio.place, tx, run)
            plan(tx, run, replace(wanted, photo="f" * 64), (), before_holding=refuse)

    with pytest.raises(NotNow):
        plan_it()
    assert studio.dump() == before


def test_what_cannot_be_priced_is_not_held(studio):
    ask(studio, "first")
    run = bare_run(studio, "second")
    before = studio.dump()

    def plan_it():
        with studio.place.database.writing() as tx:
            wanted = request_of(studio.place, tx, run)
            plan(tx, run, replace(wanted, photo="f" * 64, model=replace(wanted.model, prices=())), (), before_holding=lambda: None)

    with pytest.raises(CannotPrice):
        plan_it()
    assert studio.dump() == before


def test_a_retry_of_a_failure_holds_anew_under_the_next_number(studio):
    failed = studio.fail(ask(studio, "first"))
    again = requests.retry(studio.place, failed.id, OWNER, ME)
    assert (again.attempt, again.state) == (2, RunState.ASKED)
    assert (studio.call(again).id, studio.call(again).try_number) == ("first.avatar.2", 2)
    assert studio.rows("SELECT sum(micro_usd) AS held FROM entries") == [{"held": 30_000}]


def test_a_retry_keeps_what_was_bought(studio):
    run = ask(studio, "first")
    call = studio.pay(run)
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED)
    again = requests.retry(studio.place, run.id, OWNER, ME)
    assert studio.call(again).id == call.id
    assert holds(studio) == 1


def test_a_retry_keeps_what_is_in_flight(studio):
    run = ask(studio, "first")
    call = studio.submit(run)
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED)
    requests.retry(studio.place, run.id, OWNER, ME)
    assert studio.call(run).id == call.id
    assert holds(studio) == 1


def test_a_retry_of_a_flagged_result_buys_anew(studio):
    run = ask(studio, "first")
    studio.pay(run, has_nsfw_concepts=[True])
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED)
    requests.retry(studio.place, run.id, OWNER, ME)
    assert studio.call(run).id == "first.avatar.2"


def test_a_retry_joins_the_same_wish_that_another_run_has_in_flight(studio):
    failed = studio.fail(ask(studio, "first"))
    ask(studio, "second")
    again = requests.retry(studio.place, failed.id, OWNER, ME)
    assert output(studio, again) == {"call_id": "second.avatar.1", "asset": None, "reused": 1}
    assert holds(studio) == 2


def test_a_retry_takes_the_result_that_another_run_has_bought_meanwhile(studio):
    failed = studio.fail(ask(studio, "first"))
    made = studio.succeed(ask(studio, "second"))
    again = requests.retry(studio.place, failed.id, OWNER, ME)
    assert output(studio, again) == {"call_id": "second.avatar.1", "asset": made.sha256, "reused": 1}
    assert holds(studio) == 2


def test_when_a_joined_call_fails_both_may_retry_and_one_is_bought(studio):
    first, second = ask(studio, "first"), ask(studio, "second")
    give_up(studio.desk, studio.call(first), GenerationFailed())
    with studio.place.database.writing() as tx:
        for run in (first, second):
            runs.finish(tx, run.id, RunState.FAILED)
    for run in (first, second):
        requests.retry(studio.place, run.id, OWNER, ME)
    assert studio.call(second).id == studio.call(first).id == "first.avatar.2"
    assert holds(studio) == 2


@pytest.mark.parametrize("state", ["asked", "queued", "working", "succeeded"])
def test_only_what_failed_or_was_cancelled_can_be_retried(studio, state):
    run = ask(studio, "first")
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE runs SET state = ?", (state,))
    with pytest.raises(NotNow, match=f"this one is {state}"):
        requests.retry(studio.place, run.id, OWNER, ME)


def test_a_result_of_the_same_bytes_is_one_asset(studio):
    run = ask(studio, "first")
    made = studio.succeed(run)
    with studio.place.database.writing() as tx:
        assert assets.record(tx, replace(made, call_id="another", created_at="later")) == assets.get(tx, CASE, made.sha256)
    assert len(studio.rows("SELECT 1 FROM assets WHERE sha256 = ?", made.sha256)) == 1


def test_planning_again_refuses_while_nobody_knows(studio):
    run = ask(studio, "first")
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING)
        calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1)
        with pytest.raises(NotNow) as caught:
            plan_again(tx, run, request_of(studio.place, tx, run), (), before_holding=lambda: None)
    assert "decide first.avatar.1" in caught.value.next
