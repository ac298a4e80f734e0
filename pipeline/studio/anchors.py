"""Anchors of the ledger kept where the data folder's owner cannot rewrite them with it, and the ledger held against them."""

from dataclasses import dataclass

from pipeline import ledger
from pipeline.database import Connection
from pipeline.errors import BadParameter, StudioError
from pipeline.ledger.anchor import Anchor, check_anchor, read_anchor, take_anchor
from pipeline.records import Person, Role
from pipeline.schema.shape import compare_shape
from pipeline.storage.port import ObjectStore
from pipeline.studio.people import check
from pipeline.studio.place import Place

FOLDER = "anchors/"
LONGEST_BYTES = 200


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a look at the whole ledger came to: its anchor now, how many noted ones it was held against, and what is wrong, in words."""

    anchor: Anchor
    held_against: int
    wrong: tuple[str, ...]


def keep_anchor(place: Place) -> Anchor:
    """Return the ledger's anchor; where unpublished media lies in a private bucket, it is written there as well, once for each state."""
    with place.database.reading() as db:
        anchor = take_anchor(db)
    store = _bucket(place)
    if store is not None:
        key = f"{FOLDER}{anchor.lines:012d}-{anchor.last_hash[:16]}.txt"
        store.put(key, str(anchor).encode(), media_type="text/plain", cache_control="private")
    return anchor


def kept_anchors(place: Place) -> tuple[Anchor, ...]:
    """Return the anchors in the private bucket, the oldest first; none where media lies in the data folder."""
    store = _bucket(place)
    found = sorted(one.key for one in store.list(FOLDER)) if store else []
    return tuple(_read(store, key) for key in found) if store else ()


def verify(place: Place, noted: tuple[Anchor, ...], by: Person) -> Verification:
    """Prove tables, chain and sums, and hold the ledger against the noted anchors and those in the private bucket; raises NotAllowed."""
    check(by, Role.VIEW)
    known = (*noted, *kept_anchors(place))
    with place.database.reading() as db:
        db.execute("BEGIN")
        wrong = (*compare_shape(db), *ledger.proof(db), *_against(db, known))
        return Verification(anchor=take_anchor(db), held_against=len(known), wrong=wrong)


def _against(db: Connection, known: tuple[Anchor, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words for anchor in known for words in check_anchor(db, anchor)))


def _bucket(place: Place) -> ObjectStore | None:
    return place.store if place.settings.r2_private_bucket_name else None


def _read(store: ObjectStore, key: str) -> Anchor:
    try:
        return read_anchor(store.read(key)[:LONGEST_BYTES].decode(errors="replace"))
    except BadParameter as error:
        raise StudioError(f"The anchor {key!r} in the private bucket is not as it was written.", next="Find out who changed it.") from error
