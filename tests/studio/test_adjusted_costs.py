"""What a bill puts right counts with its request: as lost, rejected or retired money, against the estimate, in the price of a unit."""

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import ledger
from pipeline.errors import StudioError
from pipeline.ledger.entries import adjust, entry_of
from pipeline.records import Asset, Basis, Decision, EntryKind, Run, now
from pipeline.studio import paces, portraits, price_bias, requests_made, reviews, spending
from pipeline.studio.costs import Slice
from pipeline.studio.spending import Figures
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

AVATAR, MORE = 30_000, 3_000
DECISIONS = {"approve": Decision.APPROVED, "reject": Decision.REJECTED, "withdraw": Decision.WITHDRAWN}


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path, customer=True)


def ask(studio: LittleStudio, seed: int = 1) -> Run:
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=f"r-{seed}").run


def book(studio: LittleStudio, run_id: str, micro_usd: int = MORE, *, for_day: str = "") -> None:
    """Book an adjusting entry for the request of a run, as accepting a difference does."""
    held = entry_of(studio.rows("SELECT * FROM entries WHERE run_id = ? AND kind = 'hold'", run_id)[-1])
    line = replace(held, at=now(), kind=EntryKind.ADJUST, basis=Basis.RECONCILED, quantity="0", micro_usd=micro_usd, for_day=for_day or held.for_day)
    with studio.place.database.writing() as tx:
        adjust(tx, line)


def decide(studio: LittleStudio, asset: Asset, decision: Decision) -> None:
    reviews.decide_on(studio.place, asset, OWNER, decision, ME, "eyes" if decision is Decision.REJECTED else "")


def whole(studio: LittleStudio) -> Figures:
    return spending.figures(studio.place, Slice())


def is_proven(studio: LittleStudio) -> bool:
    with studio.place.database.reading() as db:
        return ledger.proof(db) == []


def test_a_request_that_failed_but_was_billed_is_waste(studio: LittleStudio) -> None:
    run = ask(studio)
    studio.submit(run)
    studio.fail(run)
    book(studio, run.id, AVATAR)
    found = whole(studio)
    assert (found.lost_micro_usd, found.waste_micro_usd, found.failed, found.requests) == (AVATAR, AVATAR, 1, 1)
    assert is_proven(studio)


def test_what_is_booked_before_a_request_ends_counts_as_what_became_of_it(studio: LittleStudio) -> None:
    run = ask(studio)
    studio.submit(run)
    book(studio, run.id)
    assert whole(studio).lost_micro_usd == 0
    studio.fail(run)
    assert whole(studio).lost_micro_usd == MORE
    assert is_proven(studio)


def test_a_rejected_picture_that_was_billed_higher_is_one_rejected_picture_of_the_whole_amount(studio: LittleStudio) -> None:
    asset = studio.avatar()
    book(studio, asset.run_id)
    decide(studio, asset, Decision.REJECTED)
    book(studio, asset.run_id)
    found = whole(studio)
    assert (found.rejected, found.rejected_micro_usd) == (1, AVATAR + 2 * MORE)


def test_a_picture_that_another_took_the_place_of_is_retired_with_all_that_was_billed_for_it(studio: LittleStudio) -> None:
    first = studio.approved_avatar()
    book(studio, first.run_id)
    assert (whole(studio).approved, whole(studio).waste_micro_usd) == (1, 0)
    studio.approved_avatar()
    found = whole(studio)
    assert (found.approved, found.retired, found.retired_micro_usd) == (1, 1, AVATAR + MORE)


def test_a_credit_makes_waste_smaller(studio: LittleStudio) -> None:
    asset = studio.avatar()
    decide(studio, asset, Decision.REJECTED)
    book(studio, asset.run_id, -AVATAR)
    assert (whole(studio).rejected, whole(studio).waste_micro_usd) == (1, 0)


def test_estimates_are_held_against_what_the_bill_says(studio: LittleStudio) -> None:
    book(studio, studio.avatar().run_id)
    [found] = price_bias.look(studio.place, Slice())
    assert (found.requests, found.estimated_micro_usd, found.settled_micro_usd) == (1, AVATAR, AVATAR + MORE)


@pytest.mark.parametrize("day", ["", "2026-01-01"])
def test_a_unit_and_a_picture_cost_what_the_bill_says_whatever_day_that_is_booked_for(studio: LittleStudio, day: str) -> None:
    book(studio, studio.avatar().run_id, for_day=day)
    assert [(price.unit, price.micro_usd) for price in paces.unit_prices(studio.place, Slice())] == [("megapixel", AVATAR + MORE)]
    assert [(one.pictures, one.charged_micro_usd) for one in paces.worth(studio.place, Slice())] == [(1, AVATAR + MORE)]


def test_what_was_billed_for_nobody_s_request_is_neither_a_result_nor_a_loss(studio: LittleStudio) -> None:
    held = entry_of(studio.rows("SELECT * FROM entries WHERE run_id = ?", studio.avatar().run_id)[0])
    line = replace(held, kind=EntryKind.ADJUST, basis=Basis.RECONCILED, micro_usd=MORE, call_id=None, run_id=None, case_id=None)
    with studio.place.database.writing() as tx:
        adjust(tx, line)
    found = whole(studio)
    assert (found.charged_micro_usd, found.waste_micro_usd, found.requests) == (AVATAR + MORE, 0, 1)
    assert price_bias.look(studio.place, Slice())[0].settled_micro_usd == AVATAR
    assert is_proven(studio)


def test_the_parts_of_every_cut_still_add_up(studio: LittleStudio) -> None:
    asset = studio.avatar()
    decide(studio, asset, Decision.REJECTED)
    book(studio, asset.run_id)
    for by in ("outcome", "verdict", "model", "day", "case"):
        parts = [vars(part.figures) for part in spending.parts(studio.place, Slice(), by)]
        assert {name: sum(part[name] for part in parts) for name in spending.SUMS} == vars(whole(studio)), by
    assert whole(studio).charged_micro_usd == sum(line.charged_micro_usd for line in requests_made.page(studio.place, Slice()).lines)


STEPS = st.tuples(st.sampled_from(["make", "fail", "book", *DECISIONS]), st.integers(0, 2))


@given(st.lists(STEPS, min_size=3, max_size=12))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_in_whatever_order_people_decide_and_bills_are_accepted_every_sum_is_proven(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    studio = LittleStudio(tmp_path_factory.mktemp("orders"), customer=True)
    failing = ask(studio, 99)
    studio.submit(failing)
    made = [studio.avatar()]
    for step, which in steps:
        take(studio, step, which, made, failing)
        assert is_proven(studio), step
    assert whole(studio).charged_micro_usd == AVATAR * len(made) + MORE * [step for step, _ in steps].count("book")


def take(studio: LittleStudio, step: str, which: int, made: list[Asset], failing: Run) -> None:
    if step == "make":
        made.append(studio.avatar())
    elif step == "book":
        book(studio, [failing.id, *(asset.run_id for asset in made)][which % (len(made) + 1)])
    elif step in DECISIONS:
        with contextlib.suppress(StudioError):  # such as withdrawing what was never approved
            decide(studio, made[which % len(made)], DECISIONS[step])
    elif studio.run(failing).ended_at is None:
        studio.fail(failing)
