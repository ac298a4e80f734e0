"""A sweep is planned, priced and bought: what was shown is what is held, and nothing is bought twice."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import BadParameter, BudgetReached, NotNow
from pipeline.records import Person, RunKind
from pipeline.studio import sweep_prices, sweep_runs, sweeps, testphotos
from pipeline.studio.sweep_prices import Priced
from pipeline.studio.sweeps import Sweep
from pipeline.sweeps.plans import Plan, read_plan
from pipeline.sweeps.remarks import Sort
from tests.little_studio import ME, LittleStudio, intake

BEN = Person(name="Ben")
DOLLAR = 1_000_000


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio")


def planned(studio: LittleStudio, *, photos: tuple[str, ...] = ("blue",), skips: str = "", **axes: str) -> Plan:
    sources = [testphotos.add(studio.place, colour, intake(colour), ME).id for colour in photos]
    draft = read_plan(RunKind.AVATAR, [("photo", "\n".join(sources)), *axes.items()], skips)
    assert draft.problems == ()
    return draft.plan


def kept(studio: LittleStudio, plan: Plan, name: str = "spring presets") -> Sweep:
    return sweeps.save(studio.place, "s1", name, plan, ME, version=0)


def priced(studio: LittleStudio, plan: Plan, sweep: str = "") -> Priced:
    return sweep_prices.price(studio.place, plan, ME, sweep_id=sweep)


def start(studio: LittleStudio, sweep: str = "s1", ceiling: int = 50 * DOLLAR, **more: object) -> sweep_runs.Started:
    return sweep_runs.start(studio.place, sweep, ME, ceiling_micro_usd=ceiling, **more)  # type: ignore[arg-type]


def held(studio: LittleStudio) -> int:
    return int(studio.rows("SELECT coalesce(sum(micro_usd), 0) AS n FROM entries")[0]["n"])


def test_what_the_plan_says_is_what_is_held(studio: LittleStudio) -> None:
    plan = planned(studio, photos=("blue", "red"), style="pixar, ghibli", strength="0.5..0.7 +0.05", seed="1-2")
    shown = priced(studio, plan)
    assert (shown.cells, shown.to_buy, shown.owned, shown.micro_usd) == (40, 40, 0, 1_200_000)
    assert [(line.count, line.quote.micro_usd) for line in shown.lines] == [(40, 30_000)]
    kept(studio, plan)
    begun = start(studio, told_micro_usd=shown.micro_usd)
    assert (begun.new, begun.micro_usd, held(studio)) == (40, 1_200_000, 1_200_000)
    assert begun.sweep.price_micro_usd == 1_200_000


def test_a_second_press_buys_nothing(studio: LittleStudio) -> None:
    kept(studio, planned(studio, strength="0.5, 0.6"))
    assert [start(studio).new for _ in range(3)] == [2, 0, 0]
    assert held(studio) == 60_000


def test_an_axis_that_grows_costs_its_new_cells_only(studio: LittleStudio) -> None:
    sweep = kept(studio, planned(studio, strength="0.5, 0.6"))
    start(studio)
    longer = planned(studio, strength="0.5, 0.6, 0.7")
    sweeps.save(studio.place, "s1", sweep.name, longer, ME, version=1)
    shown = priced(studio, longer, "s1")
    assert (shown.cells, shown.asked, shown.to_buy, shown.micro_usd) == (3, 2, 1, 30_000)
    assert start(studio).new == 1
    assert held(studio) == 90_000


def test_what_another_sweep_owns_is_free(studio: LittleStudio) -> None:
    kept(studio, planned(studio, strength="0.5, 0.6"))
    start(studio)
    more = planned(studio, strength="0.6, 0.7")
    sweeps.save(studio.place, "s2", "again", more, BEN, version=0)
    shown = priced(studio, more, "s2")
    assert (shown.owned, shown.to_buy, shown.micro_usd) == (1, 1, 30_000)
    assert start(studio, "s2").micro_usd == 30_000
    assert held(studio) == 90_000


def test_a_ceiling_below_the_price_buys_nothing(studio: LittleStudio) -> None:
    kept(studio, planned(studio, strength="0.5..0.7 +0.05"))
    with pytest.raises(BudgetReached, match=r"\$0\.15.*ceiling of \$0\.10"):
        start(studio, ceiling=100_000)
    assert (studio.rows("SELECT * FROM runs"), held(studio)) == ([], 0)


def test_the_ceiling_is_for_the_sweep_as_a_whole_also_when_it_grows(studio: LittleStudio) -> None:
    sweep = kept(studio, planned(studio, strength="0.5, 0.6"))
    start(studio, ceiling=80_000)
    sweeps.save(studio.place, "s1", sweep.name, planned(studio, strength="0.5, 0.6, 0.7"), ME, version=1)
    with pytest.raises(BudgetReached, match="after the"):
        start(studio, ceiling=80_000)


def test_a_price_that_rose_since_it_was_shown_is_not_paid(studio: LittleStudio) -> None:
    kept(studio, planned(studio, strength="0.5, 0.6"))
    with pytest.raises(NotNow, match=r"\$0\.06 instead of \$0\.03"):
        start(studio, told_micro_usd=30_000)


def test_a_plan_that_somebody_changed_since_it_was_seen_is_not_bought_even_at_the_same_price(studio: LittleStudio) -> None:
    sweep = kept(studio, planned(studio, strength="0.5, 0.6"))
    sweeps.save(studio.place, "s1", sweep.name, planned(studio, strength="0.3, 0.4"), BEN, version=1)
    with pytest.raises(NotNow, match="Ben changed this sweep meanwhile"):
        start(studio, told_micro_usd=60_000, version=1)
    assert held(studio) == 0
    assert start(studio, told_micro_usd=60_000, version=2).new == 2


def test_a_failed_cell_whose_photo_was_removed_is_refused_before_any_money_is_held(studio: LittleStudio) -> None:
    kept(studio, planned(studio, strength="0.5"))
    start(studio)
    run = studio.fail(studio.run(studio.rows("SELECT id FROM runs")[0]["id"]))
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE assets SET removed_at = '2026-01-01' WHERE sha256 = ?", (run.source,))
    with pytest.raises(NotNow, match="was removed"):
        sweep_runs.retry(studio.place, run.id, ME)
    assert held(studio) == 0


def test_a_sweep_of_unusual_size_is_asked_about_and_never_cut(studio: LittleStudio) -> None:
    kept(studio, planned(studio, seed="1-101"))
    with pytest.raises(BadParameter, match="more than the usual 100"):
        start(studio)
    assert start(studio, large=True).new == 101


def test_two_people_who_change_a_sweep_do_not_overwrite_each_other(studio: LittleStudio) -> None:
    sweep = kept(studio, planned(studio, strength="0.5"))
    sweeps.save(studio.place, "s1", "hers", sweep.plan, ME, version=1)
    with pytest.raises(NotNow, match="me changed this sweep meanwhile"):
        sweeps.save(studio.place, "s1", "his", sweep.plan, BEN, version=1)
    assert sweeps.find(studio.place, "s1").name == "hers"
    assert sweeps.duplicate(studio.place, "s1", "s2", BEN).name == "hers (copy)"


def test_strengths_that_start_at_the_same_step_are_named_with_what_merging_saves(studio: LittleStudio) -> None:
    plan = planned(studio, strength="0.6, 0.61, 0.65", seed="1-4")
    found = [one for one in priced(studio, plan).remarks if one.sort is Sort.SAME_START]
    assert [(one.cells, one.saves_micro_usd) for one in found] == [(4, 120_000)]
    assert "0.6 and 0.61 take the same 24 of 40 steps" in found[0].words
    assert found[0].merged is not None
    assert priced(studio, found[0].merged).micro_usd == priced(studio, plan).micro_usd - found[0].saves_micro_usd


def test_settings_a_model_ignores_and_prompts_that_are_the_same_are_bought_once(studio: LittleStudio) -> None:
    plan = planned(studio, model="flux-dev, flux-kontext", strength="0.5, 0.6, 0.7")
    shown = priced(studio, plan)
    assert (shown.cells, shown.to_buy, shown.micro_usd) == (6, 4, 3 * 30_000 + 40_000)
    ignored = next(one for one in shown.remarks if one.sort is Sort.IGNORED)
    assert "takes no notice of strength" in ignored.words
    assert ignored.merged is not None
    assert priced(studio, ignored.merged).cells == 4
    words = planned(studio, style="pixar, ghibli", prompt="A warm portrait of these two people, elegant and romantic.")
    assert [one.sort for one in priced(studio, words).remarks] == [Sort.SAME_WORDS]


def test_a_bad_value_is_named_and_the_others_are_kept(studio: LittleStudio) -> None:
    plan = planned(studio, strength="0.5, 1.4", style="pixar, nope")
    shown = priced(studio, plan)
    assert (shown.cells, [problem.text for problem in shown.problems]) == (1, ["1.4", "nope"])


def test_a_photo_that_is_gone_is_named(studio: LittleStudio) -> None:
    plan = planned(studio, photos=("blue", "red"), strength="0.5, 0.6")
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE assets SET removed_at = '2026-01-01' WHERE sha256 = ?", (plan.axes["photo"][0].rpartition("/")[2],))  # type: ignore[index]
    shown = priced(studio, plan)
    assert (shown.cells, [problem.why for problem in shown.problems]) == (2, ["This photo is gone."])


def test_a_photo_that_is_its_own_crop_is_a_test_photo_like_any_other(studio: LittleStudio) -> None:
    square = intake("green")
    source = testphotos.add(studio.place, "square", replace(square, crop=square.photo), ME)
    assert testphotos.listing(studio.place) == (source,)
    plan = read_plan(RunKind.AVATAR, [("photo", source.id)]).plan
    assert priced(studio, plan).cells == 1


def test_cancelling_stops_what_has_not_ended_and_retrying_asks_only_for_that(studio: LittleStudio) -> None:
    kept(studio, planned(studio, strength="0.5, 0.6, 0.7"))
    start(studio)
    first, *_ = (studio.run(row["id"]) for row in studio.rows("SELECT id FROM runs ORDER BY turn"))
    studio.succeed(first)
    assert [sweep_runs.cancel(studio.place, "s1", ME) for _ in range(2)] == [2, 0]


def test_failures_are_tried_again_at_the_price_that_was_told(studio: LittleStudio) -> None:
    kept(studio, planned(studio, strength="0.5, 0.6, 0.7"))
    start(studio)
    for row in studio.rows("SELECT id FROM runs ORDER BY turn LIMIT 2"):
        studio.fail(studio.run(row["id"]))
    with pytest.raises(NotNow, match=r"\$0\.06 instead of \$0\.03"):
        sweep_runs.retry_failures(studio.place, "s1", ME, told_micro_usd=30_000)
    assert sweep_runs.retry_failures(studio.place, "s1", ME, told_micro_usd=60_000) == 2
    assert sweep_runs.failures(studio.place, "s1") == []


NUMBERS = st.lists(st.sampled_from([f"0.{n}" for n in range(1, 10)]), min_size=1, max_size=4, unique=True)
SEEDS = st.lists(st.integers(0, 40).map(str), min_size=1, max_size=3, unique=True)


@given(strengths=NUMBERS, seeds=SEEDS, styles=st.sampled_from(["pixar", "ghibli", "pixar, ghibli"]), skip=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_cells_are_the_product_without_skips_and_what_is_owned_costs_nothing(
    studio: LittleStudio, strengths: list[str], seeds: list[str], styles: str, skip: bool
) -> None:
    skips = f"strength={strengths[0]} seed={seeds[0]}" if skip else ""
    plan = planned(studio, strength=", ".join(strengths), seed=", ".join(seeds), style=styles, skips=skips)
    kinds = len(styles.split(","))
    shown = priced(studio, plan)
    assert shown.cells == len(strengths) * len(seeds) * kinds - (kinds if skip else 0)
    assert shown.micro_usd == 30_000 * shown.to_buy == 30_000 * (shown.cells - shown.owned)
    if shown.cells:
        sweep, before = f"s{studio.rows('SELECT count(*) AS n FROM sweeps')[0]['n']}", held(studio)
        sweeps.save(studio.place, sweep, "any", plan, ME, version=0)
        assert start(studio, sweep).micro_usd == shown.micro_usd == held(studio) - before
        assert priced(studio, plan).micro_usd == 0
