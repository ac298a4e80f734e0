"""The people who work here, and what each may do."""

from pathlib import Path

import pytest

from pipeline.errors import BadParameter, NotAllowed, NotNow
from pipeline.records import Person, Role
from pipeline.studio import people
from tests.little_studio import ME, LittleStudio


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """A studio without anything in it."""
    return LittleStudio(own_data_folder)


def test_whoever_starts_the_studio_is_there_and_may_do_everything(studio: LittleStudio) -> None:
    assert people.everyone(studio.place) == [Person(name=studio.place.settings.person)]


def test_people_are_kept_with_team_and_roles_and_may_always_look(studio: LittleStudio) -> None:
    people.add(studio.place, "  Ben   Söhne ", "", frozenset({Role.MAKE}), ME)
    ben = people.find(studio.place, "Ben Söhne")
    assert ben == Person(name="Ben Söhne", team="studio", roles=frozenset({Role.MAKE, Role.VIEW}))


def test_only_whoever_may_change_people_does(studio: LittleStudio) -> None:
    before = studio.dump()
    with pytest.raises(NotAllowed, match="Vera may not"):
        people.add(studio.place, "Ben", "support", frozenset(Role), Person(name="Vera", roles=frozenset({Role.VIEW})))
    assert studio.dump() == before


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b"])
def test_a_name_is_something_colleagues_can_read(studio: LittleStudio, name: str) -> None:
    with pytest.raises(BadParameter):
        people.add(studio.place, name, "support", frozenset(Role), ME)


def test_somebody_is_always_left_who_may_change_people(studio: LittleStudio) -> None:
    own = studio.place.settings.person
    with pytest.raises(NotNow):
        people.add(studio.place, own, "studio", frozenset({Role.MAKE}), ME)
    people.add(studio.place, "Ana", "studio", frozenset(Role), ME)
    people.add(studio.place, own, "studio", frozenset({Role.MAKE}), ME)
    assert people.find(studio.place, own) == Person(name=own, roles=frozenset({Role.MAKE, Role.VIEW}))
