"""The charts of a sweep by their data: likeness against strength, and what an acceptable picture costs."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts import here
from pipeline import assets
from pipeline.records import RunKind
from pipeline.studio import judging, sweep_runs, sweep_view, sweeps, testphotos
from pipeline.studio.sweep_view import SeenCell
from pipeline.sweeps.plans import Axis, read_plan
from tests.little_studio import ME, LittleStudio, intake
from tests.pages.screens import visit

SWEEP = "s1"
NASTY = "<b>Ana</b> %{x} & Söhne"


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at."""
    return LittleStudio(own_data_folder)


def bought(studio: LittleStudio, *photos: str, **axes: str) -> None:
    """Plan a sweep on photos of these names and ask for its cells."""
    colours = ("blue", "red", "green")
    sources = [testphotos.add(studio.place, name, intake(colour), ME).id for name, colour in zip(photos, colours, strict=False)]
    plan = read_plan(RunKind.AVATAR, [("photo", "\n".join(sources)), *axes.items()]).plan
    sweeps.save(studio.place, SWEEP, "spring presets", plan, ME, version=0)
    sweep_runs.start(studio.place, SWEEP, ME, ceiling_micro_usd=10_000_000)


def cells(studio: LittleStudio) -> list[SeenCell]:
    return sorted(sweep_view.look(studio.place, SWEEP).cells, key=lambda one: one.cell.at)


def make(studio: LittleStudio, one: SeenCell, distance: float) -> str:
    """Make a cell whose face is so far from the photo's; return its run."""
    assert one.made is not None
    run = studio.run(one.made.run_id)
    studio.succeed(run)
    with studio.place.database.writing() as tx:
        asset = assets.get(tx, run.case_id, tx.execute("SELECT asset FROM outputs WHERE run_id = ?", (run.id,)).fetchone()["asset"])
        band = "weak" if distance > 0.6 else "strong"
        assets.measured(tx, asset, run.source, [{"distance": distance, "detector_score": 1.0, "band": band, "reason": None, "model_hash": "x"}])
    return run.id


def charts() -> list[dict[str, Any]]:
    """Return the figures that the page draws now."""
    here._version.clear()
    page = visit("compare", sweep=SWEEP)
    assert not page.exception
    return [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]


def below() -> str:
    return " ".join(one.proto.body for one in visit("compare", sweep=SWEEP).get("html"))


def lines(figure: dict[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the markers of a figure show, by line: x, y and the cell they lead to."""
    drawn = [one for one in figure["data"] if "markers" in one["mode"]]
    return {one["name"]: [(x, y, told[0]) for x, y, told in zip(one["x"], one["y"], one["customdata"], strict=True)] for one in drawn}


def test_each_acceptable_picture_costs_what_its_settings_came_to_with_those_that_missed(studio: LittleStudio) -> None:
    bought(studio, "Ana", style="pixar, ghibli", strength="0.5, 0.6", seed="1-2")
    far = {("pixar", "0.5", "2"), ("ghibli", "0.6", "1"), ("ghibli", "0.6", "2")}
    for one in cells(studio):
        make(studio, one, 0.7 if (one.cell.values[Axis.STYLE], one.cell.values[Axis.STRENGTH], one.cell.values[Axis.SEED]) in far else 0.3)
    likeness, cost = charts()
    assert lines(cost) == {"Pixar 3D": [(0.5, 0.06, ""), (0.6, 0.03, "")], "Ghibli": [(0.5, 0.03, "")]}
    assert {words: len(points) for words, points in lines(likeness).items()} == {"Pixar 3D": 4, "Ghibli": 4}
    assert "No acceptable picture: Ghibli · strength 0.6." in below()


def test_a_rejection_makes_the_others_dearer(studio: LittleStudio) -> None:
    bought(studio, "Ana", strength="0.5, 0.6", seed="1-3", style="pixar")
    runs = [make(studio, one, 0.3) for one in cells(studio)]
    judging.rate(studio.place, runs[0], ME, rejected="hands")
    assert lines(charts()[1]) == {"spring presets": [(0.5, 0.045, ""), (0.6, 0.03, "")]}


def test_a_point_of_one_cell_leads_to_it_and_photos_share_their_settings_point(studio: LittleStudio) -> None:
    bought(studio, "Ana", style="pixar", strength="0.5, 0.6")
    runs = [make(studio, one, 0.3) for one in cells(studio)]
    likeness, cost = charts()
    assert lines(cost) == {"spring presets": [(0.5, 0.03, runs[0]), (0.6, 0.03, runs[1])]}
    assert lines(likeness) == {"spring presets": [(0.5, 0.7, runs[0]), (0.6, 0.7, runs[1])]}


def test_photos_are_lines_of_likeness_and_one_line_of_cost(studio: LittleStudio) -> None:
    bought(studio, NASTY, "Ben", style="pixar", strength="0.5, 0.6")
    for one in cells(studio):
        make(studio, one, 0.3)
    likeness, cost = charts()
    assert sorted(lines(likeness)) == ["&lt;b&gt;Ana&lt;/b&gt; %{x} &amp; Söhne", "Ben"]
    assert lines(cost) == {"spring presets": [(0.5, 0.03, ""), (0.6, 0.03, "")]}
    assert not [one["hovertemplate"] for one in likeness["data"] if "Ana" in one.get("hovertemplate", "")]


def test_without_a_number_to_draw_against_the_settings_stand_beside_each_other(studio: LittleStudio) -> None:
    bought(studio, "Ana", style="pixar, ghibli", strength="0.6")
    runs = [make(studio, one, 0.3) for one in cells(studio)]
    (cost,) = charts()
    assert lines(cost) == {"spring presets": [("Pixar 3D", 0.03, runs[0]), ("Ghibli", 0.03, runs[1])]}


def test_what_a_picture_costs_is_said_once_every_cell_has_ended(studio: LittleStudio) -> None:
    bought(studio, "Ana", style="pixar", strength="0.5, 0.6, 0.7")
    first, second, last = cells(studio)
    make(studio, first, 0.3)
    make(studio, second, 0.3)
    assert len(charts()) == 1
    assert last.made is not None
    studio.fail(studio.run(last.made.run_id))
    assert [len(lines(chart)["spring presets"]) for chart in charts()] == [2, 2]


def _presses() -> None:
    import streamlit as st

    from pages.parts import sweepchart

    for chart, cell in st.session_state["chosen"].items():
        sweepchart._show("s1", chart, cell)


def test_a_chosen_point_shows_its_cell_once_however_often_the_charts_are_drawn() -> None:
    page, shown = AppTest.from_function(_presses), []
    for chosen in (("", ""), ("c1", ""), ("c1", ""), ("c1", "c2"), ("c1", "c2"), ("", "c2"), ("c1", "c2")):
        page.session_state["chosen"] = dict(zip(("likeness", "cost"), chosen, strict=True))
        page.run()
        known = "show-s1" in page.session_state
        shown.append(page.session_state["show-s1"] if known else "")
    assert shown == ["", "c1 1", "c1 1", "c2 2", "c2 2", "c2 2", "c1 3"]
