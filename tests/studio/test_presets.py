"""A preset is what support begins with: set from a sweep, appended, never overwritten, left again in one step, honest about what has changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipeline.catalog import Catalogue
from pipeline.catalog.models import Model
from pipeline.database import update
from pipeline.errors import BadParameter, BadPrompt, NotAllowed, NotNow, OutOfDate, StudioError, UnknownName, WrongTool
from pipeline.records import Decision, Person, Role, RunKind
from pipeline.studio import offers, portraits, presets, reviews, samples
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

AVATAR, CLIP = RunKind.AVATAR, RunKind.CLIP
PIXAR = {"style": "pixar@1", "model": "flux-dev", "strength": 0.55, "steps": 32, "guidance": 6.5}
GHIBLI = {"style": "ghibli@1", "model": "flux-dev", "strength": 0.65}
EVIDENCE = {"likeness": 0.61, "mean_stars": 4.2, "votes": 12, "rank": "first of 5, ahead of the second", "cost_micro_usd": 30_000}


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio", customer=True)


def make(studio: LittleStudio, settings: Mapping[str, Any] = PIXAR, kind: RunKind = AVATAR, by: Person = ME, **more: Any) -> presets.Preset:
    return presets.make(studio.place, kind, settings, by, **more)


def changed(studio: LittleStudio, **changes: Any) -> None:
    """Let a day come on which FLUX [dev] is another."""
    models = dict(studio.place.catalogue.models)
    model = models.pop("flux-dev")
    if changes:
        models["flux-dev"] = replace(model, **changes)
    studio.place.__dict__["catalogue"] = Catalogue(models=models)


def flux(studio: LittleStudio) -> Model:
    return studio.place.catalogue.find("flux-dev")


def test_before_the_first_preset_the_built_in_settings_are_used(studio: LittleStudio) -> None:
    assert presets.current(studio.place, AVATAR) is None
    assert presets.history(studio.place, AVATAR) == ()
    assert (presets.wish(studio.place, AVATAR), presets.wish(studio.place, CLIP)) == (AvatarWish(), ClipWish())


def test_a_preset_keeps_settings_sweep_evidence_who_and_when(studio: LittleStudio) -> None:
    made = make(studio, by=Person(name="Ana"), sweep="s-1", run_id="c-1", evidence=EVIDENCE, note=" won twice ")
    assert presets.current(studio.place, AVATAR) == made
    assert made.settings == {**PIXAR, "prompt": None}
    assert (made.kind, made.sweep, made.run_id, made.evidence, made.note, made.person) == (AVATAR, "s-1", "c-1", EVIDENCE, "won twice", "Ana")
    assert made.at[:10] == datetime.now(UTC).date().isoformat()
    assert presets.wish(studio.place, AVATAR) == AvatarWish(style="pixar@1", model="flux-dev", strength=0.55, steps=32, guidance=6.5)


def test_every_value_is_written_down_so_that_a_default_that_changes_later_changes_no_preset(studio: LittleStudio) -> None:
    assert make(studio, {"style": "ghibli"}).settings == {
        "style": "ghibli@1",
        "prompt": None,
        "model": "flux-dev",
        "strength": 0.6,
        "steps": 40,
        "guidance": 7.5,
    }


def test_a_preset_of_clips_and_one_of_avatars_stand_side_by_side(studio: LittleStudio) -> None:
    make(studio)
    clips = make(studio, {"motion": "gentle", "model": "wan-2.1", "resolution": "480p"}, CLIP)
    assert clips.settings["resolution"] == "480p"
    assert presets.wish(studio.place, AVATAR) != AvatarWish()
    wish = presets.clip_wish(studio.place)
    assert (wish.motion, wish.model, wish.resolution, wish.seed, wish.take) == ("gentle@1", "wan-2.1", "480p", None, 1)


def test_own_words_are_a_preset_too(studio: LittleStudio) -> None:
    words = "A hand-painted portrait in warm light, unmistakably them."
    made = make(studio, {"style": "free", "prompt": words, "model": "flux-dev"})
    assert (made.settings["style"], made.settings["prompt"]) == ("free", words)
    asked = portraits.ask_avatar(studio.place, CASE, OWNER, presets.avatar_wish(studio.place), ME, run_id="r").run
    assert (asked.settings["style"], asked.settings["prompt"]) == ("free", words)
    assert presets.troubles(studio.place, made) == ()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"style": "pixar", "model": "no-such"}, UnknownName),
        ({"style": "no-such", "model": "flux-dev"}, UnknownName),
        ({"style": "pixar", "model": "kling-2.6"}, WrongTool),
        ({**PIXAR, "strength": 1.4}, BadParameter),
        ({**PIXAR, "steps": 30.5}, BadParameter),
        ({**PIXAR, "seed": 7}, BadParameter),
        ({**PIXAR, "resolution": "480p"}, BadParameter),
        ({"style": "free", "model": "flux-dev"}, BadPrompt),
        ({"style": "free", "prompt": "  ", "model": "flux-dev"}, BadPrompt),
    ],
)
def test_what_could_not_be_bought_becomes_no_preset(studio: LittleStudio, settings: Mapping[str, Any], error: type[StudioError]) -> None:
    before = studio.dump()
    with pytest.raises(error):
        make(studio, settings)
    assert studio.dump() == before


def test_only_an_admin_sets_and_leaves_presets(studio: LittleStudio) -> None:
    made = make(studio)
    make(studio, GHIBLI)
    before = studio.dump()
    maker = Person(name="Bea", roles=frozenset(Role) - {Role.ADMIN})
    with pytest.raises(NotAllowed):
        make(studio, GHIBLI, by=maker)
    with pytest.raises(NotAllowed):
        presets.go_back(studio.place, AVATAR, maker, leaving=made.id + 1)
    assert studio.dump() == before


def test_an_overlong_note_is_refused(studio: LittleStudio) -> None:
    with pytest.raises(BadParameter):
        make(studio, note="x" * 1001)
    assert make(studio, note="x" * 1000).note == "x" * 1000


def test_pressed_twice_it_is_one_preset(studio: LittleStudio) -> None:
    first = make(studio, sweep="s-1", run_id="c-1", evidence=EVIDENCE)
    assert make(studio, sweep="s-1", run_id="c-1", evidence={**EVIDENCE, "votes": 13}) == first
    assert make(studio, sweep="s-1", run_id="c-2") != first
    assert len(presets.history(studio.place, AVATAR)) == 2


def test_one_step_leads_back_and_appends_what_was_before_with_its_evidence(studio: LittleStudio) -> None:
    before = make(studio, by=Person(name="Ana"), sweep="s-1", run_id="c-1", evidence=EVIDENCE)
    left = make(studio, GHIBLI)
    back = presets.go_back(studio.place, AVATAR, Person(name="Ben"), leaving=left.id)
    assert (back.settings, back.sweep, back.run_id, back.evidence) == (before.settings, "s-1", "c-1", EVIDENCE)
    assert (back.person, back.note) == ("Ben", f"Returned to preset {before.id}, set by Ana.")
    assert presets.history(studio.place, AVATAR) == (back, left, before)
    assert presets.history(studio.place, AVATAR, limit=1) == (back,)


def test_pressing_the_way_back_twice_from_one_screen_goes_back_once(studio: LittleStudio) -> None:
    make(studio)
    left = make(studio, GHIBLI)
    back = presets.go_back(studio.place, AVATAR, ME, leaving=left.id)
    assert presets.go_back(studio.place, AVATAR, ME, leaving=left.id) == back
    assert len(presets.history(studio.place, AVATAR)) == 3
    again = presets.go_back(studio.place, AVATAR, ME, leaving=back.id)
    assert again.settings == left.settings, "from the new screen it leads to the one that was left"


def test_the_way_back_is_not_taken_where_somebody_set_another_one_meanwhile(studio: LittleStudio) -> None:
    make(studio)
    left = make(studio, GHIBLI)
    make(studio, {**PIXAR, "strength": 0.7}, by=Person(name="Ben"))
    before = studio.dump()
    with pytest.raises(OutOfDate):
        presets.go_back(studio.place, AVATAR, ME, leaving=left.id)
    assert studio.dump() == before


def test_a_colleague_s_step_back_is_not_mistaken_for_one_s_own(studio: LittleStudio) -> None:
    make(studio)
    left = make(studio, GHIBLI)
    presets.go_back(studio.place, AVATAR, Person(name="Ben"), leaving=left.id)
    with pytest.raises(OutOfDate):
        presets.go_back(studio.place, AVATAR, ME, leaving=left.id)


def test_there_is_no_way_back_from_the_first_one_nor_from_none_nor_from_another_kind(studio: LittleStudio) -> None:
    with pytest.raises(OutOfDate):
        presets.go_back(studio.place, AVATAR, ME, leaving=1)
    made = make(studio)
    with pytest.raises(NotNow, match="no preset before"):
        presets.go_back(studio.place, AVATAR, ME, leaving=made.id)
    make(studio, {"motion": "gentle"}, CLIP)
    with pytest.raises(OutOfDate):
        presets.go_back(studio.place, CLIP, ME, leaving=made.id)


def test_a_preset_in_good_order_has_no_troubles(studio: LittleStudio) -> None:
    assert presets.troubles(studio.place, make(studio)) == ()
    assert presets.troubles(studio.place, make(studio, {"motion": "gentle"}, CLIP)) == ()


def test_a_preset_whose_model_is_gone_is_not_used_and_says_so(studio: LittleStudio) -> None:
    made = make(studio, {"style": "pixar", "model": "flux-kontext"})
    models = {name: model for name, model in studio.place.catalogue.models.items() if name != "flux-kontext"}
    studio.place.__dict__["catalogue"] = Catalogue(models=models)
    assert presets.wish(studio.place, AVATAR) == AvatarWish()
    (said,) = presets.troubles(studio.place, made)
    assert said == "There is no model named 'flux-kontext'. So this preset is not used now: the built-in settings are."
    assert presets.current(studio.place, AVATAR) == made


def test_a_setting_outside_the_model_s_limits_of_now_is_said_and_not_used(studio: LittleStudio) -> None:
    made = make(studio)
    parameters = dict(flux(studio).parameters)
    changed(studio, parameters={**parameters, "steps": replace(parameters["steps"], high=parameters["steps"].low, default=10)})
    (said,) = presets.troubles(studio.place, made)
    assert said.startswith("steps 32 is outside 10 to 10.")
    assert presets.wish(studio.place, AVATAR) == AvatarWish()


def test_a_style_with_a_newer_version_is_said_and_the_preset_keeps_its_own(studio: LittleStudio) -> None:
    made = make(studio)
    newer = replace(studio.place.styles["pixar@1"], version=2, text="Another portrait of them, in other words.")
    studio.place.__dict__["styles"] = {**studio.place.styles, "pixar@2": newer}
    assert presets.troubles(studio.place, made) == ("The style Pixar 3D has a newer version: 2 instead of 1.",)
    assert presets.avatar_wish(studio.place).style == "pixar@1"


def test_a_style_that_is_gone_is_said_and_not_used(studio: LittleStudio) -> None:
    made = make(studio, GHIBLI)
    studio.place.__dict__["styles"] = {name: style for name, style in studio.place.styles.items() if name != "ghibli@1"}
    (said,) = presets.troubles(studio.place, made)
    assert said.startswith("There is no style named 'ghibli@1'.")
    assert presets.wish(studio.place, AVATAR) == AvatarWish()


def test_a_price_that_moved_since_is_said_and_the_preset_is_used_on(studio: LittleStudio) -> None:
    made = make(studio)
    with studio.place.database.writing() as tx:
        update(tx, "presets", {"id": made.id}, {"at": "2026-04-02T10:00:00.000000+00:00"})
    (old,) = flux(studio).prices
    changed(studio, prices=(old, replace(old, id="new", valid_from=date(2026, 4, 3), micro_usd=45_000)))
    known = presets.current(studio.place, AVATAR)
    assert known is not None
    assert presets.price_then_and_now(studio.place, known) == (30_000, 45_000)
    assert presets.troubles(studio.place, known) == ("Its price has moved: a picture costs $0.045 instead of $0.03.",)
    assert presets.avatar_wish(studio.place).strength == 0.55


def test_where_no_price_of_either_day_is_known_none_has_moved(studio: LittleStudio) -> None:
    made = make(studio)
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    changed(studio, prices=(replace(flux(studio).prices[0], valid_from=tomorrow),))
    assert presets.price_then_and_now(studio.place, made) is None
    assert presets.troubles(studio.place, made) == ()


def test_an_offer_begins_with_the_preset_s_model_and_names_where_it_comes_from(studio: LittleStudio) -> None:
    studio.as_cell(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, run_id="c-1").run, "spring")
    made = make(studio, {"style": "pixar", "model": "flux-kontext"}, sweep="spring", run_id="c-1")
    with studio.place.database.reading() as db:
        found = offers.offer(studio.place, db, studio.case(), AVATAR, ME)
        assert (found.models[0].name, found.preset, found.preset_sweep, found.troubles) == ("flux-kontext", made, "spring presets", ())
        assert offers.offer(studio.place, db, studio.case(), CLIP, ME).preset is None


def test_an_offer_whose_preset_is_of_no_use_begins_as_usual_and_says_why(studio: LittleStudio) -> None:
    make(studio, {"style": "pixar", "model": "flux-kontext"})
    models = {name: model for name, model in studio.place.catalogue.models.items() if name != "flux-kontext"}
    studio.place.__dict__["catalogue"] = Catalogue(models=models)
    with studio.place.database.reading() as db:
        found = offers.offer(studio.place, db, studio.case(), AVATAR, ME)
    assert (found.models[0].name, found.preset, len(found.troubles)) == ("flux-dev", None, 1)


def test_the_sample_portrait_is_made_with_the_preset(studio: LittleStudio) -> None:
    make(studio)
    run = samples.ask_sample(studio.place, 1, ME).run
    assert (run.settings["style"], run.settings["parameters"]["strength"], run.settings["parameters"]["steps"]) == ("pixar@1", 0.55, 32)


def test_a_preset_changes_nothing_that_was_made_before(studio: LittleStudio) -> None:
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, run_id="r").run
    avatar = studio.succeed(run)
    reviews.decide_on(studio.place, avatar, OWNER, Decision.APPROVED, ME)
    before = studio.run(run), studio.case()
    make(studio, GHIBLI)
    assert (studio.run(run), studio.case()) == before


@given(
    strength=some.integers(1, 100).map(lambda n: n / 100),
    steps=some.integers(10, 50),
    guidance=some.integers(10, 200).map(lambda n: n / 10),
    style=some.sampled_from(["pixar", "ghibli@1"]),
)
def test_whatever_is_set_is_what_support_begins_with(kept: LittleStudio, strength: float, steps: int, guidance: float, style: str) -> None:
    made = make(kept, {"style": style, "model": "flux-dev", "strength": strength, "steps": steps, "guidance": guidance})
    wish = presets.avatar_wish(kept.place)
    assert (wish.strength, wish.steps, wish.guidance) == (strength, steps, guidance)
    assert presets.settings_of(made)["parameters"] == {"strength": strength, "steps": steps, "guidance": guidance}
    assert wish.style == presets.settings_of(made)["style"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> LittleStudio:
    return LittleStudio(tmp_path_factory.mktemp("presets") / "studio")
