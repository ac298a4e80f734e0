"""One round through a store with a real object, the same for every kind of store."""

import secrets

from pipeline.errors import KeyTaken, StoreRefused
from pipeline.storage.port import ObjectStore, sha256_of

_BYTES = b"The studio checks its store with this file and removes it again.\n"
_MEDIA_TYPE = "text/plain"
_CACHE_CONTROL = "no-store"
_METADATA = {"purpose": "check"}


def exercise(store: ObjectStore) -> None:
    """Put, describe, read, refuse to overwrite and remove an object under `_check/`; StoreError where the store falls short."""
    key = f"_check/{secrets.token_hex(8)}.txt"
    try:
        store.put(key, _BYTES, media_type=_MEDIA_TYPE, cache_control=_CACHE_CONTROL, metadata=_METADATA)
        found = store.head(key)
        kept = (found.bytes, found.sha256, found.media_type, found.cache_control, dict(found.metadata))
        if kept != (len(_BYTES), sha256_of(_BYTES), _MEDIA_TYPE, _CACHE_CONTROL, _METADATA):
            raise StoreRefused("The store does not keep what is said about a file.")
        if store.read_range(key, 4, 10) != _BYTES[4:10] or store.read(key) != _BYTES:
            raise StoreRefused("The store does not give back what it was given.")
        _must_not_overwrite(store, key)
    finally:
        store.delete(key)


def _must_not_overwrite(store: ObjectStore, key: str) -> None:
    try:
        store.put(key, _BYTES[:-1], media_type=_MEDIA_TYPE, cache_control=_CACHE_CONTROL)
    except KeyTaken:
        return
    raise StoreRefused("The store overwrites files, so a published picture could change.")
