"""ncnn's layers without weights: element-wise, activations, and everything that moves data."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers.ncnn.compute import broadcast
from costsim.importers.ncnn.param_file import ABSENT, ParamLayer
from costsim.importers.pieces import arithmetic, reduced, repeated, reshaped, transposed
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


def reshape(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    if 6 in layer.texts:
        return reshaped(writer, x, (x.shape[0], *_evaluated(layer.texts[6], x)))
    wanted = [layer.integer(key, ABSENT) for key in (2, 11, 1, 0)]  # c, d, h, w
    given = list(reversed(x.shape[1:]))
    sizes = [size for size in wanted if size != ABSENT]
    kept = [given[len(sizes) - 1 - i] if size == 0 else size for i, size in enumerate(sizes)]
    if -1 in kept:
        kept[kept.index(-1)] = prod(given) // max(1, -prod(kept))
    return reshaped(writer, x, (x.shape[0], *kept))


def permute(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    orders = PERMUTATIONS.get(len(x.shape) - 1)
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
    if starts := layer.integers(9):
        axes = layer.integers(11) or tuple(range(len(starts)))
        for axis, start, end in zip(axes, starts, layer.integers(10), strict=True):
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


def _evaluated(expression: str, x: Tensor) -> tuple[int, ...]:
    """The sizes of an expression of pnnx, outermost first: numbers and sizes of the input (``0w``), innermost first."""
    dims = x.shape[1:]
    names = {1: "w", 2: "hw", 3: "chw", 4: "cdhw"}[len(dims)]
    known = {f"0{name}": size for name, size in zip(names, dims, strict=True)}
    try:
        sizes = [known[term] if term in known else int(term) for term in expression.split(",")]
    except ValueError:
        raise InputError(f"the size '{expression}' is computed", mend="export it with fixed sizes") from None
    if -1 in sizes:
        sizes[sizes.index(-1)] = prod(dims) // max(1, prod(s for s in sizes if s != -1))
    return tuple(reversed(sizes))
