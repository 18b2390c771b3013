"""What converters write that few files hold: indices in a batch, every mask of a slice, writes at listed places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from costsim.errors import InputError
from costsim.importers.tflite import control
from tests.importers.test_tflite import conv, load
from validation.tflite_files import FileBuilder

LAST = {"options": "FullyConnectedOptions", "KeepNumDims": True}
MASKS = ("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask")


def sliced(file: FileBuilder, x: int, begins: list[int], ends: list[int], masks: tuple[int, ...], *shape: int) -> int:
    ones = [1] * len(begins)
    operands = [x, *(file.stored(values) for values in (begins, ends, ones))]
    options = dict(zip(MASKS, masks, strict=True))
    return file.add("STRIDED_SLICE", operands, shape, options="StridedSliceOptions", **options)


def in_a_batch(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    operands = [file.input(2, 5, 8), file.input(2, 3, dtype="INT32")]
    return file.add("GATHER", operands, (2, 3, 8), options="GatherOptions", Axis=1, BatchDims=1), (2, 3, 8)


def with_a_new_axis(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    return sliced(file, file.input(4, 8), [0, 0, 0], [0, 0, 0], (6, 6, 0, 1, 0), 1, 4, 8), (1, 4, 8)


def of_the_last_axis(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    return sliced(file, file.input(2, 4, 9), [0, 1], [0, 9], (0, 0, 1, 0, 0), 2, 4, 8), (2, 4, 8)


def of_one_place_of_the_last_axis(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    return sliced(file, file.input(2, 8, 3), [0, -1], [0, 0], (0, 0, 1, 0, 2), 2, 8), (2, 8)


def of_the_first_axis_alone(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    return sliced(file, file.input(5, 4, 8), [1], [3], (0, 0, 0, 0, 0), 2, 4, 8), (2, 4, 8)


def compared_with_classes(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    operands = [file.input(1, 5, dtype="INT32"), file.stored(8), file.stored(np.float32(1)), file.stored(np.float32(0))]
    return file.add("ONE_HOT", operands, (1, 5, 8), options="OneHotOptions", Axis=-1), (1, 5, 8)


def scattered(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    operands = [file.input(3, 1, dtype="INT32"), file.input(3, 8), file.stored([6, 8])]
    return file.add("SCATTER_ND", operands, (6, 8), options="ScatterNdOptions"), (6, 8)


def turned_in_part(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    operands = [file.input(2, 5, 8), file.input(2, dtype="INT32")]
    return file.add("REVERSE_SEQUENCE", operands, (2, 5, 8), options="ReverseSequenceOptions", SeqDim=1), (2, 5, 8)


def written_into_a_cache(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    operands = [file.input(1, 5, 8), file.input(1, 1, 8), file.input(3, dtype="INT32")]
    made = file.add("DYNAMIC_UPDATE_SLICE", operands, (1, 5, 8), options="DynamicUpdateSliceOptions")
    return made, (1, 5, 8)


def summed_along(file: FileBuilder) -> tuple[int, tuple[int, ...]]:
    return file.add("CUMSUM", [file.input(1, 5, 8), file.stored(1)], (1, 5, 8), options="CumsumOptions"), (1, 5, 8)


@pytest.mark.parametrize(
    "make",
    [
        in_a_batch, with_a_new_axis, of_the_last_axis, of_one_place_of_the_last_axis, of_the_first_axis_alone,
        compared_with_classes, scattered, turned_in_part, written_into_a_cache, summed_along,
    ],
)  # fmt: skip
def test_the_layer_behind_reads_the_shape_that_is_made(
    make: Callable[[FileBuilder], tuple[int, tuple[int, ...]]], tmp_path: Path
) -> None:
    file = FileBuilder()
    made, shape = make(file)
    file.add("FULLY_CONNECTED", [made, file.weight(3, 8), file.weight(3)], (*shape[:-1], 3), **LAST)
    graph = load(tmp_path, file)
    assert (graph.total_macs, graph.total_params) == (3 * np.prod(shape), 27)
    assert all(node.layer.flops for node in graph.unknown)


@pytest.mark.parametrize("op", ["SQUARED_DIFFERENCE", "MAXIMUM"])
def test_a_table_of_options_without_a_fused_activation_is_none(op: str, tmp_path: Path) -> None:
    options = {"SQUARED_DIFFERENCE": "SquaredDifferenceOptions", "MAXIMUM": "MaximumMinimumOptions"}[op]
    file = FileBuilder()
    x = conv(file, file.input(1, 6, 6, 3), 3, 4, 6)
    file.add(op, [x, file.weight(1, 1, 1, 4)], (1, 6, 6, 4), options=options)
    assert load(tmp_path, file).total_params == 4 * 27 + 4 + 4


def test_integers_beside_an_unknown_op_are_no_weights(tmp_path: Path) -> None:
    file = FileBuilder()
    x = conv(file, file.input(1, 6, 6, 3), 3, 4, 6)
    file.add("Own", [x, file.stored([1, 2, 3]), file.weight(5)], (1, 6, 6, 4))
    assert load(tmp_path, file).total_params == 4 * 27 + 4 + 5


STEPS = 5


def counted(condition: str = "LESS") -> FileBuilder:
    """Goes on while a counter is below the number of steps."""
    file = FileBuilder(written="BOOL")
    step = file.input(dtype="INT32")
    for shape in ((STEPS, 1, 8), (1, 6), (STEPS, 1, 6), (6, 8), (6,)):
        file.input(*shape)
    file.outputs = [file.add(condition, [step, file.stored(np.int32(STEPS))], ())]
    return file


def cell(forward: int) -> FileBuilder:
    """One step of a recurrence, its state written into the list of all steps as converters write it."""
    file = FileBuilder()
    step, x, state, states = (
        file.input(dtype="INT32"), file.input(STEPS, 1, 8), file.input(1, 6), file.input(STEPS, 1, 6),
    )  # fmt: skip
    kernel, bias = file.input(6, 8), file.input(6)
    now = file.add("GATHER", [x, step], (1, 8), options="GatherOptions")
    first = file.add("FULLY_CONNECTED", [now, kernel, bias], (1, 6), options="FullyConnectedOptions")
    second = file.add("FULLY_CONNECTED", [state, file.weight(6, 6), -1], (1, 6), options="FullyConnectedOptions")
    made = file.add("TANH", [file.add("ADD", [first, second], (1, 6), options="AddOptions")], (1, 6))
    file.written = "INT32"
    after = file.add("ADD", [step, file.stored(np.int32(forward))], (), options="AddOptions")
    starts = [file.add("PACK", [at, *[file.stored(np.int32(0))] * 2], (3,), options="PackOptions", ValuesCount=3)
              for at in (file.stored(np.int32(0)), after)]  # fmt: skip
    before = file.add("PACK", [step, *[file.stored(np.int32(-1))] * 2], (3,), options="PackOptions", ValuesCount=3)
    left = file.add("SUB", [file.stored(np.int32(STEPS)), after], (), options="SubOptions")
    behind = file.add("PACK", [left, *[file.stored(np.int32(-1))] * 2], (3,), options="PackOptions", ValuesCount=3)
    file.written = "FLOAT32"
    head = file.add("SLICE", [states, starts[0], before], (-1, 1, 6), options="SliceOptions")
    tail = file.add("SLICE", [states, starts[1], behind], (-1, 1, 6), options="SliceOptions")
    item = file.add("EXPAND_DIMS", [made, file.stored(np.int32(0))], (1, 1, 6), options="ExpandDimsOptions")
    joined = file.add("CONCATENATION", [head, item, tail], (STEPS, 1, 6), options="ConcatenationOptions", Axis=0)
    file.outputs = [after, x, made, joined, kernel, bias]
    return file


def recurrence(condition: FileBuilder, step: int = 1) -> FileBuilder:
    file = FileBuilder(bodies=[condition, cell(step)])
    x = file.input(STEPS, 1, 8)
    zeros = [file.stored(np.zeros(shape, np.float32)) for shape in ((1, 6), (STEPS, 1, 6))]
    shapes = ((), (STEPS, 1, 8), (1, 6), (STEPS, 1, 6), (6, 8), (6,))
    operands = [file.stored(np.int32(0)), x, *zeros, file.weight(6, 8), file.weight(6)]
    file.add("WHILE", operands, *shapes, options="WhileOptions", CondSubgraphIndex=1, BodySubgraphIndex=2)
    states = file.ops[-1][2][3]
    flat = file.add("RESHAPE", [states, file.stored([1, STEPS * 6])], (1, STEPS * 6))
    file.add("FULLY_CONNECTED", [flat, file.weight(3, STEPS * 6), -1], (1, 3), options="FullyConnectedOptions")
    return file


def test_a_loop_that_counts_its_steps_runs_as_often_with_its_weights_once(tmp_path: Path) -> None:
    graph = load(tmp_path, recurrence(counted()))
    assert graph.total_macs == STEPS * (48 + 36) + STEPS * 18
    assert graph.total_params == 48 + 6 + 36 + STEPS * 18
    assert not graph.unknown
    assert not [note for note in graph.notes if "floating point" not in note]


def test_a_loop_that_the_data_end_is_said_to_be_uncounted(tmp_path: Path) -> None:
    condition = FileBuilder(written="BOOL")
    condition.input(dtype="INT32")
    for shape in ((STEPS, 1, 8), (1, 6), (STEPS, 1, 6), (6, 8), (6,)):
        condition.input(*shape)
    total = condition.add("SUM", [condition.inputs[2], condition.stored([0, 1])], ())
    condition.outputs = [condition.add("LESS", [total, condition.stored(np.float32(9))], ())]
    graph = load(tmp_path, recurrence(condition))
    assert [node.layer.type_name for node in graph.unknown] == ["WHILE"] * 6
    assert any("how often the body runs of WHILE" in note for note in graph.notes)


def test_a_loop_without_an_end_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "MOST_OF_A_FILE", 300)
    with pytest.raises(InputError, match="its runs come to too many nodes"):
        load(tmp_path, recurrence(counted("NOT_EQUAL"), step=0))


@pytest.mark.parametrize(("flag", "macs"), [(True, 6 * 8), (False, 3 * 8)])
def test_the_branch_that_a_constant_chooses(flag: bool, macs: int, tmp_path: Path) -> None:
    branches = []
    for width in (6, 3):
        branch = FileBuilder()
        operands = [branch.input(1, 8), branch.weight(width, 8), -1]
        branch.outputs = [branch.add("FULLY_CONNECTED", operands, (1, width), options="FullyConnectedOptions")]
        branches.append(branch)
    file = FileBuilder(bodies=branches)
    operands = [file.stored(np.array(flag)), file.input(1, 8)]
    file.add("IF", operands, (1, macs // 8), options="IfOptions", ThenSubgraphIndex=1, ElseSubgraphIndex=2)
    graph = load(tmp_path, file)
    assert (graph.total_macs, graph.total_params) == (macs, macs)
