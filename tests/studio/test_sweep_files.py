"""A sweep is taken away as a table, a zip or a contact sheet, and its table comes back as its plan."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from pipeline import assets, runs
from pipeline.database import insert, update
from pipeline.errors import BadOutputFolder, BadParameter, NotStored, UnknownName
from pipeline.records import Asset, AssetKind, Person, Run, RunKind, RunState
from pipeline.studio import judging, sweep_files, sweep_runs, sweep_sheets, sweep_view, sweeps, testphotos
from pipeline.sweeps.plans import Axis, Plan, plan_from_json, read_plan
from pipeline.sweeps.ranking import Verdict
from tests.little_studio import ME, LittleStudio, intake

SWEEP = "s1"
ANA, BEN = Person(name="Ana"), Person(name="=Ben")
Colour = tuple[int, int, int]


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio")


def plan(studio: LittleStudio, photos: tuple[str, ...] = ("blue",), skips: str = "", names: tuple[str, ...] = (), **axes: str) -> Plan:
    """Plan a sweep on test photos that are called by their colours unless named."""
    called = names or photos
    sources = [testphotos.add(studio.place, name, intake(colour), ME).id for name, colour in zip(called, photos, strict=True)]
    draft = read_plan(RunKind.AVATAR, [("photo", "\n".join(sources)), *axes.items()], skips)
    assert draft.problems == ()
    sweeps.save(studio.place, SWEEP, "spring presets", draft.plan, ME, version=0)
    return draft.plan


def bought(studio: LittleStudio) -> list[Run]:
    """Ask for every cell; return the runs in the order of the plan."""
    sweep_runs.start(studio.place, SWEEP, ME, ceiling_micro_usd=50_000_000)
    seen = sweep_view.look(studio.place, SWEEP)
    return [studio.run(one.made.run_id) for one in sorted(seen.cells, key=lambda one: one.cell.at) if one.made]


def colour_of(number: int) -> Colour:
    return 20 + 70 * (number % 3), 230 - 60 * (number // 3 % 4), 40 + 15 * number % 200


def deliver(studio: LittleStudio, run: Run, colour: Colour) -> None:
    """Let a cell's request bring a picture of one colour, with its display copy."""
    call, place = studio.pay(run), studio.place
    out = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(out, "PNG")
    facts = {"scope": run.case_id, "width_px": 64, "height_px": 64, "run_id": run.id, "call_id": call.id}
    # What follows the picture is read by nobody, and makes it a file of its own.
    main = Asset(kind=AssetKind.AVATAR, media_type="image/png", parents=(run.source,), **facts)  # type: ignore[arg-type]
    kept = assets.keep(place.database, place.store, out.getvalue() + call.id.encode(), main)
    small = Asset(kind=AssetKind.AVATAR_DISPLAY, media_type="image/png", parents=(kept.sha256,), **facts)  # type: ignore[arg-type]
    assets.keep(place.database, place.store, out.getvalue() + b"small" + call.id.encode(), small)
    with place.database.writing() as tx:
        update(tx, "outputs", {"run_id": run.id, "slot": "avatar"}, {"asset": kept.sha256})
        runs.finish(tx, run.id, RunState.SUCCEEDED)


def made(studio: LittleStudio) -> list[Run]:
    """Make every cell, each in a colour of its own by its place in the plan; what several show is made once."""
    found = bought(studio)
    for number, run in enumerate(found):
        if not studio.run(run).ended:
            deliver(studio, run, colour_of(number))
    return found


def test_the_table_has_every_cell_in_the_order_of_the_plan_also_those_not_bought(studio: LittleStudio) -> None:
    plan(studio, ("blue", "red"), strength="0.7, 0.5, 0.6", seed="1-2")
    rows = sweep_files.table(studio.place, SWEEP)
    assert [(row["photo_name"], row["strength"], row["seed"]) for row in rows] == [
        (photo, strength, seed) for photo in ("blue", "red") for strength in ("0.7", "0.5", "0.6") for seed in ("1", "2")
    ]
    assert {(row["state"], row["price_usd"], row["cost_usd"], row["run"], row["fit"]) for row in rows} == {
        ("planned", Decimal("0.03"), Decimal(0), None, None)
    }


def test_a_row_says_what_was_asked_served_measured_paid_and_thought(studio: LittleStudio) -> None:
    plan(studio, style="pixar", strength="0.5, 0.7")
    first, second = made(studio)
    with studio.place.database.writing() as tx:
        asset = assets.get(tx, first.case_id, tx.execute("SELECT asset FROM outputs WHERE run_id = ?", (first.id,)).fetchone()["asset"])
        face = {"distance": 0.39, "detector_score": 1.0, "band": "strong", "reason": None, "model_hash": "x"}
        assets.measured(tx, asset, first.source, [face])
        update(tx, "outputs", {"run_id": second.id}, {"unfit": "served by another"})
        update(tx, "calls", {"run_id": second.id}, {"served_endpoint": "fal-ai/other"})
    judging.rate(studio.place, first.id, ANA, stars=5)
    judging.rate(studio.place, first.id, BEN, stars=4, rejected="Too stylised")
    with studio.place.database.writing() as tx:
        insert(tx, "votes", {"sweep": SWEEP, "left_run": first.id, "right_run": second.id, "person": "Ana", "verdict": Verdict.LEFT.value, "at": "x"})
    one, other = sweep_files.table(studio.place, SWEEP)
    assert (one["endpoint_asked"], one["fit"], one["state"], one["run"]) == ("fal-ai/flux/dev/image-to-image", "yes", "made", first.id)
    assert (one["likeness"], one["band"], one["stars_mean"], one["votes"], one["rejected"]) == (0.61, "strong", 4.5, 1, "=Ben: Too stylised")
    assert (one["cost_usd"], one["owned"], one["seed_used"], one["sha256"]) == (Decimal("0.03"), "no", 1, asset.sha256)
    assert (other["endpoint_served"], other["fit"], other["unfit_because"]) == ("fal-ai/other", "no", "served by another")


def test_the_costs_of_all_rows_are_what_was_paid_also_where_cells_share_a_picture(studio: LittleStudio) -> None:
    plan(studio, model="flux-dev, flux-kontext", strength="0.5, 0.6, 0.7")
    for run in {run.id: run for run in bought(studio)}.values():
        deliver(studio, run, colour_of(0))
    rows = sweep_files.table(studio.place, SWEEP)
    charged = studio.rows("SELECT sum(micro_usd) AS n FROM entries WHERE kind = 'charge'")[0]["n"]
    assert (len(rows), sum(row["cost_usd"] for row in rows) * 1_000_000) == (6, charged)
    assert charged == 3 * 30_000 + 40_000


def test_failures_say_why_and_what_is_owned_costs_nothing(studio: LittleStudio) -> None:
    plan(studio, strength="0.5, 0.7")
    first, second = bought(studio)
    deliver(studio, first, colour_of(0))
    studio.fail(second)
    assert [(row["state"], bool(row["words"]), row["fit"]) for row in sweep_files.table(studio.place, SWEEP)] == [
        ("made", False, "yes"),
        ("failed", True, None),
    ]
    sweeps.duplicate(studio.place, SWEEP, "s2", ME)
    sweep_runs.start(studio.place, "s2", ME, ceiling_micro_usd=1_000_000)
    assert [(row["owned"], row["cost_usd"]) for row in sweep_files.table(studio.place, "s2")] == [("yes", 0), ("no", 0)]


def test_the_table_comes_back_as_the_plan(studio: LittleStudio) -> None:
    words = "Soft light, both of them; =warm\n-10 degrees in the mountains, snow"
    whole = plan(studio, ("blue", "red"), style="pixar, ghibli", prompt=words, strength="0.7, 0.5", skips="strength=0.7 style=ghibli")
    made(studio)
    judging.rate(studio.place, sweep_files.table(studio.place, SWEEP)[0]["run"], BEN, rejected="@odd")
    draft = sweep_files.plan_from_csv(sweep_files.csv_of(studio.place, SWEEP), RunKind.AVATAR)
    assert (draft.plan, draft.problems) == (whole, ())


def test_no_text_of_a_person_becomes_a_formula_and_numbers_stay_numbers(studio: LittleStudio) -> None:
    plan(studio, names=("=HYPERLINK(1)",), prompt="@SUM(1+1) of two people", strength="0.5")
    [run] = made(studio)
    judging.rate(studio.place, run.id, BEN, stars=3, rejected="-1+1")
    [row] = csv.DictReader(io.StringIO(sweep_files.csv_of(studio.place, SWEEP)))
    assert (row["photo_name"], row["prompt"], row["rejected"]) == ("'=HYPERLINK(1)", "'@SUM(1+1) of two people", "'=Ben: -1+1")
    assert (row["strength"], row["price_usd"], row["stars_mean"], row["votes"]) == ("0.5", "0.03", "3.0", "0")
    assert [value for value in row.values() if value[:1] in tuple("=+-@")] == []


def test_a_sweep_that_is_not_there_is_named(studio: LittleStudio) -> None:
    for take in (sweep_files.table, sweep_files.csv_of, sweep_files.sheet_of):
        with pytest.raises(UnknownName):
            take(studio.place, "nothing")


def test_the_zip_holds_every_picture_by_its_values_with_the_table_and_the_plan(studio: LittleStudio, tmp_path: Path) -> None:
    whole = plan(studio, ("blue", "red"), names=("Zoë / Bo", "Ana"), style="pixar", strength="0.5, 0.7")
    made(studio)
    sweep_files.zip_of(studio.place, SWEEP, tmp_path / "out.zip")
    with ZipFile(tmp_path / "out.zip") as found:
        assert found.testzip() is None
        names = [f"pictures/{photo} - strength {strength}.png" for photo in ("Zoë Bo", "Ana") for strength in ("0.5", "0.7")]
        assert found.namelist() == ["cells.csv", "plan.json", *names]
        assert plan_from_json(json.loads(found.read("plan.json"))) == whole
        rows = list(csv.DictReader(io.StringIO(found.read("cells.csv").decode("utf-8-sig"))))
        assert [row["file"] for row in rows] == names
        with Image.open(io.BytesIO(found.read(names[3]))) as picture:
            assert picture.getpixel((9, 9)) == colour_of(3)
    assert [path.name for path in tmp_path.glob("out*")] == ["out.zip"]


def test_names_in_the_zip_are_safe_and_never_the_same(studio: LittleStudio, tmp_path: Path) -> None:
    same = "A very long prompt about two people " * 8
    plan(studio, ("blue", "red"), names=("../../x:*?", "../../X:*?"), prompt=f"{same} one\n{same} two", seed="1-2")
    made(studio)
    sweep_files.zip_of(studio.place, SWEEP, tmp_path / "out.zip")
    with ZipFile(tmp_path / "out.zip") as found:
        names = found.namelist()[2:]
    assert len({name.casefold() for name in names}) == len(names) == 8
    assert [name for name in names if set(name.removeprefix("pictures/")) & set('/\\:*?"<>|')] == []
    assert sum(" (2)" in name for name in names) == 4
    assert all(("one" in name) != ("two" in name) for name in names)


def test_what_is_not_made_or_was_removed_is_in_the_table_only(studio: LittleStudio, tmp_path: Path) -> None:
    plan(studio, strength="0.5, 0.6, 0.7")
    first, second, _ = bought(studio)
    for number, run in enumerate((first, second)):
        deliver(studio, run, colour_of(number))
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE assets SET removed_at = '2026-01-01' WHERE run_id = ?", (second.id,))
    sweep_files.zip_of(studio.place, SWEEP, tmp_path / "out.zip")
    with ZipFile(tmp_path / "out.zip") as found:
        assert len(found.namelist()) == 3
        assert [row["state"] for row in csv.DictReader(io.StringIO(found.read("cells.csv").decode("utf-8-sig")))] == ["made", "removed", "waiting"]


def test_more_than_two_gigabytes_are_refused_and_a_damaged_file_leaves_nothing_behind(studio: LittleStudio, tmp_path: Path) -> None:
    plan(studio, strength="0.5")
    made(studio)
    [row] = studio.rows("SELECT key, bytes FROM assets WHERE kind = 'avatar'")
    with studio.place.database.writing() as tx:
        update(tx, "assets", {"key": row["key"]}, {"bytes": 2_100_000_000})
    with pytest.raises(BadParameter, match=r"2\.1 GB; at most 2 GB"):
        sweep_files.zip_of(studio.place, SWEEP, tmp_path / "out.zip")
    with studio.place.database.writing() as tx:
        update(tx, "assets", {"key": row["key"]}, {"bytes": row["bytes"]})
    (studio.place.settings.folder / "objects" / row["key"]).write_bytes(b"other")
    with pytest.raises(NotStored):
        sweep_files.zip_of(studio.place, SWEEP, tmp_path / "out.zip")
    with pytest.raises(BadOutputFolder):
        sweep_files.zip_of(studio.place, SWEEP, tmp_path / "no such folder" / "out.zip")
    assert list(tmp_path.glob("out*")) == []


def sheet(studio: LittleStudio, **view: object) -> Image.Image:
    image = Image.open(io.BytesIO(sweep_files.sheet_of(studio.place, SWEEP, **view)))  # type: ignore[arg-type]
    image.load()
    return image


def colours(image: Image.Image, count: int) -> list[list[int]]:
    """Return which cells stand where: rows of the numbers that `made` gave them, found by their colours."""
    pixels = np.asarray(image.convert("RGB"))
    found = []
    for number in range(count):
        down, across = np.nonzero((pixels == colour_of(number)).all(axis=2))
        if len(down) > 10_000:
            found.append((int(down.min()), int(across.min()), number))
    tops = sorted({top for top, _, _ in found})
    return [[number for top, _, number in sorted(found) if top == row] for row in tops]


def test_the_sheet_has_photos_and_styles_down_strengths_and_seeds_across_in_the_order_of_the_plan(studio: LittleStudio) -> None:
    plan(studio, ("blue", "red"), strength="0.7, 0.5", seed="1-2", steps="40")
    made(studio)
    assert colours(sheet(studio), 8) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_any_view_is_drawn(studio: LittleStudio) -> None:
    plan(studio, ("blue", "red"), strength="0.7, 0.5", seed="1-2")
    made(studio)
    turned = {"rows": (Axis.SEED,), "columns": (Axis.STRENGTH,), "cell": (Axis.PHOTO,)}
    assert colours(sheet(studio, **turned), 8) == [[0, 4, 2, 6], [1, 5, 3, 7]]
    down = {"rows": (Axis.STRENGTH, Axis.PHOTO), "columns": (Axis.SEED,)}
    assert colours(sheet(studio, **down), 8) == [[0, 1], [4, 5], [2, 3], [6, 7]]


def test_one_page_shows_its_values_only_and_without_a_page_all_are_shown(studio: LittleStudio) -> None:
    plan(studio, ("blue", "red"), strength="0.7, 0.5", guidance="5, 7.5")
    made(studio)
    assert colours(sheet(studio, page={Axis.GUIDANCE: "7.5"}), 8) == [[1, 3], [5, 7]]
    assert colours(sheet(studio), 8) == [[0, 2], [4, 6], [1, 3], [5, 7]]
    with pytest.raises(BadParameter, match="no value '9'"):
        sheet(studio, page={Axis.GUIDANCE: "9"})


@pytest.mark.parametrize(
    ("axes", "shown"),
    [
        ({"strength": "0.5"}, [[0]]),
        ({"style": "pixar, ghibli"}, [[0, 1]]),
        ({"style": "pixar, ghibli", "seed": "1-2"}, [[0, 1], [2, 3]]),
        ({"seed": "1-2"}, [[0, 1]]),
    ],
)
def test_a_plan_of_few_axes_is_a_sheet_too(studio: LittleStudio, axes: dict[str, str], shown: list[list[int]]) -> None:
    plan(studio, **axes)
    made(studio)
    assert colours(sheet(studio), 4) == shown


def test_axes_that_the_plan_has_not_and_axes_named_twice_change_nothing(studio: LittleStudio) -> None:
    plan(studio, ("blue", "red"), strength="0.7, 0.5")
    made(studio)
    view = {"rows": (Axis.STRENGTH, Axis.MODEL), "columns": (Axis.PHOTO, Axis.STRENGTH), "cell": (Axis.PHOTO,)}
    assert colours(sheet(studio, **view), 4) == [[0, 2], [1, 3]]


def labels(studio: LittleStudio, *view: tuple[Axis, ...]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return the labels of rows and columns as they are drawn, and the line below."""
    seen = sweep_view.look(studio.place, SWEEP)
    drawn = sweep_sheets.labelled(studio.place, seen, sweep_sheets.view_of(seen.sweep.plan, *view))
    return drawn.row_labels, drawn.column_labels, drawn.footer


def test_labels_say_what_they_mean_in_the_order_of_the_plan(studio: LittleStudio) -> None:
    plan(studio, ("blue", "red"), names=("Zoë & Bo", "Ana"), style="pixar, ghibli", strength="0.7, 0.5", seed="2, 1", steps="40")
    titles = [next(style.title for style in studio.place.styles.values() if style.name == name) for name in ("pixar", "ghibli")]
    down, across, below = labels(studio)
    assert down == tuple(f"{photo} · {style}" for photo in ("Zoë & Bo", "Ana") for style in titles)
    assert across == ("Strength 0.7 · seed 2", "Strength 0.7 · seed 1", "Strength 0.5 · seed 2", "Strength 0.5 · seed 1")
    assert below.startswith("Steps 40 · 20")
    assert labels(studio, (Axis.SEED,), (Axis.STYLE,), (Axis.PHOTO, Axis.STRENGTH))[0] == ("Seed 2", "Seed 1")


def test_photos_that_are_called_alike_are_told_apart(studio: LittleStudio) -> None:
    whole = plan(studio, ("blue", "red"), names=("Ana", "Ana"), strength="0.5, 0.7")
    assert labels(studio)[0] == tuple(f"Ana ({photo.rpartition('/')[2][:6]})" for photo in whole.axes[Axis.PHOTO])


def test_prompts_are_labelled_in_full_on_a_sheet_and_by_their_difference_elsewhere(studio: LittleStudio) -> None:
    same = "A warm portrait of two people who love each other, in the style of a film,"
    plan(studio, prompt=f"{same} soft light\n{same} golden light")
    assert labels(studio)[1] == (f"“{same} soft light”", f"“{same} golden light”")
    made(studio)
    assert [one.words for one in judging.standing(studio.place, SWEEP).settings] == ["A “… soft …”", "B “… golden …”"]


def test_the_plan_is_in_the_file_and_loads_again(studio: LittleStudio) -> None:
    whole = plan(studio, strength="0.7, 0.5")
    made(studio)
    text = sheet(studio).info["plan"]
    assert plan_from_json(json.loads(text)) == whole
    assert json.loads(text)["view"] == {"rows": [], "columns": ["strength"], "fixed": {"photo": whole.axes[Axis.PHOTO][0]}}


def test_cells_without_a_picture_stand_in_their_place_with_why(studio: LittleStudio) -> None:
    whole = plan(studio, strength="0.5, 0.6, 0.7", seed="1-2", skips="strength=0.6 seed=2")
    found = bought(studio)
    for number, run in enumerate(found):
        if number not in (1, 2):
            deliver(studio, run, colour_of(number))
    studio.fail(found[1])
    sweeps.save(studio.place, SWEEP, "spring presets", whole.with_values(Axis.STRENGTH, ["0.5", "0.6", "0.7", "0.8", "1.5"]), ME, version=1)
    judging.rate(studio.place, found[4].id, ANA, stars=4, rejected="Too stylised")
    view = {"rows": (Axis.SEED,), "columns": (Axis.STRENGTH,)}
    assert colours(sheet(studio, **view), 4) == [[0, 3]]
    seen = sweep_view.look(studio.place, SWEEP)
    drawn = sweep_sheets.labelled(studio.place, seen, sweep_sheets.view_of(seen.sweep.plan, **view))
    failure = studio.run(found[1]).error
    assert failure is not None
    assert [[cell.words for cell in row] for row in drawn.cells] == [
        ["$0.03", "waiting", "$0.03", "not bought · $0.03", "cannot be made"],
        [f"failed: {failure['say']}", "left out", "$0.03 · ★ 4.0 · rejected", "not bought · $0.03", "cannot be made"],
    ]
    assert [[cell.dimmed for cell in row] for row in drawn.cells] == [[False] * 5, [False, False, True, False, False]]


def test_a_view_larger_than_a_sheet_is_refused_before_any_picture_is_read(studio: LittleStudio) -> None:
    plan(studio, seed="1-40", guidance="1-20 [40]")
    with pytest.raises(BadParameter, match="1,600 cells; a contact sheet has room for"):
        sweep_files.sheet_of(studio.place, SWEEP)
