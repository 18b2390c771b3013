"""Which four-dimensional tensors of a file are maps.

TFLite writes maps as (n, h, w, c), costsim as (n, c, h, w). Nothing moves between the two: it is the
same map, its axes are only named in another order. Other tensors of four dimensions (the heads of an
attention, sequences of rows) keep the order of the file. So each tensor is one or the other for all
ops that touch it, and no transposition is invented between them.
"""

from __future__ import annotations

from collections.abc import Sequence

from costsim.importers.tflite.flatfile import FileGraph

MAP_RANK = 4
TO_GRAPH = (0, 3, 1, 2)
"""Axis of the file for each axis of a map in the graph."""
TO_FILE = (0, 2, 3, 1)
"""Axis of a map in the graph for each axis of the file."""

WINDOW_OPS = frozenset(
    {
        "AVERAGE_POOL_2D",
        "BATCH_TO_SPACE_ND",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "DEPTH_TO_SPACE",
        "L2_POOL_2D",
        "LOCAL_RESPONSE_NORMALIZATION",
        "MAX_POOL_2D",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
        "SPACE_TO_BATCH_ND",
        "SPACE_TO_DEPTH",
        "TRANSPOSE_CONV",
    }
)
"""Ops whose operand and result are maps."""

REORDERING_OPS = frozenset(
    {
        "BATCH_MATMUL",
        "BROADCAST_TO",
        "DYNAMIC_UPDATE_SLICE",
        "EXPAND_DIMS",
        "FULLY_CONNECTED",
        "GATHER",
        "GATHER_ND",
        "ONE_HOT",
        "PACK",
        "RESHAPE",
        "SCATTER_ND",
        "SHAPE",
        "SQUEEZE",
        "TRANSPOSE",
        "UNPACK",
    }
)
"""Ops whose result has axes of its own; all others keep those of their operands."""


def map_tensors(graph: FileGraph) -> set[int]:
    """Indices of the tensors that are maps: what a window slides over, and whatever keeps its axes."""
    parent = list(range(len(graph.tensors)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    seeds: list[int] = []
    for op in graph.ops:
        touched = [i for i in (*op.inputs, *op.outputs) if i >= 0 and _is_activation(graph, i)]
        if op.op in WINDOW_OPS:
            seeds += touched
        elif op.op not in REORDERING_OPS and not op.is_custom:
            for other in touched[1:]:
                parent[root(other)] = root(touched[0])
    mapped = {root(i) for i in seeds}
    return {i for i in range(len(graph.tensors)) if _is_activation(graph, i) and root(i) in mapped}


def _is_activation(graph: FileGraph, index: int) -> bool:
    tensor = graph.tensors[index]
    return len(tensor.shape) == MAP_RANK and not tensor.is_stored


def to_graph(shape: Sequence[int]) -> tuple[int, ...]:
    """(n, h, w, c) as (n, c, h, w)."""
    return tuple(shape[axis] for axis in TO_GRAPH)


def to_file(shape: Sequence[int]) -> tuple[int, ...]:
    """(n, c, h, w) as (n, h, w, c)."""
    return tuple(shape[axis] for axis in TO_FILE)
