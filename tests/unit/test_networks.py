"""The zoo against a table of exact counts, recounted from the sources the table names."""

import csv
from pathlib import Path

import pytest

from costsim.networks import build, network_names

TABLE = Path(__file__).parents[1] / "data" / "networks.csv"

with TABLE.open(newline="") as file:
    ROWS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['network']}-{row['input_shape']}")
def test_network_matches_its_published_counts(row):
    input_shape = tuple(int(dim) for dim in row["input_shape"].split("x"))
    graph = build(row["network"], input_shape=input_shape)
    assert graph.input_shape == input_shape
    assert round(graph.total_macs / 1e6, 3) == float(row["macs_millions"])
    slopes = sum(graph.params(node) for node in graph if node.layer.op == "prelu")
    params = graph.total_params - slopes  # the table holds weights, biases and batch norm; VarGFaceNet has PReLU too
    assert params / 1e6 == pytest.approx(float(row["params_millions"]), rel=1e-3)


@pytest.mark.parametrize("name", network_names())
def test_network_builds_under_its_own_name(name):
    graph = build(name)
    assert graph.name == name
    assert graph.valid is True
    assert len(graph.outputs) >= 1
    assert graph.total_macs > 0
