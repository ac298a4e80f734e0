"""What analysts look at equals the ledger, whichever way it is cut, and follows every decision people make."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import ledger
from pipeline.database import update
from pipeline.errors import BadParameter, UnknownName
from pipeline.records import Asset, Decision, Person, Run, new_id
from pipeline.studio import paces, portraits, publishing, requests_made, reviews, spending
from pipeline.studio.costs import Period, Slice
from pipeline.studio.requests_made import Order
from pipeline.studio.spending import Figures
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import ME, OWNER, LittleStudio

AVATAR, CLIP = 30_000, 350_000
TODAY = datetime.now(UTC).date().isoformat()
CUTS = ("model", "provider", "person", "team", "feature", "kind", "style", "case", "sweep", "unit", "outcome", "verdict", "day", "month")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> LittleStudio:
    """Ana's and my avatars and clips for two customers: approved, rejected, replaced, failed for nothing, used again, still open."""
    studio = LittleStudio(tmp_path_factory.mktemp("spending"), customer=True)
    studio.customer("case-2", "ben", photo="green")
    studio.approved_clip()  # in use
    studio.approved_avatar("case-2")  # replaced by the next
    studio.approved_avatar("case-2")
    reject(studio, studio.avatar("case-2"))
    ana = Person(name="ana", team="support")
    studio.fail(ask(studio, "case-2", AvatarWish(style="ghibli", strength=0.5), ana))
    ask(studio, "case-2", AvatarWish(style="ghibli", strength=0.55), ana)
    ask(studio, "case-1", AvatarWish(seed=1), ME)
    return studio


def ask(studio: LittleStudio, case: str, wish: AvatarWish, by: Person) -> Run:
    return portraits.ask_avatar(studio.place, case, studio.case(case).owner, wish, by, run_id=new_id("r")).run


def reject(studio: LittleStudio, asset: Asset) -> None:
    reviews.decide_on(studio.place, asset, studio.case(asset.scope).owner, Decision.REJECTED, ME, "eyes")


def whole(studio: LittleStudio) -> Figures:
    return spending.figures(studio.place, Slice())


def test_the_figures_say_what_came_of_the_money(studio: LittleStudio) -> None:
    found = whole(studio)
    assert found.charged_micro_usd == 4 * AVATAR + CLIP
    assert (found.requests, found.succeeded, found.failed, found.open, found.paid) == (8, 5, 1, 2, 5)
    assert (found.approved, found.rejected, found.retired) == (3, 1, 1)
    assert found.waste_micro_usd == 2 * AVATAR, "one rejected, one replaced; the failed one was free"
    assert found.per_success_micro_usd == (4 * AVATAR + CLIP) // 5
    assert found.success_rate == pytest.approx(5 / 6)
    assert found.held_micro_usd == 2 * AVATAR


@given(
    by=st.sampled_from(CUTS),
    only=st.sampled_from(({}, {"person": "me"}, {"case": "case-2"}, {"style": "ghibli"}, {"model": "kling-2.6", "kind": "clip"})),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_add_up_to_the_whole_in_every_figure(studio: LittleStudio, by: str, only: Mapping[str, str]) -> None:
    looked_at = Slice(only=only)
    parts = [vars(part.figures) for part in spending.parts(studio.place, looked_at, by)]
    assert {name: sum(part[name] for part in parts) for name in spending.SUMS} == vars(spending.figures(studio.place, looked_at))


@pytest.mark.parametrize("by", ["model", "person", "style", "case", "kind", "day"])
def test_a_name_clicked_on_shows_exactly_its_part(studio: LittleStudio, by: str) -> None:
    for part in spending.parts(studio.place, Slice(), by):
        assert spending.figures(studio.place, Slice(only={by: part.name or ""})) == part.figures


@pytest.mark.parametrize("grain", ["day", "week", "month"])
@pytest.mark.parametrize("most", [0, 1, 7])
def test_the_chart_over_time_adds_up_to_what_was_spent(studio: LittleStudio, grain: str, most: int) -> None:
    points = spending.over_time(studio.place, Slice(), "model", grain=grain, most=most)
    assert sum(point.micro_usd for point in points) == whole(studio).charged_micro_usd
    assert {point.day for point in points} == {spending.start_of(TODAY, grain)}


def test_the_sums_of_days_and_requests_are_proven_against_the_rows_they_follow(studio: LittleStudio) -> None:
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []


def test_published_counts_while_guests_see_it(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path, customer=True)
    avatar = studio.approved_avatar()
    assert whole(studio).published == 0
    publishing.publish(studio.place, "case-1", avatar.sha256, OWNER, ME)
    assert (whole(studio).published, whole(studio).per_published_micro_usd) == (1, AVATAR)
    reviews.decide_on(studio.place, avatar, OWNER, Decision.WITHDRAWN, ME)
    found = whole(studio)
    assert (found.published, found.approved, found.per_published_micro_usd) == (0, 0, None)


def test_what_is_used_again_is_saved_not_spent(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path, customer=True)
    studio.succeed(ask(studio, "case-1", AvatarWish(seed=5), ME))
    ask(studio, "case-1", AvatarWish(seed=5), ME)
    found = whole(studio)
    assert (found.charged_micro_usd, found.saved_micro_usd, found.reused, found.requests) == (AVATAR, AVATAR, 1, 1)
    assert found.reuse_rate == 0.5


def test_periods_are_whole_days_and_compare_with_as_many_before() -> None:
    period = Period(since="2026-03-01", until="2026-03-07")
    assert (period.days, period.before()) == (7, Period(since="2026-02-22", until="2026-02-28"))
    assert Period(since="2026-03-01").before() is None


@pytest.mark.parametrize("asked", [Slice(only={"colour": "red"}), Slice(period=Period(since="soon"))])
def test_what_there_is_none_of_is_said(studio: LittleStudio, asked: Slice) -> None:
    for question in (spending.figures, requests_made.page, requests_made.dearest, paces.paces, paces.worth):
        with pytest.raises(BadParameter):
            question(studio.place, asked)


def test_names_that_look_like_commands_are_only_names(studio: LittleStudio) -> None:
    assert spending.figures(studio.place, Slice(only={"person": "' OR 1=1 --"})) == Figures()


def test_requests_behind_a_figure_are_listed_page_by_page_and_add_up(studio: LittleStudio) -> None:
    pages = [requests_made.page(studio.place, Slice(), number=number, size=3) for number in (1, 2, 3, 4)]
    lines = [line for page in pages for line in page.lines]
    assert [len(page.lines) for page in pages] == [3, 3, 2, 0]
    assert {page.count for page in pages} == {8}
    assert sum(line.charged_micro_usd for line in lines) == pages[0].charged_micro_usd == whole(studio).charged_micro_usd
    assert requests_made.page(studio.place, Slice(), Order.DEAREST).lines[0].charged_micro_usd == CLIP
    assert requests_made.page(studio.place, Slice(), Order.SLOWEST).lines[0].seconds is not None


def test_one_request_shows_what_was_asked_its_lines_and_its_picture(studio: LittleStudio) -> None:
    dearest = requests_made.page(studio.place, Slice(), Order.DEAREST).lines[0]
    single = requests_made.one(studio.place, dearest.id)
    assert single.input["model"] == "kling-2.6"
    assert [entry.kind.value for entry in single.entries] == ["hold", "release", "charge"]
    assert single.made is not None
    assert single.made.kind == "clip"
    with pytest.raises(UnknownName):
        requests_made.one(studio.place, "nothing")


def test_the_dearest_customers_come_first(studio: LittleStudio) -> None:
    found = requests_made.dearest(studio.place, Slice())
    assert [(one.case_id, one.charged_micro_usd) for one in found] == [("case-1", CLIP + AVATAR), ("case-2", 3 * AVATAR)]
    assert len(requests_made.dearest(studio.place, Slice(), most=1)) == 1


def test_a_unit_costs_what_was_charged_for_it(studio: LittleStudio) -> None:
    prices = {(price.model, price.unit): price.micro_usd for price in paces.unit_prices(studio.place, Slice())}
    assert prices == {("flux-dev", "megapixel"): 30_000, ("kling-2.6", "second"): 70_000}


def test_money_is_set_beside_approval_and_likeness(studio: LittleStudio) -> None:
    found = {one.name: (one.pictures, one.approved, one.likeness) for one in paces.worth(studio.place, Slice())}
    assert found == {"kling-2.6": (1, 1, None), "flux-dev": (4, 2, None)}


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=60))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_typical_is_the_middle_and_slow_is_what_nineteen_of_twenty_stay_under(timed: LittleStudio, tenths: list[int]) -> None:
    with timed.place.database.writing() as tx:
        tx.execute("DELETE FROM costs WHERE id LIKE 'timed-%'")
        for number, tenth in enumerate(tenths):
            tx.execute(f"INSERT INTO costs SELECT 'timed-{number}', {', '.join(COPIED)} FROM costs WHERE id NOT LIKE 'timed-%' LIMIT 1")
            update(tx, "costs", {"id": f"timed-{number}"}, {"seconds": tenth / 10, "endpoint": "timed"})
    pace = next(pace for pace in paces.paces(timed.place, Slice()) if pace.model == "timed")
    ordered = sorted(tenths)
    assert pace.requests == len(tenths)
    assert pace.typical_seconds == ordered[(len(tenths) + 1) // 2 - 1] / 10
    assert pace.slow_seconds == ordered[-(-len(tenths) * 95 // 100) - 1] / 10


COPIED = (
    "for_day, call_id, run_id, case_id, sweep, person, team, feature, provider, endpoint, kind, style, unit, outcome, call_outcome, verdict",
    "published, seconds, estimate_micro_usd, held_micro_usd, charged_micro_usd, saved_micro_usd, micro_units",
)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> LittleStudio:
    studio = LittleStudio(tmp_path_factory.mktemp("timed"), customer=True)
    studio.avatar()
    return studio


@pytest.mark.parametrize(
    ("now", "before", "is_told"),
    [((80, 20), (980, 20), True), ((99, 1), (980, 20), False), ((5, 5), (980, 20), False), ((80, 20), (10, 0), False), ((0, 30), (0, 30), False)],
)
def test_only_what_chance_hardly_explains_is_called_unusual(now: tuple[int, int], before: tuple[int, int], is_told: bool) -> None:
    figures = [Figures(succeeded=succeeded, failed=failed) for succeeded, failed in (now, before)]
    assert (spending.unusual(*figures) is not None) is is_told


def test_a_week_ago_is_not_today(studio: LittleStudio) -> None:
    ago = (datetime.now(UTC).date() - timedelta(days=7)).isoformat()
    assert spending.figures(studio.place, Slice(period=Period(until=ago))) == Figures()


def test_a_clip_counts_under_the_style_of_its_picture(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path, customer=True)
    studio.approved_clip()
    (part,) = spending.parts(studio.place, Slice(), "style")
    assert part.name == studio.rows("SELECT style FROM runs WHERE kind = 'avatar'")[0]["style"]
    assert part.figures.charged_micro_usd == AVATAR + CLIP
