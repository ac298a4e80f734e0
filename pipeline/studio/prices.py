"""What every model would cost now, with the date each price is valid from."""

from typing import Any

from pipeline.catalog import Job, Model, arguments_for, quote
from pipeline.studio.place import Place

WORDS = "a prompt long enough to be priced"


def price_list(place: Place, names: list[str], *, resolution: str | None = None, width_px: int = 1024, height_px: int = 1024) -> list[dict[str, Any]]:
    """Price one call of each named model with its defaults; raises UnknownName, BadParameter, CannotPrice."""
    return [_line(place.catalogue.find(name), resolution, width_px, height_px) for name in names]


def _line(model: Model, resolution: str | None, width_px: int, height_px: int) -> dict[str, Any]:
    given = {"resolution": resolution} if resolution and "resolution" in model.parameters else {}
    seed = 0 if model.takes_seed else None
    price = quote(model, arguments_for(model, WORDS, given, seed=seed).arguments, width_px=width_px, height_px=height_px)
    line: dict[str, Any] = {
        "model": model.name,
        "makes": "picture" if model.job is Job.TEXT_TO_IMAGE else model.job.value,
        "endpoint": model.endpoint,
    }
    line |= {"unit": price.unit.value, "quantity": str(price.quantity), "unit_micro_usd": price.unit_micro_usd, "micro_usd": price.micro_usd}
    return {**line, "price_id": price.price_id, "valid_from": price.valid_from.isoformat()}
