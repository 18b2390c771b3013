"""The example notebook runs from top to bottom, and every cell shows something."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[2] / "examples" / "first_look.ipynb"


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does: the value of a last line that is an expression is what it shows."""
    body = ast.parse(source).body
    assert isinstance(body[-1], ast.Expr), source
    exec(compile(ast.Module(body[:-1], []), str(NOTEBOOK), "exec"), names)
    return eval(compile(ast.Expression(body[-1].value), str(NOTEBOOK), "eval"), names)


def test_the_notebook_runs() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    names: dict[str, Any] = {}
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    shown = [run_cell(cell, names) for cell in cells]
    assert "shufflenet_v2_1x" in shown[0]._repr_html_()
    assert len(shown[1]) == 5
    assert abs(shown[2].sum() - 1) < 1e-9
    assert shown[3]["4 threads"] < shown[3]["as it is"] > shown[3]["memory x2"]
    assert "embedded_buffer" in shown[4]
