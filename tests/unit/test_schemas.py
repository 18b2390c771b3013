"""Every verb's JSON is what ``costsim schema`` says it is, key by key."""

import json

import jsonschema
import pytest

from costsim.cli import VERBS, run
from costsim.plugins import plugins, reports_of
from costsim.report.schemas import DOCUMENTS, json_schema

NET, HW = "mlperf_tiny_resnet8", "rpi4b"

SWEEP = f"""
network: {NET}
hw: {HW}
axes: {{threads: [1, 4]}}
objectives: {{latency_ms: min, macs: min}}
"""
SEARCH = SWEEP + "evaluations: 2\n"

COMMANDS = {
    "advise": [["advise", NET, "--hw", HW, "--target", "latency_ms < 4"]],
    "analyze": [["analyze", NET, "--hw", hw] for hw in (HW, "ethos_u55_256", "stm32h743")],
    "check": [
        ["check", NET, "--hw", HW, "--assert", "latency_ms < 4"],
        ["check", NET, "--hw", HW, "--assert", "macs < 1G", "--assert", "G4.count < 99"],
    ],
    "compare": [
        ["compare", NET, "mlperf_tiny_mobilenet", "--hw", HW, "gtx_1080ti"],
        ["compare", NET, "--dtype", "fp32", "int8", "--hw", HW],
    ],
    "compare measures": [["compare", NET, "mlperf_tiny_mobilenet", "--hw", HW, "--by-measure"]],
    "diff": [
        ["diff", NET, "mlperf_tiny_mobilenet", "--hw", HW],
        ["diff", NET, "mlperf_tiny_mobilenet", "--hw", HW, "--fail-if", "+300%"],
    ],
    "hw list": [["hw", "list"]],
    "nets list": [["nets", "list", "mlperf"], ["nets", "list", "--family", "mlperf_tiny_resnet8", "--max-macs", "1G"]],
    "predict": [["predict", NET, "no_such_network", "--hw", HW, "--keep-going"]],
    "reconcile": [["reconcile", NET]],
    "sweep": [["sweep", "sweep.yaml", "-o", "swept"]],
    "search": [["search", "search.yaml", "-o", "searched"]],
    "validate": [["validate", HW, "--against", "measured.csv"]],
}  # fmt: skip
"""Verb to commands that between them print every part of its document."""

SLOW = {
    "guidelines": [["guidelines", "--hw", HW]],
    "reproduce": [["reproduce", "shufflenetv1"], ["reproduce", "matrix"]],
    "verify": [["verify", NET]],
}
"""The same where it takes long."""


def closed(schema):
    """The schema, with no key but those it names."""
    if isinstance(schema, dict):
        inner = {key: closed(value) for key, value in schema.items()}
        return inner | {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else inner
    return [closed(value) for value in schema] if isinstance(schema, list) else schema


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    (tmp_path / "search.yaml").write_text(SEARCH)
    (tmp_path / "measured.csv").write_text(f"network,latency_ms,threads\n{NET},8,1\n")


def hold(verb, commands, capsys, form=lambda schema: schema):
    validator = jsonschema.Draft202012Validator(form(json_schema(verb)))
    for command in commands:
        capsys.readouterr()
        assert run([*command, "--format", "json"]) in (0, 3), capsys.readouterr().err
        document = json.loads(capsys.readouterr().out)
        problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
        assert not problems, (command, problems[:5])


@pytest.mark.parametrize("verb", COMMANDS)
def test_what_a_verb_prints_has_the_form_it_promises(verb, capsys):
    hold(verb, COMMANDS[verb], capsys)


@pytest.mark.slow
@pytest.mark.parametrize("verb", SLOW | COMMANDS)
def test_no_verb_prints_a_key_that_its_schema_does_not_name(verb, capsys):
    hold(verb, (SLOW | COMMANDS)[verb], capsys, closed)


def test_every_verb_with_json_has_a_schema_and_a_command_here():
    registered = {
        verb.replace("_", " ")
        for verb in (*VERBS, "compare_measures", "hw_list", "nets_list")
        if "json" in plugins(reports_of(verb))
    }
    assert registered | {"analyze"} == set(DOCUMENTS) == {*COMMANDS, *SLOW}


def test_schemas_are_valid_and_say_what_is_missing(capsys):
    assert run(["schema"]) == 0
    schemas = json.loads(capsys.readouterr().out)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    with pytest.raises(jsonschema.ValidationError, match="'tool' is a required property"):
        jsonschema.validate({"schema_version": 1, "profiles": []}, schemas["hw list"])


def test_a_verb_without_json_is_one_line(capsys):
    assert run(["schema", "hw", "lst"]) == 1
    assert "did you mean hw list" in capsys.readouterr().err
