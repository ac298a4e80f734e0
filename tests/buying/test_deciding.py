"""A request nobody can prove: adopt, send again or write off; the money stays held until somebody says so."""

import pytest

from pipeline import ledger, runs
from pipeline.buying import calls
from pipeline.errors import BeingLookedUp, BudgetReached, NotNow
from pipeline.providers.addresses import ticket
from pipeline.records import CallState, Choice, RunState
from pipeline.studio import photos, portraits, requests
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, intake

ENDPOINT = "fal-ai/flux/dev/image-to-image"


@pytest.fixture
def lost(studio):
    """A call that was sent and never answered, whose run has ended because a person is needed."""
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="r").run
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sends=1)
        call = calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1, error=BeingLookedUp().as_json())
        runs.finish(tx, run.id, RunState.FAILED, BeingLookedUp())
    return call


def decide(studio, call, choice, **more):
    return requests.decide_call(studio.place, call.id, OWNER, choice, ME, **more)


def totals(studio):
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []
        found = ledger.totals(db)
    return found.held_micro_usd, found.charged_micro_usd


def test_until_somebody_decides_its_money_stays_held(studio, lost):
    assert totals(studio) == (30_000, 0)


def test_adopting_waits_for_the_request_that_was_named(studio, lost):
    adopted = decide(studio, lost, Choice.ADOPT, ticket=ticket(ENDPOINT, "request-77"))
    assert (adopted.state, adopted.request_id, adopted.needs_decision, adopted.error) == (CallState.SUBMITTED, "request-77", False, None)
    assert studio.run("r").state is RunState.ASKED
    assert totals(studio) == (30_000, 0)


def test_adopting_without_knowing_which_request_is_refused(studio, lost):
    before = studio.dump()
    with pytest.raises(NotNow) as caught:
        decide(studio, lost, Choice.ADOPT)
    assert "--request" in caught.value.next
    assert studio.dump() == before


def test_a_request_that_belongs_to_another_call_cannot_be_adopted(studio, lost):
    other = studio.submit(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=2), ME, run_id="other").run)
    before = studio.dump()
    with pytest.raises(NotNow, match="belongs to another call"):
        decide(studio, lost, Choice.ADOPT, ticket=ticket(ENDPOINT, other.request_id))
    assert studio.dump() == before


def test_sending_again_writes_the_old_one_off_and_holds_anew(studio, lost):
    new = decide(studio, lost, Choice.RESEND)
    with studio.place.database.reading() as db:
        old = calls.get(db, lost.id)
    assert (old.state, old.counts, old.needs_decision) == (CallState.WRITTEN_OFF, False, False)
    assert (new.id, new.state, studio.call(studio.run("r")).id) == ("r.avatar.2", CallState.HELD, "r.avatar.2")
    assert totals(studio) == (30_000, 30_000)
    assert (studio.run("r").state, studio.run("r").attempt) == (RunState.ASKED, 2)


def test_sending_again_beyond_the_cap_is_refused_and_nothing_is_written_off(studio, lost):
    with studio.place.database.writing() as tx:
        ledger.set_budget(tx, ledger.Cap(scope_kind="studio", scope="all", period="ever", micro_usd=59_999), hard=True, person="boss")
    before = studio.dump()
    with pytest.raises(BudgetReached):
        decide(studio, lost, Choice.RESEND)
    assert studio.dump() == before


def test_writing_off_charges_the_estimate_and_the_run_stays_ended(studio, lost):
    assert decide(studio, lost, Choice.WRITE_OFF).state is CallState.WRITTEN_OFF
    assert totals(studio) == (0, 30_000)
    assert studio.run("r").state is RunState.FAILED
    assert studio.rows("SELECT basis FROM entries WHERE kind = 'charge'") == [{"basis": "estimate"}]


def test_after_writing_off_a_retry_buys_anew(studio, lost):
    decide(studio, lost, Choice.WRITE_OFF)
    requests.retry(studio.place, "r", OWNER, ME)
    assert studio.call(studio.run("r")).id == "r.avatar.2"


def test_a_retry_before_anybody_decided_is_refused(studio, lost):
    before = studio.dump()
    with pytest.raises(NotNow, match="not known"):
        requests.retry(studio.place, "r", OWNER, ME)
    assert studio.dump() == before


@pytest.mark.parametrize("choice", Choice)
def test_a_decision_is_recorded_with_who_and_why(studio, lost, choice):
    decide(studio, lost, choice, note="seen on the provider's page", ticket=ticket(ENDPOINT, "request-77"))
    kept = studio.rows("SELECT call_id, choice, person, note FROM decisions")
    assert kept == [{"call_id": lost.id, "choice": choice.value, "person": "me", "note": "seen on the provider's page"}]


@pytest.mark.parametrize("choice", Choice)
def test_what_is_decided_cannot_be_decided_again(studio, lost, choice):
    decide(studio, lost, Choice.WRITE_OFF)
    before = studio.dump()
    with pytest.raises(NotNow, match="written_off"):
        decide(studio, lost, choice, ticket=ticket(ENDPOINT, "request-77"))
    assert studio.dump() == before


@pytest.mark.parametrize("choice", Choice)
@pytest.mark.parametrize("state", [CallState.HELD, CallState.SUBMITTED, CallState.RUNNING, CallState.SUCCEEDED, CallState.FAILED])
def test_only_what_cannot_be_proven_is_decided(studio, lost, choice, state):
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET state = ?", (state.value,))
    before = studio.dump()
    with pytest.raises(NotNow):
        decide(studio, lost, choice)
    assert studio.dump() == before


@pytest.mark.parametrize(("choice", "call"), [(Choice.RESEND, "r.avatar.2"), (Choice.ADOPT, "r.avatar.1")])
def test_who_joined_a_request_goes_on_with_it_when_somebody_decides(studio, lost, choice, call):
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET needs_decision = 0")
    second = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="second").run
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET needs_decision = 1")
        runs.finish(tx, second.id, RunState.FAILED, BeingLookedUp())
    decide(studio, lost, choice, ticket=ticket(ENDPOINT, "request-77") if choice is Choice.ADOPT else None)
    assert [studio.run(run).state for run in ("r", "second")] == [RunState.ASKED, RunState.ASKED]
    assert studio.call(studio.run("r")).id == studio.call(second).id == call
    assert totals(studio)[0] == 30_000


def test_who_cancelled_meanwhile_is_left_alone(studio, lost):
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET needs_decision = 0")
    second = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="second").run
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET needs_decision = 1")
        runs.finish(tx, second.id, RunState.CANCELLED)
    decide(studio, lost, Choice.RESEND)
    assert studio.run(second).state is RunState.CANCELLED


def test_a_request_for_a_photo_that_was_replaced_is_not_sent_again(studio, lost):
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    before = studio.dump()
    with pytest.raises(NotNow, match="photo was replaced"):
        decide(studio, lost, Choice.RESEND)
    assert studio.dump() == before
