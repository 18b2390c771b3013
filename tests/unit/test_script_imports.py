"""Scripts that no other test runs (benchmarks, screenshots) still find what they import from this repository."""

from __future__ import annotations

import ast
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN = ("costsim", "tests", "validation")
SCRIPTS = sorted([*ROOT.glob("benchmarks/*.py"), *ROOT.glob("validation/*.py"), *ROOT.glob("tests/**/*.py")])


def _own_imports(path: Path) -> list[tuple[str, str]]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [
        (node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in OWN
        for alias in node.names
    ]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_script_imports_is_there(path: Path) -> None:
    for module, name in _own_imports(path):
        room = import_module(module)
        assert hasattr(room, name) or find_spec(f".{name}", room.__package__), f"{module} has no {name}"
