"""Ops that ONNX Runtime's optimizer and quantiser write: several ops of the standard in one, or in another layout.

Inputs and attributes are those of docs/ContribOperators.md of microsoft/onnxruntime.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import elements, norms, pieces, unfold
from costsim.importers.onnx import compute, tensors
from costsim.importers.onnx.call import Call
from costsim.importers.writer import Stored, Value

if TYPE_CHECKING:
    from onnx import NodeProto


def bias_gelu(call: Call) -> Tensor:
    """GELU of a tensor plus a bias; FastGelu's is optional."""
    x: Value = call.value()
    if call.has(1):
        x = pieces.arithmetic(call.writer, "add", [call.value(0), call.value(1)])
    return call.writer.add(L.Activation("gelu"), x if isinstance(x, Tensor) else call.tensor(), part="gelu")


def split_gelu(call: Call) -> Tensor:
    """A bias, then one half of the channels times the GELU of the other."""
    y = pieces.arithmetic(call.writer, "add", [call.value(0), call.value(1)])
    half = y.shape[-1] // 2
    value, gate = (pieces.sliced(call.writer, y, -1, at, at + half) for at in (0, half))
    return call.writer.add(L.Multiply(), value, call.writer.add(L.Activation("gelu"), gate, part="gelu"), part="gated")


def bias_softmax(call: Call) -> Tensor:
    y = pieces.arithmetic(call.writer, "add", [call.value(0), call.value(1)])
    return call.writer.add(L.Softmax(-1), y, part="softmax")


def added(call: Call) -> Tensor:
    """BiasAdd and BiasDropout: everything given is summed; nothing is dropped at inference."""
    return pieces.arithmetic(
        call.writer, "add", [x for x in call.inputs[: 3 if call.op == "BiasDropout" else 4] if x is not None]
    )


def skip_norm(call: Call) -> list[Any]:
    """(input, skip, scale, shift, bias): their sum, normalised; the fourth output is the sum."""
    is_simple = call.op.startswith("SkipSimplified")
    bias = 3 if is_simple else 4
    operands = [call.value(0), call.value(1), *([call.value(bias)] if call.has(bias) else [])]
    total = pieces.arithmetic(call.writer, "add", operands)
    shift = call.stored(3) if not is_simple and call.has(3) else None
    y = _normed(call, total, call.stored(2), shift, part="norm")
    return [y, None, None, total][: call.output_count]


def rms_norm(call: Call) -> list[Any]:
    """RMSNormalization and SimplifiedLayerNormalization: no mean is taken, and no shift added."""
    x = call.tensor()
    dims = len(x.shape) - pieces.axis_of(int(call.get("axis", -1)), x.shape)
    y = norms.rms_normed(call.writer, x, dims, call.value(1))
    return [y, *[None] * (call.output_count - 1)]


def _normed(call: Call, x: Tensor, scale: Stored, shift: Stored | None, part: str = "") -> Tensor:
    if shift is not None:
        return call.writer.add(L.LayerNorm(), x, part=part)
    y = call.writer.add(L.LayerNorm(affine=False), x, part=part)
    return pieces.arithmetic(call.writer, "mul", [y, scale])


def embeddings(call: Call) -> list[Any]:
    """EmbedLayerNormalization: rows of two or three tables, summed and normalised."""
    words = call.value(0)
    batch, length = words.shape
    rows = []
    for index, count in ((2, batch * length), (3, length), (4, batch * length)):
        if call.has(index):
            table = call.writer.constant(call.stored(index))
            picked = call.writer.add(L.IndexSelect(count, 0), table, part="rows")
            rows.append(pieces.reshaped(call.writer, picked, (count // length, length, table.shape[1]), part="rows"))
    total = pieces.arithmetic(call.writer, "add", rows)
    y = _normed(call, total, call.stored(5), call.stored(6) if call.has(6) else None, part="norm")
    return [y, Stored((batch,), trainable=False, elem_type=6), total][: call.output_count]  # lengths, then the sum


def group_norm(call: Call) -> Any:
    """ONNX Runtime's GroupNorm of a map, channels last unless it says else, perhaps with SiLU behind."""

    def normed(turned: Call) -> Tensor:
        y = turned.writer.add(L.GroupNorm(int(turned.attributes["groups"])), turned.tensor())
        return turned.writer.add(L.Activation("swish"), y, part="swish") if turned.get("activation", 0) else y

    return channels_last(normed)(call) if call.get("channels_last", 1) else normed(call)


def skip_group_norm(call: Call) -> list[Any]:
    """(input, scale, shift, skip, bias): their sum, normalised as GroupNorm does; the second output is the sum."""
    operands = [call.value(0), call.value(3), *([call.value(4)] if call.has(4) else [])]
    total = pieces.arithmetic(call.writer, "add", operands)
    made = group_norm(replace(call, inputs=(total, *call.inputs[1:3])))
    return [made[0] if isinstance(made, list) else made, total][: call.output_count]


def distances(call: Call) -> Tensor:
    """The distance of every row of one matrix to every row of another."""
    return elements.distances(call.writer, call.op, call.tensor(), call.tensor(1))


def padded_transpose(call: Call) -> Tensor:
    """A transposed convolution whose padding is an input: (x, weight, pads, bias)."""
    attributes = {**call.attributes, "pads": [int(n) for n in call.numbers(2)]} if call.has(2) else call.attributes
    return compute.conv_transpose(replace(call, attributes=attributes, inputs=(*call.inputs[:2], *call.inputs[3:])))


def roi_align(call: Call) -> Tensor:
    """(map, boxes, the map of each box): every box sampled into cells."""
    size = int(call.get("output_height", 1)), int(call.get("output_width", 1))
    return pieces.roi_aligned(
        call.writer, call.tensor(), call.value(1).shape[0], size, int(call.get("sampling_ratio", 0))
    )


def roi_pool(call: Call) -> Tensor:
    """MaxRoiPool: boxes (n, 5) of a map, each in cells; how many places a cell looks at, the box decides."""
    height, width = (int(size) for size in call.attributes["pooled_shape"])
    return pieces.roi_aligned(call.writer, call.tensor(), call.value(1).shape[0], (height, width), 0)


def fused_gemm(call: Call) -> Tensor:
    y = compute.gemm(call)
    name = "gelu" if call.op == "GemmFastGelu" else str(call.get("activation", "")).lower()
    function = {"leakyrelu": "leaky_relu", "hardsigmoid": "hard_sigmoid"}.get(name, name)
    return call.writer.add(L.Activation(function), y, part=function) if function else y


def packed_matmul(call: Call) -> Tensor:
    """MatMulNBits and MatMulBnb4: a matrix in few bits, with a scale a block."""
    return pieces.multiplied(call.writer, call.tensor(), call.stored(1), bias=call.has(5))


def packed_rows(call: Call) -> Tensor:
    """GatherBlockQuantized: rows of a table in few bits, with a scale a block."""
    return tensors.gather(replace(call, attributes={"axis": call.get("gather_axis", 0)}))


def unpacked(node: NodeProto, inputs: list[Value | None]) -> list[Value | None]:
    """The inputs of a node with its packed matrix or table as the elements it stands for."""
    at = {"MatMulNBits": 1, "MatMulBnb4": 1, "GatherBlockQuantized": 0}.get(node.op_type, len(inputs))
    weight = inputs[at] if at < len(inputs) else None
    if not isinstance(weight, Stored):
        return inputs
    sizes = {a.name: a.i for a in node.attribute}
    shape: tuple[int, ...] = (sizes.get("K", 1), sizes.get("N", 1))
    if not at:
        shape = (*weight.shape[:-1], weight.shape[-1] * (8 // sizes.get("bits", 4) if weight.elem_type == UINT8 else 1))
    whole = replace(weight, shape=shape, values=None)
    whole = replace(whole, parameters=dict.fromkeys(whole.parameters or {}, whole.elements))
    return [*inputs[:at], whole, *inputs[at + 1 :]]


UINT8 = 2
"""ONNX's number of the type that holds several elements of few bits."""


def quantised_lstm(call: Call) -> list[Any]:
    """DynamicQuantizeLSTM: an LSTM whose weights are stored turned, (directions, features, 4 * hidden)."""
    from costsim.importers.onnx.sequences import recurrent

    turned: list[Value | None] = list(call.inputs)
    for index in (1, 2):
        stored = call.stored(index)
        if len(stored.shape) != 3:
            raise InputError(f"weights of shape {stored.shape}", mend="export it again")
        turned[index] = replace(stored, shape=(stored.shape[0], stored.shape[2], stored.shape[1]), values=None)
    return recurrent(replace(call, op="LSTM", inputs=tuple(turned[:8])))


def channels_last(handler: Any) -> Any:
    """An op over (n, h, w, c): its map turned to the front and back."""

    def read(call: Call) -> Any:
        x = call.tensor()
        back = (0, *range(2, len(x.shape)), 1)
        front = pieces.transposed(call.writer, x, (0, len(x.shape) - 1, *range(1, len(x.shape) - 1)), part="front")
        inputs = (front, *call.inputs[1:])
        made = handler(replace(call, inputs=inputs))
        first, *rest = made if isinstance(made, list) else [made]
        return [pieces.transposed(call.writer, first, back, part="back"), *rest]

    return read


def qlinear_conv(call: Call) -> Any:
    """A quantised convolution, in either layout."""
    return channels_last(compute.qlinear_conv)(call) if call.get("channels_last", 0) else compute.qlinear_conv(call)


def qlinear_pool(call: Call) -> Any:
    pool = compute.global_pool if "Global" in call.op else compute.average_pool
    return channels_last(pool)(call) if call.get("channels_last", 0) else pool(call)


def qlinear_where(call: Call) -> Tensor:
    """(condition, a, scale, zero, b, scale, zero, ...)."""
    return pieces.arithmetic(call.writer, "select", [call.value(0), call.value(1), call.value(4)])


def rotary(call: Call) -> Tensor:
    """Positions turned into every pair of elements: two products and a sum, from tables of cosines and sines."""
    x = call.tensor()
    turned = call.writer.add(L.Multiply(), x, part="cosine")
    return call.writer.add(L.Add(), turned, call.writer.add(L.Multiply(), x, part="sine"))


def grid_sample(call: Call) -> Tensor:
    nearest = call.get("mode", "linear") == "nearest"
    return unfold.sampled(call.writer, call.op, call.tensor(), call.tensor(1), nearest)
