"""The settings of a run read like words, two runs compare row by row, and the same settings can be asked for again."""

from dataclasses import replace

import pytest

from pipeline.catalog import Job
from pipeline.records import Decision, RunKind
from pipeline.studio import comparing, portraits, reviews
from pipeline.studio.comparing import Side
from pipeline.workflows.wishes import AvatarWish, ClipWish, resolve_avatar, resolve_clip
from tests.little_studio import CASE, ME, OWNER, LittleStudio


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


def avatar(studio, run_id="r-1", **wish):
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(**wish), ME, run_id=run_id).run


def clip(studio, run_id="c-1", **wish):
    if studio.case().avatar is None:
        reviews.decide_on(studio.place, studio.succeed(avatar(studio, "r-0", seed=0)), OWNER, Decision.APPROVED, ME)
    return portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(**wish), ME, run_id=run_id).run


def words(studio, run):
    return {one.name: one.value for one in comparing.settings_of(studio.place, run)}


def test_an_avatar_s_settings_read_like_words(studio):
    said = words(studio, avatar(studio, seed=7, strength=0.55))
    assert list(said) == ["Model", "Style", "Strength", "Steps", "Guidance", "Seed", "Prompt"]
    assert (said["Model"], said["Style"], said["Strength"], said["Steps"], said["Seed"]) == (
        "FLUX.1 [dev] image-to-image",
        "Pixar 3D",
        "0.55",
        "40",
        "7",
    )


def test_a_clip_s_settings_read_like_words(studio):
    said = words(studio, clip(studio, portrait=True, loop=False, prompt="they wave gently"))
    assert (said["Motion"], said["Seed"], said["Loops"], said["Prompt"]) == ("own words", "none", "no", "they wave gently")
    assert said["Shape"] == "upright, 720 × 960 px"


def test_a_model_or_style_that_is_gone_keeps_its_name(studio):
    run = avatar(studio)
    gone = replace(run, settings={**run.settings, "model": "retired-1", "style": "noir@3"})
    assert (words(studio, gone)["Model"], words(studio, gone)["Style"]) == ("retired-1", "noir@3")


def test_two_runs_differ_where_they_differ_and_nowhere_else(studio):
    one, other = avatar(studio, "r-1", seed=1, strength=0.5), avatar(studio, "r-2", seed=1, model="flux-kontext")
    rows = {row.name: row for row in comparing.difference(studio.place, one, other)}
    assert {name for name, row in rows.items() if not row.same} == {"Model", "Strength", "Steps", "Guidance"}
    assert (rows["Strength"].left, rows["Strength"].right) == ("0.5", "—")
    assert rows["Prompt"].pieces == ()
    assert list(rows)[-1] == "Prompt"


def test_prompts_are_compared_word_by_word(studio):
    one = avatar(studio, "r-1", prompt="a warm golden portrait of them")
    other = avatar(studio, "r-2", prompt="a cold silver portrait of them both")
    pieces = comparing.difference(studio.place, one, other)[-1].pieces
    assert pieces == (
        (Side.BOTH, "a"),
        (Side.LEFT, " warm golden"),
        (Side.RIGHT, " cold silver"),
        (Side.BOTH, " portrait of them"),
        (Side.RIGHT, " both"),
    )
    assert "".join(text for side, text in pieces if side is not Side.RIGHT) == "a warm golden portrait of them"


def test_an_avatar_and_a_clip_compare_too(studio):
    rows = {row.name: row for row in comparing.difference(studio.place, avatar(studio, seed=3), clip(studio))}
    assert (rows["Loops"].left, rows["Loops"].right) == ("—", "yes")
    assert (rows["Style"].left, rows["Style"].right) == ("Pixar 3D", "—")


def wishes(studio):
    for model in studio.place.catalogue.models.values():
        if model.job is Job.AVATAR:
            yield AvatarWish(model=model.name, style="ghibli", guidance=4.0)
            yield AvatarWish(model=model.name, prompt="their own words for it", seed=5)
        elif model.job is Job.CLIP:
            resolution = str(model.parameters["resolution"].choices[-1]) if "resolution" in model.parameters else None
            yield ClipWish(model=model.name, resolution=resolution, portrait=True, loop=False, take=3)
            yield ClipWish(model=model.name, prompt="they wave at the guests")


def test_the_wish_of_a_run_asks_for_the_same_settings_again(studio):
    run, tried = avatar(studio), 0
    for wish in wishes(studio):
        kind, resolve = (RunKind.AVATAR, resolve_avatar) if isinstance(wish, AvatarWish) else (RunKind.CLIP, resolve_clip)
        settings = resolve(studio.place.catalogue, studio.place.styles, wish).settings
        again = comparing.wish_of(replace(run, kind=kind, settings=settings))
        assert resolve(studio.place.catalogue, studio.place.styles, again).settings == settings
        tried += 1
    assert tried > 10


def test_the_same_settings_again_cost_nothing_and_another_seed_does(studio):
    run = avatar(studio, strength=0.65)
    studio.succeed(run)
    wish = comparing.wish_of(run)
    portraits.ask_avatar(studio.place, CASE, OWNER, wish, ME, run_id="r-2")
    assert len(studio.rows("SELECT 1 FROM calls")) == 1
    portraits.ask_avatar(studio.place, CASE, OWNER, replace(wish, seed=None), ME, run_id="r-3")
    assert len(studio.rows("SELECT 1 FROM calls")) == 2
