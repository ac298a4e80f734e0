"""Signed, expiring links for the studio's own media route, which has no login of its own."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from itsdangerous import BadData, URLSafeSerializer

from pipeline.errors import NotAllowed, StoreError
from pipeline.storage.keys import check_key

_SECRET_NAME = "link.secret"  # noqa: S105 - the name of a file
_SECRET_BYTES = 32
_STEADY_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a link opens: a key, and the file name under which a browser is to save it; empty where it is to be shown."""

    key: str
    save_as: str = ""


def sign(key: str, *, secret: bytes, seconds: int = 3600, save_as: str = "", now: datetime | None = None) -> str:
    """Return a token that opens this key for at most `seconds`, to be saved under a name if one is given; BadKey.

    From a minute on, the end is rounded down to a quarter of `seconds`, so that a page drawn again names the same address and
    the browser keeps its copy.
    """
    moment = (now or datetime.now(UTC)) + timedelta(seconds=seconds)
    step_ms = seconds * 250 if seconds >= _STEADY_SECONDS else 1
    expires_ms = int(moment.timestamp() * 1000) // step_ms * step_ms
    return str(_signer(secret).dumps([check_key(key), expires_ms, *([save_as] if save_as else [])]))


def open_link(token: str, *, secret: bytes, now: datetime | None = None) -> Link:
    """Return what a token was signed for; NotAllowed when it was changed, signed elsewhere or has expired."""
    try:
        key, expires_ms, *save_as = _signer(secret).loads(token)
    except (BadData, ValueError, TypeError) as error:
        raise NotAllowed("This link is not valid.") from error
    if (now or datetime.now(UTC)).timestamp() * 1000 >= expires_ms:
        raise NotAllowed("This link has expired.", next="Reload the page it came from.")
    return Link(key=check_key(key), save_as="".join(save_as))


def attachment(save_as: str) -> str:
    """Return the Content-Disposition header that saves a file under this name: in ASCII for the oldest browsers, and as it is.

    >>> print(attachment("Zoë.png"))
    attachment; filename="Zo_.png"; filename*=UTF-8''Zo%C3%AB.png
    """
    plain = "".join(letter if " " <= letter <= "~" and letter not in '"\\%' else "_" for letter in save_as)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(save_as, safe='', errors='ignore')}"


def secret_for(folder: Path) -> bytes:
    """Return the folder's secret, made once and readable by its owner only; whoever asks first, all get the same."""
    path = folder / _SECRET_NAME
    try:
        if not path.exists():
            _make_secret(folder, path)
        secret = path.read_bytes()
    except OSError as error:
        raise StoreError("The secret of the media links cannot be read or made.") from error
    if len(secret) != _SECRET_BYTES:
        raise StoreError("The secret of the media links is damaged.", next=f"Delete {_SECRET_NAME}; links already given out stop working.")
    return secret


def _make_secret(folder: Path, path: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{_SECRET_NAME}-{secrets.token_hex(8)}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link, unlike a rename, fails when another process was first.
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _signer(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="studio.media", signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"})
