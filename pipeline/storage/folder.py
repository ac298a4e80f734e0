"""A folder as a store: whole objects or none, whatever process is killed and whenever the disk fills up.

    objects/
      case-7/avatar/ab12….png        the bytes
      case-7/avatar/.ab12….png.json  its sidecar
      .parts/                        files being written; what a killed process left there is swept
      .lock                          held for the moment in which a new object appears or an old one goes

Bytes and sidecar are written to `.parts` and flushed to the disk first. Then, under the lock, the sidecar moves into place and
the bytes after it: an object exists from the second move on. A sidecar without bytes, or with bytes of another size, is no
object; the next put replaces it.
"""

import errno
import os
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from pipeline.errors import DiskFull, KeyTaken, NotStored, StoreError, StoreRefused
from pipeline.storage import links, parts, sidecar
from pipeline.storage.checking import exercise
from pipeline.storage.keys import check_details, check_key, check_prefix, check_range, is_key
from pipeline.storage.port import NO_METADATA, Fetched, Listed, StoredObject, same_or_taken, sha256_of
from pipeline.storage.sidecar import Sidecar

_PARTS = ".parts"
_LOCK = ".lock"
_LOCK_SECONDS = 60.0
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FolderStore:
    """The ObjectStore port on a folder; its signed addresses are links of the studio's own media route."""

    def __init__(self, root: Path, *, secret: bytes, route: str = "/media/") -> None:
        self.root = root
        self._secret, self._route = secret, route
        self._among_threads = threading.Lock()

    def put(self, key: str, data: bytes | Path, *, media_type: str, cache_control: str, metadata: Mapping[str, str] = NO_METADATA) -> StoredObject:
        """Create an object; the same bytes again return it as first stored; KeyTaken, DiskFull, StoreRefused, BadKey."""
        path = self._path(key)
        check_details(media_type, cache_control, metadata)
        with _in_our_words(missing=StoreRefused):
            if (known := self._known(key)) is not None:
                return same_or_taken(known, sha256_of(data))
            with parts.written(self.root / _PARTS, data) as part:
                # The hash of what was copied, not of the source: a file may change meanwhile.
                about = Sidecar(bytes=part.bytes, sha256=part.sha256, media_type=media_type, cache_control=cache_control, metadata=metadata)
                with parts.written(self.root / _PARTS, sidecar.encoded(about)) as beside:
                    return self._appear(key, path, part.path, beside.path, about)

    def create(self, key: str, data: bytes, *, media_type: str, cache_control: str) -> bool:
        """Create an object; False when the key holds something already; DiskFull, StoreRefused, BadKey."""
        with _in_our_words(missing=StoreRefused):
            if self._known(key) is not None:
                return False
        try:
            self.put(key, data, media_type=media_type, cache_control=cache_control)
        except KeyTaken:
            return False
        return True

    def fetch(self, key: str) -> Fetched:
        """Read a whole object; any part of it can be read as well, so `partial` holds; NotStored, BadKey."""
        known = self.head(key)
        return Fetched(data=self.read_range(key, 0, None), media_type=known.media_type, cache_control=known.cache_control, partial=True)

    def head(self, key: str) -> StoredObject:
        """Describe an object; NotStored, BadKey."""
        with _in_our_words():
            known = self._known(key)
        if known is None:
            raise NotStored()
        return known

    def read(self, key: str) -> bytes:
        """Return a whole object; NotStored, BadKey."""
        self.head(key)
        with _in_our_words():
            return self._path(key).read_bytes()

    def read_range(self, key: str, start: int, end: int | None) -> bytes:
        """Return the bytes from `start` up to but without `end`, empty past the last; NotStored, BadKey, BadParameter."""
        known = self.head(key)
        check_range(start, end)
        with _in_our_words(), self._path(key).open("rb") as file:
            file.seek(start)
            return file.read(max(0, (known.bytes if end is None else min(end, known.bytes)) - start))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Describe every object whose key starts with `prefix`, in key order; BadKey."""
        folder = check_prefix(prefix).rpartition("/")[0]
        for key in self._keys(folder, prefix):
            with _in_our_words():
                known = self._known(key)
            if known is not None:
                yield known

    def survey(self, prefix: str) -> Iterator[Listed]:
        """Name every object whose key starts with `prefix`, in key order; no sidecar is opened; BadKey."""
        folder = check_prefix(prefix).rpartition("/")[0]
        for key in self._keys(folder, prefix):
            path = self._path(key)
            with _in_our_words():
                try:
                    facts = path.stat() if sidecar.path_beside(path).exists() else None
                except (FileNotFoundError, NotADirectoryError):
                    facts = None
            if facts is not None:
                yield Listed(key=key, bytes=facts.st_size, modified_at=datetime.fromtimestamp(facts.st_mtime, UTC))

    def delete(self, key: str) -> bool:
        """Remove an object and the folders it leaves empty; False when there was none; BadKey."""
        path = self._path(key)
        with _in_our_words(), self._lock():
            existed = self._known(key) is not None
            path.unlink(missing_ok=True)
            sidecar.path_beside(path).unlink(missing_ok=True)
            if existed:
                _flush_folder(path.parent)
            self._remove_empty(path.parent)
            return existed

    def signed_url(self, key: str, *, seconds: int, save_as: str = "") -> str:
        """Return a link of the media route that opens this key for at most so long; BadKey."""
        return self._route + links.sign(key, secret=self._secret, seconds=seconds, save_as=save_as)

    def check(self) -> None:
        """Put, describe, read and remove a real object; raises what a user of the store would meet."""
        exercise(self)

    def path_of(self, key: str) -> Path:
        """Return where an object's bytes lie, for programs that want a file; never write there; NotStored, BadKey."""
        self.head(key)
        return self._path(key)

    def sweep(self, older_than_seconds: float) -> int:
        """Remove what processes that are gone left behind, or anybody so long ago, and return how many files that were."""
        before = time.time() - older_than_seconds
        with _in_our_words(), self._lock():
            stray = [path for path in self._strays() if _modified(path) <= before or parts.abandoned(path)]
            for path in stray:
                path.unlink(missing_ok=True)
            return len(stray)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _known(self, key: str) -> StoredObject | None:
        path = self._path(key)
        try:
            facts = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        about = sidecar.read(path) if stat.S_ISREG(facts.st_mode) else None
        return about.describe(key, facts) if about is not None and about.bytes == facts.st_size else None

    def _appear(self, key: str, path: Path, part: Path, beside: Path, about: Sidecar) -> StoredObject:
        with self._lock():
            if (known := self._known(key)) is not None:
                return same_or_taken(known, about.sha256)
            fresh = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.replace(sidecar.path_beside(path))
            part.replace(path)
            for folder in (path.parent, *(folder.parent for folder in fresh)):
                _flush_folder(folder)
            return about.describe(key, path.stat())

    def _keys(self, folder: str, prefix: str) -> Iterator[str]:
        with _in_our_words():
            entries = _entries(self.root / folder)
        for name, is_folder in entries:
            key = f"{folder}/{name}" if folder else name
            if is_folder and f"{key}/".startswith(prefix[: len(key) + 1]):
                yield from self._keys(key, prefix)
            elif not is_folder and key.startswith(prefix) and is_key(key):
                yield key

    def _strays(self) -> Iterator[Path]:
        for folder, _, names in os.walk(self.root):
            for path in (Path(folder, name) for name in names):
                if Path(folder) == self.root / _PARTS or (sidecar.is_one(path) and not sidecar.owner(path).exists()):
                    yield path

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with self._among_threads, FileLock(self.root / _LOCK, timeout=_LOCK_SECONDS, poll_interval=0.005):
            yield

    def _remove_empty(self, folder: Path) -> None:
        while folder != self.root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent


@contextmanager
def _in_our_words(*, missing: type[StoreError] = NotStored) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing() from error
    except OSError as error:
        raise (DiskFull() if error.errno in _FULL else StoreRefused()) from error


def _entries(folder: Path) -> list[tuple[str, bool]]:
    """Return the names in a folder in the order of their keys, in which a folder's name ends in a slash."""
    try:
        with os.scandir(folder) as found:
            entries = [(entry.name, entry.is_dir()) for entry in found if not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(entries, key=lambda entry: os.fsencode(entry[0] + "/" * entry[1]))


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
