"""The public key of bytes: `avatars/{invitation}/{sha256}.webp`, `animations/…mp4`, `posters/…webp`."""

import re

from pipeline.errors import BadKey
from pipeline.records import AssetKind
from pipeline.storage.keys import check_key, safe_scope

FOLDERS = {AssetKind.AVATAR: "avatars", AssetKind.CLIP: "animations", AssetKind.POSTER: "posters"}
ENDINGS = {"image/webp": "webp", "video/mp4": "mp4"}
# A year, and never asked for again: other bytes have another key.
PUBLIC = "public, max-age=31536000, immutable"
_PLAIN = re.compile(r"[A-Za-z0-9-]{1,100}")
_SHAPE = re.compile(r"(avatars|animations|posters)/[A-Za-z0-9_-]{1,130}/[0-9a-f]{64}\.(webp|mp4)")
SANDBOX_PREFIX = "sandbox/"


def public_key(kind: AssetKind, case_id: str, sha256: str, media_type: str) -> str:
    """Return the key of published bytes; raises BadKey for what is never published.

    Invitation ids of letters, digits and hyphens stand for themselves, others are written so that no two share a folder.

    >>> public_key(AssetKind.AVATAR, "A-1042", "0" * 64, "image/webp")[:24]
    'avatars/A-1042/000000000'
    >>> public_key(AssetKind.CLIP, "Zoë & Tom", "0" * 64, "video/mp4")[:40]
    'animations/_5ao_c3_ab_20_26_20_54om/0000'
    """
    if kind not in FOLDERS or media_type not in ENDINGS or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise BadKey
    return check_key(f"{FOLDERS[kind]}/{invitation(case_id)}/{sha256}.{ENDINGS[media_type]}")


def invitation(case_id: str) -> str:
    """Return the part of a public key that stands for this invitation."""
    return case_id if _PLAIN.fullmatch(case_id) else safe_scope(case_id)


def is_public(key: str) -> bool:
    """Tell whether a key could be one of a publication.

    >>> is_public("avatars/a/" + "0" * 64 + ".webp"), is_public("case-1/photo/ab.jpg"), is_public("avatars/../x.webp")
    (True, False, False)
    """
    return _SHAPE.fullmatch(key) is not None


def case_part(key: str) -> str:
    """Return the part of this public key that stands for its invitation."""
    return key.split("/")[1]
