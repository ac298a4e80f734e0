"""A table of cells opens safely in a spreadsheet and comes back as the plan it was made of."""

import csv
import io
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import RunKind
from pipeline.sweeps.plans import Axis, Plan
from pipeline.sweeps.tables import MOST_SKIPS, plan_from_csv, write_table

AVATAR = RunKind.AVATAR
PHOTO = ("studio/" + "a" * 64, "studio/" + "b" * 64)


def _rows(plan: Plan) -> list[dict[str, Any]]:
    """One row a cell, in the order of the plan, with a column that is no axis."""
    names = list(plan.axes)
    places = (dict(zip(names, values, strict=True)) for values in product(*plan.axes.values()))
    return [{**{axis.value: value for axis, value in row.items()}, "state": "made"} for row in places if not plan.skipped(row)]


def _plan(skips: tuple[dict[Axis, str], ...] = (), **axes: tuple[str, ...]) -> Plan:
    named = {axis: axes[axis.value] for axis in Axis if axis.value in axes}
    return Plan(kind=AVATAR, axes={Axis.PHOTO: PHOTO, **named}, skips=skips)


def _cells(plan: Plan) -> set[tuple[str, ...]]:
    return {values for values in product(*plan.axes.values()) if not plan.skipped(dict(zip(plan.axes, values, strict=True)))}


def _told(text: str) -> list[tuple[Axis | None, str]]:
    return [(problem.axis, problem.text) for problem in plan_from_csv(text, AVATAR).problems]


def test_a_plan_comes_back_as_it_was():
    plan = _plan(
        style=("pixar", "ghibli@1"), prompt=("A warm portrait, “soft” light; =1+1", "-2 degrees"), strength=("0.7", "0.55", "0.6"), seed=("2", "1")
    )
    draft = plan_from_csv(write_table(_rows(plan)), AVATAR)
    assert (draft.plan, draft.problems) == (plan, ())
    assert [list(values) for values in draft.plan.axes.values()] == [list(values) for values in plan.axes.values()]


SKIPS = (
    ({Axis.STRENGTH: "0.5", Axis.STYLE: "ghibli"},),
    ({Axis.STRENGTH: "0.5", Axis.STYLE: "pixar"}, {Axis.STRENGTH: "0.7", Axis.SEED: "1"}),
    ({Axis.PHOTO: PHOTO[0], Axis.STRENGTH: "0.5", Axis.STYLE: "pixar", Axis.SEED: "1"},),
    ({Axis.PHOTO: PHOTO[0], Axis.STYLE: "pixar", Axis.SEED: "1"},),
)


@pytest.mark.parametrize("skips", SKIPS)
def test_what_was_left_out_is_left_out_again_and_no_value_changes_its_place(skips):
    plan = _plan(skips, style=("pixar", "ghibli"), strength=("0.5", "0.6", "0.7"), seed=("1", "2"))
    draft = plan_from_csv(write_table(_rows(plan)), AVATAR)
    assert (draft.plan.axes, draft.problems) == (plan.axes, ())
    assert _cells(draft.plan) == _cells(plan)
    assert len(draft.plan.skips) == len(skips)


NUMBERS = st.lists(st.sampled_from([f"0.{n}" for n in range(1, 10)]), min_size=1, max_size=4, unique=True).map(tuple)
SEEDS = st.lists(st.integers(0, 9).map(str), min_size=1, max_size=3, unique=True).map(tuple)


@given(strength=NUMBERS, seed=SEEDS, data=st.data())
def test_any_choice_of_cells_comes_back_as_exactly_these(strength, seed, data):
    rows = _rows(_plan(strength=strength, seed=seed))
    kept = [row for row in rows if data.draw(st.booleans())]
    draft = plan_from_csv(write_table(kept), AVATAR)
    if kept:
        assert draft.problems == ()
        assert _cells(draft.plan) == {tuple(row[axis.value] for axis in draft.plan.axes) for row in kept}


@given(st.text(max_size=400), st.sampled_from(list(RunKind)))
def test_whatever_is_loaded_nothing_is_raised_and_a_plan_without_values_says_why(text, kind):
    draft = plan_from_csv(text, kind)
    assert draft.plan.axes or draft.problems


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30).map(str.strip).filter(bool)


@given(st.lists(st.one_of(TEXTS, TEXTS.map("=".__add__), TEXTS.map("'+".__add__), TEXTS.map("''@".__add__)), min_size=1, max_size=4, unique=True))
def test_any_prompt_comes_back_letter_by_letter(prompts):
    plan = _plan(prompt=tuple(prompts))
    assert plan_from_csv(write_table(_rows(plan)), AVATAR).plan.axes[Axis.PROMPT] == tuple(prompts)


FORMULAS = ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", "'=1", '=HYPERLINK("http://x")', "-", "+a"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_with_what_a_spreadsheet_would_calculate(text):
    _, [cell] = csv.reader(io.StringIO(write_table([{"words": text}])))
    assert cell == "'" + text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-1, "-1"), (-0.5, "-0.5"), ("-0.5", "-0.5"), ("+7", "+7"), ("-1e-05", "-1e-05"),
        (Decimal("0.0398"), "0.0398"), (Decimal("0.000001"), "0.000001"),
        (Decimal("30"), "30"), (None, ""), ("a, “b”", "a, “b”"), ("don't = x", "don't = x"), ("'tis", "'tis"),
    ],
)  # fmt: skip
def test_numbers_stay_numbers_and_plain_text_stays_as_it_is(value, cell):
    assert list(csv.reader(io.StringIO(write_table([{"name": value, "other": "x"}]))))[1] == [cell, "x"]


def test_an_empty_table_is_empty():
    assert write_table([]) == ""
    assert plan_from_csv("", AVATAR).plan.axes == {}


HEAD = f"photo,strength,state\r\n{PHOTO[0]},0.5,made\r\n"


def test_a_bad_value_is_named_and_the_other_rows_are_kept():
    draft = plan_from_csv(f"{HEAD}{PHOTO[0]},much,made\r\n{PHOTO[0]},0.6,made\r\n{PHOTO[0]},1-3,made\r\n", AVATAR)
    assert draft.plan.axes[Axis.STRENGTH] == ("0.5", "0.6")
    assert [(problem.axis, problem.text) for problem in draft.problems] == [(Axis.STRENGTH, "much"), (Axis.STRENGTH, "1-3")]


def test_a_row_that_lacks_a_value_is_left_out_and_named_once():
    draft = plan_from_csv(f"{HEAD}{PHOTO[0]},,made\r\n{PHOTO[1]},,made\r\n", AVATAR)
    assert draft.plan.axes == {Axis.PHOTO: PHOTO[:1], Axis.STRENGTH: ("0.5",)}
    assert [(problem.axis, problem.why) for problem in draft.problems] == [(Axis.STRENGTH, "Rows without strength are left out, as others have one.")]


def test_columns_that_are_no_axes_of_this_kind_or_stand_twice_are_named():
    assert _told("seed,seed\r\n1,2\r\n") == [(Axis.SEED, "seed")]
    assert _told("motion,seed\r\ngentle,2\r\n") == [(Axis.MOTION, "motion")]
    assert _told("name,price\r\na,2\r\n")[0] == (None, "name, price")
    assert "There is no axis" not in str(_told(HEAD))


def test_a_table_that_a_spreadsheet_saved_again_is_read():
    again = f"\ufeffphoto;strength;state\n{PHOTO[0]};0,55;made\n\n{PHOTO[0]};0,6;made\n"
    draft = plan_from_csv(again, AVATAR)
    assert (draft.plan.axes[Axis.STRENGTH], draft.problems) == (("0.55", "0.6"), ())
    assert plan_from_csv(again.replace(";", "\t"), AVATAR).plan == draft.plan


def test_a_table_sorted_by_something_else_still_has_all_its_values():
    rows = _rows(_plan(style=("pixar", "ghibli"), strength=("0.5", "0.6", "0.7")))
    mixed = [rows[at] for at in (5, 0, 8, 3, 10, 1, 7, 2, 9, 4, 11, 6)]
    draft = plan_from_csv(write_table(mixed), AVATAR)
    assert {axis: set(values) for axis, values in draft.plan.axes.items()} == {
        Axis.PHOTO: set(PHOTO), Axis.STYLE: {"pixar", "ghibli"}, Axis.STRENGTH: {"0.5", "0.6", "0.7"},
    }  # fmt: skip
    assert (draft.plan.skips, draft.problems) == ((), ())


def test_too_many_holes_are_named_and_the_plan_has_every_combination():
    """A chessboard: no skip is wider than one cell."""
    rows = _rows(_plan(strength=tuple(f"0.{n:02d}" for n in range(1, 31)), seed=tuple(map(str, range(30)))))
    holes = [row for number, row in enumerate(rows) if (number + number // 30) % 2]
    draft = plan_from_csv(write_table(holes), AVATAR)
    assert (draft.plan.skips, draft.plan.size) == ((), 1800)
    assert [problem.why for problem in draft.problems] == [
        f"The table has 900 of 1,800 combinations; more than {MOST_SKIPS} would have to be left out one by one. The plan has them all."
    ]


def test_a_sparse_table_of_many_values_is_not_multiplied_out():
    rows = [{"photo": f"studio/{n}", "style": f"s{n}", "prompt": f"p{n}", "strength": f"0.{n:03d}", "seed": str(n)} for n in range(1, 300)]
    draft = plan_from_csv(write_table(rows), AVATAR)
    assert (draft.plan.skips, len(draft.problems)) == ((), 1)


def test_too_many_rows_are_refused():
    assert _told("seed\r\n" + "1\r\n" * 20_001) == [(None, "")]
