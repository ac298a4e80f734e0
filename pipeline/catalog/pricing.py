"""What a call costs: an exact amount before it is sent, and the real one from the units the provider billed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pipeline.catalog.models import Model, Price, Unit
from pipeline.errors import CannotPrice

MEGAPIXEL_PX = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The price of one call: quantity of a unit times its price, in micro-dollars, and which dated price was used."""

    price_id: str
    valid_from: date
    unit: Unit
    quantity: Decimal
    unit_micro_usd: int
    micro_usd: int


def megapixels(width_px: int, height_px: int) -> int:
    """Count billed megapixels of one image: 1024 × 1024 px each, rounded up (fal's FLUX pages).

    >>> megapixels(1024, 1024), megapixels(1025, 1024), megapixels(512, 512)
    (1, 2, 1)
    """
    if width_px < 1 or height_px < 1:
        raise CannotPrice("A picture without a size cannot be priced.")
    return math.ceil(width_px * height_px / MEGAPIXEL_PX)


def quote(model: Model, arguments: Mapping[str, Any], *, width_px: int, height_px: int, on: date | None = None) -> Quote:
    """Price one call with these arguments and this output size; raises CannotPrice when no dated price fits."""
    price = price_on(model, arguments, on or datetime.now(UTC).date())
    quantity = Decimal(_quantity(price.unit, model, arguments, width_px, height_px))
    return Quote(
        price_id=price.id,
        valid_from=price.valid_from,
        unit=price.unit,
        quantity=quantity,
        unit_micro_usd=price.micro_usd,
        micro_usd=charge_for_units(quantity, price.micro_usd),
    )


def price_on(model: Model, arguments: Mapping[str, Any], on: date) -> Price:
    """Return the newest price already valid on that day whose conditions the arguments meet; raises CannotPrice."""
    fitting = [p for p in model.prices if p.valid_from <= on and all(arguments.get(name) == value for name, value in p.when.items())]
    if not fitting:
        raise CannotPrice(f"{model.title} has no price valid on {on.isoformat()} for these settings, so it is not bought.")
    return max(fitting, key=lambda price: (price.valid_from, len(price.when)))


def charge_for_units(units: Decimal, unit_micro_usd: int) -> int:
    """Return micro-dollars for a number of units, rounded half up to a whole one.

    >>> charge_for_units(Decimal("1"), 30_000), charge_for_units(Decimal("0.5"), 39_801)
    (30000, 19901)
    """
    if not units.is_finite() or units < 0:
        raise CannotPrice("The number of units is not usable.")
    return int((units * unit_micro_usd).to_integral_value(ROUND_HALF_UP))


def _quantity(unit: Unit, model: Model, arguments: Mapping[str, Any], width_px: int, height_px: int) -> int:
    match unit:
        case Unit.MEGAPIXEL:
            return _images(model, arguments) * megapixels(width_px, height_px)
        case Unit.IMAGE:
            return _images(model, arguments)
        case Unit.CLIP | Unit.CALL:
            return 1
        case Unit.CHARACTER:
            return len(str(arguments.get("prompt", "")))
        case Unit.SECOND:
            return _whole(arguments.get("duration", model.clip_seconds), f"{model.title} is billed by the second and its length is not known.")


def _images(model: Model, arguments: Mapping[str, Any]) -> int:
    return _whole(arguments.get("num_images", 1), f"{model.title} is billed by the picture and their number is not known.")


def _whole(value: Any, otherwise: str) -> int:
    if not str(value).isdecimal() or int(str(value)) < 1:
        raise CannotPrice(otherwise)
    return int(str(value))
