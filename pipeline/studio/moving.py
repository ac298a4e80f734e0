"""What is published goes from the store it lies in to the one that is set now: folder to R2, R2 to folder, or bucket to bucket.

It can be stopped at any moment and begun again: a file counts as moved once its copy was read back and its row says so; the old object goes last.
"""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pipeline import assets, cases
from pipeline.database import Connection
from pipeline.errors import NotStored, StudioError, UnknownName
from pipeline.publishing import publications
from pipeline.publishing.addresses import public_key
from pipeline.publishing.publications import Publication, State
from pipeline.publishing.turns import turn
from pipeline.records import Person, Role
from pipeline.studio import publish_cleanup
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.publishing import AT_ONCE, show_script

ACTION = "move"


@dataclass(frozen=True, kw_only=True)
class Move:
    """What became of one publication; `error` is None where it was copied, or was live no longer and needs no copy."""

    publication: Publication
    copied: bool
    error: StudioError | None = None


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What became of all: `already` lay in the store that is set, `copied` with so many bytes came there now; in a dry run they would come."""

    store: str
    copied: int
    already: int
    bytes: int
    failures: tuple[Move, ...]
    dry_run: bool

    def document(self) -> Mapping[str, Any]:
        """Return it as `store, copied, already, failed, bytes, dry_run, failures`."""
        counts = {"copied": self.copied, "already": self.already, "failed": len(self.failures), "bytes": self.bytes}
        told = [{"case": one.publication.case_id, "key": one.publication.key, **one.error.as_json()} for one in self.failures if one.error]
        return {"store": self.store, **counts, "dry_run": self.dry_run, "failures": told}


def migrate(place: Place, by: Person, *, dry_run: bool = False, told: Callable[[Move], None] = lambda _: None) -> Moved:
    """Move everything that guests see to the store that is set now, eight files at a time; one that fails stays where it is and stops no other.

    What lies there already gets the address at which the store is read now, which another domain or port changes. Raises NotAllowed,
    BadSetting, StoreError when the store that is set cannot be used at all.
    """
    check(by, Role.PUBLISH)
    front = place.storefront
    with place.database.reading() as db:
        there = db.execute("SELECT count(*) AS n FROM publications WHERE state = 'published' AND store = ?", (front.name,)).fetchone()["n"]
        waiting = publications.read_rows(
            db.execute("SELECT * FROM publications WHERE state = 'published' AND store <> ? ORDER BY asked_at", (front.name,))
        )
    if dry_run:
        size = sum(one.bytes for one in waiting)
        return Moved(store=front.name, copied=len(waiting), already=there, bytes=size, failures=(), dry_run=True)
    with place.database.writing() as tx:
        publications.readdress(tx, front.name, front.address)
    if waiting:
        show_script(front)

    def move(publication: Publication) -> Move:
        done = _tried(place, publication, by)
        told(done)
        return done

    with ThreadPoolExecutor(AT_ONCE) as pool:
        moves = tuple(pool.map(move, waiting))
    copied = [one.publication for one in moves if one.copied]
    failures = tuple(one for one in moves if one.error)
    return Moved(store=front.name, copied=len(copied), already=there, bytes=sum(one.bytes for one in copied), failures=failures, dry_run=False)


def _tried(place: Place, publication: Publication, by: Person) -> Move:
    try:
        with turn(place.settings.folder, publication.case_id):
            return Move(publication=publication, copied=_moved(place, publication, by))
    except StudioError as error:
        return Move(publication=publication, copied=False, error=error)


def _moved(place: Place, one: Publication, by: Person) -> bool:
    front = place.storefront
    with place.database.reading() as db:
        is_live = publications.get(db, one.id).state is State.PUBLISHED
    if not is_live:
        return False
    # 1. In the new store and read back. If we die here, the next try finds it there; nobody has been told of it.
    key = front.key(public_key(one.kind, one.case_id, one.sha256, one.media_type))
    front.show(key, _approved_bytes(place, one), one.media_type)
    # 2. The row says where it lies. If we die here, the old object is removed by the worker.
    with place.database.writing() as tx:
        done = publications.move(tx, one, front.name, key, front.url(key), by)
        if done:
            _note(tx, one, front.name, by)
        elif not publications.is_needed(tx, front.name, key):
            front.hide(key)
    # 3. The old object goes.
    publish_cleanup.clear(place, one.case_id)
    return done


def _note(tx: Connection, one: Publication, store: str, by: Person) -> None:
    case = cases.look_up(tx, one.case_id)
    if case is not None:
        cases.note(tx, case, ACTION, by, files=[{"kind": one.kind.value, "sha256": one.sha256}], **{"from": one.store, "to": store})


def _approved_bytes(place: Place, one: Publication) -> bytes:
    """Return the bytes as they are kept privately, else as guests see them now; both are proven by their hash. Raises NotStored."""
    try:
        with place.database.reading() as db:
            asset = assets.get(db, one.case_id, one.sha256)
        return assets.read(place.store, asset)
    except (NotStored, UnknownName):
        data = place.storefront_of(one.store).store.fetch(one.key).data
    if hashlib.sha256(data).hexdigest() != one.sha256:
        raise NotStored("This file was altered since it was published, in both stores.", next="Withdraw it, make it again and approve it.")
    return data
