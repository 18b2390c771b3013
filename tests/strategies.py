"""Random valid layer graphs made of every layer type, for all property tests.

``layer_graphs()`` draws a network layer by layer: pick a tensor that is there, pick a layer that
accepts it, draw the layer's options so that its output is neither empty nor large. Every graph
is valid by construction; nothing is filtered out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import prod
from typing import Any

from hypothesis import strategies as st

from costsim.graph import LayerGraph, NetBuilder, Tensor
from costsim.graph import layers as L
from costsim.graph.layers.elementwise import ACTIVATIONS
from costsim.graph.layers.pooling import Pool2d

Draw = Callable[[st.SearchStrategy[Any]], Any]
Drawn = tuple[L.Layer, tuple[Tensor, ...]]

LARGEST_SIDE = 32
"""Maps above this are not padded or enlarged further, so that executing a graph stays cheap."""


@dataclass(frozen=True)
class _Recipe:
    """How one layer type is drawn on top of a tensor; ``others`` are partners for a second operand."""

    accepts: Callable[[Tensor], bool]
    draw: Callable[[Draw, Tensor, list[Tensor]], Drawn]


RECIPES: dict[type[L.Layer], _Recipe] = {}
"""A recipe for every layer type that reads a tensor: all but ``Input`` and ``Constant``."""


def _recipe(layer: type[L.Layer], accepts: Callable[[Tensor], bool]) -> Callable[[Any], Any]:
    def register(draw: Callable[[Draw, Tensor, list[Tensor]], Drawn]) -> Any:
        RECIPES[layer] = _Recipe(accepts, draw)
        return draw

    return register


@st.composite
def layer_graphs(
    draw: Draw,
    *,
    layers: Collection[type[L.Layer]] | None = None,
    max_layers: int = 8,
    max_batch: int = 2,
    max_channels: int = 12,
    max_side: int = 10,
    stem: bool = False,
) -> LayerGraph:
    """A network of one input and up to ``max_layers`` layers, of the given types (all but ``Unknown``).

    With a ``stem`` it begins with a convolution, so that every runtime has something to execute.
    """
    allowed = [layer for layer in RECIPES if (layers is None and layer is not L.Unknown) or layer in (layers or ())]
    sizes = (max_batch, max_channels, max_side, max_side)
    net = NetBuilder("random", source="python")
    tensors = [net.input(*(draw(st.integers(1, most)) for most in sizes))]
    if stem:
        tensors.append(net.conv(tensors[0], draw(st.integers(1, max_channels)), 3))
    for _ in range(draw(st.integers(1, max_layers))):
        x = draw(st.sampled_from(tensors[::-1]))
        fitting = [layer for layer in allowed if RECIPES[layer].accepts(x)]
        if fitting:
            layer, operands = RECIPES[draw(st.sampled_from(fitting))].draw(draw, x, tensors)
            with net.block(draw(st.sampled_from(["stem", "body", "body.unit"]))):
                tensors.append(net.add(layer, *operands))
    return net.graph


CNN_LAYERS = (L.Conv2d, L.BatchNorm, L.Activation, L.Pool2d, L.Add, L.Concat, L.Slice, L.ChannelShuffle)
"""What the bodies of classification networks are made of."""


def conv_graphs(**limits: Any) -> st.SearchStrategy[LayerGraph]:
    """Networks of the layers CNN bodies are made of, so that fusion and residuals are frequent."""
    return layer_graphs(layers=CNN_LAYERS, **limits)


def _is_map(x: Tensor) -> bool:
    return len(x.shape) == 4


def _any(x: Tensor) -> bool:
    return True


def _small_map(x: Tensor) -> bool:
    return _is_map(x) and max(x.shape[2:]) <= LARGEST_SIDE


def _divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]


def _kernel_and_padding(draw: Draw, x: Tensor, dilation: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, ...]]:
    """A kernel that fits the map with at most its own reach of padding on each side."""
    kernel, padding = [], []
    for length, d in zip(x.shape[2:], dilation, strict=True):
        k = draw(st.sampled_from([1, 2, 3, 5]))
        reach = d * (k - 1)
        before, after = (draw(st.integers(0, reach)) for _ in range(2))
        short = reach + 1 - (length + before + after)
        if short > 0:
            k, before, after = 1, 0, 0
        kernel.append(k)
        padding += [before, after]
    return (kernel[0], kernel[1]), tuple(padding)


def _pair(draw: Draw, values: list[int]) -> tuple[int, int]:
    return draw(st.sampled_from(values)), draw(st.sampled_from(values))


def _windowed(draw: Draw, x: Tensor) -> dict[str, Any]:
    """Half of them are what networks are made of: 1x1 and 3x3, dense and depthwise; half are anything valid."""
    if draw(st.booleans()):
        kernel, stride = draw(st.sampled_from([1, 3])), draw(st.sampled_from([1, 2]))
        groups = draw(st.sampled_from([1, x.c]))
        c_out = groups * draw(st.integers(1, max(1, 12 // groups)))
        return {
            "out_channels": c_out, "kernel": (kernel, kernel), "stride": (stride, stride),
            "padding": (kernel // 2,) * 4, "dilation": (1, 1), "groups": groups, "bias": draw(st.booleans()),
        }  # fmt: skip
    dilation = _pair(draw, [1, 1, 2])
    kernel, padding = _kernel_and_padding(draw, x, dilation)
    groups = draw(st.sampled_from(_divisors(x.c)))
    return {
        "out_channels": groups * draw(st.integers(1, max(1, 12 // groups))),
        "kernel": kernel,
        "stride": _pair(draw, [1, 1, 2, 3]),
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "bias": draw(st.booleans()),
        "shared": draw(st.sampled_from([False, False, True])),
    }


@_recipe(L.Conv2d, _is_map)
def _conv(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Conv2d(**_windowed(draw, x)), (x,)


@_recipe(L.ConvTranspose2d, _small_map)
def _conv_transpose(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    options = _windowed(draw, x)
    extra = []
    for axis, length in enumerate(x.shape[2:]):
        stride, dilation = options["stride"][axis], options["dilation"][axis]
        extra.append(draw(st.integers(0, max(stride, dilation) - 1)))
        reach = dilation * (options["kernel"][axis] - 1)
        before, after = options["padding"][2 * axis : 2 * axis + 2]
        if (length - 1) * stride + reach + 1 - before - after < 1:  # padding crops here: it must leave a row
            padding = list(options["padding"])
            padding[2 * axis : 2 * axis + 2] = 0, 0
            options["padding"] = tuple(padding)
    return L.ConvTranspose2d(**options, output_padding=tuple(extra)), (x,)


@_recipe(L.Linear, _any)
def _linear(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Linear(draw(st.integers(1, 16)), bias=draw(st.booleans())), (x,)


@_recipe(L.Recurrent, lambda x: len(x.shape) in (3, 4))
def _recurrent(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    if len(x.shape) == 4:
        return L.Reshape((x.shape[1] * x.shape[2], x.shape[3])), (x,)  # a sequence of its lines comes first
    cell, flag = draw(st.sampled_from(("lstm", "gru", "rnn"))), st.booleans()
    return L.Recurrent(draw(st.integers(1, 8)), cell, draw(flag), draw(flag), draw(flag)), (x,)


@_recipe(L.MatMul, _any)
def _matmul(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    partners = [(x, y) for y in others if _multiplies(x.shape, y.shape)]
    partners += [(y, x) for y in others if _multiplies(y.shape, x.shape)]
    if partners:
        return L.MatMul(), draw(st.sampled_from(partners))
    return L.Linear(x.shape[-2]), (x,)  # nothing to multiply with yet: makes a square map, which multiplies itself


def _multiplies(a: L.Shape, b: L.Shape) -> bool:
    return a[-1] == b[-2] and _broadcasts(a[:-2], b[:-2])


def _broadcasts(*shapes: L.Shape) -> bool:
    rank = max(len(s) for s in shapes)
    aligned = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    return all(len(set(dims) - {1}) <= 1 for dims in zip(*aligned, strict=True))


@_recipe(L.BatchNorm, _any)
def _batch_norm(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.BatchNorm(), (x,)


@_recipe(L.LayerNorm, _any)
def _layer_norm(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.LayerNorm(affine=draw(st.booleans())), (x,)


@_recipe(L.RmsNorm, _any)
def _rms_norm(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.RmsNorm(affine=draw(st.booleans())), (x,)


@_recipe(L.GroupNorm, lambda x: _is_map(x) and prod(x.shape[2:]) > 1)  # a single value has no variance
def _group_norm(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.GroupNorm(draw(st.sampled_from(_divisors(x.c))), affine=draw(st.booleans())), (x,)


@_recipe(L.Activation, _any)
def _activation(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Activation(draw(st.sampled_from(sorted(ACTIVATIONS)))), (x,)


@_recipe(L.Softmax, _any)
def _softmax(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Softmax(_axis(draw, x)), (x,)


def _axis(draw: Draw, x: Tensor) -> int:
    """Any axis but the batch, counted from either end."""
    rank = len(x.shape)
    return draw(st.sampled_from([*range(1, rank), *range(1 - rank, 0)]))


@_recipe(L.LRN, _is_map)
def _lrn(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.LRN(draw(st.sampled_from([3, 5]))), (x,)


@_recipe(L.Dropout, _any)
def _dropout(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Dropout(), (x,)


@_recipe(L.Output, _any)
def _output(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Output(), (x,)


def _operands(draw: Draw, x: Tensor, others: list[Tensor]) -> tuple[Tensor, ...]:
    """``x`` and one or two tensors it broadcasts with, in any order."""
    operands = [x]
    for _ in range(draw(st.integers(1, 2))):
        fitting = [y for y in others if _broadcasts(y.shape, *(t.shape for t in operands))]
        operands.append(draw(st.sampled_from(fitting[::-1])))
    return tuple(draw(st.permutations(operands)))


@_recipe(L.Add, _any)
def _add(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Add(), _operands(draw, x, others)


@_recipe(L.Multiply, _any)
def _multiply(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Multiply(), _operands(draw, x, others)


@_recipe(L.Arithmetic, _any)
def _arithmetic(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    function = draw(st.sampled_from(["sub", "div"]))
    if draw(st.booleans()):
        return L.Arithmetic(function), _operands(draw, x, others)
    elems = draw(st.sampled_from([0, 1, x.shape[1], x.shape[-1], prod(x.shape[1:])]))
    return L.Arithmetic(function, const_elems=elems), (x,)


@_recipe(L.Pool2d, _is_map)
def _pool(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    kernel, padding = _kernel_and_padding(draw, x, (1, 1))
    options = {"function": draw(st.sampled_from(["max", "avg"])), "ceil_mode": draw(st.booleans())}
    return Pool2d(kernel, _pair(draw, [1, 2, 3]), padding, **options), (x,)


@_recipe(L.GlobalPool, _is_map)
def _global_pool(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.GlobalPool(draw(st.sampled_from(["avg", "max"]))), (x,)


@_recipe(L.RoiAlign, _is_map)
def _roi_align(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    levels = [x, *(t for t in others if _is_map(t) and t.shape[:2] == x.shape[:2])][: draw(st.integers(1, 2))]
    sizes = [size for size in (1, 2, 3) if x.c % size**2 == 0]
    position_sensitive = draw(st.booleans())
    cells = draw(st.sampled_from(sizes)) if position_sensitive else draw(st.integers(1, 3))
    return L.RoiAlign(draw(st.integers(1, 3)), cells, 4, position_sensitive), tuple(levels)


@_recipe(L.Reduce, lambda x: len(x.shape) >= 3)
def _reduce(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    rank = len(x.shape)
    axes = draw(st.lists(st.integers(1, rank - 1), min_size=1, max_size=rank - 2, unique=True))
    function = draw(st.sampled_from(["mean", "sum", "max"]))
    return L.Reduce(tuple(axes), function, keepdims=draw(st.booleans())), (x,)


@_recipe(L.Concat, _any)
def _concat(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    axis = _axis(draw, x)
    rest = _without(x.shape, axis)
    fitting = [y for y in others if len(y.shape) == len(x.shape) and _without(y.shape, axis) == rest]
    operands = [x, *draw(st.lists(st.sampled_from(fitting[::-1]), min_size=1, max_size=2))]
    return L.Concat(axis), tuple(draw(st.permutations(operands)))


def _without(shape: L.Shape, axis: int) -> L.Shape:
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]


@_recipe(L.Slice, _any)
def _slice(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    axis = _axis(draw, x)
    start = draw(st.integers(0, x.shape[axis] - 1))
    stop = draw(st.none() | st.integers(start + 1, x.shape[axis]))
    return L.Slice(start, stop, axis, step=draw(st.sampled_from([1, 1, 2]))), (x,)


@_recipe(L.ChannelShuffle, _is_map)
def _channel_shuffle(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.ChannelShuffle(draw(st.sampled_from(_divisors(x.c)))), (x,)


@_recipe(L.Flatten, _any)
def _flatten(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Flatten(draw(st.integers(1, len(x.shape) - 1))), (x,)


@_recipe(L.Reshape, _any)
def _reshape(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    elements = prod(x.shape[1:])
    first = draw(st.sampled_from(_divisors(elements)))
    second = draw(st.sampled_from(_divisors(elements // first)))
    shape = [first, second, elements // first // second]
    if draw(st.booleans()):
        shape[draw(st.integers(0, 2))] = -1
    batch = draw(st.sampled_from([None, x.shape[0]]))
    return L.Reshape(tuple(shape), batch), (x,)


@_recipe(L.ReshapeLike, _any)
def _reshape_like(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    same_size = [other for other in others if prod(other.shape) == prod(x.shape)]
    return L.ReshapeLike(), (x, draw(st.sampled_from([x, *same_size])))


@_recipe(L.Transpose, _any)
def _transpose(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Transpose((0, *draw(st.permutations(range(1, len(x.shape)))))), (x,)


@_recipe(L.Pad, _small_map)
def _pad(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    channels = (draw(st.integers(0, 2)), draw(st.integers(0, 2)))
    return L.Pad(tuple(draw(st.integers(0, 3)) for _ in range(4)), channels, draw(st.integers(1, 4))), (x,)


@_recipe(L.DepthToSpace, _small_map)
def _depth_to_space(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.DepthToSpace(draw(st.sampled_from([block for block in (1, 2, 3) if x.c % block**2 == 0]))), (x,)


@_recipe(L.SpaceToDepth, _is_map)
def _space_to_depth(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    blocks = [block for block in (1, 2, 3) if x.h % block == x.w % block == 0]
    return L.SpaceToDepth(draw(st.sampled_from(blocks))), (x,)


@_recipe(L.Upsample, lambda x: _is_map(x) and max(x.shape[2:]) <= LARGEST_SIDE // 2)
def _upsample(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    mode = draw(st.sampled_from(["nearest", "bilinear", "bicubic"]))
    if draw(st.booleans()):
        return L.Upsample(None, size=_pair(draw, list(range(1, 15))), mode=mode), (x,)
    return L.Upsample((draw(st.sampled_from([1, 2, 1.5])), draw(st.sampled_from([1, 2, 3]))), mode=mode), (x,)


@_recipe(L.IndexSelect, _any)
def _index_select(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.IndexSelect(draw(st.integers(1, 16)), _axis(draw, x)), (x,)


@_recipe(L.ScatterAdd, _any)
def _scatter_add(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.ScatterAdd(draw(st.integers(1, 16)), as_matmul=draw(st.booleans())), (x,)


@_recipe(L.Unknown, _any)
def _unknown(draw: Draw, x: Tensor, others: list[Tensor]) -> Drawn:
    return L.Unknown("Mystery", x.shape, weight_elems=draw(st.integers(0, 100))), (x,)
