"""ONNX ops with weights or windows, in floating point and quantised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.importers import pieces
from costsim.importers.onnx.call import Call
from costsim.importers.writer import Stored, Value


def conv(call: Call) -> Tensor:
    return _conv(call, call.tensor(), call.stored(1), call.has(2))


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
    if len(weight.shape) == 5:
        return _volume(call, x, weight)
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


def _volume(call: Call, x: Tensor, weight: Stored) -> Tensor:
    """A convolution over three dimensions has no model; its bytes count."""
    stride, dilation = _steps(call, 3)
    before, after = _padding(call, x, weight.shape[2:], stride, dilation)
    spans = zip(x.shape[2:], weight.shape[2:], stride, dilation, before, after, strict=True)
    size = ((n + b + a - d * (k - 1) - 1) // s + 1 for n, k, s, d, b, a in spans)
    return call.writer.unknown("Conv (3 dimensions)", [x], (x.shape[0], weight.shape[0], *size), weight.elements)


def conv_transpose(call: Call) -> Tensor:
    x, weight = call.tensor(), call.stored(1)
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
    y = conv(call)
    if call.has(3):
        y = call.writer.add(L.Add(), y, call.tensor(3), part="sum")
    function = {"Relu": "relu", "LeakyRelu": "leaky_relu", "HardSigmoid": "hard_sigmoid"}
    name = function.get(call.get("activation", ""), str(call.get("activation", "")).lower())
    return call.writer.add(L.Activation(name), y, part=name) if name else y


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
    a, b = (_turned(call, call.value(i), bool(call.get(name))) for i, name in enumerate(("transA", "transB")))
    return pieces.multiplied(call.writer, a, b)


def qlinear_matmul(call: Call) -> Tensor:
    return pieces.multiplied(call.writer, call.value(0), call.value(3))


def qgemm(call: Call) -> Tensor:
    b = _turned(call, call.value(3), bool(call.get("transB")))
    return pieces.multiplied(call.writer, call.tensor(), b, bias=call.has(6))


def dynamic_matmul(call: Call) -> Tensor:
    """ONNX Runtime's DynamicQuantizeMatMul and MatMulIntegerToFloat."""
    bias = call.has(4 if call.op == "DynamicQuantizeMatMul" else 6)
    return pieces.multiplied(call.writer, call.tensor(), call.value(1), bias=bias)


def max_pool(call: Call) -> Tensor:
    return _pool(call, "max")


def average_pool(call: Call) -> Tensor:
    return _pool(call, "avg")


def _pool(call: Call, function: str) -> Tensor:
    x, kernel = call.tensor(), call.attributes["kernel_shape"]
    if len(kernel) == 3:
        return call.writer.unknown(f"{call.op} (3 dimensions)", [x], _inferred_pool(call, x, kernel))
    stride, dilation = _steps(call, len(kernel))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = _padding(call, x, kernel, stride, dilation)
    return pieces.pooled(call.writer, x, function, reach, stride, padding, bool(call.get("ceil_mode", 0)))


def _inferred_pool(call: Call, x: Tensor, kernel: Sequence[int]) -> tuple[int, ...]:
    stride, dilation = _steps(call, len(kernel))
    before, after = _padding(call, x, kernel, stride, dilation)
    spans = zip(x.shape[2:], kernel, stride, before, after, strict=True)
    return (*x.shape[:2], *((n + b + a - k) // s + 1 for n, k, s, b, a in spans))


def global_pool(call: Call) -> Tensor:
    return pieces.global_pooled(call.writer, call.tensor(), "max" if call.op == "GlobalMaxPool" else "avg")


def batch_norm(call: Call) -> Tensor:
    x, scale = call.tensor(), call.value(1)
    if scale.shape != (x.shape[1],):
        raise InputError(f"has {scale.shape} channels for an input of {x.shape}", mend="check the input size")
    return call.writer.add(L.BatchNorm(), x)


def instance_norm(call: Call) -> Tensor:
    x = call.tensor()
    return call.writer.add(L.GroupNorm(x.shape[1]), x)


def group_norm(call: Call) -> Tensor:
    return call.writer.add(L.GroupNorm(int(call.attributes["num_groups"])), call.tensor())


def layer_norm(call: Call) -> Tensor:
    x = call.tensor()
    dims = len(x.shape) - pieces.axis_of(int(call.get("axis", -1)), x.shape)
    weights = [call.stored(1), call.stored(2) if call.has(2) else None]
    return pieces.layer_normed(call.writer, x, dims, weights)


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
