"""A run is named by its id or the beginning of it; what names none or several is refused."""

from pathlib import Path

import pytest

from pipeline.errors import UnknownName
from pipeline.records import Decision
from pipeline.studio import portraits, requests, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    """A studio with one customer."""
    return LittleStudio(tmp_path / "studio", customer=True)


def test_nothing_names_no_run_even_where_there_is_only_one(studio: LittleStudio) -> None:
    run = portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, 1).run
    for beginning in (run.id, run.id[:-1]):
        assert requests.find_run(studio.place, beginning) == run
    for nothing in ("", "%", "_", " "):
        with pytest.raises(UnknownName, match="There is no run"):
            requests.find_run(studio.place, nothing)


def test_a_whole_id_names_its_run_although_the_id_of_its_clip_begins_so(studio: LittleStudio) -> None:
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, run_id="portrait").run
    reviews.decide_on(studio.place, studio.succeed(run), OWNER, Decision.APPROVED, ME)
    clip = portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="portrait-clip-01").run
    assert requests.find_run(studio.place, "portrait").id == run.id
    assert requests.find_run(studio.place, "portrait-c") == clip
    with pytest.raises(UnknownName, match="Several runs"):
        requests.find_run(studio.place, "portra")
