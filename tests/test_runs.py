"""A run moves forward only, says what happens, and ends once."""

import pytest

from pipeline import runs
from pipeline.errors import GenerationFailed, KeyReused, NotNow, UnknownName
from pipeline.records import Channel, Person, RunKind, RunState
from tests.little_studio import CASE, ME, LittleStudio

ENDS = [RunState.SUCCEEDED, RunState.PARTLY, RunState.FAILED, RunState.CANCELLED]


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


@pytest.fixture
def ask(studio):
    def ask(run_id="r", person=ME, *, settings=None, **more):
        wish = {"kind": RunKind.AVATAR, "case_id": CASE, "feature": "portrait", "source": "s" * 64, "photo_version": 1, **more}
        with studio.place.database.writing() as tx:
            return runs.ask(tx, run_id=run_id, person=person, settings=settings or {"seed": 1}, **wish)[0]

    return ask


@pytest.fixture
def act(studio):
    def act(verb, *arguments):
        with studio.place.database.writing() as tx:
            return verb(tx, *arguments)

    return act


def test_what_was_asked_is_written_down_whole(ask):
    run = ask(person=Person(name="ben", team="support", channel=Channel.OUTSIDE), settings={"seed": 7, "words": "größer"})
    assert (run.person, run.team, run.channel, run.settings) == ("ben", "support", Channel.OUTSIDE, {"seed": 7, "words": "größer"})
    assert (run.state, run.attempt, run.progress, run.ended) == (RunState.ASKED, 1, 0.0, False)


@pytest.mark.parametrize("other", [{"settings": {"seed": 2}}, {"case_id": "case-2"}, {"kind": RunKind.CLIP}, {"source": "t" * 64}])
def test_the_same_id_with_another_wish_is_refused(studio, ask, other):
    studio.customer("case-2", "ben")
    ask()
    with pytest.raises(KeyReused):
        ask(**other)


def test_the_order_of_settings_makes_no_other_wish(ask):
    first = ask(settings={"a": 1, "b": 2})
    assert ask(settings={"b": 2, "a": 1}) == first


def test_progress_never_runs_backwards(studio, ask, act):
    run = ask()
    for words, progress in (("one", 0.5), ("two", 0.2), ("three", 7.0), ("four", -1.0)):
        act(runs.stage, run.id, words, progress)
        assert studio.run(run).stage == words
    assert studio.run(run).progress == 1.0


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_run_ends_once_and_says_nothing_more(studio, ask, act, end):
    run = ask()
    assert act(runs.finish, run.id, end, GenerationFailed())
    ended = studio.run(run)
    assert (ended.state, ended.ended, bool(ended.ended_at)) == (end, True, True)
    for verb in (lambda tx: runs.finish(tx, run.id, RunState.FAILED), lambda tx: runs.begin(tx, run.id, 1), lambda tx: runs.restart(tx, run)):
        assert act(verb) is False
    act(runs.stage, run.id, "still here", 0.1)
    assert studio.run(run) == ended


def test_why_it_failed_is_kept_with_whose_fault_it_was(studio, ask, act):
    act(runs.finish, ask().id, RunState.FAILED, GenerationFailed())
    kept = studio.run("r").error
    assert kept == {**GenerationFailed().as_json(), "fault": "the provider's", "retry": True}


def test_a_success_forgets_the_failure_before_it(studio, ask, act):
    run = ask()
    act(runs.finish, run.id, RunState.FAILED, GenerationFailed())
    act(runs.again, run.id)
    act(runs.finish, run.id, RunState.SUCCEEDED)
    assert (studio.run(run).error, studio.run(run).attempt, studio.run(run).progress) == (None, 2, 1.0)


def test_an_attempt_that_is_no_longer_the_run_s_may_not_begin(studio, ask, act):
    run = ask()
    assert act(runs.restart, run)
    assert act(runs.begin, run.id, 1) is False
    assert act(runs.mark_queued, run.id, 1) is False
    assert act(runs.begin, run.id, 2) is True
    assert studio.run(run).state is RunState.WORKING


def test_a_run_that_was_restarted_is_not_restarted_by_who_saw_it_before(ask, act):
    run = ask()
    assert act(runs.restart, run)
    assert act(runs.restart, run) is False


def test_a_run_that_ended_cannot_be_cancelled_and_one_that_lives_cannot_be_retried(ask, act):
    run = ask()
    with pytest.raises(NotNow, match="this one is asked"):
        act(runs.again, run.id)
    act(runs.finish, run.id, RunState.FAILED)
    with pytest.raises(NotNow, match="has ended: failed"):
        act(runs.ask_cancel, run.id)


def test_a_retry_forgets_the_cancel(studio, ask, act):
    run = ask()
    act(runs.ask_cancel, run.id)
    assert studio.run(run).cancel_asked_at
    act(runs.finish, run.id, RunState.CANCELLED)
    act(runs.again, run.id)
    assert (studio.run(run).cancel_asked_at, studio.run(run).state) == (None, RunState.ASKED)


def test_live_runs_are_those_that_have_not_ended(studio, ask, act):
    for number, end in enumerate(ENDS):
        act(runs.finish, ask(f"r{number}").id, end)
    ask("alive")
    with studio.place.database.reading() as db:
        assert [run.id for run in runs.live(db)] == ["alive"]
        assert {run.id for run in runs.newest(db)} == {"alive", "r0", "r1", "r2", "r3"}
        assert len(runs.newest(db, 2)) == 2
        assert runs.newest(db, case_id="case-2") == []


def test_an_unknown_run_is_told_plainly(studio):
    with studio.place.database.reading() as db, pytest.raises(UnknownName, match="no run 'nothing'"):
        runs.get(db, "nothing")
