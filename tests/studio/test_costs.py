"""Sums that analysts ask for equal the ledger's lines, however they are cut."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import BadParameter
from pipeline.studio import costs
from pipeline.studio.costs import DIMENSIONS, Period
from tests.little_studio import LittleStudio


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> LittleStudio:
    """Two customers, avatars and clips of theirs, one that failed for nothing and one that waits."""
    studio = LittleStudio(tmp_path_factory.mktemp("costs"), customer=True)
    studio.customer("case-2", "ben", photo="green")
    for case in ("case-1", "case-1", "case-2"):
        studio.approved_clip(case)
    studio.avatar("case-2")
    return studio


def charged(studio: LittleStudio) -> int:
    return int(studio.rows("SELECT sum(micro_usd) AS n FROM entries WHERE kind IN ('charge', 'adjust')")[0]["n"])


@given(by=st.lists(st.sampled_from(sorted(DIMENSIONS)), unique=True, max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_it_is_cut_the_parts_add_up_to_the_ledger(studio: LittleStudio, by: Sequence[str]) -> None:
    found = costs.grouped(studio.place, by)
    assert sum(group.micro_usd for group in found) == charged(studio) == costs.total(studio.place)
    assert len({tuple(group.names.values()) for group in found}) == len(found)
    assert [group.micro_usd for group in found] == sorted((group.micro_usd for group in found), reverse=True)


def test_models_have_their_names_and_people_theirs(studio: LittleStudio) -> None:
    found = {
        (group.names["model"], group.names["person"]): (group.micro_usd, group.calls) for group in costs.grouped(studio.place, ("model", "person"))
    }
    assert found == {("kling-2.6", "me"): (3 * 350_000, 3), ("flux-dev", "me"): (4 * 30_000, 4)}


def test_a_period_counts_its_days_and_no_others(studio: LittleStudio) -> None:
    day = studio.rows("SELECT for_day FROM entries LIMIT 1")[0]["for_day"]
    assert costs.total(studio.place, Period(since=day, until=day)) == charged(studio)
    assert costs.grouped(studio.place, ("day",), Period(until="2020-01-01")) == ()
    assert [group.names["day"] for group in costs.grouped(studio.place, ("day",))] == [day]


@pytest.mark.parametrize(
    ("by", "period"),
    [(("colour",), Period()), (("day", "day"), Period()), (("day",), Period(since="yesterday")), (("day",), Period(until="2026-02-30"))],
)
def test_what_cannot_be_asked_is_said(studio: LittleStudio, by: Sequence[str], period: Period) -> None:
    with pytest.raises(BadParameter):
        costs.grouped(studio.place, by, period)
