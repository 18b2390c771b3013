"""ONNX ops with weights or windows, in floating point and quantised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.graph.layers.pooling import pooled_length
from costsim.importers import norms, pieces, unfold
from costsim.importers.onnx.call import Call
from costsim.importers.writer import Stored, Value


def conv(call: Call) -> Tensor:
    weight, bias = call.value(1), call.value(2) if call.has(2) else None
    if isinstance(weight, Tensor) or isinstance(bias, Tensor) or len(weight.shape) > 4:
        return _unfolded(call, call.tensor(), weight, bias)
    return _conv(call, call.tensor(), weight, bias is not None)


def conv_integer(call: Call) -> Tensor:
    return _conv(call, call.tensor(), call.stored(1), bias=False)


def qlinear_conv(call: Call) -> Tensor:
    return _conv(call, call.tensor(), call.stored(3), call.has(8))


def _conv(call: Call, x: Tensor, weight: Stored, bias: bool) -> Tensor:
    kernel = weight.shape[2:]
    if list(call.get("kernel_shape", kernel)) != list(kernel):
        raise InputError(f"kernel_shape {call.get('kernel_shape')} for a weight of {weight.shape}", mend="export again")
    if not kernel:
        raise InputError(f"a weight of shape {weight.shape}", mend="export it again")
    stride, dilation = _steps(call, len(kernel))
    return pieces.convolved(
        call.writer,
        x,
        weight,
        stride=stride,
        dilation=dilation,
        padding=_padding(call, x, kernel, stride, dilation),
        groups=int(call.get("group", 1)),
        bias=bias,
    )


def _unfolded(call: Call, x: Tensor, weight: Value, bias: Value | None) -> Tensor:
    """A convolution over more than two dimensions, or with a kernel that is computed at run time."""
    kernel = weight.shape[2:]
    if len(x.shape) != len(weight.shape):
        raise InputError(f"a weight of shape {weight.shape} for an input of {x.shape}", mend="check the input size")
    stride, dilation = _steps(call, len(kernel))
    before, after = _padding(call, x, kernel, stride, dilation)
    spans = zip(x.shape[2:], kernel, stride, dilation, before, after, strict=True)
    size = [(n + b + a - d * (k - 1) - 1) // s + 1 for n, k, s, d, b, a in spans]
    return unfold.convolved(
        call.writer, x, weight, bias, int(call.get("group", 1)), (x.shape[0], weight.shape[0], *size)
    )


def conv_transpose(call: Call) -> Tensor:
    x, weight = call.tensor(), call.value(1)
    kernel = weight.shape[2:]
    stride, dilation = _steps(call, len(kernel))
    extra = call.get("output_padding", [0] * len(kernel))
    before, after = _padding(call, x, kernel, stride, dilation, resolve_auto=False)
    auto = call.get("auto_pad", "NOTSET")
    wanted = call.get("output_shape")
    if auto.startswith("SAME") and wanted is None:
        wanted = [n * s for n, s in zip(x.shape[2:], stride, strict=True)]
    if wanted is not None:
        spans = zip(x.shape[2:], kernel, stride, dilation, extra, wanted[-len(kernel) :], strict=True)
        total = [max(s * (n - 1) + e + d * (k - 1) + 1 - out, 0) for n, k, s, d, e, out in spans]
        half = [t // 2 for t in total]
        rest = [t - h for t, h in zip(total, half, strict=True)]
        before, after = (rest, half) if auto == "SAME_LOWER" else (half, rest)
        spans = zip(x.shape[2:], kernel, stride, dilation, wanted[-len(kernel) :], total, strict=True)
        extra = [out - (s * (n - 1) + d * (k - 1) + 1 - t) for n, k, s, d, out, t in spans]
    bias, groups = call.value(2) if call.has(2) else None, int(call.get("group", 1))
    if len(kernel) > 2 or isinstance(weight, Tensor) or isinstance(bias, Tensor):
        spans = zip(x.shape[2:], kernel, stride, dilation, extra, before, after, strict=True)
        size = [s * (n - 1) + e + d * (k - 1) + 1 - b - a for n, k, s, d, e, b, a in spans]
        output = (x.shape[0], weight.shape[1] * groups, *size)
        return unfold.transposed(call.writer, x, weight, bias, groups, output)
    return pieces.convolved(
        call.writer,
        x,
        weight,
        stride=stride,
        dilation=dilation,
        padding=(before, after),
        groups=int(call.get("group", 1)),
        bias=call.has(2),
        output_padding=extra,
    )


def fused_conv(call: Call) -> Tensor:
    """ONNX Runtime's convolution with an activation, and perhaps a sum before it."""
    return activated(call, conv(call))


def activated(call: Call, y: Tensor) -> Tensor:
    """The sum and the activation that ONNX Runtime runs within a convolution, as layers of their own."""
    if call.has(3):
        y = call.writer.add(L.Add(), y, call.tensor(3), part="sum")
    function = {"LeakyRelu": "leaky_relu", "HardSigmoid": "hard_sigmoid", "HardSwish": "hard_swish"}
    function |= {"QuickGelu": "swish", "Swish": "swish"}
    name = function.get(call.get("activation", ""), str(call.get("activation", "")).lower())
    return call.writer.add(L.Activation(name), y, part=name) if name else y


def is_depthwise(call: Call) -> bool:
    """Whether every channel has kernels of its own."""
    weight = call.value(1)
    return len(weight.shape) > 2 and weight.shape[1] == 1 and call.get("group", 1) > 1


def gemm(call: Call) -> Tensor:
    a, b = call.tensor(), call.value(1)
    if call.get("transA"):
        a = pieces.transposed(call.writer, a, (1, 0), part="transposed")
    bias = call.inputs[2] if call.has(2) else None
    features = b.shape[0 if call.get("transB") else -1]
    own_bias = isinstance(b, Stored) and isinstance(bias, Stored) and bias.elements == features
    y = pieces.multiplied(call.writer, a, _turned(call, b, bool(call.get("transB"))), bias=own_bias)
    return y if own_bias or bias is None else pieces.arithmetic(call.writer, "add", [y, bias])


def _turned(call: Call, value: Value, transpose: bool) -> Value:
    """The last two axes swapped; for a stored matrix that is a matter of its shape alone."""
    if not transpose:
        return value
    rank = len(value.shape)
    if isinstance(value, Stored):
        return replace(value, shape=(*value.shape[:-2], value.shape[-1], value.shape[-2]), values=None)
    axes = (*range(rank - 2), rank - 1, rank - 2)
    return pieces.transposed(call.writer, value, axes, part="transposed")


def matmul(call: Call) -> Tensor:
    return pieces.multiplied(call.writer, call.value(0), call.value(1))


def fused_matmul(call: Call) -> Tensor:
    """Operands turned in their last two axes, or with the axes of the batch behind the first of the matrix."""
    a, b = (_batch_first(call, call.value(i), bool(call.get(f"transBatch{side}"))) for i, side in enumerate("AB"))
    a, b = (_turned(call, x, bool(call.get(f"trans{side}"))) for x, side in zip((a, b), "AB", strict=True))
    return pieces.multiplied(call.writer, a, b)


def _batch_first(call: Call, value: Value, behind: bool) -> Value:
    """(rows, *batch, columns) as (*batch, rows, columns)."""
    if not behind:
        return value
    rank = len(value.shape)
    axes = (*range(1, rank - 1), 0, rank - 1)
    if isinstance(value, Stored):
        return replace(value, shape=tuple(value.shape[i] for i in axes), values=None)
    return pieces.transposed(call.writer, value, axes, part="batch_first")


def qlinear_matmul(call: Call) -> Tensor:
    return pieces.multiplied(call.writer, call.value(0), call.value(3))


def qgemm(call: Call) -> Tensor:
    b = _turned(call, call.value(3), bool(call.get("transB")))
    return pieces.multiplied(call.writer, call.tensor(), b, bias=call.has(6))


def dynamic_matmul(call: Call) -> Tensor:
    """ONNX Runtime's DynamicQuantizeMatMul and MatMulIntegerToFloat."""
    bias = call.has(4 if call.op == "DynamicQuantizeMatMul" else 6)
    return pieces.multiplied(call.writer, call.tensor(), call.value(1), bias=bias)


def max_pool(call: Call) -> list[Value]:
    """The maxima, and where they lie if that is read: an index for each."""
    return [_pool(call, "max")] * call.output_count


def max_unpool(call: Call) -> Tensor:
    """Maxima put back where they were: every element of the larger map is written once."""
    x, kernel = call.tensor(), call.attributes["kernel_shape"]
    stride, _ = _steps(call, len(kernel))
    before, after = _padding(call, x, kernel, stride, [1] * len(kernel), resolve_auto=False)
    spans = zip(x.shape[2:], kernel, stride, before, after, strict=True)
    size = [(n - 1) * s + k - b - a for n, k, s, b, a in spans]
    if call.has(2):
        size = [int(d) for d in call.numbers(2)][2:]
    return pieces.resized(call.writer, x, size, "nearest")


def windows_summed(call: Call) -> Tensor:
    """Col2Im: windows (n, channels * taps, positions) added back into a map, of any rank."""
    x, image, block = call.tensor(), call.numbers(1), call.numbers(2)
    channels = x.shape[1] // max(prod(int(k) for k in block), 1)
    return unfold.windows_summed(call.writer, x, (x.shape[0], channels, *(int(n) for n in image)))


def affine_grid(call: Call) -> Tensor:
    """Every place of a map or a volume times the matrices of input 0 (n, rank, rank + 1)."""
    theta, size = call.tensor(), [int(n) for n in call.numbers(1)]
    places = Stored((1, prod(size[2:]), theta.shape[2]), trainable=False, parameters={})
    turned = pieces.transposed(call.writer, theta, (0, 2, 1), part="turned")
    y = pieces.multiplied(call.writer, places, turned)
    return pieces.reshaped(call.writer, y, (size[0], *size[2:], theta.shape[1]), part="grid")


def deform_conv(call: Call) -> Tensor:
    x, weight, offsets = call.tensor(), call.stored(1), call.tensor(2)
    read = [offsets, *([call.tensor(4)] if call.has(4) else [])]
    output = (x.shape[0], weight.shape[0], *offsets.shape[2:])
    bias = call.value(3) if call.has(3) else None
    return unfold.deformed(call.writer, x, weight, read, bias, int(call.get("group", 1)), output)


def average_pool(call: Call) -> Tensor:
    return _pool(call, "avg")


def _pool(call: Call, function: str) -> Tensor:
    x, kernel = call.tensor(), call.attributes["kernel_shape"]
    stride, dilation = _steps(call, len(kernel))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = _padding(call, x, kernel, stride, dilation)
    if len(kernel) > 2:
        spans = zip(x.shape[2:], reach, stride, *padding, strict=True)
        size = [int(pooled_length(*span, ceil_mode=bool(call.get("ceil_mode", 0)))) for span in spans]
        return unfold.pooled(call.writer, x, function, kernel, (*x.shape[:2], *size))
    return pieces.pooled(call.writer, x, function, reach, stride, padding, bool(call.get("ceil_mode", 0)))


def global_pool(call: Call) -> Tensor:
    return pieces.global_pooled(call.writer, call.tensor(), "max" if call.op == "GlobalMaxPool" else "avg")


def batch_norm(call: Call) -> Tensor:
    x, scale = call.tensor(), call.value(1)
    if scale.shape != (x.shape[1],):
        raise InputError(f"has {scale.shape} channels for an input of {x.shape}", mend="check the input size")
    return call.writer.add(L.BatchNorm(), x)


def instance_norm(call: Call) -> Tensor:
    """One group a channel; the form exporters write GroupNorm in, groups as channels of a sequence, scales nothing."""
    x = call.tensor()
    scale, shift = call.value(1), call.value(2)
    if isinstance(scale, Tensor) or isinstance(shift, Tensor):
        y = call.writer.add(L.GroupNorm(x.shape[1], affine=False), x)
        return norms.channels_scaled(call.writer, y, [scale, shift])
    neutral = all(
        isinstance(v, Stored) and v.values is not None and bool((v.values == n).all())
        for v, n in ((scale, 1), (shift, 0))
    )
    return call.writer.add(L.GroupNorm(x.shape[1], affine=not (neutral and len(x.shape) == 3)), x)


def group_norm(call: Call) -> Tensor:
    return call.writer.add(L.GroupNorm(int(call.attributes["num_groups"])), call.tensor())


def layer_norm(call: Call) -> Tensor:
    x = call.tensor()
    dims = len(x.shape) - pieces.axis_of(int(call.get("axis", -1)), x.shape)
    weights = [call.value(1), call.value(2) if call.has(2) else None]
    return norms.layer_normed(call.writer, x, dims, weights)


def lp_norm(call: Call) -> Tensor:
    """Every row over its length: squares, their sum, and a division."""
    x = call.tensor()
    axis = pieces.axis_of(int(call.get("axis", -1)), x.shape)
    squares = call.writer.add(L.Activation("square"), x, part="square")
    total = call.writer.add(L.Reduce((axis,), "sum", keepdims=True), squares, part="sum")
    return call.writer.add(L.Multiply(), x, call.writer.add(L.Activation("rsqrt"), total, part="rsqrt"))


def mean_variance_norm(call: Call) -> Tensor:
    """Over all axes but the channels; what is normalised together is a convention of few files."""
    return call.writer.add(L.GroupNorm(1, affine=False), call.tensor())


def lrn(call: Call) -> Tensor:
    return call.writer.add(L.LRN(int(call.attributes["size"])), call.tensor())


def _steps(call: Call, rank: int) -> tuple[list[int], list[int]]:
    """Strides and dilations, one a spatial axis."""
    stride, dilation = call.get("strides", [1] * rank), call.get("dilations", [1] * rank)
    if len(stride) != rank or len(dilation) != rank or min([*stride, *dilation]) < 1:
        raise InputError(f"strides {stride} and dilations {dilation} for {rank} axes", mend="export it again")
    return stride, dilation


def _padding(
    call: Call,
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    resolve_auto: bool = True,
) -> tuple[list[int], list[int]]:
    """(before, after) of each spatial axis."""
    auto = call.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER") and resolve_auto:
        axes = zip(x.shape[2:], kernel, stride, dilation, strict=True)
        both = [pieces.same_padding(*axis, lower=auto == "SAME_LOWER") for axis in axes]
        return [before for before, _ in both], [after for _, after in both]
    pads = [0] * 2 * len(kernel) if auto == "VALID" else list(call.get("pads", [0] * 2 * len(kernel)))
    if len(pads) != 2 * len(kernel):
        raise InputError(f"{len(pads)} pads for {len(kernel)} axes", mend="export it again")
    return pads[: len(kernel)], pads[len(kernel) :]
