"""A file and its row belong together: stored under its hash, proven when read, found by a beginning of its hash."""

import hashlib
from dataclasses import replace

import pytest

from pipeline import assets
from pipeline.database import update
from pipeline.errors import NotStored, UnknownName
from pipeline.records import Asset, AssetKind, now
from tests.little_studio import CASE, LittleStudio

PICTURE = Asset(scope=CASE, kind=AssetKind.AVATAR, media_type="image/jpeg", width_px=4, height_px=3, parents=("p",), facts={"seed": 1})


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


@pytest.fixture
def keep(studio):
    return lambda data=b"picture", asset=PICTURE: assets.keep(studio.place.database, studio.place.store, data, asset)


def test_a_file_is_kept_under_its_hash_with_all_that_is_known_of_it(studio, keep):
    kept = keep()
    assert (kept.sha256, kept.bytes) == (hashlib.sha256(b"picture").hexdigest(), 7)
    assert (kept.scope, kept.width_px, kept.parents, kept.facts) == (CASE, 4, ("p",), {"seed": 1})
    assert kept.sha256 in kept.key
    assert assets.read(studio.place.store, kept) == b"picture"
    with studio.place.database.reading() as db:
        assert assets.get(db, CASE, kept.sha256) == kept


def test_the_same_bytes_again_are_the_asset_that_exists(studio, keep):
    first = keep()
    assert keep(asset=replace(PICTURE, call_id="another", facts={})) == first
    assert len(studio.rows("SELECT 1 FROM assets WHERE kind = 'avatar'")) == 1


def test_bytes_kept_again_after_their_removal_are_there_again(studio, keep):
    first = keep()
    remove(studio, first, swept_at=now())
    assert first.key not in _keys(studio)
    assert keep().removed_at is None
    assert first.key in _keys(studio)
    assert assets.read(studio.place.store, first) == b"picture"


def test_bytes_are_not_kept_again_while_the_removed_ones_are_being_cleared_away(studio, keep):
    """Else the row would be there again, and whoever clears away would then delete its bytes."""
    first = keep()
    remove(studio, first, swept_at=None)
    with pytest.raises(NotStored, match="cleared away"):
        keep()
    assert first.key not in _keys(studio)


def test_a_file_swept_away_after_its_bytes_were_found_in_place_is_not_said_to_be_kept(studio, keep):
    first = keep()
    found = assets.put(studio.place.store, b"picture", PICTURE)
    studio.place.store.delete(first.key)
    remove(studio, first, swept_at=now())
    with pytest.raises(NotStored, match="cleared away"), studio.place.database.writing() as tx:
        assets.record(tx, found)


def test_the_same_bytes_for_two_customers_are_kept_twice(studio, keep):
    studio.customer("case-2", "ben")
    first, second = keep(), keep(asset=replace(PICTURE, scope="case-2"))
    assert first.sha256 == second.sha256
    assert first.key != second.key
    studio.place.store.delete(second.key)
    assert assets.read(studio.place.store, first) == b"picture"


def test_altered_bytes_are_not_given_out(studio, keep):
    kept = keep()
    path = studio.place.settings.folder / "objects" / kept.key
    path.write_bytes(b"another")
    with pytest.raises(NotStored, match="changed"):
        assets.read(studio.place.store, kept)
    path.unlink()
    with pytest.raises(NotStored):
        assets.read(studio.place.store, kept)


@pytest.mark.parametrize("prefix", ["", "xyz", "%", "_", "A" * 8, "' OR 1=1 --", "f" * 65, " "])
def test_what_is_no_beginning_of_a_hash_finds_nothing(studio, keep, prefix):
    keep()
    with studio.place.database.reading() as db:
        assert assets.find(db, prefix) == []


@pytest.mark.parametrize("digits", [1, 8, 64])
def test_a_beginning_of_the_hash_finds_it(studio, keep, digits):
    kept = keep()
    with studio.place.database.reading() as db:
        assert kept in assets.find(db, kept.sha256[:digits])


def test_an_asset_of_another_scope_is_not_there(studio, keep):
    kept = keep()
    with studio.place.database.reading() as db, pytest.raises(UnknownName):
        assets.get(db, "case-2", kept.sha256)


def test_what_was_made_from_a_file_is_found_by_it_unless_removed(studio, keep):
    parent = keep()
    child = keep(b"small", replace(PICTURE, kind=AssetKind.AVATAR_DISPLAY, parents=(parent.sha256,)))
    with studio.place.database.writing() as tx:
        assert assets.children(tx, CASE, parent.sha256, AssetKind.AVATAR_DISPLAY) == [child]
        assert assets.children(tx, CASE, parent.sha256, AssetKind.POSTER) == []
        tx.execute("UPDATE assets SET removed_at = 'now' WHERE sha256 = ?", (child.sha256,))
        assert assets.children(tx, CASE, parent.sha256, AssetKind.AVATAR_DISPLAY) == []


def test_a_likeness_measured_again_replaces_the_one_before(studio, keep):
    kept = keep()
    face = {"distance": 0.4, "detector_score": 1.0, "band": "alike", "reason": None, "model_hash": "m"}
    for faces in ([face, face], [{**face, "distance": None, "reason": "no face found"}]):
        with studio.place.database.writing() as tx:
            assets.measured(tx, kept, "reference", faces)
    with studio.place.database.reading() as db:
        assert assets.likeness(db, CASE, kept.sha256) == [{"face": 0, **face, "distance": None, "reason": "no face found"}]


def remove(studio, asset, *, swept_at):
    if swept_at is not None:
        studio.place.store.delete(asset.key)
    with studio.place.database.writing() as tx:
        update(tx, "assets", {"scope": asset.scope, "sha256": asset.sha256}, {"removed_at": now(), "swept_at": swept_at})


def _keys(studio):
    with studio.place.database.reading() as db:
        return assets.keys(db)
