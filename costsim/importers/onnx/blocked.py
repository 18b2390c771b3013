"""Files saved by ONNX Runtime at its highest level: ops of the domain com.microsoft.nchwc, in blocks of channels.

A blocked tensor holds whole blocks of 8 or 16 channels, so weights and biases are filled up with zeros when the file is
saved. What counts are the channels whose kernels are not all zeros. A batch norm that no convolution takes in is saved
as a depthwise convolution of one pixel (ONNX Runtime's nchwc_transformer.cc).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.onnx import compute, resizing
from costsim.importers.onnx.call import Call
from costsim.importers.writer import Stored, Value

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

DOMAIN = "com.microsoft.nchwc"


def is_blocked(graph: GraphProto) -> bool:
    """Whether a graph holds blocked convolutions."""
    return any(node.domain == DOMAIN for node in graph.node)


def real_channels(graph: GraphProto, folder: Path | None) -> dict[str, int]:
    """Output channels of the weights of blocked convolutions that do more than fill up a block.

    Their values must be there. The layout is (blocks, ..., channels of a block), in blocks of 8 or 16; the wrong
    one of the two finds too many channels, never too few.
    """
    import numpy as np
    from onnx import numpy_helper

    stored = {tensor.name: tensor for tensor in graph.initializer}
    found = {}
    for node in graph.node:
        if node.domain != DOMAIN or node.op_type != "Conv":
            continue
        tensor = next((stored[name] for name in node.input[1:2] if name in stored), None)
        if tensor is None or len(tensor.dims) != 4:
            continue
        try:
            values = numpy_helper.to_array(tensor, str(folder or ""))
        except Exception:  # whatever is wrong with its values: then all channels count
            continue
        counts = [tensor.dims[0]]
        for block in (8, 16):
            if tensor.dims[0] and tensor.dims[0] % block == 0:
                used = (values.reshape(tensor.dims[0] // block, -1, block) != 0).any(axis=1).ravel()
                counts.append(int(np.flatnonzero(used).max(initial=-1)) + 1)
        found[tensor.name] = min((n for n in counts if n > tensor.dims[0] - 16 and n > 0), default=tensor.dims[0])
    return found


def unpadded(node: NodeProto, inputs: Sequence[Value | None], channels: Mapping[str, int]) -> list[Value | None]:
    """The inputs of a blocked convolution without the channels that only fill up blocks."""
    x, weight, bias, *rest = (*inputs, None, None, None)[: max(len(inputs), 3)]
    if node.domain != DOMAIN or node.op_type != "Conv" or not isinstance(x, Tensor) or not isinstance(weight, Stored):
        return list(inputs)
    if len(weight.shape) != 4 or len(x.shape) != 4:
        return list(inputs)
    groups = next((a.i for a in node.attribute if a.name == "group"), 1)
    is_depthwise = weight.shape[1] == 1 and groups == weight.shape[0] > 1
    c_out = x.shape[1] if is_depthwise else channels.get(node.input[1], weight.shape[0])
    c_in = weight.shape[1] if groups > 1 else min(weight.shape[1], x.shape[1])
    cut = [_cut(weight, (c_out, c_in, *weight.shape[2:])), bias and _cut(bias, (c_out,))]
    return [x, *cut, *rest][: len(inputs)]


def _cut(x: Value, shape: tuple[int, ...]) -> Value:
    """A stored tensor of so many elements, and so many parameters."""
    if not isinstance(x, Stored) or x.shape == shape:
        return x
    cut = replace(x, shape=shape, values=None)
    return replace(cut, parameters=dict.fromkeys(x.parameters or {}, cut.elements))


def conv(call: Call) -> Value:
    """A convolution, perhaps with a sum and an activation; of one pixel a channel it is the norm it is made of."""
    if not compute.is_depthwise(call):
        return compute.fused_conv(call)
    x, kernel = call.tensor(), call.value(1).shape[2:]
    if kernel == (1, 1) and not any(call.get("pads", [])) and set(call.get("strides", [1])) == {1} and call.has(2):
        return compute.activated(call, call.writer.add(L.BatchNorm(), x))
    return compute.fused_conv(replace(call, attributes={**call.attributes, "group": x.shape[1]}))


def reorder_input(call: Call) -> Value:
    """Into blocks: a copy that this runtime makes and the graph does not speak of."""
    x = call.tensor()
    return pieces.transposed(call.writer, x, (0, 3, 1, 2)) if call.get("channels_last", 0) else x


def reorder_output(call: Call) -> Value:
    """Back to plain order, without the channels that fill up the last block."""
    x, channels = call.tensor(), int(call.get("channels", 0))
    if 0 < channels < x.shape[1]:
        x = pieces.sliced(call.writer, x, 1, 0, channels)
    return pieces.transposed(call.writer, x, (0, 2, 3, 1)) if call.get("channels_last", 0) else x


OPS: dict[str, Callable[[Call], Value | list[Value]]] = {
    "AveragePool": compute.average_pool,
    "Conv": conv,
    "GlobalAveragePool": compute.global_pool,
    "GlobalMaxPool": compute.global_pool,
    "MaxPool": compute.max_pool,
    "ReorderInput": reorder_input,
    "ReorderOutput": reorder_output,
    "Upsample": resizing.resize,
}
