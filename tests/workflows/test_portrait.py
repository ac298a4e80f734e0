"""What a workflow does when the machine, and not the provider, is at fault."""

import errno
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from pipeline import assets
from pipeline.errors import DiskFull
from pipeline.records import Asset, AssetKind
from pipeline.storage.folder import FolderStore
from pipeline.workflows import bench, portrait


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "objects", secret=b"secret", route="/m/")


def finish(store: FolderStore, tmp: Path) -> dict[str, object]:
    raw = assets.put(store, b"a clip", Asset(scope="case-1", kind=AssetKind.RAW_CLIP, media_type="video/mp4", width_px=8, height_px=8))
    bench.set_bench(bench.Bench(desk=None, store=store, tmp=tmp, ffmpeg="", cores=threading.Semaphore(1)))
    order = {"run": "r1", "bought": asdict(raw), "source": asdict(raw), "recipe": {"loop": True, "portrait": False}}
    return dict(portrait._finish("clip", order))


def test_a_scratch_folder_that_is_gone_ends_the_run_in_words(store: FolderStore, tmp_path: Path) -> None:
    made = finish(store, tmp_path / "gone")
    assert (made["run"], made["error"]["error"], made["error"]["charged"]) == ("r1", "StudioError", False)
    assert str(tmp_path) not in str(made)


def test_a_full_disk_is_named(store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pipeline.buying.delivery.tempfile.mkdtemp", full)
    assert finish(store, tmp_path)["error"]["say"] == DiskFull.say
