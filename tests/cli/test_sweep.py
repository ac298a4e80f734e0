"""A plan file becomes a priced sweep, as scripts use it, against the real sandbox and a real worker."""

import contextlib
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.settings import ROOT
from tests.cli.conftest import CommandLine, Said
from tests.running import sample

PLAN = """
name = "spring presets"
photos = ["anna.jpg"]
style = "pixar"
strength = "0.5..0.6 +0.1"
seed = [1, 2]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a plan and its photo lie."""
    folder = tmp_path_factory.mktemp("plans")
    (folder / "anna.jpg").write_bytes(sample(512).photo.data)
    (folder / "plan.toml").write_text(PLAN)
    return folder


def written(folder: Path, plan: str, name: str = "other.toml") -> str:
    (folder / name).write_text(plan)
    return str(folder / name)


def billed(command: CommandLine) -> int:
    return int(command("sandbox", "bill", "--json").document["total_micro_usd"])


@pytest.fixture(scope="module")
def bought(served: CommandLine, folder: Path) -> Said:
    """The plan bought once, as the first thing of its data folder."""
    return served("sweep", str(folder / "plan.toml"), "--ceiling", "0.12", "--json")


def test_the_bill_is_the_price_that_was_shown(served: CommandLine, bought: Said) -> None:
    assert bought.code == 0, bought.err
    counts = {name: bought.document[name] for name in ("name", "kind", "cells", "owned", "failed", "problems", "warnings")}
    assert counts == {"name": "spring presets", "kind": "avatar", "cells": 4, "owned": 0, "failed": 0, "problems": [], "warnings": []}
    assert bought.document["price_micro_usd"] == bought.document["cost_micro_usd"] == billed(served) == 120_000
    assert served("ledger", "--totals", "--json").document == {"held_micro_usd": 0, "charged_micro_usd": 120_000}


def test_every_cell_says_its_settings_its_likeness_and_where_its_picture_is(bought: Said) -> None:
    rows = bought.document["results"]
    assert [(row["photo"], row["style"], row["strength"], row["seed"]) for row in rows] == [
        ("anna", "pixar", strength, seed) for strength in (0.5, 0.6) for seed in (1, 2)
    ]
    for row in rows:
        assert (row["state"], row["cost_micro_usd"], row["price_micro_usd"], row["why"]) == ("made", 30_000, 30_000, None)
        assert (row["model"], row["served"]) == ("flux-dev", "fal-ai/flux/dev/image-to-image")
        assert 0 < row["likeness"] < 1
        assert row["seconds"] > 0
        with Image.open(row["path"]) as picture:
            assert picture.size == (512, 512)
    assert len({row["path"] for row in rows}) == 4


def test_the_price_and_how_far_it_is_are_told_beside_the_result(bought: Said) -> None:
    lines = bought.err.splitlines()
    assert lines[:2] == ["Sweep spring presets: 4 cells", "  4 × FLUX.1 [dev] image-to-image at $0.03 = $0.12"]
    assert re.fullmatch(r"  total \$0\.12, about [1-9] s", lines[2]), "how long depends on the machine's cores"
    assert lines[3].startswith("spring presets: 0 of 4")
    assert lines[-1] == "spring presets: 4 of 4"


def test_the_same_file_again_buys_nothing_and_shows_the_result(served: CommandLine, folder: Path, bought: Said) -> None:
    before = billed(served)
    again = served("sweep", str(folder / "plan.toml"), "--ceiling", "0.12", "--json")
    assert again.code == 0, again.err
    assert (again.document["owned"], again.document["price_micro_usd"], again.document["cost_micro_usd"]) == (4, 0, 0)
    assert (again.document["sweep"], again.document["results"]) == (bought.document["sweep"], bought.document["results"])
    assert billed(served) == before


def test_a_file_that_has_grown_buys_only_what_is_new_and_a_cell_that_failed_is_tried_again(served: CommandLine, folder: Path, bought: Said) -> None:
    before = billed(served)
    served("sandbox", "faults", "add", "result_500")
    plan = written(folder, PLAN.replace("+0.1", "+0.1, 0.7"))
    said = served("sweep", plan, "--ceiling", "0.18", "--json")
    assert (said.code, said.document["sweep"]) == (6, bought.document["sweep"])
    assert {name: said.document[name] for name in ("cells", "owned", "failed", "price_micro_usd", "cost_micro_usd")} == {
        "cells": 6,
        "owned": 4,
        "failed": 1,
        "price_micro_usd": 60_000,
        "cost_micro_usd": 30_000,
    }
    (failed,) = (row for row in said.document["results"] if row["state"] == "failed")
    assert (failed["path"], failed["cost_micro_usd"], "failed" in failed["why"]) == (None, 0, True)
    text = served("sweep", plan, "--ceiling", "0.18")
    assert f"Again: `retry {failed['run']}`" in text.out
    assert text.out.splitlines()[-1] == "6 cells · 1 failed · shown $0.00 · came to $0.00"
    assert served("retry", failed["run"], "--json").code == 0
    whole = served("sweep", plan, "--ceiling", "0.18", "--json")
    assert (whole.code, whole.document["failed"], whole.document["owned"]) == (0, 0, 6)
    assert billed(served) - before == 60_000


def test_an_avatar_of_a_sweep_is_animated_in_another(served: CommandLine, folder: Path, bought: Said) -> None:
    before, avatar = billed(served), bought.document["results"][0]["run"]
    plan = f'kind = "clip"\navatars = ["{avatar}"]\nmodel = "wan-2.1"\nresolution = "480p"\nmotion = "gentle"'
    said = served("sweep", written(folder, plan, "clips.toml"), "--ceiling", "0.20", "--json")
    assert said.code == 0, said.err
    (row,) = said.document["results"]
    assert (said.document["name"], row["state"], row["resolution"], row["likeness"]) == ("clips", "made", "480p", None)
    assert Path(row["path"]).suffix == ".mp4"
    assert said.document["price_micro_usd"] == said.document["cost_micro_usd"] == billed(served) - before == 200_000


def nothing_happened(command: CommandLine) -> bool:
    """Tell whether nothing was asked for, kept, booked or started."""
    place = command.folder / "sandbox"
    if any((place / name).exists() for name in ("worker.json", "sandbox.json", "objects/studio")):
        return False
    if not (place / "studio.db").exists():
        return True
    with contextlib.closing(sqlite3.connect(place / "studio.db")) as db:
        return not any(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("runs", "assets", "entries", "sweeps", "cases"))


def test_a_dry_run_says_the_price_and_does_nothing(pipeline: CommandLine, folder: Path) -> None:
    said = pipeline("sweep", str(folder / "plan.toml"), "--dry-run", "--json")
    assert said.code == 0, said.err
    document = said.document
    assert (document["cells"], document["owned"], document["price_micro_usd"], document["cost_micro_usd"]) == (4, 0, 120_000, 0)
    assert document["lines"] == [{"model": "FLUX.1 [dev] image-to-image", "count": 4, "each_micro_usd": 30_000, "micro_usd": 120_000}]
    assert (document["refused"], document["results"]) == (None, [])
    assert nothing_happened(pipeline)


def test_a_dry_run_says_what_would_be_refused_paid_in_vain_or_left_out(pipeline: CommandLine, folder: Path) -> None:
    plan = written(folder, PLAN.replace('"0.5..0.6 +0.1"', '["0.6, 0.61", 1.4]'))
    said = pipeline("sweep", plan, "--dry-run", "--ceiling", "0.1", "--json")
    assert (said.code, said.document["refused"]["error"]) == (0, "BudgetReached")
    assert [(one["axis"], one["value"]) for one in said.document["problems"]] == [("strength", "1.4")]
    assert [(one["cells"], one["saves_micro_usd"]) for one in said.document["warnings"]] == [(2, 60_000)]
    text = pipeline("sweep", plan, "--dry-run", "--ceiling", "0.1").out
    assert "Advice: Strengths 0.6 and 0.61 take the same 24 of 40 steps" in text
    assert "Merging them saves $0.06." in text
    assert "Left out: strength '1.4': " in text
    assert "This would be refused: This costs $0.12, which is above the ceiling of $0.10." in text


def test_a_ceiling_below_the_price_buys_nothing(pipeline: CommandLine, folder: Path) -> None:
    said = pipeline("sweep", str(folder / "plan.toml"), "--ceiling", "0.11", "--json")
    assert (said.code, said.document["error"], said.document["charged"]) == (5, "BudgetReached", False)
    assert nothing_happened(pipeline)


BAD: dict[str, tuple[str, tuple[str, ...], str]] = {
    "one bad value": (PLAN.replace("+0.1", "+0.1, 1.4"), (), "strength '1.4': "),
    "no good value, though the rest may be kept": (PLAN.replace("0.5..0.6 +0.1", "much"), ("--keep-rest",), "strength 'much': "),
    "an unknown axis": (PLAN.replace("strength", "strenght"), (), "'strenght'; the nearest is 'strength'"),
    "a photo that is not there": (PLAN.replace("anna", "ben"), (), "There is no readable photo 'ben.jpg'."),
    "not TOML": ("strength = 0.5..0.7", (), "not valid TOML"),
    "an unusual size": (PLAN.replace("[1, 2]", '"1-51"'), (), "102 pictures are more than the usual 100."),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_plan_is_refused_in_one_sentence_and_leaves_nothing(pipeline: CommandLine, folder: Path, kind: str) -> None:
    plan, more, words = BAD[kind]
    said = pipeline("sweep", written(folder, plan), "--ceiling", "50", *more, "--json")
    assert (said.code, said.document["charged"]) == (3, False), said.err
    assert words in said.document["say"]
    assert said.document["next"]
    assert "Traceback" not in said.err
    assert nothing_happened(pipeline)


@pytest.mark.parametrize("words", [[], ["--ceiling", "nan"]])
def test_nothing_is_bought_without_a_ceiling(pipeline: CommandLine, folder: Path, words: list[str]) -> None:
    said = pipeline("sweep", str(folder / "plan.toml"), *words, "--json")
    assert (said.code, said.document["error"]) == (3, "BadParameter")
    assert nothing_happened(pipeline)


def test_a_plan_that_is_not_there_or_no_text_is_said_plainly(pipeline: CommandLine, folder: Path) -> None:
    (folder / "latin.toml").write_bytes('name = "Zoë"'.encode("latin-1"))
    for name, error in (("none.toml", "UnknownName"), ("latin.toml", "BadParameter")):
        said = pipeline("sweep", str(folder / name), "--dry-run", "--json")
        assert (said.code, said.document["error"]) == (3, error)
        assert str(folder) not in said.out


def test_the_plan_beside_the_notebook_is_a_good_one(pipeline: CommandLine) -> None:
    said: Any = pipeline("sweep", str(ROOT / "notebooks" / "tune_strength.toml"), "--dry-run", "--json").document
    notebook = json.loads((ROOT / "notebooks" / "tune_strength.ipynb").read_text(encoding="utf-8"))
    assert (said["cells"], said["problems"], said["warnings"]) == (12, [], [])
    assert '"strength": "0.5..0.7 +0.1"' in "".join(line for cell in notebook["cells"] for line in cell["source"])
