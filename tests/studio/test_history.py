"""The history of a case says in words what was tried, what came of it, whose fault a failure was, and what to do next."""

import pytest

from pipeline import runs
from pipeline.buying import calls
from pipeline.buying.settling import give_up
from pipeline.database import update
from pipeline.errors import BeingLookedUp, Fault, InputRefused, UnknownName
from pipeline.records import CallState, Choice, Decision, Person, RunState, now
from pipeline.studio import history, photos, portraits, requests, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake

ANA = Person(name="ana")


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


def ask(studio, number, by=ME, **wish):
    return portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(**{"seed": number, **wish}), by, number).run


def decide(studio, asset, decision=Decision.APPROVED, by=ME, note=""):
    reviews.decide_on(studio.place, asset, OWNER, decision, by, note)


def newest(studio):
    return history.attempts_of(studio.place, CASE)[0]


def refuse(studio, run):
    """Let the provider refuse a run's photo, without a charge."""
    give_up(studio.desk, studio.call(run), InputRefused())
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, InputRefused())


def test_every_run_is_there_newest_first_with_what_was_asked_and_what_it_cost(studio):
    studio.succeed(ask(studio, 1, by=ANA))
    ask(studio, 2, style="ghibli")
    second, first = history.attempts_of(studio.place, CASE)
    assert [one.seen.run.id for one in (second, first)] == ["case-1-avatar-002", "case-1-avatar-001"]
    assert (first.seen.run.person, first.seen.charged_micro_usd, first.charged) == ("ana", 30_000, True)
    assert (first.model, first.asked) == ("FLUX.1 [dev] image-to-image", "fal-ai/flux/dev/image-to-image")
    assert (second.seen.held_micro_usd, second.charged, second.outcome) == (30_000, None, second.seen.run.stage)
    assert {one.name: one.value for one in first.settings}["Seed"] == "1"
    assert history.attempts_of(studio.place, CASE, limit=1) == (second,)


def test_a_result_says_what_became_of_it(studio):
    first, second = studio.succeed(ask(studio, 1)), studio.succeed(ask(studio, 2))

    def outcomes():
        return [one.outcome for one in history.attempts_of(studio.place, CASE)]

    assert outcomes() == ["Waits for a decision", "Waits for a decision"]
    decide(studio, first)
    decide(studio, second, Decision.REJECTED)
    assert outcomes() == ["Rejected", "Approved, and the current one"]
    decide(studio, second)
    assert outcomes() == ["Approved, and the current one", "Approved, and replaced since"]
    decide(studio, second, Decision.WITHDRAWN)
    assert outcomes()[0] == "Waits for a decision again"
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    assert outcomes() == ["Made from a photo that was replaced", "Approved, and replaced since"]


def test_a_clip_of_an_avatar_that_was_replaced_says_so(studio):
    first, second = studio.succeed(ask(studio, 1)), studio.succeed(ask(studio, 2))
    decide(studio, first)
    studio.succeed(portraits.ask_next_clip(studio.place, CASE, OWNER, first.sha256, ClipWish(), ME, 1).run)
    decide(studio, second)
    assert newest(studio).outcome == "Made from an avatar that was replaced"


def test_what_was_removed_says_so(studio):
    made = studio.succeed(ask(studio, 1))
    with studio.place.database.writing() as tx:
        update(tx, "assets", {"scope": CASE, "sha256": made.sha256}, {"removed_at": now()})
    assert newest(studio).outcome == "Removed"


def test_every_decision_is_told_with_who_when_and_why(studio):
    made = studio.succeed(ask(studio, 1))
    decide(studio, made, Decision.REJECTED, ANA, "a face is distorted <b>")
    decide(studio, made, Decision.APPROVED)
    said = newest(studio).judgements
    assert [(one.decision, one.person, one.note) for one in said] == [
        (Decision.APPROVED, "me", ""),
        (Decision.REJECTED, "ana", "a face is distorted <b>"),
    ]
    assert said[0].at > said[1].at


def test_a_failure_says_whose_fault_it_was_that_it_was_free_and_what_to_try(studio):
    refuse(studio, ask(studio, 1))
    failed = newest(studio)
    assert (failed.fault, failed.charged, failed.outcome, failed.remedy) == (Fault.YOURS, False, InputRefused.say, InputRefused.next)
    studio.fail(ask(studio, 2))
    assert (newest(studio).fault, newest(studio).charged) == (Fault.PROVIDER, False)


def test_a_failure_whose_photo_was_replaced_asks_for_a_new_one(studio):
    studio.fail(ask(studio, 1))
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    assert newest(studio).remedy == "Make a new one from the present photo."


def test_a_lost_request_needs_a_decision_and_after_it_was_given_up_counts_as_charged(studio):
    run = ask(studio, 1)
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sends=1)
        call = calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1, error=BeingLookedUp().as_json())
        runs.finish(tx, run.id, RunState.FAILED, BeingLookedUp())
    lost = newest(studio)
    assert lost.outcome.startswith("Needs a decision")
    assert (lost.charged, lost.remedy) == (None, "Decide: wait for it, send it again or give it up.")
    requests.decide_call(studio.place, call.id, OWNER, Choice.WRITE_OFF, ME)
    assert newest(studio).charged is True
    assert not newest(studio).outcome.startswith("Needs a decision")


def test_what_really_served_a_request_is_told(studio):
    run = ask(studio, 1)
    call = studio.pay(run)
    with studio.place.database.writing() as tx:
        calls.note(tx, call, served_endpoint="fal-ai/flux/schnell")
    assert (newest(studio).asked, newest(studio).served) == ("fal-ai/flux/dev/image-to-image", "fal-ai/flux/schnell")


def test_a_case_that_is_not_there_has_no_history(studio):
    with pytest.raises(UnknownName):
        history.attempts_of(studio.place, "case-9")
