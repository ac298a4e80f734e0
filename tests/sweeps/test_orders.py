"""An order is read as it was written: values as they stand, what is none named, what is no part of an order refused with the nearest word."""

from fractions import Fraction

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadParameter
from pipeline.records import RunKind
from pipeline.sweeps.orders import in_words, read_order
from pipeline.sweeps.plans import Axis, read_plan
from tests.examples import few

PHOTOS = {"photos": ["anna.jpg"]}


def values(axis: str, value: object, **more: object) -> tuple[str, ...]:
    order = read_order({**PHOTOS, axis: value, **more})
    draft = read_plan(order.kind, [("photo", "studio/1"), *order.written], "\n".join(order.skips))
    assert (order.problems, draft.problems) == ((), ())
    (found,) = (draft.plan.axes[one] for one in draft.plan.axes if one is not Axis.PHOTO)
    return found


@pytest.mark.parametrize(
    ("axis", "written", "read"),
    [
        ("strength", 0.5, ("0.5",)),
        ("strength", "0.5", ("0.5",)),
        ("strength", "0.5..0.7 +0.1", ("0.5", "0.6", "0.7")),
        ("strength", [0.5, "0.6..0.7 +0.1"], ("0.5", "0.6", "0.7")),
        ("strength", numpy.linspace(0.5, 0.7, 3), ("0.5", "0.6", "0.7")),
        ("strength", (Fraction(1, 2),), ("0.5",)),
        ("strengths", [0.5], ("0.5",)),
        ("seed", range(1, 4), ("1", "2", "3")),
        ("seed", numpy.arange(2), ("0", "1")),
        ("seed", "1-3", ("1", "2", "3")),
        ("steps", 40, ("40",)),
        ("style", ["pixar", "ghibli"], ("pixar", "ghibli")),
        ("style", "pixar, ghibli", ("pixar", "ghibli")),
        ("prompt", "warm, soft light", ("warm, soft light",)),
        ("prompt", ["warm, soft\nlight", "cold light"], ("warm, soft light", "cold light")),
        ("prompt", "warm light || cold light", ("warm light", "cold light")),
    ],
)
def test_a_value_a_list_and_the_shorthand_are_values(axis: str, written: object, read: tuple[str, ...]) -> None:
    assert values(axis, written) == read


@pytest.mark.parametrize("bad", [True, None, {"from": 1}, 0j])
def test_what_is_no_value_is_named_and_the_rest_is_kept(bad: object) -> None:
    order = read_order({**PHOTOS, "strength": [0.5, bad]})
    assert order.written == (("strength", "0.5"),)
    assert [(one.axis, one.text) for one in order.problems] == [(Axis.STRENGTH, str(bad))]


@pytest.mark.parametrize("empty", ["", "  ", [], [""]])
def test_an_axis_without_a_value_is_named(empty: object) -> None:
    (problem,) = read_order({**PHOTOS, "strength": empty}).problems
    assert in_words([problem]) == "strength: There is no value here."


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"strenght": 0.5}, "'strenght'; the nearest is 'strength'"),
        ({"Stile": "pixar"}, "'Stile'; the nearest is 'style'"),
        ({"cfg": 7}, "There is no axis 'cfg'."),
        ({"motion": "gentle"}, "A sweep of avatars has no motion."),
        ({"avatars": ["r1"]}, "starts from photos, not from avatars"),
        ({"photos": []}, "needs the path of at least one photo"),
        ({"photos": [1]}, "must be a list of texts"),
        ({"photos": {"a": "b"}}, "must be a list of texts"),
        ({"skip": 0.5}, "must be a list of texts"),
        ({"name": 5}, "The name of a sweep is text, not '5'"),
        ({"kind": "film"}, "avatars or clips, not 'film'"),
        ({"kind": ["clip"]}, "avatars or clips"),
        ({"kind": "clip"}, "starts from avatars, not from photos"),
    ],
)
def test_what_is_no_part_of_an_order_is_refused_with_what_was_probably_meant(given: dict[str, object], words: str) -> None:
    with pytest.raises(BadParameter, match=words.replace("(", r"\(")) as caught:
        read_order({**PHOTOS, **given})
    assert caught.value.next


def test_a_sweep_of_clips_starts_from_runs() -> None:
    order = read_order({"kind": "clip", "avatars": ["r1", "r2", "r1"], "motion": "gentle", "take": "1-2"}, name="plan")
    assert (order.name, order.kind, order.sources) == ("plan", RunKind.CLIP, ("r1", "r2"))
    assert order.written == (("motion", "gentle"), ("take", "1-2"))


def test_one_photo_may_stand_by_itself_and_a_name_is_tidied() -> None:
    order = read_order({"photo": "anna.jpg", "name": "  spring \n presets ", "skip": "strength=0.7 style=ghibli"})
    assert (order.sources, order.name, order.skips) == (("anna.jpg",), "spring presets", ("strength=0.7 style=ghibli",))


def test_further_problems_are_counted() -> None:
    problems = read_order({**PHOTOS, "strength": [True, None, 0.5, {}]}).problems
    assert in_words(problems) == "strength 'True': This is neither text nor a number. 2 more values cannot be used."
    assert in_words(problems[:2]).endswith("One more value cannot be used.")


anything = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda one: st.lists(one, max_size=3))


@given(st.dictionaries(st.sampled_from([*Axis, "photos", "name", "kind", "skip"]) | st.text(max_size=8), anything, max_size=5))
@few
def test_whatever_is_given_is_read_or_refused_in_words(given: dict[str, object]) -> None:
    try:
        order = read_order({**PHOTOS, **given})
    except BadParameter:
        return
    read_plan(order.kind, order.written, "\n".join(order.skips))
