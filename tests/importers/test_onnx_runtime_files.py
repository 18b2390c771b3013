"""Files that ONNX Runtime saves after its optimisations, at every level: the numbers of the file they came from."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from costsim.errors import InputError
from costsim.importers import load_network
from tests.importers.test_onnx_weights import graph_of, ints, node, weight

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

BLOCKED = "com.microsoft.nchwc"


def blocked_weight(name: str, real: int, shape: tuple[int, ...], block: int = 8) -> Any:
    """Kernels in blocks of output channels, the last of which only fill up the block."""
    channels = np.arange(shape[0]).reshape(-1, 1, block) < real
    values = np.broadcast_to(channels, (shape[0] // block, int(np.prod(shape[1:])), block))
    return numpy_helper.from_array(values.astype(np.float32).reshape(shape), name)


def model_of(nodes: list[Any], shape: list[int], stored: list[Any], domain: str) -> Any:
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(domain, 1)]
    return helper.make_model(helper.make_graph(nodes, "net", inputs, outputs, stored), opset_imports=opsets)


@pytest.mark.parametrize("block", [8, 16])
def test_channels_that_fill_up_blocks_are_not_counted(block: int) -> None:
    nodes = [
        node("ReorderInput", ["x"], ["r"], domain=BLOCKED),
        node("Conv", ["r", "w", "b"], ["a"], pads=[1] * 4, activation="HardSwish", domain=BLOCKED),  # 12 of 16
        node("MaxPool", ["a"], ["p"], kernel_shape=[2, 2], strides=[2, 2], domain=BLOCKED),
        node("Conv", ["p", "d", "e"], ["c"], pads=[1] * 4, group=16, domain=BLOCKED),
        node("Upsample", ["c"], ["u"], scales=[1, 1, 2, 2], domain=BLOCKED),
        node("Conv", ["u", "v"], ["q"], domain=BLOCKED),  # 10 of 16, without a bias
        node("ReorderOutput", ["q"], ["y"], channels=10, domain=BLOCKED),
    ]
    stored = [
        blocked_weight("w", 12, (16, 3, 3, 3), block), weight("b", 16), weight("d", 16, 1, 3, 3), weight("e", 16),
        blocked_weight("v", 10, (16, 16, 1, 1), block),
    ]  # fmt: skip
    graph = load_network(model_of(nodes, [1, 3, 8, 8], stored, BLOCKED))
    assert graph.total_macs == 64 * 12 * 27 + 16 * 12 * 9 + 64 * 12 * 10
    assert graph.total_params == 12 * 27 + 12 + 12 * 9 + 12 + 120
    assert graph.outputs[0].shape == (1, 10, 8, 8)


def test_a_norm_saved_as_a_depthwise_convolution_of_one_pixel_is_a_norm() -> None:
    nodes = [
        node("Conv", ["x", "s", "t"], ["n"], group=16, activation="Relu", domain=BLOCKED),
        node("Conv", ["n", "v"], ["y"], domain=BLOCKED),
    ]
    stored = [weight("s", 16, 1, 1, 1), weight("t", 16), weight("v", 16, 16, 1, 1)]
    graph = load_network(model_of(nodes, [1, 16, 8, 8], stored, BLOCKED))
    assert (graph.total_macs, graph.total_params) == (64 * 256, 32 + 256)


def test_a_sum_within_a_blocked_convolution_is_priced() -> None:
    nodes = [
        node("Conv", ["x", "w", "b"], ["a"], domain=BLOCKED),
        node("Conv", ["a", "v", "c", "a"], ["s"], activation="Relu", domain=BLOCKED),
        node("GlobalAveragePool", ["s"], ["y"], domain=BLOCKED),
    ]
    stored = [weight("w", 16, 3, 1, 1), weight("b", 16), weight("v", 16, 16, 1, 1), weight("c", 16)]
    graph = load_network(model_of(nodes, [1, 3, 8, 8], stored, BLOCKED))
    assert graph.total_macs == 64 * 16 * 19
    assert [n.layer.op for n in graph].count("add") == 1


def test_a_blocked_convolution_without_weights_is_named_in_one_line() -> None:
    with pytest.raises(InputError, match="Conv 'y'"):
        load_network(model_of([node("Conv", ["x"], ["y"], domain=BLOCKED)], [1, 3, 8, 8], [], BLOCKED))


def test_a_quantised_lstm_is_an_lstm() -> None:
    lstm = node(
        "DynamicQuantizeLSTM", ["x", "w", "r", "", "", "", "", "", "ws", "wz", "rs", "rz"], ["h"],
        hidden_size=8, domain="com.microsoft",
    )  # fmt: skip
    stored = [numpy_helper.from_array(np.zeros(s, np.int8), n) for n, s in (("w", (1, 4, 32)), ("r", (1, 8, 32)))]
    stored += [weight(n, 1) for n in ("ws", "wz", "rs", "rz")]
    nodes = [lstm, node("Transpose", ["h"], ["y"], perm=[0, 2, 1, 3])]
    graph = load_network(model_of(nodes, [5, 1, 4], stored, "com.microsoft"))
    assert graph.outputs[0].shape == (5, 1, 1, 8)
    assert (graph.total_macs, graph.total_params) == (5 * 32 * 12, 32 * 12)


def test_a_blocked_convolution_without_a_weight_is_one_line() -> None:
    nodes = [node("Conv", ["x"], ["f"], domain="com.microsoft.nchwc"), node("Relu", ["f"], ["y"])]
    with pytest.raises(InputError, match="input 1 is missing"):
        load_network(model_of(nodes, [1, 8, 4, 4], [], "com.microsoft.nchwc"))


def test_an_op_whose_shape_nobody_knows_is_named_in_one_line() -> None:
    with pytest.raises(InputError, match=r"Mystery 'odd': the shape of its output 'odd' is not known"):
        graph_of([node("Mystery", ["x"], ["odd"]), node("Relu", ["odd"], ["y"])], {"x": [1, 3, 8, 8]}, [])


def test_a_shape_of_a_large_constant_is_known() -> None:
    nodes = [
        node("Cos", ["big"], ["c"]),
        node("Shape", ["c"], ["s"]),
        node("Size", ["big"], ["n"]),
        node("Concat", ["one", "s"], ["to"], axis=0),
        node("Reshape", ["c", "to"], ["r"]),
        node("Add", ["x", "r"], ["y"]),
    ]
    graph = graph_of(nodes, {"x": [1, 64, 128]}, [weight("big", 64, 128), ints("one", [1])])
    assert graph.outputs[0].shape == (1, 64, 128)
    assert graph.total_params == 64 * 128


MICROSOFT = {
    "BiasGelu": (["x", "b"], {}, 0, 16),
    "FastGelu": (["x", "b"], {}, 0, 16),
    "SkipLayerNormalization": (["x", "x", "g", "b", "c"], {}, 0, 48),
    "SkipSimplifiedLayerNormalization": (["x", "x", "g"], {}, 0, 16),
    "MatMulNBits": (["x", "n", "scales"], {"K": 16, "N": 16, "bits": 4, "block_size": 16}, 6 * 16 * 16, 256),
    "GroupQueryAttention": (["x", "k", "v"], {"num_heads": 4, "kv_num_heads": 1}, 2 * 4 * 6 * 6 * 4, 0),
    "RotaryEmbedding": (["x"], {}, 0, 0),
    "FusedMatMul": (["x", "m"], {"transB": 1}, 6 * 16 * 16, 256),
}


@pytest.mark.parametrize("op", MICROSOFT)
def test_fused_ops_count_what_they_are_made_of(op: str) -> None:
    reads, options, macs, params = MICROSOFT[op]
    stored = [weight("b", 16), weight("c", 16), weight("g", 16), weight("m", 16, 16), weight("n", 16, 1, 8)]
    stored.append(weight("scales", 16))
    nodes = [node("Slice", ["x", "zero", "four", "axis"], ["k"]), node("Slice", ["x", "zero", "four", "axis"], ["v"])]
    stored += [ints("zero", [0]), ints("four", [4]), ints("axis", [2])]
    nodes += [node(op, reads, ["f"], domain="com.microsoft", **options), node("Relu", ["f"], ["y"])]
    graph = load_network(model_of(nodes, [1, 6, 16], stored, "com.microsoft"))
    assert (graph.total_macs, graph.total_params) == (macs, params)
    assert not graph.unknown


FURTHER: dict[str, tuple[list[int], list[str], dict[str, Any], int, int]] = {
    "FusedMatMul": ([6, 2, 16], ["x", "several"], {"transBatchA": 1, "transB": 1}, 2 * 6 * 5 * 16, 2 * 5 * 16),
    "GemmFastGelu": ([6, 16], ["x", "matrix", "b"], {}, 6 * 16 * 16, 272),
    "BiasSplitGelu": ([1, 6, 16], ["x", "b"], {}, 0, 16),
    "SkipGroupNorm": ([1, 4, 4, 16], ["x", "b", "c", "x"], {"groups": 4, "activation": 1}, 0, 32),
    "ConvTransposeWithDynamicPads": ([1, 16, 3, 3], ["x", "kernel", "pads"], {"strides": [2, 2]}, 9 * 16 * 20, 320),
    "CDist": ([6, 16], ["x", "matrix"], {"metric": "sqeuclidean"}, 0, 256),
}


@pytest.mark.parametrize("op", FURTHER)
def test_ops_of_other_devices_count_what_they_are_made_of(op: str) -> None:
    shape, reads, options, macs, params = FURTHER[op]
    stored = [weight("b", 16), weight("c", 16), weight("matrix", 16, 16), weight("several", 2, 5, 16)]
    stored += [weight("kernel", 16, 5, 2, 2), ints("pads", [0] * 4)]
    nodes = [node(op, reads, ["f"], domain="com.microsoft", **options), node("Relu", ["f"], ["y"])]
    graph = load_network(model_of(nodes, shape, stored, "com.microsoft"))
    assert (graph.total_macs, graph.total_params) == (macs, params)
    assert all(node.layer.flops for node in graph.unknown)  # type: ignore[attr-defined]


@pytest.mark.parametrize("level", ["ORT_ENABLE_BASIC", "ORT_ENABLE_EXTENDED", "ORT_ENABLE_ALL"])
def test_a_file_saved_at_any_level_has_the_numbers_of_the_one_it_came_from(level: str, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    torch = pytest.importorskip("torch")
    from tests.importers.test_torch import quiet

    nn = torch.nn
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 20, 3, padding=1, bias=False), nn.BatchNorm2d(20), nn.ReLU(), nn.Conv2d(20, 24, 1), nn.Hardswish(),
        nn.MaxPool2d(2), nn.Conv2d(24, 24, 3, groups=24, padding=1), nn.SiLU(), nn.Conv2d(24, 10, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(10, 5),
    )  # fmt: skip
    buffer = io.BytesIO()
    with quiet():
        torch.onnx.export(net.eval(), (torch.zeros(1, 3, 32, 32),), buffer, dynamo=False, opset_version=17)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    options.optimized_model_filepath = str(tmp_path / "saved.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(buffer.getvalue(), options, providers=["CPUExecutionProvider"])
    own, saved = load_network(onnx.load_from_string(buffer.getvalue())), load_network(tmp_path / "saved.onnx")
    assert (saved.total_macs, saved.total_params) == (own.total_macs, own.total_params)
    assert not saved.notes
