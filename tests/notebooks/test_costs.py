"""The notebook about costs says what the ledger says, in a studio at work and in one that has only just begun."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.records import Decision
from pipeline.settings import ROOT
from pipeline.studio import looks, portraits, publishing, reviews
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.notebooks.test_notebooks import CELLS, run, shown
from tests.running import Running

NOTEBOOK = ROOT / "notebooks" / "costs.ipynb"


def column(frame: Any, name: str) -> dict[Any, Any]:
    """Return a column of a frame by the words of its first one."""
    first = next(iter(frame))
    return {frame[first][row]: frame[name][row] for row in frame[first]}


def test_every_question_is_answered_with_what_the_ledger_says(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path, customer=True)
    studio.approved_clip()
    publishing.publish(studio.place, CASE, studio.case().avatar, OWNER, ME)
    reviews.decide_on(studio.place, studio.avatar(), OWNER, Decision.REJECTED, ME)
    studio.succeed(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=5), ME, run_id="r-5").run)
    portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=5), ME, run_id="r-6")
    before = studio.dump()
    environment = {**os.environ, "STUDIO_DATA": str(tmp_path)}
    command = [sys.executable, "-W", "error", str(CELLS), str(NOTEBOOK)]
    done = subprocess.run(command, cwd=NOTEBOOK.parent, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    assert studio.dump() == before
    total = looks.ledger_totals(studio.place)["charged_micro_usd"]
    assert f"Proven: all four come to {total} micro-dollars, $0.440000" in done.stdout
    month, models, people, customers, styles, waste, saved, durations, bias = map(json.loads, shown(done.stdout, "DataFrame"))
    for frame in (month, models, people, customers, styles):
        assert sum(frame["usd"].values()) == pytest.approx(total / 1e6)
    assert column(customers, "published") == {CASE: 1}
    assert column(styles, "usd_per_published") == {"clip": None, "avatar": pytest.approx(0.09)}
    assert sum(waste["rejected_usd"].values()) == pytest.approx(0.03)
    assert list(saved["usd"].values()) == [pytest.approx(0.03)]
    assert sum(durations["count"].values()) == 4
    assert list(bias["percent"].values()) == [0.0, 0.0]
    assert len(shown(done.stdout, "Figure")) == 2


@pytest.mark.slow
def test_a_studio_that_has_only_just_begun_makes_what_it_can_tell_about(tmp_path: Path) -> None:
    studio = Running(tmp_path / "studio")
    try:
        text = run(studio, NOTEBOOK)
        studio.check_books()
    finally:
        studio.stop()
    assert "Proven: all four come to 120000 micro-dollars, $0.120000" in text
