"""A run's id is its idempotency key, and each of its five answers buys nothing."""

import contextlib
import sqlite3
import threading

import pytest

from pipeline import runs
from pipeline.buying import calls
from pipeline.buying.settling import give_up
from pipeline.errors import BadPrompt, DatabaseBusy, DiskFull, GenerationFailed, KeyReused, StoreRefused
from pipeline.records import CallState, Decision, RunState
from pipeline.studio import photos, portraits, requests, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake


def ask(studio, run_id="key", **wish):
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(**wish), ME, run_id=run_id)


def answer(studio, run_id="key"):
    return requests.key_answer(studio.place, run_id)


def lose(studio, run):
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING)
        return calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1)


def test_a_new_key_is_new(studio):
    assert answer(studio) == "new"
    assert ask(studio).new


def test_in_flight_the_same_key_is_the_same_run(studio):
    first = ask(studio, seed=5)
    before = studio.dump()
    again = ask(studio, seed=5)
    assert (again.new, again.run) == (False, first.run)
    assert answer(studio) == "in flight"
    assert studio.dump() == before


def test_a_double_click_without_a_seed_is_one_run_with_one_seed(studio):
    first, second = ask(studio), ask(studio)
    assert second.run.settings["seed"] == first.run.settings["seed"] is not None
    assert not second.new


def test_ten_clicks_at_once_are_one_run_with_one_hold(studio):
    barrier, asked = threading.Barrier(10), []

    def click():
        barrier.wait()
        asked.append(ask(studio, seed=5))

    threads = [threading.Thread(target=click) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.new for one in asked) == [False] * 9 + [True]
    assert len(studio.rows("SELECT * FROM calls")) == len(studio.rows("SELECT * FROM entries")) == 1


def test_done_it_is_replayed_and_not_billed(studio):
    made = studio.succeed(ask(studio, seed=5).run)
    before = studio.dump()
    again = ask(studio, seed=5)
    assert (again.new, again.run.state) == (False, RunState.SUCCEEDED)
    assert answer(studio) == "done"
    assert studio.rows("SELECT asset FROM outputs WHERE run_id = 'key'") == [{"asset": made.sha256}]
    assert studio.dump() == before


def test_lost_it_is_being_looked_up_whether_or_not_the_run_still_waits(studio):
    run = ask(studio, seed=5).run
    lose(studio, run)
    assert answer(studio) == "being looked up"
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED)
    before = studio.dump()
    assert not ask(studio, seed=5).new
    assert answer(studio) == "being looked up"
    assert studio.dump() == before


def test_who_joined_a_lost_request_is_told_the_same(studio):
    first = ask(studio, "first", seed=5).run
    ask(studio, "second", seed=5)
    lose(studio, first)
    assert answer(studio, "second") == "being looked up"


@pytest.mark.parametrize("wish", [{"seed": 6}, {"seed": 5, "strength": 0.5}, {"seed": 5, "style": "ghibli"}, {"seed": 5, "model": "flux-kontext"}])
def test_with_another_body_it_is_refused(studio, wish):
    ask(studio, seed=5)
    before = studio.dump()
    with pytest.raises(KeyReused):
        ask(studio, **wish)
    assert studio.dump() == before


def test_for_another_case_or_another_kind_it_is_refused(studio):
    studio.customer("case-2", "ben")
    made = studio.succeed(ask(studio, seed=5).run)
    reviews.decide_on(studio.place, made, OWNER, Decision.APPROVED, ME)
    before = studio.dump()
    with pytest.raises(KeyReused):
        portraits.ask_avatar(studio.place, "case-2", "ben", AvatarWish(seed=5), ME, run_id="key")
    with pytest.raises(KeyReused):
        portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="key")
    assert studio.dump() == before


def test_after_the_photo_changed_the_key_stands_for_another_wish(studio):
    ask(studio, seed=5)
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    with pytest.raises(KeyReused):
        ask(studio, seed=5)


def test_ended_without_a_result_it_is_neither_done_nor_in_flight(studio):
    run = ask(studio, seed=5).run
    give_up(studio.desk, studio.call(run), GenerationFailed())
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, GenerationFailed())
    assert answer(studio) == "ended without result"
    requests.retry(studio.place, run.id, OWNER, ME)
    assert answer(studio) == "in flight"


def test_while_the_database_is_busy_everything_is_refused_and_nothing_held(studio):
    impatient = LittleStudio(studio.place.settings.data)
    impatient.place.database.busy_seconds = 0.1
    before = studio.dump()
    with contextlib.closing(sqlite3.connect(studio.place.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy) as caught:
            ask(impatient, seed=5)
        other.rollback()
    assert caught.value.charged is False
    assert studio.dump() == before
    assert ask(impatient, seed=5).new


@pytest.mark.parametrize("trouble", [StoreRefused, DiskFull])
def test_while_the_store_refuses_no_photo_is_taken_and_no_row_written(studio, monkeypatch, trouble):
    def refuse(*_, **__):
        raise trouble

    before = studio.dump()
    monkeypatch.setattr(studio.place.store, "put", refuse)
    with pytest.raises(trouble) as caught:
        photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    assert caught.value.charged is False
    assert studio.dump() == before


def test_what_is_refused_for_its_words_is_refused_before_anything(studio):
    before = studio.dump()
    with pytest.raises(BadPrompt):
        ask(studio, prompt="short")
    assert studio.dump() == before
    assert answer(studio) == "new"
