"""Attention as one layer of a CPU runtime."""

import numpy as np
import pytest

from costsim.devices import RunConfig
from costsim.devices.cpu.attention import attention_of
from costsim.devices.cpu.machine import CpuMachine
from costsim.devices.cpu.priced_rows import work_of
from costsim.graph import NetBuilder
from costsim.graph import layers as L
from costsim.hardware import load_profile
from costsim.importers.ncnn import load_ncnn
from costsim.simulate import lower_for, simulate
from tests.laws.test_device_oracles import check_against_oracle

PARAM = """7767517
4 4
Input input 0 1 x
MultiHeadAttention attention 1 1 x a 0=96 1=3 2=9216
InnerProduct mlp 1 1 a m 0=96 1=1 2=9216
Softmax classes 1 1 m y 0=1
"""


@pytest.fixture
def graph(tmp_path):
    path = tmp_path / "attention.param"
    path.write_text(PARAM)
    return load_ncnn(path, input_size=(33, 96))


@pytest.mark.parametrize(("board", "threads"), [("rpi4b", 4), ("rpi5", 1), ("epyc_zen4", 1)])
def test_columns_cost_what_the_oracle_costs(graph, board, threads):
    check_against_oracle(simulate(graph, load_profile(board), RunConfig("fp32", threads)))


def test_projections_are_panels_and_layers_outside_stream_their_weights(graph):
    board = load_profile("rpi4b")
    ops = lower_for(graph, board, RunConfig("fp32"))
    streams = work_of(ops, CpuMachine.of(board, RunConfig("fp32"))).weight_streams[:, 0]
    linear = {label.name: streams[row] for row, label in enumerate(ops.labels) if label.op == "linear"}
    assert linear.pop("mlp") == 33
    assert len(linear) == 4
    assert set(linear.values()) == {0}


def test_nothing_is_transposed_or_scaled_apart(graph):
    simulation = simulate(graph, load_profile("rpi4b"), RunConfig("fp32"))
    absorbed = attention_of(simulation.ops, as_one_layer=True).absorbed[:, 0]
    assert {simulation.ops.labels[row].op for row in np.flatnonzero(absorbed)} == {"transpose", "mul"}
    assert np.all(simulation.costs.latency_s[absorbed] == 0)
    assert np.all(simulation.costs.latency_s[~absorbed] > 0)


def test_heads_run_side_by_side(graph):
    board = load_profile("rpi4b")
    ops = lower_for(graph, board, RunConfig("fp32"))
    items = work_of(ops, CpuMachine.of(board, RunConfig("fp32", 4))).items[:, 0]
    assert {items[row] for row, label in enumerate(ops.labels) if label.op == "matmul"} == {3}


def test_what_is_read_elsewhere_too_is_written():
    net = NetBuilder("scores")
    x = net.input(1, 4, 16, 16)
    scaled = net.multiply(net.add(L.MatMul(), x, x), x)
    net.add_tensors(net.add(L.MatMul(), net.add(L.Softmax(axis=3), scaled), x), scaled)
    board = load_profile("rpi4b")
    found = attention_of(lower_for(net.graph, board, RunConfig("fp32")), as_one_layer=True)
    assert found.inside.sum() == 4
    assert not found.absorbed.any()


def test_products_without_a_softmax_are_no_attention():
    net = NetBuilder("products")
    x = net.input(1, 4, 16, 16)
    net.add(L.MatMul(), net.add(L.MatMul(), x, x), x)
    ops = lower_for(net.graph, load_profile("rpi4b"), RunConfig("fp32"))
    assert not attention_of(ops, as_one_layer=True).inside.any()
