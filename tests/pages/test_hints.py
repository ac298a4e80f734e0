"""An example that stands beside a field is taken by the field as it stands there."""

import pytest

from pages.parts import sweepplan
from pipeline.records import RunKind
from pipeline.sweeps.plans import KINDS, Axis, read_plan
from pipeline.sweeps.shorthand import parse

EXAMPLES = [(axis, example) for axis, hint in sweepplan.HINTS.items() for example in hint.partition(":")[0].split(" · ")]


@pytest.mark.parametrize(("axis", "example"), EXAMPLES)
def test_an_example_of_values_is_read_without_a_remark(axis: Axis, example: str) -> None:
    parsed = parse(example, KINDS[axis])
    assert parsed.bad == ()
    assert len(parsed.values) > 1


@pytest.mark.parametrize("styles", ["pixar, ghibli", "pixar@1, ghibli@1"])
def test_the_example_of_a_combination_to_leave_out_leaves_it_out(styles: str) -> None:
    draft = read_plan(RunKind.AVATAR, [("style", styles), ("strength", "0.5, 0.7")], sweepplan.SKIPS_EXAMPLE)
    assert draft.problems == ()
    left_out = [
        (style, strength)
        for style in draft.plan.axes[Axis.STYLE]
        for strength in ("0.5", "0.7")
        if draft.plan.skipped({Axis.STYLE: style, Axis.STRENGTH: strength})
    ]
    assert left_out == [(draft.plan.axes[Axis.STYLE][1], "0.7")]


def test_a_style_without_its_version_is_asked_back_where_the_plan_has_two() -> None:
    draft = read_plan(RunKind.AVATAR, [("style", "ghibli@1, ghibli@2"), ("strength", "0.5, 0.7")], sweepplan.SKIPS_EXAMPLE)
    assert [problem.why for problem in draft.problems] == ["Style has several versions of 'ghibli': ghibli@1, ghibli@2. Write which one is meant."]
    assert draft.plan.skips == ()
