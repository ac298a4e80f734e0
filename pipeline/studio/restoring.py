"""A stored file that is missing or was altered is made again from what was bought; it counts only if it comes out the same to the byte."""

import hashlib
import tempfile
from pathlib import Path

from pipeline import assets, cases, runs
from pipeline.database import Connection
from pipeline.errors import NotNow, NotStored
from pipeline.media.clips import ClipRecipe, EncodedClip, encode_clip
from pipeline.media.provenance import marked_mp4, marked_webp
from pipeline.media.stills import display_copy
from pipeline.publishing import items
from pipeline.publishing.items import judged
from pipeline.records import Asset, AssetKind, Case, Person, Role
from pipeline.studio.people import check
from pipeline.studio.place import Place

ACTION = "restore"
NEXT = "Make it again in the case: what is owned is free, and what comes of it is approved anew."


def is_whole(place: Place, asset: Asset) -> bool:
    """Tell whether a file is in the store as it was kept."""
    try:
        assets.read(place.store, asset)
    except NotStored:
        return False
    return True


def restore(place: Place, scope: str, sha256: str, owner: str, by: Person) -> tuple[Asset, ...]:
    """Make what guests would see of an approved avatar or clip again where it is damaged, and return the files that were made.

    They are made from what was bought and put in their place; the approval holds on, because they are the same to the byte. Raises NotAllowed,
    WrongOwner, UnknownName, NotNow for what cannot be made again or comes out otherwise, NotStored when what it is made from is gone as well.
    """
    check(by, Role.MAKE)
    with place.database.reading() as db:
        case = cases.get(db, scope, owner)
        files = [item.file for item in items.of_approved(db, case, judged(db, assets.get(db, scope, sha256)))]
    return tuple(_restored(place, case, file, by) for file in files if not is_whole(place, file))


def _restored(place: Place, case: Case, asset: Asset, by: Person) -> Asset:
    with place.database.reading() as db:
        assets.check_wanted(db, asset.scope, [asset.sha256, *asset.parents])
        recipe = _recipe(db, asset)
    data = _made_again(place, asset, recipe)
    if hashlib.sha256(data).hexdigest() != asset.sha256:
        raise NotNow("It was made again, but came out with other bytes than were approved.", next=NEXT)
    place.store.delete(asset.key)
    assets.put(place.store, data, asset)
    with assets.unless_taken_down(place.database, place.store, asset), place.database.writing() as tx:
        assets.check_wanted(tx, asset.scope, [asset.sha256, *asset.parents])
        cases.note(tx, case, ACTION, by, asset=asset.sha256, kind=asset.kind.value)
    return asset


def _recipe(db: Connection, asset: Asset) -> ClipRecipe:
    settings = runs.get(db, asset.run_id).settings if asset.run_id else {}
    return ClipRecipe(height_px=960 if settings.get("portrait") else 720, loop=bool(settings.get("loop")))


def _made_again(place: Place, asset: Asset, recipe: ClipRecipe) -> bytes:
    if asset.kind not in (AssetKind.AVATAR_DISPLAY, AssetKind.CLIP, AssetKind.POSTER) or not asset.parents:
        raise NotNow("This file is what was bought itself, so it cannot be made again from anything.", next=NEXT)
    with place.database.reading() as db:
        bought = assets.get(db, asset.scope, asset.parents[0])
    data = assets.read(place.store, bought)
    return display_copy(data) if asset.kind is AssetKind.AVATAR_DISPLAY else _filmed_again(place, asset, data, recipe)


def _filmed_again(place: Place, asset: Asset, raw: bytes, recipe: ClipRecipe) -> bytes:
    with tempfile.TemporaryDirectory(dir=place.settings.folder) as folder:
        source = Path(folder) / "raw.mp4"
        source.write_bytes(raw)
        made: EncodedClip = encode_clip(source, Path(folder), recipe, ffmpeg=place.settings.ffmpeg)
        if asset.kind is AssetKind.CLIP:
            return marked_mp4(made.clip.read_bytes())
        return marked_webp(made.poster.read_bytes(), made.facts.width_px, made.facts.height_px)
