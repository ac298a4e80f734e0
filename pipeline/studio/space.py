"""What the studio's files take: the database, the engine's jobs, media, logs. Measuring walks every folder, so screens do it beside their beat."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.database import BACKUPS, Connection
from pipeline.records import now
from pipeline.settings import Settings
from pipeline.studio.about import without_login
from pipeline.studio.place import Place, objects_folder


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one kind of file takes: where it lies, how many there are, their bytes; `files` and `bytes` are None where nobody here can count."""

    title: str
    where: str
    meaning: str
    files: int | None
    bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Everything the studio keeps: its folder, the shares, and the bytes still free on that disk."""

    folder: str
    shares: tuple[Share, ...]
    free_bytes: int
    measured_at: str


def measure(place: Place) -> Footprint:
    """Count every file of the mode's folder; under half a second for 100,000 of them. Files that vanish meanwhile are not counted."""
    folder = place.settings.folder
    with place.database.reading() as db:
        media = _media(place.settings, db)
    known = (_database(folder), _backups(folder), _jobs(place.settings), media, _emulator(folder), _logs(folder))
    return Footprint(
        folder=str(folder),
        shares=tuple(share for share in known if share is not None),
        free_bytes=shutil.disk_usage(folder).free,
        measured_at=now(),
    )


def _database(folder: Path) -> Share:
    meaning = "Cases, runs, money, approvals: the truth. Back this up together with the media."
    return _beside(folder, "studio.db", "Database", meaning)


def _backups(folder: Path) -> Share | None:
    path = folder / BACKUPS
    return _inside(path, "Backups", "Proven copies of the database; old ones can be deleted.") if path.is_dir() else None


def _jobs(settings: Settings) -> Share:
    meaning = "What the engine is in the middle of. Made anew when it is gone."
    if settings.jobs_db_url:
        return Share(title="Jobs", where=without_login(settings.jobs_db_url), meaning=meaning, files=None, bytes=None)
    return _beside(settings.folder, "jobs.db", "Jobs", meaning)


def _media(settings: Settings, db: Connection) -> Share:
    if settings.r2_private_bucket_name:
        kept = db.execute("SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes FROM assets WHERE removed_at IS NULL").fetchone()
        where, meaning = f"R2 bucket {settings.r2_private_bucket_name}", "Photos, avatars, clips and posters, counted from the records."
        return Share(title="Media", where=where, meaning=meaning, files=kept["files"], bytes=kept["bytes"])
    folder = objects_folder(settings)
    sizes = [(size, name.startswith(".")) for name, size in _files(folder)]
    meaning = "Photos, avatars, clips and posters, each with a small file of facts beside it."
    count = sum(not beside for _, beside in sizes)
    return Share(title="Media", where=_named(folder), meaning=meaning, files=count, bytes=sum(size for size, _ in sizes))


def _emulator(folder: Path) -> Share | None:
    path = folder / "emulator"
    return _inside(path, "Sandbox", "What the sandbox keeps of its own: queue, results, bill.") if path.is_dir() else None


def _logs(folder: Path) -> Share:
    return _inside(folder / "logs", "Logs", "What the processes did, as JSON lines; the oldest go by themselves.")


def _beside(folder: Path, name: str, title: str, meaning: str) -> Share:
    """Measure a SQLite file with what SQLite keeps beside it."""
    sizes = [_size(path) for path in folder.glob(f"{name}*")]
    return Share(title=title, where=name, meaning=meaning, files=len(sizes), bytes=sum(sizes))


def _inside(folder: Path, title: str, meaning: str) -> Share:
    sizes = [size for _, size in _files(folder)]
    return Share(title=title, where=_named(folder), meaning=meaning, files=len(sizes), bytes=sum(sizes))


def _named(folder: Path) -> str:
    return f"{folder.name}/"


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """Give name and size in bytes of every file below a folder; nothing when there is no such folder."""
    waiting = [os.fspath(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    with contextlib.suppress(OSError):
                        yield entry.name, entry.stat(follow_symlinks=False).st_size


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0
