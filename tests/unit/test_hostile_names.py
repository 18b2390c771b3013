"""Names are data: none steers a terminal, ends a record or becomes a formula; a full output loses no file."""

import csv
import io
import json
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rc_context

import costsim
from costsim.cli import run
from costsim.errors import CostsimError, InputError, visible
from costsim.importers.json import from_dict
from costsim.report.formats.csv import csv_text
from costsim.report.formats.markdown import UNBROKEN
from costsim.report.formats.terminal import as_text, plain_table
from costsim.sweep.search import search

HOSTILE = ("[/]", "conv[relu]", "[link=http://example.com]x[/link]", "\x1b]0;title\x07\x1b[31mred", "=1+1", "@x",
           "a\nb", "a\r::error::b", "%0A", "]]>", "<x>&amp;", "\u202egnp.exe", "\ud800", ":smile:", "|a|`b`",
           "\x85\u2028")  # fmt: skip

names = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=12))


def network(name):
    layers = [
        {"name": "in", "type": "Input", "block": "", "inputs": [], "options": {"shape": [1, 3, 32, 32]}},
        {"name": f"{name} ", "type": "Conv2d", "block": name, "inputs": ["in"],
         "options": {"out_channels": 8, "kernel": [3, 3]}},
    ]  # fmt: skip
    return from_dict(
        {"format": "costsim network", "schema_version": 1, "name": name, "source": "x", "notes": [], "layers": layers}
    )


def harmless(text):
    """Whether nothing in it moves a cursor or hides; a number is held to its unit by a space that does not break."""
    return all(visible(line) == line for line in text.replace(UNBROKEN, " ").split("\n"))


@settings(max_examples=40)
@given(name=names)
@pytest.mark.parametrize("form", ["text", "json", "csv", "markdown"])
def test_a_report_of_a_hostile_name_is_harmless(form, name):
    text = costsim.analyze(network(name), "rpi4b").report(form)
    assert harmless(text)
    if form == "json":
        assert json.loads(text)["network"]["name"] == name
    if form == "csv":
        rows = list(csv.reader(io.StringIO(text)))
        assert len({len(row) for row in rows}) == 1
        assert not any(cell[:1] in ("=", "+", "@") for row in rows for cell in row)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["text", "junit", "sarif", "github"])
def test_findings_of_a_hostile_name_are_harmless(tmp_path, capsys, form, name):
    path = tmp_path / "net.json"
    path.write_text(json.dumps({
        "format": "costsim network", "schema_version": 1, "name": name, "source": "x", "notes": [], "layers": [
            {"name": "in", "type": "Input", "block": "", "inputs": [], "options": {"shape": [1, 64, 32, 32]}},
            {"name": name, "type": "Conv2d", "block": name, "inputs": ["in"],
             "options": {"out_channels": 8, "kernel": [3, 3], "groups": 8}},
        ],
    }))  # fmt: skip
    assert run(["check", str(path), "--hw", "rpi4b", "--format", form, "--assert", "latency_ms < 1e-9"]) == 3
    said = capsys.readouterr()
    assert harmless(said.out)
    assert harmless(said.err)
    if form == "junit":
        assert ET.fromstring(said.out).tag == "testsuites"
    if form == "github":
        assert all(line.startswith("::") for line in said.out.splitlines())


def test_markup_in_a_table_is_shown_as_it_is():
    table = plain_table(title="[/]")
    table.add_column("[bold]x")
    table.add_row("conv[relu]")
    shown = as_text(table, width=60)
    assert "conv[relu]" in shown
    assert "[bold]x" in shown


@pytest.mark.parametrize("name", [r"$\frac$", "$x$", "a$b", "\x1b[31m", "$$"])
def test_a_picture_of_a_hostile_name_is_drawn_letter_by_letter(name):
    from matplotlib.figure import Figure

    from costsim.report.pictures.plots import unmarked

    figure = Figure()
    figure.text(0, 0, unmarked(name), gid="name")
    svg = io.BytesIO()
    with rc_context({"svg.fonttype": "none"}):
        figure.savefig(svg, format="svg")
    drawn = "".join(ET.fromstring(svg.getvalue()).find(".//*[@id='name']").itertext()).strip()
    assert drawn == visible(name)


def test_names_of_columns_are_no_formulas():
    assert csv_text([{"=1+1": 1, "a": "-x"}]) == "'=1+1,a\n1,'-x\n"


def test_an_error_is_one_line_whatever_was_named(capsys):
    assert run(["analyze", "\x1b]0;x\x07\nnext", "--hw", "rpi4b"]) == 1
    said = capsys.readouterr().err
    assert harmless(said)
    assert said.count("\n") == 1


@given(st.text())
def test_what_is_visible_stays_so(text):
    assert visible(visible(text)) == visible(text)
    assert visible(text).isprintable()


def test_a_full_output_loses_no_file(tmp_path):
    command = [sys.executable, "-m", "costsim", "analyze", "squeezenet_1_1", "--hw", "rpi4b", "--html", "r.html"]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "costsim: standard output cannot be written: No space left on device"
    assert "Traceback" not in done.stderr
    assert (tmp_path / "r.html").stat().st_size > 1000
    both = [*command, "--trace", "t.json"]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        deaf = subprocess.run(both, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=full, check=False)
    assert deaf.returncode == 0
    assert (tmp_path / "t.json").stat().st_size > 1000
    closed = subprocess.run(["sh", "-c", '"$@" >&- 2>&-', "sh", *command], cwd=tmp_path, check=False)
    assert closed.returncode in (0, 1)


def test_a_search_stays_in_its_folder(tmp_path):
    spec = {"network": "squeezenet_1_1", "hw": "rpi4b", "axes": {"batch": [1, 2, 3]}, "evaluations": 3, "population": 2}
    search(spec, tmp_path / "out")
    before = (tmp_path / "out/best.parquet").read_bytes()
    with pytest.raises(InputError, match="another search"):
        search({**spec, "hw": "rpi5"}, tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/best.parquet").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        search(spec, tmp_path / "mine")
    assert (tmp_path / "out/best.parquet").read_bytes() == before
    assert (tmp_path / "mine/best.parquet").read_text() == "mine"


def onnx_model(nodes, functions):
    from onnx import TensorProto, helper

    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("my", 1)]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )  # fmt: skip
    made = [helper.make_function("my", name, ["a"], ["o"], body, opsets) for name, body in functions.items()]
    return helper.make_model(graph, opset_imports=opsets, functions=made)


def call(name, *operands):
    from onnx import helper

    return helper.make_node(name, list(operands[:-1]), [operands[-1]], domain="my")


def test_functions_of_a_model_are_measured_before_they_are_inlined():
    pytest.importorskip("onnx")
    from onnx import helper

    relu = [helper.make_node("Relu", ["a"], ["o"])]
    tenfold = {"F0": relu}
    for k in range(1, 9):
        steps = ["a", *(f"t{j}" for j in range(9)), "o"]
        tenfold[f"F{k}"] = [call(f"F{k - 1}", steps[j], steps[j + 1]) for j in range(10)]
    cases = {
        "nodes": ([call("F8", "x", "y")], tenfold),
        "calls itself": ([call("A", "x", "y")], {"A": [call("B", "a", "o")], "B": [call("A", "a", "o")]}),
        "too many operands": ([call("F", "x", "x", "y")], {"F": relu}),
    }
    for says, (nodes, functions) in cases.items():
        with pytest.raises(CostsimError, match=says):
            costsim.analyze(onnx_model(nodes, functions), "rpi4b")
    small = dict(list(tenfold.items())[:3])
    assert len(costsim.Network(onnx_model([call("F2", "x", "y")], small)).graph) > 100


def test_an_attribute_of_another_type_is_refused():
    pytest.importorskip("onnx")
    from onnx import AttributeProto, TensorProto, helper

    constant = helper.make_node("Constant", [], ["c"], value=helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0]))
    constant.attribute[0].type = AttributeProto.INT
    with pytest.raises(CostsimError, match="make no sense"):
        costsim.analyze(onnx_model([constant, helper.make_node("Add", ["x", "c"], ["y"])], {}), "rpi4b")
