"""Stores and records are compared: what has no row, what has no bytes; only what was shown, is old and is ours is ever deleted."""

import json
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline import assets, runs
from pipeline.database import update
from pipeline.errors import NotAllowed, NotNow
from pipeline.publishing.addresses import PUBLIC
from pipeline.records import AssetKind, Person, Role, RunState
from pipeline.storage.r2 import R2Store
from pipeline.studio import orphans, portraits, publishing, removal
from pipeline.studio.orphan_file import OrphanReport
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.public_store import in_public, r2_settings

HASH = "ab" * 32
LOST = f"{CASE}/avatar/{HASH}.jpg"
SHOWN = f"avatars/{CASE}/{HASH}.webp"
DETAILS = {"media_type": "image/webp", "cache_control": PUBLIC}


@pytest.fixture(params=["folder", "r2"])
def little(request: pytest.FixtureRequest, tmp_path: Path) -> LittleStudio:
    """A studio with a customer whose clip is published, to the folder or to buckets."""
    given = {}
    if request.param == "r2":
        address = request.getfixturevalue("s3_address")
        given = {**r2_settings(address), "R2_PRIVATE_BUCKET_NAME": r2_settings(address)["R2_BUCKET_NAME"]}
    little = LittleStudio(tmp_path, **given)
    little.customer()
    publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)
    return little


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies in a store has lain there long enough."""
    monkeypatch.setattr(orphans, "GRACE", timedelta(seconds=-2))


def front_key(little: LittleStudio, key: str = SHOWN) -> str:
    return little.place.storefront.prefix + key


def litter(little: LittleStudio) -> None:
    """Put an object without a row into either store."""
    little.place.store.put(LOST, b"lost", **DETAILS)
    little.place.storefront.store.put(front_key(little), b"shown", **DETAILS)


def keys(report: OrphanReport) -> tuple[list[str], list[str]]:
    return [one.key for one in report.private.orphans], [one.key for one in report.public.orphans]


def test_a_studio_in_order_has_no_orphans_and_misses_nothing(little: LittleStudio, old: None) -> None:
    report = orphans.scan(little.place)
    rows = little.rows("SELECT key, bytes FROM assets")
    assert keys(report) == ([], [])
    assert (report.private.missing, report.public.missing, report.private.young, report.public.young, report.elsewhere) == ((), (), 0, 0, 0)
    assert (report.private.objects, report.private.bytes) == (len(rows), sum(row["bytes"] for row in rows))
    assert report.public.objects - report.public.others == 3


def test_objects_without_rows_are_named_with_size_and_age(little: LittleStudio, old: None) -> None:
    litter(little)
    report = orphans.scan(little.place)
    assert keys(report) == ([LOST], [front_key(little)])
    assert (report.private.orphan_bytes, report.public.orphan_bytes) == (4, 5)
    assert report.private.orphans[0].modified_at.startswith("20")
    assert orphans.last(little.place) == report


def test_a_young_object_is_no_orphan_for_its_row_may_be_on_its_way(little: LittleStudio) -> None:
    litter(little)
    report = orphans.scan(little.place)
    assert (keys(report), report.private.young, report.public.young) == (([], []), 1, 1)


def test_a_day_is_the_grace_time(tmp_path: Path) -> None:
    little = LittleStudio(tmp_path, customer=True)
    litter(little)
    path = little.place.settings.folder / "objects" / LOST
    for hours, found in ((23.9, []), (24.1, [LOST])):
        os.utime(path, (time.time() - hours * 3600,) * 2)
        assert keys(orphans.scan(little.place))[0] == found


def test_rows_without_objects_or_with_other_sizes_are_named(little: LittleStudio, old: None) -> None:
    (gone, other) = little.rows("SELECT key, bytes FROM assets WHERE kind IN ('photo', 'avatar') ORDER BY kind DESC")
    for row in (gone, other):
        little.place.store.delete(row["key"])
    little.place.store.put(other["key"], b"x", **DETAILS)
    (shown,) = [one for one in in_public(little.place) if "/animations/" in f"/{one}"]
    little.place.storefront.store.delete(shown)
    report = orphans.scan(little.place)
    assert {one.key: (one.bytes, one.held_bytes) for one in report.private.missing} == {
        gone["key"]: (gone["bytes"], None),
        other["key"]: (other["bytes"], 1),
    }
    assert [one.key for one in report.public.missing] == [shown]


def test_a_young_row_is_looked_up_by_name_before_it_is_called_missing(little: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    store = little.place.store
    listed = [one for one in store.survey("") if "/photo/" not in one.key]
    monkeypatch.setattr(store, "survey", lambda prefix: iter(listed))
    assert orphans.scan(little.place).private.missing == ()


def test_only_what_was_shown_is_deleted_and_the_log_says_who(little: LittleStudio, old: None) -> None:
    litter(little)
    before = little.files(), in_public(little.place)
    report = orphans.scan(little.place)
    later = f"{CASE}/avatar/{'cd' * 32}.jpg"
    little.place.store.put(later, b"later", **DETAILS)
    done = orphans.delete(little.place, report.mark, ME)
    assert (done.deleted, done.bytes, done.kept) == (2, 9, 0)
    assert keys(orphans.scan(little.place)) == ([later], [])
    assert in_public(little.place) == before[1] - {front_key(little)}
    (row,) = little.rows("SELECT person, detail FROM audit_log WHERE subject = 'store'")
    assert (row["person"], json.loads(row["detail"])) == ("me", {"private": 1, "public": 1})


def test_another_list_than_the_newest_deletes_nothing(little: LittleStudio, old: None) -> None:
    litter(little)
    first = orphans.scan(little.place).mark
    little.place.store.put(f"{CASE}/avatar/{'cd' * 32}.jpg", b"later", **DETAILS)
    orphans.scan(little.place)
    for mark in (first, "", "0" * 32):
        with pytest.raises(NotNow):
            orphans.delete(little.place, mark, ME)
    assert little.place.store.read(LOST) == b"lost"


def test_without_the_role_nothing_is_deleted(little: LittleStudio, old: None) -> None:
    litter(little)
    mark = orphans.scan(little.place).mark
    with pytest.raises(NotAllowed):
        orphans.delete(little.place, mark, Person(name="cleo", roles=frozenset(Role) - {Role.PUBLISH}))
    assert little.place.store.read(LOST) == b"lost"


def test_what_got_a_row_or_was_written_anew_meanwhile_stays(little: LittleStudio, old: None) -> None:
    avatar = little.approved_avatar()
    litter(little)
    report = orphans.scan(little.place)
    with little.place.database.writing() as tx:
        update(tx, "assets", {"sha256": avatar.sha256}, {"key": LOST})
        update(tx, "publications", {"kind": "avatar"}, {"key": front_key(little)})
    done = orphans.delete(little.place, report.mark, ME)
    assert (done.deleted, done.kept) == (0, 2)
    assert (little.place.store.read(LOST), little.place.storefront.store.read(front_key(little))) == (b"lost", b"shown")


def test_an_object_of_a_case_at_work_stays(little: LittleStudio, old: None) -> None:
    little.place.store.put(LOST, b"lost", **DETAILS)
    report = orphans.scan(little.place)
    run = portraits.ask_avatar(little.place, CASE, OWNER, AvatarWish(), ME, run_id="r-new").run
    assert orphans.delete(little.place, report.mark, ME).kept == 1
    with little.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.CANCELLED)
    assert orphans.delete(little.place, report.mark, ME).deleted == 1


def test_what_cannot_be_of_this_studio_is_counted_and_left_alone(little: LittleStudio, old: None) -> None:
    others = orphans.scan(little.place).public.others
    little.place.store.put(f"case-9/avatar/{HASH}.jpg", b"of another studio", **DETAILS)
    little.place.store.put("notes/readme.txt", b"somebody's", **DETAILS)
    little.place.storefront.store.put(front_key(little, f"avatars/case-9/{HASH}.webp"), b"x", **DETAILS)
    little.place.storefront.store.put(front_key(little, "guest/hero.js"), b"x", **DETAILS)
    report = orphans.scan(little.place)
    assert keys(report) == ([], [])
    assert [(one.foreign, one.others) for one in (report.private, report.public)] == [(1, 1), (1, others + 1)]


def test_in_a_bucket_shared_with_another_studio_nothing_is_deleted(little: LittleStudio, old: None) -> None:
    little.place.store.put(f"case-9/avatar/{HASH}.jpg", b"of another studio", **DETAILS)
    litter(little)
    report = orphans.scan(little.place)
    if isinstance(little.place.store, R2Store):
        with pytest.raises(NotNow, match="R2_PRIVATE_BUCKET_NAME"):
            orphans.delete(little.place, report.mark, ME)
        assert little.place.store.read(LOST) == b"lost"
    else:
        assert orphans.delete(little.place, report.mark, ME).deleted == 2


def test_what_is_being_removed_or_taken_from_the_public_store_is_no_orphan(little: LittleStudio, old: None) -> None:
    avatar = little.approved_avatar()
    with little.place.database.writing() as tx:
        update(tx, "assets", {"sha256": avatar.sha256}, {"removed_at": avatar.created_at})
        update(tx, "publications", {"kind": "clip"}, {"state": "ending"})
    report = orphans.scan(little.place)
    assert keys(report) == ([], [])
    removal.sweep_removed(little.place)
    assert keys(orphans.scan(little.place)) == ([], [])


def test_what_is_published_in_another_store_is_counted(little: LittleStudio, old: None) -> None:
    with little.place.database.writing() as tx:
        tx.execute("UPDATE publications SET store = 'r2:older'")
    assert orphans.scan(little.place).elsewhere == 3


def test_a_test_object_that_a_crash_left_behind_is_an_orphan(little: LittleStudio, old: None) -> None:
    little.place.storefront.store.put(front_key(little, "_check/ab.webp"), b"x", **DETAILS)
    assert keys(orphans.scan(little.place)) == ([], [front_key(little, "_check/ab.webp")])


def test_a_damaged_report_is_no_report(little: LittleStudio) -> None:
    assert orphans.last(little.place) is None
    (little.place.settings.folder / "orphans.json").write_text('{"at": 1}')
    assert orphans.last(little.place) is None


def test_half_an_object_goes_too(tmp_path: Path, old: None) -> None:
    little = LittleStudio(tmp_path, customer=True)
    little.place.store.put(LOST, b"lost", **DETAILS)
    path = little.place.settings.folder / "objects" / LOST
    path.write_bytes(b"lo")
    assert orphans.delete(little.place, orphans.scan(little.place).mark, ME).deleted == 1
    assert not path.exists()


def test_an_object_that_was_written_anew_since_the_look_stays(tmp_path: Path, old: None) -> None:
    little = LittleStudio(tmp_path, customer=True)
    little.place.store.put(LOST, b"lost", **DETAILS)
    mark = orphans.scan(little.place).mark
    os.utime(little.place.settings.folder / "objects" / LOST, (time.time() + 60,) * 2)
    assert orphans.delete(little.place, mark, ME).kept == 1
    assert little.place.store.read(LOST) == b"lost"


def test_a_file_kept_anew_keeps_its_bytes(little: LittleStudio, old: None) -> None:
    photo = next(one for one in little.assets() if one.kind is AssetKind.PHOTO)
    mark = orphans.scan(little.place).mark
    orphans.delete(little.place, mark, ME)
    assert assets.read(little.place.store, photo)
