"""One data folder, opened."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from pipeline.buying.points import Points
from pipeline.catalog import Catalogue, load_catalogue
from pipeline.database import Database
from pipeline.errors import BadSetting
from pipeline.ledger import Cap
from pipeline.prompts import Style, load_styles
from pipeline.providers.port import Forgotten
from pipeline.publishing.addresses import SANDBOX_PREFIX
from pipeline.publishing.storefront import Storefront
from pipeline.publishing.together import Together
from pipeline.records import Channel, Person
from pipeline.settings import SHIPPED, Settings
from pipeline.storage.folder import FolderStore
from pipeline.storage.links import secret_for
from pipeline.storage.port import ObjectStore

MEDIA_ROUTE = "/m/"
PUBLIC_ROUTE = "/p"
FORGET_SECONDS = 10.0


class Place:
    """Everything a verb needs. Opening it is cheap; catalogue, styles and store are read when first used."""

    def __init__(self, settings: Settings) -> None:
        """Open the mode's data folder; raises WrongMode, PlaceError."""
        self.settings = settings
        self.database = Database(settings.folder, settings.mode, busy_seconds=settings.busy_seconds)
        self.together = Together(self.database)
        self._older: dict[str, Storefront] = {}

    @cached_property
    def catalogue(self) -> Catalogue:
        """The models that can be bought; raises BadModelFile."""
        return load_catalogue(SHIPPED / "models")

    @cached_property
    def styles(self) -> Mapping[str, Style]:
        """The prompt templates; raises BadModelFile."""
        return load_styles(SHIPPED / "prompts")

    @cached_property
    def store(self) -> ObjectStore:
        """Where media is kept that is not published."""
        return open_store(self.settings)

    @cached_property
    def storefront(self) -> Storefront:
        """Where published media goes."""
        return open_storefront(self.settings)

    def storefront_of(self, name: str) -> Storefront:
        """Return the public store of this name, as publications have kept it; raises BadSetting when it is no longer set up."""
        if name == self.storefront.name:
            return self.storefront
        if name not in self._older:
            self._older[name] = open_storefront(self.settings, name)
        return self._older[name]

    @cached_property
    def points(self) -> Points:
        """Where a test of the sandbox may end the process."""
        return Points(self.settings.folder / "pull-the-plug" if self.settings.is_sandbox else None)

    def forget(self, request_id: str) -> Forgotten:
        """Have fal remove what it keeps of a request; for live mode, as the sandbox keeps its files here. Raises NotSent, KeyRefused."""
        from pipeline.providers.fal import FalProvider

        with FalProvider(self.settings.fal_key, timeout_seconds=FORGET_SECONDS) as fal:
            return fal.forget(request_id)

    @property
    def caps(self) -> tuple[Cap, ...]:
        """The caps that settings impose, besides the stored budgets."""
        return (Cap(scope_kind="studio", scope="all", period="day", micro_usd=self.settings.daily_cap_micro_usd),)

    def pace(self, person: Person) -> int:
        """Return how many paid requests this person may make within an hour; 0 means no limit."""
        return self.settings.outside_per_hour if person.channel is Channel.OUTSIDE else self.settings.staff_per_hour


def open_store(settings: Settings) -> ObjectStore:
    """Open where media is kept that is not published: the data folder, or a private bucket; raises BadSetting when R2 lacks a setting."""
    if not settings.r2_private_bucket_name:
        return FolderStore(objects_folder(settings), secret=secret_for(settings.folder), route=MEDIA_ROUTE)
    return _bucket(settings, settings.r2_private_bucket_name, "R2_PRIVATE_BUCKET_NAME is set")


def open_storefront(settings: Settings, name: str = "") -> Storefront:
    """Open where published media lies, or the one that was used under this name; raises BadSetting when R2 lacks a setting."""
    if (name or settings.store) == "folder":
        address = f"{settings.public_url or f'http://localhost:{settings.port}'}{PUBLIC_ROUTE}"
        store = FolderStore(public_folder(settings), secret=secret_for(settings.folder))
        return Storefront(store=store, name="folder", prefix="", address=address)
    bucket = name.removeprefix("r2:").partition("/")[0] if name.startswith("r2:") else settings.r2_bucket_name
    if not settings.r2_public_domain:
        raise BadSetting("STUDIO_STORE is r2, but R2_PUBLIC_DOMAIN is not set.", next="Set it to the domain that leads to the bucket.")
    prefix = SANDBOX_PREFIX if settings.is_sandbox else ""
    scheme = "http" if settings.r2_public_domain.startswith(("localhost", "127.0.0.1")) else "https"
    named = f"r2:{bucket}"
    return Storefront(store=_bucket(settings, bucket), name=named, prefix=prefix, address=f"{scheme}://{settings.r2_public_domain}")


def _bucket(settings: Settings, bucket: str, why: str = "STUDIO_STORE is r2") -> ObjectStore:
    given = {"R2_ENDPOINT": settings.r2_endpoint, "R2_ACCESS_KEY_ID": settings.r2_access_key_id}
    given |= {"R2_SECRET_ACCESS_KEY": settings.r2_secret_access_key, "R2_BUCKET_NAME": bucket}
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise BadSetting(f"{why}, but {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set.")
    from pipeline.storage.r2 import R2Store

    return R2Store(
        bucket, endpoint_url=settings.r2_endpoint, access_key_id=settings.r2_access_key_id, secret_access_key=settings.r2_secret_access_key
    )


def public_folder(settings: Settings) -> Path:
    """Return where the folder store keeps what is published."""
    return settings.folder / "public"


def objects_folder(settings: Settings) -> Path:
    """Return where the folder store keeps its objects."""
    return settings.folder / "objects"
