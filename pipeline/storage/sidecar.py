"""What a folder keeps about an object beside its bytes: `.{name}.json` next to `{name}`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import stat_result
from pathlib import Path

from pipeline.storage.port import StoredObject


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """The facts that a file system does not keep."""

    bytes: int
    sha256: str
    media_type: str
    cache_control: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    def describe(self, key: str, facts: stat_result) -> StoredObject:
        """Return the stored object, written when the file was."""
        return StoredObject(
            key=key,
            bytes=self.bytes,
            media_type=self.media_type,
            cache_control=self.cache_control,
            sha256=self.sha256,
            metadata=dict(self.metadata),
            modified_at=datetime.fromtimestamp(facts.st_mtime, UTC),
        )


def encoded(about: Sidecar) -> bytes:
    """Return what is written to the file."""
    return json.dumps(vars(about) | {"metadata": dict(about.metadata)}, indent=1).encode()


def path_beside(path: Path) -> Path:
    """Return where the sidecar of a file lies.

    >>> path_beside(Path("a/b.png")).as_posix()
    'a/.b.png.json'
    """
    return path.with_name(f".{path.name}.json")


def is_one(path: Path) -> bool:
    """True for a path that a sidecar would have."""
    return path.name.startswith(".") and path.suffix == ".json" and len(path.name) > len("..json")


def owner(path: Path) -> Path:
    """Return the file that a sidecar speaks of."""
    return path.with_name(path.name[1 : -len(".json")])


def read(path: Path) -> Sidecar | None:
    """Return the sidecar of a file, None when there is none or it is not whole."""
    try:
        found = json.loads(path_beside(path).read_bytes())
        return Sidecar(**found)
    except (FileNotFoundError, ValueError, TypeError):
        return None
