"""What is stored, and what that costs a month: bytes from the records, the price from the store's price list."""

from dataclasses import dataclass

from pipeline.studio.place import Place

# Standard storage; requests cost extra and are left out here, traffic to guests is free.
PRICE_MICRO_USD = 15_000
PRICE_BYTES = 1_000_000_000
PRICE_SOURCE = "Cloudflare R2, standard storage, $0.015 per GB-month: https://developers.cloudflare.com/r2/pricing/"
PRICE_DATE = "2026-08-03"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What one store keeps: where it is (`folder` or `r2:bucket`), how many files and bytes, and what they cost a month there."""

    where: str
    files: int
    bytes: int
    micro_usd_a_month: int


@dataclass(frozen=True, kw_only=True)
class StorageCost:
    """Both stores, and the price they were reckoned with; the folder costs nothing by itself."""

    private: Kept
    public: Kept
    price_micro_usd_per_gb_month: int = PRICE_MICRO_USD
    source: str = PRICE_SOURCE
    source_date: str = PRICE_DATE

    @property
    def micro_usd_a_month(self) -> int:
        """What all of it costs a month."""
        return self.private.micro_usd_a_month + self.public.micro_usd_a_month


def storage_cost(place: Place) -> StorageCost:
    """Return what is stored and its monthly cost; what R2 includes for free is not subtracted, as it is the account's and not the studio's alone."""
    bucket = place.settings.r2_private_bucket_name
    with place.database.reading() as db:
        kept = db.execute("SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes FROM assets WHERE removed_at IS NULL").fetchone()
        live = """SELECT count(*) AS files, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(bytes) FILTER (WHERE store <> 'folder'), 0) AS paid
            FROM publications WHERE state = 'published'"""
        shown = db.execute(live).fetchone()
    where = f"r2:{bucket}" if bucket else "folder"
    front = "folder" if place.settings.store == "folder" else f"r2:{place.settings.r2_bucket_name}"
    paid = monthly_micro_usd(kept["bytes"]) if bucket else 0
    return StorageCost(
        private=Kept(where=where, files=kept["files"], bytes=kept["bytes"], micro_usd_a_month=paid),
        public=Kept(where=front, files=shown["files"], bytes=shown["bytes"], micro_usd_a_month=monthly_micro_usd(shown["paid"])),
    )


def monthly_micro_usd(size_bytes: int) -> int:
    """Return what so many bytes cost a month in R2, rounded up to whole micro-dollars.

    >>> monthly_micro_usd(1_000_000_000), monthly_micro_usd(1), monthly_micro_usd(0)
    (15000, 1, 0)
    """
    return -(-size_bytes * PRICE_MICRO_USD // PRICE_BYTES)
