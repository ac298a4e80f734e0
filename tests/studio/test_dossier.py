"""One run in full: what was done and by whom, what was asked, what it cost."""

from pathlib import Path

import pytest

from pipeline import runs
from pipeline.buying import calls
from pipeline.errors import BeingLookedUp, UnknownName
from pipeline.records import CallState, Choice, EntryKind, Person, Run, RunState
from pipeline.studio import dossier, portraits, requests
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

ANA, BEN = Person(name="Ana"), Person(name="Ben")


@pytest.fixture
def little(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio", customer=True)


def ask(studio: LittleStudio, run_id: str, seed: int = 1, by: Person = ME) -> Run:
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), by, run_id=run_id).run


def test_what_was_done_is_told_in_order_with_who_did_it(little: LittleStudio) -> None:
    little.fail(ask(little, "r", by=ANA))
    little.fail(ask(little, "other", 2))
    requests.retry(little.place, "other", OWNER, ME)
    requests.retry(little.place, "r", OWNER, BEN)
    requests.cancel(little.place, "r", OWNER, ME)
    seen = dossier.in_full(little.place, "r")
    assert [(deed.action, deed.person) for deed in seen.deeds] == [("ask", "Ana"), ("retry", "Ben"), ("cancel", "me")]
    assert [asked.call.try_number for asked in seen.requests] == [1, 2]


def test_every_request_shows_what_was_sent_and_its_own_money(little: LittleStudio) -> None:
    run = ask(little, "r")
    little.succeed(run)
    (asked,) = dossier.in_full(little.place, "r").requests
    assert (asked.request.request_id, asked.asked_by) == (f"request-{asked.call.id}", None)
    assert [line.kind for line in asked.request.entries] == [EntryKind.HOLD, EntryKind.RELEASE, EntryKind.CHARGE]
    assert "the photo, cut square" in str(asked.request.input)


def test_a_run_that_waits_for_another_s_request_names_it(little: LittleStudio) -> None:
    ask(little, "first", by=ANA)
    ask(little, "second", by=BEN)
    seen = dossier.in_full(little.place, "second")
    assert [asked.asked_by for asked in seen.requests] == ["first"]
    assert (dossier.in_full(little.place, "first").place, seen.place) == (1, 2)


def test_a_question_is_asked_until_it_is_decided_and_the_decision_is_kept(little: LittleStudio) -> None:
    run = ask(little, "r")
    call = little.submit(run)
    with little.place.database.writing() as tx:
        calls.move(tx, call, CallState.UNKNOWN, needs_decision=1)
        runs.finish(tx, run.id, RunState.FAILED, BeingLookedUp())
    seen = dossier.in_full(little.place, "r")
    assert seen.undecided is not None
    assert seen.failed is None
    requests.decide_call(little.place, call.id, OWNER, Choice.WRITE_OFF, ANA, note="not in fal's list")
    after = dossier.in_full(little.place, "r")
    assert after.undecided is None
    assert after.failed is not None
    assert [(deed.action, deed.person, deed.note) for deed in after.deeds[1:]] == [("write-off", "Ana", "not in fal's list")]


def test_a_run_that_is_not_there_is_unknown(little: LittleStudio) -> None:
    with pytest.raises(UnknownName):
        dossier.in_full(little.place, "r%")
