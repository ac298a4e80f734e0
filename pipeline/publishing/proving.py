"""The public store tried with a real object, for `doctor`: every right it needs by itself, so that the missing one can be named."""

import secrets
from collections.abc import Callable
from typing import TypeVar

from pipeline.errors import BadSetting, StoreError, StoreRefused
from pipeline.publishing.addresses import PUBLIC
from pipeline.publishing.storefront import Storefront, mismatch

TYPE = "image/webp"
SHARED_DOMAIN = ".r2.dev"
T = TypeVar("T")


def exercise(front: Storefront) -> None:
    """Put, describe, read in parts and remove an object under `_check/`; raises StoreRefused naming the missing right, BadSetting for r2.dev."""
    if front.address.endswith(SHARED_DOMAIN):
        raise BadSetting(
            "R2_PUBLIC_DOMAIN is an address on r2.dev, which is throttled, is not cached and cannot be cleared.",
            next="Connect a domain of your own to the bucket and set R2_PUBLIC_DOMAIN to it.",
        )
    key, data = f"{front.prefix}_check/{secrets.token_hex(16)}.webp", secrets.token_bytes(64)
    _needs("write objects", lambda: front.store.create(key, data, media_type=TYPE, cache_control=PUBLIC))
    _needs("describe objects", lambda: front.store.head(key))
    found = _needs("read objects", lambda: front.store.fetch(key))
    wrong = mismatch(found, data, TYPE)
    _needs("delete objects", lambda: front.store.delete(key))
    if wrong:
        raise StoreRefused(f"The public store does not give back what it was given: its {wrong}.", next="Check that the endpoint is the one of R2.")


def _needs(right: str, action: Callable[[], T]) -> T:
    try:
        return action()
    except StoreError as error:
        raise StoreRefused(
            f"The public store refused to {right}.",
            next=f"Give the key the right to {right} in this bucket, and check account, bucket name and the clock of this machine.",
        ) from error
