"""From held money to what it really cost, in one step with the call's end."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pipeline import ledger
from pipeline.buying.settling import drop, give_up, is_flagged, settle, settle_failure
from pipeline.catalog import Catalogue
from pipeline.errors import CallError, GenerationFailed, InputRefused, NotNow, ResultLost
from pipeline.providers.port import Delivery
from pipeline.records import Basis, CallState, EntryKind, now
from pipeline.studio import portraits
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER


@pytest.fixture
def run(studio):
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="r").run


def lines(studio):
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []
        return [(line.kind, line.micro_usd, line.basis, line.flag) for line in ledger.entries(db)][1:]


RELEASE = (EntryKind.RELEASE, -30_000, Basis.ESTIMATE, None)


@pytest.mark.parametrize(
    ("units", "micro_usd", "basis", "flag"),
    [
        (None, 30_000, Basis.ESTIMATE, None),
        (Decimal(1), 30_000, Basis.BILLED_UNITS, None),
        (Decimal("0.5"), 15_000, Basis.BILLED_UNITS, None),
        (Decimal(0), 0, Basis.BILLED_UNITS, None),
        (Decimal(2), 60_000, Basis.BILLED_UNITS, "above its hold"),
        (Decimal("NaN"), 30_000, Basis.ESTIMATE, None),
        (Decimal(-1), 30_000, Basis.ESTIMATE, None),
    ],
)
def test_a_delivery_is_charged_by_billed_units_or_else_by_the_estimate(studio, run, units, micro_usd, basis, flag):
    call = settle(studio.desk, studio.submit(run), Delivery(body={"seed": 1}, billable_units=units), now())
    assert call.state is CallState.SUCCEEDED
    assert lines(studio) == [RELEASE, (EntryKind.CHARGE, micro_usd, basis, flag)]


def test_estimate_and_actual_are_both_kept(studio, run):
    call = settle(studio.desk, studio.submit(run), Delivery(body={}, billable_units=Decimal("0.5")), now())
    assert (call.hold_micro_usd, call.quantity) == (30_000, "1")
    assert studio.rows("SELECT quantity, unit_micro_usd FROM entries WHERE kind = 'charge'") == [{"quantity": "0.5", "unit_micro_usd": 30_000}]


@pytest.mark.parametrize("end", [lambda s, c: give_up(s.desk, c, GenerationFailed()), lambda s, c: drop(s.desk, c)], ids=["given up", "dropped"])
def test_what_was_never_made_is_released_and_not_charged(studio, run, end):
    assert end(studio, studio.call(run)).state in (CallState.FAILED, CallState.CANCELLED)
    assert lines(studio) == [RELEASE]


def failed(error, units=None):
    error.billable_units = units
    return error


@pytest.mark.parametrize(
    ("error", "charged"),
    [
        (failed(GenerationFailed()), 0),
        (failed(GenerationFailed(), Decimal(0)), 0),
        (failed(GenerationFailed(), Decimal(1)), 30_000),
        (failed(InputRefused()), 0),
        (failed(InputRefused(), Decimal("0.25")), 7_500),
        (failed(ResultLost()), 30_000),
    ],
)
def test_a_failure_is_charged_only_if_the_provider_billed_it(studio, run, error, charged):
    call = settle_failure(studio.desk, studio.submit(run), error, now())
    assert (call.state, call.counts) == (CallState.FAILED, False)
    assert sum(line[1] for line in lines(studio) if line[0] is EntryKind.CHARGE) == charged
    assert bool(call.error["charged"]) == bool(charged)


def test_a_refused_input_is_charged_where_the_catalogue_says_so(studio, run):
    models = {name: replace(model, charged_when_refused=True) for name, model in studio.place.catalogue.models.items()}
    desk = replace(studio.desk, catalogue=Catalogue(models=models))
    call = settle_failure(desk, studio.submit(run), InputRefused(), now())
    assert call.error["charged"] is True
    assert lines(studio)[1:] == [(EntryKind.CHARGE, 30_000, Basis.ESTIMATE, None)]


def test_settling_twice_is_refused_and_books_nothing_twice(studio, run):
    call = studio.submit(run)
    settle(studio.desk, call, Delivery(body={}), now())
    before = studio.dump()
    with pytest.raises(CallError, match="booked once"):
        settle(studio.desk, call, Delivery(body={}), now())
    with pytest.raises(CallError, match="booked once"):
        give_up(studio.desk, call, GenerationFailed())
    assert studio.dump() == before


def test_a_call_that_moved_meanwhile_is_not_settled_and_its_money_not_touched(studio, run):
    stale = studio.submit(run)
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE calls SET state = 'unknown'")
    before = studio.dump()
    with pytest.raises(NotNow):
        settle(studio.desk, stale, Delivery(body={}), now())
    assert studio.dump() == before


@pytest.mark.parametrize(
    ("body", "flagged"),
    [
        ({"has_nsfw_concepts": [True]}, True),
        ({"has_nsfw_concepts": [False, True]}, True),
        ({"has_nsfw_concepts": [False]}, False),
        ({"has_nsfw_concepts": []}, False),
        ({"has_nsfw_concepts": None}, False),
        ({"has_nsfw_concepts": "true"}, False),
        ({}, False),
    ],
)
def test_one_marked_result_flags_the_whole(body, flagged):
    assert is_flagged(body) is flagged
