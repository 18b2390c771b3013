"""ncnn's layers without weights: element-wise, activations, and everything that moves data."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import unfold
from costsim.importers.ncnn.compute import broadcast, conv_padding
from costsim.importers.ncnn.expression import evaluated
from costsim.importers.ncnn.param_file import ABSENT, ParamLayer
from costsim.importers.pieces import arithmetic, joined, reduced, repeated, reshaped, resized, roi_aligned, transposed
from costsim.importers.writer import GraphWriter

BINARY = ("add", "sub", "mul", "div", "maximum", "minimum", "pow", "sub", "div", "pow", "atan2", "atan2", "mod", "mod")
"""BinaryOp's key 0; the later ones swap the operands."""

ELTWISE = ("mul", "add", "maximum")

UNARY = (
    "abs", "neg", "floor", "ceil", "square", "sqrt", "rsqrt", "exp", "log", "sin",
    "cos", "tan", "atan", "atan", "atan", "reciprocal", "tanh", "log", "round", "round",
)  # fmt: skip
"""UnaryOp's key 0; arc functions and base-10 logarithms cost what their like cost."""

REDUCTIONS = ("sum", "sum", "sum", "mean", "max", "min", "prod", "sum", "sum", "sum", "sum")

# Permute's key 0 to the new order of the axes (n, c, h, w), outermost first
PERMUTATIONS = {
    2: ((0, 1, 2), (0, 2, 1)),
    3: ((0, 1, 2, 3), (0, 1, 3, 2), (0, 2, 1, 3), (0, 2, 3, 1), (0, 3, 1, 2), (0, 3, 2, 1)),
}

# The same for (n, c, d, h, w), by the names of the axes, innermost first
VOLUMES = (
    "whdc", "hwdc", "wdhc", "dwhc", "hdwc", "dhwc", "whcd", "hwcd", "wchd", "cwhd", "hcwd", "chwd",
    "wdch", "dwch", "wcdh", "cwdh", "dcwh", "cdwh", "hdcw", "dhcw", "hcdw", "chdw", "dchw", "cdhw",
)  # fmt: skip

INTERPOLATION = {1: "nearest", 2: "bilinear", 3: "bicubic"}


def activation(function: str) -> Callable[..., Tensor]:
    """A layer type that is one activation whatever its parameters."""
    return lambda writer, layer, x: writer.add(L.Activation(function), x)


def relu(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.Activation("leaky_relu" if layer.number(0) else "relu"), x)


def clip(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.Activation("relu6" if (layer.number(0), layer.number(1)) == (0, 6) else "clip"), x)


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
    return writer.add(L.Softmax(_axis(layer.integer(0), x)), x)


def concat(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    return writer.add(L.Concat(_axis(layer.integer(0), inputs[0])), *inputs)


def split_reference(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> list[Tensor]:
    """Split hands out references: nothing runs."""
    return [x] * len(layer.outputs)


def slices(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> list[Tensor]:
    axis = _axis(layer.integer(1), x)
    parts, start, length = [], 0, x.shape[axis]
    sizes = layer.integers(0)
    if not sizes and layer.integers(2):  # where the parts but the first begin
        cuts = [0, *(i + length if i < 0 else i for i in layer.integers(2)), length]
        sizes = tuple(stop - begin for begin, stop in pairwise(cuts))
    if len(sizes) != len(layer.outputs):
        raise InputError(f"{len(sizes)} sizes for {len(layer.outputs)} outputs", mend="check key -23300")
    for index, size in enumerate(sizes):
        share = (length - start) // (len(sizes) - index) if size == ABSENT else size
        parts.append(writer.add(L.Slice(start, start + share, axis), x, part=f"part{index + 1}"))
        start += share
    return parts


def shuffle(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    groups = layer.integer(0, 1)
    return writer.add(L.ChannelShuffle(x.c // groups if layer.integer(1) else groups), x)


def reshape(writer: GraphWriter, layer: ParamLayer, *blobs: Tensor) -> Tensor:
    x = blobs[0]
    if 6 in layer.texts:  # sizes as an expression, the innermost first
        sizes = list(reversed(evaluated(layer.texts[6], blobs)))
        if -1 in sizes:
            sizes[sizes.index(-1)] = prod(x.shape[1:]) // max(1, -prod(sizes))
        return reshaped(writer, x, (x.shape[0], *sizes))
    wanted = [layer.integer(key, ABSENT) for key in (2, 11, 1, 0)]  # c, d, h, w
    given = list(reversed(x.shape[1:]))
    sizes = [size for size in wanted if size != ABSENT]
    kept = [given[len(sizes) - 1 - i] if size == 0 else size for i, size in enumerate(sizes)]
    if -1 in kept:
        kept[kept.index(-1)] = prod(given) // max(1, -prod(kept))
    return reshaped(writer, x, (x.shape[0], *kept))


def permute(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    orders = PERMUTATIONS.get(len(x.shape) - 1)
    if len(x.shape) == 5:
        order = VOLUMES[layer.integer(0)][::-1]
        return transposed(writer, x, (0, *(1 + "cdhw".index(axis) for axis in order)))
    return transposed(writer, x, orders[layer.integer(0)]) if orders else x


def flatten(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return x if len(x.shape) == 2 else writer.add(L.Flatten(), x)


def squeeze(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    axes = {axis % (len(x.shape) - 1) + 1 for axis in layer.integers(3)}
    drop = axes or {i for i, d in enumerate(x.shape) if i and d == 1}
    return reshaped(writer, x, tuple(d for i, d in enumerate(x.shape) if i not in drop))


def expand_dims(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    shape = list(x.shape[1:])
    for axis in sorted(axis % (len(shape) + 1) for axis in layer.integers(3)):
        shape.insert(axis, 1)
    return reshaped(writer, x, (x.shape[0], *shape))


def interpolate(writer: GraphWriter, layer: ParamLayer, x: Tensor, *like: Tensor) -> Tensor:
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
    axis = _axis(layer.integer(0), x)
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


def padding(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    top, bottom, left, right, front, behind = (layer.integer(key) for key in (0, 1, 2, 3, 7, 8))
    if not any((top, bottom, left, right, front, behind)):
        return x
    return writer.add(L.Pad((top, bottom, left, right), (front, behind)), x)


def crop(writer: GraphWriter, layer: ParamLayer, x: Tensor, *like: Tensor) -> Tensor:
    """One slice for each axis that gets shorter."""
    rank = len(x.shape)
    spans = [(0, length) for length in x.shape]
    starts, ends, axes = (
        evaluated(layer.texts[text], [x, *like]) if text in layer.texts else layer.integers(key)
        for key, text in ((9, 19), (10, 20), (11, 21))
    )
    if starts:
        for axis, start, end in zip(axes or tuple(range(len(starts))), starts, ends, strict=True):
            axis = _axis(axis, x)
            spans[axis] = _span(start, end, x.shape[axis])
    else:
        offsets = [layer.integer(key) for key in (2, 1, 0)][4 - rank :]  # c, h, w
        wanted = like[0].shape[1:] if like else [layer.integer(key, ABSENT) for key in (5, 4, 3)][4 - rank :]
        behind = [layer.integer(key) for key in (8, 7, 6)][4 - rank :]
        for axis, (offset, length, less) in enumerate(zip(offsets, wanted, behind, strict=True), start=1):
            end = x.shape[axis] - less if length in (ABSENT, 0) else offset + length
            spans[axis] = (offset, end)
    for axis, span in enumerate(spans):
        if span != (0, x.shape[axis]):
            x = writer.add(L.Slice(*span, axis), x)
    return x


def reduction(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    function = REDUCTIONS[layer.integer(0)]
    rank = len(x.shape)
    every = layer.integer(1, 1) or not layer.integers(3)
    axes = tuple(range(1, rank)) if every else tuple(_axis(axis, x) for axis in layer.integers(3))
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


def _axis(axis: int, x: Tensor) -> int:
    """Axes of blobs are counted without the batch."""
    rank = len(x.shape) - 1
    if not -rank <= axis < rank:
        raise InputError(f"axis {axis} of a blob with {rank} dimensions", mend="check the file")
    return axis % rank + 1


def _span(start: int, end: int, length: int) -> tuple[int, int]:
    start = 0 if start == ABSENT else start + length if start < 0 else start
    end = length if end == ABSENT else end + length if end < 0 else min(end, length)
    return start, end


def tile(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Repeats of every axis, outermost first, or of one axis."""
    rank = len(x.shape) - 1
    repeats = list(layer.integers(2))
    if not repeats:
        repeats = [1] * rank
        repeats[layer.integer(0)] = layer.integer(1, 1)
    missing = rank - len(repeats)
    return repeated(writer, x, [1, *[1] * missing, *repeats], "Tile")


def power(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """(shift + x * scale) ** power."""
    return writer.add(L.Multiply(), x) if layer.number(0, 1.0) == 1 else arithmetic(writer, "pow", [x])


def flipped(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    for axis in layer.integers(0) or range(len(x.shape) - 1):
        axis = _axis(axis, x)
        x = writer.add(L.IndexSelect(x.shape[axis], axis), x)
    return x


def copied_to(writer: GraphWriter, layer: ParamLayer, x: Tensor, source: Tensor) -> Tensor:
    """A blob with a part of it written over: both at hand, then one by one."""
    n = x.shape[0]
    both = joined(writer, [reshaped(writer, t, (n, prod(t.shape[1:])), part="row") for t in (x, source)], 1)
    written = writer.add(L.IndexSelect(prod(x.shape[1:]), 1), both)
    return reshaped(writer, written, x.shape, part="written")


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
    return unfold.sampled(writer, "GridSample", x, grid, nearest=layer.integer(0, 1) == 1)


def region(writer: GraphWriter, layer: ParamLayer, x: Tensor, box: Tensor) -> Tensor:
    """One region of a map, pooled or sampled into cells."""
    return roi_aligned(writer, x, 1, (layer.integer(1), layer.integer(0)), layer.integer(3))


def rotary(writer: GraphWriter, layer: ParamLayer, x: Tensor, *tables: Tensor) -> Tensor:
    """Positions turned into every pair of elements: two products and a sum."""
    turned = writer.add(L.Multiply(), x, part="cosine")
    return writer.add(L.Add(), turned, writer.add(L.Multiply(), x, part="sine"))
