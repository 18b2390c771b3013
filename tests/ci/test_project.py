"""``[tool.costsim]``: ``costsim check`` alone holds a repository's networks to their budgets."""

import json

import pytest

from costsim import load_profile
from costsim.cli import run
from costsim.project import find_project, read_project

CONFIG = """
[project]
name = "mine"

[tool.costsim]
devices = ["rpi4b", "arm_a53"]
suppress = [{ id = "G4", reason = "the shortcuts are what makes it train" }]

[tool.costsim.networks]
squeezenet_1_1 = { budgets = ["latency_ms@rpi4b < 0.5 s", "params < 5M"] }
"nets/small.json" = { devices = ["rpi4b"], input-size = "3x160x160", threads = 4, budgets = [
    "latency_ms < 1ms",
] }
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    from costsim import Network
    from costsim.importers.json import save_network

    (tmp_path / "nets").mkdir()
    save_network(Network("shufflenet_v2_0.5x").graph, tmp_path / "nets" / "small.json")
    (tmp_path / "pyproject.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path / "nets")  # anywhere in the repository
    return tmp_path


def test_check_alone_holds_every_network_to_its_budgets(repository, capsys):
    assert run(["check", "--format", "json"]) == 3
    told = capsys.readouterr()
    checks = json.loads(told.out)["checks"]
    of = [(c["network"]["name"], c["hardware"]["profile"], len(c["assertions"])) for c in checks]
    a53 = load_profile("arm_a53").name
    assert of == [("squeezenet_1_1", "rpi4b", 2), ("squeezenet_1_1", a53, 1), ("shufflenet_v2_0.5x", "rpi4b", 1)]
    assert checks[2]["network"]["input_shape"] == [1, 3, 160, 160]
    assert checks[2]["hardware"]["threads"] == 4
    assert all(finding["id"] != "G4" for check in checks for finding in check["guidelines"])
    assert [a["holds"] for check in checks for a in check["assertions"]] == [True, True, True, False]
    assert "shufflenet_v2_0.5x on rpi4b: 'latency_ms < 1ms' does not hold" in told.err


def test_one_device_of_several(repository, capsys):
    assert run(["check", "--hw", "arm_a53", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["network"]["name"] == "squeezenet_1_1"


def test_a_failed_budget_is_found_where_it_is_written(repository, capsys):
    run(["check", "--format", "sarif"])
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    [failed] = [r for r in results if r["level"] == "error"]
    place = failed["locations"][0]["physicalLocation"]
    line = 1 + CONFIG.splitlines().index('    "latency_ms < 1ms",')
    assert place["region"]["startLine"] == line
    assert place["artifactLocation"]["uri"].endswith("pyproject.toml")


def test_found_from_below_and_only_with_a_table_of_its_own(repository):
    (repository / "nets" / "pyproject.toml").write_text("[project]\nname = 'inner'\n")
    assert find_project(repository / "nets") == repository / "pyproject.toml"
    assert len(read_project(repository / "pyproject.toml").entries) == 2


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('devices = ["rpi4b", "arm_a53"]', 'device = ["rpi4b"]', "did you mean devices"),
        ('devices = ["rpi4b", "arm_a53"]', 'devices = "rpi4b"', "is no list of texts"),
        ("latency_ms@rpi4b < 0.5 s", "latency_ms@rpi5 < 0.5 s", "unknown device 'rpi5'"),
        ("latency_ms < 1ms", "latency_ms 1ms", "is not a limit"),
        ("threads = 4", 'threads = "4"', "is no whole number"),
        ("params < 5M", "parms < 5", "unknown metric 'parms'"),
        ('id = "G4", ', 'id = "G44", ', "unknown guideline 'G44'"),
        ("[tool.costsim]", "[tool.costsim", "is not valid TOML"),
        ("[tool.costsim.networks]", "[tool.costsim.nets]", "did you mean networks"),
    ],
)
def test_what_is_wrong_in_the_table_is_one_line(repository, capsys, before, after, said):
    assert CONFIG.count(before) == 1
    (repository / "pyproject.toml").write_text(CONFIG.replace(before, after))
    assert run(["check", "--config", str(repository / "pyproject.toml")]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err and len(told.err.splitlines()) == 1


def test_without_network_and_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["check"]) == 1
    assert "no network, and no pyproject.toml" in capsys.readouterr().err
