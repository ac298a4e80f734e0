"""The words that are sent keep people who they are, and say which template they came from."""

import pytest

from pipeline.errors import BadModelFile, UnknownName
from pipeline.prompts import avatar_prompt, load_styles, motion_prompt, prompt_warnings
from pipeline.settings import SHIPPED

STYLES = load_styles(SHIPPED / "prompts")
TWO = 'name = "pixar"\ntitle = "Pixar"\npurpose = "avatar"\n[[versions]]\nversion = 1\ntext = "one"\n[[versions]]\nversion = 2\ntext = "two"\n'
AVATARS = [style.id for style in STYLES.values() if style.purpose == "avatar"]


@pytest.mark.parametrize("style", AVATARS)
@pytest.mark.parametrize("kept", ["facial features", "face shape", "skin tone", "hair", "expression", "warm", "romantic", "wedding"])
def test_every_style_keeps_the_person_and_the_occasion(style, kept):
    assert kept in STYLES[style].text.lower()


@pytest.mark.parametrize("style", STYLES)
def test_no_shipped_words_push_away_from_the_person(style):
    assert prompt_warnings(STYLES[style].text) == ()
    assert 10 <= len(STYLES[style].text) <= 1000


def test_both_styles_and_the_gentle_motion_are_shipped():
    assert set(STYLES) == {"pixar@1", "ghibli@1", "gentle@1"}


def test_the_motion_is_gentle_and_its_camera_stands_still():
    text = motion_prompt(STYLES).text.lower()
    assert "barely noticeable" in text
    assert "camera does not move" in text


@pytest.mark.parametrize(
    "words", ["a CARTOON of them", "caricatures, please", "make it cartoonish", "cartoon-like", "cartoony fun", "as caricatured people"]
)
def test_words_that_exaggerate_give_a_warning_not_a_refusal(words):
    prompt = avatar_prompt(STYLES, "pixar", words)
    assert len(prompt.warnings) == 1
    assert (prompt.style, prompt.text) == ("free", words)
    assert motion_prompt(STYLES, "gentle", words).warnings == prompt.warnings


@pytest.mark.parametrize("words", ["an animated portrait", "a carton of milk", "characters in a garden", "muncartoonable"])
def test_other_words_give_none(words):
    assert prompt_warnings(words) == ()


def test_a_word_is_warned_of_once():
    assert len(prompt_warnings("cartoon, Cartoon, cartoons")) == 1
    assert len(prompt_warnings("cartoon or caricature")) == 2


def test_the_newest_version_is_the_first_choice_and_old_ones_stay(tmp_path):
    (tmp_path / "pixar.toml").write_text(TWO)
    styles = load_styles(tmp_path)
    assert [avatar_prompt(styles, name).text for name in ("pixar", "pixar@1", "pixar@2")] == ["two", "one", "two"]
    assert avatar_prompt(styles, "pixar").style == "pixar@2"


def test_a_misspelt_style_gets_the_nearest_one():
    with pytest.raises(UnknownName) as caught:
        avatar_prompt(STYLES, "pixer")
    assert caught.value.next == "Did you mean 'pixar'?"


def test_a_motion_is_no_style():
    with pytest.raises(UnknownName):
        avatar_prompt(STYLES, "gentle")
    with pytest.raises(UnknownName):
        motion_prompt(STYLES, "pixar")


@pytest.mark.parametrize(
    "text", [TWO.replace("version = 2", "version = 1"), TWO.replace('text = "two"', ""), "name = ", "name = 'x'", TWO.replace('"two"', "2")]
)
def test_a_wrong_file_is_named(tmp_path, text):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(BadModelFile, match=r"^mine\.toml"):
        load_styles(tmp_path)
