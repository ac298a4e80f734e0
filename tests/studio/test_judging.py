"""Stars, rejections and blind votes belong to people; settings are ranked by them, and shown to nobody before the vote."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from pipeline import assets
from pipeline.database import update
from pipeline.errors import BadParameter, NotAllowed, NotNow, UnknownName
from pipeline.records import Person, Role, RunKind
from pipeline.studio import judging, pairs, presets, sweep_runs, sweep_view, sweeps, testphotos
from pipeline.studio.judging import Judged, Setting
from pipeline.studio.place import Place
from pipeline.studio.sweep_view import SeenCell
from pipeline.sweeps.plans import Axis, read_plan
from pipeline.sweeps.ranking import Verdict
from tests.little_studio import ME, LittleStudio, intake

ANA, BEN = Person(name="Ana"), Person(name="Ben")
EVE = Person(name="eve", roles=frozenset({Role.VIEW, Role.PUBLISH, Role.ADMIN}))
SWEEP = "s1"


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio")


def plan(studio: LittleStudio, photos: tuple[str, ...] = ("blue",), **axes: str) -> None:
    """Plan a sweep and ask for its cells."""
    sources = [testphotos.add(studio.place, colour, intake(colour), ME).id for colour in photos]
    draft = read_plan(RunKind.AVATAR, [("photo", "\n".join(sources)), *axes.items()])
    assert draft.problems == ()
    sweeps.save(studio.place, SWEEP, "spring presets", draft.plan, ME, version=0)
    sweep_runs.start(studio.place, SWEEP, ME, ceiling_micro_usd=50_000_000)


def made(studio: LittleStudio, photos: tuple[str, ...] = ("blue",), **axes: str) -> dict[tuple[str, ...], str]:
    """Make every cell; return the runs by what their cells have on the axes besides the photo, those of the first photo without it."""
    plan(studio, photos, **axes)
    for row in studio.rows("SELECT id FROM runs ORDER BY turn"):
        studio.succeed(studio.run(row["id"]))
    found: dict[tuple[str, ...], str] = {}
    for one in cells(studio):
        found.setdefault(tuple(one.cell.values[Axis(name)] for name in axes), run_of(one))
    return found


def cells(studio: LittleStudio) -> list[SeenCell]:
    return sorted(sweep_view.look(studio.place, SWEEP).cells, key=lambda one: one.cell.at)


def run_of(one: SeenCell) -> str:
    assert one.made is not None
    return one.made.run_id


def measured(studio: LittleStudio, run_id: str, *distances: float) -> None:
    """Give a cell's picture so much likeness, face by face."""
    run = studio.run(run_id)
    bands = ["strong" if distance < 0.45 else "recognisable" if distance <= 0.6 else "weak" for distance in distances]
    faces = [
        {"distance": d, "detector_score": 1.0, "band": band, "reason": None, "model_hash": "x"} for d, band in zip(distances, bands, strict=True)
    ]
    with studio.place.database.writing() as tx:
        asset = assets.get(tx, run.case_id, tx.execute("SELECT asset FROM outputs WHERE run_id = ?", (run_id,)).fetchone()["asset"])
        assets.measured(tx, asset, run.source, faces)


def standing(studio: LittleStudio) -> Judged:
    return judging.standing(studio.place, SWEEP)


def setting(studio: LittleStudio, words: str) -> Setting:
    return next(one for one in standing(studio).settings if one.words == words)


def votes(place: Place, by: Person, better: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Judge every pair as long as there is one: the run with the higher number is better."""
    while pair := judging.pair(place, SWEEP, by):
        verdict = Verdict.LEFT if better[pair.left] > better[pair.right] else Verdict.RIGHT
        judging.vote(place, SWEEP, pair.left, pair.right, verdict, by)
        yield pair.left, pair.right


def test_the_newest_stars_of_a_person_count_and_the_same_again_changes_nothing(studio: LittleStudio) -> None:
    run = made(studio, strength="0.5")["0.5",]
    for stars in (3, 5, 5, 5):
        assert judging.rate(studio.place, run, ANA, stars=stars).stars == stars
    judging.rate(studio.place, run, BEN, stars=2)
    with studio.place.database.reading() as db:
        assert [(one.person, one.stars) for one in judging.ratings(db, SWEEP)[run]] == [("Ana", 5), ("Ben", 2)]
    assert [row["stars"] for row in studio.rows("SELECT stars FROM ratings ORDER BY id")] == [3, 5, 2]
    assert setting(studio, "Strength 0.5").mean_stars == 3.5


def test_no_stars_take_them_away_and_leave_the_rejection(studio: LittleStudio) -> None:
    run = made(studio, strength="0.5")["0.5",]
    judging.rate(studio.place, run, ANA, stars=4)
    judging.rate(studio.place, run, ANA, rejected="Hands or background are odd", note="six fingers")
    said = judging.rate(studio.place, run, ANA, stars=0)
    assert (said.stars, said.rejected, said.note) == (0, "Hands or background are odd", "six fingers")
    said = judging.rate(studio.place, run, ANA, rejected="")
    assert (said.rejected, said.note) == ("", "")
    assert setting(studio, "Strength 0.5").mean_stars is None


def test_a_rejection_by_anybody_makes_a_cell_unacceptable_until_it_is_taken_back(studio: LittleStudio) -> None:
    run = made(studio, strength="0.5", seed="1-2")["0.5", "1"]
    judging.rate(studio.place, run, BEN, rejected="Too stylised")
    judging.rate(studio.place, run, ANA, stars=5)
    found = setting(studio, "Strength 0.5")
    assert (found.cells, found.acceptable, found.rejected, found.cost_per_acceptable_micro_usd) == (2, 1, 1, 60_000)
    judging.rate(studio.place, run, BEN, rejected="")
    assert setting(studio, "Strength 0.5").acceptable == 2


@pytest.mark.parametrize("words", [{"stars": 6}, {"stars": -1}, {"rejected": "x" * 201}, {"rejected": "a\x00b"}, {"stars": 1, "note": "x" * 501}])
def test_words_that_are_none_are_refused(studio: LittleStudio, words: dict[str, object]) -> None:
    run = made(studio, strength="0.5")["0.5",]
    with pytest.raises(BadParameter):
        judging.rate(studio.place, run, ANA, **words)  # type: ignore[arg-type]
    assert studio.rows("SELECT * FROM ratings") == []


def test_only_a_finished_cell_of_a_sweep_is_rated(studio: LittleStudio) -> None:
    plan(studio, strength="0.5, 0.6")
    waiting, failed = (row["id"] for row in studio.rows("SELECT id FROM runs ORDER BY turn"))
    studio.fail(studio.run(failed))
    for run in (waiting, failed):
        with pytest.raises(NotNow, match="not finished"):
            judging.rate(studio.place, run, ANA, stars=5)
    with pytest.raises(UnknownName):
        judging.rate(studio.place, "nothing", ANA, stars=5)


def test_who_neither_makes_nor_approves_judges_nothing(studio: LittleStudio) -> None:
    first, second = made(studio, strength="0.5, 0.7").values()
    before = studio.dump()
    with pytest.raises(NotAllowed, match="eve may not"):
        judging.rate(studio.place, first, EVE, stars=5)
    with pytest.raises(NotAllowed, match="eve may not"):
        judging.vote(studio.place, SWEEP, first, second, Verdict.LEFT, EVE)
    assert studio.dump() == before
    for role in (Role.MAKE, Role.APPROVE):
        judge = Person(name=role.value, roles=frozenset({Role.VIEW, role}))
        assert judging.rate(studio.place, first, judge, stars=5).person == role.value
        judging.vote(studio.place, SWEEP, first, second, Verdict.LEFT, judge)


def test_a_pair_is_of_one_photo_and_two_settings_and_says_nothing_of_them(studio: LittleStudio) -> None:
    made(studio, ("blue", "red"), strength="0.5, 0.7", seed="1-2")
    known = {run_of(one): one.cell for one in cells(studio)}
    judged = list(votes(studio.place, ANA, dict.fromkeys(known, 0)))
    assert len(judged) == 2 * 2 * 2
    for left, right in judged:
        assert known[left].values[Axis.PHOTO] == known[right].values[Axis.PHOTO]
        assert known[left].values[Axis.STRENGTH] != known[right].values[Axis.STRENGTH]
    assert [known[left].values[Axis.SEED] == known[right].values[Axis.SEED] for left, right in judged] == [True] * 4 + [False] * 4
    assert set(vars(judging.Pair(left="a", right="b"))) == {"left", "right"}


def test_every_pair_comes_once_for_each_person_and_the_sides_are_by_chance(studio: LittleStudio) -> None:
    runs = made(studio, strength="0.4..0.8 +0.1")
    better = {run: number for number, run in enumerate(runs.values())}
    mine, theirs = (list(votes(studio.place, person, better)) for person in (ANA, BEN))
    pairs_ = sorted(map(sorted, combinations(runs.values(), 2)))
    assert sorted(map(sorted, mine)) == sorted(map(sorted, theirs)) == pairs_
    assert 0 < sum(better[left] < better[right] for left, right in [*mine, *theirs]) < 20
    assert judging.pair(studio.place, SWEEP, ANA) is None


def test_the_pair_stays_until_it_is_voted_on(studio: LittleStudio) -> None:
    made(studio, strength="0.4..0.8 +0.1")
    first = judging.pair(studio.place, SWEEP, ANA)
    assert first is not None
    assert [judging.pair(studio.place, SWEEP, ANA) for _ in range(5)] == [first] * 5
    judging.vote(studio.place, SWEEP, first.left, first.right, Verdict.TIE, ANA)
    assert judging.pair(studio.place, SWEEP, ANA) != first


def test_fewer_than_two_that_can_be_compared_are_said_in_words(studio: LittleStudio) -> None:
    plan(studio, strength="0.5, 0.7")
    first, second = (studio.run(row["id"]) for row in studio.rows("SELECT id FROM runs ORDER BY turn"))
    studio.succeed(first)
    with pytest.raises(NotNow, match="Fewer than two"):
        judging.pair(studio.place, SWEEP, ANA)
    studio.succeed(second)
    assert judging.pair(studio.place, SWEEP, ANA) is not None


def test_what_was_served_by_something_else_or_removed_is_no_part_of_a_pair(studio: LittleStudio) -> None:
    first, second, third = made(studio, strength="0.5, 0.6, 0.7").values()
    with studio.place.database.writing() as tx:
        update(tx, "outputs", {"run_id": first}, {"unfit": "served by another"})
        tx.execute("UPDATE assets SET removed_at = '2026-01-01' WHERE run_id = ?", (second,))
    with pytest.raises(NotNow, match="Fewer than two"):
        judging.pair(studio.place, SWEEP, ANA)
    for other in (first, second, "nothing"):
        with pytest.raises(NotNow, match="cannot be compared"):
            judging.vote(studio.place, SWEEP, other, third, Verdict.LEFT, ANA)
    assert setting(studio, "Strength 0.5").acceptable == 0


def test_a_pair_is_judged_once_also_with_swapped_sides(studio: LittleStudio) -> None:
    first, second = made(studio, strength="0.5, 0.7").values()
    judging.vote(studio.place, SWEEP, first, second, Verdict.LEFT, ANA)
    for sides in ((first, second), (second, first)):
        with pytest.raises(NotNow, match="judged this pair already"):
            judging.vote(studio.place, SWEEP, *sides, Verdict.RIGHT, ANA)
    judging.vote(studio.place, SWEEP, second, first, Verdict.LEFT, BEN)
    assert [row["verdict"] for row in studio.rows("SELECT verdict FROM votes ORDER BY id")] == ["left", "left"]


def test_votes_between_photos_or_within_a_setting_are_refused(studio: LittleStudio) -> None:
    made(studio, ("blue", "red"), strength="0.5, 0.7", seed="1-2")
    by = {(one.cell.at[0], one.cell.values[Axis.STRENGTH], one.cell.values[Axis.SEED]): run_of(one) for one in cells(studio)}
    with pytest.raises(NotNow, match="same photo"):
        judging.vote(studio.place, SWEEP, by[0, "0.5", "1"], by[1, "0.7", "1"], Verdict.LEFT, ANA)
    for other in (by[0, "0.5", "2"], by[0, "0.5", "1"]):
        with pytest.raises(NotNow, match="same settings"):
            judging.vote(studio.place, SWEEP, by[0, "0.5", "1"], other, Verdict.LEFT, ANA)
    with pytest.raises(UnknownName):
        judging.vote(studio.place, "s2", by[0, "0.5", "1"], by[0, "0.7", "1"], Verdict.LEFT, ANA)
    assert studio.rows("SELECT * FROM votes") == []


def test_pictures_that_are_the_very_same_file_are_not_put_side_by_side(studio: LittleStudio) -> None:
    first, second = made(studio, strength="0.5, 0.7").values()
    seen = sweep_view.look(studio.place, SWEEP)
    one, other = (next(cell for cell in seen.cells if run_of(cell) == run) for run in (first, second))
    assert one.made is not None
    assert other.made is not None
    twin = replace(other, made=replace(other.made, whole=one.made.whole))
    assert list(pairs._open([one], [other], frozenset())) == [(one, other)]
    assert list(pairs._open([one], [twin], frozenset())) == []


def test_settings_are_ranked_over_photos_and_seeds_and_a_winner_is_named_only_when_the_votes_bear_it(studio: LittleStudio) -> None:
    made(studio, ("blue", "red"), strength="0.5, 0.6, 0.7", seed="1-3")
    known = {run_of(one): one.cell.values[Axis.STRENGTH] for one in cells(studio)}
    better = {run: {"0.6": 2, "0.5": 1, "0.7": 0}[strength] for run, strength in known.items()}
    cast = votes(studio.place, ANA, better)
    assert standing(studio).words.startswith("Too few votes")
    next(cast)
    assert standing(studio).winner is None
    assert len(list(cast)) == 3 * 2 * 9 - 1
    found = standing(studio)
    assert [one.words for one in found.settings] == ["Strength 0.6", "Strength 0.5", "Strength 0.7"]
    assert found.winner == found.settings[0]
    assert [len(one.run_ids) for one in found.settings] == [6, 6, 6]
    assert (found.votes, found.agreement.share) == ({"Ana": 54}, None)
    first = found.settings[0].standing
    assert first is not None
    assert (first.wins, first.losses) == (36, 0)


def test_settings_without_votes_stand_last_in_the_order_of_the_plan(studio: LittleStudio) -> None:
    runs = made(studio, strength="0.5, 0.6, 0.7, 0.8")
    judging.vote(studio.place, SWEEP, runs["0.7",], runs["0.6",], Verdict.LEFT, ANA)
    assert [one.words for one in standing(studio).settings] == ["Strength 0.7", "Strength 0.6", "Strength 0.5", "Strength 0.8"]
    assert [one.standing is None for one in standing(studio).settings] == [False, False, True, True]


def test_agreement_is_between_people_who_judged_the_same_pair(studio: LittleStudio) -> None:
    runs = made(studio, strength="0.5, 0.6, 0.7")
    judging.vote(studio.place, SWEEP, runs["0.5",], runs["0.6",], Verdict.LEFT, ANA)
    judging.vote(studio.place, SWEEP, runs["0.6",], runs["0.5",], Verdict.RIGHT, BEN)
    judging.vote(studio.place, SWEEP, runs["0.5",], runs["0.7",], Verdict.LEFT, ANA)
    judging.vote(studio.place, SWEEP, runs["0.5",], runs["0.7",], Verdict.TIE, BEN)
    found = standing(studio)
    assert (found.agreement.pairs, found.agreement.agreed, dict(found.agreement.between)) == (2, 1, {("Ana", "Ben"): (2, 1)})
    assert found.votes == {"Ana": 2, "Ben": 2}


def test_likeness_is_that_of_the_face_least_alike_and_weak_ones_are_not_acceptable(studio: LittleStudio) -> None:
    runs = made(studio, strength="0.5", seed="1-3")
    measured(studio, runs["0.5", "1"], 0.3, 0.5)
    measured(studio, runs["0.5", "2"], 0.7)
    found = setting(studio, "Strength 0.5")
    assert (found.likeness, found.likeness_low, found.likeness_spread) == (pytest.approx(0.4), pytest.approx(0.3), pytest.approx(0.1))
    assert (found.acceptable, found.cost_micro_usd, found.cost_per_acceptable_micro_usd) == (2, 30_000, 45_000)


def test_nothing_acceptable_has_no_cost_of_an_acceptable_one(studio: LittleStudio) -> None:
    run = made(studio, strength="0.5")["0.5",]
    measured(studio, run, 0.9)
    assert (setting(studio, "Strength 0.5").acceptable, setting(studio, "Strength 0.5").cost_per_acceptable_micro_usd) == (0, None)


def test_the_dearer_setting_is_worth_it_only_if_it_is_better(studio: LittleStudio) -> None:
    runs = made(studio, model="flux-dev, flux-kontext")
    for number in range(8):
        assert not any(one.efficient for one in standing(studio).settings), "nothing is best on fewer than eight votes"
        judging.vote(studio.place, SWEEP, runs["flux-dev",], runs["flux-kontext",], Verdict.LEFT, Person(name=f"judge {number}"))
    found = standing(studio)
    assert [(one.cost_micro_usd, one.efficient) for one in found.settings] == [(30_000, True), (40_000, False)]
    assert [one.cost_micro_usd for one in found.worth] == [30_000, 40_000]


def test_settings_are_named_by_what_tells_them_apart(studio: LittleStudio) -> None:
    made(studio, style="pixar, ghibli", strength="0.5, 0.7", steps="40", seed="1-2")
    titles = {style.name: style.title for style in studio.place.styles.values()}
    words = {f"{titles[style]} · strength {strength}" for style in ("pixar", "ghibli") for strength in ("0.5", "0.7")}
    assert {one.words for one in standing(studio).settings} == words


def test_what_a_model_ignores_is_no_part_of_a_setting_and_one_picture_is_one_cell(studio: LittleStudio) -> None:
    made(studio, model="flux-dev, flux-kontext", strength="0.5, 0.7")
    dev, kontext = (studio.place.catalogue.find(name).title for name in ("flux-dev", "flux-kontext"))
    found = {one.words: one.cells for one in standing(studio).settings}
    assert found == {f"{dev} · strength 0.5": 1, f"{dev} · strength 0.7": 1, kontext: 1}


def test_a_sweep_of_one_setting_is_named_by_it(studio: LittleStudio) -> None:
    made(studio, seed="1-2")
    assert [one.words for one in standing(studio).settings] == [studio.place.catalogue.find("flux-dev").title]


def test_what_speaks_for_a_cell_goes_with_its_preset(studio: LittleStudio) -> None:
    runs = made(studio, strength="0.5, 0.7")
    measured(studio, runs["0.7",], 0.25)
    judging.rate(studio.place, runs["0.7",], ANA, stars=4)
    judging.vote(studio.place, SWEEP, runs["0.7",], runs["0.5",], Verdict.LEFT, ANA)
    settings, evidence = judging.settings_of_cell(studio.place, runs["0.7",]), judging.evidence(studio.place, SWEEP, runs["0.7",])
    assert evidence["likeness"] == pytest.approx(0.75)
    assert (evidence["mean_stars"], evidence["votes"], evidence["rank"], evidence["cost_micro_usd"]) == (4.0, 1, "place 1 of 2", 30_000)
    preset = presets.make(studio.place, RunKind.AVATAR, settings, ME, sweep=SWEEP, run_id=runs["0.7",], evidence=evidence)
    assert dict(preset.settings) == settings == {
        "style": "pixar@1", "prompt": None, "model": "flux-dev", "strength": 0.7, "steps": 40, "guidance": 7.5,
    }  # fmt: skip


def test_a_cell_that_is_not_made_has_no_evidence(studio: LittleStudio) -> None:
    plan(studio, strength="0.5")
    [row] = studio.rows("SELECT id FROM runs")
    with pytest.raises(NotNow):
        judging.evidence(studio.place, SWEEP, row["id"])
    with pytest.raises(NotNow):
        judging.settings_of_cell(studio.place, row["id"])


def test_a_vote_that_is_taken_back_counts_no_more_stays_written_and_its_pair_comes_again(studio: LittleStudio) -> None:
    made(studio, strength="0.5, 0.6, 0.7")
    first = pairs.pair(studio.place, SWEEP, ANA)
    assert first is not None
    judging.vote(studio.place, SWEEP, first.left, first.right, Verdict.LEFT, ANA)
    assert pairs.take_back(studio.place, SWEEP, ANA) == first
    assert (len(studio.rows("SELECT * FROM votes")), standing(studio).votes) == (1, {})
    assert pairs.pair(studio.place, SWEEP, ANA) == first
    judging.vote(studio.place, SWEEP, first.left, first.right, Verdict.RIGHT, ANA)
    assert standing(studio).votes == {"Ana": 1}
    with pytest.raises(NotNow, match="no vote to take back"):
        pairs.take_back(studio.place, SWEEP, BEN)


def test_two_styles_meet_only_when_that_is_asked_for(studio: LittleStudio) -> None:
    made(studio, style="pixar, ghibli", strength="0.5, 0.7")
    style = {run_of(one): one.cell.values[Axis.STYLE] for one in cells(studio)}
    within = list(votes(studio.place, ANA, dict.fromkeys(style, 0)))
    assert len(within) == 2
    assert all(style[left] == style[right] for left, right in within)
    asked = pairs.pair(studio.place, SWEEP, ANA, across_styles=True)
    assert asked is not None
    assert style[asked.left] != style[asked.right]


def test_where_only_styles_differ_it_is_said_how_to_ask_for_them(studio: LittleStudio) -> None:
    made(studio, style="pixar, ghibli")
    with pytest.raises(NotNow, match="Only styles differ"):
        pairs.pair(studio.place, SWEEP, ANA)
    assert pairs.pair(studio.place, SWEEP, ANA, across_styles=True) is not None


def test_each_style_has_a_ranking_of_its_own_while_no_vote_crosses_them(studio: LittleStudio) -> None:
    runs = made(studio, style="pixar, ghibli", strength="0.5, 0.7")
    judging.vote(studio.place, SWEEP, runs["pixar", "0.5"], runs["pixar", "0.7"], Verdict.LEFT, ANA)
    found = standing(studio)
    assert set(found.rankings) == {"Pixar 3D", "Ghibli"}
    assert "Pixar 3D: Too few votes: 1 of at least 8" in found.words
    assert "Ghibli: Too few votes: there are none yet." in found.words
    judging.vote(studio.place, SWEEP, runs["pixar", "0.5"], runs["ghibli", "0.5"], Verdict.LEFT, ANA)
    assert set(standing(studio).rankings) == {""}
