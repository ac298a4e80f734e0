"""A cancel costs nothing until the provider has begun; afterwards it follows the provider, and a late success is paid, kept and not applied."""

import pytest

from pipeline.errors import NotNow
from pipeline.records import RunState
from pipeline.sandbox.bill import bill
from pipeline.studio import requests
from tests.running import ME, OWNER


def cancel(studio, run):
    return requests.cancel(studio.place, run.id, OWNER, ME)


def call_state(studio, run):
    return studio.shown(run)["calls"][0]["state"]


def test_cancelled_before_anybody_began_it_ends_and_nothing_is_asked(studio):
    with studio.accepted() as accepted:
        run = studio.ask_avatar(studio.customer())
        cancel(studio, run)
        ended = studio.wait_for(run)
    assert (ended.state, ended.error["error"], ended.error["charged"]) == (RunState.CANCELLED, "Cancelled", False)
    assert (accepted, studio.charged(run), studio.held(run)) == ([], 0, 0)


def test_cancelled_while_it_waits_between_two_sends_it_is_not_sent_again(studio):
    studio.order("submit_429", count=9, seconds=1)
    with studio.accepted() as accepted:
        run = studio.ask_avatar(studio.customer())
        studio.until(lambda: studio.shown(run)["calls"][0]["sends"] == 1)
        cancel(studio, run)
        ended = studio.wait_for(run)
    assert (ended.state, accepted, studio.held(run)) == (RunState.CANCELLED, [], 0)
    assert studio.shown(run)["calls"][0]["sends"] == 1


def test_cancelled_while_the_provider_works_a_late_success_is_paid_and_kept_as_history(studio):
    case = studio.customer()
    run = studio.ask_avatar(case, model="flux-dev", seed=4)
    studio.until(lambda: call_state(studio, run) in ("submitted", "running"))
    cancel(studio, run)
    ended = studio.wait_for(run)
    assert ended.state is RunState.CANCELLED
    assert (ended.error["charged"], studio.charged(run)) == (True, 30_000)
    with studio.accepted() as accepted:
        again = studio.retry(run)
    assert (again.state, again.error, accepted) == (RunState.SUCCEEDED, None, [])
    studio.check_books()


def test_a_provider_that_stops_in_time_is_not_paid(studio):
    studio.order("cancel_in_time")
    run = studio.ask_avatar(studio.customer())
    studio.until(lambda: call_state(studio, run) in ("submitted", "running"))
    cancel(studio, run)
    ended = studio.wait_for(run)
    assert ended.state is RunState.CANCELLED
    assert (call_state(studio, run), studio.charged(run), studio.held(run)) in (("cancelled", 0, 0), ("succeeded", 30_000, 0))
    assert ended.error["charged"] is bool(studio.charged(run))
    studio.check_books()


def test_a_cancel_of_one_of_two_who_share_a_request_leaves_the_other_alone(studio):
    case = studio.customer()
    first, second = studio.ask_avatar(case, seed=5), studio.ask_avatar(case, seed=5)
    cancel(studio, first)
    assert studio.wait_for(second).state is RunState.SUCCEEDED
    assert studio.wait_for(first).state is RunState.CANCELLED
    studio.check_books()


def test_what_has_ended_cannot_be_cancelled(studio):
    run = studio.avatar(studio.customer())
    with pytest.raises(NotNow, match="has ended: succeeded"):
        cancel(studio, run)


def test_after_all_this_every_request_was_asked_for_once(studio):
    requests_of_calls = [row["request_id"] for row in _calls(studio) if row["request_id"]]
    assert sorted(requests_of_calls) == sorted(line.request_id for line in bill(studio.emulator).requests)


def _calls(studio):
    with studio.place.database.reading() as db:
        return [dict(row) for row in db.execute("SELECT request_id FROM calls")]
