"""What a call costs is exact, dated and known before anything is sent."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog import Asked, arguments_for, charge_for_units, load_catalogue, quote
from pipeline.catalog.models import Price, Unit
from pipeline.catalog.pricing import MEGAPIXEL_PX, megapixels
from pipeline.errors import CannotPrice
from pipeline.sandbox import prices as sandbox
from pipeline.settings import SHIPPED
from tests.examples import few

CATALOGUE = load_catalogue(SHIPPED / "models")
PLANNED = {
    ("flux-dev", None): 30_000,
    ("flux-kontext", None): 40_000,
    ("flux-pro", None): 40_000,
    ("kling-2.6", None): 350_000,
    ("kling-2.5-turbo", None): 350_000,
    ("hailuo-02", "768P"): 270_000,
    ("hailuo-02", "512P"): 102_000,
    ("wan-2.1", "480p"): 200_000,
    ("wan-2.1", "720p"): 400_000,
    ("minimax-video-01", None): 500_000,
}


def _asked(name: str, resolution: str | None = None) -> Asked:
    model = CATALOGUE.find(name)
    return arguments_for(model, "a prompt that is long enough", {"resolution": resolution}, seed=1 if model.takes_seed else None)


def _quote(name: str, resolution: str | None = None, side_px: int = 1024, on: date | None = None):
    return quote(CATALOGUE.find(name), _asked(name, resolution).arguments, width_px=side_px, height_px=side_px, on=on)


@pytest.mark.parametrize(("name", "resolution"), PLANNED)
def test_every_model_costs_what_the_plan_says(name, resolution):
    assert _quote(name, resolution).micro_usd == PLANNED[name, resolution]


def test_the_plan_prices_every_shipped_model():
    assert {name for name, _ in PLANNED} == set(CATALOGUE.models)


@pytest.mark.parametrize(("name", "resolution"), PLANNED)
def test_the_sandbox_which_has_a_table_of_its_own_agrees(name, resolution):
    model, asked = CATALOGUE.find(name), _asked(name, resolution).arguments
    delivered = sandbox.Delivered(sizes_px=((1024, 1024),), seconds=float(model.clip_seconds or 0), asked=asked)
    assert sandbox.cost(model.endpoint, delivered).micro_usd == _quote(name, resolution).micro_usd


def test_what_doubles_a_price_is_switched_off():
    assert _asked("kling-2.6").arguments["generate_audio"] is False
    assert {"resolution": "480p"}.items() <= dict(_asked("wan-2.1").arguments).items()


def test_sound_would_cost_twice_as_much():
    model = CATALOGUE.find("kling-2.6")
    loud = quote(model, {**_asked("kling-2.6").arguments, "generate_audio": True}, width_px=1024, height_px=1024)
    assert loud.micro_usd == 2 * _quote("kling-2.6").micro_usd


@few
@given(width_px=st.integers(1, 20_000), height_px=st.integers(1, 20_000))
def test_megapixels_are_counted_up_to_the_next_whole_one(width_px, height_px):
    counted = megapixels(width_px, height_px)
    exact = Fraction(width_px * height_px, MEGAPIXEL_PX)
    assert counted - 1 < exact <= counted


@pytest.mark.parametrize(("side_px", "micro_usd"), [(512, 30_000), (1024, 30_000), (1025, 60_000), (2048, 120_000)])
def test_a_picture_is_billed_by_its_megapixels(side_px, micro_usd):
    assert _quote("flux-dev", side_px=side_px).micro_usd == micro_usd


@few
@given(units=st.decimals(0, 10_000, places=4), price=st.integers(0, 10**7))
def test_a_charge_is_the_nearest_micro_dollar(units, price):
    charge = charge_for_units(units, price)
    assert abs(Fraction(charge) - Fraction(units) * price) <= Fraction(1, 2)
    assert isinstance(charge, int)


@few
@given(first=st.decimals(0, 1000, places=3), more=st.decimals(0, 1000, places=3), price=st.integers(0, 10**7))
def test_more_units_never_cost_less(first, more, price):
    assert charge_for_units(first + more, price) >= charge_for_units(first, price)


@pytest.mark.parametrize("units", ["NaN", "Infinity", "-1", "-0.0001"])
def test_unusable_units_are_refused(units):
    with pytest.raises(CannotPrice):
        charge_for_units(Decimal(units), 30_000)


@pytest.mark.parametrize("size", [(0, 1024), (1024, 0), (-1, 5)])
def test_a_picture_without_a_size_has_no_price(size):
    with pytest.raises(CannotPrice):
        megapixels(*size)


def test_what_has_no_price_yet_is_not_bought():
    with pytest.raises(CannotPrice, match="2026-02-28"):
        _quote("flux-dev", on=date(2026, 2, 28))


def test_a_setting_without_a_price_is_not_bought():
    model = CATALOGUE.find("wan-2.1")
    with pytest.raises(CannotPrice):
        quote(model, {**_asked("wan-2.1").arguments, "resolution": "1080p"}, width_px=1024, height_px=1024)


def test_a_length_that_is_not_known_is_not_bought():
    model = CATALOGUE.find("kling-2.6")
    with pytest.raises(CannotPrice, match="length"):
        quote(model, {**_asked("kling-2.6").arguments, "duration": "auto"}, width_px=1024, height_px=1024)


@pytest.mark.parametrize(
    ("unit", "micro_usd"),
    [(Unit.IMAGE, 2_000), (Unit.MEGAPIXEL, 4_000), (Unit.SECOND, 5_000), (Unit.CHARACTER, 11_000), (Unit.CALL, 1_000), (Unit.CLIP, 1_000)],
)
def test_every_unit_is_counted_as_it_is_billed(unit, micro_usd):
    """Two pictures of 1025 × 1024 px, each rounded up by itself; five seconds; a prompt of eleven characters."""
    price = Price(id="p", valid_from=date(2026, 1, 1), unit=unit, micro_usd=1_000, when={}, source="a page")
    model = replace(CATALOGUE.find("flux-dev"), prices=(price,))
    asked = {"prompt": "a red foxes", "num_images": 2, "duration": "5"}
    assert quote(model, asked, width_px=1025, height_px=1024).micro_usd == micro_usd


@pytest.mark.parametrize(
    ("unit", "asked"), [(Unit.IMAGE, {"num_images": "many"}), (Unit.MEGAPIXEL, {"num_images": 0}), (Unit.SECOND, {"duration": 0})]
)
def test_a_number_that_is_not_known_is_not_bought(unit, asked):
    price = Price(id="p", valid_from=date(2026, 1, 1), unit=unit, micro_usd=1_000, when={}, source="a page")
    with pytest.raises(CannotPrice, match="not known"):
        quote(replace(CATALOGUE.find("flux-dev"), prices=(price,)), asked, width_px=1024, height_px=1024)


def test_every_price_names_its_day_and_where_it_was_read():
    for model in CATALOGUE.models.values():
        for price in model.prices:
            assert price.valid_from <= date.today()
            assert price.source.strip(), price.id


def test_a_new_price_counts_from_its_day_and_the_old_one_until_then():
    old = CATALOGUE.find("flux-dev")
    new = Price(id="new", valid_from=date(2026, 9, 1), unit=Unit.MEGAPIXEL, micro_usd=25_000, when={}, source="a page")
    model = replace(old, prices=(*old.prices, new))
    asked = _asked("flux-dev").arguments
    days = {date(2026, 8, 31): 30_000, date(2026, 9, 1): 25_000, date(2027, 1, 1): 25_000}
    assert {day: quote(model, asked, width_px=1024, height_px=1024, on=day).micro_usd for day in days} == days


def test_a_quote_names_the_dated_price_it_used():
    assert (_quote("wan-2.1", "720p").price_id, _quote("wan-2.1", "720p").valid_from) == ("wan-2.1+720p@2026-03-01", date(2026, 3, 1))
