"""The action's own steps, run by bash in a fresh checkout with costsim freshly installed, and the pre-commit hook."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from costsim import Network
from costsim.importers.json import save_network

ROOT = Path(__file__).parents[2]
CONFIG = """
[tool.costsim]
devices = ["rpi4b"]

[tool.costsim.networks]
"nets/small.json" = { budgets = ["latency_ms < 60"] }
"""


def git(folder, *arguments):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def action(tmp_path_factory):
    """A copy of what the action is made of, and a PATH on which only what it installs is costsim."""
    folder = tmp_path_factory.mktemp("action")
    for name in ("costsim", "hwprofiles", "validation/data", "pyproject.toml", "README.md", "LICENSE", "action.yml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    environment = tmp_path_factory.mktemp("runner") / "env"
    venv.create(environment, with_pip=True)
    places = [path for path in sys.path if path.endswith("site-packages")]
    [site] = environment.glob("lib/python*/site-packages")
    (site / "of_the_tests.pth").write_text("\n".join(places))  # the dependencies, not costsim: no registry is asked
    return folder, environment


@pytest.fixture
def repository(tmp_path):
    """Two commits: the second makes a network slower."""
    (tmp_path / "repo" / "nets").mkdir(parents=True)
    repo = tmp_path / "repo"
    git(repo, "init", "-q", "-b", "main")
    (repo / "pyproject.toml").write_text(CONFIG)
    save_network(Network("shufflenet_v2_0.5x").graph.renamed("small"), repo / "nets" / "small.json")
    git(repo, "add", "."), git(repo, "commit", "-qm", "base")
    base = git(repo, "rev-parse", "HEAD")
    save_network(Network("shufflenet_v2_1x").graph.renamed("small"), repo / "nets" / "small.json")
    git(repo, "commit", "-qam", "wider")
    git(tmp_path, "clone", "-q", str(repo), "checkout")
    return tmp_path / "checkout", base


def run_action(action, checkout, tmp_path, **inputs):
    """Every step with a ``run``, as GitHub runs composite actions; the exit code of the first that fails."""
    folder, environment = action
    recipe = YAML(typ="safe").load((folder / "action.yml").read_text())
    values = {name: str(entry["default"]) for name, entry in recipe["inputs"].items()} | inputs
    temp, outputs = tmp_path / "temp", {}
    temp.mkdir()
    for step in recipe["runs"]["steps"]:
        if "run" not in step or step["name"] == "Comment" or ("base" in str(step.get("if")) and not values["base"]):
            continue
        env = {key: fill(text, values, outputs) for key, text in step.get("env", {}).items()}
        output = temp / f"{step['name']}.output"
        output.touch()
        env |= {
            "GITHUB_ACTION_PATH": str(folder), "RUNNER_TEMP": str(temp), "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(temp / "summary.md"), "HOME": str(tmp_path),
            "PATH": f"{environment / 'bin'}:{os.environ['PATH']}", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0",
        }  # fmt: skip
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=False)
        outputs[step.get("id")] = dict(line.split("=", 1) for line in output.read_text().splitlines())
        if done.returncode:
            return done.returncode, step["name"], done.stderr, temp
    return 0, "", "", temp


def fill(text, values, outputs):
    """The expressions the action's env uses."""
    for name, value in values.items():
        text = text.replace(f"${{{{ inputs.{name} }}}}", value)
    for step, found in outputs.items():
        for name, value in found.items():
            text = text.replace(f"${{{{ steps.{step}.outputs.{name} }}}}", value)
    return "" if "${{" in text else text


def test_steps_in_a_fresh_checkout(action, repository, tmp_path):
    checkout, base = repository
    code, step, err, temp = run_action(action, checkout, tmp_path, base=base)
    assert (code, step) == (3, "Verdict"), err
    summary = (temp / "summary.md").read_text()
    assert "### small on Raspberry Pi 4" in summary and "- ok: " in summary and "60' holds" in summary
    assert "### small against small" in summary and "slower" in summary
    assert json.loads((temp / "costsim.sarif").read_text())["version"] == "2.1.0"
    assert git(checkout, "status", "--porcelain") == ""
    (tmp_path / "again").mkdir()
    code, step, err, temp = run_action(action, checkout, tmp_path / "again", base="")
    assert (code, step, err) == (0, "", "")


def test_bad_input_fails_where_it_is_met(action, repository, tmp_path):
    checkout, _ = repository
    (checkout / "pyproject.toml").write_text(CONFIG.replace("latency_ms", "latencyms"))
    code, step, err, _ = run_action(action, checkout, tmp_path, base="")
    assert (code, step) == (1, "Check budgets")
    assert "unknown metric 'latencyms'" in err


def test_every_step_that_runs_says_its_shell_and_trusts_no_text():
    recipe = YAML(typ="safe").load((ROOT / "action.yml").read_text())
    for step in recipe["runs"]["steps"]:
        if "run" in step:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"]  # what others wrote comes through env, never into the script


def test_the_hook_calls_a_verb_that_is_there():
    [hook] = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"].split()[:2] == ["costsim", "check"]
    assert hook["language"] == "python" and hook["pass_filenames"] is False
