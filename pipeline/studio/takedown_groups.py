"""What a take-down is about as people judge it: picture by picture, by invitation and by sweep, apart from what belongs to others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline import assets, cases
from pipeline.database import Connection
from pipeline.errors import UnknownName
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind
from pipeline.studio import sweeplines
from pipeline.studio.place import Place
from pipeline.studio.takedown_copies import Copy, Outcome

PICTURED = (AssetKind.PHOTO, AssetKind.CROP, AssetKind.AVATAR, AssetKind.AVATAR_DISPLAY, AssetKind.POSTER)
MAIN = (AssetKind.PHOTO, AssetKind.AVATAR, AssetKind.CLIP)


@dataclass(frozen=True, kw_only=True)
class TakeDownPicture:
    """One photo, avatar or clip with a picture of it (None when there is none), and why it stays (empty when it goes)."""

    asset: Asset
    picture: Asset | None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TakeDownGroup:
    """The pictures of one invitation, or of one sweep on it; `stays` marks those that belong to others and are left out."""

    case_id: str
    case_name: str
    sweep: str | None
    sweep_name: str
    stays: bool
    pictures: tuple[TakeDownPicture, ...]


def groups(place: Place, copies: Iterable[Copy]) -> tuple[TakeDownGroup, ...]:
    """Return the pictures that the copies of a plan show: what goes by case and sweep first, then what is left out, by whom it belongs to."""
    found: dict[tuple[bool, str, str | None], dict[str, TakeDownPicture]] = {}
    with place.database.reading() as db:
        for copy in copies:
            for picture in _pictures(db, copy):
                sweep = _sweep_of(db, picture.asset)
                found.setdefault((copy.outcome is Outcome.KEPT, picture.asset.scope, sweep), {})[picture.asset.sha256] = picture
        ordered = sorted(found.items(), key=lambda one: (one[0][0], one[0][1], one[0][2] or ""))
        return tuple(_group(db, *key, tuple(pictures.values())) for key, pictures in ordered)


def _pictures(db: Connection, copy: Copy) -> Iterator[TakeDownPicture]:
    if not copy.sha256:
        return
    try:
        asset = assets.get(db, copy.case_id, copy.sha256)
    except UnknownName:
        return
    if asset.kind in MAIN and asset.removed_at is None:
        yield TakeDownPicture(asset=asset, picture=_still(db, asset), why=copy.why if copy.outcome is Outcome.KEPT else "")


def _still(db: Connection, asset: Asset) -> Asset | None:
    if asset.kind in PICTURED:
        return asset
    beside = assets.children(db, asset.scope, asset.parents[0], AssetKind.POSTER) if asset.parents else []
    return next((one for one in beside if one.run_id == asset.run_id and one.removed_at is None), None)


def _sweep_of(db: Connection, asset: Asset) -> str | None:
    row = db.execute("SELECT sweep FROM runs WHERE id = ?", (asset.run_id,)).fetchone() if asset.run_id else None
    return row["sweep"] if row else None


def _group(db: Connection, stays: bool, case_id: str, sweep: str | None, pictures: tuple[TakeDownPicture, ...]) -> TakeDownGroup:
    case = cases.look_up(db, case_id)
    name = "Test photos" if case_id == STUDIO_SCOPE else case.name if case else case_id
    named = sweeplines.name_of(db, sweep) if sweep else ""
    return TakeDownGroup(case_id=case_id, case_name=name, sweep=sweep, sweep_name=named, stays=stays, pictures=pictures)
