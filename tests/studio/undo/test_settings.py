"""A preset is taken back by a new row, and the built-in settings can be returned to at any time."""

from pipeline.records import Person, RunKind
from pipeline.studio import presets
from pipeline.studio.undo import back, settings
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import ME, LittleStudio

AVATAR = RunKind.AVATAR


def undo_says(studio: LittleStudio, press: str) -> list[str]:
    return [error.say for error in back.undo(studio.place, press, ME).refused]


def test_the_first_preset_undone_leaves_the_built_in_settings(studio: LittleStudio) -> None:
    settings.make_preset(studio.place, AVATAR, {"strength": 0.6}, ME, press="one")
    assert presets.avatar_wish(studio.place).strength == 0.6
    assert undo_says(studio, "one") == []
    assert (presets.current(studio.place, AVATAR), presets.avatar_wish(studio.place)) == (None, AvatarWish())
    assert len(presets.history(studio.place, AVATAR)) == 2


def test_a_preset_undone_is_the_one_before(studio: LittleStudio) -> None:
    for number, strength in enumerate((0.6, 0.7)):
        settings.make_preset(studio.place, AVATAR, {"strength": strength}, ME, press=f"{number}")
    assert undo_says(studio, "1") == []
    assert presets.avatar_wish(studio.place).strength == 0.6


def test_another_preset_set_meanwhile_stands(studio: LittleStudio) -> None:
    settings.make_preset(studio.place, AVATAR, {"strength": 0.6}, ME, press="one")
    presets.make(studio.place, AVATAR, {"strength": 0.7}, Person(name="ana"))
    assert undo_says(studio, "one") == ["Another preset was set meanwhile."]
    assert presets.avatar_wish(studio.place).strength == 0.7


def test_the_built_in_settings_are_returned_to_once_and_that_can_be_undone(studio: LittleStudio) -> None:
    assert settings.use_built_in(studio.place, AVATAR, ME, press="none") is None
    settings.make_preset(studio.place, AVATAR, {"strength": 0.6}, ME, press="one")
    settings.use_built_in(studio.place, AVATAR, ME, press="two")
    assert settings.use_built_in(studio.place, AVATAR, ME, press="again") is None
    assert presets.avatar_wish(studio.place) == AvatarWish()
    assert undo_says(studio, "two") == []
    assert presets.avatar_wish(studio.place).strength == 0.6


def test_after_the_built_in_settings_the_same_preset_can_be_set_again(studio: LittleStudio) -> None:
    settings.make_preset(studio.place, AVATAR, {"strength": 0.6}, ME, press="one")
    settings.use_built_in(studio.place, AVATAR, ME, press="two")
    assert settings.make_preset(studio.place, AVATAR, {"strength": 0.6}, ME, press="three") is not None
    assert presets.avatar_wish(studio.place).strength == 0.6
