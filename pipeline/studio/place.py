"""One data folder, opened."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from pipeline.catalog import Catalogue, load_catalogue
from pipeline.database import Database
from pipeline.errors import BadSetting
from pipeline.ledger import Cap
from pipeline.prompts import Style, load_styles
from pipeline.records import Channel, Person
from pipeline.settings import SHIPPED, Settings
from pipeline.storage.folder import FolderStore
from pipeline.storage.links import secret_for
from pipeline.storage.port import ObjectStore

MEDIA_ROUTE = "/m/"


class Place:
    """Everything a verb needs. Opening it is cheap; catalogue, styles and store are read when first used."""

    def __init__(self, settings: Settings) -> None:
        """Open the mode's data folder; raises WrongMode, PlaceError."""
        self.settings = settings
        self.database = Database(settings.folder, settings.mode, busy_seconds=settings.busy_seconds)

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
        """Where media is kept."""
        return open_store(self.settings)

    @property
    def caps(self) -> tuple[Cap, ...]:
        """The caps that settings impose, besides the stored budgets."""
        return (Cap(scope_kind="studio", scope="all", period="day", micro_usd=self.settings.daily_cap_micro_usd),)

    def pace(self, person: Person) -> int:
        """Return how many paid requests this person may make within an hour; 0 means no limit."""
        return self.settings.outside_per_hour if person.channel is Channel.OUTSIDE else self.settings.staff_per_hour


def open_store(settings: Settings) -> ObjectStore:
    """Open the folder store, or Cloudflare R2 when STUDIO_STORE says so; raises BadSetting when R2 lacks a setting."""
    if settings.store == "folder":
        return FolderStore(objects_folder(settings), secret=secret_for(settings.folder), route=MEDIA_ROUTE)
    given = {"R2_ENDPOINT": settings.r2_endpoint, "R2_ACCESS_KEY_ID": settings.r2_access_key_id}
    given |= {"R2_SECRET_ACCESS_KEY": settings.r2_secret_access_key, "R2_BUCKET_NAME": settings.r2_bucket_name}
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise BadSetting(f"STUDIO_STORE is r2, but {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set.")
    from pipeline.storage.r2 import R2Store

    return R2Store(
        settings.r2_bucket_name,
        endpoint_url=settings.r2_endpoint,
        access_key_id=settings.r2_access_key_id,
        secret_access_key=settings.r2_secret_access_key,
    )


def objects_folder(settings: Settings) -> Path:
    """Return where the folder store keeps its objects."""
    return settings.folder / "objects"
