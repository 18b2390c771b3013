"""Every verb that prints a result prints it in each form registered for it, also in those of other packages."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from costsim import cli
from costsim.plugins import plugins, reports_of
from costsim.report.formats.markdown import markdown_table

SPEC = """
network: shufflenet_v2_0.5x
hw: [rpi4b, rpi5]
axes: {input_size: [96, 128]}
objectives: {latency_ms: min, macs: max}
"""
MEASURED = "network,latency_ms\nalexnet,200\nmobilenet_v2_1x,80\n"

VERBS = {
    "check": ("check", "shufflenet_v1_g3_1x", "--hw", "rpi4b", "--assert", "latency_ms < 1000"),
    "compare": ("compare", "shufflenet_v2_1x", "mobilenet_v2_1x", "--hw", "rpi4b", "gtx_1080ti"),
    "diff": ("diff", "shufflenet_v2_1x", "mobilenet_v2_1x", "--hw", "rpi4b", "gtx_1080ti"),
    "guidelines": ("guidelines", "--hw", "rpi4b"),
    "hw_list": ("hw", "list"),
    "reconcile": ("reconcile", "shufflenet_v2_1x"),
    "reproduce": ("reproduce", "condensenetv2"),
    "search": ("search", "search.yaml", "-o", "found"),
    "sweep": ("sweep", "sweep.yaml", "-o", "swept", "--workers", "1"),
    "validate": ("validate", "rpi4b", "--against", "measured.csv"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.yaml").write_text(SPEC)
    (tmp_path / "search.yaml").write_text(SPEC + "evaluations: 4\n")
    (tmp_path / "measured.csv").write_text(MEASURED)


def printed(verb, form):
    result = CliRunner().invoke(cli.cli, [*VERBS[verb], "--format", form])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_form_of_a_verb_says_something_of_what_it_was_asked(folder, verb):
    forms = plugins(reports_of(verb))
    assert set(forms) >= {"text", "json", "csv", "markdown"}
    of_form = {form: printed(verb, form) for form in forms}
    json.loads(of_form["json"])
    lines = list(csv.DictReader(io.StringIO(of_form["csv"])))
    assert lines and all(None not in line for line in lines)
    widths = [line.replace("\\|", "").count("|") for line in of_form["markdown"].splitlines() if line.startswith("|")]
    assert len(widths) > 2 and min(widths) > 2


def test_csv_and_json_hold_the_same_findings_and_limits(folder):
    document = json.loads(printed("check", "json"))
    lines = list(csv.DictReader(io.StringIO(printed("check", "csv"))))
    found = [(line["id"], line["location"], line["cost_ms"]) for line in lines if line["kind"] == "finding"]
    expected = [
        (f["id"], f["location"], "" if f["cost_ms"] is None else str(f["cost_ms"])) for f in document["guidelines"]
    ]
    assert found == expected and found
    assert [line["metric"] for line in lines if line["kind"] == "assertion"] == ["latency_ms"]


def test_csv_of_a_comparison_has_one_line_a_network_and_device(folder):
    document = json.loads(printed("compare", "json"))
    lines = list(csv.DictReader(io.StringIO(printed("compare", "csv"))))
    assert [(line["network"], line["hw"], float(line["latency_ms"]), line["trust_status"]) for line in lines] == [
        (total["network"], total["hw"], total["latency_ms"], total["trust"]["status"]) for total in document["totals"]
    ]


def test_a_form_nobody_registered_is_refused(folder):
    result = CliRunner().invoke(cli.cli, [*VERBS["compare"], "--format", "sarif"])
    assert result.exit_code != 0
    assert "markdown" in result.output


def test_numbers_of_a_markdown_table_stand_to_the_right_and_keep_their_units():
    rows = [("rpi4b", "41.4 ms", "-"), ("gtx\\_1080ti", "1.84 ms", "+606 us")]
    table = markdown_table(("device", "old", "change"), rows)
    assert table.splitlines()[1] == "| --- | ---: | ---: |"
    assert "41.4\N{NO-BREAK SPACE}ms" in table
    assert markdown_table(("a", "b"), []) == "| a | b |\n| --- | --- |"
