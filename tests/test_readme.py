"""What the README says is so."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from pipeline.settings import ROOT
from tests.readme import README, commands_table, written

TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
SHELL = [line for block in BLOCKS for line in (raw.split("#")[0].strip() for raw in block.splitlines()) if line]


def test_its_tables_are_what_the_program_says() -> None:
    assert written(TEXT) == TEXT, "run `python -m tests.readme`"


@pytest.mark.parametrize("line", [line for line in SHELL if "-m pipeline" in line])
def test_its_commands_exist_and_take_what_they_are_given(line: str) -> None:
    words = shlex.split(line)[3:]
    known = re.findall(r"^\| `([\w -]+)` \|", commands_table(), re.MULTILINE)
    assert any(" ".join(words).startswith(name) for name in known)
    for word in words:
        assert "/" not in word or (ROOT / word).exists()


@pytest.mark.parametrize("line", [line for line in SHELL if line.startswith("make ")])
def test_its_make_targets_exist(line: str) -> None:
    assert re.search(rf"^{shlex.split(line)[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_its_pictures_and_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("http") or (ROOT / target).exists(), target
    assert (ROOT / "docs" / "screenshots" / "home.png").stat().st_size > 10_000


def test_its_python_runs_up_to_the_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(ast.parse(code), "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out == "30000\n"
