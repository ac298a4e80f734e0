"""Which files of an approved avatar or clip go out: of an avatar the copy that was looked at, of a clip itself and its poster."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline import assets, cases, runs
from pipeline.database import Connection
from pipeline.errors import NotNow, WrongOwner
from pipeline.records import Asset, AssetKind, Case, Decision

NAMES = {AssetKind.AVATAR: "avatar", AssetKind.CLIP: "clip"}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file that goes out: as what, which bytes, and the avatar or clip whose approval covers them."""

    kind: AssetKind
    file: Asset
    approved: Asset


def judged(db: Connection, asset: Asset) -> Asset:
    """Return the avatar or clip that a decision about this file is about: a display copy stands for its avatar, a poster for its clip."""
    if asset.kind is AssetKind.AVATAR_DISPLAY:
        return assets.get(db, asset.scope, asset.parents[0])
    if asset.kind is AssetKind.POSTER:
        clips = [a for a in assets.children(db, asset.scope, asset.parents[0], AssetKind.CLIP) if a.run_id == asset.run_id]
        return clips[0] if clips else asset
    return asset


def of_approved(db: Connection, case: Case, asset: Asset) -> tuple[Item, ...]:
    """Return what goes out for an avatar or clip of this case; of a clip its avatar as well, which guests see where no clip plays.

    Raises WrongOwner for another case's file, NotNow for what is not approved, was removed, belongs to an older photo, or is only a cell of a sweep.
    """
    if asset.scope != case.id:
        raise WrongOwner
    if asset.kind not in NAMES:
        raise NotNow("Only an approved avatar or clip can be published.")
    check_approved(db, asset)
    maker = _maker(db, case, asset)
    if asset.kind is AssetKind.AVATAR:
        return (Item(kind=AssetKind.AVATAR, file=_display(db, asset), approved=asset),)
    avatar = assets.get(db, case.id, runs.get(db, maker).source)
    poster = _poster(db, asset)
    clip = (Item(kind=AssetKind.CLIP, file=asset, approved=asset), Item(kind=AssetKind.POSTER, file=poster, approved=asset))
    return (*of_approved(db, case, avatar), *clip)


def check_approved(db: Connection, asset: Asset) -> None:
    """Raise NotNow unless the newest decision about an avatar or clip is that it is approved, and it was not removed."""
    name = NAMES[asset.kind]
    if asset.removed_at is not None:
        raise NotNow(f"This {name} was removed.", next="Publish another one.")
    if cases.decision_of(db, asset.scope, asset.sha256) is not Decision.APPROVED:
        raise NotNow(f"This {name} is not approved, so it is not published.", next="Approve it first.")


def _maker(db: Connection, case: Case, asset: Asset) -> str:
    """Return the run of the case's present photo that made an asset."""
    row = db.execute(
        """SELECT o.run_id, r.photo_version FROM outputs o JOIN runs r ON r.id = o.run_id WHERE o.asset = ? AND r.case_id = ? AND r.sweep IS NULL
        ORDER BY r.photo_version DESC, r.asked_at DESC LIMIT 1""",
        (asset.sha256, case.id),
    ).fetchone()
    if row is None:
        raise NotNow("This is a cell of a sweep, no attempt of the case.", next="Make it with these settings in the case: what is owned is free.")
    if row["photo_version"] != case.photo_version:
        raise NotNow(f"This {NAMES[asset.kind]} was made from a photo that is no longer the case's.", next="Make a new one.")
    return str(row["run_id"])


def _display(db: Connection, avatar: Asset) -> Asset:
    """Return the copy that was looked at when the avatar was approved: one that was made later has other bytes, which nobody approved."""
    found = _known_by_then(db, avatar, assets.children(db, avatar.scope, avatar.sha256, AssetKind.AVATAR_DISPLAY))
    if not found:
        raise NotNow("The copy of this avatar that was approved is missing.", next="Approve the avatar again, as it looks now.")
    return found[0]


def _known_by_then(db: Connection, approved: Asset, files: Sequence[Asset]) -> list[Asset]:
    decided = "SELECT at FROM approvals WHERE scope = ? AND asset = ? ORDER BY at DESC, rowid DESC LIMIT 1"
    row = db.execute(decided, (approved.scope, approved.sha256)).fetchone()
    return [one for one in files if row is not None and one.created_at <= row["at"]]


def _poster(db: Connection, clip: Asset) -> Asset:
    posters = [one for one in assets.children(db, clip.scope, clip.parents[0], AssetKind.POSTER) if one.run_id == clip.run_id]
    found = _known_by_then(db, clip, posters)
    if not found:
        raise NotNow("The poster of this clip is missing.", next="Make the clip again; what is owned is free.")
    return found[0]
