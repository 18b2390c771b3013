"""What converters write that few files hold: indices in a batch, every mask of a slice, writes at listed places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

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
