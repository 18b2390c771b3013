"""ATen ops without weights: element-wise, reductions, and everything that moves data."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2, prod
from typing import Any

from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import elements, pieces, unfold
from costsim.importers.torch.call import Call
from costsim.importers.writer import Stored, Value

REDUCTIONS = {
    "mean": "mean",
    "sum": "sum",
    "prod": "prod",
    "amax": "max",
    "amin": "min",
    "max": "max",
    "min": "min",
    "argmax": "max",
    "argmin": "min",
    "any": "max",
    "all": "min",
    "var": "mean",
    "std": "mean",
    "std_mean": "mean",
    "var_mean": "mean",
    "logsumexp": "sum",
    "linalg_vector_norm": "sum",
    "norm": "sum",
}


def activation(function: str) -> Callable[[Call], Tensor]:
    """An op that is one activation whatever its arguments."""
    return lambda call: call.writer.add(L.Activation(function), call.tensor())


def clamp(call: Call) -> Tensor:
    """clamp, hardtanh and their like: bounds 0 and 6 are ReLU6, 0 alone is ReLU."""
    bounds = call.get("min", call.get("min_val")), call.get("max", call.get("max_val"))
    function = {(0, 6): "relu6", (0, None): "relu"}.get(bounds, "clip")
    return call.writer.add(L.Activation(function), call.tensor())


def prelu(call: Call) -> Tensor:
    x, slope = call.tensor("self"), call["weight"]
    if isinstance(slope, Tensor):  # computed when the network runs
        aligned = (*slope.shape, *(1,) * (len(x.shape) - 2)) if len(slope.shape) == 1 else slope.shape
        return pieces.arithmetic(call.writer, "mul", [x, pieces.reshaped(call.writer, slope, aligned, part="slopes")])
    per_channel = slope.elements == x.shape[1]
    return call.writer.add(L.Activation("prelu" if per_channel else "leaky_relu"), x)


def power(call: Call) -> Tensor:
    function = {2: "square", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}.get(call.get("exponent"))
    if function is None:
        return pieces.arithmetic(call.writer, "pow", call.values)
    return call.writer.add(L.Activation(function), call.tensor())


def arithmetic(function: str) -> Callable[[Call], Tensor]:
    """An op that is element-wise arithmetic of all its tensors; numbers are no operands."""
    return lambda call: pieces.arithmetic(call.writer, function, call.values)


def softmax(call: Call) -> Tensor:
    x = call.tensor()
    return call.writer.add(L.Softmax(pieces.axis_of(int(call["dim"]), x.shape)), x)


def dropout(call: Call) -> Any:
    """Nothing when the network runs; a mask beside the result is of its training."""
    y = call.writer.add(L.Dropout(), call.tensor())
    return [y] + [None] * (len(call.shapes) - 1) if len(call.shapes) > 1 else y


def alias(call: Call) -> Value:
    """Nothing runs, or only to make memory contiguous, which is the layout's matter."""
    return call.values[0]


def requantised(call: Call) -> Any:
    """To a number format and back; the mask beside it is of the backward pass."""
    x = call.values[0]
    return [x] + [None] * (len(call.shapes) - 1) if len(call.shapes) > 1 else x


def reduce(call: Call) -> Any:
    dims = call.get("dim")
    axes = [] if dims is None else list(dims) if isinstance(dims, (list, tuple)) else [dims]
    y = pieces.reduced(call.writer, call.tensor(), REDUCTIONS[call.op], axes, bool(call.get("keepdim", False)))
    return [y, y] if len(call.shapes) > 1 else y


def concat(call: Call) -> Tensor:
    return pieces.joined(call.writer, call["tensors"], int(call.get("dim", 0)))


def stack(call: Call) -> Tensor:
    axis = int(call.get("dim", 0)) % len(call.shape)
    writer = call.writer
    tensors = [x if isinstance(x, Tensor) else writer.constant(x) for x in call["tensors"]]
    parts = [pieces.reshaped(writer, x, (*x.shape[:axis], 1, *x.shape[axis:]), part="unsqueeze") for x in tensors]
    return pieces.joined(writer, parts, axis)


def split(call: Call) -> list[Tensor]:
    """chunk, split, split_with_sizes, tensor_split: torch knows the parts."""
    x, axis = call.tensor(), int(call.get("dim", 0))
    axis, start, parts = pieces.axis_of(axis, x.shape), 0, []
    for shape in call.shapes:
        parts.append(pieces.sliced(call.writer, x, axis, start, start + shape[axis]))
        start += shape[axis]
    return parts


def unbind(call: Call) -> list[Tensor]:
    x = call.tensor()
    axis = pieces.axis_of(int(call.get("dim", 0)), x.shape)
    return [pieces.selected(call.writer, x, axis, index) for index in range(x.shape[axis])]


def slice_op(call: Call) -> Tensor:
    x = call.tensor()
    start, end, step = call.get("start") or 0, call.get("end"), call.get("step", 1)
    return pieces.sliced(call.writer, x, int(call.get("dim", 0)), start, end, step)


def narrow(call: Call) -> Tensor:
    start = int(call["start"])
    return pieces.sliced(call.writer, call.tensor(), int(call["dim"]), start, start + int(call["length"]))


def select(call: Call) -> Tensor:
    return pieces.selected(call.writer, call.tensor(), int(call["dim"]), int(call["index"]))


def index_select(call: Call) -> Tensor:
    """Rows by an index list, from activations or from a stored table."""
    x = call.tensor("self")
    axis = pieces.axis_of(int(call["dim"]), x.shape)
    return call.writer.add(L.IndexSelect(call.shape[axis], axis), x)


def embedding(call: Call) -> Tensor:
    table, indices = call.tensor("weight"), call["indices"]
    count = 1
    for length in indices.shape:
        count *= length
    return pieces.reshaped(call.writer, call.writer.add(L.IndexSelect(count, 0), table), call.shape)


def embedding_bag(call: Call) -> list[Any]:
    """Rows of a table, summed or averaged over every bag of indices; its further outputs are of the backward pass."""
    writer, table = call.writer, call.tensor("weight")
    bags, width = call.shape
    count = max(prod(call["indices"].shape) // bags, 1)
    rows = writer.add(L.IndexSelect(bags * count, 0), table, part="rows")
    rows = pieces.reshaped(writer, rows, (bags, count, width), part="bags")
    return [pieces.reduced(writer, rows, "mean", [1], keepdims=False)] + [None] * (len(call.shapes) - 1)


def broadcast(call: Call) -> list[Tensor]:
    given = [x if isinstance(x, Tensor) else call.writer.constant(x) for x in call["tensors"]]
    return [pieces.expanded(call.writer, x, call.shape, call.op) for x in given]


def running(call: Call) -> Any:
    """Sums, products, largest so far along an axis: one operation an element."""
    return _by_elements(call, prod(call.shape))


def ordered(call: Call) -> Any:
    """Sorting, the largest few, places in a sorted list: as many comparisons as a binary search takes an element."""
    lengths = [max(x.shape, default=1) for x in call.values]
    return _by_elements(call, prod(call.values[0].shape) * max(ceil(log2(max(lengths))), 1))


def _by_elements(call: Call, operations: int) -> Any:
    tensors = [x for x in call.values if isinstance(x, Tensor)]
    made = call.writer.unknown(call.op, tensors, call.shape or (1,), flops=operations)
    return [made] * len(call.shapes) if len(call.shapes) > 1 else made  # places, as many as values


def gather_by_list(call: Call) -> Tensor:
    """``x[..., index, ...]``: with one index tensor a gather along that axis, with several one of single elements."""
    x, indices = call.tensor("self"), call["indices"]
    used = [(axis, index) for axis, index in enumerate(indices) if index is not None]
    if len(used) != 1:
        return elements.picked(call.writer, x, call.shape)
    axis, _ = used[0]
    rest = prod(x.shape) // x.shape[axis]
    if prod(call.shape) % rest:  # a mask of several axes
        return elements.picked(call.writer, x, call.shape)
    rows = call.writer.add(L.IndexSelect(prod(call.shape) // rest, axis), x)
    return pieces.reshaped(call.writer, rows, call.shape)


def picked(call: Call) -> Tensor:
    """gather, take and their like: one element for every index."""
    return elements.picked(call.writer, call.tensor("self"), call.shape)


def diagonal(call: Call) -> Value:
    return elements.diagonal(call.writer, call["self"], int(call["dim1"]), int(call["dim2"]), int(call["offset"]))


def reshape(call: Call) -> Tensor:
    """view, reshape, flatten, squeeze, unsqueeze: torch knows the shape."""
    return pieces.reshaped(call.writer, call.tensor(), call.shape)


def transpose(call: Call) -> Tensor:
    x = call.tensor()
    axes = list(range(len(x.shape)))
    first, second = (0, 1) if call.op == "t" else (int(call["dim0"]), int(call["dim1"]))
    if len(axes) > 1:
        axes[first], axes[second] = axes[second], axes[first]
    return pieces.transposed(call.writer, x, axes)


def permute(call: Call) -> Tensor:
    x = call.tensor()
    return pieces.transposed(call.writer, x, [pieces.axis_of(axis, x.shape) for axis in call["dims"]])


def expand(call: Call) -> Tensor:
    return pieces.expanded(call.writer, call.tensor(), call.shape, call.op)


def repeat(call: Call) -> Tensor:
    x = call.tensor()
    repeats = list(call.get("repeats") or call["dims"])
    x = pieces.reshaped(call.writer, x, (1,) * (len(call.shape) - len(x.shape)) + x.shape)
    return pieces.repeated(call.writer, x, [1] * (len(call.shape) - len(repeats)) + repeats, call.op)


def permuted_copy(call: Call) -> Tensor:
    """What roll and flip do: every element moves, none is lost."""
    x = call.tensor()
    for axis in call.get("dims") or []:
        axis = pieces.axis_of(int(axis), x.shape)
        x = call.writer.add(L.IndexSelect(x.shape[axis], axis), x)
    return x


def pad(call: Call) -> Tensor:
    """Constant, reflecting and replicating padding; torch counts axes from the last."""
    x, pads = call.tensor(), list(call.get("pad") or call["padding"])
    before, after = [0] * len(x.shape), [0] * len(x.shape)
    for i in range(len(pads) // 2):
        before[-1 - i], after[-1 - i] = pads[2 * i], pads[2 * i + 1]
    return pieces.padded(call.writer, x, before, after)


def upsample(call: Call) -> Tensor:
    if call.op.endswith("3d"):
        mode = "bilinear" if "linear" in call.op else "nearest"
        return unfold.resized(call.writer, call.tensor(), call.shape[2:], mode)
    mode = next((m for m in ("bilinear", "bicubic") if m in call.op), "nearest")
    return pieces.resized(call.writer, call.tensor(), call.shape[2:], "bilinear" if "linear1d" in call.op else mode)


def pixel_shuffle(call: Call) -> Tensor:
    layer = L.DepthToSpace if call.op == "pixel_shuffle" else L.SpaceToDepth
    return call.writer.add(layer(int(call.get("upscale_factor") or call["downscale_factor"])), call.tensor())


def channel_shuffle(call: Call) -> Tensor:
    return call.writer.add(L.ChannelShuffle(int(call["groups"])), call.tensor())


def made(call: Call) -> Stored:
    """Tensors filled with numbers when the network runs, without reading any activation's values."""
    several = call.op == "arange" or call.op.startswith("rand")  # not one number throughout
    return Stored(call.shape, trainable=False, parameters={}, filled=not several)
