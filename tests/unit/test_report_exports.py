"""Trace, Model Explorer files, Markdown and pictures, against the rules of their formats."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib.image import imread

import costsim
from costsim import Analysis, InputError, NetBuilder
from costsim.cli import run
from costsim.report.formats.excel import tables_to_excel
from costsim.report.formats.markdown import to_markdown
from costsim.report.formats.model_explorer import METRICS, graph_collection, node_data, write_model_explorer
from costsim.report.formats.trace import MEASURED, OPS, PROCESS, to_trace
from costsim.report.pictures.plots import save_plots
from costsim.units import format_milliseconds

NAME = '<b>|`x`$y$</b> "größe" מודל'


@pytest.fixture(scope="module", params=["arm_a53", "embedded_buffer", "gtx_1080ti"])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    return costsim.analyze("shufflenet_v2_0.5x", request.param)


@pytest.fixture(scope="module")
def hostile() -> Analysis:
    net = NetBuilder(NAME)
    with net.block(NAME):
        net.conv(net.input(1, 3, 8, 8), 4, 3)
    return costsim.analyze(net.graph, "arm_a53")


# ---- trace: "Trace Event Format" (Google, 2016) -----------------------------------------------------


@pytest.fixture(scope="module", params=["predicted", "measured too"])
def trace(request: pytest.FixtureRequest, analysis: Analysis) -> dict[str, Any]:
    measured = None
    if request.param == "measured too":
        pytest.importorskip("torch")
        from costsim.reference import measure

        measured = measure(analysis.simulation.graph, repeats=1, passes=1, pause_s=0)
    return json.loads(to_trace(analysis, measured))


def slices(trace: dict[str, Any], process: int) -> list[dict[str, Any]]:
    """Of the track of ops."""
    found = [event for event in trace["traceEvents"] if (event["ph"], event.get("tid")) == ("X", OPS)]
    return [event for event in found if event["pid"] == process]


def test_every_event_has_what_its_phase_needs(trace: dict[str, Any]) -> None:
    assert trace["displayTimeUnit"] in ("ms", "ns")
    needs: dict[str, dict[str, type | tuple[type, ...]]] = {
        "X": {"name": str, "cat": str, "pid": int, "tid": int, "ts": (int, float), "dur": (int, float), "args": dict},
        "C": {"name": str, "pid": int, "ts": (int, float), "args": dict},
        "M": {"name": str, "pid": int, "args": dict},
    }
    assert {event["ph"] for event in trace["traceEvents"]} == set(needs)
    for event in trace["traceEvents"]:
        for field, kind in needs[event["ph"]].items():
            assert isinstance(event[field], kind), (event, field)
        if event["ph"] == "X":
            assert event["ts"] >= 0 and event["dur"] >= 0
        if event["ph"] == "C":
            assert all(isinstance(value, (int, float)) for value in event["args"].values())


def test_slices_of_a_track_do_not_overlap(trace: dict[str, Any]) -> None:
    found = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    for _, track in groupby(sorted(found, key=lambda e: (e["pid"], e["tid"], e["ts"])), lambda e: (e["pid"], e["tid"])):
        end = 0.0
        for event in track:
            assert event["ts"] >= end * (1 - 1e-9)
            end = event["ts"] + event["dur"]


def test_the_ops_of_the_trace_take_the_latency(analysis: Analysis, trace: dict[str, Any]) -> None:
    events, ops = trace["traceEvents"], slices(trace, PROCESS)
    assert [event["name"] for event in ops] == [record["name"] for record in analysis.layer_records]
    assert sum(event["dur"] for event in ops) == pytest.approx(analysis.latency_ms * 1e3)
    named = {(event["pid"], event["tid"]) for event in events if event["name"] == "thread_name"}
    assert {(event["pid"], event["tid"]) for event in events if event["ph"] == "X"} <= named


def test_the_measured_track_has_the_same_ops_in_the_same_order(analysis: Analysis) -> None:
    pytest.importorskip("torch")
    from costsim.reference import measure

    graph = analysis.simulation.graph
    measured = measure(graph, repeats=1, passes=1, pause_s=0)
    trace = json.loads(to_trace(analysis, measured))
    assert trace["otherData"]["measured"] == measured.where
    track = slices(trace, MEASURED)
    names = {record["name"] for record in analysis.layer_records}
    assert [event["name"] for event in track if event["name"] in names] == [r["name"] for r in analysis.layer_records]
    assert sorted(layer for event in track for layer in event["args"]["layers"]) == sorted(n.name for n in graph)
    assert sum(e["dur"] for e in track) == pytest.approx(1e6 * sum(t.latency_s for t in measured.nodes.values()))
    predicted_us = {event["name"]: event["dur"] for event in slices(trace, PROCESS)}
    for event in track:
        assert event["args"]["predicted_ms"] * 1e3 == pytest.approx(predicted_us.get(event["name"], 0.0))
        own_s = sum(measured.nodes[layer].latency_s for layer in event["args"]["layers"])
        assert event["dur"] == pytest.approx(event["args"]["measured_ms"] * 1e3) == pytest.approx(own_s * 1e6)


# ---- Model Explorer: graph_builder.py and node_data_builder.py of ai-edge-model-explorer 0.1.34 -----


def test_the_graph_follows_the_format(analysis: Analysis) -> None:
    collection = graph_collection(analysis)
    assert set(collection) == {"label", "graphs"}
    for graph in collection["graphs"]:
        ids = [node["id"] for node in graph["nodes"]]
        assert len(set(ids)) == len(ids) == len(analysis.simulation.graph)
        for node in graph["nodes"]:
            assert set(node) <= {"id", "label", "namespace", "attrs", "incomingEdges"}
            assert all(isinstance(node[field], str) for field in ("id", "label", "namespace"))
            assert all(isinstance(a["key"], str) and isinstance(a["value"], str) for a in node["attrs"])
            assert all(edge["sourceNodeId"] in ids for edge in node["incomingEdges"])
            for edge in node["incomingEdges"]:
                assert set(edge) == {"sourceNodeId", "sourceNodeOutputId", "targetNodeInputId"}
                assert all(isinstance(value, str) for value in edge.values())


@pytest.mark.parametrize("metric", METRICS)
def test_node_data_follow_the_format_and_fit_the_graph(analysis: Analysis, metric: str) -> None:
    graph = graph_collection(analysis)["graphs"][0]
    data = node_data(analysis, metric)
    assert list(data) == [graph["id"]]
    values = data[graph["id"]]
    assert set(values) == {"name", "results", "gradient"}
    assert set(values["results"]) <= {node["id"] for node in graph["nodes"]}
    assert sum(result["value"] for result in values["results"].values()) == pytest.approx(analysis.summary[metric])
    assert [stop["stop"] for stop in values["gradient"]][:: len(values["gradient"]) - 1] == [0, 1]


# ---- Markdown ---------------------------------------------------------------------------------------


def test_markdown_has_the_totals_and_whole_tables(analysis: Analysis) -> None:
    text = to_markdown(analysis)
    assert format_milliseconds(analysis.latency_ms) in text
    for _, rows in groupby(text.splitlines(), lambda line: line.startswith("|")):
        assert len({row.count("|") for row in rows if row.startswith("|")}) <= 1


def test_markdown_keeps_names_from_being_markup(hostile: Analysis) -> None:
    text = to_markdown(hostile)
    assert "<b>" not in text and "&lt;b&gt;\\|\\`x\\`" in text


# ---- pictures ---------------------------------------------------------------------------------------


def test_plots_are_pictures_with_something_in_them(analysis: Analysis, tmp_path: Path) -> None:
    written = save_plots(analysis, tmp_path / "plots")
    assert {path.name for path in written} == {
        f"{name}.{suffix}" for name in ("roofline", "breakdown", "memory") for suffix in ("png", "svg")
    }
    for path in written:
        if path.suffix == ".png":
            assert imread(path)[..., :3].std() > 0.05
        else:
            assert len(list(ET.parse(path).iter("{http://www.w3.org/2000/svg}path"))) > 5


def test_a_style_of_matplotlib_sets_size_and_formats(analysis: Analysis, tmp_path: Path) -> None:
    style = tmp_path / "paper.mplstyle"
    style.write_text("figure.figsize: 3.5, 2.4\nfigure.dpi: 100  # of the PNG\nsavefig.format: pdf\n")
    first, second = (save_plots(analysis, tmp_path / name, str(style)) for name in "ab")
    assert {path.suffix for path in first} == {".png", ".svg", ".pdf"}
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert int.from_bytes(first[0].read_bytes()[16:20]) == 350
    for text, said in (("font.sice: 3", "did you mean font.size"), ("font.size: much", "font.size: ")):
        style.write_text(text)
        with pytest.raises(InputError, match=said):
            save_plots(analysis, tmp_path / "c", str(style))
    assert not (tmp_path / "c").exists()


def test_a_verb_writes_what_its_csv_has_beside_its_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("openpyxl")
    assert run(["nets", "list", "shufflenet_v2_1x", "--excel", str(tmp_path / "n.xlsx")]) == 0
    names = capsys.readouterr().out.split()
    assert list(pd.read_excel(tmp_path / "n.xlsx")["name"]) == names


def test_a_workbook_has_a_sheet_a_table_and_the_numbers_of_the_csv(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    tables_to_excel("table,name,ms\nbest,'=1+1,2.5\nfront,b,3\n", tmp_path / "t.xlsx")
    sheets = pd.read_excel(tmp_path / "t.xlsx", sheet_name=None)
    assert {name: rows.to_dict("records") for name, rows in sheets.items()} == {
        "best": [{"name": "'=1+1", "ms": 2.5}], "front": [{"name": "b", "ms": 3}],
    }  # fmt: skip
    tables_to_excel("table,ms\nTable 1: a name no sheet can have,2\n", tmp_path / "t.xlsx")
    assert pd.read_excel(tmp_path / "t.xlsx", sheet_name=None)["costsim"].shape == (1, 2)
    with pytest.raises(InputError, match=r"end its name in \.xlsx"):
        tables_to_excel("a\n1\n", tmp_path / "t.csv")


def test_the_same_picture_is_the_same_file(hostile: Analysis, tmp_path: Path) -> None:
    first, second = (save_plots(hostile, tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


# ---- the command line -------------------------------------------------------------------------------


def test_every_file_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"--html": "r.html", "--plots": "plots", "--trace": "trace.json", "--model-explorer": "explorer"}
    options = [part for option, name in files.items() for part in (option, str(tmp_path / name))]
    assert run(["analyze", "alexnet", "--hw", "rpi4b", "--format", "markdown", *options]) == 0
    assert capsys.readouterr().out.startswith("### alexnet on Raspberry Pi 4")
    assert {path.name for path in tmp_path.iterdir()} == set(files.values())


@pytest.mark.parametrize("option", ["--plots", "--trace", "--model-explorer"])
def test_a_path_that_cannot_be_written_still_prints_the_result(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run(["analyze", "alexnet", "--hw", "arm_a53", option, str(tmp_path / "file" / "below")]) == 1
    printed = capsys.readouterr()
    assert "latency" in printed.out and printed.err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_disk_that_fills_up_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("costsim.files.Path.replace", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_model_explorer(costsim.analyze("alexnet", "arm_a53"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_measurement_needs_a_trace_to_stand_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["analyze", "alexnet", "--hw", "rpi4b", "--measure", "torch"]) == 1
    error = capsys.readouterr().err
    assert error == "costsim: --measure: measurements are shown in the trace; name its file: --trace FILE\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze", "alexnet", "--hw", "rpi4b", "--trace", "TRACE", "--measure", "torch"],
        ["validate", "arm_a53", "alexnet", "--against", "torch"],
    ],
)
def test_without_torch_a_measurement_is_one_clear_line(arguments: list[str], tmp_path: Path) -> None:
    target = tmp_path / "trace.json"
    arguments = [str(target) if word == "TRACE" else word for word in arguments]
    code = f"import sys; sys.modules['torch'] = None; from costsim.cli import run; sys.exit(run({arguments!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "costsim: torch is not installed; pip install 'costsim[torch]'\n")
    assert not target.exists()
