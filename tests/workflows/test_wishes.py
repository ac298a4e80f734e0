"""A wish is decided whole when it is asked for, so that a run means the same a year later."""

import json

import pytest

from pipeline.catalog import load_catalogue
from pipeline.errors import BadParameter, BadPrompt, UnknownName, WrongTool
from pipeline.prompts import load_styles
from pipeline.records import Asset, AssetKind, RunKind
from pipeline.settings import SHIPPED
from pipeline.workflows.wishes import AvatarWish, ClipWish, resolve_avatar, resolve_clip, wanted

CATALOGUE, STYLES = load_catalogue(SHIPPED / "models"), load_styles(SHIPPED / "prompts")
CROP = Asset(scope="c", kind=AssetKind.CROP, media_type="image/jpeg", sha256="a" * 64, width_px=1024, height_px=1024)


def avatar(**wish):
    return resolve_avatar(CATALOGUE, STYLES, AvatarWish(**wish))


def clip(**wish):
    return resolve_clip(CATALOGUE, STYLES, ClipWish(**wish))


def test_an_avatar_without_a_word_is_the_plan_s_avatar():
    settings = avatar(seed=7).settings
    assert (settings["model"], settings["style"], settings["seed"]) == ("flux-dev", "pixar@1", 7)
    assert settings["parameters"] == {"strength": 0.6, "steps": 40, "guidance": 7.5}
    assert settings["prompt"] == STYLES["pixar@1"].text


def test_a_clip_without_a_word_is_the_plan_s_clip():
    settings = clip().settings
    assert (settings["model"], settings["style"], settings["seed"], settings["take"]) == ("kling-2.6", "gentle@1", None, 1)
    assert (settings["loop"], settings["portrait"], settings["parameters"]) == (True, False, {})


def test_a_missing_seed_is_drawn_and_recorded():
    seeds = {avatar().settings["seed"] for _ in range(20)}
    assert len(seeds) == 20
    assert all(0 <= seed <= 2**31 - 1 for seed in seeds)


def test_what_is_kept_survives_being_written_down():
    for resolved in (avatar(strength=0.55, seed=1), clip(model="wan-2.1", resolution="720p", seed=3)):
        assert json.loads(json.dumps(dict(resolved.settings))) == resolved.settings


def test_the_words_are_kept_not_only_the_name_of_their_style():
    newer = {**STYLES, "pixar@1": STYLES["ghibli@1"]}
    kept = avatar(seed=1).settings
    assert wanted(CATALOGUE, RunKind.AVATAR, kept, CROP).arguments["prompt"] == STYLES["pixar@1"].text
    assert resolve_avatar(CATALOGUE, newer, AvatarWish(style="ghibli", seed=1)).settings["prompt"] != kept["prompt"]


def test_settings_and_photo_make_the_same_request_every_time():
    kept = avatar(seed=1).settings
    assert wanted(CATALOGUE, RunKind.AVATAR, kept, CROP) == wanted(CATALOGUE, RunKind.AVATAR, kept, CROP)
    assert wanted(CATALOGUE, RunKind.AVATAR, kept, CROP).photo == CROP.sha256


def test_remarks_do_not_block():
    assert len(avatar(strength=0.9, seed=1).warnings) == 1
    assert any("cartoon" in remark for remark in avatar(prompt="a cartoon of the two of them", seed=1).warnings)
    assert clip(seed=5).warnings == ("Kling 2.6 Pro image-to-video has no seed: every take differs.",)
    assert clip(seed=5).settings["seed"] is None


@pytest.mark.parametrize(
    ("wish", "refused"),
    [
        ({"strength": 1.4}, BadParameter),
        ({"strength": float("nan")}, BadParameter),
        ({"strength": "strong"}, BadParameter),
        ({"steps": 9}, BadParameter),
        ({"guidance": 21}, BadParameter),
        ({"seed": 2**31}, BadParameter),
        ({"seed": -1}, BadParameter),
        ({"style": "cubist"}, UnknownName),
        ({"model": "flux-devil"}, UnknownName),
        ({"model": "flux-pro"}, WrongTool),
        ({"model": "kling-2.6"}, WrongTool),
        ({"model": "flux-kontext", "strength": 0.6}, BadParameter),
        ({"prompt": "short"}, BadPrompt),
        ({"prompt": ""}, BadPrompt),
        ({"prompt": "x" * 1001}, BadPrompt),
    ],
)
def test_an_avatar_that_cannot_be_is_refused(wish, refused):
    with pytest.raises(refused) as caught:
        avatar(**wish)
    assert caught.value.charged is False


@pytest.mark.parametrize(
    ("wish", "refused"),
    [
        ({"resolution": "720p"}, BadParameter),
        ({"model": "wan-2.1", "resolution": "1080p"}, BadParameter),
        ({"model": "flux-dev"}, WrongTool),
        ({"motion": "pixar"}, UnknownName),
        ({"prompt": "too short"}, BadPrompt),
        ({"model": "wan-2.1", "steps": 41}, BadParameter),
    ],
)
def test_a_clip_that_cannot_be_is_refused(wish, refused):
    with pytest.raises(refused):
        clip(**wish)
