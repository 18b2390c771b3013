"""Exit codes and one-line errors: what a user, or a script, sees."""

import json

import pytest
from click.testing import CliRunner

from costsim import cli
from costsim.reproduce.papers import PAPERS

MAIN_JOB = ("analyze", "shufflenet_v2_1x", "--hw", "arm_a53")


def test_main_job_prints_the_payload_on_stdout_only(run):
    code, out, err = run(*MAIN_JOB)
    assert (code, err) == (0, "")
    for word in ("latency", "bound by", "memory access", "pointwise conv", "145.8 M"):
        assert word in out


def test_text_fits_eighty_columns(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run(*MAIN_JOB)
    assert max(len(line) for line in out.splitlines()) <= 80


@pytest.mark.parametrize(
    "arguments",
    [
        ("hw", "list"),
        ("nets", "show", "shufflenet_v1_g3_1x"),
        ("reconcile", "mobilenet_v2_1x"),
        ("guidelines", "--hw", "gtx_1080ti"),
        ("check", "shufflenet_v1_g3_1x", "--hw", "arm_a53"),
        ("validate", "rpi4b", "--against", "paper"),
        ("reproduce", "condensenetv2"),
    ],
)
def test_every_text_fits_eighty_columns(run, monkeypatch, arguments):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(*arguments)
    assert code == 0
    assert [line for line in out.splitlines() if len(line) > 80] == []


def test_validation_as_json_has_every_case(run):
    code, out, _ = run("validate", "snapdragon_810_paper", "--against", "paper", "--format", "json")
    assert code == 0
    document = json.loads(out)
    assert document["summary"]["count"] == len(document["cases"]) > 60
    errors = [abs(case["predicted_s"] / case["measured_s"] - 1) for case in document["cases"]]
    assert document["summary"]["mean_ratio"] == pytest.approx(sum(errors) / len(errors))


def test_json_is_one_document(run):
    code, out, _ = run(*MAIN_JOB, "--format", "json")
    assert code == 0
    document = json.loads(out)
    assert document["network"]["name"] == "shufflenet_v2_1x"
    assert document["totals"]["macs"] == 145_814_296


def test_csv_has_a_line_per_op(run):
    _, out, _ = run(*MAIN_JOB, "--format", "csv")
    _, text, _ = run(*MAIN_JOB, "--format", "json")
    assert len(out.splitlines()) == 1 + len(json.loads(text)["layers"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("analyze", "shufflenet_v3_1x", "--hw", "arm_a53"), "did you mean shufflenet_v"),
        (("analyze", "shufflenet_v2_1x", "--hw", "arm_a35"), "did you mean arm_a"),
        (("analyze", "nowhere/net.onnx", "--hw", "arm_a53"), "nowhere/net.onnx"),
        (("analyze", "shufflenet_v2_1x", "--hw", "nowhere.yaml"), "no such file"),
        ((*MAIN_JOB, "--batch", "0"), "at least 1"),
        ((*MAIN_JOB, "--batch", "two"), "two"),
        ((*MAIN_JOB, "--threads", "0"), "1 to 4"),
        ((*MAIN_JOB, "--threads", "9"), "1 to 4"),
        ((*MAIN_JOB, "--dtype", "fp64"), "it runs fp32"),
        ((*MAIN_JOB, "--input-size", "224"), "3x224x224"),
        ((*MAIN_JOB, "--input-size", "3x0x224"), "3x224x224"),
        (("analyze", "alexnet", "--hw", "arm_a53", "--input-size", "3x32x32"), "does not pass through it"),
        ((*MAIN_JOB, "--set", "clock"), "KEY=VALUE"),
        ((*MAIN_JOB, "--set", "clock=1 GHz", "--set", "clock=2 GHz"), "set twice"),
        ((*MAIN_JOB, "--set", "clock=1 GB"), "not in Hz"),
        ((*MAIN_JOB, "--set", "clock=-1 GHz"), "greater than 0"),
        ((*MAIN_JOB, "--set", "clock=5"), "has no unit"),
        ((*MAIN_JOB, "--set", "clokc=5 GHz"), "did you mean"),
        ((*MAIN_JOB, "--set", "size=5 KiB"), "write more of the path"),
        ((*MAIN_JOB, "--format", "xml"), "xml"),
        (("analyze", "shufflenet_v2_1x"), "--hw"),
        ((*MAIN_JOB, "--set", "clock=5"), "--set hardware.clock"),
        ((*MAIN_JOB, "--measure", "torch"), "--trace FILE"),
        (("analyze",), "'costsim analyze --help' shows how"),
        (("fly",), "'costsim --help' shows how"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(run, arguments, says):
    code, out, err = run(*arguments)
    assert code == 1
    assert out == ""
    assert says in err
    assert len(err.strip().splitlines()) == 1, err
    assert "Traceback" not in err


def test_settings_change_the_prediction(run):
    slow = json.loads(run(*MAIN_JOB, "--format", "json")[1])
    fast = json.loads(run(*MAIN_JOB, "--format", "json", "--set", "hardware.clock=2.8 GHz")[1])
    assert fast["totals"]["latency_ms"] < slow["totals"]["latency_ms"]


def test_a_report_that_cannot_be_written_still_prints_the_result(run, tmp_path):
    code, out, err = run(*MAIN_JOB, "--html", str(tmp_path / "missing" / "report.html"))
    assert code == 1
    assert "latency" in out
    assert "cannot be written" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_explains_itself_on_eighty_columns(verb):
    result = CliRunner().invoke(cli.cli, [verb, "--help"], terminal_width=80)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert len(lines) > 4
    assert max(map(len, lines)) <= 80


def test_help_names_every_paper():
    said = CliRunner().invoke(cli.cli, ["reproduce", "--help"]).output
    assert all(paper in said for paper in PAPERS)


def test_nets_and_hw_list_and_show(run):
    assert "shufflenet_v2_1x" in run("nets", "list")[1].split()
    assert "145.8 M MACs" in run("nets", "show", "shufflenet_v2_1x")[1]
    assert "rpi3b_plus" in run("hw", "list")[1]
    assert run("hw", "list", "Cortex-A72", "raspberry", "--format", "csv")[1].splitlines()[1].startswith("rpi4b,")
    assert run("hw", "list", "no_such_device")[0] == 1
    assert "hardware.clock" in run("hw", "show", "arm_a53")[1]
    assert "1 MiB, 448 KiB, 448 KiB" in run("hw", "show", "stm32n6")[1]
    assert "ok" in run("hw", "check", "arm_a53")[1]


def test_the_list_of_devices_is_a_table_with_every_column_on_eighty_columns(run, monkeypatch):
    for columns in (80, 160):
        monkeypatch.setenv("COLUMNS", str(columns))
        head, *lines = run("hw", "list")[1].splitlines()
        assert head.split() == ["name", "family", "data", "types", "threads", "interval", *["title"] * (columns > 80)]
        assert max(map(len, lines)) <= columns
        row = next(line for line in lines if line.startswith("rpi4b "))
        assert row.split()[:6] == ["rpi4b", "cpu", "fp32", "int8", "1-4", "0.85-1.18"]
        assert next(line for line in lines if line.startswith("h200 ")).split("-")[-1].split()[1] == "?"
