"""What every store must do; a new adapter is tested by one subclass that gives it as `store`."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import errors
from pipeline.storage.port import ObjectStore, StoredObject, sha256_of

KEY = "case-7/avatar/ab.png"
DETAILS = {"media_type": "image/png", "cache_control": "private, max-age=31536000, immutable"}
ESCAPES = [
    "",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/./b",
    "a/..",
    "a\\b",
    "a/\x00b",
    "a/b\n",
    "a/\x7f",
    "a/\u0085",
    "a/\u2028",
    "a/\udc80",
    ".parts/a",
    "a/.b",
    "x" * 201,
    "ab/" * 171,
]


class StoreContract:
    """The facts that hold for a folder and for R2 alike."""

    def test_what_was_put_comes_back_with_everything_said_about_it(self, store: ObjectStore) -> None:
        data, metadata = bytes(range(256)) * 40, {"run": "r-1", "note": " Zoë, 100 % & more "}
        put = store.put(KEY, data, **DETAILS, metadata=metadata)
        expected = (KEY, len(data), "image/png", "private, max-age=31536000, immutable", sha256_of(data), metadata)
        for found in (put, store.head(KEY)):
            assert (found.key, found.bytes, found.media_type, found.cache_control, found.sha256, dict(found.metadata)) == expected
            assert abs(found.modified_at - datetime.now(UTC)) < timedelta(minutes=1)
        assert store.read(KEY) == data

    def test_a_file_is_stored_like_its_bytes(self, store: ObjectStore, tmp_path: Path) -> None:
        source = tmp_path / "clip.mp4"
        source.write_bytes(b"clip" * 600_000)
        put = store.put("studio/clip/a.mp4", source, media_type="video/mp4", cache_control="no-store")
        assert (put.bytes, put.sha256) == (2_400_000, sha256_of(source))
        assert store.read("studio/clip/a.mp4") == source.read_bytes()
        assert store.put("studio/clip/a.mp4", source.read_bytes(), media_type="video/mp4", cache_control="no-store").sha256 == put.sha256

    def test_nothing_at_all_is_an_object_too(self, store: ObjectStore) -> None:
        store.put(KEY, b"", **DETAILS)
        assert (store.head(KEY).bytes, store.read(KEY), store.read_range(KEY, 0, None), store.read_range(KEY, 0, 5)) == (0, b"", b"", b"")

    def test_the_same_bytes_again_are_the_object_as_first_stored(self, store: ObjectStore) -> None:
        first = store.put(KEY, b"one", **DETAILS, metadata={"take": "1"})
        again = store.put(KEY, b"one", media_type="image/jpeg", cache_control="no-store", metadata={"take": "2"})
        assert again == first
        assert store.head(KEY) == first

    def test_other_bytes_never_replace_an_object(self, store: ObjectStore) -> None:
        store.put(KEY, b"one", **DETAILS)
        with pytest.raises(errors.KeyTaken):
            store.put(KEY, b"two", **DETAILS)
        assert store.read(KEY) == b"one"

    def test_of_many_putting_at_once_one_wins_and_the_others_are_told(self, store: ObjectStore) -> None:
        together = threading.Barrier(6)

        def put(number: int) -> StoredObject | None:
            together.wait()
            try:
                return store.put(KEY, b"%d" % (number % 3), **DETAILS, metadata={"of": str(number % 3)})
            except errors.KeyTaken:
                return None

        with ThreadPoolExecutor(6) as pool:
            won = [found for found in pool.map(put, range(6)) if found is not None]
        kept = store.head(KEY)
        assert [found.sha256 for found in won] == [kept.sha256] * 2
        assert store.read(KEY) == kept.metadata["of"].encode()

    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            (0, None, "0123456789"),
            (3, 7, "3456"),
            (9, None, "9"),
            (8, 99, "89"),
            (0, 1, "0"),
            (10, None, ""),
            (50, 60, ""),
            (4, 4, ""),
            (6, 3, ""),
            (0, 0, ""),
        ],
    )
    def test_a_range_is_what_a_slice_would_be(self, store: ObjectStore, start: int, end: int | None, expected: str) -> None:
        store.put(KEY, b"0123456789", **DETAILS)
        assert store.read_range(KEY, start, end).decode() == expected

    @pytest.mark.parametrize(("start", "end"), [(-1, None), (0, -1)])
    def test_a_range_from_the_end_is_refused(self, store: ObjectStore, start: int, end: int) -> None:
        store.put(KEY, b"0123456789", **DETAILS)
        with pytest.raises(errors.BadParameter):
            store.read_range(KEY, start, end)

    def test_what_is_not_there_is_said_to_be_not_there(self, store: ObjectStore) -> None:
        for ask in (store.head, store.read, lambda key: store.read_range(key, 0, 1), lambda key: store.read_range(key, 0, 0)):
            with pytest.raises(errors.NotStored):
                ask("case-7/avatar/none.png")
        assert store.delete("case-7/avatar/none.png") is False
        assert list(store.list("case-7/")) == []

    def test_a_list_goes_through_all_pages_in_key_order(self, store: ObjectStore) -> None:
        keys = [f"case-7/avatar/{number:02}.png" for number in range(17)] + [
            "case-7/avatar-2/a.png",
            "case-7/avatar.png",
            "case-70/a.png",
            "case-7.png",
            "é/a.png",
        ]
        for key in reversed(keys):
            store.put(key, key.encode(), **DETAILS)
        assert [found.key for found in store.list("")] == sorted(keys)
        assert [found.key for found in store.list("case-7/")] == sorted(key for key in keys if key.startswith("case-7/"))
        assert [found.key for found in store.list("case-7/avatar")] == sorted(key for key in keys if key.startswith("case-7/avatar"))
        assert [found.key for found in store.list("case-7/avatar/1")] == keys[10:17]
        assert next(store.list("case-7/avatar/1")) == store.head(keys[10])
        assert list(store.list("nothing/")) == []

    def test_a_survey_names_what_a_list_describes_with_size_and_time(self, store: ObjectStore) -> None:
        keys = [f"case-7/avatar/{number:02}.png" for number in range(17)] + ["case-70/a.png", "case-7.png", "é/a.png"]
        for number, key in enumerate(keys):
            store.put(key, b"x" * number, **DETAILS)
        for prefix in ("", "case-7/", "case-7/avatar/1", "nothing/"):
            listed = {one.key: (one.bytes, one.modified_at.replace(microsecond=0)) for one in store.survey(prefix)}
            assert listed == {one.key: (one.bytes, one.modified_at.replace(microsecond=0)) for one in store.list(prefix)}
        assert [one.key for one in store.survey("")] == sorted(keys)
        store.delete(keys[0])
        assert keys[0] not in {one.key for one in store.survey("")}

    @pytest.mark.parametrize("prefix", ["/", "../", "a/."])
    def test_no_survey_leaves_the_store(self, store: ObjectStore, prefix: str) -> None:
        with pytest.raises(errors.BadKey):
            list(store.survey(prefix))

    def test_a_deleted_object_is_gone_and_its_key_is_free(self, store: ObjectStore) -> None:
        store.put(KEY, b"one", **DETAILS)
        assert store.delete(KEY) is True
        assert store.delete(KEY) is False
        with pytest.raises(errors.NotStored):
            store.read(KEY)
        assert store.put(KEY, b"two", **DETAILS).sha256 == sha256_of(b"two")

    @pytest.mark.parametrize("key", ESCAPES)
    def test_no_key_leaves_its_prefix(self, store: ObjectStore, key: str) -> None:
        verbs = (store.head, store.read, store.delete, lambda key: store.read_range(key, 0, 1), lambda key: store.signed_url(key, seconds=9))
        for verb in (*verbs, lambda key: store.put(key, b"x", **DETAILS)):
            with pytest.raises(errors.BadKey):
                verb(key)

    @pytest.mark.parametrize("prefix", ["/", "../", "a//", "a/../", "a\\", "a/."])
    def test_no_list_leaves_the_store(self, store: ObjectStore, prefix: str) -> None:
        with pytest.raises(errors.BadKey):
            list(store.list(prefix))

    @pytest.mark.parametrize(
        "details",
        [
            DETAILS | {"media_type": ""},
            DETAILS | {"media_type": "image/png\r\nX: y"},
            DETAILS | {"cache_control": ""},
            DETAILS | {"metadata": {"Big": "x"}},
            DETAILS | {"metadata": {"sha256": "x"}},
            DETAILS | {"metadata": {"a": "x\ny"}},
            DETAILS | {"metadata": {"a": "x" * 2000}},
        ],
    )
    def test_details_that_not_every_store_keeps_are_refused(self, store: ObjectStore, details: dict[str, str]) -> None:
        with pytest.raises(errors.StoreError):
            store.put(KEY, b"x", **details)
        with pytest.raises(errors.NotStored):
            store.head(KEY)

    def test_the_check_leaves_nothing_behind(self, store: ObjectStore) -> None:
        store.check()
        assert list(store.list("")) == []
