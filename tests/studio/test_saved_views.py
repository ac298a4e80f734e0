"""Views are saved by name, each for its person; what is removed is gone from the list alone."""

from pathlib import Path

import pytest

from pipeline.errors import BadParameter, NotAllowed, UnknownName
from pipeline.records import Person
from pipeline.studio import saved_views
from tests.little_studio import ME, LittleStudio

BEN, NOBODY = Person(name="ben"), Person(name="x", roles=frozenset())


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path)


def test_a_view_is_ones_own_and_saving_its_name_again_changes_it(studio: LittleStudio) -> None:
    saved_views.save_view(studio.place, "  Waiting   for me ", "state=to+review", ME)
    saved_views.save_view(studio.place, "Waiting for me", "state=failed&mine=1", ME)
    assert [(one.name, one.query) for one in saved_views.saved_views(studio.place, ME.name)] == [("Waiting for me", "state=failed&mine=1")]
    assert saved_views.saved_views(studio.place, "ben") == ()
    assert len(studio.rows("SELECT * FROM saved_views")) == 2


def test_a_view_is_removed_once_and_by_its_owner_alone(studio: LittleStudio) -> None:
    kept = saved_views.save_view(studio.place, "Failed", "state=failed", ME)
    for by, view in ((BEN, kept.id), (ME, "none")):
        with pytest.raises(UnknownName):
            saved_views.remove_view(studio.place, view, by)
    saved_views.remove_view(studio.place, kept.id, ME)
    with pytest.raises(UnknownName):
        saved_views.remove_view(studio.place, kept.id, ME)
    assert saved_views.saved_views(studio.place, ME.name) == ()


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb", "a\x00b"])
def test_a_name_that_is_none_is_refused(studio: LittleStudio, name: str) -> None:
    with pytest.raises(BadParameter):
        saved_views.save_view(studio.place, name, "mine=1", ME)


def test_thirty_views_are_enough_and_a_query_has_an_end(studio: LittleStudio) -> None:
    for number in range(saved_views.MOST_OF_ONE):
        saved_views.save_view(studio.place, f"view {number}", "mine=1", ME)
    for name, query in (("one more", "mine=1"), ("view 1", "q=" + "x" * 500)):
        with pytest.raises(BadParameter):
            saved_views.save_view(studio.place, name, query, ME)
    saved_views.save_view(studio.place, "view 1", "mine=", ME)
    with pytest.raises(NotAllowed):
        saved_views.save_view(studio.place, "mine", "mine=1", NOBODY)
