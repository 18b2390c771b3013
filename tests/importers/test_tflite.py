"""TFLite files: every builtin read, maps in the graph's order, nothing invented, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import costsim
from costsim.errors import InputError
from costsim.graph import LayerGraph
from costsim.importers import load_network
from costsim.importers.tflite.ops import OPS
from validation.tflite_files import FileBuilder

SAME, VALID = 0, 1


def load(tmp_path: Path, file: FileBuilder, *outputs: int, **options: Any) -> LayerGraph:
    path = tmp_path / "net.tflite"
    path.write_bytes(file.finish(*outputs))
    return load_network(path, **options)


def conv(file: FileBuilder, x: int, c_in: int, c_out: int, size: int, stride: int = 1) -> int:
    weights = [file.weight(c_out, 3, 3, c_in), file.weight(c_out)]
    options = {"Padding": SAME, "StrideH": stride, "StrideW": stride, "DilationHFactor": 1, "DilationWFactor": 1}
    out = -(-size // stride)
    return file.add("CONV_2D", [x, *weights], (1, out, out, c_out), options="Conv2DOptions", **options)


def last(graph: LayerGraph) -> Any:
    return list(graph)[-1]


def test_a_convolution_is_counted_in_channels_first(tmp_path: Path) -> None:
    file = FileBuilder()
    conv(file, file.input(1, 9, 9, 3), 3, 8, 9, stride=2)
    graph = load(tmp_path, file)
    assert last(graph).shape == (1, 8, 5, 5)
    assert graph.total_macs == 8 * 3 * 9 * 25
    assert graph.total_params == 8 * 3 * 9 + 8


def test_a_depthwise_convolution_with_a_multiplier(tmp_path: Path) -> None:
    file = FileBuilder()
    x = file.input(1, 8, 8, 6)
    options = {"Padding": VALID, "StrideH": 1, "StrideW": 1, "DepthMultiplier": 2, "FusedActivationFunction": 3}
    options |= {"DilationHFactor": 1, "DilationWFactor": 1}
    weights = [file.weight(1, 3, 3, 12), file.weight(12)]
    file.add("DEPTHWISE_CONV_2D", [x, *weights], (1, 6, 6, 12), options="DepthwiseConv2DOptions", **options)
    graph = load(tmp_path, file)
    assert [node.layer.op for node in graph][1:] == ["grouped_conv", "relu6"] or graph.total_macs == 12 * 9 * 36
    assert graph.total_macs == 12 * 9 * 36


def test_a_flattened_map_moves_nothing(tmp_path: Path) -> None:
    file = FileBuilder()
    x = conv(file, file.input(1, 4, 4, 3), 3, 8, 4)
    x = file.add("RESHAPE", [x, file.stored([-1, 128])], (1, 128))
    file.add("FULLY_CONNECTED", [x, file.weight(10, 128), file.weight(10)], (1, 10), options="FullyConnectedOptions")
    graph = load(tmp_path, file)
    assert [node.op for node in (n.placed for n in graph)] == ["input", "conv", "reshape", "linear"]
    assert graph.total_macs == 8 * 3 * 9 * 16 + 1280


def test_a_transposition_of_the_file_stays_one(tmp_path: Path) -> None:
    file = FileBuilder()
    x = conv(file, file.input(1, 4, 5, 3), 3, 8, 4)
    file.tensors[-1] = (file.tensors[-1][0], (1, 4, 5, 8), "FLOAT32", None)
    file.add("TRANSPOSE", [x, file.stored([0, 3, 1, 2])], (1, 8, 4, 5))
    graph = load(tmp_path, file)
    assert [n.placed.op for n in graph].count("transpose") == 1
    assert last(graph).shape == (1, 8, 4, 5)


def test_heads_of_an_attention_are_no_maps(tmp_path: Path) -> None:
    file = FileBuilder()
    q, k = file.input(1, 4, 16, 8), file.input(1, 4, 16, 8)
    scores = file.add("BATCH_MATMUL", [q, k], (1, 4, 16, 16), options="BatchMatMulOptions", AdjY=True)
    file.add("SOFTMAX", [scores], (1, 4, 16, 16), options="SoftmaxOptions", Beta=1.0)
    graph = load(tmp_path, file)
    assert graph.total_macs == 4 * 16 * 16 * 8
    assert last(graph).layer.axis == 3


def test_constants_beside_maps_are_turned_with_them(tmp_path: Path) -> None:
    file = FileBuilder()
    x = conv(file, file.input(1, 4, 4, 3), 3, 8, 4)
    file.add("ADD", [x, file.weight(4, 4, 8)], (1, 4, 4, 8), options="AddOptions")
    graph = load(tmp_path, file)
    assert last(graph).shape == (1, 8, 4, 4)
    assert graph.total_params == 8 * 27 + 8 + 128


def test_shape_arithmetic_leaves_no_layer(tmp_path: Path) -> None:
    file = FileBuilder()
    x = conv(file, file.input(-1, 4, 4, 3), 3, 8, 4)
    shape = file.add("SHAPE", [x], (4,), options="ShapeOptions")
    masks = {"BeginMask": 0, "EndMask": 0, "ShrinkAxisMask": 1}
    first = file.add(
        "STRIDED_SLICE",
        [shape, file.stored([0]), file.stored([1]), file.stored([1])],
        (),
        options="StridedSliceOptions",
        **masks,
    )
    target = file.add("PACK", [first, file.stored(np.array(128))], (2,), options="PackOptions", ValuesCount=2)
    file.add("RESHAPE", [x, target], (-1, 128))
    graph = load(tmp_path, file, batch=4)
    assert [n.placed.op for n in graph] == ["input", "conv", "reshape"]
    assert last(graph).shape == (4, 128)


def test_a_batch_is_carried_through_a_fixed_reshape(tmp_path: Path) -> None:
    file = FileBuilder()
    x = conv(file, file.input(1, 4, 4, 3), 3, 8, 4)
    file.add("RESHAPE", [x, file.stored([1, 128])], (1, 128))
    assert last(load(tmp_path, file, batch=8)).shape == (8, 128)


def test_weights_used_twice_are_parameters_once(tmp_path: Path) -> None:
    file = FileBuilder()
    x, shared = file.input(1, 6, 6, 4), [file.weight(4, 3, 3, 4), file.weight(4)]
    options = {"Padding": SAME, "StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
    for _ in range(2):
        x = file.add("CONV_2D", [x, *shared], (1, 6, 6, 4), options="Conv2DOptions", **options)
    graph = load(tmp_path, file)
    assert graph.total_params == 4 * 36 + 4
    assert graph.total_macs == 2 * 4 * 36 * 36


def test_a_matrix_used_twice_is_a_parameter_once(tmp_path: Path) -> None:
    file = FileBuilder()
    x, shared = file.input(1, 16), [file.weight(16, 16), file.weight(16)]
    for _ in range(2):
        x = file.add("FULLY_CONNECTED", [x, *shared], (1, 16), options="FullyConnectedOptions")
    graph = load(tmp_path, file)
    assert graph.total_params == 16 * 16 + 16
    assert graph.total_macs == 2 * 16 * 16


def test_the_bias_of_an_int8_layer_is_a_parameter_and_a_shape_is_none(tmp_path: Path) -> None:
    file = FileBuilder()
    x = file.input(1, 16, dtype="INT8")
    weights = [file.stored(np.zeros((4, 16), np.int8)), file.stored(np.zeros(4, np.int32))]
    x = file.add("FULLY_CONNECTED", [x, *weights], (1, 4), options="FullyConnectedOptions")
    file.add("RESHAPE", [x, file.stored([2, 2])], (2, 2))
    assert load(tmp_path, file).total_params == 4 * 16 + 4


@pytest.mark.parametrize("time_first", [False, True])
def test_an_lstm_is_one_layer(time_first: bool, tmp_path: Path) -> None:
    file = FileBuilder()
    shape = (20, 1, 8) if time_first else (1, 20, 8)
    inputs = [file.input(*shape), *(file.weight(12, 8) for _ in range(4)), *(file.weight(12, 12) for _ in range(4))]
    inputs += [-1, -1, -1, *(file.weight(12) for _ in range(4)), -1, -1, file.tensor((1, 12)), file.tensor((1, 12))]
    for state in inputs[-2:]:
        file.variables.append(state)
    options = {"options": "UnidirectionalSequenceLSTMOptions", "TimeMajor": time_first}
    file.add("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, (*shape[:2], 12), **options)
    graph = load(tmp_path, file)
    assert [n.placed.op for n in graph] == ["input", "recurrent"]
    assert graph.total_macs == 20 * 4 * 12 * (8 + 12)
    assert graph.total_params == 4 * 12 * (8 + 12 + 1)


@pytest.mark.parametrize("projected", [False, True])
def test_recurrence_both_ways_has_two_outputs(projected: bool, tmp_path: Path) -> None:
    file = FileBuilder()
    inputs, width = [file.input(1, 20, 8)], 5 if projected else 12
    for _ in range(2):
        inputs += [*(file.weight(12, 8) for _ in range(4)), *(file.weight(12, width) for _ in range(4)), -1, -1, -1]
        inputs += [*(file.weight(12) for _ in range(4)), *([file.weight(5, 12), -1] if projected else [-1, -1])]
    inputs += [file.tensor((1, size)) for size in (width, 12, width, 12)]
    file.variables += inputs[-4:]
    options = {"options": "BidirectionalSequenceLSTMOptions", "TimeMajor": False, "MergeOutputs": False}
    file.add("BIDIRECTIONAL_SEQUENCE_LSTM", inputs, (1, 20, width), (1, 20, width), **options)
    graph = load(tmp_path, file)
    projection = 12 * 5 if projected else 0
    assert graph.total_macs == 20 * 2 * (4 * 12 * (8 + width) + projection)
    assert graph.total_params == 2 * (4 * 12 * (8 + width + 1) + projection)
    assert last(graph).shape == (1, 20, width)


def test_a_kernel_computed_at_run_time(tmp_path: Path) -> None:
    file = FileBuilder()
    x, kernel = file.input(1, 8, 8, 4), file.input(6, 3, 3, 4)
    options = {"Padding": SAME, "StrideH": 2, "StrideW": 2, "DilationHFactor": 1, "DilationWFactor": 1}
    file.add("CONV_2D", [x, kernel, -1], (1, 4, 4, 6), options="Conv2DOptions", **options)
    graph = load(tmp_path, file)
    assert (graph.total_macs, graph.total_params) == (6 * 36 * 16, 0)
    assert last(graph).shape == (1, 6, 4, 4)


@pytest.mark.parametrize("padding", [0, 1])
def test_a_convolution_over_a_volume(padding: int, tmp_path: Path) -> None:
    file = FileBuilder()
    x = file.input(1, 4, 8, 8, 3)
    weights = [file.weight(2, 3, 3, 3, 5), file.weight(5)]
    size = (4, 8, 8) if padding == 0 else (3, 6, 6)
    options = {"Padding": padding, "StrideD": 1, "StrideH": 1, "StrideW": 1}
    file.add("CONV_3D", [x, *weights], (1, *size, 5), options="Conv3DOptions", **options)
    graph = load(tmp_path, file)
    assert graph.total_macs == 5 * 3 * 18 * size[0] * size[1] * size[2]
    assert graph.total_params == 275
    assert not graph.unknown


@pytest.mark.parametrize("padding", [0, 1])
def test_a_transposed_convolution_over_a_volume(padding: int, tmp_path: Path) -> None:
    file = FileBuilder()
    x = file.input(1, 4, 6, 6, 3)
    size = (8, 12, 12) if padding == 0 else (9, 13, 13)
    reads = [file.stored([1, *size, 5]), file.weight(3, 3, 3, 5, 3), x, file.weight(5)]
    options = {"Padding": padding, "StrideD": 2, "StrideH": 2, "StrideW": 2}
    file.add("CONV_3D_TRANSPOSE", reads, (1, *size, 5), options="Conv3DOptions", **options)
    graph = load(tmp_path, file)
    assert (graph.total_macs, graph.total_params) == (4 * 6 * 6 * 3 * 27 * 5, 410)
    assert not graph.unknown


def test_a_custom_op_is_visible_as_unknown(tmp_path: Path) -> None:
    file = FileBuilder()
    x = conv(file, file.input(1, 4, 4, 3), 3, 8, 4)
    file.add("MyVendorOp", [x], (1, 2, 2, 8))
    graph = load(tmp_path, file)
    assert "MyVendorOp" in graph.notes[0]
    assert last(graph).shape == (1, 2, 2, 8)


def test_contradicting_shapes_are_named(tmp_path: Path) -> None:
    file = FileBuilder()
    x = conv(file, file.input(1, 4, 4, 3), 3, 8, 4)
    file.tensors[x] = (file.tensors[x][0], (1, 5, 4, 8), "FLOAT32", None)
    with pytest.raises(InputError, match="contradict"):
        load(tmp_path, file)


ONE_MAP: dict[str, tuple[tuple[int, ...], str, dict[str, Any]]] = {
    "AVERAGE_POOL_2D": (
        (1, 3, 3, 4),
        "Pool2DOptions",
        {"FilterHeight": 2, "FilterWidth": 2, "StrideH": 2, "StrideW": 2},
    ),
    "MAX_POOL_2D": ((1, 3, 3, 4), "Pool2DOptions", {"FilterHeight": 2, "FilterWidth": 2, "StrideH": 2, "StrideW": 2}),
    "L2_POOL_2D": ((1, 3, 3, 4), "Pool2DOptions", {"FilterHeight": 2, "FilterWidth": 2, "StrideH": 2, "StrideW": 2}),
    "LOCAL_RESPONSE_NORMALIZATION": ((1, 6, 6, 4), "LocalResponseNormalizationOptions", {"Radius": 2}),
    "L2_NORMALIZATION": ((1, 6, 6, 4), "L2NormOptions", {}),
    "DEPTH_TO_SPACE": ((1, 12, 12, 1), "DepthToSpaceOptions", {"BlockSize": 2}),
    "SPACE_TO_DEPTH": ((1, 3, 3, 16), "SpaceToDepthOptions", {"BlockSize": 2}),
    "SOFTMAX": ((1, 6, 6, 4), "SoftmaxOptions", {}),
    "LOG_SOFTMAX": ((1, 6, 6, 4), "LogSoftmaxOptions", {}),
}
"""Builtins of one map of 6 x 6 x 4: result in the file's order, options."""

WITH_CONSTANTS: dict[str, tuple[list[Any], tuple[int, ...], str, dict[str, Any]]] = {
    "ARG_MAX": ([np.array(3)], (1, 6, 6), "ArgMaxOptions", {}),
    "ARG_MIN": ([np.array(1)], (1, 6, 4), "ArgMinOptions", {}),
    "BROADCAST_TO": ([[2, 6, 6, 4]], (2, 6, 6, 4), "BroadcastToOptions", {}),
    "EXPAND_DIMS": ([[0]], (1, 1, 6, 6, 4), "ExpandDimsOptions", {}),
    "GATHER": ([[3, 1, 0]], (1, 3, 6, 4), "GatherOptions", {"Axis": 1}),
    "GATHER_ND": ([[[0, 5], [0, 2]]], (2, 6, 4), "GatherNdOptions", {}),
    "MEAN": ([[1, 2]], (1, 4), "ReducerOptions", {}),
    "SUM": ([[1, 2]], (1, 1, 1, 4), "ReducerOptions", {"KeepDims": True}),
    "REDUCE_MAX": ([[3]], (1, 6, 6), "ReducerOptions", {}),
    "REDUCE_MIN": ([[1]], (1, 6, 4), "ReducerOptions", {}),
    "REDUCE_PROD": ([[2]], (1, 6, 1, 4), "ReducerOptions", {"KeepDims": True}),
    "REDUCE_ANY": ([[1, 2]], (1, 4), "ReducerOptions", {}),
    "REDUCE_ALL": ([[1, 2]], (1, 4), "ReducerOptions", {}),
    "MIRROR_PAD": ([[[0, 0], [1, 1], [2, 0], [0, 0]]], (1, 8, 8, 4), "MirrorPadOptions", {}),
    "PAD": ([[[0, 0], [1, 1], [2, 0], [0, 3]]], (1, 8, 8, 7), "PadOptions", {}),
    "PADV2": ([[[0, 0], [1, 1], [0, 0], [0, 0]], [0.0]], (1, 8, 6, 4), "PadV2Options", {}),
    "PRELU": ([np.zeros((1, 1, 4))], (1, 6, 6, 4), "", {}),
    "RESHAPE": ([[1, 36, 4]], (1, 36, 4), "ReshapeOptions", {}),
    "RESIZE_BILINEAR": ([[12, 9]], (1, 12, 9, 4), "ResizeBilinearOptions", {}),
    "RESIZE_NEAREST_NEIGHBOR": ([[12, 12]], (1, 12, 12, 4), "ResizeNearestNeighborOptions", {}),
    "REVERSE_V2": ([[1]], (1, 6, 6, 4), "ReverseV2Options", {}),
    "SLICE": ([[0, 1, 2, 1], [-1, 4, 3, 2]], (1, 4, 3, 2), "SliceOptions", {}),
    "SPACE_TO_BATCH_ND": ([[2, 2], [[0, 0], [0, 0]]], (4, 3, 3, 4), "SpaceToBatchNDOptions", {}),
    "SQUEEZE": ([], (6, 6, 4), "SqueezeOptions", {"SqueezeDims": [0]}),
    "STRIDED_SLICE": (
        [[0, 5, 0, 1], [1, 0, 6, 3], [1, -2, 3, 1]],
        (1, 3, 2, 2),
        "StridedSliceOptions",
        {},
    ),
    "TILE": ([[1, 2, 1, 3]], (1, 12, 6, 12), "TileOptions", {}),
    "TOPK_V2": ([np.array(2)], (1, 6, 6, 2), "TopKV2Options", {}),
    "TRANSPOSE": ([[0, 2, 1, 3]], (1, 6, 6, 4), "TransposeOptions", {}),
}
"""Builtins of one map and constants."""


def builtin_file(op: str) -> bytes:
    """A convolution and one builtin that reads it."""
    file = FileBuilder()
    x = conv(file, file.input(1, 6, 6, 3), 3, 4, 6)
    if op in ONE_MAP:
        shape, options, values = ONE_MAP[op]
        return file.finish(file.add(op, [x], shape, options=options, **values))
    if op in WITH_CONSTANTS:
        constants, shape, options, values = WITH_CONSTANTS[op]
        shapes = (shape, shape) if op == "TOPK_V2" else (shape,)
        stored = [file.stored(c) for c in constants]
        return file.finish(file.add(op, [x, *stored], *shapes, options=options, **values))
    if op in several(file, x):
        return file.finish(several(file, x)[op]())
    if op in UNARY:
        return file.finish(file.add(op, [x], (1, 6, 6, 4)))
    gates = file.add("MEAN", [x, file.stored([1, 2])], (1, 1, 1, 4), options="ReducerOptions", KeepDims=True)
    return file.finish(file.add(op, [x, gates], (1, 6, 6, 4)))


def load_builtin(tmp_path: Path, op: str) -> LayerGraph:
    """Shapes are held against those of the file."""
    path = tmp_path / "net.tflite"
    path.write_bytes(builtin_file(op))
    return load_network(path)


UNARY = [op for op, handler in OPS.items() if getattr(handler, "__qualname__", "").startswith("activation.")]
BINARY = [
    op
    for op, handler in OPS.items()
    if getattr(handler, "__qualname__", "").startswith("arithmetic.") and not op.startswith("SELECT")
]


@pytest.mark.parametrize("op", sorted(ONE_MAP))
def test_builtins_of_a_map(op: str, tmp_path: Path) -> None:
    load_builtin(tmp_path, op)


@pytest.mark.parametrize("op", sorted(WITH_CONSTANTS))
def test_builtins_with_constants(op: str, tmp_path: Path) -> None:
    assert len(load_builtin(tmp_path, op)) > 2, f"{op} was free"


@pytest.mark.parametrize("op", UNARY)
def test_activations_keep_their_shape(op: str, tmp_path: Path) -> None:
    node = last(load_builtin(tmp_path, op))
    assert node.layer.function
    assert node.shape == (1, 4, 6, 6)


@pytest.mark.parametrize("op", BINARY)
def test_arithmetic_of_a_map_and_its_channels(op: str, tmp_path: Path) -> None:
    assert last(load_builtin(tmp_path, op)).shape == (1, 4, 6, 6)


def several(file: FileBuilder, x: int) -> dict[str, Callable[[], int]]:
    """Builtins of several tensors or with several results."""
    n = (1, 6, 6, 4)
    return {
        "CONCATENATION": lambda: file.add(
            "CONCATENATION", [x, x], (1, 6, 6, 8), options="ConcatenationOptions", Axis=3
        ),
        "SPLIT": lambda: file.add(
            "SPLIT", [file.stored(np.array(3)), x], *[(1, 6, 6, 2)] * 2, options="SplitOptions", NumSplits=2
        ),
        "SPLIT_V": lambda: file.add(
            "SPLIT_V",
            [x, file.stored([1, -1]), file.stored(np.array(3))],
            (1, 6, 6, 1),
            (1, 6, 6, 3),
            options="SplitVOptions",
            NumSplits=2,
        ),
        "PACK": lambda: file.add("PACK", [x, x], (1, 2, 6, 6, 4), options="PackOptions", Axis=1, ValuesCount=2),
        "UNPACK": lambda: file.add("UNPACK", [x], *[(1, 6, 4)] * 6, options="UnpackOptions", Axis=1, Num=6),
        "SELECT_V2": lambda: file.add("SELECT_V2", [file.add("GREATER", [x, x], n), x, x], n),
        "ADD_N": lambda: file.add("ADD_N", [x, x, x], n),
        "TRANSPOSE_CONV": lambda: file.add(
            "TRANSPOSE_CONV",
            [file.stored([1, 12, 12, 2]), file.weight(2, 3, 3, 4), x],
            (1, 12, 12, 2),
            options="TransposeConvOptions",
            Padding=SAME,
            StrideH=2,
            StrideW=2,
        ),
        "BATCH_TO_SPACE_ND": lambda: file.add(
            "BATCH_TO_SPACE_ND",
            [
                file.add("SPACE_TO_BATCH_ND", [x, file.stored([2, 2]), file.stored([[0, 0], [0, 0]])], (4, 3, 3, 4)),
                file.stored([2, 2]),
                file.stored([[0, 1], [0, 0]]),
            ],
            (1, 5, 6, 4),
        ),
    }


@pytest.mark.parametrize("op", sorted(several(FileBuilder(), 0)))
def test_builtins_of_several_tensors(op: str, tmp_path: Path) -> None:
    load_builtin(tmp_path, op)


def test_a_filter_over_time_counts_its_two_products(tmp_path: Path) -> None:
    file = FileBuilder()
    x = file.input(1, 16)
    weights = [file.weight(8, 16), file.weight(8, 10), file.weight(8)]
    file.add("SVDF", [x, *weights], (1, 8), options="SVDFOptions", Rank=1)
    graph = load(tmp_path, file)
    assert graph.total_macs == 8 * 16
    assert graph.total_params == 8 * 16 + 8 * 10 + 8
    assert last(graph).shape == (1, 8)


@pytest.mark.parametrize("whole", [b"", b"TFL3", b"\x00" * 64, b"\x1c\x00\x00\x00TFL3" + b"\xff" * 60])
def test_what_is_no_model_is_one_line(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(whole)
    with pytest.raises(InputError, match=r"not a TFLite file|no ops"):
        load_network(path)


@pytest.mark.parametrize(("asked", "runs_in"), [(None, "fp32"), ("int8", "int8")])
def test_a_file_in_float_runs_in_float_where_it_can_be_run_so(tmp_path: Path, asked: str | None, runs_in: str) -> None:
    file = FileBuilder()
    path = tmp_path / "net.tflite"
    path.write_bytes(file.finish(conv(file, file.input(1, 9, 9, 3), 3, 8, 9)))
    analysis = costsim.analyze(path, "rp2040", dtype=asked)
    assert analysis.simulation.run.dtype == runs_in
    notes = analysis.warnings
    assert any("as if it were quantised" in note for note in notes) is (asked == "int8")
    assert any("no FPU" in note for note in notes) is (asked is None)
