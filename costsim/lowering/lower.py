"""Lowering: a layer graph and a runtime's rules become the op table the device sees."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from costsim.errors import InputError
from costsim.graph import LayerGraph, Node
from costsim.graph.layers import BatchNorm, Constant, Input, Unknown
from costsim.graph.layers.base import size
from costsim.lowering.classes import op_class, op_word
from costsim.lowering.fusion import FusedOp, fuse
from costsim.tables.optable import OpLabel, OpTable

NEVER_EXECUTED = frozenset({"dropout", "identity"})
"""Layers that do nothing at inference on any runtime."""


def lower(
    graph: LayerGraph,
    *,
    fusion: Mapping[str, Collection[str]],
    views: Collection[str],
    elem_bytes: float,
    weight_elem_bytes: float,
) -> OpTable:
    """The op table of ``graph``.

    Args:
        graph: the network.
        fusion: anchor op to the ops that may run in its kernel.
        views: ops the runtime answers with a view of their input instead of a copy.
        elem_bytes: bytes of one activation element.
        weight_elem_bytes: bytes of one weight element.

    Raises:
        InputError: nothing is left to execute.
    """
    skipped = NEVER_EXECUTED | set(views)
    chains = fuse(graph, fusion, skipped)
    if not chains:
        raise InputError(
            "executes nothing: all its layers are views", where=graph.name, mend="add a layer that computes"
        )
    row_of = {node.name: row for row, chain in enumerate(chains) for node in chain.members}
    sources = _read_through(graph, row_of)
    stored = _stored(graph, row_of)
    charged: set[str] = set()
    labels, producers, rows = [], [], []
    for chain in chains:
        labels.append(_label(graph, chain))
        read = [row for name in chain.reads() for row in sources[name]]
        producers.append(tuple(dict.fromkeys(read)))
        rows.append(
            _row(graph, chain, stored, charged) | {"elem_bytes": elem_bytes, "weight_elem_bytes": weight_elem_bytes}
        )
    return OpTable.from_rows(labels, producers, rows)


def _read_through(graph: LayerGraph, row_of: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """For every tensor, the rows that really write it; views are looked through.

    The network's input is -1; a stored constant has no writer.
    """
    sources: dict[str, tuple[int, ...]] = {}
    for node in graph:
        if node.name in row_of:
            sources[node.name] = (row_of[node.name],)
        elif isinstance(node.layer, Input):
            sources[node.name] = (-1,)
        else:
            sources[node.name] = tuple(row for name in node.inputs for row in sources[name])
    return sources


def _stored(graph: LayerGraph, row_of: Mapping[str, int]) -> dict[str, Node]:
    """Tensors that are a stored constant, or a view of one."""
    stored: dict[str, Node] = {}
    for node in graph:
        if isinstance(node.layer, Constant):
            stored[node.name] = node
        elif node.name not in row_of and node.inputs and node.inputs[0] in stored:
            stored[node.name] = stored[node.inputs[0]]
    return stored


def _label(graph: LayerGraph, chain: FusedOp) -> OpLabel:
    word = op_word(graph, chain.anchor)
    return OpLabel(
        name=chain.anchor.name,
        op=word,
        op_class=op_class(word, graph.loop_nest(chain.anchor)),
        block=chain.anchor.block,
        layers=tuple(node.name for node in chain.members),
        output_shape=chain.tail.shape,
        known=not isinstance(chain.anchor.layer, Unknown),
    )


def _row(graph: LayerGraph, chain: FusedOp, stored: Mapping[str, Node], charged: set[str]) -> dict[str, Any]:
    """The columns of one chain; parameters of a constant are ``charged`` to the first row that reads it."""
    nest = graph.loop_nest(chain.anchor)
    epilogue = [_epilogue(graph, chain, node) for node in chain.members[1:]]
    epilogue_flops = sum(flops for flops, _ in epilogue)
    tensors = [graph[name] for name in chain.reads() if name not in stored]
    constants = {stored[name].name: stored[name] for name in chain.reads() if name in stored}
    first_read = [node for name, node in constants.items() if name not in charged]
    charged.update(constants)
    epilogue_weights = sum(weights for _, weights in epilogue)
    return {
        "kind": nest.kind,
        "n": nest.n,
        "groups": nest.groups,
        "c_in_per_group": nest.c_in_per_group,
        "c_out_per_group": nest.c_out_per_group,
        "h_in": nest.h_in,
        "w_in": nest.w_in,
        "h_out": nest.h_out,
        "w_out": nest.w_out,
        "kernel_h": nest.kernel_h,
        "kernel_w": nest.kernel_w,
        "stride_h": nest.stride_h,
        "stride_w": nest.stride_w,
        "dilation_h": nest.dilation_h,
        "dilation_w": nest.dilation_w,
        "input_elems": sum(size(node.shape) for node in tensors),
        "output_elems": size(chain.tail.shape),
        "weight_elems": nest.weight_elems + epilogue_weights + sum(size(c.shape) for c in constants.values()),
        "params": sum(graph.params(node) for node in [*chain.members, *first_read]),
        "macs": nest.macs,
        "flops": nest.flops + epilogue_flops,
        "epilogue_flops": epilogue_flops,
    }


def _epilogue(graph: LayerGraph, chain: FusedOp, node: Any) -> tuple[Any, Any]:
    """(flops, weights) of a fused layer; a batch norm folds into an anchor with weights as one bias a channel."""
    if isinstance(node.layer, BatchNorm) and hasattr(chain.anchor.layer, "bias"):
        return (0, 0) if chain.anchor.layer.bias else (size(node.shape), node.shape[1])
    return graph.loop_nest(node).flops, graph.loop_nest(node).weight_elems
