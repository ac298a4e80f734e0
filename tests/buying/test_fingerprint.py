"""The same request has one fingerprint, and a different one has another."""

import string
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.buying.planning import Wanted, fingerprint
from pipeline.catalog import arguments_for, load_catalogue
from pipeline.records import Reuse
from pipeline.settings import SHIPPED
from tests.examples import few

CATALOGUE = load_catalogue(SHIPPED / "models")
FLUX, KLING, WAN = CATALOGUE.find("flux-dev"), CATALOGUE.find("kling-2.6"), CATALOGUE.find("wan-2.1")
WORDS = st.text(string.printable + "äß新", min_size=10, max_size=60).filter(lambda words: len(words.strip()) >= 10)
SETTINGS = st.fixed_dictionaries({"strength": st.floats(0.01, 1), "steps": st.integers(10, 50), "guidance": st.floats(1, 20)})
SEEDS = st.integers(0, 2**31 - 1)


def wanted(model=FLUX, prompt="a portrait of two", settings=None, seed=1, **more):
    asked = arguments_for(model, prompt, settings or {}, seed=seed if model.takes_seed else None)
    return Wanted(slot="avatar", model=model, arguments=asked.arguments, photo="a" * 64, width_px=1024, height_px=1024, **more)


@few
@given(prompt=WORDS, settings=SETTINGS, seed=SEEDS)
def test_the_same_wish_is_the_same_request_in_whatever_order_it_is_written(prompt, settings, seed):
    one = wanted(prompt=prompt, settings=settings, seed=seed)
    turned = replace(one, arguments=dict(reversed(one.arguments.items())))
    assert fingerprint(one, "case-1") == fingerprint(turned, "case-1")


@few
@given(prompts=st.tuples(WORDS, WORDS), seeds=st.tuples(SEEDS, SEEDS), settings=st.tuples(SETTINGS, SETTINGS))
def test_another_wish_is_another_request(prompts, seeds, settings):
    assume((prompts[0], seeds[0], settings[0]) != (prompts[1], seeds[1], settings[1]))
    one, two = (wanted(prompt=prompts[n], seed=seeds[n], settings=settings[n]) for n in (0, 1))
    assert fingerprint(one, "case-1") != fingerprint(two, "case-1")


@few
@given(scopes=st.tuples(st.text(min_size=1), st.text(min_size=1)))
def test_one_customer_s_picture_never_stands_in_for_another_s(scopes):
    assume(scopes[0] != scopes[1])
    assert fingerprint(wanted(), scopes[0]) != fingerprint(wanted(), scopes[1])


def test_another_photo_is_another_request():
    assert fingerprint(wanted(), "c") != fingerprint(replace(wanted(), photo="b" * 64), "c")


def test_the_endpoint_counts_not_only_its_arguments():
    other = replace(FLUX, endpoint="fal-ai/flux/other/image-to-image")
    assert fingerprint(wanted(), "c") != fingerprint(replace(wanted(), model=other), "c")


def test_another_take_is_another_request_where_the_model_has_no_seed():
    first, second = (wanted(KLING, take=take) for take in (1, 2))
    assert fingerprint(first, "c") != fingerprint(second, "c")


def test_a_take_means_nothing_where_the_seed_says_it_all():
    first, second = (wanted(WAN, take=take) for take in (1, 2))
    assert fingerprint(first, "c") == fingerprint(second, "c")


def test_a_number_is_the_same_number_however_it_was_written():
    forms = [{"strength": value} for value in (1, 1.0, "1", "1.00")]
    assert len({fingerprint(wanted(settings=form), "c") for form in forms}) == 1
    assert len({fingerprint(wanted(settings={"steps": value}), "c") for value in (40, 40.0, "40")}) == 1


@pytest.mark.parametrize("change", [{"width_px": 512}, {"slot": "other"}, {"reuse": Reuse.NEVER}])
def test_what_the_provider_never_sees_does_not_count(change):
    assert fingerprint(replace(wanted(), **change), "c") == fingerprint(wanted(), "c")
