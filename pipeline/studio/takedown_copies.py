"""What a take-down reaches: every file it is about, and every copy of each that the records know of, named before any of them goes."""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pipeline import assets, cases, runs
from pipeline.buying import calls
from pipeline.database import Connection
from pipeline.errors import BadParameter, WrongOwner
from pipeline.identifiers import tidy_id
from pipeline.providers.addresses import media_urls
from pipeline.publishing import publications
from pipeline.publishing.publications import Publication, State
from pipeline.publishing.purge import CLEARED
from pipeline.records import CALL_OPEN, STUDIO_SCOPE, Asset, AssetKind, Call, Case, Run, seconds_since
from pipeline.studio.downloads import WORDS
from pipeline.studio.place import Place
from pipeline.studio.removal import PARTS

EDGE_SECONDS: Final = 366 * 86_400  # without the cache rule of `store advice` the edge may keep a file as long as its own header says: a year
IN_A_STORE: Final = (State.PUBLISHING, State.PUBLISHED, State.ENDING)
UPLOADED: Final = {"avatar": "photo, as it was uploaded", "clip": "avatar, as it was uploaded"}
PHOTOS: Final = (AssetKind.PHOTO, AssetKind.CROP)
EMULATED: Final = re.compile(r"/([0-9a-f]{24})_[^/]*")
# fal removes what a request made, never what was uploaded for it; every upload asks it to let the file go by itself (`providers.files`).
NO_WAY: Final = "the provider has no way to remove what was uploaded; it was asked to let it go by itself after a day"
PAYLOADS: Final = "/payloads"  # the address of what the provider keeps of a request: its id and this
MADE: Final = "result as the provider made it"
ASKED: Final = "request as the provider keeps it"
UNPROVEN: Final = "nobody knows yet whether the provider made it; should it ever arrive, it is not kept"
SAME_CUSTOMER: Final = "it belongs to another case of the same customer, which this was not about"
ANOTHER_CUSTOMER: Final = "it belongs to another customer, who gave it to us as well"
TEST_PHOTO: Final = "it is one of the studio's own test photos; if it shows this customer, remove it in the Library as well"


class Scope(StrEnum):
    """How much is taken down."""

    ASSET = "asset"
    CASE = "case"
    CUSTOMER = "customer"


class Where(StrEnum):
    """Where a copy is."""

    PUBLIC = "public store"
    CDN = "CDN"
    PRIVATE = "private store"
    DISK = "data folder"
    SANDBOX = "sandbox"
    PROVIDER = "provider"
    WORK = "work in progress"
    ELSEWHERE = "another case"


class Outcome(StrEnum):
    """What became of a copy."""

    WAITING = "waiting"
    REMOVED = "removed"
    KEPT = "kept"
    STUCK = "could not be removed"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is taken down: one file of a case with all that was made of it, a case, or every case of a customer."""

    owner: str
    case_id: str = ""
    sha256: str = ""

    @property
    def scope(self) -> Scope:
        """How much that is."""
        return Scope.ASSET if self.sha256 else Scope.CASE if self.case_id else Scope.CUSTOMER

    @property
    def name(self) -> str:
        """Case and hash, case, or owner."""
        return f"{self.case_id}/{self.sha256}" if self.sha256 else self.case_id or self.owner


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One copy: what it shows, where it is, and what became of it; `address` finds it there."""

    what: str
    where: Where
    address: str
    case_id: str
    sha256: str = ""
    bytes: int | None = None
    outcome: Outcome = Outcome.WAITING
    why: str = ""
    at: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it as `what, where, address, case, sha256, bytes, outcome, why, at`."""
        named = {"what": self.what, "where": self.where.value, "address": self.address, "case": self.case_id, "sha256": self.sha256}
        return {**named, "bytes": self.bytes, "outcome": self.outcome.value, "why": self.why, "at": self.at}

    def row(self, takedown: str, number: int, at: str) -> dict[str, Any]:
        """Return its row on the receipt; what is clear from the beginning was so at the moment `at`."""
        named = {"takedown": takedown, "number": number, "what": self.what, "place": self.where.value, "address": self.address}
        said = {"outcome": self.outcome.value, "why": self.why, "at": None if self.outcome is Outcome.WAITING else at}
        return {**named, "case_id": self.case_id, "sha256": self.sha256, "bytes": self.bytes, **said}


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What a take-down is about: cases, files (also those removed before), unended runs, copies the records know of."""

    cases: tuple[Case, ...]
    files: tuple[Asset, ...]
    runs: tuple[Run, ...]
    copies: tuple[Copy, ...]

    def hashes(self, scope: str) -> frozenset[str]:
        """Return the files of one scope, by hash."""
        return frozenset(one.sha256 for one in self.files if one.scope == scope)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The cases that lose files, the studio's own included where it has some."""
        return tuple(dict.fromkeys([*(case.id for case in self.cases), *(one.scope for one in self.files)]))


def reach(place: Place, db: Connection, subject: Subject) -> Reach:
    """Return what a take-down is about; raises WrongOwner, UnknownName, BadParameter for the studio's own case as a whole."""
    about = cases_of(db, subject)
    whole = frozenset() if subject.sha256 else frozenset(case.id for case in about)
    own = tuple(one for case in about for one in _files(db, case.id, subject.sha256))
    live = tuple(run for run in runs.live(db) if run.case_id in whole or _works_on(run, own))
    found = Reach(cases=about, files=own, runs=live, copies=())
    named = [*_public(db, found, whole), *_private(db, own), *_provided(place, db, found, whole), *_at_work(live), *_elsewhere(db, about, own)]
    return Reach(cases=about, files=own, runs=live, copies=tuple({(one.where, one.address): one for one in named}.values()))


def cases_of(db: Connection, subject: Subject) -> tuple[Case, ...]:
    """Return the cases that a take-down is of; raises BadParameter for the studio's own scope, WrongOwner where there is none."""
    if subject.case_id == STUDIO_SCOPE and not subject.sha256:
        raise BadParameter("The studio's own test photos are taken down one by one.", next="Name the photo.")
    if subject.case_id:
        return (cases.get(db, subject.case_id, subject.owner),)
    everyone = db.execute("SELECT id, owner FROM cases WHERE id <> ? ORDER BY created_at, id", (STUDIO_SCOPE,))
    # Cases that were opened before ids had one form are this customer's as well, whatever blanks and invisible marks their owner id holds.
    rows = [row for row in everyone.fetchall() if tidy_id(row["owner"]) == tidy_id(subject.owner)]
    if not rows:
        raise WrongOwner
    return tuple(cases.get(db, row["id"], row["owner"]) for row in rows)


def _files(db: Connection, scope: str, sha256: str) -> list[Asset]:
    if sha256:
        return _family(db, assets.get(db, scope, sha256))
    return assets.read_rows(db.execute("SELECT * FROM assets WHERE scope = ? ORDER BY created_at, rowid", (scope,)).fetchall())


def _family(db: Connection, asset: Asset) -> list[Asset]:
    """Return the file that shows the same picture and was there first, with all that was made of it."""
    root = asset
    while root.kind in PARTS and root.parents:
        root = assets.get(db, root.scope, root.parents[0])
    return [root, *assets.descendants(db, root.scope, root.sha256)]


def _works_on(run: Run, files: Collection[Asset]) -> bool:
    return any(one.run_id == run.id or (one.scope == run.case_id and one.sha256 == run.source) for one in files)


def _public(db: Connection, found: Reach, whole: frozenset[str]) -> Iterator[Copy]:
    for case in found.cases:
        mine = found.hashes(case.id)
        for one in publications.history(db, case.id):
            if case.id not in whole and not {one.asset, one.sha256} & mine:
                continue
            named: Mapping[str, Any] = {"what": one.kind.value, "case_id": case.id, "sha256": one.sha256, "bytes": one.bytes}
            if one.state in IN_A_STORE:
                yield Copy(where=Where.PUBLIC, address=f"{one.store}/{one.key}", **named)
            if _may_be_at_the_edge(one):
                yield Copy(where=Where.CDN, address=one.url, **named)


def _may_be_at_the_edge(one: Publication) -> bool:
    before_a_cdn = one.store != "folder" and one.cleared != CLEARED
    return before_a_cdn and (one.removed_at is None or seconds_since(one.removed_at) < EDGE_SECONDS)


def _private(db: Connection, files: Iterable[Asset]) -> Iterator[Copy]:
    for one in files:
        row = db.execute("SELECT removed_at, swept_at FROM assets WHERE scope = ? AND sha256 = ?", (one.scope, one.sha256)).fetchone()
        if row["removed_at"] is None or row["swept_at"] is None:
            yield Copy(what=_words(one), where=Where.PRIVATE, address=one.key, case_id=one.scope, sha256=one.sha256, bytes=one.bytes)


def _provided(place: Place, db: Connection, found: Reach, whole: frozenset[str]) -> Iterator[Copy]:
    live = {run.id for run in found.runs}
    for scope in found.scopes:
        mine = found.hashes(scope)
        made = {one.call_id for one in found.files if one.scope == scope}
        for call in map(calls.call_of, db.execute("SELECT * FROM calls WHERE case_id = ? ORDER BY created_at, id", (scope,)).fetchall()):
            fed = call.input["photo"] in mine or scope in whole
            for row in db.execute("SELECT asset, url FROM uploads WHERE call_id = ? ORDER BY at", (call.id,)).fetchall() if fed else []:
                yield from _sent(place, row["url"], UPLOADED[call.slot], scope, row["asset"])
            if fed or call.id in made:
                yield from _results(place, db, call, call.run_id in live)


def _results(place: Place, db: Connection, call: Call, live: bool) -> Iterator[Copy]:
    """What the provider keeps of an ended request goes with one wish, so it is one copy; in the sandbox each file is one."""
    if call.state in CALL_OPEN and call.sends and not live:
        yield Copy(what=MADE, where=Where.PROVIDER, address=call.request_id or call.id, case_id=call.case_id, outcome=Outcome.STUCK, why=UNPROVEN)
    if place.settings.is_sandbox:
        for url in media_urls(call.result or {}):
            yield from _sent(place, str(url), MADE, call.case_id)
    elif call.request_id and call.state not in CALL_OPEN and not _is_forgotten(db, call.request_id):
        what = MADE if call.result else ASKED
        yield Copy(what=what, where=Where.PROVIDER, address=f"{call.request_id}{PAYLOADS}", case_id=call.case_id)


def _is_forgotten(db: Connection, request_id: str) -> bool:
    query = "SELECT 1 FROM takedown_copies WHERE place = ? AND address = ? AND outcome = ?"
    return db.execute(query, (Where.PROVIDER, f"{request_id}{PAYLOADS}", Outcome.REMOVED)).fetchone() is not None


def _sent(place: Place, url: str, what: str, scope: str, sha256: str = "") -> Iterator[Copy]:
    """The sandbox's provider is ours: its files lie in the data folder, under their ids, and can go."""
    if not place.settings.is_sandbox:
        yield Copy(what=what, where=Where.PROVIDER, address=url, case_id=scope, sha256=sha256, outcome=Outcome.STUCK, why=NO_WAY)
    elif named := EMULATED.search(url):
        address = f"emulator/files/{named[1]}"
        path = place.settings.folder / address
        if path.is_file():
            yield Copy(what=what, where=Where.SANDBOX, address=address, case_id=scope, sha256=sha256, bytes=path.stat().st_size)


def _at_work(live: Iterable[Run]) -> Iterator[Copy]:
    for run in live:
        yield Copy(what=f"{run.kind.value} that is being made", where=Where.WORK, address=run.id, case_id=run.case_id)


def _elsewhere(db: Connection, about: Sequence[Case], own: Collection[Asset]) -> Iterator[Copy]:
    mine = {case.id for case in about}
    query = """SELECT a.*, c.owner FROM assets a JOIN cases c ON c.id = a.scope WHERE a.removed_at IS NULL
        AND a.sha256 IN (SELECT value FROM json_each(?)) ORDER BY a.scope, a.sha256"""
    for row in db.execute(query, (_hashes(own),)).fetchall():
        if row["scope"] not in mine:
            why = SAME_CUSTOMER if row["owner"] == about[0].owner else TEST_PHOTO if row["scope"] == STUDIO_SCOPE else ANOTHER_CUSTOMER
            what = _words(assets.read_rows([row])[0])
            named = {"case_id": row["scope"], "sha256": row["sha256"], "bytes": row["bytes"]}
            yield Copy(what=what, where=Where.ELSEWHERE, address=row["key"], outcome=Outcome.KEPT, why=why, **named)


def _words(asset: Asset) -> str:
    return f"{WORDS[asset.kind]}, a test photo" if asset.scope == STUDIO_SCOPE and asset.kind in PHOTOS else WORDS[asset.kind]


def _hashes(files: Iterable[Asset]) -> str:
    return json.dumps([one.sha256 for one in files])
