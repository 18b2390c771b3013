"""ncnn's layers with weights or windows over maps: convolutions, fully connected, pooling, normalisation.

Parameter keys are those of ncnn's layer sources; the comment beside each names it.
"""

from __future__ import annotations

from math import prod
from typing import Any

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import unfold
from costsim.importers.ncnn.param_file import ABSENT, ParamLayer
from costsim.importers.pieces import (
    adaptive_pool,
    flat,
    reduced,
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
    kernels = _kernels(writer, computed)
    kernel, dilation, stride = kernels.shape[2:], layer.pair(2, 12, 1), layer.pair(3, 13, 1)
    top, bottom, left, right = conv_padding(layer, x, (kernel[0], kernel[1]), stride, dilation)
    spans = zip(x.shape[2:], kernel, dilation, stride, (top + bottom, left + right), strict=True)
    size = [(n + pads - d * (k - 1) - 1) // s + 1 for n, k, d, s, pads in spans]
    bias = reshaped(writer, computed[1], computed[1].shape[1:], part="bias") if len(computed) > 1 else None
    y = unfold.convolved(writer, x, kernels, bias, groups, (x.shape[0], kernels.shape[0], *size))
    return fused_activation(writer, layer, y)


def _kernels(writer: GraphWriter, computed: tuple[Tensor, ...]) -> Tensor:
    if not computed or len(computed[0].shape) != 5 or computed[0].shape[0] != 1:
        raise InputError("its kernel is computed at run time and no blob of four dimensions", mend="check its inputs")
    return reshaped(writer, computed[0], computed[0].shape[1:], part="kernels")


def depthwise_convolution(writer: GraphWriter, layer: ParamLayer, x: Tensor, *computed: Tensor) -> Tensor:
    return convolution(writer, layer, x, *computed, groups=layer.integer(7, 1))


def deconvolution(writer: GraphWriter, layer: ParamLayer, x: Tensor, *computed: Tensor, groups: int = 1) -> Tensor:
    x = as_map(writer, x)
    if layer.integer(28):  # dynamic_weight: kernel and bias are inputs
        return _computed_deconvolution(writer, layer, x, computed, groups)
    kernel, dilation, stride = layer.pair(1, 11), layer.pair(2, 12, 1), layer.pair(3, 13, 1)
    left, top = max(layer.integer(4), 0), max(layer.integer(14, layer.integer(4)), 0)  # SAME is cut below
    padding = (top, max(layer.integer(16, top), 0), left, max(layer.integer(15, left), 0))
    options: dict[str, Any] = {"stride": stride, "dilation": dilation, "groups": groups, "bias": bool(layer.integer(5))}
    extra = (layer.integer(19, layer.integer(18)), layer.integer(18))  # output_pad_bottom, output_pad_right
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


def _computed_deconvolution(
    writer: GraphWriter, layer: ParamLayer, x: Tensor, computed: tuple[Tensor, ...], groups: int
) -> Tensor:
    """A transposed convolution whose kernel is a blob (out / groups, in, height, width), cut to its size and pads."""
    kernels = _kernels(writer, computed)
    kernel, dilation, stride = kernels.shape[2:], layer.pair(2, 12, 1), layer.pair(3, 13, 1)
    left, top = max(layer.integer(4), 0), max(layer.integer(14, layer.integer(4)), 0)
    cut = (top + max(layer.integer(16, top), 0), left + max(layer.integer(15, left), 0))
    extra = (layer.integer(19, layer.integer(18)), layer.integer(18))
    spans = zip(x.shape[2:], kernel, dilation, stride, cut, extra, strict=True)
    size = [(n - 1) * s + d * (k - 1) + 1 + e - c for n, k, d, s, c, e in spans]
    wanted = layer.pair(20, 21)  # output_w, output_h
    if all(wanted):
        size = list(wanted)
    turned = transposed(writer, kernels, (1, 0, 2, 3), part="kernels")
    bias = reshaped(writer, computed[1], computed[1].shape[1:], part="bias") if len(computed) > 1 else None
    y = unfold.transposed(writer, x, turned, bias, groups, (x.shape[0], layer.integer(0), *size))
    return fused_activation(writer, layer, y)


def depthwise_deconvolution(writer: GraphWriter, layer: ParamLayer, x: Tensor, *computed: Tensor) -> Tensor:
    return deconvolution(writer, layer, x, *computed, groups=layer.integer(7, 1))


def inner_product(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    features, weights = layer.integer(0), layer.integer(2)
    rows_of_features = len(x.shape) == 3 and x.shape[-1] * features == weights
    x = x if rows_of_features else flat(writer, x)  # ncnn multiplies a matrix row by row
    y = writer.add(L.Linear(features, bias=bool(layer.integer(1))), x)
    check_weights(layer, x.shape[-1] * features, weights)
    return fused_activation(writer, layer, y)


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


def rms_norm(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Divided by the root mean square of the last axes, perhaps with a scale an element."""
    elements, affine = layer.integer(0), bool(layer.integer(2, 1))
    if not affine or elements == x.shape[-1]:
        return writer.add(L.RmsNorm(affine), x)
    return writer.add(L.Multiply(const_elems=elements), writer.add(L.RmsNorm(affine=False), x), part="scale")


def mean_variance(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """MVN: every channel, or all of them together, to mean 0 and variance 1."""
    return writer.add(L.GroupNorm(1 if layer.integer(1) else x.shape[1], affine=False), x)


def normalised(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Divided by the norm over the channels, over the map or over both, times a stored scale."""
    over_map, over_channels = layer.integer(0), layer.integer(1, 1)
    axes = [1] * bool(over_channels) + list(range(2, len(x.shape))) * bool(over_map)
    squares = writer.add(L.Activation("square"), x, part="squares")
    length = reduced(writer, squares, "sum", axes or [1], keepdims=True)
    factor = writer.add(L.Activation("rsqrt"), length, part="length")
    y = writer.add(L.Multiply(), x, factor, part="normalised")
    return writer.add(L.Multiply(const_elems=layer.integer(3)), y)


def deformable(writer: GraphWriter, layer: ParamLayer, x: Tensor, *read: Tensor) -> Tensor:
    """Convolution at computed places, perhaps with a mask of them."""
    features, kernel = layer.integer(0), layer.pair(1, 11)
    check_weights(layer, features * x.c * prod(kernel), layer.integer(6))
    weight, bias = Stored((features, x.c, *kernel)), Stored((features,)) if layer.integer(5) else None
    return fused_activation(
        writer, layer, unfold.deformed(writer, x, weight, read, bias, 1, (x.shape[0], features, *read[0].shape[2:]))
    )


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
