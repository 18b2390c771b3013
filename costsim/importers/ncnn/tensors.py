"""ncnn's layers without weights: element-wise, activations, joins, resizing, windows."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, log2, prod

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import unfold
from costsim.importers.ncnn.compute import as_map, broadcast, conv_padding
from costsim.importers.ncnn.expression import evaluated
from costsim.importers.ncnn.param_file import ParamLayer
from costsim.importers.ncnn.shapes import axis_of
from costsim.importers.pieces import arithmetic, expanded, reduced, reshaped, resized, roi_aligned, transposed
from costsim.importers.writer import GraphWriter

BINARY = (
    "add", "sub", "mul", "div", "maximum", "minimum", "pow", "sub", "div", "pow", "atan2", "atan2", "mod", "mod",
    "pow", "div", "div", "mod", "mod",
)  # fmt: skip
"""BinaryOp's key 0 (src/layer/binaryop.h): several swap the operands; 14, the logarithm of a sum of exponentials,
costs what a power does, which is an exponential and a logarithm."""

ELTWISE = ("mul", "add", "maximum")

UNARY = (
    "abs", "neg", "floor", "ceil", "square", "sqrt", "rsqrt", "exp", "log", "sin",
    "cos", "tan", "atan", "atan", "atan", "reciprocal", "tanh", "log", "round", "round",
)  # fmt: skip
"""UnaryOp's key 0; arc functions and base-10 logarithms cost what their like cost."""

REDUCTIONS = ("sum", "sum", "sum", "mean", "max", "min", "prod", "sum", "sum", "sum", "sum")

INTERPOLATION = {1: "nearest", 2: "bilinear", 3: "bicubic"}


def activation(function: str) -> Callable[..., Tensor]:
    """A layer type that is one activation whatever its parameters."""
    return lambda writer, layer, x: writer.add(L.Activation(function), x)


def relu(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.Activation("leaky_relu" if layer.number(0) else "relu"), x)


def clip(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.Activation("relu6" if (layer.number(0), layer.number(1)) == (0, 6) else "clip"), x)


def prelu(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """One learned slope a channel, or one for all."""
    one = layer.integer(0) == 1
    return writer.add(L.Activation("leaky_relu", learned=1) if one else L.Activation("prelu"), x)


def unary(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.Activation(UNARY[layer.integer(0)]), x)


def binary(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    if not 0 <= layer.integer(0) < len(BINARY):
        raise InputError(f"operation {layer.integer(0)} of key 0 is not known", mend="write it with others")
    function = BINARY[layer.integer(0)]
    widest = max(inputs, key=lambda t: (len(t.shape), prod(t.shape[1:])))
    aligned = [t for x in inputs for t in broadcast(writer, x, len(widest.shape), widest.shape)]
    return arithmetic(writer, function, aligned)


def eltwise(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    return arithmetic(writer, ELTWISE[layer.integer(0)], inputs)


def rescale(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Between int8 and float: one multiplication an element."""
    return writer.add(L.Multiply(), x)


def bias(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.Add(const_elems=layer.integer(0)), x)


def softmax(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.Softmax(axis_of(layer.integer(0), x)), x)


def concat(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    """Blobs side by side; one that the file stores is joined to every image."""
    images = max(x.shape[0] for x in inputs)
    every = [expanded(writer, x, (images, *x.shape[1:]), layer.type) for x in inputs]
    return writer.add(L.Concat(axis_of(layer.integer(0), inputs[0])), *every)


def split_reference(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> list[Tensor]:
    """Split hands out references: nothing runs."""
    return [x] * len(layer.outputs)


def shuffle(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    groups = layer.integer(0, 1)
    return writer.add(L.ChannelShuffle(x.c // groups if layer.integer(1) else groups), x)


def interpolate(writer: GraphWriter, layer: ParamLayer, x: Tensor, *like: Tensor) -> Tensor:
    x = as_map(writer, x)
    mode = INTERPOLATION.get(layer.integer(0), "bilinear")
    size = like[0].shape[2:] if like else (layer.integer(3), layer.integer(4))
    if 9 in layer.texts:  # sizes as an expression, the width first
        size = tuple(reversed(evaluated(layer.texts[9], [x, *like])))
    if len(x.shape) == 3:  # a matrix (channels, width)
        return resized(writer, x, size[-1:] if all(size[-1:]) else (int(x.shape[2] * layer.number(2, 1.0)),), mode)
    if all(size):
        return writer.add(L.Upsample(None, size=tuple(size), mode=mode), x)
    scales = tuple(layer.number(key, 1.0) for key in (1, 2))
    whole = tuple(int(s) if s == int(s) else s for s in scales)
    return writer.add(L.Upsample(whole[0] if whole[0] == whole[1] else whole, mode=mode), x)


def pixel_shuffle(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.DepthToSpace(layer.integer(0, 1)), x)


def reorganise(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.SpaceToDepth(layer.integer(0, 1)), x)


def glu(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """One half along an axis times the sigmoid of the other."""
    axis = axis_of(layer.integer(0), x)
    half = x.shape[axis] // 2
    if x.shape[axis] % 2:
        raise InputError(f"halves of {x.shape[axis]} elements", mend="check the input size")
    first = writer.add(L.Slice(0, half, axis), x, part="values")
    gate = writer.add(
        L.Activation("sigmoid"), writer.add(L.Slice(half, 2 * half, axis), x, part="gates"), part="sigmoid"
    )
    return writer.add(L.Multiply(), first, gate)


def focus(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """YOLOv5's first layer, a custom one: every second pixel of every second line becomes a channel of its own."""
    return writer.add(L.SpaceToDepth(2), x)


def reduction(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    function = REDUCTIONS[layer.integer(0)]
    rank = len(x.shape)
    every = layer.integer(1, 1) or not layer.integers(3)
    axes = tuple(range(1, rank)) if every else tuple(axis_of(axis, x) for axis in layer.integers(3))
    y = reduced(writer, x, function, axes, keepdims=bool(layer.integer(4)))
    return y if len(y.shape) > 1 else reshaped(writer, y, (*y.shape, 1))


def memory_data(writer: GraphWriter, layer: ParamLayer) -> Tensor:
    shape = tuple(size for key in (2, 11, 1, 0) if (size := layer.integer(key)))
    return writer.add(L.Constant((1, *shape)))


def prior_box(writer: GraphWriter, layer: ParamLayer, x: Tensor, *image: Tensor) -> Tensor:
    """SSD's default boxes: they depend on shapes alone, so they are a constant."""
    smallest, largest, ratios = (len(layer.arrays.get(key, ())) for key in (0, 1, 2))
    flipped = 2 if layer.integer(7, 1) else 1
    boxes = smallest * (1 + ratios * flipped) + largest
    return writer.add(L.Constant((1, 2, 4 * boxes * x.h * x.w), trainable=False))


def power(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """(shift + x * scale) ** power."""
    return writer.add(L.Multiply(), x) if layer.number(0, 1.0) == 1 else arithmetic(writer, "pow", [x])


def unfolded(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """What a window reads at every position: (channels * taps, positions)."""
    kernel, stride, dilation = layer.pair(1, 11), layer.pair(3, 13, 1), layer.pair(2, 12, 1)
    top, bottom, left, right = conv_padding(layer, x, kernel, stride, dilation)
    spans = zip(x.shape[2:], kernel, stride, dilation, (top + bottom, left + right), strict=True)
    positions = prod((n + pads - d * (k - 1) - 1) // s + 1 for n, k, s, d, pads in spans)
    columns = unfold.windows(writer, x, prod(kernel), positions)
    return reshaped(writer, columns, (x.shape[0], x.c * prod(kernel), positions), part="columns")


def fold(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Columns of windows added back into a map."""
    kernel, size = layer.pair(1, 11), layer.pair(20, 21)
    channels = x.shape[1] // prod(kernel)
    flat = reshaped(writer, x, (x.shape[0], prod(x.shape[1:])), part="flat")
    return reshaped(writer, writer.add(L.ScatterAdd(channels * prod(size)), flat), (x.shape[0], channels, *size))


def grid_sample(writer: GraphWriter, layer: ParamLayer, x: Tensor, grid: Tensor) -> Tensor:
    """Samples at computed places; key 3 says that the two of a place lie in the outermost axis."""
    if layer.integer(3):
        grid = transposed(writer, grid, (0, *range(2, len(grid.shape)), 1), part="places")
    return unfold.sampled(writer, "GridSample", x, grid, nearest=layer.integer(0, 1) == 2)


def region(writer: GraphWriter, layer: ParamLayer, x: Tensor, box: Tensor) -> Tensor:
    """One region of a map, pooled or sampled into cells."""
    return roi_aligned(writer, x, 1, (layer.integer(1), layer.integer(0)), layer.integer(3))


def region_by_place(writer: GraphWriter, layer: ParamLayer, x: Tensor, box: Tensor) -> Tensor:
    """PSROIPooling: every cell of a region is the mean of channels of its own; the region is taken to be the map."""
    width, height, channels = layer.integer(0, 7), layer.integer(1, 7), layer.integer(3)
    if x.shape[1] != channels * width * height:
        raise InputError(f"{x.shape[1]} channels for {channels} in {height}x{width} cells", mend="check the input size")
    shape = (x.shape[0], channels, height, width)
    return writer.unknown(layer.type, [x, box], shape, flops=x.shape[0] * channels * prod(x.shape[2:]))


def largest(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """ArgMax: the places of the largest few elements of all, and with key 0 their values."""
    count = layer.integer(1, 1)
    shape = (x.shape[0], 2, count) if layer.integer(0) else (x.shape[0], count)
    return writer.unknown(layer.type, [x], shape, flops=prod(x.shape) * max(ceil(log2(max(count, 1))), 1))


def rotary(writer: GraphWriter, layer: ParamLayer, x: Tensor, *tables: Tensor) -> Tensor:
    """Positions turned into every pair of elements: two products and a sum."""
    turned = writer.add(L.Multiply(), x, part="cosine")
    return writer.add(L.Add(), turned, writer.add(L.Multiply(), x, part="sine"))
