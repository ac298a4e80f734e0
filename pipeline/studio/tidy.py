"""What goes by itself: temporary uploads after a day, where a setting says so results that nobody approved; and the weekly look at the stores."""

import contextlib
import hashlib
import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline import assets, cases
from pipeline.database import Connection, insert, update
from pipeline.errors import NotNow, StudioError
from pipeline.records import Asset, AssetKind, Person, Role, now, seconds_since
from pipeline.storage.folder import FolderStore
from pipeline.storage.port import ObjectStore
from pipeline.studio import orphans, removal
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.wording import counted

DAY_SECONDS = 86_400.0
WEEK_SECONDS = 7 * DAY_SECONDS
BY_ITSELF = Person(name="studio")
_TIDIED, _ANNOUNCED = "tidied_at", "expiring"
# Made long ago, approved never, used by no case, starred by nobody, in no comparison that somebody judged, and not asked for again since.
_CANDIDATES = """
SELECT a.* FROM assets a WHERE a.kind IN ('avatar', 'clip') AND a.removed_at IS NULL AND a.created_at < :before
AND NOT EXISTS (SELECT 1 FROM approvals p WHERE p.scope = a.scope AND p.asset = a.sha256 AND p.decision = 'approved')
AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = a.scope AND a.sha256 IN (c.avatar, c.clip))
AND NOT EXISTS (SELECT 1 FROM stars s WHERE s.scope = a.scope AND s.asset = a.sha256)
AND NOT EXISTS (SELECT 1 FROM publications b WHERE b.case_id = a.scope AND b.asset = a.sha256 AND b.state IN ('publishing', 'published'))
AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.case_id = a.scope AND r.source = a.sha256 AND r.state IN ('asked', 'queued', 'working'))
AND NOT EXISTS (SELECT 1 FROM outputs o JOIN runs r ON r.id = o.run_id WHERE o.asset = a.sha256 AND (
    r.state IN ('asked', 'queued', 'working') OR r.asked_at >= :before
    OR EXISTS (SELECT 1 FROM ratings g WHERE g.sweep = r.sweep AND g.run_id = r.id AND g.stars > 0)
    OR EXISTS (SELECT 1 FROM votes v WHERE v.sweep = r.sweep AND r.id IN (v.left_run, v.right_run))
    OR EXISTS (SELECT 1 FROM presets q WHERE q.run_id = r.id)))
ORDER BY a.created_at, a.rowid"""


@dataclass(frozen=True, kw_only=True)
class Expiring:
    """One result that would go: `files` are all that go with it, `mark` stands for exactly these."""

    asset: Asset
    files: tuple[Asset, ...]
    mark: str


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """Every result that would go now; `days` is after how many, 0 when results are kept."""

    days: int
    results: tuple[Expiring, ...]

    @property
    def files(self) -> int:
        """How many files would go, each counted once."""
        return len(self._sizes())

    @property
    def bytes(self) -> int:
        """How many bytes would go."""
        return sum(self._sizes().values())

    @property
    def mark(self) -> str:
        """The value to hand to `expire`, so that nothing goes that was not shown."""
        return hashlib.sha256("\n".join([str(self.days), *(one.mark for one in self.results)]).encode()).hexdigest()[:32]

    def _sizes(self) -> dict[tuple[str, str], int]:
        return {(file.scope, file.sha256): file.bytes for one in self.results for file in one.files}


@dataclass(frozen=True, kw_only=True)
class Expired:
    """What went: results, files and their bytes; `kept` counts the results that something needed by then."""

    results: int
    files: int
    bytes: int
    kept: int


def expiring(place: Place, days: int | None = None) -> Expiry:
    """Return what was never approved and would go after so many days, by default as STUDIO_KEEP_UNAPPROVED_DAYS says; 0 keeps everything."""
    days = place.settings.keep_unapproved_days if days is None else days
    if days == 0:
        return Expiry(days=0, results=())
    before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")
    with place.database.reading() as db:
        found = assets.read_rows(db.execute(_CANDIDATES, {"before": before}).fetchall())
    going = {(one.scope, one.sha256) for one in found}
    results = [one for one in (_expiring(place, asset) for asset in found) if one is not None and _all_go(one, going)]
    return Expiry(days=days, results=tuple(results))


def expire(place: Place, mark: str, by: Person, days: int | None = None) -> Expired:
    """Remove the results that `expiring` showed under this mark, as removals whose reason says so; what is needed by now stays.

    Raises NotAllowed, NotNow when another list would go than the one that was shown.
    """
    check(by, Role.APPROVE)
    shown = expiring(place, days)
    if shown.mark != mark:
        raise NotNow("Other results would go now than were shown.", next="Look at the new list, then decide.")
    return _removed(place, shown, by)


def clear_temporary(place: Place) -> int:
    """Remove temporary files and uploads older than a day and return how many there were; raises StoreError, BadSetting."""
    count = sum(_unlinked(path) for folder in place.settings.folder.glob("tmp*") for path in folder.rglob("*"))
    front = place.storefront
    for store, prefix in ((place.store, ""), (front.store, front.prefix)):
        if isinstance(store, FolderStore):
            count += store.sweep(DAY_SECONDS)
        count += _cleared(store, f"{prefix}{orphans.TEMPORARY}")
    return count


def clear_inbox(place: Place) -> int:
    """Forget calls of the provider that came over a day ago, and return how many: the worker heard them, or looked by itself since."""
    before = (datetime.now(UTC) - timedelta(seconds=DAY_SECONDS)).isoformat()
    with place.database.writing() as tx:
        return tx.execute("DELETE FROM webhook_inbox WHERE received_at < ?", (before,)).rowcount


def is_due(place: Place) -> bool:
    """Tell whether the weekly look has not been for a week, or never."""
    at = tidied_at(place)
    return at is None or seconds_since(at) > WEEK_SECONDS


def tidied_at(place: Place) -> str | None:
    """Return when the weekly look was last, as ISO 8601 UTC; None when it never was."""
    with place.database.reading() as db:
        return _told(db, _TIDIED)


def weekly(place: Place) -> Expired:
    """Compare stores and records; announce what would expire, and remove what the look before this one announced and still may go.

    Raises StoreError, BadSetting; it is then due again at once.
    """
    orphans.scan(place)
    with place.database.reading() as db:
        announced = {(scope, sha256) for scope, sha256 in json.loads(_told(db, _ANNOUNCED) or "[]")}
    shown = expiring(place)
    ripe = tuple(one for one in shown.results if (one.asset.scope, one.asset.sha256) in announced)
    next_time = [named for one in shown.results if (named := (one.asset.scope, one.asset.sha256)) not in announced]
    gone = _removed(place, Expiry(days=shown.days, results=ripe), BY_ITSELF)
    with place.database.writing() as tx:
        _tell(tx, _ANNOUNCED, json.dumps(next_time))
        _tell(tx, _TIDIED, now())
    return gone


def _expiring(place: Place, asset: Asset) -> Expiring | None:
    try:
        found = removal.dependents(place, asset.scope, asset.sha256)
    except StudioError:
        return None
    return Expiring(asset=asset, files=tuple(one.asset for one in found.files), mark=found.mark)


def _all_go(one: Expiring, going: Collection[tuple[str, str]]) -> bool:
    """An avatar stays while one of its clips does."""
    judged = {AssetKind.AVATAR, AssetKind.CLIP}
    return all((file.scope, file.sha256) in going for file in one.files if file.kind in judged)


def _removed(place: Place, expiry: Expiry, by: Person) -> Expired:
    gone: list[Asset] = []
    kept = 0
    for one in expiry.results:
        with place.database.reading() as db:
            case = cases.look_up(db, one.asset.scope)
        try:
            if case is not None:
                reason = f"never approved within {counted(expiry.days, 'day')}"
                gone += removal.remove(place, case.id, one.asset.sha256, case.owner, by, reason, expected=one.mark).files
        except NotNow:
            kept += 1
    return Expired(results=len(expiry.results) - kept, files=len(gone), bytes=sum(file.bytes for file in gone), kept=kept)


def _unlinked(path: Path) -> bool:
    with contextlib.suppress(OSError):
        if path.is_file() and time.time() - path.stat().st_mtime > DAY_SECONDS:
            path.unlink()
            return True
    return False


def _cleared(store: ObjectStore, prefix: str) -> int:
    before = datetime.now(UTC) - timedelta(seconds=DAY_SECONDS)
    return sum(store.delete(one.key) for one in list(store.survey(prefix)) if one.modified_at < before)


def _told(db: Connection, name: str) -> str | None:
    row = db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return str(row["value"]) if row else None


def _tell(tx: Connection, name: str, value: str) -> None:
    if not update(tx, "about", {"name": name}, {"value": value}):
        insert(tx, "about", {"name": name, "value": value})
