"""The questions that Datasette offers are answered from a studio's own file, opened for reading only, and nothing else in it is open."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import ledger
from pipeline.database import update
from pipeline.records import Decision
from pipeline.settings import ROOT
from pipeline.studio import looks, portraits, publishing, reviews
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

TOLD = yaml.safe_load((ROOT / "data" / "datasette.yaml").read_text(encoding="utf-8"))["databases"]["studio"]
QUERIES = {name: query["sql"] for name, query in TOLD["queries"].items()}
OPEN = {
    "balances", "bill_lines", "bills", "budgets", "closings", "costs", "daily_costs", "differences", "entries", "extensions", "reconciliations",
}  # fmt: skip
ALWAYS = {"since": "", "until": ""}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> LittleStudio:
    """A published avatar, a clip, one rejected, one charged without a result, one held, one used again, one on a bill that differs."""
    studio = LittleStudio(tmp_path_factory.mktemp("datasette"), customer=True)
    studio.approved_clip()
    publishing.publish(studio.place, CASE, studio.case().avatar, OWNER, ME)
    reviews.decide_on(studio.place, studio.avatar(), OWNER, Decision.REJECTED, ME)
    lost, held = (portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=f"r-{seed}").run for seed in (7, 8))
    studio.pay(lost, has_nsfw_concepts=[True])
    studio.submit(held)
    [bought] = studio.rows("SELECT call_id, asset FROM outputs WHERE asset = ?", studio.case().avatar)
    with studio.place.database.writing() as tx:
        assert update(tx, "outputs", {"run_id": lost.id}, {"reused": 1, **bought})
    return studio


@pytest.fixture
def ask(studio: LittleStudio) -> Iterator[Any]:
    """Ask a question as Datasette does: over the live file, opened for reading only."""
    with contextlib.closing(sqlite3.connect(f"{studio.place.database.path.as_uri()}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        yield lambda name, **given: [dict(row) for row in db.execute(QUERIES[name], {**ALWAYS, **given})]


def test_every_table_is_either_about_money_or_closed(studio: LittleStudio) -> None:
    there = {row["name"] for row in studio.rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")}
    assert there == set(TOLD["tables"])
    assert {name for name, told in TOLD["tables"].items() if told.get("allow") is not False} == OPEN
    assert TOLD["allow_sql"] is False, "whoever may write queries may read every table"


def test_no_question_reads_names_prompts_or_people() -> None:
    closed = {name for name, told in TOLD["tables"].items() if told.get("allow") is False} - {"calls"}
    for name, sql in QUERIES.items():
        assert set(re.findall(r"(?:FROM|JOIN) (\w+)", sql)) <= OPEN | {"calls"}, name
        assert not set(re.findall(r"\w+", sql)) & closed, name
    assert [name for name, sql in QUERIES.items() if "calls" in sql] == ["not_on_any_bill"]


def test_the_totals_are_the_same_however_they_are_told(ask: Any, studio: LittleStudio) -> None:
    rows, totals = ask("totals"), looks.ledger_totals(studio.place)
    assert {(row["charged_micro_usd"], row["held_micro_usd"]) for row in rows} == {(totals["charged_micro_usd"], totals["held_micro_usd"])}
    assert len(rows) == 4


@pytest.mark.parametrize(
    "name", ["spend_by_day", "spend_by_model", "spend_by_person", "spend_by_feature", "dearest_cases", "cost_per_published", "not_on_any_bill"]
)
def test_what_is_cut_by_anything_adds_up_to_the_ledger(ask: Any, studio: LittleStudio, name: str) -> None:
    rows = ask(name)
    assert sum(row["micro_usd"] for row in rows) == looks.ledger_totals(studio.place)["charged_micro_usd"] == 440_000
    assert ask(name, until="2020-01-01") == []


def test_each_question_is_answered_with_what_is_there(ask: Any, studio: LittleStudio) -> None:
    assert [(row["outcome"], row["micro_usd"]) for row in ask("failed_but_charged")] == [("spoilt", 30_000)]
    assert [(row["lost_micro_usd"], row["rejected_micro_usd"], row["usd"]) for row in ask("waste")] == [(30_000, 30_000, 0.06)]
    assert [(row["times"], row["micro_usd"]) for row in ask("saved_by_reuse")] == [(1, 30_000)]
    assert [(row["micro_usd"], row["run_id"]) for row in ask("held_now")] == [(30_000, "r-8")]
    assert {row["kind"]: row["usd_per_published"] for row in ask("cost_per_published")} == {"avatar": 0.09, "clip": None}
    assert {row["unit"]: row["usd_per_unit"] for row in ask("price_per_unit")} == {"megapixel": 0.03, "second": 0.07}
    assert {row["percent"] for row in ask("bias_of_estimates")} == {0.0}
    slow = [row["seconds"] for row in ask("slowest_requests")]
    assert slow == sorted(slow, reverse=True)
    assert len(slow) == 4
    assert ask("open_differences") == []


def test_every_question_is_asked_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in QUERIES if f'"{name}"' not in source] == []


def test_looking_writes_nothing_to_the_file_or_its_log(studio: LittleStudio, ask: Any) -> None:
    def bytes_of() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in studio.place.settings.folder.glob("studio.db*") if not path.name.endswith("-shm")}

    before = bytes_of()
    for name in QUERIES:
        ask(name)
    assert bytes_of() == before
    with studio.place.database.reading() as db:
        assert ledger.proof(db) == []
