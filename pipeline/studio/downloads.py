"""Files to take away: links that make the browser save a file under a name people recognise."""

import unicodedata
from dataclasses import dataclass
from typing import Final

from pipeline import assets, cases
from pipeline.database import Connection
from pipeline.errors import UnknownName
from pipeline.records import Asset, AssetKind
from pipeline.studio.place import Place

LINK_SECONDS: Final = 3600
# File systems take 255 bytes; what the file is follows the name.
LONGEST_NAME_BYTES: Final = 160
# What some file system or shell takes amiss.
FORBIDDEN: Final = frozenset('/\\:*?"<>|')
WORDS: Final = {
    AssetKind.PHOTO: "photo",
    AssetKind.CROP: "photo, square",
    AssetKind.AVATAR: "avatar",
    AssetKind.AVATAR_DISPLAY: "avatar, 512 px",
    AssetKind.RAW_CLIP: "clip as delivered",
    AssetKind.CLIP: "clip",
    AssetKind.POSTER: "poster",
}


@dataclass(frozen=True, kw_only=True)
class Download:
    """One file: what it is in words, its name, its size, and an address that saves it, good for an hour."""

    asset: Asset
    words: str
    name: str
    url: str


def downloads(place: Place, scope: str, sha256: str) -> tuple[Download, ...]:
    """Return the links of a file and of what belongs to it, the file itself first: with an avatar its display copy, with a clip its poster.

    Raises UnknownName for a file that does not exist or was removed.
    """
    with place.database.reading() as db:
        asset = assets.get(db, scope, sha256)
        if asset.removed_at is not None:
            raise UnknownName("This file was removed.", next="Look at another one.")
        case = cases.look_up(db, scope)
        found = [asset, *_with(db, asset)]
    return tuple(_download(place, one, case.name if case else scope) for one in found)


def file_name(case_name: str, asset: Asset) -> str:
    """Return the name to save a file under: the case's, what it is, eight digits of its hash; safe on every file system.

    >>> clip = Asset(scope="c", kind=AssetKind.CLIP, media_type="video/mp4", sha256="ab12cd34ef", key="c/clip/ab12cd34ef.mp4")
    >>> file_name("Zoë / Bo", clip)
    'Zoë Bo - clip - ab12cd34.mp4'
    """
    return f"{safe_name(case_name) or 'case'} - {WORDS[asset.kind]} - {asset.sha256[:8]}.{asset.key.rpartition('.')[2]}"


def safe_name(name: str) -> str:
    """Keep letters of every script, but nothing that controls, hides or turns text around."""
    kept = "".join(" " if letter in FORBIDDEN or unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else letter for letter in name)
    return " ".join(kept.split()).strip(". ").encode()[:LONGEST_NAME_BYTES].decode(errors="ignore").rstrip(". ")


def _with(db: Connection, asset: Asset) -> list[Asset]:
    if asset.kind is AssetKind.PHOTO:
        return assets.children(db, asset.scope, asset.sha256, AssetKind.CROP)
    wanted = {AssetKind.AVATAR: (AssetKind.AVATAR_DISPLAY,), AssetKind.CLIP: (AssetKind.POSTER, AssetKind.RAW_CLIP)}.get(asset.kind, ())
    made = assets.of_call(db, asset.call_id) if wanted and asset.call_id else []
    return sorted((one for one in made if one.kind in wanted and one.removed_at is None), key=lambda one: wanted.index(one.kind))


def _download(place: Place, asset: Asset, case_name: str) -> Download:
    name = file_name(case_name, asset)
    url = place.store.signed_url(asset.key, seconds=LINK_SECONDS, save_as=name)
    return Download(asset=asset, words=WORDS[asset.kind], name=name, url=url)
