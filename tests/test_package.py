"""The map of the package is true, every module says what it is for, and imports go one way."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import pipeline
from pipeline.settings import ROOT

PACKAGE = ROOT / "pipeline"
FILES = sorted(PACKAGE.rglob("*.py"))
TOP = {path.stem if path.suffix else path.name for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
MODULES = TOP - {"__init__", "__main__"}


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _names_on_a_map(text: str) -> set[str]:
    return set(re.findall(r"^ *(\w+)(?:\.py|/) ", text, re.M))


def _contracts() -> list[dict[str, object]]:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(tools["tool"]["importlinter"]["contracts"])


def test_every_module_is_on_the_map_of_the_package_and_nothing_else():
    assert _names_on_a_map(pipeline.__doc__ or "") == MODULES


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES} - {PACKAGE}), ids=_named)
def test_every_folder_names_its_files(folder):
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert _names_on_a_map(text) == {path.stem for path in folder.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("path", FILES, ids=_named)
def test_every_module_and_public_name_says_what_it_is_for(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert (ast.get_docstring(tree) or "").strip() or path.name == "__main__.py"
    public = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_"]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", FILES, ids=_named)
def test_a_file_is_one_noun_under_three_hundred_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300 or path.name == "errors.py"


def test_imports_go_one_way():
    done = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_the_order_of_imports_names_every_module():
    layers = next(contract["layers"] for contract in _contracts() if contract["type"] == "layers")
    assert {name for layer in layers for name in re.findall(r"\w+", layer)} - {"__main__", "routes"} == MODULES - {"routes"}


def test_the_sandbox_may_import_media_settings_ids_and_errors_only():
    forbidden = next(contract["forbidden_modules"] for contract in _contracts() if contract.get("source_modules") == ["pipeline.sandbox"])
    named = {str(name).removeprefix("pipeline.") for name in forbidden}
    assert named - {"routes"} == MODULES - {"sandbox", "media", "settings", "identifiers", "errors", "routes"}


def test_only_settings_reads_the_environment():
    """Passing the whole environment on to a child process is not reading it, nor is telling a library something through it."""
    reading = re.compile(r"environ\.get\(|environ\[[^]]+\](?! =[^=])|getenv")
    readers = {_named(path) for path in FILES if reading.search(path.read_text(encoding="utf-8"))}
    assert readers <= {"pipeline/settings.py", "pipeline/processes/bring_up.py"}
