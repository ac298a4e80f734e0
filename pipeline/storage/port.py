"""What every store of media can do, and the record it answers with."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from pipeline.errors import KeyTaken

PIECE_BYTES = 1 << 20
NO_METADATA: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One stored object as the store describes it; `modified_at` is UTC, metadata names are lower case."""

    key: str
    bytes: int
    media_type: str
    cache_control: str
    sha256: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a listing tells of an object by itself; `modified_at` is UTC."""

    key: str
    bytes: int
    modified_at: datetime


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A whole object as one request for a range of bytes brings it; `partial` tells that the answer was the range asked for (206)."""

    data: bytes
    media_type: str
    cache_control: str
    partial: bool


class ObjectStore(Protocol):
    """A store in which a key, once written, never changes its bytes."""

    def put(self, key: str, data: bytes | Path, *, media_type: str, cache_control: str, metadata: Mapping[str, str] = NO_METADATA) -> StoredObject:
        """Create an object; the same bytes again return the object as first stored, other bytes raise KeyTaken."""
        ...

    def create(self, key: str, data: bytes, *, media_type: str, cache_control: str) -> bool:
        """Create an object by one request; False when the key holds something already, whatever that is."""
        ...

    def fetch(self, key: str) -> Fetched:
        """Read a whole object the way a browser does that wants to seek in it, by one request for a range; NotStored."""
        ...

    def head(self, key: str) -> StoredObject:
        """Describe an object without reading it; NotStored."""
        ...

    def read(self, key: str) -> bytes:
        """Return a whole object; NotStored."""
        ...

    def read_range(self, key: str, start: int, end: int | None) -> bytes:
        """Return the bytes from `start` up to but without `end` (None: to the last), empty past the last; NotStored, BadParameter."""
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Describe every object whose key starts with `prefix`, in key order, page by page."""
        ...

    def survey(self, prefix: str) -> Iterator[Listed]:
        """Name every object whose key starts with `prefix`, in key order, page by page, from the listing alone."""
        ...

    def delete(self, key: str) -> bool:
        """Remove an object; False when there was none."""
        ...

    def signed_url(self, key: str, *, seconds: int, save_as: str = "") -> str:
        """Return an address that reads this one object for so long and needs no other right; with a name, a browser saves it under that."""
        ...

    def check(self) -> None:
        """Put, describe, read and remove a real object under `_check/`; raises what a user of the store would meet."""
        ...


def sha256_of(data: bytes | Path) -> str:
    """Return the hash of bytes or of a file, read piece by piece.

    >>> sha256_of(b"")[:8]
    'e3b0c442'
    """
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    digest = hashlib.sha256()
    with data.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def same_or_taken(known: StoredObject, sha256: str) -> StoredObject:
    """Return the object that holds these bytes already; KeyTaken when it holds others."""
    if known.sha256 != sha256:
        raise KeyTaken()
    return known
