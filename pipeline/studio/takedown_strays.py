"""Copies that no row names: objects under a case's own keys, files that a killed process left behind, what the sandbox keeps."""

import contextlib
import hashlib
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from pipeline.database import Connection
from pipeline.errors import NotStored, StudioError
from pipeline.publishing import publications
from pipeline.publishing.addresses import ENDINGS, FOLDERS, case_part, public_key
from pipeline.publishing.storefront import Storefront
from pipeline.records import AssetKind
from pipeline.storage.keys import safe_scope
from pipeline.studio.downloads import WORDS
from pipeline.studio.place import Place
from pipeline.studio.takedown_copies import PHOTOS, Copy, Reach, Subject, Where

LEFT_BEHIND: Final = ("tmp*", "objects/.parts", "public/.parts", "emulator/tmp", "emulator/parts", "emulator/files")
NO_HASH: Final = "0" * 64
STRAY: Final = "file without a record"
# The prepared pictures of a quick sandbox are the same for everybody: a result there may be somebody's who is still waiting for it.
MADE_THERE: Final = "emulator/files/"


def strays(place: Place, subject: Subject, found: Reach) -> tuple[Copy, ...]:
    """Return the copies in stores and data folder that the records do not name; raises StoreError when a store cannot be looked through.

    Of one file only what lies under its own keys is looked for, of a case everything under the case's keys, and everywhere in the data folder
    what has the very same bytes.
    """
    known = {(one.where, one.address) for one in found.copies}
    listed = [*_listed(place, found)] if not subject.sha256 else [*_published_before(place, found)]
    return tuple({key: one for one in [*listed, *_left_behind(place, found)] if (key := (one.where, one.address)) not in known}.values())


def _listed(place: Place, found: Reach) -> Iterator[Copy]:
    for case in found.cases:
        for one in place.store.survey(f"{safe_scope(case.id)}/"):
            yield Copy(what=STRAY, where=Where.PRIVATE, address=one.key, case_id=case.id, sha256=_hash_in(one.key), bytes=one.bytes)
        part = case_part(public_key(AssetKind.AVATAR, case.id, NO_HASH, next(iter(ENDINGS))))
        for front in _storefronts(place):
            for folder in FOLDERS.values():
                for one in front.store.survey(front.key(f"{folder}/{part}/")):
                    address = f"{front.name}/{one.key}"
                    yield Copy(what=STRAY, where=Where.PUBLIC, address=address, case_id=case.id, sha256=_hash_in(one.key), bytes=one.bytes)


def _published_before(place: Place, found: Reach) -> Iterator[Copy]:
    """What was published once and is there although its publication has ended, or was on its way to another store when the power went."""
    with place.database.reading() as db:
        old = [one for case in found.cases for one in publications.history(db, case.id) if {one.asset, one.sha256} & found.hashes(case.id)]
    for front in _storefronts(place) if old else []:
        for one in old:
            key = front.key(public_key(one.kind, one.case_id, one.sha256, one.media_type))
            with contextlib.suppress(NotStored):
                held = front.store.head(key)
                yield Copy(what=one.kind.value, where=Where.PUBLIC, address=f"{front.name}/{key}", case_id=one.case_id, sha256=held.sha256)


def _storefronts(place: Place) -> list[Storefront]:
    """Return every public store that was ever published to and is still set up, the present one first."""
    with place.database.reading() as db:
        used = _stores(db)
    fronts = [place.storefront]
    for name in used - {place.storefront.name}:
        try:
            fronts.append(place.storefront_of(name))
        except StudioError:
            continue  # its publications are named by their rows, and wait until it is set up again
    return fronts


def _stores(db: Connection) -> set[str]:
    return {row["store"] for row in db.execute("SELECT DISTINCT store FROM publications")}


def _left_behind(place: Place, found: Reach) -> Iterator[Copy]:
    """Files with the very bytes, unless somebody else has the same ones: then nobody can tell whose file it is."""
    with place.database.reading() as db:
        shared = _of_others(db, found)
    of = {one.sha256: one for one in found.files if one.sha256 not in shared}
    sizes = {one.bytes for one in of.values()}
    for path in _files(place.settings.folder):
        one = of.get(_sha256(path, sizes))
        address = path.relative_to(place.settings.folder).as_posix()
        if one is not None and (one.kind in PHOTOS or not address.startswith(MADE_THERE)):
            where = Where.SANDBOX if address.startswith("emulator/") else Where.DISK
            yield Copy(what=WORDS[one.kind], where=where, address=address, case_id=one.scope, sha256=one.sha256, bytes=one.bytes)


def _of_others(db: Connection, found: Reach) -> set[str]:
    query = """SELECT DISTINCT sha256 FROM assets WHERE removed_at IS NULL AND sha256 IN (SELECT value FROM json_each(?))
        AND scope NOT IN (SELECT value FROM json_each(?))"""
    return {row["sha256"] for row in db.execute(query, (json.dumps([one.sha256 for one in found.files]), json.dumps(found.scopes)))}


def _files(folder: Path) -> Iterator[Path]:
    for pattern in LEFT_BEHIND:
        for root in folder.glob(pattern):
            yield from (path for path in sorted(root.rglob("*")) if path.is_file())


def _sha256(path: Path, sizes: Collection[int]) -> str:
    """Return the hash of a file of one of these sizes in bytes, empty for any other and for one that goes away meanwhile."""
    try:
        if path.stat().st_size not in sizes:
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _hash_in(key: str) -> str:
    name = key.rpartition("/")[2].partition(".")[0]
    return name if len(name) == len(NO_HASH) else ""
