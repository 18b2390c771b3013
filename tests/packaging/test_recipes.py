"""The conda recipe and the container file ask for what pyproject.toml says."""

from __future__ import annotations

import re
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from costsim.cli import serve
from costsim.version import VERSION
from costsim.yamlfile import read_yaml

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_recipe_has_the_projects_dependencies_and_version() -> None:
    recipe = read_yaml(ROOT / "packaging" / "conda" / "recipe.yaml")
    wanted = {f"python {project()['requires-python']}"}
    for dependency in project()["dependencies"]:
        name, bound = re.fullmatch(r"([\w.-]+?)(>=.+)", dependency).groups()  # type: ignore[union-attr]
        wanted.add(f"{CONDA_NAMES.get(name, name)} {bound}")
    assert set(recipe["requirements"]["run"]) == wanted
    assert recipe["context"]["version"] == VERSION
    assert recipe["build"]["python"]["entry_points"] == [f"costsim = {project()['scripts']['costsim']}"]


def test_the_container_installs_extras_that_there_are() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    extras = re.search(r"\.whl\)\[([\w,]+)\]", text)
    assert extras is not None
    assert set(extras[1].split(",")) <= set(project()["optional-dependencies"])


def test_the_container_opens_the_port_that_is_served() -> None:
    port = next(option.default for option in serve.command.params if option.name == "port")
    assert f"EXPOSE {port}" in (ROOT / "Containerfile").read_text(encoding="utf-8")


def test_the_oldest_dependencies_are_those_of_the_project() -> None:
    spec = spec_from_file_location("check", ROOT / "packaging" / "check.py")
    assert spec is not None and spec.loader is not None
    check = module_from_spec(spec)
    spec.loader.exec_module(check)
    oldest = set(check.bounds())
    assert {"click==8.2", "onnx==1.16", "starlette==0.40"} <= oldest
    assert len(oldest) >= len(project()["dependencies"]) + len(check.EXTRAS)
    assert {f"Programming Language :: Python :: {v}" for v in check.PYTHONS} <= set(project()["classifiers"])
    assert all((ROOT / path).exists() for path in check.TESTS)
