"""A paid request moves only where it may, whatever order things happen in and whoever was there first."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.buying import calls
from pipeline.errors import NotNow, UnknownName
from pipeline.records import CALL_ENDED, CALL_OPEN, CallState
from pipeline.studio import portraits
from pipeline.workflows.wishes import AvatarWish
from tests.examples import few
from tests.little_studio import CASE, ME, OWNER

ALLOWED = """
planned     held failed cancelled
held        submitting failed cancelled
submitting  submitted unknown held failed
unknown     submitted held failed cancelled succeeded written_off
submitted   running succeeded failed cancelled unknown
running     succeeded failed cancelled unknown
succeeded
failed
cancelled
written_off
"""
MAY = {CallState(line.split()[0]): {CallState(name) for name in line.split()[1:]} for line in ALLOWED.strip().splitlines()}


@pytest.fixture
def call(studio):
    return studio.call(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="r").run)


def put_in(studio, call, state):
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET state = ? WHERE id = ?", (state.value, call.id))
        return calls.get(tx, call.id)


def test_every_state_has_its_row():
    assert set(MAY) == set(CallState) == CALL_ENDED | CALL_OPEN
    assert {state for state, onwards in MAY.items() if not onwards} == CALL_ENDED


def test_a_call_moves_only_where_it_may(studio, call):
    wrong = []
    for before, after in product(CallState, CallState):
        seen = put_in(studio, call, before)
        with studio.place.database.writing() as tx:
            try:
                moved = calls.move(tx, seen, after).state is after
            except NotNow:
                moved = calls.get(tx, call.id) != seen
            if moved is not (after in MAY[before]):
                wrong.append((before.value, after.value))
    assert wrong == []


@few
@given(wishes=st.lists(st.tuples(st.sampled_from(CallState), st.booleans()), max_size=12))
def test_no_sequence_leads_where_no_single_move_may(studio, call, wishes):
    """Each wish is made either on the call as it is or on the call as it was first seen, as a slow thread would."""
    first = now = put_in(studio, call, CallState.HELD)
    for state, stale in wishes:
        with studio.place.database.writing() as tx:
            seen = first if stale else now
            if state in MAY[seen.state] and seen.state is now.state:
                now = calls.move(tx, seen, state)
            else:
                with pytest.raises(NotNow):
                    calls.move(tx, seen, state)
            assert calls.get(tx, call.id).state is now.state


def test_who_comes_second_is_told_that_it_moved_meanwhile(studio, call):
    with studio.place.database.writing() as tx:
        calls.move(tx, call, CallState.SUBMITTING)
        with pytest.raises(NotNow, match="no longer held"):
            calls.move(tx, call, CallState.SUBMITTING)


def test_other_columns_change_with_the_state_or_not_at_all(studio, call):
    with studio.place.database.writing() as tx:
        moved = calls.move(tx, call, CallState.SUBMITTING, sends=1, sent_input={"seed": 1})
        with pytest.raises(NotNow):
            calls.move(tx, call, CallState.SUBMITTING, sends=2)
        assert calls.get(tx, call.id) == moved
    assert (moved.sends, moved.sent_input) == (1, {"seed": 1})


def test_an_unknown_call_is_told_plainly(studio):
    with studio.place.database.reading() as db, pytest.raises(UnknownName, match="no call"):
        calls.get(db, "nothing")


def test_a_call_stops_only_when_everybody_who_waits_for_it_wants_that(studio, call):
    attached = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="second").run
    answers = []
    for run_id in ("r", attached.id):
        with studio.place.database.writing() as tx:
            answers.append(calls.cancel_wanted(tx, call.id))
            tx.execute("UPDATE runs SET cancel_asked_at = '2026-01-01' WHERE id = ?", (run_id,))
    with studio.place.database.reading() as db:
        assert [*answers, calls.cancel_wanted(db, call.id)] == [False, False, True]
