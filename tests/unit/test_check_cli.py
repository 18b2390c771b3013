"""``costsim check``: formats, limits, suppressions, applied findings, and bad input."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from costsim import Network
from costsim.errors import InputError
from costsim.limits import parse_assertion

CHECK = ("check", "shufflenet_v1_g3_1x", "--hw", "arm_a53")


def test_text_lists_at_most_ten_findings_and_what_costs_nothing(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run(*CHECK)
    assert (code, err) == (0, "")
    assert 1 <= sum("@" in line for line in out.splitlines()) <= 10
    assert "what they learn is not known" in " ".join(out.split())
    assert max(len(line) for line in out.splitlines()) <= 80


def test_all_shows_every_finding(run):
    _, text, _ = run(*CHECK, "--all")
    _, out, _ = run(*CHECK, "--format", "json")
    assert text.count("@") >= len(json.loads(out)["guidelines"])


def test_json_keeps_the_contract(run):
    _, out, _ = run(*CHECK, "--format", "json")
    document = json.loads(out)
    assert document["totals"]["latency_ms"] >= sum(f["cost_ms"] or 0 for f in document["guidelines"])
    for finding in document["guidelines"]:
        assert {"id", "severity", "location", "message", "cost_ms", "evidence"} <= set(finding)


def test_limits_that_hold(run):
    code, out, _ = run(*CHECK, "--assert", "latency_ms < 10 s", "--assert", "peak_activation_bytes <= 64 MiB")
    assert code == 0
    assert out.count("holds") == 2


def test_a_limit_that_does_not_hold_exits_with_3(run):
    small = ("check", "mlperf_tiny_mobilenet", "--hw", "arm_a53")
    code, out, err = run(*small, "--assert", "latency_ms < 1us", "--assert", "G4.cost_ms >= 0")
    assert code == 3
    assert "FAILS" in out
    assert out.count("does not hold") == 1
    assert err == "costsim: 1 of 2 limits does not hold\n"
    _, _, err = run(*small, "--assert", "latency_ms < 1us", "--format", "json")
    assert err.startswith("costsim: 'latency_ms < 1us' does not hold")


def test_sarif(run):
    code, out, _ = run(*CHECK, "--format", "sarif", "--assert", "latency_ms < 0.001")
    log = json.loads(out)["runs"][0]
    assert code == 3
    rules = {rule["id"] for rule in log["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in log["results"]} <= rules
    assert {result["level"] for result in log["results"]} <= {"error", "warning", "note", "none"}
    assert [result["ruleId"] for result in log["results"] if result["level"] == "error"] == ["assert"]


def test_junit(run):
    _, out, _ = run(*CHECK, "--format", "junit", "--assert", "latency_ms < 0.001", "--assert", "macs > 0")
    [suite] = ET.fromstring(out)
    assert suite.get("failures") == "1"
    assert len(suite.findall("testcase")) == int(suite.get("tests"))


def test_github_annotations(run):
    _, out, _ = run(*CHECK, "--format", "github", "--assert", "latency_ms < 0.001")
    assert all(line.startswith(("::warning ", "::notice ", "::error ")) for line in out.splitlines())
    assert out.splitlines()[-1].startswith("::error title=costsim assertion::")


def test_suppressed_findings_are_counted_not_shown(run, tmp_path):
    file = tmp_path / "suppress.yaml"
    file.write_text("- {id: G2, location: stage3, reason: the paper}\n- {id: G4, reason: trains}\n")
    _, out, err = run(*CHECK, "--suppress", str(file), "--format", "json")
    document = json.loads(out)
    keys = {(f["id"], f["location"]) for f in document["guidelines"]}
    assert ("G2", "stage3") not in keys
    assert ("G2", "stage2") in keys
    assert not any(rule == "G4" for rule, _ in keys)
    assert document["suppressed_findings"] == 4
    assert err == ""


def test_a_suppression_that_meets_nothing_is_said(run, tmp_path):
    file = tmp_path / "suppress.yaml"
    file.write_text("- {id: G2, location: stage9, reason: the paper}\n")
    code, _, err = run(*CHECK, "--suppress", str(file))
    assert code == 0
    assert "nothing found" in err


def test_apply_writes_a_network_that_can_be_analyzed(run, tmp_path):
    target = tmp_path / "better.json"
    code, _, err = run(*CHECK, "--apply", "G2@stage3", "--apply", "G4@stage2", "-o", str(target))
    assert code == 0
    assert "G2@stage3" in err
    better = Network(str(target))
    assert better.macs == pytest.approx(Network("shufflenet_v1_g3_1x").macs, rel=0.02)
    assert run("analyze", str(target), "--hw", "arm_a53")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--assert", "latency < 20"), "did you mean latency_ms"),
        (("--assert", "latency_ms < 20 KiB"), "not in s"),
        (("--assert", "macs < 20 ms"), "'ms' is not a unit of macs"),
        (("--assert", "latency_ms is small"), "not a limit"),
        (("--assert", "latency_ms < 1e"), "not a number"),
        (("--assert", "G9.cost_ms < 1"), "unknown guideline 'G9'"),
        (("--assert", "G2.price < 1"), "G2.cost_ms"),
        (("--assert", "energy_mj < 1"), "energy_mj is not known"),
        (("--suppress", "nowhere.yaml"), "nowhere.yaml"),
        (("--apply", "G2@stage9", "-o", "x.json"), "G2@stage"),
        (("--apply", "G2@stage3", "-o", "x.tflite"), "write .onnx or .json"),
        (("--apply", "G2@stage3"), "--output"),
        (("--assert", "G2@stag3.cost_ms < 1"), "unknown place 'stag3'; did you mean stage3"),
    ],
)
def test_bad_input_is_one_line(run, arguments, says):
    code, out, err = run(*CHECK, *arguments)
    assert code == 1
    assert says in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {id: G9, reason: x}", "unknown guideline 'G9'"),
        ("- {id: G2}", "without a reason"),
        ("- {id: G2, reason: x, where: y}", "not a suppression"),
        ("id: G2", "not a list"),
        ("- {id: G2", "not valid YAML"),
    ],
)
def test_bad_suppressions_are_refused(run, tmp_path, text, says):
    file = tmp_path / "suppress.yaml"
    file.write_text(text)
    code, _, err = run(*CHECK, "--suppress", str(file))
    assert code == 1
    assert says in err


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("latency_ms < 20", 20),
        ("latency_ms<20ms", 20),
        ("latency_ms <= 0.5 s", 500),
        ("peak_activation_bytes <= 512KiB", 524288),
        ("macs < 150 M", 150e6),
        ("flops < 1.5 G", 1.5e9),
        ("coverage_ratio >= 99 %", 0.99),
        ("G2@stage3.cost_ms < 1", 1),
    ],
)
def test_limits_are_in_the_unit_of_their_metric(text, limit):
    assert parse_assertion(text).limit == pytest.approx(limit)


def test_a_value_that_is_no_comparison_is_refused():
    with pytest.raises(InputError, match="not a limit"):
        parse_assertion("latency_ms")
