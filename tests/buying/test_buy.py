"""Buying at a real sandbox through the real adapter: submitted once, whatever breaks; waited for within its deadlines; settled to the bill."""

import contextlib
import json
import sqlite3
import threading
import time
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.buying import calls, decide
from pipeline.buying.sending import SENDS, pause_seconds
from pipeline.errors import AccountRefused, OutcomeUnknown, ResultLost
from pipeline.providers.addresses import ticket
from pipeline.providers.port import Phase
from pipeline.records import CallState, Choice
from pipeline.studio import requests
from tests.buying.conftest import NOWHERE, Shop, serving
from tests.examples import few
from tests.little_studio import ME, OWNER
from tests.providers.little_server import Reply, little_server

FLUX = "fal-ai/flux/dev/image-to-image"


def test_a_picture_is_asked_for_once_and_costs_what_the_sandbox_bills(shop):
    call = shop.buy(shop.ask())
    assert (call.state, call.sends, call.served_endpoint) == (CallState.SUCCEEDED, 1, FLUX)
    assert [(line.request_id, line.micro_usd) for line in shop.billed()] == [(call.request_id, 30_000)]
    assert shop.totals() == (0, 30_000)
    assert shop.said[0] == "Uploading the photo"


def test_two_threads_that_drive_one_call_send_it_once(shop):
    run, ended = shop.ask(), []
    threads = [threading.Thread(target=lambda: ended.append(shop.buy(run))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {call.state for call in ended} == {CallState.SUCCEEDED}
    assert len(shop.billed()) == 1


def test_driving_an_ended_call_again_does_nothing(shop):
    run = shop.ask()
    first = shop.buy(run)
    assert shop.buy(run) == first
    assert len(shop.billed()) == 1


@pytest.mark.parametrize("fault", [{"kind": "hang_after_queuing", "seconds": 30}, {"kind": "close_after_body"}], ids=lambda fault: fault["kind"])
def test_a_request_whose_answer_never_came_is_found_and_adopted(shop, fault):
    shop.order(**fault)
    call = shop.buy(shop.ask())
    assert (call.state, call.sends) == (CallState.SUCCEEDED, 1)
    assert [line.request_id for line in shop.billed()] == [call.request_id]
    assert "Asking whether the request arrived" in shop.said
    assert shop.totals() == (0, 30_000)


@pytest.mark.parametrize("fault", ["drop_before", "nginx_503", "submit_500"])
def test_a_request_that_never_arrived_is_sent_again_once_that_is_proven(shop, fault):
    shop.order(fault)
    call = shop.buy(shop.ask())
    assert (call.state, call.sends, len(shop.billed())) == (CallState.SUCCEEDED, 2, 1)
    assert shop.studio.rows("SELECT choice, person FROM decisions") == [{"choice": "resend", "person": "the studio"}]
    assert shop.totals() == (0, 30_000)


def test_every_send_has_an_upload_address_of_its_own(shop):
    shop.order("drop_before", count=2)
    shop.buy(shop.ask())
    urls = [row["url"] for row in shop.studio.rows("SELECT url FROM uploads")]
    assert len(urls) == len(set(urls)) == 3


def test_what_never_arrives_is_given_up_after_three_sends_and_costs_nothing(shop):
    shop.order("drop_before", count=9)
    call = shop.buy(shop.ask())
    assert (call.state, call.sends, call.error["charged"]) == (CallState.FAILED, SENDS, False)
    assert "did not accept this in 3 tries" in call.error["say"]
    assert (shop.billed(), shop.totals()) == ([], (0, 0))


def test_above_the_set_price_nothing_is_sent_again_by_itself(shop):
    shop.set_desk(resend_below_micro_usd=30_000)
    shop.order("drop_before")
    call = shop.buy(shop.ask())
    assert (call.state, call.needs_decision, call.sends) == (CallState.UNKNOWN, True, 1)
    assert f"decide {call.id} adopt" in call.error["next"]
    assert (shop.billed(), shop.totals()) == ([], (30_000, 0))


def test_where_no_look_up_exists_a_person_decides(shop):
    shop.provider.can_look_up = False
    shop.order("close_after_body")
    call = shop.buy(shop.ask())
    assert (call.state, call.needs_decision, call.error["charged"]) == (CallState.UNKNOWN, True, None)
    assert shop.totals() == (30_000, 0)


def test_a_listing_that_cannot_be_reached_for_long_leaves_it_to_a_person(shop):
    shop.order("close_after_body")
    run = shop.ask()
    find, failures = shop.provider.find, []

    def unreachable(*arguments):
        failures.append(shop.address)
        shop.address = NOWHERE
        return find(*arguments)

    shop.provider.find = unreachable
    call = shop.buy(run)
    assert (call.state, call.needs_decision, len(failures)) == (CallState.UNKNOWN, True, 30)
    assert shop.totals() == (30_000, 0)


def test_an_empty_listing_proves_nothing_before_it_has_settled(shop):
    shop.set_desk(settle_seconds=lambda _: 0.5, sleep=lambda seconds: time.sleep(min(seconds, 0.1)))
    shop.order("drop_before")
    began = time.monotonic()
    call = shop.buy(shop.ask())
    assert (call.state, call.sends) == (CallState.SUCCEEDED, 2)
    assert time.monotonic() - began > 0.5


def test_an_answer_of_the_listing_that_was_given_too_early_is_not_believed(shop):
    """The listing is asked before it has settled, and its empty answer arrives after: in between the request turned up."""
    run, find = shop.ask(), shop.provider.find
    shop.order("drop_before")

    def slow(endpoint, arguments, since):
        shop.provider.find = find
        early = find(endpoint, arguments, since)
        shop.provider.submit(endpoint, arguments)
        time.sleep(0.3)
        return early

    shop.provider.find = slow
    call = shop.buy(run)
    assert (call.state, call.sends) == (CallState.SUCCEEDED, 1)
    assert len(shop.billed()) == 1


def test_two_requests_that_look_alike_are_left_to_a_person(shop):
    shop.order("close_after_body")
    submit = shop.provider.submit

    def twice(endpoint, arguments, *, webhook_url=None):
        try:
            return submit(endpoint, arguments, webhook_url=webhook_url)
        finally:
            submit(endpoint, arguments, webhook_url=webhook_url)

    shop.provider.submit = twice
    call = shop.buy(shop.ask())
    assert (call.state, call.needs_decision) == (CallState.UNKNOWN, True)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_call_found_in_the_middle_of_its_send_is_looked_up_first(shop, arrived):
    """This is what a worker finds that was killed between writing the intent and hearing the answer."""
    run = shop.ask()
    call = shop.studio.call(run)
    arguments = {**call.input["arguments"], "image_url": shop.provider.upload(b"not read before it is paid", "image/jpeg", "x.jpg")}
    with shop.studio.place.database.writing() as tx:
        calls.move(tx, call, CallState.SUBMITTING, sent_input=arguments, sent_at="2026-01-01T00:00:00.000000+00:00", sends=1)
    if arrived:
        shop.provider.submit(FLUX, arguments)
    shop.buy(run)
    assert len(shop.billed()) == 1
    assert shop.studio.call(run).sends == (1 if arrived else 2)


@pytest.mark.parametrize("seconds", [7, 500])
def test_being_told_to_slow_down_is_obeyed_up_to_a_minute(shop, seconds):
    shop.order("submit_429", seconds=seconds)
    call = shop.buy(shop.ask())
    assert (call.state, call.sends, len(shop.billed())) == (CallState.SUCCEEDED, 2, 1)
    assert min(seconds, 60) <= max(shop.slept) <= 60


@few
@given(sends=st.integers(1, 40), after=st.one_of(st.none(), st.floats(0, 10_000)))
def test_a_pause_doubles_with_jitter_obeys_retry_after_and_ends_at_a_minute(sends, after):
    pause = pause_seconds(sends, after)
    assert min(0.5 * 2 ** (sends - 1), 60) <= pause <= 60
    assert pause >= min(after or 0, 60)
    assert after or pause <= 1.5 * 2 ** (sends - 1)


def test_a_provider_that_is_not_there_costs_nothing(shop):
    shop.address = NOWHERE
    call = shop.buy(shop.ask())
    assert (call.state, call.sends, call.error["error"], call.error["charged"]) == (CallState.FAILED, 0, "ProviderUnreachable", False)
    assert shop.totals() == (0, 0)


def test_a_provider_that_goes_away_after_the_upload_is_asked_three_times_at_most(shop):
    def vanish():
        shop.points.then["before-upload"] = lambda: setattr(shop, "address", address)
        shop.points.then["after-upload"] = vanish
        shop.address = NOWHERE

    address = shop.address
    shop.points.then["after-upload"] = vanish
    call = shop.buy(shop.ask())
    assert (call.state, call.sends, shop.billed(), shop.totals()) == (CallState.FAILED, SENDS, [], (0, 0))


def test_a_provider_that_goes_away_while_it_works_is_waited_for(shop):
    def back_soon():
        threading.Timer(0.5, lambda: setattr(shop, "address", address)).start()
        shop.address = NOWHERE

    address = shop.address
    shop.points.then["after-ticket"] = back_soon
    call = shop.buy(shop.ask())
    assert (call.state, len(shop.billed()), shop.totals()) == (CallState.SUCCEEDED, 1, (0, 30_000))


def test_a_result_that_cannot_be_fetched_stays_open_and_is_collected_later(shop):
    address = shop.address
    shop.points.then["after-notice"] = lambda: setattr(shop, "address", NOWHERE)
    run = shop.ask()
    with pytest.raises(OutcomeUnknown) as caught:
        shop.buy(run)
    assert caught.value.charged is None
    assert shop.totals() == (30_000, 0)
    shop.address = address
    assert shop.buy(run).state is CallState.SUCCEEDED
    assert (len(shop.billed()), shop.totals()) == (1, (0, 30_000))


def test_a_key_that_is_withdrawn_while_the_provider_works_loses_nothing(shop):
    run, status = shop.ask(), shop.provider.status

    def refused(_):
        shop.provider.status = status
        raise AccountRefused

    shop.provider.status = refused
    with pytest.raises(AccountRefused):
        shop.buy(run)
    assert shop.totals() == (30_000, 0)
    assert shop.buy(run).state is CallState.SUCCEEDED
    assert len(shop.billed()) == 1


@pytest.mark.parametrize(("deadlines", "slots_taken"), [({"queue_deadline_seconds": 0.3}, True), ({"run_deadline_seconds": 0.3}, False)])
def test_past_its_deadline_a_call_is_unknown_not_failed_and_can_be_waited_for_on(shop, deadlines, slots_taken):
    run = shop.ask()
    patient = shop.desk
    shop.set_model(**deadlines)
    status = shop.provider.status

    def unfinished(asked):
        found = status(asked)
        return replace(found, phase=Phase.QUEUED if slots_taken else Phase.RUNNING, place=0)

    shop.provider.status = unfinished
    call = shop.buy(run)
    assert (call.state, call.needs_decision) == (CallState.UNKNOWN, True)
    assert (call.error["error"], call.error["charged"]) == ("GenerationTimedOut", None)
    assert shop.totals() == (30_000, 0)
    shop.provider.status, shop.desk = status, patient
    requests.decide_call(shop.studio.place, call.id, OWNER, Choice.ADOPT, ME)
    assert shop.buy(run).state is CallState.SUCCEEDED
    assert (len(shop.billed()), shop.totals()) == (1, (0, 30_000))


def test_an_adopted_request_the_provider_never_had_is_free(shop):
    run = shop.ask()
    with shop.studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sends=1)
        call = calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1)
        decide(tx, run, call, Choice.ADOPT, by=ME, note="", wanted=None, caps=(), ticket=ticket(FLUX, "no-such-request"))
    ended = shop.buy(run)
    assert (ended.state, ended.error["error"], ended.error["charged"]) == (CallState.FAILED, "RequestUnknown", False)
    assert shop.totals() == (0, 0)


def test_a_result_gone_from_queue_and_listing_is_paid_and_told_so(shop):
    shop.order("result_404")
    find = shop.provider.find
    shop.provider.find = lambda *arguments: tuple(replace(found, output=None) for found in find(*arguments))
    call = shop.buy(shop.ask())
    assert (call.state, call.error["error"], call.error["charged"], call.counts) == (CallState.FAILED, ResultLost.__name__, True, False)
    assert shop.totals() == (0, 30_000)


def test_a_webhook_wakes_the_waiter_before_its_next_look_and_twice_is_once(studio, tmp_path):
    """A model that was never met is looked at after 0.5, 1.5 and 4.5 seconds; this one ends after two."""
    with serving(tmp_path / "sandbox", speed="2", slots=1) as (emulator, address), little_server() as hook:
        shop = Shop(studio, emulator, address)
        shop.set_model(expected_seconds=60.0)
        shop.order("duplicate_webhook")

        def ring(asked):
            shop.desk.bells.ring(json.loads(asked.body)["request_id"])
            return Reply(status=200)

        hook.script = ring
        shop.set_desk(webhook_url=f"{hook.address}/hooks/fal")
        call = shop.buy(shop.ask())
        waited = datetime.fromisoformat(call.finished_at) - datetime.fromisoformat(call.accepted_at)
        assert 2 <= waited.total_seconds() < 4
        until = time.monotonic() + 5
        while hook.posts() < 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert (call.state, hook.posts(), len(shop.billed()), shop.totals()) == (CallState.SUCCEEDED, 2, 1, (0, 30_000))
        shop.provider.close()


def test_a_cancel_while_waiting_for_a_free_place_costs_nothing(shop):
    run = shop.ask()
    ended = []
    gate = shop.desk.gate
    with contextlib.ExitStack() as others:
        for _ in range(gate.places):
            others.enter_context(gate.taken())
        thread = threading.Thread(target=lambda: ended.append(shop.buy(run)))
        thread.start()
        until = time.monotonic() + 10
        while "Waiting for a free place, 1st in line" not in shop.said:
            assert time.monotonic() < until
            time.sleep(0.01)
        requests.cancel(shop.studio.place, run.id, OWNER, ME)
        gate.nudge(shop.studio.call(run).id)
        thread.join(10)
        assert gate.free == 0
    assert [call.state for call in ended] == [CallState.CANCELLED]
    assert (shop.billed(), shop.totals()) == ([], (0, 0))


@pytest.mark.parametrize("point", ["before-upload", "after-upload"])
def test_a_cancel_before_the_send_costs_nothing(shop, point):
    run = shop.ask()
    shop.points.then[point] = lambda: requests.cancel(shop.studio.place, run.id, OWNER, ME)
    assert shop.buy(run).state is CallState.CANCELLED
    assert (shop.billed(), shop.totals()) == ([], (0, 0))


def test_a_cancel_in_the_provider_s_queue_costs_nothing(studio, tmp_path):
    """Somebody else's request fills the sandbox's only place, so ours waits behind it."""
    with serving(tmp_path / "sandbox", speed="2", slots=1) as (emulator, address):
        shop = Shop(studio, emulator, address)
        first, run = shop.ask("first", seed=2), shop.ask()
        ahead = threading.Thread(target=shop.buy, args=(first,))
        ahead.start()
        until = time.monotonic() + 10
        while "after-ticket" not in shop.points.reached:
            assert time.monotonic() < until
            time.sleep(0.01)
        shop.points.then["after-ticket"] = lambda: requests.cancel(studio.place, run.id, OWNER, ME)
        assert shop.buy(run).state is CallState.CANCELLED
        ahead.join()
        assert sorted(line.micro_usd for line in shop.billed()) == [0, 30_000]
        assert shop.totals() == (0, 30_000)
        shop.provider.close()


def test_a_photo_whose_copy_the_provider_let_go_during_a_long_wait_is_uploaded_anew(shop):
    def a_day_passes():
        with contextlib.closing(sqlite3.connect(shop.emulator.folder / "emulator.db", timeout=10)) as kept, kept:
            kept.execute("UPDATE files SET expires_at = 0")

    shop.set_desk(upload_fresh_seconds=0.0)
    shop.points.then["after-upload"] = a_day_passes
    assert shop.buy(shop.ask()).state is CallState.SUCCEEDED
    assert shop.points.reached.count("after-upload") == 2
