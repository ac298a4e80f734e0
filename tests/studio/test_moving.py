"""What is published moves with the setting: folder to bucket, bucket to folder, bucket to bucket; checked, repeatable, and guests never without."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.database import update
from pipeline.errors import NotAllowed, StoreRefused
from pipeline.publishing import publications
from pipeline.publishing.publications import State
from pipeline.records import AssetKind, Person, Role
from pipeline.settings import Settings
from pipeline.studio import moving, publish_cleanup, publishing
from pipeline.studio.place import Place, open_storefront
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.public_store import in_public, r2_settings


@pytest.fixture
def bucket(s3_address: str) -> dict[str, str]:
    return r2_settings(s3_address)


@pytest.fixture
def little(tmp_path: Path) -> LittleStudio:
    """A studio whose clip is published to the folder."""
    little = LittleStudio(tmp_path, customer=True)
    publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)
    return little


def switched(little: LittleStudio, tmp_path: Path, **settings: str) -> LittleStudio:
    """The same data folder with other settings, as after a restart."""
    return LittleStudio(tmp_path, **settings)


def live(place: Place) -> dict[AssetKind, publications.Publication]:
    with place.database.reading() as db:
        return dict(publications.live(db, CASE))


def held_by(settings: Settings, name: str) -> set[str]:
    return {one.key for one in open_storefront(settings, name).store.list("") if "scripts/" not in one.key}


def test_from_the_folder_to_a_bucket_and_back(little: LittleStudio, tmp_path: Path, bucket: dict[str, str]) -> None:
    before = live(little.place)
    there = switched(little, tmp_path, **bucket)
    moved = moving.migrate(there.place, ME)
    after = live(there.place)
    size = sum(one.bytes for one in before.values())
    assert (moved.document()["copied"], moved.already, moved.failures, moved.bytes) == (3, 0, (), size)
    assert in_public(there.place) == {one.key for one in after.values()}
    assert {(one.store, one.url) for one in after.values()} == {
        (f"r2:{bucket['R2_BUCKET_NAME']}", f"https://media.example/{one.key}") for one in after.values()
    }
    assert {kind: (one.id, one.sha256, one.person, one.asked_at) for kind, one in after.items()} == {
        kind: (one.id, one.sha256, one.person, one.asked_at) for kind, one in before.items()
    }
    assert held_by(there.place.settings, "folder") == set()
    assert any("scripts/living-portrait-" in one.key for one in there.place.storefront.store.list(""))

    back = switched(little, tmp_path, **{**bucket, "STUDIO_STORE": "folder"})
    assert moving.migrate(back.place, ME).copied == 3
    assert {kind: one.url for kind, one in live(back.place).items()} == {kind: one.url for kind, one in before.items()}
    assert in_public(back.place) == {one.key for one in before.values()}
    assert held_by(back.place.settings, f"r2:{bucket['R2_BUCKET_NAME']}") == set()


def test_from_bucket_to_bucket(little: LittleStudio, tmp_path: Path, bucket: dict[str, str], s3_address: str) -> None:
    moving.migrate(switched(little, tmp_path, **bucket).place, ME)
    other = switched(little, tmp_path, **r2_settings(s3_address))
    assert moving.migrate(other.place, ME).copied == 3
    assert in_public(other.place) == {one.key for one in live(other.place).values()}
    assert held_by(other.place.settings, f"r2:{bucket['R2_BUCKET_NAME']}") == set()


def test_moving_again_moves_nothing(little: LittleStudio, tmp_path: Path, bucket: dict[str, str]) -> None:
    there = switched(little, tmp_path, **bucket)
    moving.migrate(there.place, ME)
    rows = there.dump()
    again = moving.migrate(there.place, ME)
    assert (again.copied, again.already, again.bytes) == (0, 3, 0)
    assert there.dump() == rows


def test_a_dry_run_says_what_would_move_and_changes_nothing(little: LittleStudio, tmp_path: Path, bucket: dict[str, str]) -> None:
    there = switched(little, tmp_path, **bucket)
    rows = there.dump()
    planned = moving.migrate(there.place, ME, dry_run=True)
    assert (planned.copied, planned.already, planned.bytes) == (3, 0, sum(one.bytes for one in live(there.place).values()))
    assert (there.dump(), in_public(there.place)) == (rows, set())


def test_history_keeps_where_it_was_and_who_moved_it(little: LittleStudio, tmp_path: Path, bucket: dict[str, str]) -> None:
    there = switched(little, tmp_path, **bucket)
    moving.migrate(there.place, Person(name="ben"))
    with there.place.database.reading() as db:
        history = publications.history(db, CASE)
    told = [(one.state, one.store.partition(":")[0], one.ended_by, one.reason.partition(":")[0]) for one in history]
    assert sorted(told) == [("published", "r2", None, "")] * 3 + [("replaced", "folder", "ben", "moved to r2")] * 3
    assert [one.state for one in history if one.kind is AssetKind.AVATAR] == [State.PUBLISHED, State.REPLACED]
    assert [row["person"] for row in there.rows("SELECT person FROM audit_log WHERE action = 'move'")] == ["ben"] * 3


class Moody:
    """A real store of which one verb dies for some keys, as at a crash."""

    def __init__(self, store: Any, verb: str, part: str, error: type[BaseException]) -> None:
        self._store, self.verb, self._part, self._error = store, verb, part, error

    def __getattr__(self, name: str) -> Any:
        if name != self.verb:
            return getattr(self._store, name)

        def fails(key: str, *words: Any, **more: Any) -> Any:
            if self._part in key:
                raise self._error
            return getattr(self._store, name)(key, *words, **more)

        return fails


def moody(place: Place, verb: str, part: str, error: type[BaseException] = StoreRefused) -> Moody:
    store = Moody(place.storefront.store, verb, part, error)
    place.__dict__["storefront"] = replace(place.storefront, store=store)
    return store


@pytest.mark.parametrize("verb", ["create", "fetch"])
def test_a_file_that_fails_stays_where_it_is_and_stops_no_other(little: LittleStudio, tmp_path: Path, bucket: dict[str, str], verb: str) -> None:
    there = switched(little, tmp_path, **bucket)
    store = moody(there.place, verb, "animations/")
    moved = moving.migrate(there.place, ME)
    assert (moved.copied, [one.publication.kind for one in moved.failures]) == (2, [AssetKind.CLIP])
    assert moved.document()["failures"][0]["error"] == "StoreRefused"
    assert live(there.place)[AssetKind.CLIP].store == "folder"
    assert held_by(there.place.settings, "folder") == {live(there.place)[AssetKind.CLIP].key}
    store.verb = ""
    again = moving.migrate(there.place, ME)
    assert (again.copied, again.already) == (1, 2)
    assert in_public(there.place) == {one.key for one in live(there.place).values()}


class PowerCut(BaseException):
    """Nobody catches it, as nobody catches the end of the process."""


@pytest.mark.parametrize("moment", ["fetch", "clear"])
def test_a_crash_at_either_side_of_the_row_loses_nothing(
    little: LittleStudio, tmp_path: Path, bucket: dict[str, str], moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = switched(little, tmp_path, **bucket)
    if moment == "fetch":
        moody(there.place, "fetch", "avatars/", PowerCut)
    else:

        def dies(*words: Any) -> int:
            raise PowerCut

        monkeypatch.setattr(publish_cleanup, "clear", dies)
    with pytest.raises(PowerCut):
        moving.migrate(there.place, ME)
    monkeypatch.undo()
    fresh = switched(little, tmp_path, **bucket)
    for one in live(fresh.place).values():
        assert fresh.place.storefront_of(one.store).store.fetch(one.key).data
    moving.migrate(fresh.place, ME)
    publish_cleanup.finish(fresh.place)
    assert in_public(fresh.place) == {one.key for one in live(fresh.place).values()}
    assert held_by(fresh.place.settings, "folder") == set()


def test_without_its_private_file_it_comes_from_the_old_public_store(little: LittleStudio, tmp_path: Path, bucket: dict[str, str]) -> None:
    for one in little.assets():
        little.place.store.delete(one.key)
    there = switched(little, tmp_path, **bucket)
    assert moving.migrate(there.place, ME).copied == 3


def test_what_was_altered_in_both_places_is_not_moved(little: LittleStudio, tmp_path: Path, bucket: dict[str, str]) -> None:
    clip = live(little.place)[AssetKind.CLIP]
    for folder, key in (("public", clip.key), ("objects", next(one.key for one in little.assets() if one.sha256 == clip.sha256))):
        (little.place.settings.folder / folder / key).write_bytes(b"x" * clip.bytes)
    moved = moving.migrate(switched(little, tmp_path, **bucket).place, ME)
    assert (moved.copied, len(moved.failures)) == (2, 1)
    assert "altered" in moved.failures[0].error.say  # type: ignore[union-attr]
    assert live(little.place)[AssetKind.CLIP] == clip


def test_what_is_withdrawn_meanwhile_is_not_shown_again(little: LittleStudio, tmp_path: Path, bucket: dict[str, str]) -> None:
    there = switched(little, tmp_path, **bucket)
    store = there.place.storefront.store

    class Withdraws(Moody):
        def __getattr__(self, name: str) -> Any:
            if name == "fetch":
                with there.place.database.writing() as tx:
                    update(tx, "publications", {"state": "published"}, {"state": "ending", "ends_as": "withdrawn"})
                    tx.execute("UPDATE publications SET state = 'ending', ends_as = 'withdrawn' WHERE state = 'published'")
            return getattr(self._store, name)

    there.place.__dict__["storefront"] = replace(there.place.storefront, store=Withdraws(store, "", "", StoreRefused))
    assert moving.migrate(there.place, ME).copied == 0
    publish_cleanup.finish(there.place)
    assert (live(there.place), in_public(there.place), held_by(there.place.settings, "folder")) == ({}, set(), set())


def test_without_the_role_nothing_moves(little: LittleStudio, tmp_path: Path, bucket: dict[str, str]) -> None:
    there = switched(little, tmp_path, **bucket)
    rows = there.dump()
    with pytest.raises(NotAllowed):
        moving.migrate(there.place, Person(name="cleo", roles=frozenset(Role) - {Role.PUBLISH}))
    assert (there.dump(), in_public(there.place)) == (rows, set())


def test_another_public_address_of_the_same_store_is_told_to_everybody(little: LittleStudio, tmp_path: Path) -> None:
    moved = switched(little, tmp_path, STUDIO_PUBLIC_URL="https://studio.example")
    done = moving.migrate(moved.place, ME)
    assert (done.copied, done.already) == (0, 3)
    assert {one.url for one in live(moved.place).values()} == {f"https://studio.example/p/{one.key}" for one in live(moved.place).values()}
