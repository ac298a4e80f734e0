"""Removing media: everything that depends on it is named first, then goes with it; rows first, then bytes, and never back again."""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from filelock import FileLock, Timeout

from pipeline import assets, cases
from pipeline.cases import IN_FLIGHT
from pipeline.database import Connection, Row, update
from pipeline.errors import BadParameter, NotNow, StoreError, StoreRefused
from pipeline.publishing import publications
from pipeline.records import Asset, AssetKind, Case, Decision, Person, Role, now
from pipeline.studio import withdrawing
from pipeline.studio.people import check
from pipeline.studio.place import Place

LONGEST_REASON: Final = 2000
SWEEP_SECONDS: Final = 30.0
AT_ONCE: Final = 100
ACTION: Final = "remove"
# What these are made from shows the same picture, so it goes with them.
PARTS: Final = {AssetKind.CROP, AssetKind.AVATAR_DISPLAY, AssetKind.CLIP, AssetKind.POSTER}


@dataclass(frozen=True, kw_only=True)
class Dependent:
    """One file that would go: whether the case uses it now, and what was decided about it."""

    asset: Asset
    current: bool
    decision: Decision | None


@dataclass(frozen=True, kw_only=True)
class Dependents:
    """All files that would go, the named one's own first; `mark` stands for exactly these as they are now."""

    case: Case
    files: tuple[Dependent, ...]

    @property
    def mark(self) -> str:
        """The value to hand to `remove`, so that nothing goes that was not shown."""
        told = sorted(f"{one.asset.sha256} {one.current} {one.decision}" for one in self.files)
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What went now (nothing when it had gone before), and how many files' bytes are still to be cleared away."""

    files: tuple[Asset, ...]
    waiting: int


def dependents(place: Place, scope: str, sha256: str) -> Dependents:
    """Return everything that goes when this file is removed; raises UnknownName, NotNow when it was removed before.

    With an avatar go its display copy and its clips, with a clip its poster and the clip as delivered, with a photo all that was made of it.
    """
    with place.database.reading() as db:
        db.execute("BEGIN")
        asset = assets.get(db, scope, sha256)
        if asset.removed_at is not None:
            raise NotNow("This was removed already.", next="There is nothing left to remove.")
        return _dependents(db, asset)


def remove(place: Place, scope: str, sha256: str, owner: str, by: Person, reason: str, *, expected: str) -> Removed:
    """Remove a file of this owner's case with everything that depends on it; `expected` is the mark of what was shown.

    The case lets go of it, its money and history stay. Removing again only finishes what is left to clear away. Raises NotAllowed, WrongOwner,
    UnknownName, BadParameter without a reason, NotNow when something else depends on it than was shown or work in progress needs it.
    """
    check(by, Role.APPROVE)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise BadParameter(f"A removal needs a reason of at most {LONGEST_REASON:,} characters.", next="Write why it has to go.")
    with place.database.writing() as tx:
        case = cases.get(tx, scope, owner)
        asset = assets.get(tx, scope, sha256)
        going = () if asset.removed_at is not None else _let_go(tx, case, asset, by, reason, expected)
    withdrawing.clear_after(place, scope)
    return Removed(files=going, waiting=_swept(place))


def _let_go(tx: Connection, case: Case, asset: Asset, by: Person, reason: str, expected: str) -> tuple[Asset, ...]:
    found = _dependents(tx, asset)
    if expected != found.mark:
        raise NotNow("What depends on this has changed since it was shown.", next="Look again, then decide.")
    going = tuple(one.asset for one in found.files)
    _check_idle(tx, case, going)
    cases.let_go(tx, case, {one.sha256 for one in going})
    at = now()
    if shown := [one.kind for one in publications.live(tx, case.id).values() if {one.asset, one.sha256} & {gone.sha256 for gone in going}]:
        withdrawing.end_with(tx, case, by, "it was removed", shown)
    for one in going:
        update(tx, "assets", {"scope": one.scope, "sha256": one.sha256}, {"removed_at": at})
    cases.note(tx, case, ACTION, by, asset=asset.sha256, kind=asset.kind.value, reason=reason, files=[one.sha256 for one in going])
    return going


def sweep_removed(place: Place) -> int:
    """Delete the bytes of everything removed that still has any and return how many files that were.

    Safe at any time: a file that is being swept is not kept anew until it is done. Raises StoreError when the store cannot be reached.
    """
    swept = 0
    with _alone(place):
        while left := _to_sweep(place):
            for row in left:
                place.store.delete(row["key"])
            with place.database.writing() as tx:
                for row in left:
                    update(tx, "assets", {"scope": row["scope"], "sha256": row["sha256"]}, {"swept_at": now()})
            swept += len(left)
    return swept


@contextlib.contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Let one at a time sweep: a second one could delete, by an older list, what was kept anew meanwhile."""
    lock = FileLock(place.settings.folder / "removal.lock", timeout=SWEEP_SECONDS)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreRefused("Another removal is still clearing files away.", next="Try again in a moment.") from error
    try:
        yield
    finally:
        lock.release()


def _to_sweep(place: Place) -> list[Row]:
    with place.database.reading() as db:
        left = "SELECT scope, sha256, key FROM assets WHERE removed_at IS NOT NULL AND swept_at IS NULL ORDER BY removed_at LIMIT ?"
        return db.execute(left, (AT_ONCE,)).fetchall()


def _swept(place: Place) -> int:
    """Clear away what can be; what the store does not let go of now is cleared away by the next removal."""
    with contextlib.suppress(StoreError):
        sweep_removed(place)
    with place.database.reading() as db:
        return int(db.execute("SELECT count(*) AS n FROM assets WHERE removed_at IS NOT NULL AND swept_at IS NULL").fetchone()["n"])


def _dependents(db: Connection, asset: Asset) -> Dependents:
    case = cases.look_up(db, asset.scope)
    if case is None:
        raise NotNow("This file belongs to no case.")
    root = asset
    while root.kind in PARTS and root.parents:
        root = assets.get(db, root.scope, root.parents[0])
    files = [one for one in [root, *assets.descendants(db, root.scope, root.sha256)] if one.removed_at is None]
    files.sort(key=lambda one: one.sha256 != asset.sha256)
    current = (case.photo, case.crop, case.avatar, case.clip)
    of = {one.sha256: cases.decision_of(db, one.scope, one.sha256) for one in files}
    told = tuple(Dependent(asset=one, current=one.sha256 in current, decision=of[one.sha256]) for one in files)
    return Dependents(case=case, files=told)


def _check_idle(tx: Connection, case: Case, going: Sequence[Asset]) -> None:
    """Raise NotNow while a run works on one of these files, or a lost request that may be sent again was made from one."""
    hashes = {one.sha256 for one in going}
    rows = tx.execute(
        f"""SELECT r.id, r.source, o.asset, c.state AS call FROM runs r LEFT JOIN outputs o ON o.run_id = r.id LEFT JOIN calls c ON c.id = o.call_id
        WHERE r.case_id = ? AND (r.state IN ('asked', 'queued', 'working') OR c.state IN {IN_FLIGHT})""",  # noqa: S608
        (case.id,),
    ).fetchall()
    made = {one.run_id for one in going}
    for row in rows:
        if row["source"] in hashes or row["asset"] in hashes or row["id"] in made:
            lost = row["call"] == "unknown"
            next_ = "Settle the lost request first: it is in the queue." if lost else "Wait for it to end, or cancel it."
            raise NotNow("A run that has not ended needs this." if not lost else "A request that nobody can prove yet needs this.", next=next_)
