"""Which names are allowed in a store, and the name that bytes get.

A key is a relative path whose parts stay where they are on every file system: no part begins with a dot (so none leaves its
prefix, and the folder store keeps dot names to itself), none is empty, none holds a control character or a backslash.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping

from pipeline.errors import BadKey, BadParameter, StoreError

LONGEST_KEY_BYTES = 512
LONGEST_PART_BYTES = 200
LONGEST_METADATA_BYTES = 1500
_LONGEST_SCOPE = 120
_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_KIND = re.compile(r"[a-z0-9-]{1,32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_HEADER = re.compile(r"[ -~]{1,200}")
_EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/heic": "heic",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "application/json": "json",
    "text/plain": "txt",
}


def check_key(key: str) -> str:
    """Return the key; BadKey when it could leave its prefix or cannot be kept by every store.

    >>> check_key("cases/a1/avatar/ab.png")
    'cases/a1/avatar/ab.png'
    """
    parts = key.split("/")
    # Plain ASCII needs no look at each letter, and nearly every key is.
    plain = key.isascii() and key.isprintable()
    if "\\" in key or not (plain or all(unicodedata.category(letter) not in _FORBIDDEN for letter in key)):
        raise BadKey()
    if not all(part and part[0] != "." and len(part.encode()) <= LONGEST_PART_BYTES for part in parts):
        raise BadKey()
    if len(key.encode()) > LONGEST_KEY_BYTES:
        raise BadKey()
    return key


def is_key(key: str) -> bool:
    """True for a name that `check_key` lets pass."""
    try:
        return bool(check_key(key))
    except BadKey:
        return False


def check_prefix(prefix: str) -> str:
    """Return the prefix of a list, empty for all; BadKey when no allowed key could begin so."""
    return check_key(prefix + "x")[:-1]


def key_for(scope: str, kind: str, sha256: str, media_type: str) -> str:
    """Return the key of bytes that belong to a scope; two scopes never share a key, whatever their ids hold.

    >>> key_for("case-7", "avatar", "0" * 64, "image/png")[:20]
    'case-7/avatar/000000'
    """
    if not _KIND.fullmatch(kind) or not _SHA256.fullmatch(sha256):
        raise BadKey()
    return check_key(f"{safe_scope(scope)}/{kind}/{sha256}.{_EXTENSIONS.get(media_type, 'bin')}")


def safe_scope(scope: str) -> str:
    """Return a scope as one path part, different for different scopes also where file names ignore case.

    Small letters, digits and hyphens stand for themselves, every other byte is `_` and two hex digits; what would get too long
    becomes `__` and its hash.

    >>> safe_scope("Zoë/1")
    '_5ao_c3_ab_2f1'
    """
    if not scope:
        raise BadKey()
    raw = scope.encode("utf-8", "surrogatepass")
    encoded = "".join(chr(byte) if chr(byte) in _PLAIN else f"_{byte:02x}" for byte in raw)
    return encoded if len(encoded) <= _LONGEST_SCOPE else "__" + hashlib.sha256(raw).hexdigest()


def check_range(start: int, end: int | None) -> None:
    """Raise BadParameter for a range that counts from the end; an empty one is allowed."""
    if start < 0 or (end is not None and end < 0):
        raise BadParameter("A range of bytes begins at zero or later.")


def check_details(media_type: str, cache_control: str, metadata: Mapping[str, str]) -> None:
    """Raise StoreError for details that not every store can keep: small ASCII names, and 1,500 bytes of metadata in all."""
    named = all(_NAME.fullmatch(name) and name != "sha256" for name in metadata)
    size = sum(len(name) + 3 * len(value.encode("utf-8", "surrogatepass")) for name, value in metadata.items())
    clean = all(unicodedata.category(letter) not in _FORBIDDEN for value in metadata.values() for letter in value)
    if not (named and clean and size <= LONGEST_METADATA_BYTES and _HEADER.fullmatch(media_type) and _HEADER.fullmatch(cache_control)):
        raise StoreError("These details cannot be stored with a file.", next="Shorten them, or leave them out.")
