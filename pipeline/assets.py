"""Media: a row and its bytes together. The only way to pictures and clips."""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from pipeline.database import Connection, Database, insert, update
from pipeline.errors import NotStored, TakenDown, UnknownName
from pipeline.records import Asset, AssetKind, now
from pipeline.storage.keys import key_for

PRIVATE = "private, max-age=31536000, immutable"
EVERYTHING = "*"  # stands among the hashes that were taken down for the whole case
NEEDED = "SELECT 1 FROM assets WHERE key = ? AND removed_at IS NULL"


class Bytes(Protocol):
    """What assets need of a store."""

    def put(self, key: str, data: bytes | Path, *, media_type: str, cache_control: str, metadata: Mapping[str, str] = ...) -> Any: ...
    def read(self, key: str) -> bytes: ...
    def delete(self, key: str) -> bool: ...


def put(store: Bytes, data: bytes, asset: Asset) -> Asset:
    """Store bytes under their hash and return the asset they are, without writing its row: for work that may run on another machine."""
    sha256 = hashlib.sha256(data).hexdigest()
    key, begun_at = key_for(asset.scope, asset.kind.value, sha256, asset.media_type), now()
    store.put(key, data, media_type=asset.media_type, cache_control=PRIVATE)
    return replace(asset, sha256=sha256, key=key, bytes=len(data), created_at=begun_at)


def record(tx: Connection, asset: Asset) -> Asset:
    """Write the row of stored bytes and return it; the same bytes in the same scope are the asset that exists, and a repeat changes nothing.

    Made from something else this time, it has both as its parents: pictures that differ in a comment alone have one and the same small copy.
    What was removed exists again once its bytes are kept anew; raises NotStored while the removed bytes are still being swept away, TakenDown
    for what is never kept again.
    """
    check_wanted(tx, asset.scope, [asset.sha256, *asset.parents])
    row = tx.execute("SELECT removed_at, swept_at, parents FROM assets WHERE scope = ? AND sha256 = ?", (asset.scope, asset.sha256)).fetchone()
    if row is None:
        names = ("scope", "sha256", "kind", "key", "media_type", "bytes", "width_px", "height_px", "seconds", "run_id", "call_id", "created_at")
        values = {name: getattr(asset, name) for name in names}
        insert(tx, "assets", {**values, "parents": json.dumps(asset.parents), "facts": json.dumps(dict(asset.facts))})
    elif row["removed_at"]:
        if row["swept_at"] is None or row["swept_at"] >= asset.created_at:
            raise NotStored("This very file was removed a moment ago and is still being cleared away.", next="Try again in a moment.")
        update(tx, "assets", {"scope": asset.scope, "sha256": asset.sha256}, {"removed_at": None, "swept_at": None})
    if row is not None and (more := [parent for parent in asset.parents if parent not in json.loads(row["parents"])]):
        update(tx, "assets", {"scope": asset.scope, "sha256": asset.sha256}, {"parents": json.dumps([*json.loads(row["parents"]), *more])})
    return get(tx, asset.scope, asset.sha256)


def keep(db: Database, store: Bytes, data: bytes, asset: Asset) -> Asset:
    """Store bytes, then their row; raises TakenDown for what is never kept again, and leaves no byte of it."""
    with db.reading() as looking:
        check_wanted(looking, asset.scope, [hashlib.sha256(data).hexdigest(), *asset.parents])
    stored = put(store, data, asset)
    with unless_taken_down(db, store, stored), db.writing() as tx:
        return record(tx, stored)


def check_wanted(db: Connection, scope: str, hashes: Iterable[str]) -> None:
    """Raise TakenDown when any of these files, or all of their case, was taken down; what was made of such a file is named with its parents."""
    row = db.execute(
        """SELECT t.person, g.at, g.sha256 FROM gone g JOIN takedowns t ON t.id = g.takedown
        WHERE g.scope = ? AND g.sha256 IN (SELECT value FROM json_each(?)) ORDER BY g.sha256 LIMIT 1""",
        (scope, json.dumps([EVERYTHING, *hashes])),
    ).fetchone()
    if row is not None:
        what = "Everything of this case" if row["sha256"] == EVERYTHING else "This picture, or what it was made from,"
        raise TakenDown(f"{what} was taken down on {row['at'][:10]} by {row['person']}, so it is not kept again.")


@contextlib.contextmanager
def unless_taken_down(db: Database, store: Bytes, *stored: Asset) -> Iterator[None]:
    """Delete what was stored already when the block, which writes its rows, raises TakenDown: somebody took it down in that moment."""
    try:
        yield
    except TakenDown:
        with db.reading() as looking:
            needed = [one for one in stored if looking.execute(NEEDED, (one.key,)).fetchone() is not None]
        for one in stored:
            if one not in needed:
                store.delete(one.key)
        raise


def get(db: Connection, scope: str, sha256: str) -> Asset:
    """Return an asset by scope and hash; raises UnknownName."""
    row = db.execute("SELECT * FROM assets WHERE scope = ? AND sha256 = ?", (scope, sha256)).fetchone()
    if row is None:
        raise UnknownName("There is no such file in this case.")
    return _asset(row)


def find(db: Connection, prefix: str) -> list[Asset]:
    """Return every asset whose hash starts with these hex digits, newest first; the same bytes may be in several scopes."""
    if not prefix or set(prefix) - set("0123456789abcdef"):
        return []
    rows = db.execute("SELECT * FROM assets WHERE sha256 >= ? AND sha256 < ? ORDER BY created_at DESC", (prefix, prefix + "g"))
    return [_asset(row) for row in rows]


def of_run(db: Connection, run_id: str) -> list[Asset]:
    """Return what a run made, oldest first."""
    return [_asset(row) for row in db.execute("SELECT * FROM assets WHERE run_id = ? ORDER BY created_at, rowid", (run_id,))]


def of_call(db: Connection, call_id: str) -> list[Asset]:
    """Return what a paid request led to, oldest first."""
    return [_asset(row) for row in db.execute("SELECT * FROM assets WHERE call_id = ? ORDER BY created_at, rowid", (call_id,))]


def children(db: Connection, scope: str, sha256: str, kind: AssetKind) -> list[Asset]:
    """Return what was made from an asset, newest first."""
    # The + keeps SQLite from walking through every asset of that kind instead of the few of this scope.
    rows = db.execute(
        "SELECT * FROM assets WHERE scope = ? AND +kind = ? AND removed_at IS NULL"
        " AND EXISTS (SELECT 1 FROM json_each(parents) WHERE value = ?) ORDER BY created_at DESC, rowid DESC",
        (scope, kind.value, sha256),
    )
    return [_asset(row) for row in rows]


def descendants(db: Connection, scope: str, sha256: str) -> list[Asset]:
    """Return everything that was made from an asset, by however many steps, also what was removed; what was made first comes first."""
    rows = db.execute(
        """WITH RECURSIVE made(sha256) AS (SELECT ? UNION
            SELECT a.sha256 FROM made JOIN assets a ON a.scope = ? AND EXISTS (SELECT 1 FROM json_each(a.parents) WHERE value = made.sha256))
        SELECT a.* FROM made JOIN assets a ON a.scope = ? AND a.sha256 = made.sha256 WHERE a.sha256 <> ? ORDER BY a.created_at, a.rowid""",
        (sha256, scope, scope, sha256),
    )
    return [_asset(row) for row in rows]


def newest(db: Connection, limit: int = 100) -> list[Asset]:
    """Return the newest assets, newest first."""
    return [_asset(row) for row in db.execute("SELECT * FROM assets ORDER BY created_at DESC, rowid DESC LIMIT ?", (limit,))]


def read_rows(rows: Iterable[Mapping[str, Any]]) -> list[Asset]:
    """Return the assets of whole rows of their table."""
    return [_asset(row) for row in rows]


def keys(db: Connection) -> set[str]:
    """Return the key of every asset that should have bytes."""
    return {row["key"] for row in db.execute("SELECT key FROM assets WHERE removed_at IS NULL")}


def read(store: Bytes, asset: Asset) -> bytes:
    """Return an asset's bytes, proven by their hash; raises NotStored when they are gone or altered."""
    data = store.read(asset.key)
    if hashlib.sha256(data).hexdigest() != asset.sha256:
        raise NotStored("A stored file is not what was kept: its content changed.")
    return data


def measured(tx: Connection, asset: Asset, reference: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep the likeness of an asset against a reference, one row per face of the reference."""
    tx.execute("DELETE FROM likeness WHERE scope = ? AND asset = ? AND reference = ?", (asset.scope, asset.sha256, reference))
    for face, row in enumerate(rows):
        insert(tx, "likeness", {"scope": asset.scope, "asset": asset.sha256, "reference": reference, "face": face, **row})


def likeness(db: Connection, scope: str, sha256: str) -> list[dict[str, Any]]:
    """Return the kept likeness of an asset, one row per face: distance, detector_score, band, reason."""
    rows = db.execute("SELECT * FROM likeness WHERE scope = ? AND asset = ? ORDER BY face", (scope, sha256))
    return [{name: row[name] for name in ("face", "distance", "detector_score", "band", "reason", "model_hash")} for row in rows]


def _asset(row: Mapping[str, Any]) -> Asset:
    values = {name: row[name] for name in Asset.__dataclass_fields__}
    values |= {"kind": AssetKind(row["kind"]), "parents": tuple(json.loads(row["parents"])), "facts": json.loads(row["facts"])}
    return Asset(**values)
