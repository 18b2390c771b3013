"""Ops with weights or windows: convolutions, fully connected, matrix products, pooling, normalisation."""

from __future__ import annotations

from math import prod

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces, unfold
from costsim.importers.tflite.call import Call
from costsim.importers.writer import Stored, Value

SAME, VALID = 0, 1
"""Values of the option ``Padding``."""

Sides = tuple[tuple[int, int], tuple[int, int]]


def conv_2d(call: Call) -> Tensor:
    """Weights are (out, h, w, in / groups)."""
    return _convolution(call, call.weight(1, (0, 3, 1, 2)) or _computed(call, 1, (0, 3, 1, 2)))


def depthwise_conv_2d(call: Call) -> Tensor:
    """Weights are (1, h, w, channels times multiplier)."""
    return _convolution(call, call.weight(1, (3, 0, 1, 2)) or _computed(call, 1, (3, 0, 1, 2)))


def _computed(call: Call, index: int, axes: tuple[int, ...]) -> Tensor:
    """A kernel that is computed when the network runs, with its axes in another order."""
    return pieces.transposed(call.writer, call.in_file_order(index), axes, part="kernels")


def _convolution(call: Call, weight: Value) -> Tensor:
    x = call.tensor()
    if len(weight.shape) != 4 or not weight.shape[1] or x.shape[1] % weight.shape[1]:
        raise InputError(f"its weight {weight.shape} does not fit {x.shape[1]} channels", mend="check the file")
    stride = (call.get("StrideH", 1), call.get("StrideW", 1))
    dilation = (call.get("DilationHFactor", 1), call.get("DilationWFactor", 1))
    padding = _padding(call, x, weight.shape[2:], stride, dilation)
    if isinstance(weight, Tensor) or (call.has(2) and isinstance(call.value(2), Tensor)):
        reach = [d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]
        spans = zip(x.shape[2:], reach, stride, *padding, strict=True)
        size = [(n + before + after - r) // s + 1 for n, r, s, before, after in spans]
        bias = call.value(2) if call.has(2) else None
        output = (x.shape[0], weight.shape[0], *size)
        y = unfold.convolved(call.writer, x, weight, bias, x.shape[1] // weight.shape[1], output)
        return call.activated(y)
    y = pieces.convolved(
        call.writer,
        x,
        weight,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=x.shape[1] // weight.shape[1],
        bias=call.has(2),
    )
    return call.activated(y)


def conv_3d(call: Call) -> Tensor:
    """Over (n, d, h, w, c) with weights (d, h, w, in / groups, out): the channels turned to the front and back."""
    x, weight = call.in_file_order(), call.weight(1, (4, 3, 0, 1, 2))
    if weight is None or len(x.shape) != 5 or not weight.shape[1] or x.shape[4] % weight.shape[1]:
        raise InputError(f"its weight does not fit an input of {x.shape}", mend="check the file")
    stride = [max(call.get(f"Stride{axis}", 1), 1) for axis in "DHW"]
    dilation = [max(call.get(f"Dilation{axis}Factor", 1), 1) for axis in "DHW"]
    size = []
    for length, kernel, step, wide in zip(x.shape[1:4], weight.shape[2:], stride, dilation, strict=True):
        reach = wide * (kernel - 1) + 1
        size.append(-(-length // step) if call.get("Padding") == SAME else (length - reach) // step + 1)
    front = pieces.transposed(call.writer, x, (0, 4, 1, 2, 3), part="front")
    bias = call.stored(2) if call.has(2) else None
    groups = x.shape[4] // weight.shape[1]
    y = unfold.convolved(call.writer, front, weight, bias, groups, (x.shape[0], weight.shape[0], *size))
    return call.activated(pieces.transposed(call.writer, y, (0, 2, 3, 4, 1), part="back"))


def conv_3d_transpose(call: Call) -> Tensor:
    """Inputs are (output shape, weights (d, h, w, out, in), volume, bias), as those of the transposed convolution."""
    x, weight = call.in_file_order(2), call.weight(1, (4, 3, 0, 1, 2))
    if weight is None or len(x.shape) != 5 or weight.shape[0] != x.shape[4]:
        raise InputError(f"its weight does not fit an input of {x.shape}", mend="check the file")
    size = []
    for axis, length, kernel in zip("DHW", x.shape[1:4], weight.shape[2:], strict=True):
        step = max(call.get(f"Stride{axis}", 1), 1)
        size.append(length * step if call.get("Padding") == SAME else (length - 1) * step + kernel)
    front = pieces.transposed(call.writer, x, (0, 4, 1, 2, 3), part="front")
    bias = call.stored(3) if call.has(3) else None
    y = unfold.transposed(call.writer, front, weight, bias, 1, (x.shape[0], weight.shape[1], *size))
    return call.activated(pieces.transposed(call.writer, y, (0, 2, 3, 4, 1), part="back"))


def transpose_conv(call: Call) -> Tensor:
    """Inputs are (output shape, weights (out, h, w, in), map, bias); the padding follows from the sizes."""
    x, weight = call.tensor(2), call.weight(1, (3, 0, 1, 2))
    if weight is None:
        raise InputError("its kernel is computed at run time", mend="not supported in TFLite files")
    stride = (call.get("StrideH", 1), call.get("StrideW", 1))
    if min(stride) < 1:
        raise InputError(f"strides {stride}", mend="check the file")
    same = call.get("Padding") == SAME
    before, after, extra = [], [], []
    for length, kernel, step in zip(x.shape[2:], weight.shape[2:], stride, strict=True):
        full = (length - 1) * step + kernel
        cut = full - length * step if same else 0  # SAME undoes ceil(size / stride), VALID keeps everything
        before.append(max(cut, 0) // 2)
        after.append(max(cut, 0) - max(cut, 0) // 2)
        extra.append(max(-cut, 0))
    y = pieces.convolved(
        call.writer,
        x,
        weight,
        stride=stride,
        padding=(before, after),
        dilation=(1, 1),
        groups=1,
        bias=call.has(3),
        output_padding=extra,
    )
    return call.activated(y)


def _padding(
    call: Call, x: Tensor, kernel: tuple[int, ...], stride: tuple[int, int], dilation: tuple[int, int]
) -> Sides:
    """(before, after) of a window over a map."""
    if min(*stride, *dilation, *kernel) < 1:
        raise InputError(f"kernel {kernel}, stride {stride}, dilation {dilation}", mend="check the file")
    if call.get("Padding") != SAME:
        return (0, 0), (0, 0)
    (top, bottom), (left, right) = (
        pieces.same_padding(length, k, s, d)
        for length, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)
    )
    return (top, left), (bottom, right)


def fully_connected(call: Call) -> Tensor:
    """Weights are (out, in). Whatever has more dimensions is rows of ``in`` values."""
    x, weight = call.in_file_order(), call.weight(1, (1, 0))
    features = weight.shape[0] if weight else call.value(1).shape[-1]
    if not features or prod(x.shape) % features:
        raise InputError(f"its weight takes {features} values, the input has {x.shape}", mend="check the input size")
    if not call.get("KeepNumDims", False) or x.shape[-1] != features:
        x = pieces.reshaped(call.writer, x, (prod(x.shape) // features, features), part="rows")
    if weight is None:
        right = call.in_file_order(1)
        turned = pieces.transposed(call.writer, right, (*range(len(right.shape) - 2), -1, -2), part="transposed")
        y = call.writer.add(L.MatMul(), x, turned)
    else:
        y = pieces.multiplied(call.writer, x, weight, bias=call.has(2))
    return call.activated(call.result(y))


def batch_matmul(call: Call) -> Tensor:
    """A product of matrices in the last two dimensions, one or both of them transposed."""
    left, right = _side(call, 0, "AdjX"), _side(call, 1, "AdjY")
    return call.result(pieces.multiplied(call.writer, left, right))


def _side(call: Call, index: int, transposed: str) -> Value:
    """An operand of a matrix product, with its last two axes exchanged where the option says so."""
    value = call.value(index)
    rank = len(value.shape)
    axes = (*range(rank - 2), rank - 1, rank - 2) if call.get(transposed, False) else tuple(range(rank))
    if isinstance(value, Stored):
        return call.reader.reordered(call.op.inputs[index], value, axes)
    return pieces.transposed(call.writer, call.in_file_order(index), axes, part=("left", "right")[index])


def pool_2d(function: str) -> object:
    """Average and maximum over windows; a window of the whole map is global pooling."""

    def handler(call: Call) -> Tensor:
        x = call.tensor()
        kernel = (call.get("FilterHeight", 1), call.get("FilterWidth", 1))
        stride = (call.get("StrideH", 1), call.get("StrideW", 1))
        padding = _padding(call, x, kernel, stride, (1, 1))
        if kernel == x.shape[2:] and not any((*padding[0], *padding[1])):
            return call.activated(pieces.global_pooled(call.writer, x, function))
        return call.activated(pieces.pooled(call.writer, x, function, kernel, stride, padding))

    return handler


def local_response_normalization(call: Call) -> Tensor:
    return call.writer.add(L.LRN(2 * call.get("Radius", 5) + 1), call.tensor())


def l2_normalization(call: Call) -> Tensor:
    """Every row of channels over its length: squares, their sum, and a division."""
    x = call.tensor()
    axis = call.axis(-1)
    squares = call.writer.add(L.Activation("square"), x, part="square")
    total = call.writer.add(L.Reduce((axis,), "sum", keepdims=True), squares, part="sum")
    length = call.writer.add(L.Activation("rsqrt"), total, part="rsqrt")
    return call.activated(call.writer.add(L.Multiply(), x, length))


def svdf(call: Call) -> Tensor:
    """A rank-one filter over time: features of the new frame, then a weighted sum over the frames remembered.

    Inputs are (frame, feature weights (filters, in), time weights (filters, frames), bias, state).
    """
    x, feature, time = call.in_file_order(), call.weight(1, (1, 0)), call.stored(2)
    rank = max(call.get("Rank", 1), 1)
    if feature is None or len(time.shape) != 2 or time.shape[0] % rank:
        raise InputError("its weights make no filters", mend="check the file")
    filters, frames = time.shape
    y = pieces.multiplied(call.writer, x, feature)
    rows = x.shape[0]
    state = call.writer.add(
        L.Concat(2), *[pieces.reshaped(call.writer, y, (rows, filters, 1), part="frame")] * frames, part="state"
    )
    weighted = pieces.arithmetic(call.writer, "mul", [state, time])
    summed = call.writer.add(L.Reduce((2,), "sum", keepdims=False), weighted, part="time")
    if rank > 1:
        ranks = pieces.reshaped(call.writer, summed, (rows, filters // rank, rank), part="ranks")
        summed = call.writer.add(L.Reduce((2,), "sum", keepdims=False), ranks, part="rank")
    if call.has(3):
        summed = pieces.arithmetic(call.writer, "add", [summed, call.stored(3)])
    return call.activated(summed)
