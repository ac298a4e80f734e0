"""One row a publication: `publishing → published → ending → replaced | withdrawn`, or `publishing → (ending →) refused`.

At most one of a kind is live in a case; the database itself sees to that. Nothing is ever deleted from this history.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipeline.database import Connection, insert, update
from pipeline.errors import StudioError, UnknownName
from pipeline.publishing.items import Item
from pipeline.records import AssetKind, Case, Person, new_id, now


class State(StrEnum):
    """Where a publication stands; ENDING is withdrawn or replaced already, while its object may still be in the store."""

    PUBLISHING = "publishing"
    PUBLISHED = "published"
    REFUSED = "refused"
    ENDING = "ending"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Publication:
    """Approved bytes at a public address; `asset` is the avatar or clip whose approval covers them, `sha256` the bytes themselves."""

    id: str
    case_id: str
    kind: AssetKind
    asset: str
    sha256: str
    store: str
    key: str
    url: str
    media_type: str
    bytes: int
    width_px: int | None
    height_px: int | None
    state: State
    ends_as: State | None
    error: Mapping[str, Any] | None
    person: str
    asked_at: str
    verified_at: str | None
    ended_by: str | None
    ended_at: str | None
    reason: str
    removed_at: str | None
    cleared: str


def begin(tx: Connection, case: Case, item: Item, store: str, key: str, url: str, by: Person) -> Publication:
    """Return the publication of these bytes under this key that is live or being made, else write down that it is being made."""
    same = (
        "SELECT * FROM publications WHERE case_id = ? AND kind = ? AND asset = ? AND key = ? AND store = ? AND state IN ('published', 'publishing')"
    )
    row = tx.execute(same, (case.id, item.kind.value, item.approved.sha256, key, store)).fetchone()
    if row is not None:
        return _publication(row)
    file = item.file
    facts = {"media_type": file.media_type, "bytes": file.bytes, "width_px": file.width_px, "height_px": file.height_px}
    named = {"id": new_id("p"), "case_id": case.id, "kind": item.kind.value, "asset": item.approved.sha256, "sha256": file.sha256}
    place = {"store": store, "key": key, "url": url, "state": State.PUBLISHING.value, "person": by.name, "asked_at": now()}
    insert(tx, "publications", {**named, **facts, **place})
    return get(tx, named["id"])


def prove(tx: Connection, publication: Publication, by: Person) -> Publication:
    """Make a publication live, which replaces the one of its kind that was; the replaced one's object is still to be removed."""
    for other in live(tx, publication.case_id).values():
        if other.kind is publication.kind and other.id != publication.id:
            end(tx, other, State.REPLACED, by, "")
    update(tx, "publications", {"id": publication.id}, {"state": State.PUBLISHED.value, "verified_at": now(), "error": None})
    return get(tx, publication.id)


def refuse(tx: Connection, publication: Publication, error: StudioError, by: Person) -> None:
    """Write down why a publication did not come about; what may have been put for it is still to be removed."""
    changes = {"state": State.ENDING.value, "ends_as": State.REFUSED.value, "error": json.dumps(error.as_json())}
    who = {"ended_by": by.name, "ended_at": now(), "reason": error.say}
    update(tx, "publications", {"id": publication.id, "state": State.PUBLISHING.value}, {**changes, **who})


def end(tx: Connection, publication: Publication, as_: State, by: Person, reason: str) -> None:
    """Take a publication out of sight at once; its object is removed next."""
    changes = {"state": State.ENDING.value, "ends_as": as_.value, "ended_by": by.name, "ended_at": now(), "reason": reason}
    update(tx, "publications", {"id": publication.id}, changes)


def ended(tx: Connection, publication: Publication, cleared: str) -> None:
    """Write down that an ended publication's object is gone, and what became of the copies of the CDN."""
    changes = {"state": (publication.ends_as or State.WITHDRAWN).value, "removed_at": now(), "cleared": cleared}
    update(tx, "publications", {"id": publication.id, "state": State.ENDING.value}, changes)


def move(tx: Connection, publication: Publication, store: str, key: str, url: str, by: Person) -> bool:
    """Say that a live publication lies in another store from now on; false when it is live no longer. Its old object is still to be removed.

    What it was stays in the history under an id of its own.
    """
    row = tx.execute("SELECT * FROM publications WHERE id = ? AND state = 'published' AND store = ?", (publication.id, publication.store)).fetchone()
    if row is None:
        return False
    update(tx, "publications", {"id": publication.id}, {"store": store, "key": key, "url": url, "verified_at": now()})
    left = {"id": new_id("p"), "state": State.ENDING.value, "ends_as": State.REPLACED.value, "ended_by": by.name, "ended_at": now()}
    insert(tx, "publications", {**dict(row), **left, "reason": f"moved to {store}"})
    return True


def readdress(tx: Connection, store: str, address: str) -> int:
    """Give every live publication of a store the address at which that store is read now, and return how many had another one."""
    changed = tx.execute(
        "UPDATE publications SET url = ?1 || '/' || key WHERE state = 'published' AND store = ?2 AND url <> ?1 || '/' || key", (address, store)
    )
    return changed.rowcount


def get(db: Connection, publication_id: str) -> Publication:
    """Return a publication; raises UnknownName."""
    row = db.execute("SELECT * FROM publications WHERE id = ?", (publication_id,)).fetchone()
    if row is None:
        raise UnknownName("There is no such publication.")
    return _publication(row)


def live(db: Connection, case_id: str) -> Mapping[AssetKind, Publication]:
    """Return what guests of a case see now, by kind."""
    rows = db.execute("SELECT * FROM publications WHERE case_id = ? AND state = 'published'", (case_id,))
    return {one.kind: one for one in map(_publication, rows.fetchall())}


def history(db: Connection, case_id: str) -> tuple[Publication, ...]:
    """Return every publication of a case, newest first."""
    rows = db.execute("SELECT * FROM publications WHERE case_id = ? ORDER BY asked_at DESC, state = 'published' DESC, rowid DESC", (case_id,))
    return tuple(map(_publication, rows.fetchall()))


def unfinished(db: Connection, case_id: str | None = None) -> tuple[Publication, ...]:
    """Return what was begun or ended and not brought to its end, oldest first."""
    rows = db.execute(
        "SELECT * FROM publications WHERE state IN ('publishing', 'ending') AND (?1 IS NULL OR case_id = ?1) ORDER BY asked_at", (case_id,)
    )
    return tuple(map(_publication, rows.fetchall()))


def shown_under(db: Connection, key: str) -> Publication | None:
    """Return the live publication under a key; None where nothing is published."""
    row = db.execute("SELECT * FROM publications WHERE key = ? AND state = 'published' LIMIT 1", (key,)).fetchone()
    return _publication(row) if row else None


def is_needed(db: Connection, store: str, key: str) -> bool:
    """Tell whether any publication that is live or being made needs what a store holds under a key."""
    query = "SELECT 1 FROM publications WHERE key = ? AND store = ? AND state IN ('published', 'publishing') LIMIT 1"
    return db.execute(query, (key, store)).fetchone() is not None


def read_rows(rows: Iterable[sqlite3.Row]) -> tuple[Publication, ...]:
    """Return the publications of whole rows of their table."""
    return tuple(map(_publication, rows))


def _publication(row: sqlite3.Row) -> Publication:
    values = {name: row[name] for name in Publication.__dataclass_fields__}
    values |= {"kind": AssetKind(row["kind"]), "state": State(row["state"]), "ends_as": State(row["ends_as"]) if row["ends_as"] else None}
    return Publication(**{**values, "error": json.loads(row["error"]) if row["error"] else None})
