"""A file to take away has a name that people and every file system understand."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UnknownName
from pipeline.records import Asset, AssetKind, Decision
from pipeline.storage.links import open_link, secret_for
from pipeline.studio import downloads, portraits, removal, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

FILE = Asset(scope=CASE, kind=AssetKind.AVATAR, media_type="image/jpeg", sha256="ab12cd34ef", key="case-1/avatar/ab12cd34ef.jpg")


@pytest.fixture
def studio(tmp_path):
    studio = LittleStudio(tmp_path / "studio", customer=True)
    studio.avatar = studio.succeed(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="r-1").run)
    reviews.decide_on(studio.place, studio.avatar, OWNER, Decision.APPROVED, ME)
    studio.clip = studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="c-1").run)
    return studio


@pytest.mark.parametrize(("which", "words"), [("avatar", ["avatar", "avatar, 512 px"]), ("clip", ["clip", "poster", "clip as delivered"])])
def test_a_file_comes_with_what_belongs_to_it(studio, which, words):
    offered = downloads.downloads(studio.place, CASE, getattr(studio, which).sha256)
    assert [one.words for one in offered] == words
    for one in offered:
        link = open_link(one.url.removeprefix("/m/"), secret=secret_for(studio.place.settings.folder))
        assert (link.key, link.save_as) == (one.asset.key, one.name)


def test_a_photo_comes_with_its_square_cut(studio):
    offered = downloads.downloads(studio.place, CASE, studio.case().photo)
    assert [one.asset.kind for one in offered] == [AssetKind.PHOTO, AssetKind.CROP]


def test_what_was_removed_or_never_existed_is_not_offered(studio):
    mark = removal.dependents(studio.place, CASE, studio.clip.sha256).mark
    removal.remove(studio.place, CASE, studio.clip.sha256, OWNER, ME, "asked for", expected=mark)
    for sha256 in (studio.clip.sha256, "0" * 64):
        with pytest.raises(UnknownName):
            downloads.downloads(studio.place, CASE, sha256)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë & Bo", "Zoë & Bo"),
        ("../../etc/passwd", "etc passwd"),
        ('a\\b:c*d?e"f<g>h|i\r\nj\0k', "a b c d e f g h i j k"),
        ("evil\u202egpj.exe", "evil gpj.exe"),
        ("نور وليلى", "نور وليلى"),
        (" . .. ", "case"),
        ("", "case"),
    ],
)
def test_a_name_keeps_letters_and_loses_what_controls(name, shown):
    assert downloads.file_name(name, FILE) == f"{shown} - avatar - ab12cd34.jpg"


@given(st.text(max_size=6000))
def test_any_name_fits_a_file_system(name):
    made = downloads.file_name(name, FILE)
    assert len(made.encode()) <= 255
    assert made == unquote(made) or "%" in name
    assert not set(made) & set('/\\:*?"<>|\0\r\n')
    assert not made.startswith((".", " "))
    assert made.endswith(" - avatar - ab12cd34.jpg")
