"""Whatever the order and the pages a bill comes in, each request is paired once, and all differences add up to the whole one."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.providers.port import Billed
from pipeline.reckoning.causes import Cause, Terms
from pipeline.reckoning.comparing import Comparison, compare
from pipeline.reckoning.pairing import Ours
from pipeline.reckoning.pile import pile
from pipeline.records import Basis, CallState
from tests.examples import few

FLUX, KLING = "fal-ai/flux/dev", "fal-ai/kling"
NOON = datetime(2026, 10, 10, 12, tzinfo=UTC)
TERMS = Terms(since="2026-10-10", until="2026-10-10", complete_until="2026-10-11T00:00:00.000000+00:00")


def line(request_id: str = "a", nano_usd: int = 30_000_000, *, endpoint: str = FLUX, minutes: float = 0, **more: object) -> Billed:
    return Billed(request_id=request_id, endpoint=endpoint, at=NOON + timedelta(minutes=minutes), nano_usd=nano_usd, **more)  # type: ignore[arg-type]


def mine(request_id: str = "a", micro_usd: int = 30_000, *, state: CallState = CallState.SUCCEEDED, minutes: float = 0, **more: object) -> Ours:
    at = (NOON + timedelta(minutes=minutes)).isoformat(timespec="microseconds")
    facts = {"call_id": f"call-{request_id or minutes}", "endpoint": FLUX, "day": "2026-10-10", "ended_at": at, "basis": Basis.BILLED_UNITS}
    return Ours(request_id=request_id, state=state, micro_usd=micro_usd, **{**facts, **more})  # type: ignore[arg-type]


def held_against(lines: Sequence[Billed], ours: Sequence[Ours], *, elsewhere: Mapping[str, Ours] = {}, terms: Terms = TERMS) -> Comparison:
    with pile() as kept:
        kept.add(lines)
        return compare(
            kept.lines(), sorted(ours, key=lambda one: one.request_id), lambda ids: {i: elsewhere[i] for i in ids if i in elsewhere}, terms
        )


def causes(told: Comparison) -> list[tuple[Cause, int, int | None]]:
    return sorted(((one.cause, one.nano_usd, one.proposed_micro_usd) for one in told.differences), key=repr)


TWICE = line(nano_usd=60_000_000, units=Decimal(2), unit_price_usd=Decimal("0.03"))
ONE_UNIT = {"quantity": "1", "unit_micro_usd": 30_000}


def test_what_agrees_is_no_difference() -> None:
    told = held_against([line()], [mine()])
    assert (told.matched, told.differences, told.billed_nano_usd, told.ours_micro_usd) == (1, (), 30_000_000, 30_000)


@pytest.mark.parametrize(
    ("lines", "ours", "expected"),
    [
        ([line()], [], (Cause.UNKNOWN_TO_US, 30_000_000, 30_000)),
        ([], [mine()], (Cause.NOT_BILLED, -30_000_000, -30_000)),
        ([], [mine(state=CallState.WRITTEN_OFF)], (Cause.NOT_BILLED, -30_000_000, -30_000)),
        ([line(nano_usd=33_000_000)], [mine()], (Cause.PRICE_MOVED, 3_000_000, 3_000)),
        ([line(nano_usd=20_000_000)], [mine(state=CallState.WRITTEN_OFF)], (Cause.PRICE_MOVED, -10_000_000, -10_000)),
        ([line()], [mine(micro_usd=0, state=CallState.FAILED)], (Cause.FAILED_YET_CHARGED, 30_000_000, 30_000)),
        ([line()], [mine(micro_usd=0, state=CallState.CANCELLED)], (Cause.FAILED_YET_CHARGED, 30_000_000, 30_000)),
        ([line(nano_usd=30_000_007)], [mine()], (Cause.ROUNDING, 7, None)),
        ([line(nano_usd=29_999_001)], [mine()], (Cause.ROUNDING, -999, None)),
        ([line()], [mine(micro_usd=0, state=CallState.RUNNING)], (Cause.STILL_OPEN, 30_000_000, None)),
        ([], [mine(minutes=24 * 60)], (Cause.STILL_OPEN, -30_000_000, None)),
        ([line(), line()], [mine()], (Cause.DUPLICATE, 30_000_000, None)),
        ([line(), line(minutes=1)], [mine()], (Cause.DUPLICATE, 30_000_000, 30_000)),
        ([line(), line(nano_usd=-30_000_000, minutes=5)], [mine()], (Cause.NOT_BILLED, -30_000_000, -30_000)),
        ([TWICE], [mine(**ONE_UNIT)], (Cause.UNEXPLAINED, 30_000_000, None)),
        ([TWICE], [mine(**ONE_UNIT, basis=Basis.ESTIMATE)], (Cause.PRICE_MOVED, 30_000_000, 30_000)),
    ],
)
def test_each_difference_gets_its_one_cause(lines: list[Billed], ours: list[Ours], expected: tuple[Cause, int, int | None]) -> None:
    assert causes(held_against(lines, ours)) == [expected]


def one_unit(nano_usd: int, price: str = "0.03", **more: object) -> Billed:
    return line(nano_usd=nano_usd, units=Decimal(1), unit_price_usd=Decimal(price), **more)


@pytest.mark.parametrize(
    ("billed", "ours", "cause"),
    [
        (one_unit(500 * 10**9), mine(**ONE_UNIT), Cause.UNEXPLAINED),
        (one_unit(33_000_000), mine(**ONE_UNIT), Cause.UNEXPLAINED),
        (one_unit(27_000_000, discount_percent=Decimal(10)), mine(**ONE_UNIT), Cause.PRICE_MOVED),
        (one_unit(26_000_000, discount_percent=Decimal(10)), mine(**ONE_UNIT), Cause.UNEXPLAINED),
        (one_unit(33_000_000, "0.033"), mine(**ONE_UNIT), Cause.PRICE_MOVED),
        (one_unit(600_000_000, "0.6"), mine(**ONE_UNIT), Cause.PRICE_MOVED),
        (line(nano_usd=300_000_000), mine(), Cause.PRICE_MOVED),
        (line(nano_usd=300_001_000), mine(), Cause.UNEXPLAINED),
        (line(nano_usd=3_000_000), mine(), Cause.PRICE_MOVED),
        (line(nano_usd=2_999_000), mine(), Cause.UNEXPLAINED),
        (line(nano_usd=-30_000_000), mine(), Cause.UNEXPLAINED),
        (line(nano_usd=500 * 10**9), mine(state=CallState.WRITTEN_OFF, basis=Basis.ESTIMATE), Cause.UNEXPLAINED),
        (line(nano_usd=500 * 10**9), mine(adjusted=True), Cause.UNEXPLAINED),
        (line(), mine(micro_usd=0, adjusted=True), Cause.PRICE_MOVED),
    ],
)
def test_a_price_moved_only_as_far_as_prices_do(billed: Billed, ours: Ours, cause: Cause) -> None:
    [found] = held_against([billed], [ours]).differences
    assert (found.cause, found.proposed_micro_usd is None) == (cause, cause is Cause.UNEXPLAINED)


def test_a_bill_in_whole_cents_rounds_within_half_a_cent() -> None:
    cents = replace(TERMS, resolution_nano_usd=10**7)
    assert causes(held_against([line(nano_usd=40_000_000)], [mine(micro_usd=39_800)], terms=cents)) == [(Cause.ROUNDING, 200_000, None)]
    assert causes(held_against([line(nano_usd=50_000_000)], [mine(micro_usd=39_800)], terms=cents)) == [(Cause.PRICE_MOVED, 10_200_000, 10_200)]


def test_a_request_of_another_day_is_found_by_its_id_and_no_stranger() -> None:
    told = held_against([line("b")], [], elsewhere={"b": mine("b", day="2026-10-09")})
    assert (told.matched, told.differences) == (1, ())


def test_lines_outside_the_days_serve_calls_of_the_days_and_accuse_nobody() -> None:
    told = held_against([line("a", minutes=13 * 60), line("z", minutes=13 * 60)], [mine("a", minutes=13 * 60)])
    assert (told.matched, told.differences) == (1, ())


def test_what_has_no_id_is_paired_only_with_the_single_thing_it_can_be() -> None:
    assert held_against([line("")], [mine("a", minutes=14)]).matched == 1
    assert held_against([line("stranger")], [mine("", state=CallState.WRITTEN_OFF, minutes=-14)]).matched == 1
    for lines, ours in (
        ([line("", minutes=16)], [mine("a")]),
        ([line("", endpoint=KLING)], [mine("a")]),
        ([line("", nano_usd=30_000_001)], [mine("a")]),
        ([line("b")], [mine("a")]),
    ):
        told = held_against(lines, ours)
        assert (told.matched, [one.cause for one in told.differences]) == (0, [Cause.UNKNOWN_TO_US, Cause.NOT_BILLED])
    told = held_against([line(""), line("", minutes=1)], [mine("a"), mine("b")])
    assert (told.matched, len(told.differences)) == (0, 4)
    assert len({one.key for one in told.differences}) == 4


def test_lines_alike_in_everything_keep_names_of_their_own() -> None:
    told = held_against([line(""), line("")], [])
    assert len({one.key for one in told.differences}) == 2


def test_what_was_adjusted_and_rests_below_a_micro_dollar_is_settled() -> None:
    told = held_against([line(nano_usd=33_000_400)], [mine(micro_usd=33_000, adjusted=True)])
    assert (told.matched, told.differences, told.rests_nano_usd) == (1, (), 400)


REQUESTS = st.sampled_from(["", "a", "b", "c", "d", "e", "f"])
LINES = st.lists(
    st.builds(line, REQUESTS, st.sampled_from([0, 7, 30_000_000, 30_000_007, 33_000_000, -30_000_000]), minutes=st.integers(0, 40)), max_size=14
)
OURS = st.lists(
    st.builds(
        mine,
        REQUESTS,
        st.sampled_from([0, 30_000, 33_000]),
        state=st.sampled_from([CallState.SUCCEEDED, CallState.FAILED, CallState.WRITTEN_OFF, CallState.RUNNING]),
        minutes=st.integers(0, 40),
        adjusted=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.request_id or one.call_id,
)


@few
@given(LINES, OURS, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_and_any_pages_give_the_same_and_everything_adds_up(lines: list[Billed], ours: list[Ours], dice: random.Random, size: int) -> None:
    told = held_against(lines, ours)
    assert told.billed_nano_usd - 1000 * told.ours_micro_usd == told.unsettled_nano_usd + told.rests_nano_usd
    assert told.billed_nano_usd + told.copies_nano_usd == sum(one.nano_usd for one in lines)
    assert told.ours_micro_usd == sum(one.micro_usd for one in ours)
    assert len({one.key for one in told.differences}) == len(told.differences)
    shuffled, mixed = dice.sample(lines, len(lines)), dice.sample(ours, len(ours))
    with pile() as kept:
        for start in range(0, len(shuffled), size):
            kept.add(shuffled[start : start + size])
        again = compare(kept.lines(), sorted(mixed, key=lambda one: one.request_id), lambda _: {}, TERMS)
    assert (again.matched, again.billed_nano_usd, causes(again)) == (told.matched, told.billed_nano_usd, causes(told))
    assert {one.key for one in again.differences} == {one.key for one in told.differences}


@few
@given(LINES, OURS)
def test_booking_what_is_proposed_leaves_nothing_to_book(lines: list[Billed], ours: list[Ours]) -> None:
    told = held_against(lines, ours)
    booked = {one.call_id: one.proposed_micro_usd for one in told.differences if one.call_id and one.proposed_micro_usd}
    after = [replace(one, micro_usd=one.micro_usd + booked.get(one.call_id, 0), adjusted=one.adjusted or one.call_id in booked) for one in ours]
    again = held_against([one for one in lines if one.request_id], [one for one in after if one.request_id])
    assert [one for one in again.differences if one.call_id and one.call_id in booked and one.proposed_micro_usd] == []
