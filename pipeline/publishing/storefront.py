"""The store that everybody can read. What lies in it was approved, and it is looked at again before it counts as published."""

from dataclasses import dataclass, field

from pipeline.errors import KeyTaken, NotStored, StoreRefused
from pipeline.publishing.addresses import PUBLIC
from pipeline.storage.port import Fetched, ObjectStore


@dataclass(frozen=True, kw_only=True)
class Storefront:
    """A public store: `name` says which (`folder`, `r2:bucket`), `prefix` begins every key in it, `address` is where keys are read from.

    `seen` holds what this process has shown and need not look at again.
    """

    store: ObjectStore
    name: str
    prefix: str
    address: str
    seen: set[str] = field(default_factory=set, compare=False)

    def key(self, public_key: str) -> str:
        """Return the key under which the store keeps what has this public key."""
        return self.prefix + public_key

    def url(self, key: str) -> str:
        """Return the address at which guests read a key of this store."""
        return f"{self.address}/{key}"

    def show(self, key: str, data: bytes, media_type: str) -> None:
        """Store bytes under their key and prove them by reading them back; showing them twice is showing them once.

        Raises KeyTaken when the key holds other bytes, StoreRefused when what comes back is not what was approved; what was put is then gone again.
        """
        created = self.store.create(key, data, media_type=media_type, cache_control=PUBLIC)
        try:
            wrong = mismatch(self.store.fetch(key), data, media_type)
        except NotStored as error:
            raise StoreRefused("The public store took the file, but does not have it.") from error
        if not wrong:
            return
        if not created:
            raise KeyTaken("The public address holds something else already: its " + wrong + ".", next="Tell an engineer; nothing was changed there.")
        self.store.delete(key)
        raise StoreRefused("The public store did not keep what was approved: its " + wrong + ". It was taken away again.", next="Try again.")

    def hide(self, key: str) -> bool:
        """Remove a key and prove that it is gone; False when it was gone before. Raises StoreRefused."""
        existed = self.store.delete(key)
        if existed:
            try:
                self.store.head(key)
            except NotStored:
                return True
            raise StoreRefused("The public store still holds a file that was removed.", next="Try again; if it stays, tell an engineer.")
        return False


def mismatch(found: Fetched, data: bytes, media_type: str) -> str:
    """Return what of a fetched object is not as it must be, empty when all is.

    >>> good = Fetched(data=b"a", media_type="image/webp", cache_control=PUBLIC, partial=True)
    >>> mismatch(good, b"a", "image/webp"), mismatch(good, b"b", "image/webp"), mismatch(good, b"a", "video/mp4")
    ('', 'content differs', 'type is image/webp, not video/mp4')
    """
    if found.data != data:
        return "content differs"
    if found.media_type != media_type:
        return f"type is {found.media_type or 'missing'}, not {media_type}"
    if found.cache_control != PUBLIC:
        return "caching is not what was asked for"
    return "" if found.partial else "parts cannot be read by themselves"
