"""One studio, one sum: every screen, every export, every command and the notebook say what the ledger says, to the last digit."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import parquet

from pipeline import ledger
from pipeline.records import Basis, Decision, Person, RunKind
from pipeline.settings import ROOT
from pipeline.studio import backups, casebook, costs, exports, portraits, publishing, reviews, spending, sweep_runs, sweeps, testphotos
from pipeline.studio.costs import DIMENSIONS, Slice
from pipeline.studio.export_columns import ADDING_UP, Table
from pipeline.studio.exports import Format, Wish
from pipeline.sweeps.plans import read_plan
from pipeline.workflows.wishes import AvatarWish
from tests.cli.conftest import CommandLine
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.pages.screens import drawn, visit

ANA = Person(name="Ana", team="events")
ODD_MICRO_USD = 30_801
SPENT_MICRO_USD = 350_000 + 5 * 30_000 + ODD_MICRO_USD
HELD_MICRO_USD = 30_000
OF_THE_SWEEP = 30_000


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """Two people, a clip, avatars approved, rejected, spoilt, failed and held, a cell of a comparison, and an odd amount as it was billed."""
    studio = LittleStudio(own_data_folder, customer=True)
    place = studio.place
    studio.approved_clip()
    publishing.publish(place, CASE, studio.case().avatar, OWNER, ME)
    reviews.decide_on(place, studio.avatar(), OWNER, Decision.REJECTED, ME)
    spoilt, failed, held, billed, plain = (
        portraits.ask_avatar(place, CASE, OWNER, AvatarWish(seed=seed), ANA, run_id=f"r-{seed}").run for seed in range(11, 16)
    )
    studio.pay(spoilt, has_nsfw_concepts=[True])
    studio.fail(failed)
    studio.submit(held)
    studio.submit(billed)
    with place.database.writing() as tx:
        ledger.release(tx, studio.call(billed).id)
        ledger.charge(tx, studio.call(billed).id, ODD_MICRO_USD, quantity="1.0267", basis=Basis.BILLED_UNITS)
    studio.succeed(plain)
    photo = testphotos.of_case(place, CASE, RunKind.AVATAR)
    sweeps.save(place, "s1", "one cell", read_plan(RunKind.AVATAR, [("photo", photo.id), ("strength", "0.7")]).plan, ME, version=0)
    sweep_runs.start(place, "s1", ME, ceiling_micro_usd=1_000_000)
    [cell] = studio.rows("SELECT id FROM runs WHERE sweep = 's1'")
    studio.succeed(studio.run(cell["id"]))
    return studio


def micro(dollars: str) -> int:
    whole, _, rest = dollars.replace(",", "").removeprefix("$").partition(".")
    return int(whole) * 1_000_000 + int(rest.ljust(6, "0"))


def said(screen: str, pattern: str, **query: str) -> int:
    """Return the money that a screen shows in this place."""
    found = re.search(pattern, drawn(visit(screen, **query)))
    assert found, f"{screen} shows no {pattern}"
    return micro(found[1])


def on_screens(studio: LittleStudio) -> Iterator[tuple[str, int, int]]:
    """Name each place, what it says, and what is right there."""
    today = SPENT_MICRO_USD + HELD_MICRO_USD
    for screen in ("home", "cases", "compare", "library", "publish", "queue", "costs", "settings"):
        yield f"the strip of {screen}", said(screen, r'class="money-today">(\$[\d.,]+)<'), today
    yield "Home", said("home", r'<b class="figure">(\$[\d.,]+)</b>'), SPENT_MICRO_USD
    yield "Compare, the list", said("compare", r"1 of 1 made · (\$[\d.,]+)"), OF_THE_SWEEP
    yield "Compare, the sweep", said("compare", r"(\$[\d.,]+) spent", sweep="s1"), OF_THE_SWEEP
    yield "Costs", said("costs", r'<b class="figure">(\$[\d.,]+)</b>'), SPENT_MICRO_USD
    yield "Costs, of a customer", said("costs", r'<b class="figure">(\$[\d.,]+)</b>', case=CASE), SPENT_MICRO_USD
    yield "Costs, Take away", said("costs", r"<b>(\$[\d.,]+)</b><span> spent", part="takeaway"), SPENT_MICRO_USD
    seen = casebook.look(studio.place, CASE, ME)
    yield "the case", seen.money.charged_micro_usd, SPENT_MICRO_USD
    of_its_own = SPENT_MICRO_USD - OF_THE_SWEEP  # what was compared is no attempt of the customer's
    yield "the case, attempt by attempt", sum(one.seen.charged_micro_usd for one in seen.history), of_its_own


def in_files(studio: LittleStudio, folder: Path) -> Iterator[tuple[str, int, int]]:
    for table in ADDING_UP:
        for form in Format:
            path = folder / f"{table.value}.{form.value}"
            exports.export_to(studio.place, Wish(table=table, format=form, by=("person",) if table is Table.COSTS else ()), path)
            text = io.StringIO(path.read_text(encoding="utf-8-sig")) if form is Format.CSV else None
            rows = list(csv.DictReader(text)) if text else parquet.read_table(path).to_pylist()
            spent = [row for row in rows if table is not Table.LEDGER or row["kind"] in ("charge", "adjust")]
            column = "micro_usd" if table is Table.LEDGER else "charged_micro_usd"
            yield f"{path.name}", sum(int(row[column]) for row in spent), SPENT_MICRO_USD
            yield f"{path.name} in dollars", sum(micro(row[column.replace("micro_usd", "usd")]) for row in spent), SPENT_MICRO_USD
    yield "a backup", backups.back_up(studio.place, ME)[1].charged_micro_usd, SPENT_MICRO_USD


def on_the_command_line(pipeline: CommandLine) -> Iterator[tuple[str, int, int]]:
    yield "ledger --totals", pipeline("ledger", "--totals", "--json").document["charged_micro_usd"], SPENT_MICRO_USD
    yield "ledger --totals in words", micro(pipeline("ledger", "--totals").out.split()[-1]), SPENT_MICRO_USD
    lines = pipeline("ledger", "--json").document
    yield "ledger", sum(line["micro_usd"] for line in lines if line["kind"] in ("charge", "adjust")), SPENT_MICRO_USD
    yield "ledger, held", sum(line["micro_usd"] for line in lines if line["kind"] in ("hold", "release")), HELD_MICRO_USD
    rows = csv.DictReader(io.StringIO(pipeline("ledger", "--csv").out))
    yield "ledger --csv", sum(int(row["micro_usd"]) for row in rows if row["kind"] in ("charge", "adjust")), SPENT_MICRO_USD
    yield "costs", sum(one["micro_usd"] for one in pipeline("costs", "--by", "model,person,day", "--json").document), SPENT_MICRO_USD
    yield "costs in words", micro(pipeline("costs").out.split()[-1]), SPENT_MICRO_USD
    yield "runs", sum(one["cost_micro_usd"] for one in pipeline("runs", "--json").document), SPENT_MICRO_USD
    yield "budget show", pipeline("budget", "show", "--json").document[0]["used_micro_usd"], SPENT_MICRO_USD + HELD_MICRO_USD


def from_python(studio: LittleStudio) -> Iterator[tuple[str, int, int]]:
    for by in DIMENSIONS:
        yield f"costs by {by}", sum(group.micro_usd for group in costs.grouped(studio.place, (by,))), SPENT_MICRO_USD
        yield f"parts by {by}", sum(part.figures.charged_micro_usd for part in spending.parts(studio.place, Slice(), by)), SPENT_MICRO_USD
    yield "costs in all", costs.total(studio.place), SPENT_MICRO_USD
    yield "figures", spending.figures(studio.place, Slice()).charged_micro_usd, SPENT_MICRO_USD


def notebook(folder: Path) -> Iterator[tuple[str, int, int]]:
    path = ROOT / "notebooks" / "costs.ipynb"
    command = [sys.executable, str(ROOT / "tests" / "notebooks" / "cells.py"), str(path)]
    environment = {**os.environ, "STUDIO_DATA": str(folder)}
    done = subprocess.run(command, cwd=path.parent, env=environment, capture_output=True, text=True, timeout=180, check=True)
    yield "the notebook", int(re.search(r"come to (\d+) micro-dollars", done.stdout)[1]), SPENT_MICRO_USD  # type: ignore[index]
    frames = [json.loads(line.removeprefix("[DataFrame] ")) for line in done.stdout.splitlines() if line.startswith("[DataFrame] ")]
    for number, frame in enumerate(frames):
        if "usd" in frame and "times" not in frame:
            yield f"the notebook, table {number + 1}", round(sum(frame["usd"].values()) * 1e6), SPENT_MICRO_USD


def test_everything_that_names_a_sum_names_the_same(studio: LittleStudio, own_data_folder: Path, tmp_path: Path) -> None:
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []
        sums = ledger.totals(db)
    assert (sums.charged_micro_usd, sums.held_micro_usd) == (SPENT_MICRO_USD, HELD_MICRO_USD)
    told = [
        *from_python(studio),
        *on_screens(studio),
        *in_files(studio, tmp_path),
        *on_the_command_line(CommandLine(own_data_folder)),
        *notebook(own_data_folder),
    ]
    assert {place: (found, right) for place, found, right in told if found != right} == {}
    assert len(told) > 60
