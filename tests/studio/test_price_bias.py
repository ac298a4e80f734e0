"""Estimates are held against what was charged, and a drift is flagged; a price that changes leaves the past as it was."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import ledger
from pipeline.catalog import Catalogue
from pipeline.catalog.models import Price, Unit
from pipeline.errors import CannotPrice
from pipeline.records import now
from pipeline.studio import looks, portraits, price_bias
from pipeline.studio.costs import Period, Slice
from pipeline.studio.price_bias import ENOUGH, Bias
from pipeline.workflows.wishes import AvatarWish
from tests.examples import few
from tests.little_studio import CASE, ME, OWNER, LittleStudio


def bias(requests: int, estimated: int, settled: int) -> Bias:
    return Bias(model="m", requests=requests, estimated_micro_usd=estimated, settled_micro_usd=settled)


@pytest.mark.parametrize(
    ("requests", "estimated", "settled", "flagged"),
    [
        (20, 100_000, 102_000, False),
        (20, 100_000, 102_001, True),
        (20, 100_000, 98_000, False),
        (20, 100_000, 97_999, True),
        (19, 100_000, 200_000, False),
        (20, 0, 0, False),
        (20, 0, 1, True),
    ],
)
def test_a_drift_of_more_than_two_per_cent_over_twenty_requests_is_flagged(requests: int, estimated: int, settled: int, flagged: bool) -> None:
    assert bias(requests, estimated, settled).is_large is flagged


@few
@given(requests=st.integers(1, 10**6), estimated=st.integers(0, 10**12), settled=st.integers(0, 10**12))
def test_whatever_the_numbers_there_are_words_for_them(requests: int, estimated: int, settled: int) -> None:
    found = bias(requests, estimated, settled)
    assert found.words.endswith(".")
    assert found.is_large is ("Check the model's price" in found.words)


def test_what_was_charged_is_held_against_what_was_set_aside_for_the_same_requests(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path, customer=True)
    studio.approved_avatar()
    [line] = studio.rows("SELECT * FROM entries WHERE kind = 'hold'")
    booking = {name: line[name] for name in ledger.Booking.__dataclass_fields__}
    with studio.place.database.writing() as tx:
        for number in range(ENOUGH):
            call = f"r{number}.avatar.1"
            ledger.hold(tx, ledger.Booking(**booking | {"call_id": call}), 30_000, ())
            ledger.release(tx, call)
            ledger.charge(tx, call, 31_000, quantity="1", basis=ledger.entries(tx)[0].basis)
            tx.execute("UPDATE costs SET outcome = 'succeeded', call_outcome = 'succeeded' WHERE id = ?", (call,))
    studio.fail(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=5), ME, run_id="r-failed").run)
    [found] = price_bias.look(studio.place, Slice())
    assert (found.model, found.requests, found.estimated_micro_usd) == ("flux-dev", ENOUGH + 1, 30_000 * (ENOUGH + 1))
    assert found.settled_micro_usd == 30_000 + 31_000 * ENOUGH
    assert found.is_large
    assert "3.2 % more" in found.words
    assert price_bias.look(studio.place, Slice(period=Period(until="2020-01-01"))) == ()


def with_price(studio: LittleStudio, *prices: Price) -> None:
    model = studio.place.catalogue.find("flux-dev")
    studio.place.__dict__["catalogue"] = Catalogue(models={**studio.place.catalogue.models, "flux-dev": replace(model, prices=prices)})


def test_a_new_price_never_rewrites_what_was_booked_before_it(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path, customer=True)
    studio.approved_avatar()
    before = looks.ledger_lines(studio.place)
    [old] = studio.place.catalogue.find("flux-dev").prices
    with_price(studio, old, replace(old, id="new", valid_from=date.fromisoformat(now()[:10]), micro_usd=90_000))
    held = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=2), ME, run_id="r-held").run
    lines = looks.ledger_lines(studio.place)
    assert lines[: len(before)] == before
    assert [line["micro_usd"] for line in lines[len(before) :]] == [90_000]
    with_price(studio, old)
    studio.pay(held)
    charged = [(line["price"], line["micro_usd"]) for line in looks.ledger_lines(studio.place) if line["kind"] == "charge"]
    assert charged == [(old.id, 30_000), ("new", 90_000)], "what was held at a price is settled at that price"
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []


def test_what_has_no_price_is_neither_asked_for_nor_held(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path, customer=True)
    with_price(studio, Price(id="later", valid_from=date(9999, 1, 1), unit=Unit.CALL, micro_usd=1, when={}, source="https://example.org"))
    before = studio.dump()
    with pytest.raises(CannotPrice):
        portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, run_id="r-1")
    assert studio.dump() == before
