"""Everything about one file: where it comes from, exactly what was asked of whom, what it cost, what people said of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline import assets, cases, ledger
from pipeline.buying import calls
from pipeline.database import Connection
from pipeline.errors import UnknownName
from pipeline.ledger import Entry
from pipeline.publishing import publications
from pipeline.publishing.items import judged
from pipeline.records import Asset, AssetKind, Call, Case, Decision
from pipeline.studio import removal, stars
from pipeline.studio.library import Item, item, thumbnail_of
from pipeline.studio.place import Place
from pipeline.studio.stars import Star

SOURCES: Final = {AssetKind.PHOTO: "the photo", AssetKind.CROP: "the photo, cut square", AssetKind.AVATAR: "the avatar"}


@dataclass(frozen=True, kw_only=True)
class Relative:
    """A file that this one was made from, or that was made from this one; without a thumbnail once removed."""

    asset: Asset
    thumbnail: Asset | None
    current: bool


@dataclass(frozen=True, kw_only=True)
class Request:
    """The paid request behind a file, as it was sent, with the photo's address replaced by what it is; moments in UTC, money in `entries`."""

    call: str
    run: str
    provider: str
    model: str
    endpoint: str
    served_endpoint: str | None
    request_id: str | None
    input: Mapping[str, Any]
    seed: int | None
    asked_at: str
    sent_at: str | None
    accepted_at: str | None
    finished_at: str | None
    status_requests: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One decision: what, by whom, when (UTC), why."""

    decision: Decision
    person: str
    at: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Gone:
    """Who removed a file, when (UTC) and why."""

    person: str
    at: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Details:
    """Everything about one file of a case.

    `item` is how a library shows it: None for files that are part of another. `made_from` begins with the photo, `made_of_it` with what was
    made first. `faces` holds one document per face of the photo, see `assets.likeness`. `is_shown`: guests see it now.
    """

    asset: Asset
    thumbnail: Asset | None
    case: Case
    item: Item | None
    made_from: tuple[Relative, ...]
    made_of_it: tuple[Relative, ...]
    request: Request | None
    judgements: tuple[Judgement, ...]
    faces: tuple[Mapping[str, Any], ...]
    star: Star | None
    reused_by: tuple[str, ...]
    removed: Gone | None
    is_shown: bool


def details(place: Place, scope: str, sha256: str) -> Details:
    """Return everything about one file, also of one that was removed; raises UnknownName for what never existed."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        asset = assets.get(db, scope, sha256)
        case = cases.look_up(db, scope)
        if case is None:
            raise UnknownName("This file belongs to no case.")
        main = judged(db, asset)
        return Details(
            asset=asset,
            thumbnail=thumbnail_of(db, asset),
            case=case,
            item=item(db, scope, sha256),
            made_from=tuple(_relative(db, case, one) for one in _made_from(db, asset)),
            made_of_it=tuple(_relative(db, case, one) for one in _made_of(db, asset)),
            request=request_behind(db, calls.get(db, asset.call_id)) if asset.call_id else None,
            judgements=_judgements(db, main),
            faces=tuple(assets.likeness(db, scope, main.sha256)),
            star=stars.of(db, scope, main.sha256),
            reused_by=_reused_by(db, main),
            removed=_gone(db, asset),
            is_shown=any(one.asset == main.sha256 for one in publications.live(db, scope).values()),
        )


def request_behind(db: Connection, call: Call) -> Request:
    """Return a paid request as it was sent, with its ledger lines, within a read that has begun."""
    lines = tuple(entry for entry in ledger.entries(db, run_id=call.run_id) if entry.call_id == call.id)
    return Request(
        call=call.id,
        run=call.run_id,
        provider=call.provider,
        model=call.input["model"],
        endpoint=call.endpoint,
        served_endpoint=call.served_endpoint,
        request_id=call.request_id,
        input=_as_sent(db, call),
        seed=_seed(call),
        asked_at=call.created_at,
        sent_at=call.sent_at,
        accepted_at=call.accepted_at,
        finished_at=call.finished_at,
        status_requests=call.status_requests,
        entries=lines,
    )


def _made_from(db: Connection, asset: Asset) -> list[Asset]:
    """Return the line of files from the photo to this one, without this one."""
    line: list[Asset] = []
    while asset.parents and (asset := assets.get(db, asset.scope, asset.parents[0])) not in line:
        line.insert(0, asset)
    return line


def _made_of(db: Connection, asset: Asset) -> list[Asset]:
    """Return what was made from a file; a clip's poster comes from the clip as delivered, but people look for it here."""
    poster = []
    if asset.kind is AssetKind.CLIP and asset.call_id:
        poster = [one for one in assets.of_call(db, asset.call_id) if one.kind is AssetKind.POSTER]
    return [*assets.descendants(db, asset.scope, asset.sha256), *poster]


def _relative(db: Connection, case: Case, asset: Asset) -> Relative:
    current = asset.removed_at is None and asset.sha256 in (case.photo, case.crop, case.avatar, case.clip)
    return Relative(asset=asset, thumbnail=thumbnail_of(db, asset), current=current)


def _as_sent(db: Connection, call: Call) -> dict[str, Any]:
    """Return the request's body with every address that the photo had at the provider replaced by what lay there."""
    photo = assets.get(db, call.case_id, call.input["photo"])
    words = f"{SOURCES.get(photo.kind, photo.kind.value)} (sha256 {photo.sha256})"
    addresses = {row["url"] for row in db.execute("SELECT url FROM uploads WHERE call_id = ?", (call.id,))}
    body = {**call.input["arguments"], **(call.sent_input or {}), call.input["photo_field"]: words}
    return {name: words if isinstance(value, str) and value in addresses else value for name, value in body.items()}


def _seed(call: Call) -> int | None:
    """Return the seed that was asked for, else the one the provider says it used."""
    seed = call.input["arguments"].get("seed", (call.result or {}).get("seed"))
    return seed if isinstance(seed, int) else None


def _judgements(db: Connection, asset: Asset) -> tuple[Judgement, ...]:
    rows = db.execute("SELECT * FROM approvals WHERE scope = ? AND asset = ? ORDER BY at DESC, rowid DESC", (asset.scope, asset.sha256))
    return tuple(Judgement(decision=Decision(row["decision"]), person=row["person"], at=row["at"], reason=row["note"]) for row in rows)


def _reused_by(db: Connection, asset: Asset) -> tuple[str, ...]:
    rows = db.execute(
        "SELECT o.run_id FROM outputs o JOIN runs r ON r.id = o.run_id WHERE o.asset = ? AND r.case_id = ? AND o.reused = 1 ORDER BY r.asked_at",
        (asset.sha256, asset.scope),
    )
    return tuple(row["run_id"] for row in rows)


def _gone(db: Connection, asset: Asset) -> Gone | None:
    if asset.removed_at is None:
        return None
    rows = db.execute(
        "SELECT person, at, detail FROM audit_log WHERE subject = ? AND action = ? ORDER BY id DESC", (asset.scope, removal.ACTION)
    ).fetchall()
    for row in rows:
        told = json.loads(row["detail"])
        if asset.sha256 in told["files"]:
            return Gone(person=row["person"], at=row["at"], reason=told["reason"])
    return Gone(person="", at=asset.removed_at, reason="")
