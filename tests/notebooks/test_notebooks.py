"""Every notebook runs from its first cell to its last in a fresh interpreter, and is kept without what it showed."""

import base64
import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.settings import ROOT
from tests.running import Running

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELLS = ROOT / "tests" / "notebooks" / "cells.py"


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("notebooks") / "studio")
    yield running
    running.stop()


def run(studio: Running, notebook: Path) -> str:
    """Run a notebook where Jupyter would, in its own folder; return what it showed."""
    environment = {**os.environ, "STUDIO_DATA": str(studio.settings.data)}
    command = [sys.executable, "-W", "error", str(CELLS), str(notebook)]
    done = subprocess.run(command, cwd=notebook.parent, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(text: str, kind: str) -> list[str]:
    return [line.removeprefix(f"[{kind}] ") for line in text.splitlines() if line.startswith(f"[{kind}] ")]


def numbers(kept: Any) -> list[float]:
    """Read the numbers of a trace, which Plotly writes as bytes."""
    return list(struct.unpack(f"<{len(base64.b64decode(kept['bdata'])) // 8}d", base64.b64decode(kept["bdata"]))) if isinstance(kept, dict) else kept


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_kept_without_what_it_showed(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    assert [cell["id"] for cell in cells if cell["cell_type"] == "code" and (cell["outputs"] or cell["execution_count"] is not None)] == []


@pytest.mark.slow
def test_strength_is_tuned_at_the_price_that_was_shown_and_again_for_nothing(studio: Running) -> None:
    notebook = ROOT / "notebooks" / "tune_strength.ipynb"
    with studio.accepted() as bill:
        text = run(studio, notebook)
    assert (len(bill), sum(line.micro_usd for line in bill)) == (12, 360_000)
    assert "Shown before: $0.36. Charged now: $0.36. 12 pictures, $0.03 each." in text
    studio.check_books()
    table = json.loads(shown(text, "DataFrame")[0])
    (figure,) = map(json.loads, shown(text, "Figure"))
    assert {trace["name"] for trace in figure["data"]} == {"pixar", "ghibli"}
    for trace in figure["data"]:
        for strength, mean in zip(numbers(trace["x"]), numbers(trace["y"]), strict=True):
            rows = [row for row in table["strength"] if table["strength"][row] == strength and table["style"][row] == trace["name"]]
            assert len(rows) == 2
            assert mean == pytest.approx(sum(table["likeness"][row] for row in rows) / 2)
    with studio.accepted() as bill:
        assert "Charged now: $0.00. 12 pictures" in run(studio, notebook)
    assert bill == []
