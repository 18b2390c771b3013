"""ncnn's layers with weights or windows: convolutions, fully connected, pooling, normalisation, attention.

Parameter keys are those of ncnn's layer sources; the comment beside each names it.
"""

from __future__ import annotations

from math import prod
from typing import Any

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import unfold
from costsim.importers.attention import attention
from costsim.importers.ncnn.param_file import ABSENT, ParamLayer
from costsim.importers.pieces import (
    adaptive_pool,
    arithmetic,
    convolved,
    flat,
    global_pooled,
    reshaped,
    same_padding,
    transposed,
)
from costsim.importers.writer import GraphWriter, Stored

SAME_UPPER, SAME_LOWER = -233, -234
"""Values of a padding key: TensorFlow's SAME, the odd pixel behind or before."""

FUSED_ACTIVATIONS = {1: "relu", 2: "leaky_relu", 3: "clip", 4: "sigmoid", 5: "mish", 6: "hard_swish"}
"""Key 9 (10 in Gemm-like layers) of layers that end in an activation."""


def convolution(writer: GraphWriter, layer: ParamLayer, x: Tensor, *computed: Tensor, groups: int = 1) -> Tensor:
    x = as_map(writer, x)
    if layer.integer(19):  # dynamic_weight: kernel and bias are inputs
        return _computed_kernel(writer, layer, x, computed, groups)
    kernel, dilation, stride = layer.pair(1, 11), layer.pair(2, 12, 1), layer.pair(3, 13, 1)
    conv = L.Conv2d(
        layer.integer(0),
        kernel,
        stride=stride,
        dilation=dilation,
        padding=conv_padding(layer, x, kernel, stride, dilation),
        groups=groups,
        bias=bool(layer.integer(5)),
    )
    y = writer.add(conv, x)
    check_weights(layer, prod(kernel) * (x.c // groups) * layer.integer(0), layer.integer(6))
    return fused_activation(writer, layer, y)


def _computed_kernel(
    writer: GraphWriter, layer: ParamLayer, x: Tensor, computed: tuple[Tensor, ...], groups: int
) -> Tensor:
    """A convolution whose kernel is a blob (out, in / groups, height, width)."""
    if not computed or len(computed[0].shape) != 5 or computed[0].shape[0] != 1:
        raise InputError("its kernel is computed at run time and no blob of four dimensions", mend="check its inputs")
    kernels = reshaped(writer, computed[0], computed[0].shape[1:], part="kernels")
    kernel, dilation, stride = kernels.shape[2:], layer.pair(2, 12, 1), layer.pair(3, 13, 1)
    top, bottom, left, right = conv_padding(layer, x, (kernel[0], kernel[1]), stride, dilation)
    spans = zip(x.shape[2:], kernel, dilation, stride, (top + bottom, left + right), strict=True)
    size = [(n + pads - d * (k - 1) - 1) // s + 1 for n, k, d, s, pads in spans]
    bias = reshaped(writer, computed[1], computed[1].shape[1:], part="bias") if len(computed) > 1 else None
    y = unfold.convolved(writer, x, kernels, bias, groups, (x.shape[0], kernels.shape[0], *size))
    return fused_activation(writer, layer, y)


def depthwise_convolution(writer: GraphWriter, layer: ParamLayer, x: Tensor, *computed: Tensor) -> Tensor:
    return convolution(writer, layer, x, *computed, groups=layer.integer(7, 1))


def deconvolution(writer: GraphWriter, layer: ParamLayer, x: Tensor, groups: int = 1) -> Tensor:
    x = as_map(writer, x)
    kernel, dilation, stride = layer.pair(1, 11), layer.pair(2, 12, 1), layer.pair(3, 13, 1)
    left, top = max(layer.integer(4), 0), max(layer.integer(14, layer.integer(4)), 0)  # SAME is cut below
    padding = (top, max(layer.integer(16, top), 0), left, max(layer.integer(15, left), 0))
    options: dict[str, Any] = {"stride": stride, "dilation": dilation, "groups": groups, "bias": bool(layer.integer(5))}
    extra = (layer.integer(19), layer.integer(18))  # output_pad_bottom, output_pad_right
    conv = L.ConvTranspose2d(layer.integer(0), kernel, padding=padding, output_padding=extra, **options)
    wanted = layer.pair(20, 21)  # output_w, output_h
    if all(wanted):
        _, _, h, w = conv.output_shape(x.shape)
        cut_h, cut_w = h - wanted[0], w - wanted[1]
        top, bottom, left, right = padding
        padding = (top + cut_h // 2, bottom + cut_h - cut_h // 2, left + cut_w // 2, right + cut_w - cut_w // 2)
        conv = L.ConvTranspose2d(layer.integer(0), kernel, padding=padding, output_padding=extra, **options)
    y = writer.add(conv, x)
    check_weights(layer, prod(kernel) * (x.c // groups) * layer.integer(0), layer.integer(6))
    return fused_activation(writer, layer, y)


def depthwise_deconvolution(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return deconvolution(writer, layer, x, groups=layer.integer(7, 1))


def inner_product(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    features, weights = layer.integer(0), layer.integer(2)
    rows_of_features = len(x.shape) == 3 and x.shape[-1] * features == weights
    x = x if rows_of_features else flat(writer, x)  # ncnn multiplies a matrix row by row
    y = writer.add(L.Linear(features, bias=bool(layer.integer(1))), x)
    check_weights(layer, x.shape[-1] * features, weights)
    return fused_activation(writer, layer, y)


def gemm(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    """Matrix product; a stored right-hand matrix makes it a fully connected layer."""
    stored_a, stored_b = layer.integer(4), layer.integer(5)
    summed = bool(layer.integer(6)) and layer.integer(10) != -1  # constantC of kind -1 is none
    if stored_a and not stored_b:
        left = writer.constant(Stored((layer.integer(7), layer.integer(9))))  # constantM, constantK
        y = writer.add(L.MatMul(), left, _matrix(writer, inputs[0], bool(layer.integer(3))))
        return writer.add(L.Add(const_elems=layer.integer(7)), y, part="sum") if summed else y
    a = _matrix(writer, inputs[0], bool(layer.integer(2)))
    if stored_b:
        inner = layer.integer(9)  # constantK
        if a.shape[-1] != inner:
            raise InputError(f"its matrix has {inner} rows for {a.shape[-1]} values", mend="check the input size")
        return writer.add(L.Linear(layer.integer(8), bias=summed), a)
    return writer.add(L.MatMul(), a, _matrix(writer, inputs[1], bool(layer.integer(3))))


def matmul(writer: GraphWriter, layer: ParamLayer, a: Tensor, b: Tensor) -> Tensor:
    return writer.add(L.MatMul(), a, _matrix(writer, b, bool(layer.integer(0))))


def multi_head_attention(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    """Query, key and value projections, scaled products of each head, and the output projection."""
    width, heads = layer.integer(0), layer.integer(1)
    if heads < 1 or width % heads:
        raise InputError(f"{width} features are not divisible by {heads} heads", mend="check the file")
    tensors = inputs[:-1] if layer.integer(5) else inputs  # key 5: the last input is a mask
    q, k, v = (*tensors, *[tensors[-1]] * 2)[:3]  # of two the second is key and value
    mask = [inputs[-1]] if layer.integer(5) else []

    def project(x: Tensor, part: str, axes: tuple[int, ...]) -> Tensor:
        y = writer.add(L.Linear(width), x, part=part)
        y = writer.add(L.Reshape((-1, heads, width // heads)), y, part=f"{part}_heads")
        return writer.add(L.Transpose(axes), y, part=f"{part}_transposed")

    q, k, v = project(q, "q", (0, 2, 1, 3)), project(k, "k", (0, 2, 3, 1)), project(v, "v", (0, 2, 1, 3))
    scores = writer.add(L.Multiply(), writer.add(L.MatMul(), q, k, part="scores"), part="scale")
    scores = arithmetic(writer, "add", [scores, *mask]) if mask else scores
    mixed = writer.add(L.MatMul(), writer.add(L.Softmax(axis=-1), scores, part="softmax"), v, part="mix")
    mixed = writer.add(L.Transpose((0, 2, 1, 3)), mixed, part="merge_transposed")
    merged = writer.add(L.Reshape((-1, width)), mixed, part="merge")
    return writer.add(L.Linear(width), merged)


def sdpa(writer: GraphWriter, layer: ParamLayer, *inputs: Tensor) -> Tensor:
    """softmax(q k^T) v of every head; key 5 says whether a mask is added."""
    return attention(writer, inputs[0], inputs[1], inputs[2], inputs[3] if layer.integer(5) else None)


def convolution_1d(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Convolution over a sequence (channels, length)."""
    features, kernel, groups = layer.integer(0), layer.integer(1), layer.integer(7, 1)
    stride, dilation = layer.integer(3, 1), layer.integer(2, 1)
    left = layer.integer(4)
    right = layer.integer(15, left)
    if left in (SAME_UPPER, SAME_LOWER):
        left, right = same_padding(x.shape[2], kernel, stride, dilation, lower=left == SAME_LOWER)
    check_weights(layer, features * x.shape[1] // groups * kernel, layer.integer(6))
    y = convolved(
        writer, x, Stored((features, x.shape[1] // groups, kernel)), stride=[stride], padding=([left], [right]),
        dilation=[dilation], groups=groups, bias=bool(layer.integer(5)),
    )  # fmt: skip
    return fused_activation(writer, layer, y)


def convolution_3d(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Convolution over a volume (channels, depth, height, width)."""
    features, groups = layer.integer(0), layer.integer(7, 1)
    kernel, dilation, stride = (_triple(layer, key, default) for key, default in ((1, 0), (2, 1), (3, 1)))
    before = _triple(layer, 4, 0)
    after = tuple(layer.integer(key, n) for key, n in zip((17, 16, 15), before, strict=True))
    spans = zip(x.shape[2:], kernel, dilation, stride, before, after, strict=True)
    size = [(n + b + a - d * (k - 1) - 1) // s + 1 for n, k, d, s, b, a in spans]
    check_weights(layer, features * x.shape[1] // groups * prod(kernel), layer.integer(6))
    weight, bias = Stored((features, x.shape[1] // groups, *kernel)), Stored((features,))
    y = unfold.convolved(writer, x, weight, bias if layer.integer(5) else None, groups, (x.shape[0], features, *size))
    return fused_activation(writer, layer, y)


def pooling_3d(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Pooling over a volume, or over all of it."""
    function = {0: "max", 1: "avg"}[layer.integer(0)]
    if layer.integer(4):
        return global_pooled(writer, x, function)
    kernel, stride, before = (_triple(layer, key, default) for key, default in ((1, 0), (2, 1), (3, 0)))
    spans = list(zip(x.shape[2:], kernel, stride, before, strict=True))
    up = [0 if layer.integer(5) == 1 else s - 1 for s in stride]  # the 'full' padding mode rounds up
    size = [(n + 2 * b - k + u) // s + 1 for (n, k, s, b), u in zip(spans, up, strict=True)]
    return unfold.pooled(writer, x, function, kernel, (*x.shape[:2], *size))


def _triple(layer: ParamLayer, key: int, default: int) -> tuple[int, int, int]:
    """(depth, vertical, horizontal) from three keys ten apart; often only the horizontal one is stored."""
    horizontal = layer.integer(key, default)
    return layer.integer(key + 20, horizontal), layer.integer(key + 10, horizontal), horizontal


def pooling(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    function = {0: "max", 1: "avg"}[layer.integer(0)]
    if layer.integer(4):  # global_pooling
        return writer.add(L.GlobalPool(function), x)
    if layer.integer(7):  # adaptive_pooling to out_w, out_h
        size = layer.pair(8, 18)
        return adaptive_pool(
            writer, x, function, tuple(n if out == ABSENT else out for out, n in zip(size, x.shape[2:], strict=True))
        )
    kernel, stride = layer.pair(1, 11), layer.pair(2, 12, 1)
    mode = layer.integer(5)
    if mode in (2, 3):
        pads = [same_padding(n, k, s, 1, mode == 3) for n, k, s in zip(x.shape[2:], kernel, stride, strict=True)]
        return writer.add(L.Pool2d(kernel, stride, padding=(*pads[0], *pads[1]), function=function), x)
    left = layer.integer(3)
    top = layer.integer(13, left)
    padding = (top, layer.integer(15, top), left, layer.integer(14, left))
    if mode == 1:
        return writer.add(L.Pool2d(kernel, stride, padding=padding, function=function), x)
    return writer.add(full_pool(x, kernel, stride, padding, function), x)


def full_pool(
    x: Tensor, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int, int, int], function: str
) -> L.Pool2d:
    """The 'full' padding mode: the map is padded behind until windows fit, even if the last one sees padding only.

    That is ``ceil_mode`` but for that last window; where they differ the padding is spelled out.
    """
    top, bottom, left, right = padding
    pool = L.Pool2d(kernel, stride, padding=padding, function=function, ceil_mode=True)
    spans = (x.h + top + bottom - kernel[0], x.w + left + right - kernel[1])
    full = tuple(-(-span // step) + 1 for span, step in zip(spans, stride, strict=True))
    if pool.output_shape(x.shape)[2:] == full:
        return pool
    tails = tuple(-span % step for span, step in zip(spans, stride, strict=True))
    padding = (top, bottom + tails[0], left, right + tails[1])
    return L.Pool2d(kernel, stride, padding=padding, function=function)


def batch_norm(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    if layer.integer(0) != x.shape[1]:
        raise InputError(f"has {layer.integer(0)} channels for {x.shape[1]}", mend="check the input size")
    return writer.add(L.BatchNorm(), x)


def scale(writer: GraphWriter, layer: ParamLayer, x: Tensor, *factors: Tensor) -> Tensor:
    """A factor and perhaps a shift per channel, stored or computed."""
    bias = x.shape[1] if layer.integer(1) else 0
    if factors:
        y = writer.add(L.Multiply(), x, *broadcast(writer, factors[0], len(x.shape), x.shape))
        return writer.add(L.Add(const_elems=bias), y, part="bias") if bias else y
    return writer.add(L.BatchNorm() if bias else L.Multiply(const_elems=x.shape[1]), x)


def lrn(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.LRN(layer.integer(1, 5)), x)


def layer_norm(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    elements = layer.integer(0)  # each with a scale and a shift
    if not layer.integer(2, 1) or elements == x.shape[-1]:
        return writer.add(L.LayerNorm(affine=bool(layer.integer(2, 1))), x)
    y = writer.add(L.LayerNorm(affine=False), x)
    y = writer.add(L.Multiply(const_elems=elements), y, part="scale")
    return writer.add(L.Add(const_elems=elements), y, part="shift")


def group_norm(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.GroupNorm(layer.integer(0, 1), affine=bool(layer.integer(3, 1))), x)


def instance_norm(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    return writer.add(L.GroupNorm(x.shape[1], affine=bool(layer.integer(2, 1))), x)


# Shared pieces


def as_map(writer: GraphWriter, x: Tensor) -> Tensor:
    """A vector is convolved as a map of one pixel."""
    return reshaped(writer, x, (*x.shape, 1, 1), part="as_map") if len(x.shape) == 2 else x


def broadcast(writer: GraphWriter, x: Tensor, rank: int, against: tuple[int, ...]) -> tuple[Tensor, ...]:
    """``x`` with ones behind its dimensions where ncnn lines up the outermost ones, else as it is."""
    dims = x.shape[1:]
    missing = rank - len(x.shape)
    if not missing or dims[0] != against[1]:
        return (x,)
    return (reshaped(writer, x, (*x.shape, *(1,) * missing), part="broadcast"),)


def conv_padding(
    layer: ParamLayer, x: Tensor, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> tuple[int, int, int, int]:
    """(top, bottom, left, right); ncnn stores the left value first and often only that."""
    left = layer.integer(4)
    if left in (SAME_UPPER, SAME_LOWER):
        axes = zip(x.shape[2:], kernel, stride, dilation, strict=True)
        (top, bottom), (left, right) = (same_padding(*axis, lower=left == SAME_LOWER) for axis in axes)
        return top, bottom, left, right
    top = layer.integer(14, left)
    return top, layer.integer(16, top), left, layer.integer(15, left)


def fused_activation(writer: GraphWriter, layer: ParamLayer, y: Tensor) -> Tensor:
    """The activation ncnn runs inside the layer, as a layer of its own."""
    code = layer.integer(9)
    if not code:
        return y
    if code not in FUSED_ACTIVATIONS:
        raise InputError(f"unknown activation type {code}", mend="check key 9")
    function = FUSED_ACTIVATIONS[code]
    if function == "clip" and layer.arrays.get(10) == (0, 6):
        function = "relu6"
    return writer.add(L.Activation(function), y, part=function)


def check_weights(layer: ParamLayer, expected: int, stored: int) -> None:
    if stored != expected:
        raise InputError(
            f"the file stores {stored} weights where its input needs {expected}", mend="check the input size"
        )


def _matrix(writer: GraphWriter, x: Tensor, transpose: bool) -> Tensor:
    rank = len(x.shape)
    axes = (*range(rank - 2), rank - 1, rank - 2) if transpose else tuple(range(rank))
    return transposed(writer, x, axes, part="transposed")
