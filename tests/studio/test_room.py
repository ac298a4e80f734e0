"""Before anybody presses it is said which budget would be passed, what is left of it, and who may extend it; soft ones only remark."""

from pathlib import Path

import pytest

from pipeline.ledger import Cap
from pipeline.records import Person, Role, RunKind
from pipeline.studio import budgets, people, room, testphotos
from pipeline.studio.sweep_prices import price
from pipeline.sweeps.plans import read_plan
from tests.little_studio import ME, LittleStudio

MAKER = Person(name="ana", roles=frozenset({Role.VIEW, Role.MAKE}))


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    """A customer with an approved avatar, which cost three cents."""
    studio = LittleStudio(tmp_path, customer=True)
    studio.approved_avatar()
    return studio


def capped(studio: LittleStudio, micro_usd: int | None = None, *, requests: int | None = None, hard: bool = True, period: str = "day") -> None:
    budgets.set_cap(studio.place, Cap(scope_kind="studio", scope="all", period=period, micro_usd=micro_usd, requests=requests), ME, hard=hard)


def asked(studio: LittleStudio, micro_usd: int = 30_000, by: Person = ME, **about: object) -> room.Room:
    return room.look_now(studio.place, micro_usd, by, feature="portrait", case_id="case-1", **about)


def test_without_a_budget_in_the_way_there_is_nothing_to_say(studio: LittleStudio) -> None:
    assert asked(studio) == room.FREE


def test_a_budget_in_the_way_is_named_with_what_is_left_and_who_may_extend_it(studio: LittleStudio) -> None:
    capped(studio, 40_000)
    assert asked(studio).words == (
        "This needs $0.03, but $0.01 is left of the day cap of $0.04 for the studio. You may extend it for today at Costs, Budgets."
    )
    assert asked(studio, by=MAKER).remedy == "me may extend it for today at Costs, Budgets."
    people.add(studio.place, "ben", "money", frozenset({Role.MONEY}), ME)
    assert asked(studio, by=MAKER).remedy == "me or ben may extend it for today at Costs, Budgets."


def test_a_cap_for_ever_is_raised_and_not_extended(studio: LittleStudio) -> None:
    capped(studio, 40_000, period="ever")
    assert asked(studio).remedy == "You may raise it at Costs, Budgets."


def test_nobody_here_may_extend_the_daily_cap_of_the_settings(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path, customer=True, STUDIO_DAILY_CAP_USD="0.01")
    assert asked(studio).remedy == "It begins anew at midnight UTC; whoever starts the studio can change it."


def test_a_count_limit_stands_in_the_way_of_requests_however_cheap(studio: LittleStudio) -> None:
    capped(studio, requests=2)
    assert asked(studio, 1).why is None
    assert asked(studio, 1, requests=2).why == "This needs 2 requests, but 1 request is left of the day cap of 2 requests for the studio."


@pytest.mark.parametrize(("cap", "reached"), [(200_000, None), (120_000, 50), (70_000, 80), (60_000, 100), (45_000, 100), (20_000, 100)])
def test_a_soft_budget_remarks_each_step_once_and_everything_past_its_end(studio: LittleStudio, cap: int, reached: int | None) -> None:
    capped(studio, cap, hard=False)
    found = asked(studio)
    assert found.why is None
    assert [f"With this, {reached} % of the day cap" in words for words in found.warnings] == ([True] if reached else [])


def test_a_step_that_was_reached_before_is_not_said_again(studio: LittleStudio) -> None:
    capped(studio, 60_000, hard=False)
    assert asked(studio, 10_000).warnings == ()


def test_what_costs_nothing_and_asks_nobody_always_fits(studio: LittleStudio) -> None:
    capped(studio, 0)
    capped(studio, requests=0)
    assert asked(studio, 0, requests=0) == room.FREE


def test_the_budget_of_whoever_asked_first_counts_for_a_retry(studio: LittleStudio) -> None:
    people.add(studio.place, "ben", "support", frozenset({Role.MAKE}), ME)
    budgets.set_cap(studio.place, Cap(scope_kind="person", scope="ben", period="day", micro_usd=0), ME)
    assert asked(studio).why is None
    assert "person ben" in (asked(studio, person="ben").why or "")


def test_a_sweep_is_priced_against_every_budget_in_dollars_and_requests(studio: LittleStudio) -> None:
    photo = testphotos.of_case(studio.place, "case-1", RunKind.AVATAR)
    plan = read_plan(RunKind.AVATAR, [("photo", photo.id), ("style", "ghibli"), ("strength", "0.5, 0.6")]).plan
    found = price(studio.place, plan, ME)
    assert (found.cells > 0, found.why_not) == (True, None)
    capped(studio, requests=1 + found.to_buy - 1)
    assert f"This needs {found.to_buy} requests" in (price(studio.place, plan, ME).why_not or "")
