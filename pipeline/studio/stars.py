"""Stars: what colleagues should see, marked once for everybody."""

from dataclasses import dataclass

from pipeline import assets
from pipeline.database import Connection, insert
from pipeline.errors import NotNow
from pipeline.publishing.items import judged
from pipeline.records import Asset, Person, Role, now
from pipeline.studio.people import check
from pipeline.studio.place import Place


@dataclass(frozen=True, kw_only=True)
class Star:
    """Who starred something first, and when."""

    person: str
    at: str


def star(place: Place, scope: str, sha256: str, by: Person) -> Star:
    """Star an avatar, clip or photo; who was first stays named; raises NotAllowed, UnknownName, NotNow for what was removed."""
    _check(by)
    with place.database.writing() as tx:
        asset = _starred(tx, scope, sha256)
        if asset.removed_at is not None:
            raise NotNow("This was removed, so it cannot be starred.", next="Star another one.")
        known = of(tx, asset.scope, asset.sha256)
        if known is not None:
            return known
        given = Star(person=by.name, at=now())
        insert(tx, "stars", {"scope": asset.scope, "asset": asset.sha256, "person": given.person, "at": given.at})
        return given


def unstar(place: Place, scope: str, sha256: str, by: Person) -> None:
    """Take a star away, whoever gave it; raises NotAllowed, UnknownName."""
    _check(by)
    with place.database.writing() as tx:
        asset = _starred(tx, scope, sha256)
        tx.execute("DELETE FROM stars WHERE scope = ? AND asset = ?", (asset.scope, asset.sha256))


def of(db: Connection, scope: str, sha256: str) -> Star | None:
    """Return the star of an asset, within a read that has begun; None when it has none."""
    row = db.execute("SELECT person, at FROM stars WHERE scope = ? AND asset = ?", (scope, sha256)).fetchone()
    return Star(person=row["person"], at=row["at"]) if row else None


def _check(by: Person) -> None:
    """Whoever makes or approves pictures may star them."""
    if Role.MAKE not in by.roles:
        check(by, Role.APPROVE)


def _starred(db: Connection, scope: str, sha256: str) -> Asset:
    return judged(db, assets.get(db, scope, sha256))
