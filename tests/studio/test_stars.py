"""A star is given once for everybody and taken away by anybody who makes or judges."""

import pytest

from pipeline.errors import NotAllowed, NotNow, UnknownName
from pipeline.records import AssetKind, Person, Role
from pipeline.studio import library, portraits, removal, stars
from pipeline.studio.filters import Filter
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

BOB = Person(name="bob", roles=frozenset({Role.VIEW, Role.APPROVE}))


@pytest.fixture
def studio(tmp_path):
    studio = LittleStudio(tmp_path / "studio", customer=True)
    studio.avatar = studio.succeed(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="r-1").run)
    return studio


def starred(studio):
    return [item.asset for item in library.find(studio.place, Filter(starred=True)).items]


def test_a_star_is_given_once_and_names_who_was_first(studio):
    first = stars.star(studio.place, CASE, studio.avatar.sha256, ME)
    assert stars.star(studio.place, CASE, studio.avatar.sha256, BOB) == first
    assert (first.person, starred(studio)) == ("me", [studio.avatar])


def test_a_star_is_taken_away_by_anybody_and_more_than_once(studio):
    stars.star(studio.place, CASE, studio.avatar.sha256, ME)
    for _ in range(2):
        stars.unstar(studio.place, CASE, studio.avatar.sha256, BOB)
    assert starred(studio) == []


def test_a_star_on_a_display_copy_is_one_on_its_avatar(studio):
    [small] = studio.rows("SELECT sha256 FROM assets WHERE kind = ?", AssetKind.AVATAR_DISPLAY)
    stars.star(studio.place, CASE, small["sha256"], ME)
    assert starred(studio) == [studio.avatar]


@pytest.mark.parametrize("verb", [stars.star, stars.unstar])
def test_whoever_only_looks_gives_and_takes_no_stars(studio, verb):
    before = studio.dump()
    with pytest.raises(NotAllowed, match="eve may not"):
        verb(studio.place, CASE, studio.avatar.sha256, Person(name="eve", roles=frozenset({Role.VIEW, Role.PUBLISH, Role.ADMIN})))
    assert studio.dump() == before


@pytest.mark.parametrize("role", [Role.MAKE, Role.APPROVE])
def test_making_or_approving_is_enough(studio, role):
    by = Person(name="ann", roles=frozenset({role}))
    assert stars.star(studio.place, CASE, studio.avatar.sha256, by).person == "ann"
    stars.unstar(studio.place, CASE, studio.avatar.sha256, by)
    assert starred(studio) == []


def test_what_does_not_exist_or_was_removed_is_not_starred(studio):
    for scope, sha256 in (("case-9", studio.avatar.sha256), (CASE, "0" * 64), ("", "")):
        with pytest.raises(UnknownName):
            stars.star(studio.place, scope, sha256, ME)
    mark = removal.dependents(studio.place, CASE, studio.avatar.sha256).mark
    removal.remove(studio.place, CASE, studio.avatar.sha256, OWNER, ME, "asked for", expected=mark)
    with pytest.raises(NotNow, match="removed"):
        stars.star(studio.place, CASE, studio.avatar.sha256, ME)
