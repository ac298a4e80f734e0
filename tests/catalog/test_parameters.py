"""Everything that can be refused is refused before upload and money."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog import arguments_for, load_catalogue
from pipeline.catalog.parameters import HIGHEST_SEED, check_seed
from pipeline.errors import BadParameter, BadPrompt
from pipeline.settings import SHIPPED
from tests.examples import few

CATALOGUE = load_catalogue(SHIPPED / "models")
FLUX, KONTEXT, KLING, WAN = (CATALOGUE.find(name) for name in ("flux-dev", "flux-kontext", "kling-2.6", "wan-2.1"))
WORDS = "a portrait of two people"


def _ask(model, prompt=WORDS, seed=1, **given):
    return arguments_for(model, prompt, given, seed=seed if model.takes_seed else None)


def test_an_avatar_is_asked_for_with_the_plan_s_numbers_and_an_explicit_seed():
    asked = dict(_ask(FLUX, seed=7).arguments)
    numbers = {"strength": 0.6, "num_inference_steps": 40, "guidance_scale": 7.5, "seed": 7, "num_images": 1}
    assert numbers.items() <= asked.items()
    assert asked["enable_safety_checker"] is True


def test_a_clip_is_asked_for_silent_and_five_seconds_long():
    asked = _ask(KLING).arguments
    assert (asked["duration"], asked["generate_audio"], KLING.photo_field) == ("5", False, "start_image_url")
    assert "seed" not in asked


@pytest.mark.parametrize("strength", [1.4, 0, -0.5, math.nan, math.inf, -math.inf, "NaN", "strong", "", "0,6", True, Decimal("1.0001"), [0.6], "1e5"])
def test_a_strength_outside_its_range_is_refused_with_the_range(strength):
    with pytest.raises(BadParameter) as caught:
        _ask(FLUX, strength=strength)
    assert "0.01 to 1" in caught.value.say
    assert "0.5 to 0.7 is recommended" in caught.value.next
    assert caught.value.charged is False


@few
@given(strength=st.floats(0.01, 1))
def test_a_strength_inside_its_range_arrives_as_it_was_given(strength):
    assert _ask(FLUX, strength=strength).arguments["strength"] == strength


@few
@given(strength=st.one_of(st.floats(max_value=0.0099), st.floats(min_value=1.0001)))
def test_no_strength_outside_its_range_arrives(strength):
    with pytest.raises(BadParameter):
        _ask(FLUX, strength=strength)


@pytest.mark.parametrize("steps", [9, 51, 40.5, "40.5", math.nan])
def test_steps_are_whole_and_within_ten_to_fifty(steps):
    with pytest.raises(BadParameter):
        _ask(FLUX, steps=steps)


@pytest.mark.parametrize("steps", [10, "25", 50.0])
def test_whole_steps_are_sent_as_whole_numbers(steps):
    sent = _ask(FLUX, steps=steps).arguments["num_inference_steps"]
    assert (sent, type(sent)) == (int(float(steps)), int)


@pytest.mark.parametrize("seed", [-1, HIGHEST_SEED + 1, None, 1.5, "7", True, math.nan])
def test_a_seed_outside_its_range_is_refused(seed):
    with pytest.raises(BadParameter, match="2147483647"):
        check_seed(seed)


@pytest.mark.parametrize("seed", [0, 1, HIGHEST_SEED])
def test_every_seed_in_its_range_is_taken(seed):
    assert _ask(FLUX, seed=seed).arguments["seed"] == seed


@pytest.mark.parametrize("prompt", ["", "too short", " " * 40, "x" * 1001, "   short   \n"])
def test_a_prompt_is_ten_to_a_thousand_characters(prompt):
    with pytest.raises(BadPrompt, match="10 to 1,000"):
        _ask(FLUX, prompt=prompt)


@pytest.mark.parametrize("prompt", ["x" * 10, "ü" * 1000, "幸せな二人の肖像画です。"])
def test_a_prompt_of_any_script_is_counted_in_characters(prompt):
    assert _ask(FLUX, prompt=prompt).arguments["prompt"] == prompt


def test_a_setting_the_model_does_not_have_is_refused_not_ignored():
    with pytest.raises(BadParameter, match="no setting named strength") as caught:
        _ask(KONTEXT, strength=0.5)
    assert caught.value.next == "It has: guidance."


def test_a_choice_that_is_not_offered_is_refused_with_what_is():
    with pytest.raises(BadParameter) as caught:
        _ask(WAN, resolution="1080p")
    assert caught.value.next == "Choose one of: 480p, 720p."


def test_what_is_not_recommended_is_said_but_not_refused():
    assert _ask(FLUX, strength=0.9).warnings == ("strength 0.9 is outside the recommended 0.5 to 0.7.",)
    assert _ask(FLUX, strength=0.6).warnings == ()


def test_a_seed_for_a_model_without_one_is_said():
    assert arguments_for(KLING, WORDS, {}, seed=5).warnings == ("Kling 2.6 Pro image-to-video has no seed: every take differs.",)


@pytest.mark.parametrize("name", sorted(CATALOGUE.models))
def test_every_model_s_defaults_are_what_it_takes(name):
    model = CATALOGUE.find(name)
    asked = _ask(model).arguments
    assert {parameter.field for parameter in model.parameters.values()} <= set(asked)
    assert ("seed" in asked) == model.takes_seed
