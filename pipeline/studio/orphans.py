"""Both stores compared with the records: objects without rows and rows without objects. Only what a look showed is ever deleted."""

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from pipeline.database import Connection, insert
from pipeline.errors import NotNow, NotStored
from pipeline.publishing.addresses import SANDBOX_PREFIX, case_part, invitation, is_public
from pipeline.publishing.proving import FOLDER
from pipeline.records import Person, Role, moment, now
from pipeline.storage.keys import safe_scope
from pipeline.storage.port import Listed, ObjectStore
from pipeline.studio import orphan_file
from pipeline.studio.orphan_file import Missing, OrphanReport, StoreReport, Stray
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.wording import counted

# What is younger may be in the middle of being made: its row comes after its bytes.
GRACE = timedelta(hours=24)
ACTION = "delete orphans"
TEMPORARY = "uploads/temp/"
NO_MEDIA = (TEMPORARY, "anchors/")
_PRIVATE_SHAPE = re.compile(r"[^/]+/[a-z0-9-]+/[0-9a-f]{64}\.[a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What became of the orphans of a report: how many went with how many bytes, and how many stayed because they are orphans no longer."""

    deleted: int
    bytes: int
    kept: int


class _Whose(Enum):
    """Whose an object without a row is, by its key: this studio's, that of one with other cases, or no media at all."""

    OURS = "ours"
    FOREIGN = "foreign"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """What the records say of a store: size and moment by the key of what must be there, the keys that still may be, and whose a key is."""

    wanted: Mapping[str, tuple[int, str]]
    spared: frozenset[str]
    whose: Callable[[str], _Whose]


def scan(place: Place) -> OrphanReport:
    """List both stores, compare them with the rows, and keep the report for `last` and `delete`.

    An object younger than a day is called no orphan, nor is one that need not be this studio's. 100,000 objects take under a minute.
    Raises StoreError, BadSetting.
    """
    at, front = now(), place.storefront
    private = _compare(place, "private", place.store, "", at, _assets)
    public = _compare(place, "public", front.store, front.prefix, at, lambda db: _publications(db, front.name, front.prefix))
    with place.database.reading() as db:
        query = "SELECT count(*) AS n FROM publications WHERE state = 'published' AND store <> ?"
        elsewhere = int(db.execute(query, (front.name,)).fetchone()["n"])
    report = OrphanReport(at=at, store=front.name, private=private, public=public, elsewhere=elsewhere)
    orphan_file.keep(place.settings.folder, report)
    return report


def last(place: Place) -> OrphanReport | None:
    """Return the newest report; None when nobody has looked yet."""
    return orphan_file.read(place.settings.folder)


def delete(place: Place, mark: str, by: Person) -> Deleted:
    """Delete the orphans of the report with this mark, each unless it has a row by now or was written anew.

    Raises NotAllowed, NotNow when the report is not the newest or a bucket is shared with another studio, StoreError; what went before that is gone.
    """
    check(by, Role.PUBLISH)
    report = last(place)
    if report is None or report.mark != mark or report.store != place.storefront.name:
        raise NotNow("The stores were looked at again since this was shown.", next="Look at the new list, then decide.")
    _check_alone(report.private, bool(place.settings.r2_private_bucket_name), "R2_PRIVATE_BUCKET_NAME")
    _check_alone(report.public, place.settings.store == "r2", "R2_BUCKET_NAME")
    private = [one for one in report.private.orphans if _delete(place, place.store, one, _has_asset)]
    public = [one for one in report.public.orphans if _delete(place, place.storefront.store, one, _has_publication)]
    found = len(report.private.orphans) + len(report.public.orphans)
    gone = [*private, *public]
    _note(place, by, len(private), len(public))
    return Deleted(deleted=len(gone), bytes=sum(one.bytes for one in gone), kept=found - len(gone))


def _check_alone(part: StoreReport, is_bucket: bool, setting: str) -> None:
    """In a shared bucket another studio's files could pass for orphans where both have a case of the same id."""
    if is_bucket and part.foreign and part.orphans:
        raise NotNow(
            f"The bucket of {setting} also holds {counted(part.foreign, 'file')} of another studio, so nothing is deleted in it.",
            next="Give every studio, and the sandbox, a bucket of its own.",
        )


def _compare(place: Place, name: str, store: ObjectStore, prefix: str, at: str, rows: Callable[[Connection], _Rows]) -> StoreReport:
    objects = {one.key: one for one in store.survey(prefix) if not one.key.startswith(NO_MEDIA)}
    # The rows after the objects: what was made meanwhile has its row, and what has no row yet is young.
    with place.database.reading() as db:
        known = rows(db)
    strays: dict[_Whose, list[Listed]] = {whose: [] for whose in _Whose}
    for key in objects.keys() - known.wanted.keys() - known.spared:
        strays[known.whose(key)].append(objects[key])
    orphans = [one for one in strays[_Whose.OURS] if one.modified_at < moment(at) - GRACE]
    return StoreReport(
        name=name,
        objects=len(objects),
        bytes=sum(one.bytes for one in objects.values()),
        orphans=tuple(_stray(one) for one in sorted(orphans, key=lambda one: one.key)),
        young=len(strays[_Whose.OURS]) - len(orphans),
        foreign=len(strays[_Whose.FOREIGN]),
        others=len(strays[_Whose.OTHER]),
        missing=tuple(_missing(store, objects, known, at)),
    )


def _missing(store: ObjectStore, objects: Mapping[str, Listed], known: _Rows, at: str) -> list[Missing]:
    """Return the rows whose bytes are not there, or are of another size; young ones are asked for by name, as they may have come meanwhile."""
    found, young = [], (moment(at) - GRACE).isoformat()
    for key, (size, since) in known.wanted.items():
        held = objects[key].bytes if key in objects else None
        if held is None and since > young:
            with contextlib.suppress(NotStored):
                held = store.head(key).bytes
        if held != size:
            found.append(Missing(key=key, bytes=size, since=since, held_bytes=held))
    return found


def _assets(db: Connection) -> _Rows:
    rows = db.execute("SELECT key, bytes, created_at, removed_at FROM assets WHERE removed_at IS NULL OR swept_at IS NULL").fetchall()
    scopes = {safe_scope(row["id"]) for row in db.execute("SELECT id FROM cases")}

    def whose(key: str) -> _Whose:
        if key.startswith(FOLDER):
            return _Whose.OURS
        if not _PRIVATE_SHAPE.fullmatch(key):
            return _Whose.OTHER
        return _Whose.OURS if key.partition("/")[0] in scopes else _Whose.FOREIGN

    wanted = {row["key"]: (row["bytes"], row["created_at"]) for row in rows if row["removed_at"] is None}
    return _Rows(wanted=wanted, spared=frozenset(row["key"] for row in rows), whose=whose)


def _publications(db: Connection, store: str, prefix: str) -> _Rows:
    query = "SELECT key, bytes, coalesce(verified_at, asked_at) AS since, state FROM publications WHERE store = ? AND removed_at IS NULL"
    rows = db.execute(query, (store,)).fetchall()
    ids = [row["id"] for row in db.execute("SELECT id FROM cases")]
    parts = {invitation(one) for one in ids}

    def whose(key: str) -> _Whose:
        plain = key.removeprefix(prefix)
        if plain.startswith(FOLDER):
            return _Whose.OURS
        # A live studio and a sandbox may share a bucket: what begins with the sandbox's prefix is the sandbox's.
        if not is_public(plain) or (not prefix and key.startswith(SANDBOX_PREFIX)):
            return _Whose.OTHER
        return _Whose.OURS if case_part(plain) in parts else _Whose.FOREIGN

    wanted = {row["key"]: (row["bytes"], row["since"]) for row in rows if row["state"] == "published"}
    return _Rows(wanted=wanted, spared=frozenset(row["key"] for row in rows), whose=whose)


def _stray(one: Listed) -> Stray:
    return Stray(key=one.key, bytes=one.bytes, modified_at=one.modified_at.astimezone(UTC).isoformat())


def _delete(place: Place, store: ObjectStore, one: Stray, is_needed: Callable[[Connection, str], bool]) -> bool:
    """Delete within a change of the records: nobody can begin to need the object between the look and its end."""
    with contextlib.suppress(NotStored):  # half an object is described by nobody, and is an orphan all the same
        if abs(store.head(one.key).modified_at - datetime.fromisoformat(one.modified_at)) > timedelta(seconds=1):
            return False
    with place.database.writing() as tx:
        if is_needed(tx, one.key):
            return False
        store.delete(one.key)
        return True


def _has_asset(tx: Connection, key: str) -> bool:
    """Tell whether a row has these bytes, or a run is at work that may be about to keep them."""
    if tx.execute("SELECT 1 FROM assets WHERE key = ? AND (removed_at IS NULL OR swept_at IS NULL)", (key,)).fetchone() is not None:
        return True
    live = tx.execute("SELECT DISTINCT case_id FROM runs WHERE state IN ('asked', 'queued', 'working')").fetchall()
    return key.partition("/")[0] in {safe_scope(row["case_id"]) for row in live}


def _has_publication(tx: Connection, key: str) -> bool:
    return tx.execute("SELECT 1 FROM publications WHERE key = ? AND removed_at IS NULL LIMIT 1", (key,)).fetchone() is not None


def _note(place: Place, by: Person, private: int, public: int) -> None:
    detail = json.dumps({"private": private, "public": public})
    with place.database.writing() as tx:
        insert(tx, "audit_log", {"at": now(), "person": by.name, "action": ACTION, "subject": "store", "detail": detail})
