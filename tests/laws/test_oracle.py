"""The op table's columns say what the readable oracle says, on random graphs and fusion rules."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from costsim.errors import InputError
from costsim.graph import LayerGraph, NetBuilder
from costsim.graph import layers as L
from costsim.lowering import lower
from costsim.lowering.lower import NEVER_EXECUTED
from costsim.tables.optable import MAC, OpTable
from tests.oracle.ops import Loops, OracleOp
from tests.strategies import CNN_LAYERS, layer_graphs

FUSING = (*CNN_LAYERS, L.ConvTranspose2d, L.Multiply, L.GlobalPool, L.ScatterAdd)
COUNTED = ("macs", "flops", "params", "input_elems", "output_elems", "weight_elems", "mem_access_elems")

LOOPS = {field.name: field.name for field in fields(Loops)[1:]} | {"c_in": "c_in_per_group", "c_out": "c_out_per_group"}
"""The oracle's word to the column's."""

ANCHORS = ("conv", "grouped_conv", "depthwise_conv", "conv_transpose", "add", "matmul", "batch_norm")
FOLLOWERS = ("batch_norm", "relu", "swish", "prelu", "add", "mul", "max_pool")


@st.composite
def lowered(draw: st.DrawFn) -> tuple[LayerGraph, OpTable]:
    """A random graph, lowered for a runtime with random fusion rules and views."""
    graph = draw(st.one_of(layer_graphs(max_layers=10), layer_graphs(layers=FUSING, max_layers=10)))
    fusion = draw(st.dictionaries(st.sampled_from(ANCHORS), st.sets(st.sampled_from(FOLLOWERS), min_size=3)))
    views = draw(st.sets(st.sampled_from(["reshape", "slice", "concat", "transpose"])))
    assume(any(node.layer.op not in {"input", *views, *NEVER_EXECUTED} for node in graph))
    return graph, lower(graph, fusion=fusion, views=views, elem_bytes=4.0, weight_elem_bytes=2.0)


@given(lowered())
@settings(max_examples=300)
def test_columns_count_what_the_oracle_counts(drawn: tuple[LayerGraph, OpTable]) -> None:
    graph, ops = drawn
    for row, label in enumerate(ops.labels):
        op = OracleOp(graph, label)
        columns = {name: getattr(ops, name)[row, 0] for name in COUNTED}
        assert columns == {name: getattr(op, name) for name in COUNTED}, label
        loops = {word: getattr(ops, column)[row, 0] for word, column in LOOPS.items()}
        assert loops == {word: getattr(op.loops, word) for word in LOOPS}, label
        assert (ops.kind[row, 0] == MAC) == op.loops.multiplies


def test_a_network_of_views_is_refused() -> None:
    net = NetBuilder("views")
    net.dropout(net.flatten(net.input(1, 3, 8, 8)))
    with pytest.raises(InputError, match="views: executes nothing"):
        lower(net.graph, fusion={}, views=["reshape"], elem_bytes=4.0, weight_elem_bytes=4.0)


@given(lowered())
@settings(max_examples=100)
def test_every_layer_is_executed_once_or_is_a_view(drawn: tuple[LayerGraph, OpTable]) -> None:
    graph, ops = drawn
    executed = [name for label in ops.labels for name in label.layers]
    assert len(executed) == len(set(executed))
    rest = {node.layer.op for node in graph if node.name not in executed}
    assert rest <= {"input", "reshape", "slice", "concat", "transpose", *NEVER_EXECUTED}


@given(lowered())
@settings(max_examples=100)
def test_the_loops_are_the_multiply_accumulates(drawn: tuple[LayerGraph, OpTable]) -> None:
    _, ops = drawn
    loops = ops.n * ops.groups * ops.c_out_per_group * ops.h_out * ops.w_out
    loops = loops * ops.c_in_per_group * ops.kernel_h * ops.kernel_w
    np.testing.assert_array_equal(np.where(ops.kind == MAC, loops, 0), ops.macs)


@given(lowered())
@settings(max_examples=100)
def test_ops_run_after_what_they_read(drawn: tuple[LayerGraph, OpTable]) -> None:
    _, ops = drawn
    assert all(producer < row for row, producers in enumerate(ops.producers) for producer in producers)
