"""Run the code cells of a notebook one after the other, as Jupyter would; what a cell ends with is shown as `[Type] …`.

python tests/notebooks/cells.py NOTEBOOK
"""

import ast
import json
import sys
from pathlib import Path


def run(notebook: Path) -> None:
    """Run every code cell in one namespace."""
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            _run_cell("".join(cell["source"]), cell["id"], names)


def _run_cell(source: str, name: str, names: dict[str, object]) -> None:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    if last is not None:
        _show(eval(compile(ast.Expression(last.value), name, "eval"), names))


def _show(value: object) -> None:
    if value is not None:
        print(f"[{type(value).__name__}]", value.to_json() if hasattr(value, "to_json") else repr(value))


if __name__ == "__main__":
    run(Path(sys.argv[1]))
