"""ncnn's convolutions and pooling over sequences and volumes."""

from __future__ import annotations

from math import prod

from costsim.graph import Tensor
from costsim.importers import pieces, unfold
from costsim.importers.ncnn.compute import SAME_LOWER, SAME_UPPER, check_weights, fused_activation
from costsim.importers.ncnn.param_file import ABSENT, ParamLayer
from costsim.importers.writer import GraphWriter, Stored, Value

_FUNCTIONS = {0: "max", 1: "avg"}


def convolution_1d(writer: GraphWriter, layer: ParamLayer, x: Tensor, *computed: Tensor) -> Tensor:
    """Convolution over a sequence (channels, length)."""
    features, kernel, groups = layer.integer(0), layer.integer(1), layer.integer(7, 1)
    stride, dilation = layer.integer(3, 1), layer.integer(2, 1)
    left = layer.integer(4)
    right = layer.integer(15, left)
    if left in (SAME_UPPER, SAME_LOWER):
        left, right = pieces.same_padding(x.shape[2], kernel, stride, dilation, lower=left == SAME_LOWER)
    if layer.integer(19):  # kernel and bias are inputs
        weight, *bias = (pieces.reshaped(writer, blob, blob.shape[1:], part="kernels") for blob in computed)
        length = (x.shape[2] + left + right - dilation * (weight.shape[-1] - 1) - 1) // stride + 1
        output = (x.shape[0], weight.shape[0], length)
        y = unfold.convolved(writer, x, weight, bias[0] if bias else None, groups, output)
        return fused_activation(writer, layer, y)
    check_weights(layer, features * x.shape[1] // groups * kernel, layer.integer(6))
    y = pieces.convolved(
        writer, x, Stored((features, x.shape[1] // groups, kernel)), stride=[stride], padding=([left], [right]),
        dilation=[dilation], groups=groups, bias=bool(layer.integer(5)),
    )  # fmt: skip
    return fused_activation(writer, layer, y)


def deconvolution_1d(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Transposed convolution over a sequence."""
    return _transposed(writer, layer, x, ((1, 2, 3, 4, 15, 18, 20),))


def deconvolution_3d(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Transposed convolution over a volume (channels, depth, height, width)."""
    axes = ((21, 22, 23, 24, 17, 20, 27), (11, 12, 13, 14, 16, 19, 26), (1, 2, 3, 4, 15, 18, 25))
    return _transposed(writer, layer, x, axes)


def _transposed(writer: GraphWriter, layer: ParamLayer, x: Tensor, axes: tuple[tuple[int, ...], ...]) -> Tensor:
    """``axes`` are the keys of kernel, dilation, stride, pads before and behind, further outputs and size of each axis.

    The last axis is the horizontal one, whose values stand for those of the others where these are not stored.
    """
    features, groups, last = layer.integer(0), layer.integer(7, 1), axes[-1]
    kernel, size = [], []
    for keys, length in zip(axes, x.shape[2:], strict=True):
        k, dilation, stride, before = (
            layer.integer(key, layer.integer(horizontal, default))
            for key, horizontal, default in zip(keys, last, (0, 1, 1, 0), strict=False)
        )
        behind, extra = layer.integer(keys[4], before), layer.integer(keys[5], layer.integer(last[5]))
        full = (length - 1) * stride + dilation * (k - 1) + 1 + extra
        kernel.append(k)
        size.append(layer.integer(keys[6]) or full - max(before, 0) - max(behind, 0))
    check_weights(layer, features // groups * x.shape[1] * prod(kernel), layer.integer(6))
    stored: Value = Stored((x.shape[1], features // groups, *kernel))
    bias = Stored((features,)) if layer.integer(5) else None
    y = unfold.transposed(writer, x, stored, bias, groups, (x.shape[0], features, *size))
    return fused_activation(writer, layer, y)


def pooling_1d(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Pooling over a sequence, or over all of it."""
    function = _FUNCTIONS[layer.integer(0)]
    if layer.integer(4):
        return pieces.global_pooled(writer, x, function)
    if layer.integer(7):
        return pieces.adaptive_pool(writer, x, function, [layer.integer(8)])
    kernel, stride, left = layer.integer(1), layer.integer(2, 1), layer.integer(3)
    right, mode = layer.integer(14, left), layer.integer(5)
    if mode in (2, 3):
        left, right = pieces.same_padding(x.shape[2], kernel, stride, 1, mode == 3)
    elif mode == 0:  # padded behind until windows fit
        right += -(x.shape[2] + left + right - kernel) % stride
    return pieces.pooled(writer, x, function, [kernel], [stride], ([left], [right]))


def convolution_3d(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Convolution over a volume (channels, depth, height, width)."""
    features, groups = layer.integer(0), layer.integer(7, 1)
    kernel, dilation, stride = (_triple(layer, key, default) for key, default in ((1, 0), (2, 1), (3, 1)))
    before = _triple(layer, 4, 0)
    after = tuple(layer.integer(key, n) for key, n in zip((17, 16, 15), before, strict=True))
    if before[-1] in (SAME_UPPER, SAME_LOWER):
        axes = zip(x.shape[2:], kernel, stride, dilation, strict=True)
        before, after = zip(*(pieces.same_padding(*a, lower=before[-1] == SAME_LOWER) for a in axes), strict=True)
    spans = zip(x.shape[2:], kernel, dilation, stride, before, after, strict=True)
    size = [(n + b + a - d * (k - 1) - 1) // s + 1 for n, k, d, s, b, a in spans]
    check_weights(layer, features * x.shape[1] // groups * prod(kernel), layer.integer(6))
    weight, bias = Stored((features, x.shape[1] // groups, *kernel)), Stored((features,))
    y = unfold.convolved(writer, x, weight, bias if layer.integer(5) else None, groups, (x.shape[0], features, *size))
    return fused_activation(writer, layer, y)


def pooling_3d(writer: GraphWriter, layer: ParamLayer, x: Tensor) -> Tensor:
    """Pooling over a volume, or over all of it."""
    function = _FUNCTIONS[layer.integer(0)]
    if layer.integer(4):
        return pieces.global_pooled(writer, x, function)
    if layer.integer(7):
        asked = (layer.integer(28), layer.integer(18), layer.integer(8))
        size = [n if out in (0, ABSENT) else out for out, n in zip(asked, x.shape[2:], strict=True)]
        kernel = [-(-n // out) for n, out in zip(x.shape[2:], size, strict=True)]
        return unfold.pooled(writer, x, function, kernel, (*x.shape[:2], *size))
    kernel, stride, before = (list(_triple(layer, key, default)) for key, default in ((1, 0), (2, 1), (3, 0)))
    after = [layer.integer(key, n) for key, n in zip((16, 15, 14), before, strict=True)]
    spans = list(zip(x.shape[2:], kernel, stride, before, after, strict=True))
    up = [0 if layer.integer(5) == 1 else s - 1 for s in stride]  # the 'full' padding mode rounds up
    size = [(n + b + a - k + u) // s + 1 for (n, k, s, b, a), u in zip(spans, up, strict=True)]
    return unfold.pooled(writer, x, function, kernel, (*x.shape[:2], *size))


def _triple(layer: ParamLayer, key: int, default: int) -> tuple[int, int, int]:
    """(depth, vertical, horizontal) from three keys ten apart; often only the horizontal one is stored."""
    horizontal = layer.integer(key, default)
    return layer.integer(key + 20, horizontal), layer.integer(key + 10, horizontal), horizontal
