"""What every model would cost now, with the date each price is valid from."""

from typing import Any

from pipeline.catalog import Catalogue, Job, Model, Quote, arguments_for, quote
from pipeline.catalog.models import Price
from pipeline.studio.place import Place

MARKS = {("generate_audio", True): "with audio", ("generate_audio", False): "silent"}
WORDS = "a prompt long enough to be priced"


def price_list(place: Place, names: list[str], *, resolution: str | None = None, width_px: int = 1024, height_px: int = 1024) -> list[dict[str, Any]]:
    """Price one call of each named model with its defaults; raises UnknownName, BadParameter, CannotPrice."""
    return [_line(place.catalogue.find(name), resolution, width_px, height_px) for name in names]


def price_lines(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return every price valid today, also those of settings that are not a model's default, named in `condition`."""
    lines = []
    for model in catalogue.models.values():
        newest: dict[str, Price] = {}
        for price in sorted(model.prices, key=lambda price: price.valid_from):
            newest[str(price.when)] = price
        lines += [_condition(model, price) for price in newest.values()]
    return lines


def _condition(model: Model, price: Price) -> dict[str, Any]:
    arguments = {"duration": str(model.clip_seconds), **price.when} if model.clip_seconds else dict(price.when)
    line = _priced(model, quote(model, arguments, width_px=1024, height_px=1024))
    marks = [
        f"{name} {value}".replace("generate_audio True", "with audio").replace("generate_audio False", "silent") for name, value in price.when.items()
    ]
    return {**line, "condition": f" ({', '.join(marks)})" if marks else ""}


def _line(model: Model, resolution: str | None, width_px: int, height_px: int) -> dict[str, Any]:
    given = {"resolution": resolution} if resolution and "resolution" in model.parameters else {}
    seed = 0 if model.takes_seed else None
    price = quote(model, arguments_for(model, WORDS, given, seed=seed).arguments, width_px=width_px, height_px=height_px)
    return _priced(model, price)


def _priced(model: Model, price: Quote) -> dict[str, Any]:
    line: dict[str, Any] = {
        "model": model.name,
        "makes": "picture" if model.job is Job.TEXT_TO_IMAGE else model.job.value,
        "endpoint": model.endpoint,
    }
    line |= {"unit": price.unit.value, "quantity": str(price.quantity), "unit_micro_usd": price.unit_micro_usd, "micro_usd": price.micro_usd}
    return {**line, "price_id": price.price_id, "valid_from": price.valid_from.isoformat()}
