"""What is no number, no tree and no text ends in one line wherever it comes in."""

import errno
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import costsim
from costsim.calibrate.measurements import read_measurements
from costsim.cli import run
from costsim.cli.patient import patient
from costsim.diff.baseline import read_baseline
from costsim.errors import CostsimError, InputError
from costsim.files import working_folder
from costsim.hardware import load_profile
from costsim.jsonfile import read_json
from costsim.limits import parse_assertion
from costsim.units import LARGEST, parse_quantity
from costsim.yamlfile import parse_yaml, read_yaml

NOT_FINITE = ("1e999", "9" * 400, "-" + "9" * 400, "1e31", "1e-31", "1e-320")


def refused(action, *arguments, **options):
    """The one line in which it is refused."""
    with pytest.raises(CostsimError) as error:
        action(*arguments, **options)
    text = str(error.value)
    assert "\n" not in text
    assert len(text) < 500
    return text


@pytest.mark.parametrize("number", NOT_FINITE)
@pytest.mark.parametrize("unit", ["Hz", "B", "B/s", "s", "J", "W"])
def test_a_quantity_is_a_number_to_reckon_with(number, unit):
    assert "is " in refused(parse_quantity, f"{number} {unit}", unit)


@given(st.floats(1 / LARGEST, LARGEST))
def test_every_other_quantity_is_taken(value):
    assert parse_quantity(f"{value!r} Hz", "Hz") == value


@pytest.mark.parametrize("number", [*NOT_FINITE[:5], ".nan", ".inf", "-.inf"])
@pytest.mark.parametrize("field", ["fitted.step_ratio", "fitted.layer_overhead", "hardware.clock"])
def test_a_profile_holds_finite_numbers(tmp_path, field, number):
    hw = "gtx_1080ti" if "step" in field else "rpi4b"
    block, name = field.split(".")
    path = tmp_path / "p.yaml"
    path.write_text(f"extends: {hw}\n{block}: {{{name}: {{value: {number}, source: x}}}}\n"
                    "sources: {x: {kind: estimated, text: x}}\n")  # fmt: skip
    assert name in refused(load_profile, path)


@pytest.mark.parametrize(
    "tree",
    [
        "sources: 5", "sources: {a: 5}", "hardware: text", "hardware: [1]", "runtime: 3", "calibration: 1", "fitted: x",
        "family: 3", "family: {a: 1}", "1: 2", "hardware: {1: 2}", "extends: [a]", "extends: 5", "name: [1]",
        "hardware: {clock: {value: 1 GHz, source: [a]}}", "calibration: !!float fitted", "runtime: {dtypes: []}",
        "aliases: 5", "title: {a: b}", "hardware: !!int x", "fitted: {hardware: 5}", "schema_version: .nan",
        "extends: " + "x" * 300, "hardware: &a [*a]", "a: !!timestamp 9", "a: 2001-99-99", "? [a]\n: b", "[" * 3000,
    ],
)  # fmt: skip
def test_a_profile_of_other_types_is_refused(tmp_path, tree):
    path = tmp_path / "p.yaml"
    path.write_text(tree if tree.startswith(("extends", "[")) else f"extends: rpi4b\n{tree}\n")
    refused(load_profile, path)


@given(st.text(max_size=40))
def test_yaml_is_a_tree_or_refused(text):
    try:
        parse_yaml(text, "x")
    except InputError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "value", ["{[", '"', "@x", "&a *b", "!!python/object:x", "%", "[]", "1e999GHz", ".nan", "9" * 5000]
)
@pytest.mark.parametrize("key", ["clock", "dtypes", "hardware.cores", "fitted.layer_overhead"])
def test_a_setting_is_one_line(capsys, key, value):
    assert run(["analyze", "squeezenet_1_1", "--hw", "rpi4b", "--set", f"{key}={value}"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "text", ["1e999", "-1e999", "NaN", "[Infinity]", "9" * 400, "9" * 5000, '{"a": 1, "a": 2}', "[" * 100_000, "", "\0"]
)
def test_json_is_finite(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    refused(read_json, path, "mend it")
    refused(read_baseline, path)
    refused(costsim.analyze, str(path), "rpi4b")


@given(value=st.sampled_from([10**30, 2**31, 10**400, -1, 0, 1.5, "3", [1, 2], [1, 2, 3], None, {}, True, [[1, 1], 1]]),
       option=st.sampled_from(["out_channels", "groups", "kernel", "stride", "padding", "dilation"]))  # fmt: skip
def test_an_option_of_a_layer_is_a_number_or_refused(tmp_path_factory, value, option):
    options = {"out_channels": 16, "kernel": [3, 3], "padding": 1} | {option: value}
    layers = [
        {"name": "in", "type": "Input", "block": "", "inputs": [], "options": {"shape": [1, 16, 8, 8]}},
        {"name": "c", "type": "Conv2d", "block": "", "inputs": ["in"], "options": options},
    ]
    tree = {"format": "costsim network", "schema_version": 1, "name": "n", "source": "x", "notes": [], "layers": layers}
    path = tmp_path_factory.mktemp("net") / "n.json"
    path.write_text(json.dumps(tree))
    try:
        costsim.analyze(str(path), "rpi4b").report("json")
    except InputError as error:
        assert "\n" not in str(error)


def test_sizes_beyond_any_tensor_are_refused():
    refused(costsim.analyze, "squeezenet_1_1", "rpi4b", batch=10**300)
    refused(costsim.analyze, "squeezenet_1_1", "rpi4b", input_size=f"3x{'9' * 400}x8")
    refused(costsim.analyze, "squeezenet_1_1", "rpi4b", input_size=(3, 2**40, 8))


@pytest.mark.parametrize(
    "text",
    [
        "mobilenet  min =  1.0.4  max =  105.9  avg =  105.2\n",
        "mobilenet  min =  .  max =  .  avg =  .\n",
        "mobilenet  min =  1e999  max =  1  avg =  1\n",
        "Graph: [resnet18.tflite]\nInference (avg): 1e\n",
        "Graph: [resnet18.tflite]\nInference (avg): e+\n",
        "network,latency_ms,threads\nresnet18,1,²\n",
        "network,latency_ms,threads\nresnet18,1," + "9" * 5000,
        "network,latency_ms\nresnet18,1e999\n",
        "network,latency_ms\nresnet18,nan\n",
        "network,latency_ms\n" + "x" * 200_000 + ",1",
        "network,latency_ms\nresnet18\n",
    ],
)
def test_measurements_are_numbers(tmp_path, text):
    path = tmp_path / "m.csv"
    path.write_text(text)
    refused(read_measurements, path)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
@pytest.mark.parametrize("suffix", [".onnx", ".json", ".param", ".tflite"])
def test_a_path_that_cannot_be_is_refused(name, suffix):
    assert "cannot be read" in refused(costsim.analyze, f"./{name}{suffix}", "rpi4b")
    assert "cannot be read" in refused(costsim.analyze, "squeezenet_1_1", f"./{name}.yaml")
    refused(read_yaml, f"./{name}.yaml")


def test_standard_streams_that_were_closed_before_the_start(monkeypatch, capsys):
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{name}", None)
    assert run(["predict", "-", "--hw", "rpi4b"]) == 1
    assert capsys.readouterr().err.startswith("costsim: stdin: is closed")
    with patient("stdout") as problem:
        print("payload")
    assert problem[0].errno == errno.EBADF


def test_a_list_on_standard_input_is_text(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="utf-8"))
    assert run(["predict", "-", "--hw", "rpi4b"]) == 1
    assert "not text" in capsys.readouterr().err


def test_a_working_folder_that_was_removed(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert "working folder" in refused(working_folder)


@pytest.mark.parametrize("limit", ["latency_ms < 1e999", "latency_ms < 9e31 ms", "macs <= 1e400", "latency_ms < ١"])
def test_limits_are_finite(limit):
    refused(parse_assertion, limit)


def test_an_error_is_one_line_whatever_stands_in_it():
    assert str(InputError("a\nb", where="c\rd", mend="e\x1bf")) == "c\\rd: a\\nb; e\\x1bf"
    assert str(CostsimError("a\nb")) == "a\\nb"
