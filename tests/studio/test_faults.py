"""Whatever the provider does, a run ends with one clear sentence, the ledger says what was billed, and a retry buys only what is missing."""

from dataclasses import dataclass

import pytest

from pipeline import cases, errors
from pipeline.records import RunState
from pipeline.sandbox import faults
from pipeline.stages import Stage
from pipeline.studio import requests
from tests.running import ME, OWNER

LEAKS = ("http", "Traceback", "nginx", "127.0.0.1", "/tmp", ".py", "fal.media", "exception", "Invalid status")


@dataclass(frozen=True, kw_only=True)
class Story:
    """One fault: how it is ordered and what must come of it. `accepted` and `paid` are of the first attempt, `bought_again` of the retry."""

    order: dict[str, object]
    error: type[errors.StudioError] | None = None
    accepted: int = 1
    sends: int = 1
    paid: int = 0
    bought_again: int = 1
    clip: bool = False


AT_THE_DOOR = {
    "401": Story(order={"kind": "submit_401"}, error=errors.KeyRefused, accepted=0),
    "403": Story(order={"kind": "submit_403"}, error=errors.AccountRefused, accepted=0),
    "404": Story(order={"kind": "submit_404"}, error=errors.EndpointGone, accepted=0),
    "422": Story(order={"kind": "submit_422"}, error=errors.InputRefused, accepted=0),
    "429 for good": Story(order={"kind": "submit_429", "count": 3, "seconds": 0.2}, error=errors.RateLimited, accepted=0, sends=3),
}
PASSING = {
    "429 once": Story(order={"kind": "submit_429", "seconds": 1.2}, sends=2, paid=30_000),
    "500 at the door": Story(order={"kind": "submit_500"}, sends=2, paid=30_000),
    "nginx 503": Story(order={"kind": "nginx_503"}, sends=2, paid=30_000),
    "dropped before it arrived": Story(order={"kind": "drop_before"}, sends=2, paid=30_000),
    "dropped after it arrived": Story(order={"kind": "close_after_body"}, paid=30_000),
    "slow answer": Story(order={"kind": "delay", "seconds": 1}, paid=30_000),
    "upload 500": Story(order={"kind": "upload_500"}, paid=30_000),
    "status 500": Story(order={"kind": "status_500", "count": 2}, paid=30_000),
    "status 429": Story(order={"kind": "status_429", "count": 2, "seconds": 0.2}, paid=30_000),
    "no logs": Story(order={"kind": "missing_logs", "count": 5}, paid=30_000),
    "result gone, listing has it": Story(order={"kind": "result_404"}, paid=30_000),
    "half a body once": Story(order={"kind": "half_body"}, paid=30_000),
    "no bytes once": Story(order={"kind": "zero_bytes"}, paid=30_000),
    "wrong bytes once": Story(order={"kind": "wrong_bytes"}, paid=30_000),
}
MADE_IN_VAIN = {
    "422 at the result": Story(order={"kind": "result_422"}, error=errors.InputRefused),
    "500 at the result": Story(order={"kind": "result_500"}, error=errors.GenerationFailed),
    "completed with an error": Story(order={"kind": "completed_with_error"}, error=errors.GenerationFailed),
    "flagged": Story(order={"kind": "flagged"}, error=errors.Flagged, paid=30_000),
    "black": Story(order={"kind": "black_picture"}, error=errors.NothingShown, paid=30_000),
    "one frame": Story(order={"kind": "one_frame"}, error=errors.ClipTooShort, paid=350_000, clip=True),
    "expired": Story(order={"kind": "expired_output"}, error=errors.ResultLost, paid=30_000),
    "sound only": Story(order={"kind": "no_picture_track"}, error=errors.NoPicture, paid=350_000, clip=True),
}
NOT_FETCHED = {
    "half a body": Story(order={"kind": "half_body", "rate": 1.0}, error=errors.DownloadFailed, paid=30_000, bought_again=0),
    "no bytes": Story(order={"kind": "zero_bytes", "rate": 1.0}, error=errors.DownloadFailed, paid=30_000, bought_again=0),
    "wrong bytes": Story(order={"kind": "wrong_bytes", "rate": 1.0}, error=errors.DownloadFailed, paid=30_000, bought_again=0),
}
ENDING = {**AT_THE_DOOR, **MADE_IN_VAIN}


def _tell(studio, story):
    """Let the fault happen to one run; return it with what the sandbox accepted meanwhile."""
    case = studio.customer()
    if story.clip:
        studio.approved(case)
    studio.order(**story.order)
    with studio.accepted() as accepted:
        run = studio.clip(case) if story.clip else studio.avatar(case)
    assert len(accepted) == story.accepted
    assert (studio.held(run), studio.charged(run)) == (0, story.paid)
    call = studio.shown(run)["calls"][0]
    assert call["sends"] == story.sends
    studio.check_books()
    return run


def _check_words(run, story):
    assert run.error["error"] == story.error.__name__
    assert run.error["charged"] is bool(story.paid)
    assert run.error["say"].endswith(".")
    assert run.error["next"].endswith(".")
    assert [leak for leak in LEAKS if leak in run.error["say"] + run.error["next"]] == []


@pytest.mark.parametrize("name", PASSING)
def test_passing_trouble_is_not_even_noticed(studio, name):
    run = _tell(studio, PASSING[name])
    assert (run.state, run.error) == (RunState.SUCCEEDED, None)


@pytest.mark.parametrize("name", ENDING)
def test_a_fault_ends_in_words_and_a_retry_makes_it_good(studio, name):
    story = ENDING[name]
    run = _tell(studio, story)
    assert run.state is RunState.FAILED
    _check_words(run, story)
    faults.clear(studio.emulator)
    with studio.accepted() as accepted:
        again = studio.retry(run)
    assert (again.state, again.error) == (RunState.SUCCEEDED, None)
    assert len(accepted) == story.bought_again
    studio.check_books()


@pytest.mark.parametrize("name", NOT_FETCHED)
def test_a_paid_file_that_does_not_arrive_whole_is_fetched_again_until_it_does_and_nobody_has_to_ask(studio, name):
    story = NOT_FETCHED[name]
    studio.order(**story.order)
    with studio.accepted() as accepted:
        run = studio.ask_avatar(studio.customer())
        studio.until(lambda: (studio.watch.look(), studio.run(run).stage == Stage.FETCHING_AGAIN)[1], 60)
        _check_words(studio.run(run), story)
        assert studio.run(run).state is RunState.WORKING
        faults.clear(studio.emulator)
        done = studio.wait_for(run)
    assert (done.state, done.error, len(accepted), studio.charged(run)) == (RunState.SUCCEEDED, None, 1, 30_000)
    studio.check_books()


def test_fetching_again_can_be_cancelled_and_says_what_was_paid(studio):
    studio.order(**NOT_FETCHED["no bytes"].order)
    run = studio.ask_avatar(studio.customer())
    studio.until(lambda: (studio.watch.look(), studio.run(run).stage == Stage.FETCHING_AGAIN)[1], 60)
    requests.cancel(studio.place, run.id, OWNER, ME)
    assert studio.wait_for(run).state is RunState.CANCELLED
    assert (studio.held(run), studio.charged(run)) == (0, 30_000)
    faults.clear(studio.emulator)
    assert studio.retry(run).state is RunState.SUCCEEDED
    studio.check_books()


@pytest.mark.parametrize("name", ["black", "one frame"])
def test_what_shows_nothing_is_paid_but_takes_no_attempt_and_nothing_is_made_of_it(studio, name):
    story = MADE_IN_VAIN[name]
    case = studio.customer()
    if story.clip:
        studio.approved(case)
    before = _kept_and_used(studio, case)
    studio.order(**story.order)
    run = studio.clip(case) if story.clip else studio.avatar(case)
    assert (run.state, studio.charged(run)) == (RunState.FAILED, story.paid)
    assert _kept_and_used(studio, case) == before
    assert run.error["say"].endswith("so it is not kept.")


def _kept_and_used(studio, case):
    with studio.place.database.reading() as db:
        kept = [row["sha256"] for row in db.execute("SELECT sha256 FROM assets WHERE scope = ? ORDER BY sha256", (case.id,))]
        return kept, cases.attempts(db, case.id, 8).used
