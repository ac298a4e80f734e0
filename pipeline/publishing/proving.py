"""The public store tried with a real object, for `doctor`: every right it needs by itself, so that the missing one can be named."""

import contextlib
import secrets
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from pipeline.errors import BadSetting, NotStored, StoreError, StoreRefused
from pipeline.publishing.addresses import PUBLIC
from pipeline.publishing.storefront import Storefront, mismatch

TYPE = "image/webp"
FOLDER = "_check/"
SHARED_DOMAIN = ".r2.dev"
T = TypeVar("T")


def exercise(front: Storefront) -> None:
    """Put, describe, read in parts and remove an object under `_check/`; raises StoreRefused naming the missing right, BadSetting for r2.dev."""
    if (urlsplit(front.address).hostname or "").endswith(SHARED_DOMAIN):
        raise BadSetting(
            "R2_PUBLIC_DOMAIN is an address on r2.dev, which is throttled, is not cached and cannot be cleared.",
            next="Connect a domain of your own to the bucket and set R2_PUBLIC_DOMAIN to it.",
        )
    key, data = f"{front.prefix}{FOLDER}{secrets.token_hex(16)}.webp", secrets.token_bytes(64)
    _needs("write objects", lambda: front.store.create(key, data, media_type=TYPE, cache_control=PUBLIC))
    try:
        _needs("describe objects", lambda: front.store.head(key))
        found = _needs("read objects", lambda: front.store.fetch(key))
        _needs("list objects", lambda: next(iter(front.store.survey(key)), None))
        _needs("delete objects", lambda: front.hide(key))
    except StoreError:
        with contextlib.suppress(StoreError):
            front.store.delete(key)
        raise
    if wrong := mismatch(found, data, TYPE):
        raise StoreRefused(f"The public store does not give back what it was given: its {wrong}.", next="Check that R2_ENDPOINT is the one of R2.")


def _needs(right: str, action: Callable[[], T]) -> T:
    try:
        return action()
    except NotStored as error:
        raise StoreRefused(
            f"The public store does not let us {right}: it has not what was just put.", next="Check that R2_ENDPOINT is R2's."
        ) from error
    except StoreError as error:
        raise StoreRefused(f"The public store does not let us {right}. {error.say}", next=error.next) from error
