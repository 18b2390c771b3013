"""A law: a point of a sweep is ``costsim analyze`` of that point, to the last digit."""

import pathlib
from itertools import permutations

import numpy as np
import pytest

import costsim
from costsim.measures import BY_NAME
from costsim.sweep.engine import DOES_NOT_FIT, IMPOSSIBLE, PRICED, Engine
from costsim.sweep.metrics import COST_METRICS, OP_METRICS
from costsim.sweep.spec import load_spec

NETWORK_SPACE = {
    "network": ["mobilenet_v1_1x", "vargnet_v1_1x", "shufflenet_v1_g3_1x"],
    "hw": ["rpi4b", "gtx_1080ti", "embedded_buffer"],
    "axes": {"network.width": [0.25, 0.5, 0.75, 1.0, 1.5], "input_size": [96, 160, 224], "batch": [1, 2]},
    "sample": {"points": 100, "method": "random", "seed": 3},
}

HARDWARE_SPACE = {
    "network": ["shufflenet_v2_1x"],
    "hw": ["rpi4b", "gtx_1080ti", "embedded_buffer"],
    "axes": {
        "hardware.memory.dram.bandwidth": "8 GB/s .. 1024 GB/s log2",
        "hardware.clock": "500 MHz .. 2 GHz x 4",
    },
}

PLAN_SPACE = {
    "network": ["vargnet_v1_1x"],
    "hw": ["embedded_buffer"],
    "axes": {
        "hardware.memory.dram.bandwidth": "0.1 GB/s .. 51.2 GB/s log2",
        "hardware.clock": "100 MHz .. 1 GHz x 4",
    },
}


def analyzed(point, table):
    """The summary of one point of a sweep's table, by ``costsim.analyze``."""
    axes = {name: column[point] for name, column in table.items()}
    options = {n.removeprefix("network."): v.item() for n, v in axes.items() if n.startswith("network.")}
    graph = costsim.networks.build(axes["network"], **options)
    if "input_size" in axes:
        size = int(axes["input_size"])
        graph = graph.with_input(int(axes["batch"]), 3, size, size)
    units = {"bandwidth": "B/s", "clock": "Hz"}
    settings = {n: f"{v.item()!r} {units[n.split('.')[-1]]}" for n, v in axes.items() if n.startswith("hardware.")}
    found = costsim.analyze(graph, axes["hw"], settings=settings)
    return found.summary | found.measures


@pytest.mark.parametrize("space", [NETWORK_SPACE, HARDWARE_SPACE, PLAN_SPACE], ids=["networks", "devices", "plans"])
def test_points_equal_analyze_to_the_last_digit(space):
    spec = load_spec({**space, "metrics": list(BY_NAME)})
    table = Engine(spec).price(0, spec.space.points)
    assert (table["outcome"] == PRICED).sum() >= 40
    for point in range(spec.space.points):
        if table["outcome"][point] == DOES_NOT_FIT:
            with pytest.raises(costsim.DoesNotFitError):
                analyzed(point, table)
        elif table["outcome"][point] == IMPOSSIBLE:
            with pytest.raises(costsim.InputError):
                analyzed(point, table)
        else:
            summary = analyzed(point, table)
            for metric in (*OP_METRICS, *COST_METRICS, *BY_NAME):
                found = table[metric][point]
                wanted = np.nan if summary[metric] is None else summary[metric]
                found = round(found) if isinstance(wanted, int) else found
                np.testing.assert_array_equal(found, wanted, err_msg=f"{metric} of point {point}")
            assert table["bound"][point] == summary["bound"]


def test_every_device_has_the_plan_that_is_fastest_on_it():
    table = Engine(load_spec(PLAN_SPACE)).price(0, 40)
    assert len(np.unique(table["dram_bytes"])) > 1


@pytest.mark.parametrize("axes", [{}, {"batch": [1, 2]}, {"hardware.clock": "1 GHz .. 2 GHz x 2"}], ids=str)
def test_profiles_of_one_name_with_other_rules_are_told_apart(axes, tmp_path: pathlib.Path):
    fusing = (tmp_path / "fusing.yaml", "schema_version: 1\nextends: rpi4b\nname: mine\n")
    plain = (tmp_path / "plain.yaml", fusing[1] + "runtime:\n  fusion: {conv: [], depthwise_conv: [], linear: []}\n")
    viewing = (tmp_path / "viewing.yaml", plain[1] + "  views: []\n")
    for path, text in (fusing, plain, viewing):
        path.write_text(text)
    alone = {str(path): costsim.analyze("shufflenet_v2_1x", path).summary["latency_ms"] for path, _ in (fusing, plain)}
    assert len(set(alone.values())) == 2
    spaces = [
        {"network": ["shufflenet_v2_1x", "shufflenet_v2_0.5x"], "hw": list(order), "axes": axes}
        for order in permutations(str(path) for path, _ in (fusing, plain, viewing))
    ]
    tables = []
    for space in spaces:
        spec = load_spec(space)
        table = Engine(spec).price(0, spec.space.points)
        key = list(zip(*(table[name].tolist() for name in ("network", "hw", *axes)), strict=True))
        tables.append(dict(zip(key, table["latency_ms"].tolist(), strict=True)))
    assert all(table == tables[0] for table in tables)
    if not axes:
        assert {hw: tables[0]["shufflenet_v2_1x", hw] for hw in alone} == alone
