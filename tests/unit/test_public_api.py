import json
import subprocess
import sys

import pandas as pd
import pytest

import costsim

EXPORTED = {
    "__version__",
    "Advice",
    "Analysis",
    "AssertionFailedError",
    "CostTable",
    "CostsimError",
    "DeviceModel",
    "DoesNotFitError",
    "InputError",
    "LayerGraph",
    "NetBuilder",
    "Network",
    "OpTable",
    "Predictor",
    "Profile",
    "RunConfig",
    "Simulation",
    "advise",
    "analyze",
    "explore",
    "load_profile",
    "network_names",
    "profile_names",
    "summary",
    "verify",
}


def test_exported_names_are_these_and_no_others():
    assert set(costsim.__all__) == EXPORTED
    assert all(hasattr(costsim, name) for name in EXPORTED)


@pytest.fixture(scope="module")
def analysis():
    return costsim.analyze("shufflenet_v2_1x", "arm_a53")


def test_tables_are_data_frames_that_add_up(analysis):
    assert all(isinstance(frame, pd.DataFrame) for frame in (analysis.totals, analysis.layers, analysis.blocks))
    for column in ("macs", "params", "flops", "latency_ms", "dram_bytes", "mem_access_elems"):
        total = analysis.totals.loc["shufflenet_v2_1x", column]
        assert analysis.layers[column].sum() == pytest.approx(total)
        assert analysis.blocks[column].sum() == pytest.approx(total)


def test_document_has_the_promised_keys(analysis):
    document = json.loads(json.dumps(analysis.to_dict()))
    assert set(document) >= {
        "schema_version", "tool", "mode", "network", "hardware", "totals", "layers", "blocks", "guidelines", "warnings",
    }  # fmt: skip
    assert set(document["tool"]) == {"name", "version"}
    assert set(document["network"]) >= {"name", "source", "input_shape", "dtype"}
    assert set(document["hardware"]) >= {"name", "family", "profile", "threads", "calibration"}
    assert set(document["totals"]) >= {
        "params", "macs", "flops", "mem_access_elems", "latency_ms", "latency_low_ms", "latency_high_ms",
        "dram_bytes", "weight_bytes", "peak_activation_bytes", "energy_mj", "coverage_ratio",
    }  # fmt: skip
    assert set(document["layers"][0]) >= {
        "name", "op", "block", "output_shape", "params", "macs", "flops", "mem_access_elems", "intensity",
        "latency_ms", "bound", "ceilings_ms",
    }  # fmt: skip


def test_unknown_values_are_null_with_a_reason(analysis):
    document = analysis.to_dict()
    for key, value in document["totals"].items():
        assert (value is None) == (key in document["unknown"]), key


def test_networkx_graph_carries_the_costs(analysis):
    graph = analysis.to_networkx()
    total = sum(data.get("latency_ms", 0.0) for _, data in graph.nodes(data=True))
    assert total == pytest.approx(analysis.latency_ms)


def test_network_takes_names_graphs_and_networks():
    by_name = costsim.Network("shufflenet_v2_1x")
    assert costsim.Network(by_name.graph).macs == costsim.Network(by_name).macs == by_name.macs == 145_814_296
    assert by_name.params == 2_278_760


def test_a_smaller_input_costs_less(analysis):
    small = costsim.analyze("shufflenet_v2_1x", "arm_a53", input_size=(3, 160, 160))
    assert small.latency_ms < analysis.latency_ms
    assert small.summary["params"] == analysis.summary["params"]


@pytest.mark.parametrize("output", ["text", "json", "csv"])
def test_start_up_imports_nothing_heavy(output):
    code = (
        "import sys; from costsim.cli import run;"
        f"assert run(['analyze', 'shufflenet_v2_1x', '--hw', 'arm_a53', '--format', '{output}']) == 0;"
        "heavy = {'torch', 'pandas', 'matplotlib', 'networkx', 'onnx', 'jinja2', 'scipy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
