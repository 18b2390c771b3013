"""Rewrites several importers need: from the vocabularies of exporters to costsim's layers.

Each takes the writer and tensors, adds the layers it needs, and only where something changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from costsim.errors import InputError
from costsim.graph import Tensor
from costsim.graph import layers as L
from costsim.graph.layers import Shape
from costsim.graph.layers.base import broadcast
from costsim.importers.writer import GraphWriter, Stored, Value

MOST_COPIES = 64
"""A tensor repeated more often than this is kept as an unknown op instead of one operand a copy."""


def flat(writer: GraphWriter, x: Tensor, start: int = 1) -> Tensor:
    """``x`` with all dimensions from ``start`` on made one."""
    return x if len(x.shape) == start + 1 else writer.add(L.Flatten(start), x, part="flatten")


def reshaped(writer: GraphWriter, x: Tensor, shape: Sequence[int], part: str = "") -> Tensor:
    """``x`` in another shape, given with its first dimension; scalars become one element."""
    shape = tuple(shape) or (1,)
    if shape == x.shape:
        return x
    if min(shape) < 1 or prod(shape) != prod(x.shape):
        raise InputError(f"cannot reshape {x.shape} to {shape}", mend="check the input size")
    if len(shape) == 2 and shape[0] == x.shape[0]:
        return writer.add(L.Flatten(), x, part=part)
    return writer.add(L.Reshape(shape[1:], None if shape[0] == x.shape[0] else shape[0]), x, part=part)


def transposed(writer: GraphWriter, x: Tensor, axes: Sequence[int], part: str = "") -> Tensor:
    """``x`` with its axes reordered."""
    return x if tuple(axes) == tuple(range(len(x.shape))) else writer.add(L.Transpose(tuple(axes)), x, part=part)


def axis_of(axis: int, shape: Shape) -> int:
    """An axis counted from either end, as counted from the front."""
    if not -len(shape) <= axis < len(shape):
        raise InputError(f"axis {axis} of a tensor with {len(shape)} dimensions", mend="check the file")
    return axis % len(shape)


def sliced(writer: GraphWriter, x: Tensor, axis: int, start: int, stop: int | None, step: int = 1) -> Tensor:
    """Elements along one axis; bounds may count from the end and are clamped, as in Python."""
    axis = axis_of(axis, x.shape)
    picked = range(x.shape[axis])[start:stop:step]
    if not picked:
        raise InputError(f"slice {start}:{stop}:{step} of {x.shape[axis]} elements is empty", mend="check the file")
    if len(picked) == x.shape[axis] and step == 1:
        return x
    if step < 0:
        return writer.add(L.IndexSelect(len(picked), axis), x)
    return writer.add(L.Slice(picked[0], min(picked[-1] + step, x.shape[axis]), axis, step), x)


def selected(writer: GraphWriter, x: Tensor, axis: int, index: int) -> Tensor:
    """One index along an axis, which disappears."""
    axis = axis_of(axis, x.shape)
    index = index + x.shape[axis] if index < 0 else index
    part = sliced(writer, x, axis, index, index + 1)
    return reshaped(writer, part, (*x.shape[:axis], *x.shape[axis + 1 :]), part="squeeze")


def arithmetic(writer: GraphWriter, function: str, operands: Sequence[Value]) -> Tensor:
    """Element-wise arithmetic of tensors and stored constants.

    A trainable constant that does not enlarge the result becomes part of the layer; a single
    number is no parameter at all.
    """
    tensors = [x for x in operands if isinstance(x, Tensor)]
    shape = broadcast(*(x.shape for x in tensors))
    const_elems = 0
    for x in operands:
        if isinstance(x, Tensor) or x.elements == 1:
            continue
        if x.trainable and broadcast(shape, x.shape) == shape:
            const_elems += x.elements
        else:
            tensors.append(writer.constant(x))
    layer = {"add": L.Add, "mul": L.Multiply}.get(function)
    return writer.add(layer(const_elems=const_elems) if layer else L.Arithmetic(function, const_elems), *tensors)


def joined(writer: GraphWriter, operands: Sequence[Value], axis: int) -> Tensor:
    """Tensors and stored constants along one axis."""
    tensors = [x if isinstance(x, Tensor) else writer.constant(x) for x in operands]
    return tensors[0] if len(tensors) == 1 else writer.add(L.Concat(axis_of(axis, tensors[0].shape)), *tensors)


def repeated(writer: GraphWriter, x: Tensor, repeats: Sequence[int], type_name: str) -> Tensor:
    """``x`` tiled: each element of the result is written once."""
    shape = tuple(d * r for d, r in zip(x.shape, repeats, strict=True))
    if max(repeats) > MOST_COPIES:
        return writer.unknown(type_name, [x], shape)
    for axis, count in enumerate(repeats):
        if count > 1:
            x = writer.add(L.Concat(axis), *[x] * count)
    return x


def expanded(writer: GraphWriter, x: Tensor, shape: Sequence[int], type_name: str) -> Tensor:
    """``x`` broadcast to a shape."""
    target = broadcast(x.shape, tuple(shape))
    x = reshaped(writer, x, (1,) * (len(target) - len(x.shape)) + x.shape)
    return repeated(writer, x, [wanted // d for wanted, d in zip(target, x.shape, strict=True)], type_name)


def reduced(writer: GraphWriter, x: Tensor, function: str, axes: Sequence[int], keepdims: bool) -> Tensor:
    """Mean, sum, ... over axes (none: all of them); over a whole map it is global pooling."""
    axes = sorted({axis_of(axis, x.shape) for axis in axes}) or list(range(len(x.shape)))
    kept = tuple(1 if i in axes else d for i, d in enumerate(x.shape))
    if len(x.shape) == 4 and axes == [2, 3] and function in ("mean", "max"):
        y = writer.add(L.GlobalPool("avg" if function == "mean" else "max"), x)
    else:
        y = writer.add(L.Reduce(tuple(axes), function, keepdims=True), x)
    return y if keepdims else reshaped(writer, y, [d for i, d in enumerate(kept) if i not in axes], part="squeeze")


def padded(writer: GraphWriter, x: Tensor, before: Sequence[int], after: Sequence[int]) -> Tensor:
    """``x`` with elements before and after each axis; negative numbers crop."""
    if not any((*before, *after)):
        return x
    rank = len(x.shape)
    if rank not in (3, 4) or before[0] or after[0] or min((*before, *after)) < 0:
        for axis, (first, last) in enumerate(zip(before, after, strict=True)):
            x = _padded_along(writer, x, axis, first, last)
        return x
    y = as_map(writer, x)
    sides = (0, 0) if rank == 3 else (before[2], after[2])
    y = writer.add(L.Pad((*sides, before[-1], after[-1]), (before[1], after[1])), y)
    return like_rank(writer, y, rank)


def _padded_along(writer: GraphWriter, x: Tensor, axis: int, before: int, after: int) -> Tensor:
    """``x`` with elements before and after one axis, as a map whose lines are that axis."""
    length = x.shape[axis]
    if before < 0 or after < 0:
        x = sliced(writer, x, axis, max(-before, 0), length - max(-after, 0))
    before, after = max(before, 0), max(after, 0)
    if not before and not after:
        return x
    shape = x.shape
    y = reshaped(writer, x, (1, prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])), part="lines")
    y = writer.add(L.Pad((before, after, 0, 0)), y)
    return reshaped(writer, y, (*shape[:axis], before + shape[axis] + after, *shape[axis + 1 :]), part="padded")


def resized(writer: GraphWriter, x: Tensor, size: Sequence[int], mode: str) -> Tensor:
    """A map enlarged or reduced to a size; whole factors are kept as such."""
    if tuple(size) == x.shape[2:]:
        return x
    y, rank = as_map(writer, x), len(x.shape)
    size = (1, *size) if rank == 3 else tuple(size)
    factors = [out // n for out, n in zip(size, y.shape[2:], strict=True)]
    whole = all(n * f == out for f, n, out in zip(factors, y.shape[2:], size, strict=True))
    scale: Any = factors[0] if factors[0] == factors[1] else tuple(factors)
    layer = L.Upsample(scale, mode=mode) if whole else L.Upsample(None, size=(size[0], size[1]), mode=mode)
    return like_rank(writer, writer.add(layer, y), rank)


def resized_along(writer: GraphWriter, x: Tensor, axis: int, length: int, mode: str) -> Tensor:
    """One axis of a tensor of any rank enlarged or reduced: a map whose lines are that axis."""
    before, after = prod(x.shape[:axis]), prod(x.shape[axis + 1 :])
    lines = reshaped(writer, x, (1, before, x.shape[axis], after), part="lines")
    made = resized(writer, lines, (length, after), mode)
    return reshaped(writer, made, (*x.shape[:axis], length, *x.shape[axis + 1 :]), part="resized")


def convolved(
    writer: GraphWriter,
    x: Tensor,
    weight: Stored,
    *,
    stride: Sequence[int],
    padding: tuple[Sequence[int], Sequence[int]],
    dilation: Sequence[int],
    groups: int,
    bias: bool,
    output_padding: Sequence[int] | None = None,
) -> Tensor:
    """A convolution over a map or a sequence, from the shape of its weight.

    The weight is (out, in / groups, *kernel); with ``output_padding`` the convolution is a
    transposed one, whose weight is (in, out / groups, *kernel). ``padding`` is (before, after).
    """
    first, second, *kernel = weight.shape
    transposing = output_padding is not None
    c_in, c_out = (first, second * groups) if transposing else (second * groups, first)
    if len(x.shape) != len(weight.shape):
        raise InputError(f"a weight of shape {weight.shape} for an input of {x.shape}", mend="check the input size")
    if x.shape[1] != c_in:
        raise InputError(f"its weight needs {c_in} channels, the input has {x.shape[1]}", mend="check the input size")
    rank, y = len(x.shape), as_map(writer, x)
    lead = 4 - rank  # a sequence is a map of one row
    (top, left), (bottom, right) = ((*(0,) * lead, *side) for side in padding)
    options: dict[str, Any] = {
        "stride": (*(1,) * lead, *stride),
        "padding": (top, bottom, left, right),
        "dilation": (*(1,) * lead, *dilation),
        "groups": groups,
        "bias": bias,
        "shared": writer.is_reused(weight),
    }
    size = (*(1,) * lead, *kernel)
    if output_padding is None:
        return like_rank(writer, writer.add(L.Conv2d(c_out, size, **options), y), rank)
    extra = (*(0,) * lead, *output_padding)
    return like_rank(writer, writer.add(L.ConvTranspose2d(c_out, size, output_padding=extra, **options), y), rank)


def pooled(
    writer: GraphWriter,
    x: Tensor,
    function: str,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: tuple[Sequence[int], Sequence[int]],
    ceil_mode: bool = False,
) -> Tensor:
    """Pooling over a map or a sequence; ``padding`` is (before, after)."""
    rank, y = len(x.shape), as_map(writer, x)
    lead = 4 - rank
    (top, left), (bottom, right) = ((*(0,) * lead, *side) for side in padding)
    layer = L.Pool2d(
        (*(1,) * lead, *kernel),
        (*(1,) * lead, *stride),
        padding=(top, bottom, left, right),
        function=function,
        ceil_mode=ceil_mode,
    )
    return like_rank(writer, writer.add(layer, y), rank)


def global_pooled(writer: GraphWriter, x: Tensor, function: str) -> Tensor:
    """Pooling over the whole map, sequence or volume."""
    if len(x.shape) > 4:
        return reduced(writer, x, "mean" if function == "avg" else "max", range(2, len(x.shape)), keepdims=True)
    return like_rank(writer, writer.add(L.GlobalPool(function), as_map(writer, x)), len(x.shape))


def roi_aligned(writer: GraphWriter, x: Tensor, rois: int, size: tuple[int, int], sampling_ratio: int) -> Tensor:
    """Regions of a map, each sampled into cells; a ratio of 0 or less lets the region decide, four are taken then."""
    samples = max(sampling_ratio, 0) ** 2 or 4
    shape = (rois, x.shape[1], *size)
    if size[0] != size[1] or x.shape[0] != 1:
        return writer.unknown("roi_align", [x], shape, flops=8 * samples * prod(shape))
    return writer.add(L.RoiAlign(rois, size[0], samples), x)


def adaptive_pool(writer: GraphWriter, x: Tensor, function: str, size: Sequence[int]) -> Tensor:
    """Pooling to a given map size.

    Where the sizes do not divide, real windows overlap unevenly; equal windows of the same
    output size stand in for them (exact in shape, within one row or column in reads).
    """
    if all(length == 1 for length in size):
        return global_pooled(writer, x, function)
    lengths = x.shape[2:]
    if any(out > length for out, length in zip(size, lengths, strict=True)):
        return resized(writer, x, size, "nearest")
    stride = [length // out for out, length in zip(size, lengths, strict=True)]
    kernel = [n - (out - 1) * s for out, n, s in zip(size, lengths, stride, strict=True)]
    nothing = (0,) * len(kernel)
    return pooled(writer, x, function, kernel, stride, (nothing, nothing))


def multiplied(writer: GraphWriter, a: Value, b: Value, bias: bool = False) -> Tensor:
    """Matrix product; a stored right-hand matrix makes it a fully connected layer. Vectors are rows and columns."""
    if len(a.shape) == 1:
        y = multiplied(writer, _as_matrix(writer, a, (1, a.shape[0])), b, bias)
        return reshaped(writer, y, (*y.shape[:-2], y.shape[-1]) if len(b.shape) > 1 else y.shape[:-1], part="vector")
    if len(b.shape) == 1:
        y = multiplied(writer, a, _as_matrix(writer, b, (b.shape[0], 1)), bias)
        return reshaped(writer, y, y.shape[:-1], part="vector")
    if isinstance(a, Tensor) and isinstance(b, Stored) and len(b.shape) == 2:
        if a.shape[-1] != b.shape[0]:
            raise InputError(f"its weight has {b.shape[0]} rows for {a.shape[-1]} values", mend="check the input size")
        return writer.add(L.Linear(b.shape[1], bias=bias), a)
    left, right = (x if isinstance(x, Tensor) else writer.constant(x) for x in (a, b))
    return writer.add(L.MatMul(), left, right)


def _as_matrix(writer: GraphWriter, x: Value, shape: tuple[int, int]) -> Value:
    return replace(x, shape=shape, values=None) if isinstance(x, Stored) else reshaped(writer, x, shape, part="matrix")


def same_padding(length: int, kernel: int, stride: int, dilation: int, lower: bool = False) -> tuple[int, int]:
    """(before, after) that make ``ceil(length / stride)`` positions; an odd one goes behind, or before if ``lower``."""
    reach = dilation * (kernel - 1) + 1
    total = max(reach + (length - 1) // stride * stride - length, 0)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


def as_map(writer: GraphWriter, x: Tensor) -> Tensor:
    """A sequence (n, c, length) as a map of one row; maps as they are."""
    if len(x.shape) == 4:
        return x
    if len(x.shape) != 3:
        raise InputError(f"needs a map (n, c, h, w), got {len(x.shape)} dimensions", mend="not supported")
    return reshaped(writer, x, (*x.shape[:2], 1, x.shape[2]), part="as_map")


def like_rank(writer: GraphWriter, x: Tensor, rank: int) -> Tensor:
    """A map of one row as the sequence it was."""
    return x if len(x.shape) == rank else reshaped(writer, x, (*x.shape[:2], x.shape[3]), part="as_sequence")
