"""Tensors that stay in registers, and those automatic mixed precision keeps in fp32."""

import numpy as np
import pytest

from costsim.devices.base import RunConfig
from costsim.devices.gpu.joined import joined
from costsim.graph import NetBuilder
from costsim.graph import layers as L
from costsim.hardware import load_profile
from costsim.importers.attention import attention
from costsim.importers.writer import GraphWriter
from costsim.simulate import lower_for


def kernels(graph, runtime, dtype="fp16", **settings):
    profile = load_profile("rtx_5090", settings, runtime=runtime)
    run = RunConfig(dtype, 1)
    ops = lower_for(graph, profile, run)
    return ops, joined(ops, profile.runtime, run.elem_bytes)


def attention_graph():
    writer = GraphWriter("heads", source="test", where="heads")
    with writer.node("q", "input"):
        x = writer.add(L.Input((8, 4, 64, 32)))
    with writer.node("attention", "attention"):
        attention(writer, x, x, x)
    return writer.finish()


def residual_graph():
    """A sum that two readers take: the activation behind it and the sum at the end."""
    net = NetBuilder("residual", source="test")
    x = net.conv(net.input(2, 16, 8, 8), 16)
    total = net.add_tensors(net.bn(net.conv(x, 16)), x)
    net.add_tensors(net.bn(net.conv(net.act(net.bn(total)), 16)), total)
    return net.graph


def row(ops, op):
    return [label.op for label in ops.labels].index(op)


def test_fused_attention_never_writes_its_scores():
    ops, made = kernels(attention_graph(), "pytorch_eager")
    first, softmax = row(ops, "matmul"), row(ops, "softmax")
    assert made.ops.output_elems[first, 0] == made.ops.output_elems[softmax, 0] == 0
    assert made.starts.sum() == 1
    last = len(ops) - 1
    assert made.ops.input_elems[last, 0] == 8 * 4 * 64 * 32  # the values; scores are at hand
    assert made.ops.output_elems[last, 0] == ops.output_elems[last, 0]


def test_attention_as_products_moves_all_of_it():
    _, made = kernels(attention_graph(), "pytorch_eager", **{"runtime.attention": "products", "autocast": "false"})
    ops, _ = kernels(attention_graph(), "pytorch_eager")
    assert np.array_equal(made.ops.output_elems, ops.output_elems)
    assert made.starts.all()


def test_a_compiler_reads_once_what_it_has_just_made_and_writes_what_others_read():
    ops, made = kernels(residual_graph(), "pytorch_compiled")
    total = row(ops, "batch_norm")  # with the sum behind it in one chain
    norm = [i for i, label in enumerate(ops.labels) if label.op == "batch_norm"][1]
    assert made.ops.output_elems[total, 0] == ops.output_elems[total, 0]
    assert made.starts[norm, 0] == 0
    assert made.ops.input_elems[norm, 0] == 0
    eager, as_written = kernels(residual_graph(), "pytorch_eager")
    assert as_written.starts.all()
    assert as_written.ops.input_elems.sum() == eager.input_elems.sum()


@pytest.mark.parametrize(("dtype", "widened"), [("fp16", 2.0), ("fp32", 1.0)])
def test_mixed_precision_keeps_norms_in_fp32_and_rounds_them_for_products(dtype, widened):
    net = NetBuilder("norm", source="test")
    x = net.add(L.LayerNorm(), net.flatten(net.input(4, 64, 1, 1)))
    net.linear(x, 32)
    ops, made = kernels(net.graph, "pytorch_eager", dtype)
    norm, product = row(ops, "layer_norm"), row(ops, "linear")
    assert made.ops.output_elems[norm, 0] == widened * ops.output_elems[norm, 0]
    rounded = ops.output_elems[norm, 0] + ops.weight_elems[product, 0]
    assert made.cast_elems[product, 0] == (rounded if widened > 1 else 0)
    assert made.casts[product, 0] == (2 if widened > 1 else 0)


def test_tensor_cores_in_nchw_pay_for_turning_their_input():
    from costsim.simulate import simulate

    net = NetBuilder("one", source="test")
    net.conv(net.input(64, 64, 56, 56), 64, 3, padding=1)
    seconds = {}
    for layout in ("nchw", "nhwc"):
        for dtype in ("fp16", "fp32"):
            profile = load_profile("rtx_3090", {"layout": layout, "dispatch": "0 us"})
            seconds[layout, dtype] = float(simulate(net.graph, profile, RunConfig(dtype, 1)).costs.latency_s.sum())
    assert seconds["nchw", "fp16"] > 1.1 * seconds["nhwc", "fp16"]
    assert seconds["nchw", "fp32"] == seconds["nhwc", "fp32"]


def test_depthwise_windows_without_a_kernel_of_their_own_are_slower_for_each_product():
    from costsim.simulate import simulate

    profile = load_profile("rtx_3090", {"dispatch": "0 us"})
    rate = {}
    for side in (5, 7):
        net = NetBuilder("depthwise", source="test")
        net.conv(net.input(256, 64, 56, 56), 64, side, padding=side // 2, groups=64)
        seconds = float(simulate(net.graph, profile, RunConfig("fp16", 1)).costs.latency_s.sum())
        rate[side] = float(net.graph.total_macs) / seconds
    assert rate[7] < 0.7 * rate[5]
