"""The folder keeps the contract, and keeps it when a process is killed, the disk is full or somebody else writes too."""

import errno
import multiprocessing
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline import errors
from pipeline.storage.folder import FolderStore
from pipeline.storage.links import open_link
from tests.storage.conftest import SECRET
from tests.storage.contract import DETAILS, KEY, StoreContract

BESIDE = "case-7/avatar/.ab.png.json"


class TestFolder(StoreContract):
    @pytest.fixture
    def store(self, folder_store: FolderStore) -> FolderStore:
        return folder_store


def files(store: FolderStore) -> set[str]:
    return {path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file()} - {".lock"}


def test_a_signed_link_opens_its_key_on_the_media_route(folder_store: FolderStore) -> None:
    route, _, token = folder_store.signed_url(KEY, seconds=60).rpartition("/")
    assert (route, open_link(token, secret=SECRET).key) == ("/media", KEY)


def test_an_object_is_two_files_and_no_more(folder_store: FolderStore) -> None:
    folder_store.put(KEY, b"one", **DETAILS)
    assert files(folder_store) == {KEY, BESIDE}
    assert (folder_store.root / KEY).stat().st_mode & 0o077 == 0
    assert folder_store.path_of(KEY).read_bytes() == b"one"


def test_a_deleted_customer_leaves_no_folder_with_its_name(folder_store: FolderStore) -> None:
    folder_store.put(KEY, b"one", **DETAILS)
    folder_store.put("case-8/avatar/a.png", b"one", **DETAILS)
    folder_store.delete(KEY)
    assert [path.name for path in folder_store.root.iterdir() if not path.name.startswith(".")] == ["case-8"]


@pytest.mark.parametrize("half", ["sidecar only", "bytes only", "short bytes", "damaged sidecar", "strange sidecar"])
def test_half_an_object_is_no_object_and_the_next_put_makes_it_whole(folder_store: FolderStore, half: str) -> None:
    folder_store.put(KEY, b"other bytes", **DETAILS)
    path, beside = folder_store.root / KEY, folder_store.root / BESIDE
    if half == "sidecar only":
        path.unlink()
    elif half == "bytes only":
        beside.unlink()
    elif half == "short bytes":
        path.write_bytes(b"oth")
    else:
        beside.write_text("{" if half == "damaged sidecar" else '{"bytes": 11}')
    with pytest.raises(errors.NotStored):
        folder_store.read(KEY)
    assert list(folder_store.list("")) == []
    assert ([one.key for one in folder_store.survey("")] == []) == (half in ("sidecar only", "bytes only"))
    assert folder_store.put(KEY, b"one", **DETAILS) == folder_store.head(KEY)
    assert folder_store.read(KEY) == b"one"


def test_the_sweep_takes_what_a_killed_process_left_and_nothing_else(folder_store: FolderStore) -> None:
    folder_store.put(KEY, b"one", **DETAILS)
    folder_store.put("case-7/avatar/gone.png", b"two", **DETAILS)
    (folder_store.root / "case-7/avatar/gone.png").unlink()
    (folder_store.root / ".parts/1-ab.part").write_bytes(b"half")
    assert folder_store.sweep(60) == 0
    for path in folder_store.root.rglob("*"):
        os.utime(path, (time.time() - 61, time.time() - 61))
    mine = f".parts/{os.getpid()}-cd.part"
    (folder_store.root / mine).write_bytes(b"being written now")
    assert folder_store.sweep(60) == 2
    assert files(folder_store) == {KEY, BESIDE, mine}


def test_what_a_process_that_is_gone_was_writing_is_swept_at_once(folder_store: FolderStore) -> None:
    folder_store.put(KEY, b"one", **DETAILS)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (folder_store.root / f".parts/{ended.pid}-ab.part").write_bytes(b"half")
    assert folder_store.sweep(3600) == 1
    assert files(folder_store) == {KEY, BESIDE}


def test_a_sweep_of_an_empty_store_finds_nothing(folder_store: FolderStore) -> None:
    assert folder_store.sweep(0) == 0


PUT_MANY = """
import sys
from pathlib import Path
from pipeline.storage.folder import FolderStore
store = FolderStore(Path(sys.argv[1]), secret=b"s" * 32)
print("ready", flush=True)
for number in range(100000):
    store.put(f"case-7/avatar/{number}.png", b"%d" % number * 50000, media_type="image/png", cache_control="no-store")
"""


@pytest.mark.crash
def test_a_process_killed_at_any_moment_leaves_only_whole_objects(folder_store: FolderStore) -> None:
    for turn in range(6):
        child = subprocess.Popen([sys.executable, "-c", PUT_MANY, str(folder_store.root)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(0.05 + 0.017 * turn)
        child.kill()
        child.wait()
        child.stdout.close()
    kept = list(folder_store.list(""))
    assert len(kept) > 5
    for found in kept:
        number = found.key.split("/")[-1].removesuffix(".png")
        assert folder_store.read(found.key) == number.encode() * 50000
    folder_store.sweep(0)
    assert files(folder_store) == {found.key for found in kept} | {f"case-7/avatar/.{found.key.split('/')[-1]}.json" for found in kept}
    folder_store.put("case-7/avatar/after.png", b"x", **DETAILS)


def _put_in_another_process(root: Path, number: int) -> str:
    try:
        return FolderStore(root, secret=SECRET).put(KEY, b"%d" % number, **DETAILS, metadata={"of": str(number)}).metadata["of"]
    except errors.KeyTaken:
        return "taken"


def test_of_many_processes_one_wins(folder_store: FolderStore) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        answers = pool.starmap(_put_in_another_process, [(folder_store.root, number) for number in range(12)])
    won = folder_store.read(KEY).decode()
    assert folder_store.head(KEY).metadata == {"of": won}
    assert sorted(answers) == sorted([won] + ["taken"] * 11)


def test_puts_and_deletes_at_once_never_show_half_an_object(folder_store: FolderStore) -> None:
    def turn(number: int) -> None:
        data = b"%d" % (number % 2) * 1000
        try:
            folder_store.put(KEY, data, **DETAILS)
            assert set(folder_store.read(KEY)) in ({48}, {49})
        except (errors.KeyTaken, errors.NotStored):
            folder_store.delete(KEY)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(turn, range(200)))
    folder_store.delete(KEY)
    assert files(folder_store) == set()


FILL_UP = """
import resource, sys
from pathlib import Path
from pipeline import errors
from pipeline.storage.folder import FolderStore
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    FolderStore(Path(sys.argv[1]), secret=b"s" * 32).put("a/b.png", b"x" * 10000, media_type="image/png", cache_control="no-store")
except errors.DiskFull as error:
    print(error.say)
"""


def test_a_file_that_finds_no_room_is_said_plainly_and_leaves_nothing(folder_store: FolderStore) -> None:
    assert hasattr(resource, "RLIMIT_FSIZE")
    done = subprocess.run(
        [sys.executable, "-c", FILL_UP, str(folder_store.root)], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True
    )
    assert done.stdout == errors.DiskFull.say + "\n"
    assert files(folder_store) == set()


@pytest.mark.parametrize(("number", "expected"), [(errno.ENOSPC, errors.DiskFull), (errno.EDQUOT, errors.DiskFull), (errno.EIO, errors.StoreRefused)])
def test_a_disk_that_fails_only_while_flushing_is_noticed(
    folder_store: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int, expected: type
) -> None:
    def full(handle: int) -> None:
        raise OSError(number, os.strerror(number), str(folder_store.root))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(expected) as caught:
        folder_store.put(KEY, b"one", **DETAILS)
    assert str(folder_store.root) not in f"{caught.value.as_json()} {caught.value!r}"
    monkeypatch.undo()
    assert files(folder_store) == set()
    with pytest.raises(errors.NotStored):
        folder_store.head(KEY)


def test_a_folder_that_cannot_be_written_refuses(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file where the folder should be")
    store = FolderStore(tmp_path / "objects", secret=SECRET)
    with pytest.raises(errors.StoreRefused):
        store.put(KEY, b"one", **DETAILS)
    with pytest.raises(errors.StoreError):
        store.check()


def test_foreign_files_in_the_folder_are_not_objects(folder_store: FolderStore) -> None:
    folder_store.put(KEY, b"one", **DETAILS)
    (folder_store.root / "notes.txt").write_text("mine")
    (folder_store.root / "new\nline").write_text("mine")
    assert [found.key for found in folder_store.list("")] == [KEY]
